"""A table of a network's condition while it runs, a row every so many steps."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from colanet import atomic, contents
from colanet.observers import Observer, Seen
from colanet.session import Session

EARLIER = "kept/monitor"
"""Where checkpoints of colanet had the rows before observers had places of their own."""


class Monitor(Observer):
    """The table; its rows go with the session's checkpoints, so that a resumed run has them all.

    Parameters
    ----------
    every : int
        Steps between two rows; one more stands at the end of a run.
    say : callable
        Called with a line for every row.
    """

    name = "monitor"
    COLUMNS = ("step", "accuracy", "spikes", "mean_weight", "mean_threshold", "mean_stability")

    def __init__(self, every: int, say: Callable[[str], None]) -> None:
        self.every, self.say = every, say
        self.rows: list[tuple[float, ...]] = []

    def begin(self, session: Session) -> None:
        """Look at this session."""
        self.session = session

    def cuts(self, start: int, stop: int, freeze: int | None) -> range:
        """Steps at which a row is due."""
        return multiples(self.every, start, stop)

    def seen(self, stretch: Seen) -> None:
        """Add a row if one is due."""
        if stretch.stop % self.every == 0 or stretch.stop == stretch.end:
            self.look()

    def look(self) -> None:
        """Add a row: accuracy of all finished objects, spikes since the last row, means over plastic neurons."""
        session = self.session
        spikes = session.counts.spikes.sum() - sum(row[2] for row in self.rows)
        score = session.score(0, session.finished_objects())
        plastic = [p.name for p in session.plan.populations if p.plasticity]
        links = [p.name for p in session.plan.projections if p.kind == "plastic"]
        means = [
            np.mean([np.nanmean(session.weights(name)) for name in links]) if links else np.nan,
            np.mean([session.thresholds(name).mean() for name in plastic]) if plastic else np.nan,
            np.mean([session.stability(name).mean() for name in plastic]) if plastic else np.nan,
        ]
        row = (session.step, score.accuracy if score else np.nan, spikes, *means)
        self.rows.append(tuple(float(value) for value in row))
        self.say("monitor: " + ", ".join(f"{c} {v:.6g}" for c, v in zip(self.COLUMNS, row, strict=True)))

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The rows."""
        return {self.place + "rows": np.array(self.rows, dtype=float).reshape(-1, len(self.COLUMNS))}, {}

    def restore(self, path: str | os.PathLike[str], arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
        """Take over the rows, if there are any. CheckpointError."""
        rows = np.zeros((0, len(self.COLUMNS)))
        for key in (self.place + "rows", EARLIER):
            if key in arrays:
                rows = contents.array(path, arrays, key, dtype=float, shape=(None, len(self.COLUMNS)))
                break
        self.rows = [tuple(row) for row in rows.tolist()]

    def write(self, path: Path) -> None:
        """Write the table as CSV, an empty field where there is no value."""
        lines = [",".join(self.COLUMNS)]
        lines += [",".join("" if np.isnan(v) else f"{v:.10g}" for v in row) for row in self.rows]
        atomic.write_text(path, "\n".join(lines) + "\n")


def multiples(every: int, start: int, stop: int) -> range:
    """Multiples of `every` above `start` and below `stop`."""
    return range((start // every + 1) * every, stop, every)
