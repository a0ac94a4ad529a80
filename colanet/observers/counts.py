"""How much a session has done: spikes of every population, synaptic events, seconds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet import contents
from colanet.observers.base import Observer, Seen

if TYPE_CHECKING:
    from colanet.session import Session


class Counts(Observer):
    """Counts since the data began.

    Attributes
    ----------
    spikes : ndarray of int64, shape (copies, populations)
    events : int
        Spikes times the synapses they arrived at, all copies.
    seconds : float
        Of work; the session adds them.
    """

    name = "counts"
    place = "tally/"
    keeps = ("spikes",)
    least = 0

    def begin(self, session: Session) -> None:
        """Count from zero."""
        self.spikes = np.zeros((session.plan.copies, len(session.plan.populations)), dtype=np.int64)
        self.events, self.seconds = 0, 0.0

    def seen(self, stretch: Seen) -> None:
        """Add what the engine counted."""
        self.spikes += stretch.brought.spikes
        self.events += stretch.brought.synaptic_events

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The counts."""
        return super().snapshot()[0], {"events": self.events, "seconds": self.seconds}

    def restore(self, path: str | os.PathLike[str], arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
        """Take over the counts. CheckpointError."""
        events = contents.integer(path, attributes, "events")
        seconds = contents.number(path, attributes, "seconds")
        super().restore(path, arrays, attributes)
        self.events, self.seconds = events, seconds
