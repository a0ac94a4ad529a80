"""Metrics of continual learning, in both conventions, from the accuracy matrix.

a[k][j] is the accuracy on task j after learning task k, both counted from 1 to T; b[j] that of the untrained
network.

| name | formula | source |
| --- | --- | --- |
| AA_k | mean of a[k][j] over j <= k; AA is AA_T | Wang et al., arXiv 2302.00487 |
| AIA | mean of AA_k over k | the same |
| FM | mean over j < T of (max over j <= k < T of a[k][j]) - a[T][j] | the same |
| ACC | mean of a[T][j] over j | Lopez-Paz and Ranzato, arXiv 1706.08840 |
| BWT | sum over j < T of a[T][j] - a[j][j], divided by T - 1 | the same |
| FWT | sum over j >= 2 of a[j-1][j] - b[j], divided by T - 1 | the same |
| drop | a[1][1] - a[T][1], what the first task loses | the CoLaNET papers |
| LA | mean of a[j][j], how well tasks are learnt when they come | - |

The program of Lopez-Paz and Ranzato divides by T instead of T - 1; `divide_by_all` does so.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np

from colanet.errors import DataError


def metrics(
    matrix: np.ndarray, untrained: np.ndarray | None = None, *, divide_by_all: bool = False
) -> dict[str, float]:
    """All metrics that the matrix allows.

    Parameters
    ----------
    matrix : ndarray of float, shape (T, T)
        Row k, column j; NaN where a task was not tested. Only the last row (joint training) allows ACC and AA only;
        FWT needs the entries right above the diagonal and `untrained`.
    untrained : ndarray of float, shape (T,), or None
    divide_by_all : bool
        BWT and FWT divided by T instead of T - 1.

    Raises
    ------
    DataError
        If the matrix is not square, its last row is not complete, or `untrained` has another length.
    """
    a = np.asarray(matrix, dtype=float)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or not len(a):
        raise DataError(f"an accuracy matrix of shape {a.shape}, expected as many rows as columns")
    if np.isnan(a[-1]).any():
        raise DataError("an accuracy matrix without its last row; every task is tested after the last one")
    if untrained is not None and np.shape(untrained) != (len(a),):
        raise DataError(f"untrained accuracies of shape {np.shape(untrained)}, expected ({len(a)},)")
    n, last = len(a), a[-1]
    found = {"ACC": last.mean(), "AA": last.mean()}
    if not np.isnan(a[np.tril_indices(n)]).any():
        found["AIA"] = np.mean([a[k, : k + 1].mean() for k in range(n)])
        found["LA"] = a.diagonal().mean()
        if n > 1:
            parts = n if divide_by_all else n - 1
            found["FM"] = np.mean([a[j:-1, j].max() - last[j] for j in range(n - 1)])
            found["BWT"] = (last - a.diagonal())[:-1].sum() / parts
            found["drop"] = a[0, 0] - last[0]
            ahead = a[np.arange(n - 1), np.arange(1, n)]
            gained = ahead - (np.nan if untrained is None else np.asarray(untrained, dtype=float)[1:])
            if not np.isnan(gained).any():
                found["FWT"] = gained.sum() / parts
    return {name: float(value) for name, value in found.items()}


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (divided by n - 1; NaN for a single value)."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else float("nan")
