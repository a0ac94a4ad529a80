"""What a session is asked to keep, what it counts, and what it brings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Recording:
    """Which spikes to keep: sections (populations or inputs; empty: all populations) and a range of steps."""

    sections: tuple[str, ...] = ()
    first: int = 0
    last: int | None = None


@dataclass
class Result:
    """What a run brings. `accuracy`, `unanswered` and `confusion` are of the test objects (None without any)."""

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

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        values = dict(vars(self))
        values["confusion"] = None if self.confusion is None else self.confusion.tolist()
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
    records: dict[str, list[np.ndarray]] = field(default_factory=dict)
