"""The class of the first neuron that fires."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colanet.engine.base import Votes
from colanet.observers.base import Seen, Wants
from colanet.plan import Plan
from colanet.readout.base import Readout

if TYPE_CHECKING:
    from colanet.session import Session


class FirstSpike(Readout):
    """The class of the first neuron that fires in the object's period, in whatever copy.

    If several neurons fire in that step, the class with most of them, all copies together; the lowest index on a
    tie; none if none fires in the whole period. Thorpe, Delorme, Van Rullen: "Spike-based strategies for rapid
    processing", Neural Networks 2001.

    Attributes
    ----------
    first : ndarray of int64, shape (objects,)
        Step of the first spike within the period; the length of the period if there is none.
    neurons : ndarray of int64, shape (objects, classes)
        Neurons that fired in that step, summed over copies.
    """

    keeps = ("first", "neurons")

    def needs(self, plan: Plan, votes: Votes, objects: int) -> int:
        """Eight bytes an object, and the evidence."""
        return 8 * objects + super().needs(plan, votes, objects)

    def begin(self, session: Session) -> None:
        """Nothing has fired."""
        super().begin(session)
        self.first = np.full(self.objects, self.period, dtype=np.int64)
        self.neurons = np.zeros((self.objects, self.classes), dtype=np.int64)

    def wants(self) -> Wants:
        """The spikes of the deciding population."""
        return Wants(spikes=(self.population.name,))

    def seen(self, stretch: Seen) -> None:
        """Look for the first spikes of objects that had none before this stretch."""
        shown, within, label = self.spikes_of(stretch)
        open_ = self.first[shown] == self.period
        shown, within, label = shown[open_], within[open_], label[open_]
        np.minimum.at(self.first, shown, within)
        now = within == self.first[shown]
        np.add.at(self.neurons, (shown[now], label[now]), 1)

    def evidence(self) -> np.ndarray:
        """Neurons that fired in the step of the first spike."""
        return self.neurons

    def results(self) -> dict[str, np.ndarray]:
        """When the first spike came."""
        return {"first_spike": self.first}
