"""Neurons that move between columns while the network learns: when, and what is kept of it."""

from __future__ import annotations

import os
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet import contents
from colanet.errors import CheckpointError
from colanet.migration import Migration, Move, check, migrate, prepare
from colanet.observers.base import Observer, Seen, Wants

if TYPE_CHECKING:
    from colanet.session import Session


class Migrator(Observer):
    """Counts the forced firings of every column, and moves neurons at the end of every round.

    Attributes
    ----------
    moves : list of Move
        All so far.
    demand : ndarray of int64, shape (copies, columns)
        Forced firings since the last round.
    """

    name = "migration"
    place = "tally/"
    keeps = ("demand",)
    least = 0

    def __init__(self, migration: Migration) -> None:
        self.migration = migration
        self.moves: list[Move] = []
        self.session: Session | None = None

    def begin(self, session: Session) -> None:
        """Count from zero; at first, empty places of every column.

        Raises
        ------
        ConfigError
            If neurons cannot move in this network.
        """
        if self.session is None:
            check(self.migration, session.plan)
            state = session.engine.state()
            prepare(self.migration, session.plan, state)
            session.engine.load(state)
        self.session = session
        self.demand = np.zeros(
            (session.plan.copies, session.plan.population(self.migration.population).columns), dtype=np.int64
        )

    @property
    def _round(self) -> int:
        """Steps of a round; 0 without objects."""
        assert self.session is not None
        return self.migration.every * self.session.votes.period if self.session.votes else 0

    def wants(self) -> Wants:
        """The spikes of the population that tells the demand."""
        return Wants(spikes=(self.migration.demand,))

    def cuts(self, start: int, stop: int, freeze: int | None) -> range:
        """The ends of rounds, as long as the network learns."""
        last = stop if freeze is None else min(stop, freeze)
        every = self._round
        return range((start // every + 1) * every, last + 1, every) if every else range(0)

    def seen(self, stretch: Seen) -> None:
        """Count, and move neurons in the state of the engine if a round is over."""
        if not stretch.learning:
            return
        for copy, demand in enumerate(self.demand):
            demand += np.bincount(stretch.spikes(self.migration.demand, copy)[:, 1], minlength=len(demand))
        if self._round and stretch.stop % self._round == 0:
            self._move(stretch.origin + stretch.stop)

    def _move(self, now: int) -> None:
        assert self.session is not None
        assert self.session.votes is not None
        engine = self.session.engine
        state = engine.state()
        self.moves += migrate(self.migration, self.session.plan, state, self.demand, now, self.session.votes.period)
        engine.load(state)
        self.demand[:] = 0

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Demand and moves."""
        arrays, _ = super().snapshot()
        moves = np.array([astuple(move) for move in self.moves], dtype=np.int64).reshape(-1, 3)
        return arrays | {"moves": moves}, {}

    def restore(self, path: str | os.PathLike[str], arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
        """Take over demand and moves. CheckpointError."""
        assert self.session is not None
        plan = self.session.plan
        rows = contents.array(path, arrays, "moves", dtype=np.int64, shape=(None, 3), low=0)
        size = plan.population(self.migration.population).size
        if (rows >= [plan.copies, size, size]).any():
            raise CheckpointError(f"{path}: damaged, moves names a copy or a neuron that is not there")
        super().restore(path, arrays, attributes)
        self.moves = [Move(*row) for row in rows.tolist()]
