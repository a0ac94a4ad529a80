"""The class whose neurons fired most."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet import contents
from colanet.engine import base
from colanet.observers.base import Seen, Wants
from colanet.plan import Plan
from colanet.readout.base import Readout
from colanet.readout.score import decide
from colanet.storage import Blocks

if TYPE_CHECKING:
    from colanet.session import Session

BLOCK = 1 << 16
"""Objects whose votes are widened at once for a file."""


def _type_for(most: int) -> np.dtype[Any]:
    """The smallest signed type that holds the numbers up to this."""
    return np.min_scalar_type(-most - 1)


class Votes(Readout):
    """The class whose neurons fired most in the object's period; the lowest index on a tie; none if none fired.

    Attributes
    ----------
    votes : ndarray of int, shape (objects, classes)
        Spikes of the deciding population, summed over copies; of the smallest type that holds them all, in derived
        classes int64.
    """

    place = "tally/"
    keeps = ("votes",)

    def needs(self, plan: Plan, votes: base.Votes, objects: int) -> int:
        """Half of the votes and of the 64-bit copy that a checkpoint makes: twice as much is asked for."""
        if type(self) is not Votes:
            return super().needs(plan, votes, objects)
        most = plan.copies * votes.period * -(-plan.populations[votes.population].size // votes.classes)
        return objects * votes.classes * (_type_for(most).itemsize + 8) // 2

    def begin(self, session: Session) -> None:
        """Count from zero."""
        super().begin(session)
        self.votes = self._held(np.zeros((self.objects, self.classes), dtype=np.int8))

    def _held(self, votes: np.ndarray, most: int = 0) -> np.ndarray:
        """Votes of a type that holds such a number too. Who derives from this class may compute with them."""
        wide = np.promote_types(votes.dtype, _type_for(most)) if type(self) is Votes else np.int64
        return votes.astype(wide, copy=False)

    def wants(self) -> Wants:
        """Spikes per object and class."""
        return Wants(votes=self.counted(self.classes))

    def seen(self, stretch: Seen) -> None:
        """Add the votes of all copies."""
        votes = stretch.votes(self.counted(self.classes)).sum(axis=0, dtype=np.int64)
        first = stretch.start // self.period
        last = max(min(first + len(votes), self.objects), first)
        votes = votes[: last - first] + self.votes[first:last]
        self.votes = self._held(self.votes, int(votes.max(initial=0)))
        self.votes[first:last] = votes

    def evidence(self) -> np.ndarray:
        """The votes, int64."""
        return self.votes.astype(np.int64)

    def written(self) -> np.ndarray | Blocks:
        """The votes, int64; those of many objects are widened block by block."""
        if type(self) is not Votes or self.objects <= BLOCK:
            return super().written()
        blocks = [self.votes[at : at + BLOCK] for at in range(0, self.objects, BLOCK)]
        return Blocks(self.votes.shape, np.dtype(np.int64), blocks)

    def answers(self) -> np.ndarray:
        """Class of every object. A class derived from this one may have other evidence."""
        return decide(self.votes) if type(self) is Votes else super().answers()

    def chosen(self, first: int, last: int) -> np.ndarray:
        """Class of some objects."""
        return decide(self.votes[first:last]) if type(self) is Votes else super().chosen(first, last)

    @property
    def knows_some(self) -> bool:
        """Whether `chosen` takes less than all answers."""
        return type(self) is Votes or type(self).chosen is not Votes.chosen

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The votes, int64 in every file; of a derived class all that it keeps."""
        if type(self) is not Votes:
            return super().snapshot()
        # A session asks before it begins, for the names. Zeros that nobody has written take no memory.
        votes = self.votes.astype(np.int64) if self.votes.any() else np.zeros(self.votes.shape, dtype=np.int64)
        return {f"{self.place}votes": votes}, {}

    def restore(self, path: str | os.PathLike[str], arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
        """Take over the votes, or all that a derived class keeps. CheckpointError."""
        name = f"{self.place}votes"
        if type(self) is not Votes or name not in arrays:
            super().restore(path, arrays, attributes)
            return
        found = contents.array(path, arrays, name, dtype=np.int64, shape=self.votes.shape, low=0)
        self.votes = self._held(found.astype(_type_for(int(found.max(initial=0)))))
