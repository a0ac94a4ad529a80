"""A network that is shown arrays: it learns some, answers others, and is the same afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from colanet.config.model import Network, TargetInput
from colanet.encoding.arrays import present_arrays
from colanet.plan.variables import State
from colanet.readout import evidence_of
from colanet.session import Session

CHUNK = 2000
"""Samples that are shown in one go, so that what a readout keeps stays small."""


class Machine:
    """A network between its samples.

    Only configuration, seed and state are pickled. The session is made anew when it is needed.

    Parameters
    ----------
    network : Network
        With one image input, one target and a readout.
    nodes : int
        Of the image input.
    seed : int
    threads : int or None
        None: as many as the machine has cores.
    engine : str
    rests : bool
        Whether every sample finds the network as the one before it found it, and no random numbers are drawn: then
        samples may be shown one after another. All other networks meet each sample in one and the same state, at
        one and the same step, which takes longer.

    Attributes
    ----------
    state : dict of str to ndarray or None
        As `colanet.Session.state` gives it, after the last sample that was learnt; None before the first.
    time : int
        Steps lived.
    last : tuple of ndarray
        The last samples that were learnt, and their columns: so many that no earlier spike is of any effect.
    """

    def __init__(
        self, network: Network, nodes: int, *, seed: int, threads: int | None, engine: str, rests: bool
    ) -> None:
        self.network, self.nodes, self.rests = network, nodes, rests
        self.seed, self.threads, self.engine = seed, threads, engine
        self.state: State | None = None
        self.time = 0
        self.last = np.zeros((0, nodes), dtype=np.uint8), np.zeros(0, dtype=np.int64)
        self._session: Session | None = None

    def __getstate__(self) -> dict[str, Any]:
        """All but the session, whose engine holds memory that cannot be copied."""
        return self.__dict__ | {"_session": None}

    def learn(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Show and teach samples, one after another; the state goes on from what was learnt before.

        Parameters
        ----------
        images : ndarray of uint8, shape (samples, nodes)
        labels : ndarray of int64, shape (samples,)
            Columns.
        """
        session = self._at(self.time)
        for first in range(0, len(images), CHUNK):
            self._teach(session, images[first : first + CHUNK], labels[first : first + CHUNK])
        self.time = session.origin + session.step
        self.state = session.engine.state()

    def votes(self, images: np.ndarray) -> np.ndarray:
        """Evidence for every column, shape (samples, columns); nothing is learnt, nor left behind.

        So a sample's evidence depends on the sample alone, whatever is shown with it.
        """
        whole = images.reshape(len(images), -1)
        size = CHUNK if self.rests else 1
        parts = [self._votes(whole[first : first + size]) for first in range(0, len(whole), size)]
        return np.concatenate(parts) if parts else np.zeros((0, self.columns))

    def save(self, path: str | Path, kept: dict[str, np.ndarray]) -> None:
        """Write a state file with these arrays for `colanet.Session.kept`; see `colanet.Session.save`."""
        session = self._at(self.time)
        session.kept = kept
        session.save(path)

    def _teach(self, session: Session, images: np.ndarray, labels: np.ndarray) -> None:
        """Samples in one go, behind those before them, whose spikes are still under way."""
        before = len(self.last[1])
        shown = np.concatenate([self.last[0], images]), np.concatenate([self.last[1], labels])
        now = session.origin + session.step
        self._present(session, *shown, len(shown[1]))
        period = session.presentation.period or 1
        session.origin, session.step = now - before * period, before * period
        session.proceed()
        kept = -(-session.plan.history // period)
        self.last = shown[0][-kept:].copy(), shown[1][-kept:].copy()

    @property
    def columns(self) -> int:
        """Classes that there is room for."""
        return next(one.size for one in self.network.inputs if isinstance(one, TargetInput))

    def _votes(self, images: np.ndarray) -> np.ndarray:
        session = self._at(self.time)
        # Label spikes of the last lesson are still under way.
        session.rest(session.presentation.period or 1)
        self._present(session, images, np.zeros(len(images), dtype=np.int64), 0)
        session.proceed(freeze=0)
        assert session.readout is not None
        return evidence_of(session.readout).copy()

    def _present(self, session: Session, images: np.ndarray, labels: np.ndarray, n_taught: int) -> None:
        session.present(present_arrays(self.network.inputs, images, labels, n_taught, seed=self.seed))

    def _at(self, time: int) -> Session:
        """The session, in the state of a time."""
        if self._session is None:
            nothing = np.zeros((0, self.nodes), dtype=np.uint8), np.zeros(0, dtype=np.int64)
            shown = present_arrays(self.network.inputs, *nothing, 0, seed=self.seed)
            self._session = Session(
                self.network, engine=self.engine, seed=self.seed, threads=self.threads, presentation=shown
            )
        session = self._session
        if self.state is not None:
            session.engine.load(self.state)
        session.origin, session.step = time, 0
        return session
