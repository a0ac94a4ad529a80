"""Looking into a network: weights, resources, thresholds, stability as arrays in potential units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from colanet.engine.base import Engine
from colanet.plan import Plan, PopulationPlan
from colanet.plan.fixed import weight_threshold
from colanet.plan.variables import State
from colanet.units import MILLI, ONE


def matrix(plan: Plan, state: State, name: str, copy: int, value: Callable[..., Any]) -> np.ndarray:
    """`value` of resources and rule, for each synapse; float of shape (n_source, n_target), NaN: no synapse."""
    plastic = {p.name: p for p in plan.projections if p.kind == "plastic"}
    if name not in plastic:
        raise KeyError(f"there is no plastic projection {name}; there are {', '.join(plastic) or 'none'}")
    check_copy(plan, copy)
    projection = plastic[name]
    synapses = plan.synapses(projection.index, copy)
    rule = plan.populations[projection.target].rule
    answer = np.full((projection.source_size, projection.target_size), np.nan)
    answer[synapses.pre, synapses.post] = value(state[f"{copy}/{name}/resource"], rule)
    return answer


def weights(plan: Plan, state: State, name: str, copy: int = 0) -> np.ndarray:
    """Weights in potential units that a state gives a plastic projection, float of shape (n_source, n_target)."""
    return matrix(plan, state, name, copy, lambda r, rule: rule.weights(r) / MILLI)


def thresholds(plan: Plan, state: State, name: str, copy: int = 0) -> np.ndarray:
    """Thresholds that a state gives a population: base, linear ramp and share of the positive plastic weights.

    Returns
    -------
    ndarray of int64, shape (size,), in 1/1000
    """
    p = population_of(plan, name)
    check_copy(plan, copy)
    positive = np.zeros(p.size)
    for projection in plan.projections:
        if projection.kind == "plastic" and projection.target == p.index:
            rule = p.rule
            weights = rule.weights(state[f"{copy}/{projection.name}/resource"])
            post = plan.synapses(projection.index, copy).post
            positive += np.bincount(post, np.maximum(weights, 0), minlength=p.size)
    ramp = state[f"{copy}/{name}/ramp"].astype(np.int64) * p.ramp_increment // max(p.ramp_period, 1)
    result: np.ndarray = ramp + weight_threshold(p.alpha, positive.astype(np.int64))
    return result


def check_copy(plan: Plan, copy: int) -> None:
    """KeyError if there is no such copy of the network."""
    if copy not in range(plan.copies):
        raise KeyError(f"there is no copy {copy}, expected 0..{plan.copies - 1}")


def population_of(plan: Plan, name: str, *, plastic: bool = False) -> PopulationPlan:
    """The population of that name; KeyError, naming what there is, if there is none (with plasticity)."""
    there = {p.name: p for p in plan.populations if p.plasticity or not plastic}
    if name not in there:
        kind = "plastic population" if plastic else "population"
        raise KeyError(f"there is no {kind} {name}; there are {', '.join(there) or 'none'}")
    return there[name]


class Inspection:
    """The part of a session that shows the present state of its network."""

    plan: Plan
    engine: Engine

    def state(self) -> State:
        """The whole state; see `colanet.engine.base.initial_state` for names, shapes and units."""
        return self.engine.state()

    def resources(self, projection: str, copy: int = 0) -> np.ndarray:
        """Synaptic resources of a plastic projection, float of shape (n_source, n_target); NaN: no synapse."""
        return matrix(self.plan, self.engine.state(), projection, copy, lambda r, rule: r / ONE)

    def weights(self, projection: str, copy: int = 0) -> np.ndarray:
        """Weights of a plastic projection in potential units, float of shape (n_source, n_target)."""
        return weights(self.plan, self.engine.state(), projection, copy)

    def thresholds(self, population: str, copy: int = 0) -> np.ndarray:
        """Present thresholds of a population in potential units, float of shape (size,)."""
        return thresholds(self.plan, self.engine.state(), population, copy) / MILLI

    def stability(self, population: str, copy: int = 0) -> np.ndarray:
        """Stability of a plastic population's neurons, float of shape (size,), no unit."""
        p = population_of(self.plan, population, plastic=True)
        check_copy(self.plan, copy)
        return self.engine.state()[f"{copy}/{p.name}/stability"] / ONE
