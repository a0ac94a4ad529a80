"""What the bits of a population make of numbers: potentials, kicks, states, bytes (docs/model.md, section 22)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from colanet import hashing
from colanet.config.model import Population
from colanet.plan.fixed import in_grains
from colanet.plan.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.variables import State, Variable, key_of, owned
from colanet.units import DRAW_BITS


def held(potential: np.ndarray, population: PopulationPlan) -> np.ndarray:
    """Potentials within their limit, cut towards zero to a multiple of their step (docs/model.md, section 22)."""
    limit, step = population.potential_limit, population.potential_step
    size = np.minimum(np.abs(potential.astype(np.int64)), limit) // step * step
    return np.where(potential < 0, -size, size)


def kicks(population: PopulationPlan, key: int, t: int) -> np.ndarray:
    """Random kicks of step t, int64 of shape (size,), in 1/1000 (docs/model.md, sections 5 and 16)."""
    every = np.arange(population.size)
    if population.jenkins:
        draw = hashing.draw16_32(hashing.step_key32(key, t), every)
    else:
        draw = hashing.draw16(hashing.step_key(key, t), every)
    kick: np.ndarray = draw * population.kick >> DRAW_BITS
    return kick


def bits_of(plan: Plan, owner: PopulationPlan | ProjectionPlan, variable: Variable) -> int:
    """Bits of one entry of a variable: as the configuration says, one for yes and no, else those of its type."""
    described = plan.description.populations[owner.target if isinstance(owner, ProjectionPlan) else owner.index]
    said = {"potential": described.potential_bits, "resource": described.resource_bits}
    return said.get(variable.key, 1 if variable.truth else 8 * np.dtype(variable.dtype).itemsize)


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


def _packed(plan: Plan, bits: Callable[[Population], int]) -> int:
    total = sum(
        plan.count(p.index) * bits(plan.description.populations[p.target])
        for p in plan.projections
        if p.kind == "plastic"
    )
    return -(-total // 8)
