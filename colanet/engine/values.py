"""Which values the variables of a state may have, so that no loaded state leads a kernel astray."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from colanet.plan import Plan, PopulationPlan
from colanet.plan.fixed import (
    AWAKE,
    NEVER,
    POTENTIAL_LIMIT,
    RAMP_LIMIT,
    RESOURCE_LIMIT,
    STABILITY_LIMIT,
    STEP_LIMIT,
)

_FOREVER = 1 << 62
_DEBT_LIMIT = 1 << 60
_INT64 = (1 << 63) - 1
_TIMES = frozenset({"sequence_start", "last_spike", "memory_end", "memory_next"})

Range = tuple[int, int]


def ranges(population: PopulationPlan, step: int | None) -> dict[str, Range]:
    """Least and largest legal value of each variable of a population; times may also be `NEVER`.

    Parameters
    ----------
    population : PopulationPlan
    step : int or None
        The step that comes next, if it is known: no spike was later.
    """
    latest = (STEP_LIMIT if step is None else step) - 1
    owes = population.plasticity is not None and population.rule.virtual_synapses >= 0
    return {
        "potential": (-POTENTIAL_LIMIT, POTENTIAL_LIMIT),
        "ramp": (0, RAMP_LIMIT if population.ramp_period else 0),
        "gate": (-AWAKE if population.gated else AWAKE, AWAKE),
        "spikes": (0, 1),
        "awake": (0, 1),
        "forced": (0, 1),
        "memory_end": (0, _FOREVER),
        "memory_next": (0, _FOREVER),
        "stability": (-STABILITY_LIMIT, STABILITY_LIMIT),
        "debt": (-_DEBT_LIMIT, _DEBT_LIMIT) if owes else (0, 0),
        "virtual": (-_INT64 - 1, _INT64) if owes else (0, 0),
        "sequence_start": (0, latest),
        "last_spike": (0, latest),
    }


SYNAPSES: dict[str, Range] = {"resource": (-RESOURCE_LIMIT, RESOURCE_LIMIT), "contributes": (0, 1)}


def wrong_values(plan: Plan, state: dict[str, np.ndarray], step: int | None) -> Iterator[str]:
    """What is wrong with the values of a state that has the right keys, shapes and types; one line each."""
    populations = {p.name: ranges(p, step) for p in plan.populations}
    for key, values in state.items():
        _, owner, variable = key.split("/")
        low, high = populations.get(owner, SYNAPSES)[variable]
        timed = variable in _TIMES
        wrong = (values < low) | (values > high)
        if timed:
            wrong &= values != NEVER
        if wrong.any():
            expected = f"{low} to {high}" if low < high else str(low)
            never = f" or {NEVER} (never)" if timed else ""
            yield f"{key} holds {values[wrong][0]}, expected {expected}{never}"
    if step is not None:
        yield from _wrong_rings(plan, state, step)


def _wrong_rings(plan: Plan, state: dict[str, np.ndarray], step: int) -> Iterator[str]:
    """Rings of past steps: nobody fired before step 0, and who never sleeps was awake at every step."""
    past = np.arange(max(step - plan.history, 0), step) % plan.history
    before = np.setdiff1d(np.arange(plan.history), past)
    for copy in range(plan.copies):
        for p in plan.populations:
            if state[f"{copy}/{p.name}/spikes"][before].any():
                yield f"{copy}/{p.name}/spikes holds spikes before step 0"
            if p.plasticity and not p.gated and not state[f"{copy}/{p.name}/awake"][past].all():
                yield f"{copy}/{p.name}/awake holds 0, expected 1: no gating synapse ends there"
