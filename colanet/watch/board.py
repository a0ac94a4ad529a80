"""What a run tells its page: written by the run, read by the server in its own thread."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass

import numpy as np

from colanet.plan import Plan
from colanet.plan.variables import State

PACE_SECONDS = 1.0
"""Least time between two snapshots, and between two answers that tell of progress alone."""
AWAY_SECONDS = 3.0
"""Nobody looks if nothing was asked for so long."""
SHARE = 40
"""Snapshots and the server take at most one part in so many of the process's CPU time."""
RATE_SECONDS = 10.0
"""The speed shown is that of so long a time."""
MOST_MESSAGES = 12


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers to the finished objects that are shown at present.

    Attributes
    ----------
    right, silent : ndarray of bool, shape (finished objects,)
        Whether the answer is the class of the object; whether there is none. Training objects come first.
    n_train : int
        Training objects that there are.
    """

    right: np.ndarray
    silent: np.ndarray
    n_train: int


@dataclass(frozen=True, eq=False)
class Lessons:
    """Where a run of several tasks stands.

    Attributes
    ----------
    names : tuple of str
        Of the tasks.
    sizes : tuple of int
        Training images of each lesson; one lesson where all tasks are mixed.
    running : ndarray of float
        Accuracy while learning of the lessons that are over, in blocks, as in `colanet.continual.outcome.Outcome`.
    places : ndarray of int64, shape (tests, 2)
        After which task, on which task, from 0.
    accuracy : ndarray of float, shape (tests,)
        NaN for tests to come.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    running: np.ndarray
    places: np.ndarray
    accuracy: np.ndarray


@dataclass(frozen=True, eq=False)
class Firing:
    """Spikes of a population in one stretch.

    Attributes
    ----------
    population : str
    counts : ndarray of int64, shape (columns,), or (neurons,) of a population without columns
        All copies together.
    shares : float
        Objects in that time, or steps where there are no objects, times copies.
    objects : float
        Objects or steps in that time.
    """

    population: str
    counts: np.ndarray
    shares: float
    objects: float


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A run at the end of a stretch. Nothing of it changes any more.

    Attributes
    ----------
    phase : str
    unit : {'image', 'step'}
    plan : Plan
    state : State
        Of copy 0.
    projection : str or None
        The one whose receptive fields are shown; None: there is none.
    answers : Answers or None
        None where nothing is answered.
    firing : Firing or None
        The last that was counted.
    lessons : Lessons or None
        None in a run of one task.
    """

    phase: str
    unit: str
    plan: Plan
    state: State
    projection: str | None
    answers: Answers | None
    firing: Firing | None
    lessons: Lessons | None


class Board:
    """Where a run stands. One thread writes, others read; attributes are replaced, never changed in place.

    Attributes
    ----------
    title, about, text : str
        Of the whole, of the run at hand, and the last word about its progress.
    done, total : int
        Images, or steps where there are none.
    rate : float
        Of them a second, lately.
    messages : tuple of str
    snapshot : Snapshot or None
    end : str
        How the run has ended; empty: it goes on.
    token : str
        No two runs have the same.
    serve_seconds : float
        CPU time that the server took for the last snapshot that was drawn, and since the one before.
    """

    def __init__(self, title: str) -> None:
        self.title, self.about, self.text, self.end = title, "", "", ""
        self.done, self.total, self.rate = 0, 0, 0.0
        self.messages: tuple[str, ...] = ()
        self.snapshot: Snapshot | None = None
        self.token = secrets.token_hex(4)
        self.serve_seconds = 0.0
        self.known = threading.Event()
        """Set when somebody has been told the end."""
        self._version, self._asked, self._told = 0, float("-inf"), float("-inf")
        self._next, self._paid = 0.0, 0.0
        self._past: deque[tuple[float, int]] = deque()

    # ------------------------------------------------------------------- the run

    def due(self) -> bool:
        """Whether somebody looks, the last snapshot is old enough, and enough was computed since for its price."""
        return self.watched and time.monotonic() >= self._next and time.process_time() >= self._paid

    def put(self, snapshot: Snapshot, seconds: float) -> None:
        """Show a snapshot, which took so much CPU time to be made."""
        self.snapshot = snapshot
        self.pay(seconds)
        self._changed()

    def pay(self, seconds: float) -> None:
        """The next snapshot waits, because so much CPU time was taken for this one."""
        self._next = time.monotonic() + PACE_SECONDS
        self._paid = time.process_time() + SHARE * (seconds + self.serve_seconds)

    def tell(self, done: int, total: int, text: str = "") -> None:
        """So much is done."""
        now = time.monotonic()
        if done < self.done:
            self._past.clear()  # another run has begun
        self.done, self.total, self.text = done, total, text
        self._past.append((now, done))
        while len(self._past) > 2 and now - self._past[1][0] > RATE_SECONDS:
            self._past.popleft()
        (since, before), passed = self._past[0], now - self._past[0][0]
        self.rate = (done - before) / passed if now > since else 0.0
        if now - self._told >= PACE_SECONDS:
            self._changed()

    def say(self, message: str) -> None:
        """A line about what is going on."""
        self.messages = (*self.messages, message)[-MOST_MESSAGES:]
        self._changed()

    def finish(self, how: str) -> None:
        """The run is over."""
        self.end = how
        self._changed()

    def _changed(self) -> None:
        self._told = time.monotonic()
        self._version += 1

    # ---------------------------------------------------------------- the server

    @property
    def mark(self) -> str:
        """Differs from all earlier ones if anything is new."""
        return f"{self.token}-{self._version}"

    @property
    def watched(self) -> bool:
        """Whether somebody looks."""
        return time.monotonic() - self._asked < AWAY_SECONDS

    def asked(self) -> None:
        """Somebody looks."""
        self._asked = time.monotonic()
