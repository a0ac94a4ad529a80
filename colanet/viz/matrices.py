"""Matrices as heat maps with their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from colanet.viz.figure import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def degradation_matrix(
    matrix: np.ndarray, *, names: Sequence[str] | None = None, spread: np.ndarray | None = None, title: str = ""
) -> Figure:
    """Accuracy on every task (columns) after every task (rows), in percent.

    Parameters
    ----------
    matrix : ndarray of float, shape (T, T)
        From 0 to 1; NaN stays blank.
    names : sequence of str or None
        Of the tasks.
    spread : ndarray of float, shape (T, T), or None
        Standard deviations, written below the means.
    """
    a = 100 * np.asarray(matrix, dtype=float)
    n = len(a)
    picture = figure(0.62 * n + 2.2, 0.5 * n + 1.4)
    axes = picture.subplots()
    image = axes.imshow(a, cmap="viridis", vmin=min(np.nanmin(a), 50), vmax=100, aspect="auto")
    middle = (min(np.nanmin(a), 50) + 100) / 2
    for k, j in np.argwhere(~np.isnan(a)):
        text = f"{a[k, j]:.1f}"
        if spread is not None and not np.isnan(spread[k, j]):
            text += f"\n± {100 * spread[k, j]:.1f}"
        axes.text(j, k, text, ha="center", va="center", fontsize=8, color="white" if a[k, j] < middle else "black")
    ticks = list(range(n))
    axes.set_xticks(ticks, labels=[str(t + 1) for t in ticks] if names is None else list(names))
    axes.set_yticks(ticks, labels=[str(t + 1) for t in ticks])
    axes.set_xlabel("tested on task")
    axes.set_ylabel("after learning task")
    axes.set_title(title, fontsize=11)
    picture.colorbar(image, ax=axes, label="accuracy, %")
    return picture


def confusion(counts: np.ndarray, rows: Sequence[str], columns: Sequence[str], title: str = "") -> Figure:
    """Share of each true class (row) that was given each answer (column), in percent.

    Parameters
    ----------
    counts : ndarray of int, shape (classes, classes)
    rows, columns : sequence of str
        Names of true classes and of answers.
    """
    counts = np.asarray(counts, dtype=float)
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    n, m = share.shape
    picture = figure(0.5 * m + 2.0, 0.42 * n + 1.4)
    axes = picture.subplots()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for i, j in np.argwhere(share >= 0.5):
        colour = "white" if share[i, j] > 50 else "black"
        axes.text(j, i, f"{share[i, j]:.0f}", ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(m), labels=list(columns))
    axes.set_yticks(range(n), labels=list(rows))
    axes.set_xlabel("answer")
    axes.set_ylabel("shown")
    axes.set_title(title, fontsize=11)
    picture.colorbar(image, ax=axes, label="share of the class, %")
    return picture
