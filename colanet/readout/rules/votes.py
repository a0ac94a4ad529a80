"""The class whose neurons fired most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colanet.observers.base import Seen, Wants
from colanet.readout.base import Readout, add

if TYPE_CHECKING:
    from colanet.session import Session


class Votes(Readout):
    """The class whose neurons fired most in the object's period; the lowest index on a tie; none if none fired.

    Attributes
    ----------
    votes : ndarray of int64, shape (objects, classes)
        Spikes of the deciding population, summed over copies.
    """

    place = "tally/"
    keeps = ("votes",)

    def begin(self, session: Session) -> None:
        """Count from zero."""
        super().begin(session)
        self.votes = np.zeros((self.objects, self.classes), dtype=np.int64)

    def wants(self) -> Wants:
        """Spikes per object and class."""
        return Wants(votes=self.counted(self.classes))

    def seen(self, stretch: Seen) -> None:
        """Add the votes of all copies."""
        votes = stretch.votes(self.counted(self.classes)).sum(axis=0, dtype=np.int64)
        add(self.votes, votes, stretch.start // self.period)

    def evidence(self) -> np.ndarray:
        """The votes."""
        return self.votes
