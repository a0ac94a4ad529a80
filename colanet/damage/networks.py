"""Dead synapses, dead neurons and noisy weights in the state of a network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction

import numpy as np

from colanet.arguments import whole
from colanet.damage.chance import NORMAL_Q, Draw, check_level, dead, key_of, normal, scaled
from colanet.errors import ConfigError, Problem
from colanet.migration import EMPTY
from colanet.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.plan import Plasticity
from colanet.plan.variables import State
from colanet.units import LARGEST_SEED, MILLI

MOST_NOISE = 100.0
"""Largest noise on weights, in standard deviations of the weights."""


@dataclass(frozen=True)
class Damage:
    """Damage to every population that learns, and to its plastic synapses.

    Attributes
    ----------
    weight_noise : float
        Standard deviation of the noise on weights, in those of the weights: 0 to `MOST_NOISE`.
    dead_synapses, dead_neurons : float
        Shares, 0 to 1.
    seed : int

    Raises
    ------
    ConfigError
        If a value is out of its range.
    """

    weight_noise: float = 0.0
    dead_synapses: float = 0.0
    dead_neurons: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "seed":
                whole("seed", value, 0, LARGEST_SEED)
            else:
                check_level(field.name, value, MOST_NOISE if field.name == "weight_noise" else 1.0)

    def of(self, plan: Plan, state: State) -> State:
        """The damaged state: noise first, then the dead. ConfigError as for the functions of this module."""
        state = noisy_weights(plan, state, self.weight_noise, self.seed)
        state = dead_synapses(plan, state, self.dead_synapses, self.seed)
        return dead_neurons(plan, state, self.dead_neurons, self.seed)


def dead_synapses(plan: Plan, state: State, share: float, seed: int = 0) -> State:
    """A state in which a share of each plastic projection's synapses, in each copy, has weight 0.

    The state holds resources, so a dead synapse gets the resource of weight 0. Thresholds follow the weights: a
    neuron loses what its dead synapses added to its threshold (docs/model.md, section 6).

    Parameters
    ----------
    plan : Plan
    state : State
        Stays as it is.
    share : float
        0 to 1; rounded to whole synapses.
    seed : int

    Raises
    ------
    ConfigError
        If the share is out of range, nothing learns, or no resource of a synapse gives weight 0.
    """
    check_level("dead_synapses", share, 1.0)
    result = dict(state)
    for projection in plastic(plan) if share else ():
        rule = plan.populations[projection.target].rule
        zero = resources_of(rule, np.zeros(1, dtype=np.int64))
        if rule.weights(zero)[0]:
            low, high = rule.w_min / MILLI, rule.w_max / MILLI
            text = f"no resource gives weight 0 between w_min {low:g} and w_max {high:g} with these bits"
            raise ConfigError(Problem(text, f"projection {projection.name}"))
        for copy, key in _resources(plan, projection):
            resource = state[key].copy()
            resource[dead(seed, projection.index, copy, Draw.DEAD_SYNAPSES, resource.size, share)] = zero[0]
            result[key] = resource
    return result


def dead_neurons(plan: Plan, state: State, share: float, seed: int = 0) -> State:
    """A state in which a share of the neurons of each learning population, in each copy, never fires.

    Their activation counters are so low that they sleep for 2^30 steps (`colanet.migration.EMPTY`).

    Parameters
    ----------
    plan, state, share, seed
        As for `dead_synapses`.

    Raises
    ------
    ConfigError
        If the share is out of range, nothing learns, or a population has no gating synapses or is woken by some.
    """
    check_level("dead_neurons", share, 1.0)
    result = dict(state)
    for population in learning(plan) if share else ():
        _check_sleep(plan, population)
        for copy in range(plan.copies):
            key = f"{copy}/{population.name}/gate"
            gate = state[key].copy()
            gate[dead(seed, population.index, copy, Draw.DEAD_NEURONS, gate.size, share)] = EMPTY
            result[key] = gate
    return result


def noisy_weights(plan: Plan, state: State, level: float, seed: int = 0) -> State:
    """A state with w + round(level s z) in the place of each plastic weight w, in 1/1000.

    Here s is the standard deviation of the weights of that projection and copy, and z is `normal`. A synapse holds
    w_min to w_max: a sum beyond takes the end. With fewer bits it takes the nearest weight that they hold.

    Parameters
    ----------
    plan, state, seed
        As for `dead_synapses`.
    level : float
        0 to `MOST_NOISE`.

    Raises
    ------
    ConfigError
        If the level is out of range, or nothing learns.
    """
    check_level("weight_noise", level, MOST_NOISE)
    result = dict(state)
    for projection in plastic(plan) if level else ():
        rule = plan.populations[projection.target].rule
        low, high = (int(end) for end in rule.weights(np.array([0, rule.resource_limit])))
        held = resources_of(rule, np.arange(low, high + 1))
        for copy, key in _resources(plan, projection):
            resource = state[key]
            weight = rule.weights(resource).astype(np.int64)
            drawn = normal(key_of(seed, projection.index, copy, Draw.WEIGHT_NOISE), np.arange(weight.size))
            noisy = np.clip(weight + scaled(drawn, noise_size(weight, level)), low, high)
            result[key] = np.where(noisy == weight, resource, held[noisy - low]).astype(resource.dtype)
    return result


def noise_size(weights: np.ndarray, level: float) -> int:
    """`level` standard deviations of integer weights in 2^-16 of their unit, rounded down; exact arithmetic."""
    n = weights.size
    if not n:
        return 0
    squares, total = int((weights * weights).sum()), int(weights.sum())
    variance = Fraction(float(level)) ** 2 * Fraction(n * squares - total * total, n * n)
    return math.isqrt(math.floor(variance * (1 << 2 * NORMAL_Q)))


def resources_of(rule: Plasticity, weights: np.ndarray) -> np.ndarray:
    """Resources of 0 or more with the nearest weights, of two the lower one; int64 of the same shape, in 2^-20."""
    grain = rule.resource_grain
    low = np.zeros(weights.shape, dtype=np.int64)
    high = np.full(weights.shape, rule.resource_limit // grain)
    while (low < high).any():
        middle = (low + high) // 2
        enough = rule.weights(middle * grain) >= weights
        low, high = np.where(enough, low, np.minimum(middle + 1, high)), np.where(enough, middle, high)
    below = np.maximum(low - 1, 0)
    above_by = np.abs(rule.weights(low * grain).astype(np.int64) - weights)
    below_by = np.abs(rule.weights(below * grain).astype(np.int64) - weights)
    found: np.ndarray = np.where(below_by <= above_by, below, low) * grain
    return found


def plastic(plan: Plan) -> list[ProjectionPlan]:
    """The projections that learn. ConfigError if there is none."""
    found = [projection for projection in plan.projections if projection.kind == "plastic"]
    if not found:
        raise ConfigError("the network has no plastic projection, expected one that can be damaged")
    return found


def learning(plan: Plan) -> list[PopulationPlan]:
    """The populations at which they end."""
    targets = {projection.target for projection in plastic(plan)}
    return [population for population in plan.populations if population.index in targets]


def _resources(plan: Plan, projection: ProjectionPlan) -> Iterator[tuple[int, str]]:
    """Copies, and where a state has their resources."""
    for copy in range(plan.copies):
        yield copy, f"{copy}/{projection.name}/resource"


def _check_sleep(plan: Plan, population: PopulationPlan) -> None:
    """Refuse populations whose neurons cannot be put to sleep for good."""
    where = f"population {population.name}"
    if not population.gated:
        raise ConfigError(Problem("no incoming gating projection, expected one: dead neurons sleep", where))
    for projection in plan.projections:
        if projection.target == population.index and projection.kind == "gating" and projection.weight > 0:
            raise ConfigError(Problem(f"projection {projection.name} would wake dead neurons", where))
