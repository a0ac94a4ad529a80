"""What a session is asked to keep, what it counts, and what it brings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from colanet.arguments import whole, whole_or_none
from colanet.encoding.context import DataUsed
from colanet.errors import ConfigError, Problem
from colanet.recorded import Memory, Records
from colanet.spool import FILE, Spool


@dataclass(frozen=True)
class Recording:
    """Which spikes to keep.

    Attributes
    ----------
    sections : tuple of str
        Populations or inputs; empty: all populations.
    first, last : int
        Range of steps, `last` excluded; None: to the end.
    folder : path or None
        Keep them in a file there, `recording.spool`, instead of in memory. One session a folder.
    """

    sections: tuple[str, ...] = ()
    first: int = 0
    last: int | None = None
    folder: str | os.PathLike | None = None

    def __post_init__(self) -> None:
        if isinstance(self.sections, str) or not all(isinstance(name, str) for name in self.sections):
            raise ConfigError(Problem(f"expected a tuple of names, not {self.sections!r:.40}", "sections"))
        first = whole("first", self.first, 0)
        whole_or_none("last", self.last, first)

    def records(self, keys: Sequence[str]) -> Records:
        """Where the spikes of these sections (`COPY/SECTION`) go."""
        return Memory(keys) if self.folder is None else Spool(Path(self.folder) / FILE, keys)

    def window(self, start: int, stop: int) -> tuple[int, int]:
        """The part of the steps start..stop-1 that is recorded; nothing if the second is not above the first."""
        return max(start, self.first), stop if self.last is None else min(stop, self.last)


@dataclass
class Result:
    """What a run brings. `accuracy`, `unanswered` and `confusion` are of the test objects (None without any).

    `data` names every data set and data file that was read, with its digest.
    """

    accuracy: float | None
    unanswered: float | None
    confusion: np.ndarray | None
    train_accuracy: float | None
    train_images: int
    test_images: int
    copies: int
    seconds: float
    image_copies_per_second: float
    synaptic_events_per_second: float
    engine: str
    threads: int
    seed: int
    steps: int
    digest: str
    criterion: str | None = None
    """That of the target, if it names one."""
    criterion_value: float | None = None
    """Of the test objects; None where it is not defined, see `colanet.readout.criterion_value`."""
    data: tuple[DataUsed, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        values = dict(vars(self))
        values["confusion"] = None if self.confusion is None else self.confusion.tolist()
        values["data"] = [dict(vars(used)) for used in self.data]
        return values


@dataclass
class Tally:
    """What a session has counted so far; part of every checkpoint."""

    votes: np.ndarray
    spikes: np.ndarray
    demand: np.ndarray
    """Forced firings of every copy and column since the last round of migration; no column without migration."""
    events: int = 0
    seconds: float = 0.0
    records: Records = field(default_factory=lambda: Memory(()))
