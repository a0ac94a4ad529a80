"""Small random networks that use every feature of the model, and random input for them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from colanet.config.model import Network
from colanet.engine.base import InputSpikes, Votes
from colanet.plan import Plan

WEIGHTS = st.sampled_from([-10.0, -2.5, 1.5, 4.0, 9.0, 12.0])
GATES = st.sampled_from([-10, -3, -1, 1, 2, 5])


def maybe(strategy, otherwise):
    return st.one_of(st.just(otherwise), strategy)


@st.composite
def delays(draw):
    return draw(
        st.one_of(
            st.integers(1, 3),
            st.just(30),
            st.just({"uniform": (1, 30)}),
            st.just({"uniform": (1, 4)}),
            st.just({"log_normal": (4.0, 3.0)}),
        )
    )


@st.composite
def populations(draw, name: str):
    columns = draw(st.sampled_from([None, 1, 2, 3]))
    size = draw(st.integers(1, 4)) * (columns or 1)
    values = {
        "name": name,
        "size": size,
        "columns": columns,
        "winner_take_all": columns is not None and draw(st.booleans()),
        "tau_m": draw(st.sampled_from([1, 2, 2.5, 3, 10, 1000, "INFINITY"])),
        "min_potential": draw(st.sampled_from([None, 0.0, -1.5, 2.0, 9.0])),
        "noise_amplitude": draw(maybe(st.sampled_from([0.5, 2.2, 12.0]), 0.0)),
        "threshold_weight_factor": draw(maybe(st.sampled_from([0.02, 0.3]), 0.0)),
        "memory": draw(
            maybe(st.sampled_from([15, "INFINITY", {"uniform": (3, 60)}, {"log_uniform": (3, 60)}]), None)
        ),
        "memory_period": draw(st.sampled_from([1, 4, 9])),
        "bias": draw(maybe(st.sampled_from([-1.5, 0.25, 3.0, 9.0]), 0.0)),
        "reset": draw(st.sampled_from(["zero", "subtract"])),
    }
    if draw(st.booleans()):
        values |= {
            "threshold_increment": draw(st.sampled_from([0.7, 3.0])),
            "threshold_decay": draw(st.sampled_from([1, 7, 30])),
        }
    if draw(st.booleans()):
        values |= {"reset_period": 15, "reset_phase": draw(st.sampled_from([0, 7]))}
    return values


@st.composite
def precision(draw):
    """Precision of a population, all of it or parts."""
    resources = st.sampled_from([(32, 20), (32, 5), (20, 20), (16, 12), (12, 8), (8, 4), (3, 0)])
    potentials = st.sampled_from([(32, 0.001), (16, 0.001), (24, 0.007), (12, 0.008), (8, 0.1)])
    bits, fraction = draw(resources)
    potential, step = draw(potentials)
    return {
        "weight_bits": draw(st.sampled_from([16, 13, 8, 4, 2, 1])),
        "resource_bits": bits,
        "resource_fraction": fraction,
        "resource_rounding": draw(st.sampled_from(["nearest", "stochastic"])),
        "potential_bits": potential,
        "potential_step": step,
        "random_generator": draw(st.sampled_from(["splitmix64", "jenkins32"])),
    }


@st.composite
def learning(draw):
    """Plasticity of a population."""
    values = {
        "hebbian_rate": draw(st.sampled_from([0.0, -0.1765, 0.3, -2.0])),
        "hebbian_window": draw(st.sampled_from([0.0, 1.0, 3.0])),
        "isi_max": draw(st.sampled_from([0, 1, 4, 10])),
        "dopamine_window": draw(st.sampled_from([0, 3, 10])),
        "dopamine_rule": draw(st.sampled_from(["two_factor", "three_factor"])),
        "stability_rule": draw(st.sampled_from([None, "two_factor", "three_factor"])),
        "stability_rate": draw(st.sampled_from([0.0, 0.05, 1.0, 4.0])),
        "stability_lifetime": draw(st.sampled_from([None, None, 1, 30, 5000, (1 << 31) - 1])),
        "w_min": draw(st.sampled_from([0.0, -0.25, -1.6])),
        "w_max": draw(st.sampled_from([0.09, 1.7, 30.0])),
        "virtual_synapses": draw(st.sampled_from([-1, 0, 3, 27])),
    }
    if draw(st.booleans()):
        values |= {
            "presynaptic_rate": draw(st.sampled_from([-0.01, 0.2])),
            "presynaptic_period": draw(st.sampled_from([1, 5, 10])),
        }
    return values


@st.composite
def projections(draw, sources: list[str], targets: list[dict], plastic_targets: set[str]):
    target = draw(st.sampled_from(targets))
    source = draw(st.sampled_from(sources))
    kind = draw(st.sampled_from(["fixed", "plastic", "gating", "reward"]))
    if kind == "plastic" and target["name"] not in plastic_targets:
        kind = "fixed"
    connection = draw(
        st.sampled_from(
            [
                "one_to_one",
                "all_to_all",
                "within_columns",
                "other_columns",
                "within_columns_except_same",
                "random",
                "random",
            ]
        )
    )
    values = {
        "source": source,
        "target": target["name"],
        "kind": kind,
        "connection": connection,
        "delay": draw(delays()),
    }
    if connection == "random":
        values["probability"] = draw(st.sampled_from([0.3, 0.7, 1.0, 1.0]))
        values["max_inputs"] = draw(maybe(st.integers(1, 3), None))
    if connection == "all_to_all" and kind in ("fixed", "plastic"):
        values["source_fraction"] = draw(st.sampled_from([1.0, 0.5, 0.2, 0.9]))
    if kind == "fixed":
        values["weight"] = draw(maybe(WEIGHTS, None))
    elif kind == "gating":
        values["weight"] = draw(GATES)
    elif kind == "reward":
        values["weight"] = draw(st.sampled_from([0.25, -0.46, 1.0]))
    else:
        values["initial_resource"] = draw(
            st.sampled_from(
                [
                    0.0,
                    0.95,
                    40.0,
                    {"uniform": (-1.0, 6.0)},
                    {"default": 0.1, "values": ((3.0, 0.4), (-1.0, 0.2))},
                ]
            )
        )
    return values


@st.composite
def networks(draw):
    """A network of two or three populations, two inputs and up to nine projections."""
    inputs = [
        {"name": "R", "kind": "noise", "size": draw(st.integers(1, 70))},
        {"name": "T", "kind": "noise", "size": draw(st.integers(1, 6))},
    ]
    names = ["A", "B", "C"][: draw(st.integers(2, 3))]
    described = [draw(populations(name)) | draw(maybe(precision(), {})) for name in names]
    plastic = set(draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)))
    for values in described:
        if values["name"] in plastic:
            values |= draw(learning())
            if values["tau_m"] in ("INFINITY", 1000):
                values["tau_m"] = 10
    links = [
        {
            "source": "R",
            "target": name,
            "kind": "plastic",
            "initial_resource": draw(st.sampled_from([0.95, 5.0])),
            **draw(st.sampled_from([{}, {"connection": "all_to_all", "source_fraction": 0.5}])),
        }
        for name in sorted(plastic)
    ]
    links += draw(st.lists(projections(["R", "T", *names], described, plastic), min_size=3, max_size=7))
    return Network.model_validate(
        {"inputs": inputs, "populations": described, "projections": links, "copies": draw(st.integers(1, 2))}
    )


def random_input(plan: Plan, stop: int, seed: int, rate: float = 0.15, base: int | None = None) -> InputSpikes:
    """Spikes with silent stretches in between."""
    base = -plan.history if base is None else base
    rng = np.random.default_rng(seed)
    ptr, index = [], []
    for _, size in plan.inputs:
        hits = rng.random((stop - base, size)) < rate
        hits[: max(-base, 0)] = False
        for begin in range(40, stop, 160):
            hits[begin - base : begin - base + 100] = False
        ptr.append(np.concatenate([[0], np.cumsum(hits.sum(axis=1))]).astype(np.int64))
        index.append(np.nonzero(hits)[1].astype(np.int32))
    return InputSpikes(base, stop, tuple(ptr), tuple(index))


def votes_of(plan: Plan) -> Votes:
    return Votes(0, min(2, plan.populations[0].size), 15)
