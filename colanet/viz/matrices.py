"""Matrices as heat maps with their numbers: accuracy over tasks, confusion of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet.errors import DataError
from colanet.viz.figure import new_figure, numbers, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def degradation_matrix(
    matrix: Any, *, names: Sequence[str] | None = None, spread: Any = None, title: str = ""
) -> Figure:
    """Test accuracy on each task after each task, in percent; what has not been learnt yet stays blank.

    Parameters
    ----------
    matrix : array of shape (tasks, tasks)
        a[k][j] from 0 to 1: on task j after learning task k; NaN: not measured.
    names : sequence of str or None
        Of the tasks; None: their numbers from 1.
    spread : array of shape (tasks, tasks) or None
        Standard deviation over seeds, from 0 to 1, written below the accuracy; NaN: none.

    Raises
    ------
    DataError
        If the arrays do not fit each other.
    """
    a = 100 * numbers(matrix, "matrix", 2)
    n = len(a)
    names = [str(i + 1) for i in range(n)] if names is None else list(names)
    wide = None if spread is None else 100 * numbers(spread, "spread", 2)
    if a.shape != (n, n) or n == 0 or len(names) != n or (wide is not None and wide.shape != a.shape):
        raise DataError(f"matrix: expected one row and one column for each of {len(names)} tasks, got {a.shape}")
    texts = np.full(a.shape, "", dtype=object)
    for k, j in zip(*np.nonzero(np.isfinite(a)), strict=True):
        texts[k, j] = f"{a[k, j]:.1f}" + ("" if wide is None or np.isnan(wide[k, j]) else f"\n± {wide[k, j]:.1f}")
    numeric = all(name.isdigit() for name in names)
    low = np.nanmin(a) if np.isfinite(a).any() else 0.0
    # The scale begins at a round figure below the worst cell, so that a good network's losses are seen too.
    return _heat_map(
        a, texts, names, names, (min(10 * np.floor(low / 10), 90.0), 100.0), "accuracy, %",
        "tested on task" if numeric else "tested on", "after learning task" if numeric else "after learning", title,
    )  # fmt: skip


@styled
def confusion(counts: Any, rows: Sequence[str], columns: Sequence[str] | None = None, title: str = "") -> Figure:
    """Answers to the images of each class, in percent of the class.

    Parameters
    ----------
    counts : int array of shape (classes, classes) or (classes, classes + 1)
        Row: true class, column: answer; an additional last column: no answer. An additional last row, images
        without a class, is left out.
    rows, columns : sequence of str
        Names of the classes and of the answers; None: the same.

    Raises
    ------
    DataError
        If counts and names do not fit.
    """
    table = numbers(counts, "counts", 2)
    n = len(rows)
    if table.shape == (n + 1, n + 1):
        table = table[:n]
    answers = [*(rows if columns is None else columns), "none"]
    if len(answers) != n + 1 or table.shape not in ((n, n), (n, n + 1)) or n == 0:
        raise DataError(f"counts: expected {n} rows and {n} or {n + 1} columns with names, got {table.shape}")
    answers = answers[: table.shape[1]]
    total = table.sum(axis=1, keepdims=True)
    share = 100 * np.divide(table, total, out=np.full(table.shape, np.nan), where=total > 0)
    texts = np.full(share.shape, "", dtype=object)
    for k, j in zip(*np.nonzero(share >= 0.05), strict=True):
        texts[k, j] = f"{share[k, j]:.1f}"
    # Light cells for the rare answers: most of a confusion matrix is nearly empty.
    return _heat_map(share, texts, rows, answers, (0.0, 100.0), "% of the class's images", "answer", "true class",
                     title, colours="Blues")  # fmt: skip


def _heat_map(
    values: np.ndarray,
    texts: np.ndarray,
    row_names: Sequence[str],
    column_names: Sequence[str],
    limits: tuple[float, float],
    unit: str,
    xlabel: str,
    ylabel: str,
    title: str,
    colours: str = "cividis",
) -> Figure:
    """Cells with numbers, dark text on light cells and light text on dark ones."""
    rows, columns = values.shape
    side = float(np.clip(2.4 / max(columns, 1), 0.62 if any("\n" in text for text in texts.flat) else 0.5, 0.8))
    figure = new_figure(max(side * columns, 1.6) + 1.9, max(side * rows, 1.6) + 0.9)
    ax = figure.subplots()
    image = ax.imshow(values, cmap=colours, vmin=limits[0], vmax=limits[1])
    middle, light_is_high = sum(limits) / 2, colours == "cividis"
    for (k, j), text in np.ndenumerate(texts):
        if text:
            ink = "black" if (values[k, j] > middle) == light_is_high else "white"
            ax.text(j, k, text, ha="center", va="center", color=ink, fontsize=8, linespacing=1.25)
    long = max((len(str(name)) for name in column_names), default=0) > 11 * side
    turn: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if long else {}
    ax.set_xticks(range(columns), list(column_names), **turn)
    ax.set_yticks(range(rows), list(row_names))
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    bar = figure.colorbar(image, ax=ax, label=unit, shrink=0.9, pad=0.02)
    bar.outline.set_linewidth(0.6)
    return figure
