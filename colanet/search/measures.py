"""Figures of merit of a run over several tasks, from its accuracy matrix.

a[k][j] is the accuracy on task j after learning task k, T the number of tasks, counted from 1.
"""

from __future__ import annotations

import numpy as np

MEASURES = {
    "ACC": "mean of a[T][j]: accuracy after the last task",
    "AA": "the same under the name of the surveys",
    "AIA": "mean over k of the mean of a[k][j], j <= k",
    "FM": "mean over j < T of the best a[k][j], k < T, minus a[T][j]: forgetting",
    "BWT": "mean over j < T of a[T][j] - a[j][j]: backward transfer",
    "drop": "a[1][1] - a[T][1]: what the first task loses",
}
NEED_TWO = ("FM", "BWT", "drop")
"""Undefined for a single task."""


def measure(matrix: np.ndarray) -> dict[str, float]:
    """All measures of a run; those that need two tasks are left out for one.

    Parameters
    ----------
    matrix : ndarray of shape (tasks, tasks)
        NaN above the diagonal.

    References
    ----------
    ACC, BWT: Lopez-Paz and Ranzato, arXiv 1706.08840. AA, AIA, FM: Wang et al., arXiv 2302.00487.
    """
    a = np.asarray(matrix, dtype=float)
    last = a[-1]
    found = {"ACC": last.mean(), "AA": last.mean(), "AIA": np.mean([np.mean(a[k, : k + 1]) for k in range(len(a))])}
    if len(a) > 1:
        best = [a[j:-1, j].max() for j in range(len(a) - 1)]
        found["FM"] = np.mean(best - last[:-1])
        found["BWT"] = np.mean(last[:-1] - a.diagonal()[:-1])
        found["drop"] = a[0, 0] - last[0]
    return {name: float(value) for name, value in found.items()}
