"""The part of a network that answers, without its teaching: what inference formats write.

Kept are the populations on a way from the data to the answer, and the plastic and fixed projections between them.
Gates, winner-take-all, rewards, labels and learning are named in `Inference.left_out`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from colanet.config.model import TargetInput
from colanet.engine.base import Votes
from colanet.errors import ConfigError
from colanet.inspection import thresholds
from colanet.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.variables import State
from colanet.units import DRAW_BITS, POTENTIAL_LIMIT, potential_limit


class Omission(NamedTuple):
    """Something of the model that a format does not hold.

    Attributes
    ----------
    what : str
        In the words of docs/model.md.
    where : str
        Population or projection.
    instead : str
        What the file has in its place.
    """

    what: str
    where: str
    instead: str


@dataclass(frozen=True, eq=False)
class Layer:
    """One kept population.

    Attributes
    ----------
    population : PopulationPlan
    threshold : ndarray of int64, shape (size,)
        In 1/1000, without the linear ramp of past spikes.
    drive : float
        Bias and the mean of the random kick, in 1/1000 a step.
    depth : int
        Steps from a spike of the data to the first possible effect here.
    """

    population: PopulationPlan
    threshold: np.ndarray
    drive: float
    depth: int


@dataclass(frozen=True, eq=False)
class Link:
    """Synapses of one projection that have one delay.

    Attributes
    ----------
    name : str
        Of the projection.
    source, target : int
        Index among the layers; a source of -1: the data.
    pre, post : ndarray of int, shape (synapses,)
        Of the data: index among the nodes of all data inputs.
    weight : ndarray of int64, shape (synapses,)
        In 1/1000; of a gating projection in steps.
    delay : int
        Steps.
    """

    name: str
    source: int
    target: int
    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    delay: int


@dataclass(frozen=True, eq=False)
class Inference:
    """The kept part of one copy.

    Attributes
    ----------
    inputs : tuple of (name, index among the inputs of the plan, size)
        Inputs with data, without labels; their nodes are counted through, one input after the other.
    layers : tuple of Layer
        Sorted by depth.
    links : tuple of Link
        Plastic and fixed.
    gates : tuple of Link
        Gating projections of negative weight between kept populations.
    output : int
        Index among the layers of the population that answers.
    left_out : tuple of Omission
    """

    inputs: tuple[tuple[str, int, int], ...]
    layers: tuple[Layer, ...]
    links: tuple[Link, ...]
    gates: tuple[Link, ...]
    output: int
    left_out: tuple[Omission, ...]

    @property
    def input_size(self) -> int:
        """Nodes of all data inputs."""
        return sum(size for _, _, size in self.inputs)


def one_copy(plan: Plan, copy: int) -> int:
    """A copy that there is; ConfigError otherwise."""
    if not 0 <= copy < plan.copies:
        raise ConfigError(f"option copy: there is no copy {copy}, expected 0..{plan.copies - 1}")
    return copy


def votes_of(plan: Plan) -> Votes | None:
    """How the answer is counted; None without objects, or with another rule than `votes`."""
    readout = plan.description.readout
    target = next((i for i in plan.description.inputs if isinstance(i, TargetInput)), None)
    if readout is None or target is None or readout.rule != "votes":
        return None
    return Votes(plan.population(readout.population).index, target.size, target.period)


def manifest(told: dict[str, Any]) -> str:
    """A manifest as text."""
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def inference_of(plan: Plan, state: State, copy: int, output: str | None) -> Inference:
    """What of one copy takes part in an answer.

    Parameters
    ----------
    plan : Plan
    state : State
    copy : int
    output : str or None
        Population that answers; None: that of the readout.

    Raises
    ------
    ConfigError
        If there is no such population, or no way leads from the data to it.
    """
    answering = _answering(plan, output)
    inputs = _data_inputs(plan)
    driving = [p for p in plan.projections if p.kind in ("plastic", "fixed")]
    kept = [p for p in driving if not p.from_input or p.source in inputs]
    depth = _depths(plan, kept, copy)
    needed = _needed(kept, answering.index)
    chosen = sorted((depth[p], p) for p in needed if p in depth)
    if answering.index not in depth:
        raise ConfigError(f"no plastic or fixed projection leads from the data to population {answering.name}")
    place = {p: number for number, (_, p) in enumerate(chosen)}
    layers = tuple(_layer(plan, state, copy, p, d) for d, p in chosen)
    offsets = dict(zip(inputs, np.cumsum([0, *(plan.inputs[i][1] for i in inputs)]).tolist(), strict=False))

    def links(projections: Iterable[ProjectionPlan]) -> tuple[Link, ...]:
        inside = [p for p in projections if p.target in place and (p.from_input or p.source in place)]
        return tuple(link for p in inside for link in _links(plan, state, copy, p, place, offsets))

    gates = [p for p in plan.projections if p.kind == "gating" and p.weight < 0 and not p.from_input]
    shown = tuple((plan.inputs[i][0], i, plan.inputs[i][1]) for i in inputs)
    left = tuple(_left_out(plan, place))
    return Inference(shown, layers, links(kept), links(gates), place[answering.index], left)


def weights_of(plan: Plan, state: State, copy: int, p: ProjectionPlan) -> np.ndarray:
    """Weights of a projection's synapses, int64: in 1/1000, of a gate in steps, of a reward in 2^-20."""
    if p.kind != "plastic":
        return np.full(plan.count(p.index, copy), p.weight, dtype=np.int64)
    weights = plan.populations[p.target].rule.weights(state[f"{copy}/{p.name}/resource"])
    return weights.astype(np.int64)


