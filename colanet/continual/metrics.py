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
| micro | sum of n[j] a[T][j] over j, divided by the sum of n[j] | - |
| last | mean of a[T][j] over the last m tasks, j > T - m | - |

n[j] is the number of test images of task j. So micro is the accuracy over all test images, which weighs tasks by
their images; where all tasks have as many it is ACC.

Not every task need be tested after every task. Then AIA, LA, FM and BWT are means over those k and j for which all
that stands in the formula was tested. FM takes the largest of the a[k][j] that were tested, so it is at most what
it is with all tests. ACC, AA, micro, FM, BWT and drop are not defined if any task was not tested at the end. AIA is
not defined if some tests left out tasks that had been learnt.

The program of Lopez-Paz and Ranzato divides by T instead of T - 1; `divide_by_all` does so.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np

from colanet.errors import DataError


def metrics(
    matrix: np.ndarray,
    untrained: np.ndarray | None = None,
    *,
    divide_by_all: bool = False,
    images: np.ndarray | None = None,
    last: int | None = None,
) -> dict[str, float]:
    """All metrics that the matrix allows.

    Parameters
    ----------
    matrix : ndarray of float, shape (T, T)
        Row k, column j; NaN where a task was not tested. Only the last row (joint training) allows only the metrics
        of the last row; FWT needs the entries right above the diagonal and `untrained`.
    untrained : ndarray of float, shape (T,), or None
    divide_by_all : bool
        BWT and FWT divided by their number of terms and one, T, instead of T - 1.
    images : ndarray of int, shape (T,), or None
        Test images of each task; None or an empty array: not known. If all tasks have as many, micro is left out.
    last : int or None
        Number of last tasks whose mean is asked for, m; None: none.

    Raises
    ------
    DataError
        If the matrix is not square, the last task was not tested at the end, or `untrained` or `images` are of
        another length.
    """
    a = np.asarray(matrix, dtype=float)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or not len(a):
        raise DataError(f"an accuracy matrix of shape {a.shape}, expected as many rows as columns")
    if np.isnan(a[-1, -1]):
        raise DataError("an accuracy matrix without its last row; the last task is tested after it was learnt")
    n = len(a)
    for what, values in (("untrained accuracies", untrained), ("numbers of test images", images)):
        if values is not None and np.shape(values) != (n,) and not (values is images and not np.size(values)):
            raise DataError(f"{what} of shape {np.shape(values)}, expected ({n},)")
    found = _at_the_end(a[-1], images, last)
    seen = np.tri(n, dtype=bool)
    stages = np.flatnonzero((seen & ~np.isnan(a)).any(axis=1))
    if len(stages) > 1 or n == 1:
        means = [a[k, : k + 1].mean() for k in stages]
        if not np.isnan(means).any():
            found["AIA"] = np.mean(means)
        fresh = a.diagonal()
        found["LA"] = fresh[~np.isnan(fresh)].mean()
    if len(stages) > 1:
        found |= _differences(a, untrained, divide_by_all)
    return {name: float(value) for name, value in found.items()}


def _at_the_end(row: np.ndarray, images: np.ndarray | None, last: int | None) -> dict[str, float]:
    """Metrics of the last row."""
    found: dict[str, float] = {}
    if not np.isnan(row).any():
        found = {"ACC": float(row.mean()), "AA": float(row.mean())}
        if images is not None and len(images) and (np.asarray(images) != images[0]).any():
            found["micro"] = float((row * images).sum() / np.sum(images))
    if last is not None and not np.isnan(row[-last:]).any():
        found["last"] = float(row[-last:].mean())
    return found


def _differences(a: np.ndarray, untrained: np.ndarray | None, divide_by_all: bool) -> dict[str, float]:
    """Metrics that compare rows."""
    n, row, more = len(a), a[-1], int(divide_by_all)
    found = {}
    if not np.isnan(row).any():
        best = np.where(np.tri(n, dtype=bool), a, -np.inf)[:-1, :-1]
        best = np.where(np.isnan(best), -np.inf, best).max(axis=0)
        lost = (best - row[:-1])[best >= 0]
        gained = (row - a.diagonal())[:-1]
        gained = gained[~np.isnan(gained)]
        if len(lost):
            found["FM"] = np.mean(lost)
        if len(gained):
            found["BWT"] = gained.sum() / (len(gained) + more)
        if not np.isnan(a[0, 0]):
            found["drop"] = a[0, 0] - row[0]
    ahead = a[np.arange(n - 1), np.arange(1, n)]
    forward = ahead - (np.nan if untrained is None else np.asarray(untrained, dtype=float)[1:])
    if not np.isnan(forward).any():
        found["FWT"] = forward.sum() / (n - 1 + more)
    return found


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (divided by n - 1; NaN for a single value)."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else float("nan")
