"""What the templates see of a network: inputs, populations and projections with their C names, types and arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from colanet.export.c.text import comment, identifier, integer_type, signed_type
from colanet.plan import Plan, Plasticity, PopulationPlan, ProjectionPlan
from colanet.plan.bounds import largest_potential
from colanet.plan.variables import Neurons, State, neurons_of
from colanet.units import POTENTIAL_LIMIT


@dataclass(frozen=True, eq=False)
class Array:
    """An array of the state.

    Attributes
    ----------
    name, ctype, text : str
    values : ndarray
        What it begins with, of its shape; its length is at least 1.
    derived : bool
        Whether it follows from other arrays, so that no table of it is kept.
    """

    name: str
    ctype: str
    text: str
    values: np.ndarray
    derived: bool = False

    @property
    def shape(self) -> str:
        """Its dimensions as in a declaration."""
        return "".join(f"[{n}]" for n in self.values.shape)

    @property
    def uniform(self) -> int | None:
        """The value that all its elements begin with; None if they differ."""
        first = int(self.values.flat[0])
        return first if (self.values == first).all() else None


@dataclass(frozen=True, eq=False)
class Table:
    """A constant array."""

    name: str
    ctype: str
    text: str
    values: np.ndarray

    @property
    def shape(self) -> str:
        """Its dimensions as in a declaration."""
        return "".join(f"[{n}]" for n in self.values.shape)


@dataclass(eq=False)
class Source:
    """What spikes leave from: an input or a population.

    Attributes
    ----------
    id : str
        Its C name.
    name : str
        For comments.
    size : int
    ring : int
        Past steps that its spikes are kept for, a power of two; 0 if nobody asks for them.
    arrays, tables
        Of the state, and constant ones.
    """

    id: str
    name: str
    size: int
    ring: int = 0
    arrays: list[Array] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    @property
    def words(self) -> int:
        """Words of a bit set over it."""
        return -(-self.size // 32)


@dataclass(eq=False, kw_only=True)
class Population(Source):
    """A population.

    Attributes
    ----------
    p : PopulationPlan
        Its constants.
    rule : Plasticity or None
        With the learning rules only.
    bound : int
        Its potentials stay below or at it.
    kinds : set of str
        Which of ``current``, ``forcing``, ``wake``, ``sleep``, ``reward`` reach it.
    plastic : list of Projection
        Plastic projections that end here and have synapses.
    """

    p: PopulationPlan
    rule: Plasticity | None = None
    bound: int = POTENTIAL_LIMIT
    clips: bool = False
    """Whether potentials may leave their limit."""
    kinds: set[str] = field(default_factory=set)
    plastic: list[Projection] = field(default_factory=list)
    awake_ring: int = 0
    steady: bool = True
    """Without stability."""
    codes: int = 0
    """Length of the sums of codes of dense rows; 0 without them."""
    kick_key: int = 0
    rounding_key: int = 0
    resource_type: str = "int32_t"
    code_type: str = "uint16_t"
    levels: np.ndarray | None = None
    """Resources at which the codes of weights change; None where they are found by division."""

    @property
    def potential_type(self) -> str:
        """Type of a potential."""
        return signed_type(-self.bound, self.bound)

    @property
    def fired_type(self) -> str:
        """Type of a neuron's number, and of how many fire."""
        return integer_type(0, self.size)

    @property
    def rounds(self) -> bool:
        """Whether changes of resources are rounded at random."""
        return self.rule is not None and self.rule.stochastic and self.rule.resource_grain > 1

    @property
    def change_type(self) -> str:
        """Type of a resource plus the largest change."""
        limit = self.rule.resource_limit // self.rule.resource_grain if self.rule else 0
        return "int32_t" if 3 * limit < 1 << 31 else "int64_t"

    @property
    def excess_type(self) -> str:
        """Type of potential - threshold."""
        return "int64_t" if self.p.ramp_period else "int32_t"

    @property
    def wide_leak(self) -> bool:
        """Whether potential x leak leaves 32 bits."""
        return self.bound * self.p.leak >= 1 << 31

    @property
    def floored(self) -> bool:
        """Whether potentials may come to their floor."""
        return self.p.floor > -self.bound

    @property
    def threshold(self) -> str:
        """Where the share of the weights is: `constant` without any, a `table`, or in the `state`."""
        if not self.p.alpha or not self.plastic:
            return "constant"
        return "state" if self.rule else "table"