def _answering(plan: Plan, output: str | None) -> PopulationPlan:
    readout = plan.description.readout
    name = output if output is not None else readout.population if readout else None
    if name is None:
        raise ConfigError("the network has no readout: name the population that answers, --option output=NAME")
    try:
        return plan.population(name)
    except KeyError:
        known = ", ".join(p.name for p in plan.populations)
        raise ConfigError(f"option output: there is no population {name}; there are {known}") from None


def _data_inputs(plan: Plan) -> list[int]:
    """Inputs other than the labels."""
    return [i for i, described in enumerate(plan.description.inputs) if not isinstance(described, TargetInput)]


def _depths(plan: Plan, kept: list[ProjectionPlan], copy: int) -> dict[int, int]:
    """Steps from the data to each population that they reach: the length of the shortest way."""
    least = {p.index: int(s.delay.min()) for p in kept if (s := plan.synapses(p.index, copy)).count}
    depth: dict[int, int] = {}
    changed = True
    while changed:
        changed = False
        for p in kept:
            start = 0 if p.from_input else depth.get(p.source)
            if start is None or p.index not in least:
                continue
            reached = start + least[p.index]
            if reached < depth.get(p.target, reached + 1):
                depth[p.target], changed = reached, True
    return depth


def _needed(kept: list[ProjectionPlan], answering: int) -> set[int]:
    """Populations from which a way leads to the one that answers."""
    needed, before = {answering}, 0
    while len(needed) > before:
        before = len(needed)
        needed |= {p.source for p in kept if not p.from_input and p.target in needed}
    return needed


def _layer(plan: Plan, state: State, copy: int, index: int, depth: int) -> Layer:
    p = plan.populations[index]
    ramp = f"{copy}/{p.name}/ramp"
    rested = {**state, ramp: np.zeros_like(state[ramp])}
    # The kick is floor(draw kick / 2^16) with draws of 0 .. 2^16 - 1, all alike.
    mean = float((np.arange(1 << DRAW_BITS, dtype=np.int64) * p.kick >> DRAW_BITS).mean()) if p.kick else 0.0
    return Layer(p, thresholds(plan, rested, p.name, copy), p.bias + mean, depth)


def _links(
    plan: Plan, state: State, copy: int, p: ProjectionPlan, place: dict[int, int], offsets: dict[int, int]
) -> Iterator[Link]:
    synapses, weight = plan.synapses(p.index, copy), weights_of(plan, state, copy, p)
    source, shift = (-1, offsets[p.source]) if p.from_input else (place[p.source], 0)
    for delay in np.unique(synapses.delay):
        these = synapses.delay == delay
        pre = synapses.pre[these] + shift
        yield Link(p.name, source, place[p.target], pre, synapses.post[these], weight[these], int(delay))


def _left_out(plan: Plan, place: dict[int, int]) -> Iterator[Omission]:
    for name, size in plan.inputs:
        if any(isinstance(i, TargetInput) and i.name == name for i in plan.description.inputs):
            yield Omission("labels", name, f"nothing; its {size} nodes are silent without teaching")
    for p in plan.populations:
        if p.index not in place:
            yield Omission("population", p.name, "nothing; it lies on no way from the data to the answer")
        else:
            yield from _left_of(p)
    for q in plan.projections:
        if q.kind == "reward":
            yield Omission("reward", q.name, "nothing; it acts on learning only")
        elif q.kind == "gating" and q.target in place:
            yield Omission("gate", q.name, "nothing; all neurons are awake")
        elif q.target in place and not q.from_input and q.source not in place:
            yield Omission("projection", q.name, "nothing; its source is left out")


def _left_of(p: PopulationPlan) -> Iterator[Omission]:
    """What a leaky integrate-and-fire neuron does not do."""
    if p.plasticity:
        yield Omission("learning", p.name, "nothing; weights and thresholds are those of the state")
    if p.winner_take_all:
        yield Omission("winner-take-all", p.name, "nothing; several neurons of a column may fire in a step")
    if p.kick:
        yield Omission("random kick", p.name, "its mean, as a bias")
    if p.leak:
        yield Omission("truncation of the leak", p.name, "real numbers")
    if p.potential_step > 1 or p.potential_limit < potential_limit(32, 1):
        yield Omission("bits of the potential", p.name, "real numbers")
    if p.floor > -POTENTIAL_LIMIT:
        yield Omission("floor of the potential", p.name, "nothing")
    if p.ramp_period:
        yield Omission("linear ramp of the threshold", p.name, "nothing")
    if p.memory_period:
        yield Omission("memory timer", p.name, "nothing")
    if p.subtract:
        yield Omission("reset by subtraction", p.name, "reset to zero")
    if p.reset_period:
        yield Omission("periodic reset", p.name, "who runs it zeroes all potentials before each image")
