"""The spikes of every neuron, to be read out in any way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colanet.engine.base import Votes
from colanet.observers.base import Seen, Wants
from colanet.plan import Plan
from colanet.readout.base import Readout, add

if TYPE_CHECKING:
    from colanet.session import Session


class Counts(Readout):
    """Spikes of every neuron of the deciding population in the object's period; the answers are those of `votes`.

    Attributes
    ----------
    counts : ndarray of int32, shape (objects, copies * neurons)
        Neuron i of copy c stands in column ``c * neurons + i``: copies learn different things, so that their
        neurons are not added.
    """

    keeps = ("counts",)

    def needs(self, plan: Plan, votes: Votes, objects: int) -> int:
        """Four bytes a neuron, copy and object, and the evidence."""
        counts = 4 * objects * plan.copies * plan.populations[votes.population].size
        return counts + super().needs(plan, votes, objects)

    def begin(self, session: Session) -> None:
        """Count from zero."""
        super().begin(session)
        self.counts = np.zeros((self.objects, self.copies * self.population.size), dtype=np.int32)

    def wants(self) -> Wants:
        """Spikes per object and neuron."""
        return Wants(votes=self.counted(self.population.size))

    def seen(self, stretch: Seen) -> None:
        """Put the counts of the copies side by side."""
        counts = stretch.votes(self.counted(self.population.size))
        add(self.counts, np.concatenate(counts, axis=1), stretch.start // self.period)

    def evidence(self) -> np.ndarray:
        """Spikes of every class, summed over copies."""
        shape = (self.objects, self.copies, self.classes, self.population.size // self.classes)
        votes: np.ndarray = self.counts.reshape(shape).sum(axis=(1, 3), dtype=np.int64)
        return votes

    def results(self) -> dict[str, np.ndarray]:
        """The counts."""
        return {"counts": self.counts}
