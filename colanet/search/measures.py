"""Figures of merit of a run that a search can aim at; their formulas are in `colanet.continual.metrics`."""

from __future__ import annotations

import numpy as np

from colanet.continual.metrics import metrics

MEASURES = ("ACC", "AA", "AIA", "FM", "BWT", "drop")
NEED_TWO = ("FM", "BWT", "drop")
"""Undefined for a single task."""


def measure(matrix: np.ndarray) -> dict[str, float]:
    """The measures that the matrix allows, in the order of `MEASURES`.

    Parameters
    ----------
    matrix : ndarray of float, shape (tasks, tasks)
        Accuracy on task j after learning task k; NaN where it was not tested.

    Raises
    ------
    DataError
        If the matrix is not square or lacks its last row.
    """
    found = metrics(matrix)
    return {name: found[name] for name in MEASURES if name in found}
