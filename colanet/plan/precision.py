"""Fewer bits: a state as fewer bits hold it, and the bytes that plastic synapses take."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from colanet.config.model import Population
from colanet.plan.fixed import in_grains
from colanet.plan.plan import Plan, PopulationPlan
from colanet.plan.variables import State, key_of, owned


def held(potential: np.ndarray, population: PopulationPlan) -> np.ndarray:
    """Potentials within their limit, cut towards zero to a multiple of their step (docs/model.md, section 22)."""
    limit, step = population.potential_limit, population.potential_step
    size = np.minimum(np.abs(potential.astype(np.int64)), limit) // step * step
    return np.where(potential < 0, -size, size)


def in_precision(plan: Plan, state: State) -> State:
    """A state as the bits of a plan hold it: resources go to the nearest, potentials are cut.

    Parameters
    ----------
    plan : Plan
    state : State
        Of the same network with other bits.
    """
    result = dict(state)
    for copy in range(plan.copies):
        for owner, variable in owned(plan):
            key = key_of(owner, variable, copy)
            if isinstance(owner, PopulationPlan):
                if variable.name == "potential":
                    result[key] = held(state[key], owner).astype(variable.dtype)
            elif variable.name == "resource":
                rule = plan.populations[owner.target].rule
                found = in_grains(state[key], rule.resource_grain, rule.resource_limit)
                result[key] = found.astype(variable.dtype)
    return result


def weight_bytes(plan: Plan) -> int:
    """Bytes of the plastic weights of one copy as codes of their bits, densely packed."""
    return _packed(plan, lambda population: population.weight_bits)


def learning_bytes(plan: Plan) -> int:
    """Bytes of what learning keeps for the synapses of one copy: resources, and a bit each that they contribute."""
    return _packed(plan, lambda population: population.resource_bits + 1)


def _packed(plan: Plan, bits_of: Callable[[Population], int]) -> int:
    bits = sum(
        plan.count(p.index) * bits_of(plan.description.populations[p.target])
        for p in plan.projections
        if p.kind == "plastic"
    )
    return -(-bits // 8)
