"""Figures of merit of a run that a search can aim at; their formulas are in `colanet.continual.metrics`."""

from __future__ import annotations

import numpy as np

from colanet.continual.metrics import metrics
from colanet.continual.sources import Schedule

MEASURES = ("ACC", "AA", "AIA", "FM", "BWT", "drop", "last")
NEED_TWO = ("FM", "BWT", "drop")
"""Undefined for a single task."""


def measure(matrix: np.ndarray, last: int | None = None) -> dict[str, float]:
    """The measures that the matrix allows, in the order of `MEASURES`.

    Parameters
    ----------
    matrix : ndarray of float, shape (tasks, tasks)
        Accuracy on task j after learning task k; NaN where it was not tested.
    last : int or None
        Number of last tasks whose mean is asked for.

    Raises
    ------
    DataError
        If the matrix is not square, or the last task was not tested at the end.
    """
    found = metrics(matrix, last=last)
    return {name: found[name] for name in MEASURES if name in found}


def measured(schedule: Schedule, n: int, *, joint: bool = False) -> set[str]:
    """Names of the measures of an experiment of n tasks that are tested as a schedule says."""
    blank = np.full((n, n), np.nan)
    blank[tuple(schedule.places(n, joint=joint).T)] = 0
    return set(measure(blank, schedule.last))
