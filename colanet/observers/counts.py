"""How much a session has done: spikes of every population, synaptic events, seconds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet import contents
from colanet.observers.base import Observer, Seen

if TYPE_CHECKING:
    from colanet.session import Session


class Counts(Observer):
    """Counts since the data began, of all steps and, apart, of those of the test.

    Attributes
    ----------
    spikes, test_spikes : ndarray of int64, shape (copies, populations)
    events, test_events : int
        Spikes times the synapses they arrived at, all copies.
    first_test : int
        Step of the data at which the test begins: behind the training objects, 0 where nothing is taught.
    test_learnt : bool
        Whether plasticity was on at any step of the test.
    told_apart : bool
        Whether the counts of the test are known; not after a checkpoint of a colanet that did not keep them.
    seconds : float
        Of work; the session adds them.
    """

    name = "counts"
    place = "tally/"
    keeps = ("spikes", "test_spikes")
    least = 0

    def begin(self, session: Session) -> None:
        """Count from zero."""
        self.spikes = np.zeros((session.plan.copies, len(session.plan.populations)), dtype=np.int64)
        self.test_spikes = self.spikes.copy()
        self.events, self.test_events, self.seconds = 0, 0, 0.0
        self.first_test = session.presentation.learning_time
        self.test_learnt, self.told_apart = False, True

    def cuts(self, start: int, stop: int, freeze: int | None) -> Iterable[int]:
        """No stretch reaches from training into the test."""
        return (self.first_test,)

    def seen(self, stretch: Seen) -> None:
        """Add what the engine counted."""
        self.spikes += stretch.brought.spikes
        self.events += stretch.brought.synaptic_events
        if stretch.start >= self.first_test:
            self.test_spikes += stretch.brought.spikes
            self.test_events += stretch.brought.synaptic_events
            self.test_learnt |= stretch.freeze is None or stretch.start < stretch.freeze
        elif stretch.stop > self.first_test:
            self.told_apart = False  # of a user's own call of `Session.advance`, which no cut ends

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The counts."""
        attributes = {name: getattr(self, name) for name in ("events", "test_events", "seconds")}
        flags = {name: int(getattr(self, name)) for name in ("test_learnt", "told_apart")}
        return super().snapshot()[0], attributes | flags

    def restore(self, path: str | os.PathLike[str], arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
        """Take over the counts. CheckpointError."""
        if "told_apart" not in attributes:  # an older colanet wrote it
            known = contents.integer(path, attributes, "step") <= self.first_test
            arrays = arrays | {self.place + "test_spikes": np.zeros_like(self.test_spikes)}
            attributes = attributes | {"test_events": 0, "test_learnt": 0, "told_apart": int(known)}
        events, test_events = (contents.integer(path, attributes, name) for name in ("events", "test_events"))
        seconds = contents.number(path, attributes, "seconds")
        flags = [contents.integer(path, attributes, name, 0, 1) for name in ("test_learnt", "told_apart")]
        super().restore(path, arrays, attributes)
        self.events, self.test_events, self.seconds = events, test_events, seconds
        self.test_learnt, self.told_apart = map(bool, flags)
