"""From a checked description to a plan: flat, named integers that an engine can run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from colanet.config.model import MAX_DELAY, Network, Population, Projection
from colanet.errors import ConfigError, Problem
from colanet.plan import bounds
from colanet.plan import connect as rules
from colanet.plan.connect import Shape, Synapses
from colanet.plan.fixed import (
    AWAKE,
    BASE_THRESHOLD,
    MILLI,
    ONE,
    POTENTIAL_LIMIT,
    RESOURCE_LIMIT,
    leak_factor,
    to_fixed,
)
from colanet.plan.names import projection_names

_INT16 = 32767
_HISTORY_LIMIT = 4096


@dataclass(frozen=True)
class Plasticity:
    """Plasticity of one population (docs/model.md, sections 8 to 13); rates in 2^-20, times in steps."""

    hebbian: int
    hebbian_window: int
    isi_max: int
    dopamine_window: int
    three_factor: bool
    stability_three_factor: bool
    stability_rate: int
    w_min: int
    w_max: int
    virtual_synapses: int
    presynaptic: int
    presynaptic_period: int

    @property
    def window(self) -> int:
        """How many steps back the rules look."""
        return max(self.hebbian_window, self.isi_max, self.dopamine_window, self.presynaptic_period)


@dataclass(frozen=True)
class PopulationPlan:
    """Constants of one population; potentials in 1/1000, times in steps.

    Attributes
    ----------
    start : int
        Offset of its neurons in the network's flat neuron order.
    leak : int
        u := u * leak / 1024 every step.
    bias : int
        Added to the potential every step.
    subtract : bool
        A spike takes the threshold from the potential instead of zeroing it.
    alpha : int
        Weight-dependent threshold, in 2^-20.
    plasticity : Plasticity or None
        None without incoming plastic synapses.
    gated : bool
        Whether gating synapses end here.
    """

    index: int
    name: str
    start: int
    size: int
    column_size: int
    winner_take_all: bool
    leak: int
    floor: int
    kick: int
    bias: int
    subtract: bool
    ramp_increment: int
    ramp_period: int
    alpha: int
    reset_period: int
    reset_phase: int
    memory_period: int
    gated: bool
    plasticity: Plasticity | None

    @property
    def columns(self) -> int:
        return self.size // self.column_size if self.column_size else 0

    @property
    def stop(self) -> int:
        return self.start + self.size

    @property
    def driven(self) -> bool:
        """Whether potentials change by themselves, other than towards zero."""
        return bool(self.kick or self.bias) or self.floor > 0

    @property
    def rule(self) -> Plasticity:
        """The plasticity of a population that has one; ValueError if it has none."""
        if self.plasticity is None:
            raise ValueError(f"population {self.name} has no plastic synapses")
        return self.plasticity


@dataclass(frozen=True)
class ProjectionPlan:
    """One projection. `source` is an index into the inputs or the populations.

    Attributes
    ----------
    weight : int
        fixed: 1/1000; gating: steps; reward: 2^-20; plastic: 0, the weight follows the resource.
    """

    index: int
    name: str
    kind: str
    from_input: bool
    source: int
    source_size: int
    target: int
    target_size: int
    weight: int
    description: Projection
    random: bool


@dataclass(frozen=True, eq=False)
class Plan:
    """A network ready to run; everything an engine needs besides the input spikes.

    Attributes
    ----------
    inputs : tuple of (name, size)
    populations, projections
    copies, seed : int
    n_neurons : int
        Of one copy.
    history : int
        Length of the rings of past steps, a power of two: state row `t mod history` belongs to step t.
    """

    description: Network
    inputs: tuple[tuple[str, int], ...]
    populations: tuple[PopulationPlan, ...]
    projections: tuple[ProjectionPlan, ...]
    copies: int
    seed: int

    @property
    def n_neurons(self) -> int:
        return self.populations[-1].stop

    @cached_property
    def history(self) -> int:
        window = max((p.plasticity.window for p in self.populations if p.plasticity), default=0)
        return 1 << (window + MAX_DELAY + 1).bit_length()

    def shape(self, projection: ProjectionPlan, end: str) -> Shape:
        if end == "target":
            population = self.populations[projection.target]
            return Shape(population.size, population.column_size)
        if projection.from_input:
            return Shape(projection.source_size)
        population = self.populations[projection.source]
        return Shape(population.size, population.column_size)

    @cached_property
    def _made(self) -> dict[tuple[int, int], Synapses]:
        """Synapses that were asked for, by projection and copy."""
        return {}

    def _connect(self, index: int, copy: int) -> Synapses:
        projection = self.projections[index]
        return rules.connect(
            projection.description,
            index,
            self.shape(projection, "source"),
            self.shape(projection, "target"),
            recurrent=not projection.from_input and projection.source == projection.target,
            seed=self.seed,
            copy=copy,
        )

    def synapses(self, index: int, copy: int = 0) -> Synapses:
        """Synapses of projection `index` in one copy; copies share them unless they are drawn at random."""
        key = (index, copy if self.projections[index].random else 0)
        if key not in self._made:
            self._made[key] = self._connect(*key)
        return self._made[key]

    def resources(self, index: int, copy: int) -> np.ndarray:
        """Initial resources of a plastic projection, int32 of shape (n_synapses,), in 2^-20."""
        projection = self.projections[index]
        synapses = self.synapses(index, copy)
        pair = synapses.pre.astype(np.int64) * projection.target_size + synapses.post
        return rules.draw_resources(
            projection.description.initial_resource,
            pair,
            index,
            self.seed,
            copy,
            f"projection {projection.name}: initial_resource",
        )

    def memory(self, population: PopulationPlan, copy: int) -> np.ndarray:
        """Memory times of a population's neurons, int64 of shape (size,), in steps; 0 without memory."""
        described = self.description.populations[population.index].memory
        return rules.draw_memory(described, population.size, population.index, self.seed, copy)

    def initial_gate(self, population: PopulationPlan, copy: int) -> np.ndarray:
        """Activation counters at the start: 0 with an incoming positive gating synapse, else awake for good."""
        gate = np.full(population.size, AWAKE, dtype=np.int32)
        for projection in self.projections:
            if projection.target == population.index and projection.kind == "gating" and projection.weight > 0:
                gate[self.synapses(projection.index, copy).post] = 0
        return gate

    def population(self, name: str) -> PopulationPlan:
        """The population of that name; KeyError if there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        raise KeyError(name)

    def projection(self, name: str) -> ProjectionPlan:
        """The projection called `source->target` (or `source->target#2` for a second one); KeyError if none."""
        for projection in self.projections:
            if projection.name == name:
                return projection
        raise KeyError(name)


def build(network: Network, *, input_sizes: dict[str, int] | None = None, seed: int = 0) -> Plan:
    """Make the plan of a network.

    Parameters
    ----------
    network : Network
        A checked description.
    input_sizes : dict of str to int
        Nodes of the inputs whose size only the data decide.
    seed : int
        Of random connections, delays and resources, and of every random kick.

    Raises
    ------
    ConfigError
        With every value, or sum of values, that does not fit its integer type.
    """
    builder = _Builder(network, input_sizes or {}, seed)
    plan = builder.plan()
    bounds.check(plan)
    return plan


class _Builder:
    """Collects problems while it converts, so that all are reported at once."""

    def __init__(self, network: Network, input_sizes: dict[str, int], seed: int):
        self.network = network
        self.input_sizes = input_sizes
        self.seed = seed
        self.problems: list[Problem] = []

    def fixed(self, value: float, scale: int, limit: int, where: str) -> int:
        try:
            return to_fixed(value, scale, limit, where)
        except ConfigError as error:
            self.problems.extend(error.problems)
            return 0

    def plan(self) -> Plan:
        network = self.network
        inputs = tuple((i.name, self._input_size(i)) for i in network.inputs)
        start = 0
        populations = []
        for index, described in enumerate(network.populations):
            populations.append(self._population(index, described, start))
            start += described.size
        projections = self._projections(dict(inputs))
        if self.problems:
            raise ConfigError(self.problems)
        return Plan(network, inputs, tuple(populations), tuple(projections), network.copies, self.seed)

    def _input_size(self, described) -> int:
        size = described.size or self.input_sizes.get(described.name)
        if size is None and getattr(described, "shape", None):
            size = math.prod(described.shape)
        if size is None:
            self.problems.append(Problem("its size is known only with its data", f"input {described.name}"))
            return 1
        return size

    def _incoming(self, name: str, kind: str) -> bool:
        return any(p.target == name and p.kind == kind for p in self.network.projections)

    def _population(self, index: int, p: Population, start: int) -> PopulationPlan:
        where = f"population {p.name}: "
        milli = lambda value, field: self.fixed(value, MILLI, POTENTIAL_LIMIT, where + field)  # noqa: E731
        return PopulationPlan(
            index=index,
            name=p.name,
            start=start,
            size=p.size,
            column_size=p.size // p.columns if p.columns else 0,
            winner_take_all=p.winner_take_all,
            leak=leak_factor(p.tau_m),
            floor=-POTENTIAL_LIMIT if p.min_potential is None else milli(p.min_potential, "min_potential"),
            kick=self.fixed(p.noise_amplitude, MILLI, 65535, where + "noise_amplitude"),
            bias=milli(p.bias, "bias"),
            subtract=p.reset == "subtract",
            ramp_increment=milli(p.threshold_increment, "threshold_increment"),
            ramp_period=(p.threshold_decay or 0) if p.threshold_increment else 0,
            alpha=self.fixed(p.threshold_weight_factor, ONE, 1 << 30, where + "threshold_weight_factor"),
            reset_period=p.reset_period or 0,
            reset_phase=p.reset_phase,
            memory_period=p.memory_period if p.memory is not None else 0,
            gated=self._incoming(p.name, "gating"),
            plasticity=self._plasticity(p, where) if self._incoming(p.name, "plastic") else None,
        )

    def _plasticity(self, p: Population, where: str) -> Plasticity:
        rate = lambda value, field: self.fixed(value, ONE, 1000 * ONE, where + field)  # noqa: E731
        weight = lambda value, field: self.fixed(value, MILLI, _INT16, where + field)  # noqa: E731
        if p.w_max is None:
            self.problems.append(Problem("plastic synapses need w_max", where + "w_max"))
        window = p.hebbian_window * p.tau_m
        if not window <= _HISTORY_LIMIT:
            self.problems.append(
                Problem(
                    f"hebbian_window x tau_m is {window} steps, at most {_HISTORY_LIMIT} are supported",
                    where + "hebbian_window",
                )
            )
            window = 0
        stability_rule = p.stability_rule or p.dopamine_rule
        return Plasticity(
            hebbian=rate(p.hebbian_rate, "hebbian_rate"),
            hebbian_window=round(window),
            isi_max=p.isi_max,
            dopamine_window=p.dopamine_window,
            three_factor=p.dopamine_rule == "three_factor",
            stability_three_factor=stability_rule == "three_factor",
            stability_rate=rate(p.stability_rate, "stability_rate"),
            w_min=weight(p.w_min, "w_min"),
            w_max=weight(p.w_max or 1.0, "w_max"),
            virtual_synapses=p.virtual_synapses,
            presynaptic=rate(p.presynaptic_rate, "presynaptic_rate"),
            presynaptic_period=(p.presynaptic_period or 0) if p.presynaptic_rate else 0,
        )

    def _projections(self, input_sizes: dict[str, int]) -> list[ProjectionPlan]:
        network = self.network
        inputs = [i.name for i in network.inputs]
        populations = [p.name for p in network.populations]
        sizes = {p.name: p.size for p in network.populations} | input_sizes
        plans = []
        for index, (described, name) in enumerate(zip(network.projections, projection_names(network), strict=True)):
            from_input = described.source in inputs
            plans.append(
                ProjectionPlan(
                    index=index,
                    name=name,
                    kind=described.kind,
                    from_input=from_input,
                    source=(inputs if from_input else populations).index(described.source),
                    source_size=sizes[described.source],
                    target=populations.index(described.target),
                    target_size=sizes[described.target],
                    weight=self._weight(described, name),
                    description=described,
                    random=rules.is_random(described),
                )
            )
        return plans

    def _weight(self, described: Projection, name: str) -> int:
        where = f"projection {name}: weight"
        if described.kind == "plastic":
            return 0
        if described.weight is None:
            return BASE_THRESHOLD + MILLI
        if described.kind == "fixed":
            return self.fixed(described.weight, MILLI, POTENTIAL_LIMIT, where)
        if described.kind == "reward":
            return self.fixed(described.weight, ONE, RESOURCE_LIMIT, where)
        return self.fixed(described.weight, 1, AWAKE - 1, where)
