"""What a run costs, under the names of NeuroBench: footprint, sparsity, synaptic operations; and energy.

The definitions are those of the package neurobench 2.3 and of Yik et al., arXiv 2304.04640; docs/costs.md says what
they mean here. All counts are exact: they come from what every engine counts, and from the input made once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet.encoding.sources import SpikeSource
from colanet.plan import Plan, ProjectionPlan
from colanet.plan.memory import CHUNK_STEPS
from colanet.plan.precision import bits_of, weight_bytes
from colanet.plan.variables import State, owned

if TYPE_CHECKING:
    from colanet.session import Session

CONSTANT_BYTES = 4
"""Of the one weight that all synapses of a projection share."""
MICRO = 1e-6
"""Microjoules in a picojoule."""


@dataclass(frozen=True)
class Footprint:
    """Bytes that one copy of a network takes.

    Attributes
    ----------
    weights : int
        Plastic weights, and one constant for each other projection.
    neurons : int
        The state that answers depend on: potentials, activation counters, spikes under way.
    learning : int
        What plasticity alone needs: resources, contributions, stability, times of spikes.
    """

    weights: int
    neurons: int
    learning: int


@dataclass(frozen=True)
class Work:
    """What the steps of one part of a run cost, added over all copies.

    Attributes
    ----------
    steps : int
    spikes : int
        Of the neurons.
    synaptic_events : int
        Spikes, of inputs too, times the synapses they arrived at.
    input_spikes : int or None
        None where the input was not made once more.
    zero_weight_events : int or None
        Those of `synaptic_events` at synapses of weight 0; None where weights changed meanwhile.
    """

    steps: int
    spikes: int
    synaptic_events: int
    input_spikes: int | None
    zero_weight_events: int | None


@dataclass(frozen=True)
class Costs:
    """The costs of a run.

    Attributes
    ----------
    copies, neurons : int
        Neurons are those of one copy.
    period : int or None
        Steps of an object; None without objects, then operations are counted a step.
    footprint : Footprint
    possible : int
        Connections there could be in one copy: source neurons times target neurons, added over projections.
    synapses, zero_weights : int
        All copies; synapses that there are, and those of them that have weight 0.
    parts : dict of str to Work
        `training` and `test`, or `run` where nothing is taught; only parts that have begun.
    not_left_out : tuple of str
        Projections between populations with weights 0, whose events are among the effective ones.
    pj_per_op : float or None
        Picojoules of a synaptic operation, as the user says.
    """

    copies: int
    neurons: int
    period: int | None
    footprint: Footprint
    possible: int
    synapses: int
    zero_weights: int
    parts: dict[str, Work]
    not_left_out: tuple[str, ...]
    pj_per_op: float | None = None

    @property
    def per(self) -> str:
        """What operations are counted for."""
        return "image" if self.period else "step"

    @property
    def connection_sparsity(self) -> float:
        """Share of the possible connections that is missing or has weight 0."""
        possible = self.possible * self.copies
        return 1 - (self.synapses - self.zero_weights) / possible if possible else 0.0

    def activation_sparsity(self, work: Work) -> float:
        """Share of the neurons' steps without a spike."""
        chances = self.neurons * work.steps * self.copies
        return 1 - work.spikes / chances if chances else 0.0

    def effective(self, work: Work) -> float:
        """Accumulations of an object (of a step, without objects) in one copy."""
        events = work.synaptic_events - (work.zero_weight_events or 0)
        return events * (self.period or 1) / (work.steps * self.copies)

    def dense(self) -> float:
        """Operations of an object (of a step) in one copy if every neuron spiked and no connection were missing."""
        return float(self.possible * (self.period or 1))

    def existing(self) -> float:
        """`dense` over the synapses that there are."""
        return self.synapses * (self.period or 1) / self.copies

    def energy(self, work: Work) -> float | None:
        """Microjoules of an object (of a step) in one copy; None if nobody said what an operation takes."""
        return None if self.pj_per_op is None else self.effective(work) * self.pj_per_op * MICRO

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        footprint = self.footprint
        return {
            "footprint": footprint.weights + footprint.neurons,
            "footprint_learning": footprint.weights + footprint.neurons + footprint.learning,
            "footprint_parts": dict(vars(footprint)),
            "connection_sparsity": self.connection_sparsity,
            "connections": {
                "possible": self.possible * self.copies,
                "synapses": self.synapses,
                "zero_weights": self.zero_weights,
            },
            "per": self.per,
            "pj_per_op": self.pj_per_op,
            "zero_weights_not_left_out": list(self.not_left_out),
        } | {name: self._part(work) for name, work in self.parts.items()}

    def _part(self, work: Work) -> dict[str, Any]:
        return {
            "activation_sparsity": self.activation_sparsity(work),
            "synaptic_operations": {
                "Effective_MACs": 0.0,
                "Effective_ACs": self.effective(work),
                "Dense": self.dense(),
                "Dense_existing": self.existing(),
            },
            "energy_uj": self.energy(work),
            **vars(work),
        }


