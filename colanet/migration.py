"""Neuron migration: idle neurons of easy columns move to columns that lack neurons.

An option of CoLaNET's authors (M. Kiselev, D. Larionov et al.): a neuron that has stayed silent and unlearnt is
taken out of its column and put into the column that needs neurons most, the one whose neurons are forced to fire
most often. It keeps no weights.

A column here has a fixed number of places, some of them empty at first. A neuron that moves leaves its place
empty and takes an empty one of the other column, with the initial state of a new neuron. An empty place is a
neuron with an activation counter so low that it sleeps for good, so engines need not know of migration at all;
on a chip the places are the neurons there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colanet.errors import ConfigError, Problem
from colanet.plan import Plan, PopulationPlan
from colanet.plan.variables import State, initial_state
from colanet.renewal import renew
from colanet.units import NEVER

EMPTY = -(1 << 30)
"""Activation counter of an empty place. It moves towards 0, but not a hundredth of the way in a year of steps;
gating arrivals only lower counters, or lift them to small positive values, see `check`."""
_EMPTY_BELOW = EMPTY // 2


@dataclass(frozen=True)
class Migration:
    """When and where neurons move.

    Attributes
    ----------
    population : str
        The learning population, in columns.
    demand : str
        A population with one neuron a column; its spikes are the forced firings of that column.
    empty : int
        Places of every column that are empty at first.
    every : int
        Objects between two rounds.
    silent : int
        Objects for which a neuron must not have fired to count as idle.
    moves : int
        Most neurons that move in one round, a copy.
    margin : float
        The receiving column must have at least this many times the forced firings of the giving one.
    least : int
        Places a column keeps filled.
    """

    population: str = "L"
    demand: str = "BIASGATE"
    empty: int = 5
    every: int = 5000
    silent: int = 5000
    moves: int = 5
    margin: float = 2.0
    least: int = 1

    def __post_init__(self) -> None:
        problems = [
            Problem(f"{value} is out of range, expected at least {low}", f"migration {name}")
            for name, value, low in (
                ("empty", self.empty, 0), ("every", self.every, 1), ("silent", self.silent, 1),
                ("moves", self.moves, 1), ("margin", self.margin, 1), ("least", self.least, 0),
            )
            if not value >= low
        ]  # fmt: skip
        if problems:
            raise ConfigError(problems)


@dataclass(frozen=True)
class Move:
    """One neuron that moved: network copy, place it left, place it took."""

    copy: int
    source: int
    target: int


def check(migration: Migration, plan: Plan) -> None:
    """Refuse networks in which neurons cannot move.

    Raises
    ------
    ConfigError
        If a population is missing, has no columns or no plasticity, or a gating synapse could wake empty places.
    """
    names = {p.name: p for p in plan.populations}
    for name in (migration.population, migration.demand):
        if name not in names:
            raise ConfigError(Problem(f"there is no population {name}; there are {', '.join(names)}", "migration"))
    learner, demand = names[migration.population], names[migration.demand]
    where = f"migration, population {learner.name}"
    if learner.plasticity is None or learner.columns < 2:
        message = "expected a plastic population of at least 2 columns, between which neurons move"
        raise ConfigError(Problem(message, where))
    if not learner.gated:
        raise ConfigError(Problem("no incoming gating projection, expected one: empty places sleep", where))
    if demand.size != learner.columns:
        raise ConfigError(
            Problem(f"{demand.name} has {demand.size} neurons, expected one a column, {learner.columns}", where)
        )
    if migration.empty + migration.least > learner.column_size:
        asked = f"empty {migration.empty} + least {migration.least}"
        raise ConfigError(Problem(f"{asked} exceeds the {learner.column_size} places of a column", where))
    for projection in plan.projections:
        if projection.target == learner.index and projection.kind == "gating" and projection.weight > 0:
            raise ConfigError(Problem(f"projection {projection.name} would wake empty places", where))


def is_empty(state: State, population: PopulationPlan, copy: int) -> np.ndarray:
    """Which places of a population are empty, bool of shape (size,)."""
    return state[f"{copy}/{population.name}/gate"] < _EMPTY_BELOW


def prepare(migration: Migration, plan: Plan, state: State) -> None:
    """Empty the last places of every column, in place; for the state before step 0."""
    learner = plan.population(migration.population)
    for copy in range(plan.copies):
        gate = state[f"{copy}/{learner.name}/gate"].reshape(learner.columns, learner.column_size)
        gate[:, learner.column_size - migration.empty :] = EMPTY


def migrate(
    migration: Migration, plan: Plan, state: State, demand: np.ndarray, now: int, period: int
) -> list[Move]:
    """One round, in place.

    Parameters
    ----------
    demand : ndarray of int64, shape (copies, columns)
        Forced firings since the last round; as a neuron comes, its column's demand is taken as shared with it.
    now : int
        Present step.
    period : int
        Steps an object.

    Returns
    -------
    list of Move
    """
    learner = plan.population(migration.population)
    new = initial_state(plan)
    moves = []
    for copy in range(plan.copies):
        vacant = is_empty(state, learner, copy)
        state[f"{copy}/{learner.name}/gate"][vacant] = EMPTY
        idle = ~vacant & _idle(learner, state, copy, now, migration.silent * period)
        moves += _round(migration, learner, copy, vacant, idle, demand[copy])
    for move in moves:
        renew(plan, learner, state, new, move.copy, move.source)
        renew(plan, learner, state, new, move.copy, move.target)
        state[f"{move.copy}/{learner.name}/gate"][move.source] = EMPTY
    return moves


def _idle(learner: PopulationPlan, state: State, copy: int, now: int, silent: int) -> np.ndarray:
    """Neurons silent for so many steps that have learnt nothing: their stability never rose."""
    last = state[f"{copy}/{learner.name}/last_spike"]
    stability = state[f"{copy}/{learner.name}/stability"]
    idle: np.ndarray = ((last == NEVER) | (now - last >= silent)) & (stability <= 0) & (now >= silent)
    return idle


def _round(
    migration: Migration,
    learner: PopulationPlan,
    copy: int,
    vacant: np.ndarray,
    idle: np.ndarray,
    demand: np.ndarray,
) -> list[Move]:
    """Who moves where in one copy: again and again from the least to the most demanding column."""
    shape = (learner.columns, learner.column_size)
    vacant, idle = vacant.reshape(shape).copy(), idle.reshape(shape).copy()
    filled = (~vacant).sum(axis=1)
    need = demand.astype(float)
    moves: list[Move] = []
    while len(moves) < migration.moves:
        givers = np.flatnonzero(idle.any(axis=1) & (filled > migration.least))
        takers = np.flatnonzero(vacant.any(axis=1) & ~idle.any(axis=1))
        if not len(givers) or not len(takers):
            break
        giver, taker = givers[np.argmin(need[givers])], takers[np.argmax(need[takers])]
        if need[taker] <= 0 or need[taker] < migration.margin * need[giver]:
            break
        source, target = int(idle[giver].argmax()), int(vacant[taker].argmax())
        idle[giver, source] = vacant[taker, target] = False
        need[taker] *= filled[taker] / (filled[taker] + 1)
        filled[giver] -= 1
        filled[taker] += 1
        base = giver * learner.column_size, taker * learner.column_size
        moves.append(Move(copy, int(base[0] + source), int(base[1] + target)))
    return moves
