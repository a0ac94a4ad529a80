"""Neurons that begin anew after a long silence: how long each has been silent, and when that is looked at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet.errors import CheckpointError
from colanet.observers.base import Observer, Seen
from colanet.plan.variables import initial_state
from colanet.renewal import Renewal, check, renew
from colanet.units import NEVER

if TYPE_CHECKING:
    from colanet.session import Session


class Renewer(Observer):
    """Counts the silence of every neuron in objects learnt, and renews neurons at the end of every round.

    Tests do not count: what is not learnt changes nobody's silence.

    Parameters
    ----------
    renewal : Renewal

    Attributes
    ----------
    since : ndarray of int64, shape (1,)
        Steps learnt since the last round.
    silence : ndarray of int64, shape (copies, neurons)
        Objects learnt since the last round in which the neuron fired.
    last : ndarray of int64, shape (copies, neurons)
        Step of the neuron's last spike at the last round.
    renewed : ndarray of int64, shape (copies,)
        Neurons that have begun anew.
    """

    name = "renewal"
    keeps = ("since", "silence", "last", "renewed")

    def __init__(self, renewal: Renewal) -> None:
        self.renewal = renewal
        self.session: Session | None = None

    def begin(self, session: Session) -> None:
        """Count from zero, once a session: what data follow one another does not matter.

        Raises
        ------
        ConfigError
            If the network has no such population, or it does not learn.
        """
        learner = check(self.renewal, session.plan)
        if self.session is not session:
            shape = (session.plan.copies, learner.size)
            self.since = np.zeros(1, dtype=np.int64)
            self.silence = np.zeros(shape, dtype=np.int64)
            self.last = np.full(shape, NEVER, dtype=np.int64)
            self.renewed = np.zeros(session.plan.copies, dtype=np.int64)
        self.session = session

    @property
    def _round(self) -> int:
        """Steps of a round; 0 without objects."""
        assert self.session is not None
        return self.renewal.every * self.session.votes.period if self.session.votes else 0

    def cuts(self, start: int, stop: int, freeze: int | None) -> range:
        """The ends of rounds, as long as the network learns."""
        last = stop if freeze is None else min(stop, freeze)
        every = self._round
        return range(start + every - int(self.since[0]), last + 1, every) if every else range(0)

    def seen(self, stretch: Seen) -> None:
        """Count; if a round is over, renew neurons in the state of the engine."""
        if not stretch.learning or not self._round:
            return
        self.since += stretch.stop - stretch.start
        if self.since[0] >= self._round:
            self.since[0] = 0
            self._end_round()

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Counts, and what they were counted for."""
        return super().snapshot()[0], {self.place + "of": str(self.renewal)}

    def restore(self, path: str | os.PathLike[str], arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
        """Take over the counts. CheckpointError if neurons began anew by other constants there."""
        found = attributes.get(self.place + "of")
        if found != str(self.renewal):
            raise CheckpointError(f"{path}: neurons begin anew by {found or 'no rule'}, expected {self.renewal}")
        super().restore(path, arrays, attributes)

    def _end_round(self) -> None:
        assert self.session is not None
        plan, engine = self.session.plan, self.session.engine
        learner = plan.population(self.renewal.population)
        state = engine.state()
        old: list[np.ndarray] = []
        for copy in range(plan.copies):
            last = state[f"{copy}/{learner.name}/last_spike"]
            silence = self.silence[copy]
            silence += self.renewal.every
            silence[last != self.last[copy]] = 0
            old.append(np.flatnonzero((last != NEVER) & (silence >= self.renewal.silent)))
            silence[old[copy]] = 0
            self.renewed[copy] += len(old[copy])
            self.last[copy] = last
            self.last[copy, old[copy]] = NEVER
        if any(map(len, old)):
            new = initial_state(plan)
            for copy, neurons in enumerate(old):
                for i in neurons.tolist():
                    renew(plan, learner, state, new, copy, i)
            engine.load(state)