def footprint_of(plan: Plan) -> Footprint:
    """Bytes of one copy; where connections are drawn for each copy, of the first."""
    constants = sum(projection.kind != "plastic" for projection in plan.projections)
    weights, neurons, learning = weight_bytes(plan) + CONSTANT_BYTES * constants, 0, 0
    for owner, variable in owned(plan):
        size = bytes_of(int(np.prod(variable.shape(plan, owner, 0))) * bits_of(plan, owner, variable))
        if isinstance(owner, ProjectionPlan) or variable.learns:
            learning += size
        else:
            neurons += size
    return Footprint(weights, neurons, learning)


def bytes_of(bits: int) -> int:
    """Whole bytes that hold so many bits."""
    return -(-bits // 8)


def costs_of(session: Session, pj_per_op: float | None = None) -> Costs | None:
    """The costs of what a session has run since its data began.

    The input of the test is made once more, and weights are looked through.

    Parameters
    ----------
    session : Session
    pj_per_op : float or None
        Picojoules of a synaptic operation.

    Returns
    -------
    Costs or None
        None if the counts of training and test are not known apart.
    """
    counts, plan = session.counts, session.plan
    if not counts.told_apart:
        return None
    zeros = Zeros(plan, session.state())
    split, last = min(counts.first_test, session.step), session.step
    parts = {}
    if split:
        spikes = int((counts.spikes - counts.test_spikes).sum())
        parts["training"] = Work(split, spikes, counts.events - counts.test_events, None, None)
    if last > split:
        sources = session.presentation.sources
        seen = [node_counts(source, split, last) for source in sources]
        fixed = not (counts.test_learnt and any(p.kind == "plastic" for p in plan.projections))
        left_out = zeros.events(sources, seen, split, last) if fixed else None
        name = "test" if session.presentation.labels is not None else "run"
        inputs = plan.copies * sum(int(count.sum()) for count in seen)
        parts[name] = Work(last - split, int(counts.test_spikes.sum()), counts.test_events, inputs, left_out)
    return Costs(
        copies=plan.copies,
        neurons=plan.n_neurons,
        period=session.presentation.period,
        footprint=footprint_of(plan),
        possible=sum(p.source_size * p.target_size for p in plan.projections),
        synapses=sum(plan.count(p.index, copy) for p in plan.projections for copy in range(plan.copies)),
        zero_weights=zeros.total,
        parts=parts,
        not_left_out=zeros.not_left_out,
        pj_per_op=pj_per_op,
    )


def node_counts(source: SpikeSource, start: int, stop: int) -> np.ndarray:
    """Spikes of every node of an input at the steps start..stop-1 of the data, int64 of shape (nodes,).

    There is silence before step 0.
    """
    total = np.zeros(source.size, dtype=np.int64)
    for first in range(max(start, 0), stop, CHUNK_STEPS):
        total += np.bincount(source.spikes(first, min(first + CHUNK_STEPS, stop))[1], minlength=source.size)
    return total


class Zeros:
    """The synapses of weight 0.

    Attributes
    ----------
    total : int
        All copies.
    not_left_out : tuple of str
        Projections between populations that have any.
    """

    def __init__(self, plan: Plan, state: State) -> None:
        self.plan = plan
        self.found: dict[tuple[int, int], np.ndarray] = {}
        """By projection that begins at an input, and delay: such synapses of every node, all copies."""
        self.total, names = 0, []
        for projection in plan.projections:
            before = self.total
            for copy in range(plan.copies):
                for delay, per_source in self._of(projection, copy, state):
                    self.total += int(per_source.sum())
                    key = projection.index, delay
                    if projection.from_input:
                        self.found[key] = self.found.get(key, 0) + per_source
            if self.total > before and not projection.from_input:
                names.append(projection.name)
        self.not_left_out = tuple(names)

    def _of(self, projection: ProjectionPlan, copy: int, state: State) -> Iterator[tuple[int, np.ndarray]]:
        """Delays, and for each the synapses of weight 0 of every source neuron."""
        plan, index = self.plan, projection.index
        if projection.kind != "plastic":
            if projection.weight:
                return
            zero = np.ones(plan.count(index, copy), dtype=bool)
        else:
            rule = plan.populations[projection.target].rule
            zero = rule.weights(state[f"{copy}/{projection.name}/resource"]) == 0
        delay = projection.description.delay
        if plan.is_dense(index) and isinstance(delay, int):  # the synapses need not be made
            seen, per_source = plan.seen(index, copy), np.zeros(projection.source_size, dtype=np.int64)
            per_source[slice(None) if seen is None else seen] = zero.reshape(-1, projection.target_size).sum(axis=1)
            yield delay, per_source
            return
        synapses = plan.synapses(index, copy)
        for each in np.unique(synapses.delay[zero]).tolist():
            source = synapses.pre[zero & (synapses.delay == each)]
            yield each, np.bincount(source, minlength=projection.source_size)

    def events(
        self, sources: Sequence[SpikeSource], seen: Sequence[np.ndarray], start: int, stop: int
    ) -> int:
        """Spikes of inputs that arrived at such synapses at the steps start..stop-1 of the data, all copies.

        `seen` is what `node_counts` gives of these steps; what arrives was emitted a delay before.
        """
        total = 0
        for (index, delay), per_source in self.found.items():
            number = self.plan.projections[index].source
            if per_source.any():
                before = node_counts(sources[number], start - delay, start)
                under_way = node_counts(sources[number], stop - delay, stop)
                total += int((seen[number] + before - under_way) @ per_source)
        return total
