"""Every variable of a network's state, once: name, type, start, when it exists, legal values, unit.

Initial states, checkpoints, the checks of loaded states, the arrays of all engines, byte counts and the table in
docs/model.md follow from these two classes. They are typed views of one population or one projection of a state as
well. A variable is a field with its `Variable`; a new one needs its field here and its use in the rules.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from colanet.plan.fixed import in_grains
from colanet.plan.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.units import (
    AWAKE,
    DEBT_LIMIT,
    FOREVER,
    NEVER,
    RAMP_LIMIT,
    STABILITY_LIMIT,
    STEP_LIMIT,
)

State = dict[str, np.ndarray]
"""Named arrays; the keys are ``copy/population/variable`` or ``copy/projection/variable``."""

Bounds = tuple[int, int]
_INT64 = (1 << 63) - 1


@dataclass(frozen=True)
class Variable:
    """What there is to know of one variable.

    Attributes
    ----------
    name : str
        In all engines.
    key : str
        In states and their files.
    dtype : type of the integers
    per : {'neuron', 'step', 'synapse'}
        One entry a neuron; a ring of past steps of one entry a neuron; one entry a synapse.
    unit, text : str
        For people.
    start : int or callable
        Value before step 0, or ``(plan, population or projection, copy) -> array``.
    exists : callable
        Whether a population or projection has it.
    bounds : callable
        ``(population or None, latest step) -> (least, largest)`` legal value.
    grain : callable
        ``population -> int``: legal values are multiples of it.
    time : bool
        Whether it is a time, which may also be `NEVER`.
    """

    name: str
    key: str
    dtype: type[np.integer[Any]]
    per: Literal["neuron", "step", "synapse"]
    unit: str
    text: str
    start: int | Callable[[Plan, Any, int], np.ndarray]
    exists: Callable[[Any], bool]
    bounds: Callable[[PopulationPlan, int], Bounds]
    grain: Callable[[PopulationPlan], int]
    time: bool

    @property
    def bits(self) -> bool:
        """Whether the compiled engines hold it as bit sets: one bit a synapse."""
        return self.per == "synapse" and self.bounds is _BIT

    @property
    def truth(self) -> bool:
        """Whether it is 0 or 1."""
        return self.bounds is _BIT

    @property
    def learns(self) -> bool:
        """Whether plasticity alone needs it."""
        return self.per == "synapse" or self.exists is _plastic

    def shape(self, plan: Plan, owner: PopulationPlan | ProjectionPlan, copy: int) -> tuple[int, ...]:
        """Shape of its array."""
        if isinstance(owner, ProjectionPlan):
            return (plan.count(owner.index, copy),)
        return (plan.history, owner.size) if self.per == "step" else (owner.size,)

    def initial(self, plan: Plan, owner: PopulationPlan | ProjectionPlan, copy: int) -> np.ndarray:
        """Its array before step 0."""
        if callable(self.start):
            return self.start(plan, owner, copy).astype(self.dtype, copy=False)
        return np.full(self.shape(plan, owner, copy), self.start, dtype=self.dtype)


def _always(owner: Any) -> bool:
    return True


def _plastic(population: PopulationPlan) -> bool:
    return population.plasticity is not None


def _remembers(population: PopulationPlan) -> bool:
    return population.memory_period > 0


def _owes(population: PopulationPlan) -> bool:
    return population.plasticity is not None and population.plasticity.virtual_synapses >= 0


def _between(low: int, high: int) -> Callable[[PopulationPlan, int], Bounds]:
    return lambda population, latest: (low, high)


_BIT = _between(0, 1)


def _one(population: PopulationPlan) -> int:
    return 1


def _past(population: PopulationPlan, latest: int) -> Bounds:
    return 0, latest


def _resources(plan: Plan, projection: ProjectionPlan, copy: int) -> np.ndarray:
    rule = plan.populations[projection.target].rule
    return in_grains(plan.resources(projection.index, copy), rule.resource_grain, rule.resource_limit)


def variable(
    dtype: type[np.integer[Any]],
    unit: str,
    text: str,
    bounds: Callable[[PopulationPlan, int], Bounds],
    *,
    per: str = "neuron",
    start: int | Callable[[Plan, Any, int], np.ndarray] = 0,
    exists: Callable[[Any], bool] = _always,
    grain: Callable[[PopulationPlan], int] = _one,
    key: str = "",
) -> Any:
    """A field of `Neurons` or `Plastic`, see `Variable`."""
    told = {
        "key": key, "dtype": dtype, "per": per, "unit": unit, "text": text, "start": start, "exists": exists,
        "bounds": bounds, "grain": grain, "time": start == NEVER,
    }  # fmt: skip
    return field(metadata=told)


@dataclass(eq=False)
class Neurons:
    """State of the neurons of one population in one copy; arrays that the population lacks are empty."""

    potential: np.ndarray = variable(
        np.int32, "1/1000", "membrane potential",
        lambda population, latest: (-population.potential_limit, population.potential_limit),
        grain=lambda population: population.potential_step,
    )  # fmt: skip
    ramp: np.ndarray = variable(
        np.int32, "steps", "counter of the linear part of the threshold",
        lambda population, latest: (0, RAMP_LIMIT if population.ramp_period else 0),
    )  # fmt: skip
    gate: np.ndarray = variable(
        np.int32, "steps", "activation counter: awake if positive",
        lambda population, latest: (-AWAKE if population.gated else AWAKE, AWAKE),
        start=lambda plan, population, copy: plan.initial_gate(population, copy),
    )  # fmt: skip
    spikes: np.ndarray = variable(
        np.uint8, "0, 1", "who fired; row t mod history belongs to step t", _BIT, per="step"
    )
    memory_end: np.ndarray = variable(
        np.int64, "step", "last step of self-sustained firing", _between(0, FOREVER), start=NEVER, exists=_remembers
    )
    memory_next: np.ndarray = variable(
        np.int64, "step", "next kick of the memory timer", _between(0, FOREVER), start=NEVER, exists=_remembers
    )
    awake: np.ndarray = variable(
        np.uint8, "0, 1", "who was awake; row t mod history belongs to step t", _BIT, per="step", exists=_plastic
    )
    stability: np.ndarray = variable(
        np.int64, "2^-20", "stability", _between(-STABILITY_LIMIT, STABILITY_LIMIT), exists=_plastic
    )
    debt: np.ndarray = variable(
        np.int64, "2^-20", "resource still to be added to all synapses",
        lambda population, latest: (-DEBT_LIMIT, DEBT_LIMIT) if _owes(population) else (0, 0), exists=_plastic,
    )  # fmt: skip
    virtual_resource: np.ndarray = variable(
        np.int64, "2^-20", "resource of the virtual synapses, modulo 2^64",
        lambda population, latest: (-_INT64 - 1, _INT64) if _owes(population) else (0, 0), exists=_plastic,
        key="virtual",
    )  # fmt: skip
    sequence_start: np.ndarray = variable(
        np.int64, "step", "first spike of the tight sequence", _past, start=NEVER, exists=_plastic
    )
    last_spike: np.ndarray = variable(np.int64, "step", "last own spike", _past, start=NEVER, exists=_plastic)
    forced: np.ndarray = variable(np.uint8, "0, 1", "whether the last spike was forced", _BIT, exists=_plastic)


@dataclass(eq=False)
class Plastic:
    """State of the synapses of one plastic projection in one copy, in their order (pre, post)."""

    resource: np.ndarray = variable(
        np.int32, "2^-20", "synaptic resource",
        lambda target, latest: (-target.rule.resource_limit, target.rule.resource_limit), per="synapse",
        start=lambda plan, projection, copy: _resources(plan, projection, copy),
        grain=lambda target: target.rule.resource_grain,
    )  # fmt: skip
    contributes: np.ndarray = variable(
        np.uint8, "0, 1", "whether it contributed to the tight sequence", _BIT, per="synapse"
    )


def _variables(view: type) -> tuple[Variable, ...]:
    found = []
    for one in dataclasses.fields(view):
        told = dict(one.metadata)
        told["key"] = told["key"] or one.name
        found.append(Variable(name=one.name, **told))
    return tuple(found)


NEURONS = _variables(Neurons)
"""The variables of populations, in their order in a state."""
PLASTIC = _variables(Plastic)
"""The variables of plastic projections."""

# ----------------------------------------------------------------------- states


def owned(plan: Plan) -> Iterator[tuple[PopulationPlan | ProjectionPlan, Variable]]:
    """Every variable that a network has, with the population or projection that has it."""
    for population in plan.populations:
        yield from ((population, v) for v in NEURONS if v.exists(population))
    for projection in plan.projections:
        if projection.kind == "plastic":
            yield from ((projection, v) for v in PLASTIC if v.exists(projection))


def key_of(owner: PopulationPlan | ProjectionPlan, variable: Variable, copy: int) -> str:
    """Name of an array of a state."""
    return f"{copy}/{owner.name}/{variable.key}"


def initial_state(plan: Plan, copies: Iterable[int] | None = None) -> State:
    """The state before step 0, of some copies; None: of all."""
    return {
        key_of(owner, variable, copy): variable.initial(plan, owner, copy)
        for copy in (range(plan.copies) if copies is None else copies)
        for owner, variable in owned(plan)
    }


def shapes(plan: Plan) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
    """Type and shape of every array of a state."""
    return {
        key_of(owner, variable, copy): (np.dtype(variable.dtype), variable.shape(plan, owner, copy))
        for copy in range(plan.copies)
        for owner, variable in owned(plan)
    }


def neurons_of(state: State, population: PopulationPlan, copy: int) -> Neurons:
    """The arrays of one population, which are those of the state."""
    nothing = np.zeros(0, dtype=np.int64)
    return Neurons(**{v.name: state.get(key_of(population, v, copy), nothing) for v in NEURONS})


def plastic_of(state: State, projection: ProjectionPlan, copy: int) -> Plastic:
    """The arrays of one plastic projection, which are those of the state; empty where it lacks one."""
    nothing = np.zeros(0, dtype=np.int64)
    return Plastic(**{v.name: state.get(key_of(projection, v, copy), nothing) for v in PLASTIC})


def state_bytes(plan: Plan) -> int:
    """Bytes of the state of one copy."""
    return sum(
        int(np.prod(variable.shape(plan, owner, 0))) * np.dtype(variable.dtype).itemsize
        for owner, variable in owned(plan)
    )


# ----------------------------------------------------------------------- checks


def wrong_values(plan: Plan, state: State, step: int | None) -> Iterator[str]:
    """What is wrong with the values of a state that has the right keys, shapes and types; one line each.

    Parameters
    ----------
    plan : Plan
    state : State
    step : int or None
        The step that comes next, if it is known: no spike was later.
    """
    latest = (STEP_LIMIT if step is None else step) - 1
    for copy in range(plan.copies):
        for owner, variable in owned(plan):
            target = plan.populations[owner.target] if isinstance(owner, ProjectionPlan) else owner
            low, high = variable.bounds(target, latest)
            key = key_of(owner, variable, copy)
            values, grain = state[key], variable.grain(target)
            if grain > 1 and (between := values[values % grain != 0]).size:
                yield f"{key} holds {between[0]}, expected multiples of {grain}"
            if not values.size or (low <= values.min() and values.max() <= high):
                continue
            wrong = (values < low) | (values > high)
            if variable.time:
                wrong &= values != NEVER
            if wrong.any():
                expected = f"{low} to {high}" if low < high else str(low)
                never = f" or {NEVER} (never)" if variable.time else ""
                yield f"{key} holds {values[wrong][0]}, expected {expected}{never}"
        if step is not None:
            yield from _wrong_rings(plan, state, copy, step)


def _wrong_rings(plan: Plan, state: State, copy: int, step: int) -> Iterator[str]:
    """Rings of past steps: no neuron fired before step 0; one without gating synapses was awake at every step."""
    past = np.arange(max(step - plan.history, 0), step) % plan.history
    before = np.setdiff1d(np.arange(plan.history), past)
    for population in plan.populations:
        name, neurons = f"{copy}/{population.name}", neurons_of(state, population, copy)
        if neurons.spikes[before].any():
            yield f"{name}/spikes holds spikes before step 0"
        if population.plasticity and not population.gated and not neurons.awake[past].all():
            yield f"{name}/awake holds 0, expected 1: no gating synapse ends there"


# --------------------------------------------------------------------- for docs


def table() -> str:
    """All variables as a table in Markdown."""
    lines = ["| variable | of each | type | unit | meaning |", "| --- | --- | --- | --- | --- |"]
    of = {"neuron": "neuron", "step": "neuron and past step", "synapse": "plastic synapse"}
    lines += [
        f"| `{v.key}` | {of[v.per]} | {np.dtype(v.dtype)} | {v.unit} | {v.text} |" for v in (*NEURONS, *PLASTIC)
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
