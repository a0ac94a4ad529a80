"""Networks of tens to hundreds of neurons with sparse, delayed and recurrent projections, and input as from images.

Those of `tests.engine.networks` are so small that rows of synapses hold one or none. Here rows are long, several
sources spike at once, and an input is wide enough for bit sets of several words and for frequent nodes.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from colanet.config.model import Network
from colanet.engine.base import InputSpikes
from colanet.plan import Plan

from .networks import learning, maybe

ONE_DELAY = st.sampled_from([1, 2, 17, 30])
SEVERAL = st.sampled_from(
    [{"uniform": (1, 30)}, {"uniform": (5, 8)}, {"uniform": (29, 30)}, {"log_normal": (4.0, 3.0)}]
)
STRUCTURES = ("all_to_all", "within_columns", "within_columns_except_same", "other_columns")


@st.composite
def populations(draw, name: str, most: int):
    columns = draw(st.sampled_from([None, 1, 2, 5, 10]))
    inside = draw(st.integers(20, 60 if columns is None else most)) // (columns or 1)
    values = {
        "name": name,
        "size": inside * (columns or 1),
        "columns": columns,
        "winner_take_all": columns is not None and draw(st.booleans()),
        "tau_m": draw(st.sampled_from([1, 3, 10])),
        "min_potential": draw(st.sampled_from([None, 0.0, -20.0])),
        # Without kicks, silence is skipped; with them a part of the neurons fires at any time.
        "noise_amplitude": draw(st.sampled_from([0.0, 0.0, 6.0, 9.0])),
    }
    if draw(st.booleans()):
        values |= {"threshold_increment": 1.0, "threshold_decay": 30}
    return values


def blocks(source: str):
    """Delays of a block; several ones from a wide input would make the reference engine slow."""
    return ONE_DELAY if source == "R" else st.one_of(ONE_DELAY, ONE_DELAY, SEVERAL)


def random(draw, source: str, target: str, densest: float, **values):
    values |= {"source": source, "target": target, "connection": "random"}
    values["probability"] = draw(st.sampled_from([0.02, 0.1, densest]))
    values["max_inputs"] = draw(maybe(st.integers(1, 12), None))
    return values


@st.composite
def sparse(draw, source: str, target: str):
    """Fixed synapses drawn at random."""
    delay, weight = draw(st.one_of(SEVERAL, ONE_DELAY)), draw(st.sampled_from([0.15, 1.0, 4.0, -2.5, -10.0]))
    return random(draw, source, target, 0.2, kind="fixed", weight=weight, delay=delay)


@st.composite
def structural(draw, source: str, target: str):
    """A fixed block, mostly with one delay."""
    return {
        "source": source, "target": target, "kind": "fixed", "connection": draw(st.sampled_from(STRUCTURES)),
        "weight": draw(st.sampled_from([0.02, 0.3, -0.1, -3.0])), "delay": draw(blocks(source)),
    }  # fmt: skip


@st.composite
def plastic(draw, source: str, target: str):
    """Learning synapses: all, blocks, or drawn at random."""
    resource = draw(st.sampled_from([0.05, 1.0, 40.0, {"uniform": (-1.0, 6.0)}]))
    values = {"kind": "plastic", "initial_resource": resource}
    connection = draw(st.sampled_from(["random", *STRUCTURES]))
    if connection == "random":
        return random(draw, source, target, 0.2, **values, delay=draw(st.one_of(ONE_DELAY, SEVERAL)))
    return {"source": source, "target": target, "connection": connection, **values, "delay": draw(blocks(source))}


@st.composite
def forcing(draw, source: str, target: str):
    """Strong delayed synapses that make a learning neuron fire."""
    return random(draw, source, target, 0.2, kind="fixed", weight=12.0, delay=draw(SEVERAL))


@st.composite
def others(draw, source: str, target: str):
    """Gating or reward."""
    kind = draw(st.sampled_from(["gating", "reward"]))
    weight = draw(st.sampled_from([-10, -3, 5] if kind == "gating" else [0.25, -0.46, 1.0]))
    if draw(st.booleans()):
        delay = draw(st.one_of(SEVERAL, ONE_DELAY))
        return random(draw, source, target, 0.2, kind=kind, weight=weight, delay=delay)
    values = {"source": source, "target": target, "kind": kind, "weight": weight, "delay": draw(blocks(source))}
    return values | {"connection": draw(st.sampled_from(STRUCTURES))}


@st.composite
def networks(draw):
    """Two or three populations, of which A and perhaps B learn, under a wide input R and a narrow one T.

    Every network has dense plastic synapses from R, fixed sparse ones with several delays, a plastic recurrent
    projection, and neurons that are forced to fire; up to six other projections come on top.
    """
    names = ["A", "B", "C"][: draw(st.integers(2, 3))]
    learners = names[: draw(st.integers(1, 2))]
    # A row of 110 weights is longer than three cache lines; more learners would make the reference engine slow.
    described = [draw(populations(name, 110 if name in learners else 150)) for name in names]
    for values in described[: len(learners)]:
        values |= draw(learning())
        if "presynaptic_period" in values:  # every neuron learns then, and the reference engine is slow
            values["presynaptic_period"] = draw(st.sampled_from([20, 45]))
        # Without it some would fire in nearly every step, and learn each time.
        values |= {"threshold_increment": 3.0, "threshold_decay": 30}
    any_name, any_learner = st.sampled_from(names), st.sampled_from(learners)
    source = st.sampled_from(["R", "T", *names])
    links = [
        {"source": "R", "target": "A", "kind": "plastic", "delay": draw(ONE_DELAY),
         "initial_resource": draw(st.sampled_from([0.01, 0.95, 40.0]))},
        draw(sparse("R", draw(any_name))),
        draw(sparse(draw(any_name), draw(any_name))),
        draw(forcing("T", draw(any_learner))),
    ]  # fmt: skip
    same = draw(any_learner)
    links.append(draw(plastic(same, same)))
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from([sparse, structural, structural, plastic, others]))
        links.append(draw(kind(draw(source), draw(any_learner if kind is plastic else any_name))))
    inputs = [
        {"name": "R", "kind": "noise", "size": draw(st.integers(70, 300))},
        {"name": "T", "kind": "noise", "size": draw(st.integers(1, 8))},
    ]
    copies = draw(st.sampled_from([1, 1, 2]))
    return Network.model_validate(
        {"inputs": inputs, "populations": described, "projections": links, "copies": copies}
    )


def image_input(plan: Plan, stop: int, seed: int, period: int, brightest: float) -> InputSpikes:
    """Bursts of ten steps every `period` steps; a third of the nodes spikes, up to `brightest` times a step.

    After the fourth burst there is silence for 60 steps more.
    """
    rng, base = np.random.default_rng(seed), -plan.history
    ptr, index = [], []
    for _, size in plan.inputs:
        hits = np.zeros((stop - base, size), dtype=bool)
        begin, burst = 0, 0
        while begin < stop:
            pixels = brightest * rng.random(size) * (rng.random(size) < 1 / 3)
            steps = slice(begin - base, min(begin + 10, stop) - base)
            hits[steps] = rng.random(hits[steps].shape) < pixels
            burst += 1
            begin += period + 60 * (burst == 4)
        ptr.append(np.concatenate([[0], np.cumsum(hits.sum(axis=1))]).astype(np.int64))
        index.append(np.nonzero(hits)[1].astype(np.int32))
    return InputSpikes(base, stop, tuple(ptr), tuple(index))
