"""A plan: a network as named integers and arrays, everything an engine needs besides the input spikes.

The fields of `PopulationPlan`, `Plasticity` and `ProjectionPlan` that are numbers are the columns of the engines'
tables, under the same names (see `colanet.engine.layout`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from colanet import hashing
from colanet.config.model import Network, Projection
from colanet.connections import Ends, Shape
from colanet.hashing import Stream
from colanet.plan import connect
from colanet.plan.connect import Synapses
from colanet.plan.fixed import weight_of
from colanet.units import AWAKE, MAX_DELAY


@dataclass(frozen=True)
class Plasticity:
    """Constants of the rules of one population (docs/model.md, 8 to 13); rates in 2^-20, times in steps.

    Attributes
    ----------
    weight_base, weight_step, weight_top : int
        Weights are the first, plus multiples of the second, up to the third, in 1/1000.
    resource_grain, resource_limit : int
        Resources are multiples of the one and at most the other in size, in 2^-20.
    stochastic : bool
        Whether changes are rounded to the grain at random.
    """

    hebbian: int
    hebbian_window: int
    isi_max: int
    dopamine_window: int
    three_factor: bool
    stability_three_factor: bool
    stability_rate: int
    stability_lifetime: int
    w_min: int
    w_max: int
    virtual_synapses: int
    presynaptic: int
    presynaptic_period: int
    weight_base: int
    weight_step: int
    weight_top: int
    resource_grain: int
    resource_limit: int
    stochastic: bool

    def weights(self, resource: np.ndarray) -> np.ndarray:
        """Weights of resources, int16 of the same shape, in 1/1000; see `colanet.plan.fixed.weight_of`."""
        return weight_of(resource, self.w_min, self.w_max, self.weight_base, self.weight_step)

    @property
    def largest_code(self) -> int:
        """The largest code of a weight: weight = weight_base + weight_step x code."""
        return (self.weight_top - self.weight_base) // self.weight_step

    def codes(self, resource: np.ndarray) -> np.ndarray:
        """Codes of the weights of resources in 2^-20, int64 of the same shape."""
        codes: np.ndarray = (self.weights(resource).astype(np.int64) - self.weight_base) // self.weight_step
        return codes

    @property
    def look_back(self) -> int:
        """How many steps before the present one the rules ask for arrivals."""
        dopamine = 0 if self.three_factor else self.dopamine_window - 1
        return max(self.hebbian_window, self.isi_max - 1, dopamine, self.presynaptic_period - 1, 0)

    @property
    def window(self) -> int:
        """The longest time of the rules, in steps."""
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
    potential_limit, potential_step : int
        Potentials are at most the one in size, and multiples of the other.
    jenkins : bool
        Whether random numbers come from the 32-bit hash.
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
    potential_limit: int
    potential_step: int
    jenkins: bool
    plasticity: Plasticity | None

    @property
    def columns(self) -> int:
        """How many columns there are; 0 without columns."""
        return self.size // self.column_size if self.column_size else 0

    @property
    def stop(self) -> int:
        """Offset of the neuron after its last one."""
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
        """Neurons of one copy."""
        return self.populations[-1].stop

    @cached_property
    def history(self) -> int:
        """Length of the rings of past steps."""
        window = max((p.plasticity.window for p in self.populations if p.plasticity), default=0)
        return 1 << (window + MAX_DELAY + 1).bit_length()

    def shape(self, projection: ProjectionPlan, end: str) -> Shape:
        """Size and columns of the `source` or the `target` of a projection."""
        if end == "target":
            population = self.populations[projection.target]
            return Shape(population.size, population.column_size)
        if projection.from_input:
            return Shape(projection.source_size)
        population = self.populations[projection.source]
        return Shape(population.size, population.column_size)

    def ends(self, projection: ProjectionPlan) -> Ends:
        """What the connection rule of a projection goes by, without random numbers."""
        source, target = self.shape(projection, "source"), self.shape(projection, "target")
        return connect.ends_of(projection.description, source, target)

    def source_name(self, projection: ProjectionPlan) -> str:
        """Name of the input or population that a projection begins at."""
        source = projection.source
        return self.inputs[source][0] if projection.from_input else self.populations[source].name

    def fan_in(self, projection: ProjectionPlan) -> int:
        """Most synapses of a projection that one target neuron can have."""
        return connect.rule_of(projection.description).fan_in(self.ends(projection))

    @cached_property
    def _made(self) -> dict[tuple[int, int], Synapses]:
        """Synapses that were asked for, by projection and copy."""
        return {}

    def _between(self, projection: ProjectionPlan) -> tuple[Shape, Shape, bool]:
        """Source, target, and whether they are the same population."""
        recurrent = not projection.from_input and projection.source == projection.target
        return self.shape(projection, "source"), self.shape(projection, "target"), recurrent

    def _connect(self, index: int, copy: int) -> Synapses:
        projection = self.projections[index]
        source, target, recurrent = self._between(projection)
        return connect.connect(
            projection.description, index, source, target, recurrent=recurrent, seed=self.seed, copy=copy
        )

    def synapses(self, index: int, copy: int = 0) -> Synapses:
        """Synapses of projection `index` in one copy; copies share them unless they are drawn at random."""
        key = (index, copy if self.projections[index].random else 0)
        if key not in self._made:
            self._made[key] = self._connect(*key)
        return self._made[key]

    @cached_property
    def _spans(self) -> dict[int, np.ndarray | None]:
        return {p.index: connect.spans_of(p.description, *self._between(p)) for p in self.projections}

    def spans(self, index: int) -> np.ndarray | None:
        """Targets of projection `index` as ranges, int32 of shape (source size, 4); None if it has no such form.

        See `colanet.plan.connect.spans_of`.
        """
        return self._spans[index]

    @cached_property
    def _seen(self) -> dict[tuple[int, int], np.ndarray | None]:
        """What `seen` has found, by projection and copy."""
        return {}

    def seen(self, index: int, copy: int) -> np.ndarray | None:
        """Source neurons of projection `index` that take part in one copy, int64 in order; None: all."""
        if (index, copy) not in self._seen:
            described, source = self.projections[index].description, self._between(self.projections[index])[0]
            self._seen[index, copy] = connect.seen_sources(described, index, source, seed=self.seed, copy=copy)
        return self._seen[index, copy]

    def count(self, index: int, copy: int = 0) -> int:
        """Synapses of projection `index` in one copy; those of spans and of rows are not made for it."""
        spans, projection = self.spans(index), self.projections[index]
        if spans is not None:
            return int(connect.reached(spans).sum())
        if self.has_parts(index):
            return self.fan_in(projection) * projection.target_size
        return self.synapses(index, copy).count

    def is_full(self, index: int) -> bool:
        """Whether projection `index` reaches every target neuron from every source neuron, with one delay."""
        projection, spans = self.projections[index], self.spans(index)
        return spans is not None and bool((connect.reached(spans) == projection.target_size).all())

    def has_parts(self, index: int) -> bool:
        """Whether copies see parts of the source, from which each neuron reaches every target neuron, one delay."""
        described = self.projections[index].description
        every = described.connection == "all_to_all" and isinstance(described.delay, int)
        return described.source_fraction < 1 and every and not self._between(self.projections[index])[2]

    def is_dense(self, index: int) -> bool:
        """Whether every source neuron that a copy sees reaches every target neuron, with one delay."""
        return self.has_parts(index) or self.is_full(index)

    def resources(self, index: int, copy: int) -> np.ndarray:
        """Initial resources of a plastic projection, int32 of shape (n_synapses,), in 2^-20."""
        projection = self.projections[index]

        def pairs(first: int, last: int) -> np.ndarray:
            if self.is_dense(index):
                number, seen = np.arange(first, last, dtype=np.int64), self.seen(index, copy)
                size = projection.target_size
                return number if seen is None else seen[number // size] * size + number % size
            synapses, part = self.synapses(index, copy), slice(first, last)
            pair: np.ndarray = synapses.pre[part].astype(np.int64) * projection.target_size + synapses.post[part]
            return pair

        where = f"projection {projection.name}: initial_resource"
        initial = projection.description.initial_resource
        return connect.draw_resources(initial, self.count(index, copy), pairs, index, self.seed, copy, where)

    def memory(self, population: PopulationPlan, copy: int) -> np.ndarray:
        """Memory times of a population's neurons, int64 of shape (size,), in steps; 0 without memory."""
        described = self.description.populations[population.index].memory
        return connect.draw_memory(described, population.size, population.index, self.seed, copy)

    def kick_keys(self, copy: int) -> np.ndarray:
        """Keys of the random kicks of every population of one copy, uint64."""
        return self._keys(Stream.KICK, copy)

    def rounding_keys(self, copy: int) -> np.ndarray:
        """Keys of the stochastic rounding of every population of one copy, uint64."""
        return self._keys(Stream.ROUNDING, copy)

    def _keys(self, kind: Stream, copy: int) -> np.ndarray:
        streams = (hashing.stream(kind, p.index) for p in self.populations)
        return np.array([hashing.key(self.seed, stream, copy) for stream in streams], dtype=np.uint64)

    def initial_gate(self, population: PopulationPlan, copy: int) -> np.ndarray:
        """Activation counters at the start: 0 with an incoming positive gating synapse, else awake for good."""
        gate = np.full(population.size, AWAKE, dtype=np.int32)
        for projection in self.projections:
            if projection.target == population.index and projection.kind == "gating" and projection.weight > 0:
                gate[self._reached(projection.index, copy)] = 0
        return gate

    def _reached(self, index: int, copy: int) -> np.ndarray:
        """Target neurons with a synapse of projection `index`, as a mask or as indices."""
        spans = self.spans(index)
        if spans is None:
            return self.synapses(index, copy).post
        return connect.arriving(spans, self.projections[index].target_size) > 0

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
