"""The engines' sums and products, and what keeps each of them inside its integer.

| what | integer | bound | kept by |
| --- | --- | --- | --- |
| arrivals of a neuron in one step, with bias and kicks | int32 | below 2^30 | `_arrivals` |
| potential | int32 | +-2^30, or fewer bits | saturates; leak and arrivals are two numbers of at most 2^30 |
| potential x leak | int64, or cut into 1024s | 2^40 | leak is at most 1024 |
| potential x leak of small populations | int32 | below 2^31 | their potentials stay below 2^21 |
| kick: draw x amplitude | int32 below 2^15, else int64 | 2^32 | the amplitude is at most 65,535 |
| counter of the linear threshold | int32 | 2^31 - 1 | saturates |
| counter x increment | int64 | 2^61 | the increment is at most 2^30 |
| sum of a neuron's positive weights | int64 | below 2^30 | `_arrivals` |
| weight factor x sum of positive weights | int64 | 2^60 | the factor is at most 2^30 |
| activation counter | int32 | 2^30 | gating weights are smaller, and are not added |
| rewards of a neuron in one step | int64 | below 2^32 | `_rewards` |
| rate or reward x 2^-stability | int64 | 2^62 | rates are at most 1000 x 2^20 |
| stability rate x reward | int64 | 2^62 | likewise |
| (stability rate x reward) / 2^20 x factor | int64 | 2^63 - 2^21 | the factor lies in -1..2, so 2^42 x 2^21 |
| time since the sequence began, shifted | int64 | 2^34 | cut at three gaps, where the factor is -1 |
| stability | int64 | +-2^62 | saturates |
| resource + step, resource + share | int64 | 2^33 | resources saturate at 2^31 - 1 - 2^20 or before |
| smallest resource x sharers | int64 | 2^45 | 2^20 x (2^24 synapses + 2^24 virtual ones) |
| the same, sixteen at once | int32 | 2^31 - 1 | only steps of at most 1.0, which is 2^20 |
| debt of a neuron | int64 | 2^57 | what its resources have gained; 2^24 synapses of 2^32 at most |
| resources of the virtual synapses | int64 | modulo 2^64 | booked only; no rule reads it |
| weight: 2 x span x resource | int64 | 2^48 | weights are int16 |
| step + memory time, step + period | int64 | below 2^63 | steps lie below 2^61, memory is at most 2^62 |
| spikes of a class in one object | int32 | 2^31 - 1 | `_votes` |
| neuron x classes | int64 | 2^40 | 2^24 neurons, 2^16 classes |
| draw number pre x target size + post | int64 | 2^48 | sizes are at most 2^24 |
| stream number of an object | 32 bits | index below 2^24 | `_streams` |
| integrating coding: sums x presentation | int64 | 2^62 | the modulus and periods are below 2^31 |
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from colanet.config.model import TargetInput
from colanet.errors import ConfigError, Problem
from colanet.units import LEAK_Q, MEMORY_KICK, MILLI, ONE, POTENTIAL_LIMIT, REWARD_LIMIT, STEP_LIMIT

if TYPE_CHECKING:
    from colanet.plan.plan import Plan, PopulationPlan, ProjectionPlan

_INT32 = (1 << 31) - 1
_STREAMS = 1 << 24


def check(plan: Plan) -> None:
    """Refuse a network whose sums could leave the engines' integers.

    Raises
    ------
    ConfigError
        With every sum, what it could come to and the limit.
    """
    problems = list(_streams(plan))
    for population in plan.populations:
        problems += _arrivals(plan, population)
        problems += _rewards(plan, population)
    problems += _votes(plan)
    if problems:
        raise ConfigError(problems)


def check_steps(start: int, stop: int) -> None:
    """Refuse steps whose sums with times could leave 64 bits.

    Raises
    ------
    ConfigError
    """
    if not 0 <= start <= stop < STEP_LIMIT:
        raise ConfigError(f"steps {start} to {stop}: steps lie between 0 and {STEP_LIMIT - 1}")


def _into(plan: Plan, population: PopulationPlan, *kinds: str) -> list[ProjectionPlan]:
    return [p for p in plan.projections if p.target == population.index and p.kind in kinds]


def largest_potential(plan: Plan, population: PopulationPlan) -> int:
    """Bound of the size of a population's potentials in 1/1000, from a start at rest, whatever its bits.

    A step makes of u at most u leak / 2^10 + arrivals.
    """
    fades = (1 << LEAK_Q) - population.leak
    if not fades:
        return POTENTIAL_LIMIT
    reached = -(-(largest_arrival(plan, population) << LEAK_Q) // fades)
    return min(max(reached, population.floor), POTENTIAL_LIMIT)


def drift_bounds(population: PopulationPlan, steps: int) -> tuple[list[int], list[int]]:
    """How far potentials can come without arrivals.

    Parameters
    ----------
    population : PopulationPlan
    steps : int
        How many bounds; the last one holds for all later steps too.

    Returns
    -------
    keeps, gains : lists of int
        In n steps a potential u stays below its size now or (max(u, 0) keeps[n] >> LEAK_Q) + gains[n]. Kicks of at
        most K lead it to u f^n + K (1 + f + ... + f^(n-1)) for a leak f, which moves in one direction; both parts
        are rounded up. Where there is no such bound, gains are above every threshold.
    """
    if population.bias or population.floor > 0 or (population.kick and population.leak == 1 << LEAK_Q):
        return [0] * steps, [POTENTIAL_LIMIT + 1] * steps
    if not population.kick:
        return [0] * steps, [0] * steps
    keeps, gains = [1 << LEAK_Q], [0]
    while len(gains) < steps or gains[-1] != gains[-2]:
        keeps.append(-(-keeps[-1] * population.leak >> LEAK_Q))
        gains.append(-(-gains[-1] * population.leak >> LEAK_Q) + population.kick)
    return keeps[:steps], [gain + 1 for gain in (*gains[: steps - 1], gains[-1])]


def largest_arrival(plan: Plan, population: PopulationPlan) -> int:
    """Bound of the size of what one step adds to a potential."""
    total = abs(population.bias) + population.kick + (MEMORY_KICK if population.memory_period else 0)
    for projection in _into(plan, population, "fixed", "plastic"):
        size = abs(projection.weight)
        if projection.kind == "plastic":
            size = max(-population.rule.weight_base, population.rule.weight_top)
        total += size * plan.fan_in(projection)
    return total


def _arrivals(plan: Plan, population: PopulationPlan) -> Iterator[Problem]:
    total = largest_arrival(plan, population)
    if total >= POTENTIAL_LIMIT:
        yield Problem(
            f"its incoming weights could add up to {total / MILLI:.0f} in one step, "
            f"at most {POTENTIAL_LIMIT // MILLI} fits",
            f"population {population.name}",
        )


def _rewards(plan: Plan, population: PopulationPlan) -> Iterator[Problem]:
    total = sum(abs(p.weight) * plan.fan_in(p) for p in _into(plan, population, "reward"))
    if total >= REWARD_LIMIT:
        yield Problem(
            f"its incoming rewards could add up to {total / ONE:.0f} in one step, "
            f"they must stay below {REWARD_LIMIT // ONE}",
            f"population {population.name}",
        )


def _votes(plan: Plan) -> Iterator[Problem]:
    readout = plan.description.readout
    target = next((i for i in plan.description.inputs if isinstance(i, TargetInput)), None)
    if readout is None or target is None:
        return
    population = plan.population(readout.population)
    total = -(-population.size // target.size) * target.period
    if total > _INT32:
        yield Problem(
            f"{population.name} could fire {total} times for one class in a period of {target.period} steps, "
            f"at most {_INT32} are counted",
            "readout",
        )


def _streams(plan: Plan) -> Iterator[Problem]:
    for what, objects in (("populations", plan.populations), ("projections", plan.projections)):
        if len(objects) >= _STREAMS:
            yield Problem(f"{len(objects)} {what}: there are random numbers for {_STREAMS - 1}")
