"""A table of a network's condition while it runs, a row every so many steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from colanet import atomic
from colanet.session import Session


class Monitor:
    """The table; its rows go with the session's checkpoints, so that a resumed run has them all.

    Parameters
    ----------
    session : Session
    every : int or None
        Steps between two rows; None: no rows.
    say : callable
        Called with a line for every row.
    """

    COLUMNS = ("step", "accuracy", "spikes", "mean_weight", "mean_threshold", "mean_stability")

    def __init__(self, session: Session, every: int | None, say: Callable[[str], None]) -> None:
        self.session, self.every, self.say = session, every, say
        earlier = session.kept.get("monitor", np.zeros((0, len(self.COLUMNS))))
        self.rows: list[tuple[float, ...]] = [tuple(row) for row in earlier.tolist()]
        self.spikes = sum(row[2] for row in self.rows)

    def boundaries(self, stop: int) -> range:
        """Steps before `stop` at which a row is due."""
        return multiples(self.every, self.session.step, stop) if self.every else range(0)

    def due(self, stop: int) -> bool:
        """Whether a row belongs to the present step of a run up to `stop`."""
        return self.every is not None and (self.session.step % self.every == 0 or self.session.step == stop)

    def look(self) -> None:
        """Add a row: accuracy of all finished objects, spikes since the last row, means over plastic neurons."""
        session = self.session
        total = session.tally.spikes.sum()
        score = session.score(0, session.finished_objects())
        plastic = [p.name for p in session.plan.populations if p.plasticity]
        links = [p.name for p in session.plan.projections if p.kind == "plastic"]
        means = [
            np.mean([np.nanmean(session.weights(name)) for name in links]) if links else np.nan,
            np.mean([session.thresholds(name).mean() for name in plastic]) if plastic else np.nan,
            np.mean([session.stability(name).mean() for name in plastic]) if plastic else np.nan,
        ]
        row = (session.step, score.accuracy if score else np.nan, total - self.spikes, *means)
        self.spikes = total
        self.rows.append(tuple(float(value) for value in row))
        session.kept["monitor"] = np.array(self.rows)
        self.say("monitor: " + ", ".join(f"{c} {v:.6g}" for c, v in zip(self.COLUMNS, row, strict=True)))

    def write(self, path: Path) -> None:
        """Write the table as CSV, an empty field where there is no value."""
        lines = [",".join(self.COLUMNS)]
        lines += [",".join("" if np.isnan(v) else f"{v:.10g}" for v in row) for row in self.rows]
        atomic.write_text(path, "\n".join(lines) + "\n")


def multiples(every: int, start: int, stop: int) -> range:
    """Multiples of `every` above `start` and below `stop`."""
    return range((start // every + 1) * every, stop, every)