@dataclass(eq=False)
class Projection:
    """A projection that has synapses and does something.

    Attributes
    ----------
    form : str
        ``dense``: rows of codes; ``all``: every source reaches all; ``same``: neuron i reaches neuron i;
        ``spans``: neuron i reaches a range with a gap; ``stored``: synapses one by one.
    delays : tuple of (int, int)
        The shortest and the longest.
    words : int
        Of a bit set over the synapses of one target neuron.
    bits : int
        Of a code in flash: 1, 2, 4, 8 or 16.
    """

    id: str
    name: str
    p: ProjectionPlan
    source: Source
    target: Population
    form: str
    delays: tuple[int, int]
    count: int
    words: int = 0
    bits: int = 16
    arrays: list[Array] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    @property
    def one_delay(self) -> bool:
        """Whether all synapses have the same delay."""
        return self.delays[0] == self.delays[1]

    @property
    def code_type(self) -> str:
        """Type of an element of its codes."""
        return self.target.code_type if self.target.rule else f"uint{max(self.bits, 8)}_t"

    @property
    def lanes(self) -> int:
        """Codes in a byte of a row."""
        return max(8 // self.bits, 1)


@dataclass(eq=False)
class Model:
    """A network for the templates.

    Attributes
    ----------
    name : str
        Prefix of everything that the header declares.
    step : int
        The step that comes next.
    learn : bool
    inputs, populations, projections
    classes, period : int
        Of the votes; 0 without them.
    deciding : Population or None
    """

    name: str
    step: int
    learn: bool
    inputs: list[Source]
    populations: list[Population]
    projections: list[Projection]
    classes: int = 0
    period: int = 0
    deciding: Population | None = None

    @property
    def index_type(self) -> str:
        """Type of the numbers of nodes of inputs."""
        return integer_type(0, max((source.size for source in self.inputs), default=1) - 1 | 0xFFFF)

    @property
    def mask_words(self) -> int:
        """Words of the longest bit set over a neuron's synapses."""
        return max((q.words for q in self.projections), default=0) if self.learn else 0

    @property
    def plastic(self) -> list[Projection]:
        """The plastic projections."""
        return [q for q in self.projections if q.p.kind == "plastic"]

    @property
    def draws(self) -> set[str]:
        """The hashes that are needed: of ``splitmix64`` and ``jenkins32``."""
        random = [p for p in self.populations if p.p.kick or p.rounds]
        return {"jenkins32" if p.p.jenkins else "splitmix64" for p in random}

    @property
    def scales(self) -> bool:
        """Whether the table of 2^-f is needed."""
        return any(not p.steady for p in self.populations if p.rule)

    @property
    def owners(self) -> list[Any]:
        """Inputs, populations and projections: all that have arrays and tables."""
        return [*self.inputs, *self.populations, *self.projections]

    @property
    def clears(self) -> bool:
        """Whether arrivals are cleared in a step."""
        return any(p.kinds for p in self.populations)

    @property
    def tabled(self) -> bool:
        """Whether arrays of two dimensions begin with other values than 0."""
        arrays = [array for owner in self.owners for array in owner.arrays]
        return any(array.values.ndim == 2 and (array.derived or array.values.any()) for array in arrays)

    @property
    def upper(self) -> str:
        """Prefix of the constants of the header."""
        return self.name.upper()


def power(n: int) -> int:
    """The least power of two that is n or more."""
    return 1 << max(n - 1, 0).bit_length()


def sources_of(plan: Plan, state: State, copy: int, learn: bool) -> tuple[list[Source], list[Population]]:
    """Inputs and populations with their constants, without what depends on projections."""
    taken: set[str] = set()
    inputs = [Source(identifier(name, taken), comment(name), size) for name, size in plan.inputs]
    kick, rounding = plan.kick_keys(copy), plan.rounding_keys(copy)
    populations = []
    plastic = [p for p in plan.projections if p.kind == "plastic"]
    learns = {p.target for p in plastic if plan.count(p.index, copy)}
    for p in plan.populations:
        rule = p.plasticity if learn and p.index in learns else None
        made = Population(identifier(p.name, taken), comment(p.name), p.size, p=p, rule=rule)
        neurons = neurons_of(state, p, copy)
        largest = int(np.abs(neurons.potential.astype(np.int64)).max())
        reached = max(largest_potential(plan, p), largest)
        made.bound, made.clips = min(reached, p.potential_limit), reached >= p.potential_limit
        made.kick_key, made.rounding_key = int(kick[p.index]), int(rounding[p.index])
        if rule:
            made.steady = not rule.stability_rate and not neurons.stability.any()
            grains = rule.resource_limit // rule.resource_grain
            made.resource_type = signed_type(-grains, grains)
        populations.append(made)
    return inputs, populations


def ring(past: np.ndarray, length: int, step: int) -> np.ndarray:
    """Rows of the last `length` steps before `step` out of a longer ring; silence before step 0."""
    result = np.zeros((length, past.shape[1]), dtype=past.dtype)
    steps = np.arange(max(step - length, 0), step)
    result[steps % length] = past[steps % len(past)]
    return result


def neuron_arrays(made: Population, n: Neurons, step: int) -> list[Array]:
    """The arrays of a population in the state, without those of arrivals."""
    p, rule = made.p, made.rule
    found = [
        Array("potential", made.potential_type, "1/1000, membrane potential", n.potential),
    ]

    def add(name: str, ctype: str, text: str, values: np.ndarray, wanted: object = True) -> None:
        if wanted:
            found.append(Array(name, ctype, text, values))

    add("ramp", "int32_t", "steps, counter of the linear part of the threshold", n.ramp, p.ramp_period)
    add("gate", "int32_t", "steps, activation counter: awake if positive", n.gate, p.gated)
    add("memory_end", "int64_t", "step, last of self-sustained firing", n.memory_end, p.memory_period)
    add("memory_next", "int64_t", "step, next kick of the memory timer", n.memory_next, p.memory_period)
    if rule:
        add("last_spike", "int64_t", "step, last own spike", n.last_spike)
        add("forced", "uint8_t", "whether the last spike was forced", n.forced)
        by_start = not made.steady and not rule.stability_three_factor
        add("sequence_start", "int64_t", "step, first spike of the tight sequence", n.sequence_start, by_start)
        add("stability", "int64_t", "2^-20", n.stability, not made.steady)
        owed = "2^-20, resource still to be added to all synapses"
        add("debt", "int64_t", owed, n.debt, rule.virtual_synapses >= 0)
    return found
