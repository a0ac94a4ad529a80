"""Votes that count the more the earlier they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colanet.arguments import whole_or_none
from colanet.observers.base import Seen, Wants
from colanet.readout.base import Readout

if TYPE_CHECKING:
    from colanet.session import Session

MOST_STEPS = 2**31 - 1
"""Longest window; sums of what spikes count stay within 64 bits."""


class Early(Readout):
    """The class whose neurons fired most and earliest in the object's period, all copies together.

    A spike at step t of the period counts ``max(window - t, 0)``: a neuron that its input suits better reaches its
    threshold sooner (Thorpe, Delorme and Van Rullen, Neural Networks 14, 2001).

    Parameters
    ----------
    window : int or None
        Steps of the period in which a spike counts, 1 to `MOST_STEPS`; None: all of them.

    Attributes
    ----------
    counts : ndarray of int64, shape (objects, classes)
        What the spikes count together.

    Raises
    ------
    ConfigError
        If `window` is out of range.
    """

    keeps = ("counts",)

    def __init__(self, window: int | None = None) -> None:
        self.window = whole_or_none("readout: option window", window, 1, MOST_STEPS)

    def begin(self, session: Session) -> None:
        """Nothing has fired."""
        super().begin(session)
        self.counts = np.zeros((self.objects, self.classes), dtype=np.int64)

    def wants(self) -> Wants:
        """The spikes of the deciding population."""
        return Wants(spikes=(self.population.name,))

    def seen(self, stretch: Seen) -> None:
        """Weigh every spike by its step."""
        shown, within, label = self.spikes_of(stretch)
        np.add.at(self.counts, (shown, label), np.maximum((self.window or self.period) - within, 0))

    def evidence(self) -> np.ndarray:
        """What the spikes count together."""
        return self.counts
