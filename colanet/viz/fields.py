"""Receptive fields: what every neuron of every column has learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from colanet.errors import DataError
from colanet.viz.figure import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PER_ROW = 15
"""Most fields side by side; larger columns take several rows."""


def receptive_fields(
    weights: np.ndarray,
    columns: int,
    *,
    shape: tuple[int, int] = (28, 28),
    permutation: np.ndarray | None = None,
    labels: Sequence[str] | None = None,
    used: np.ndarray | None = None,
    title: str = "",
) -> Figure:
    """One row a column, one field a neuron; positive weights red, negative blue, unused neurons crossed out.

    Parameters
    ----------
    weights : ndarray of float, shape (pixels, neurons)
        Neurons column by column.
    columns : int
    shape : (height, width)
    permutation : ndarray of int, shape (pixels,), or None
        Input i showed pixel permutation[i]; the picture is put back into order.
    labels : sequence of str or None
        Of the columns.
    used : ndarray of bool, shape (neurons,), or None
        Neurons that have learnt; None: those whose weights differ from the most usual ones.

    Raises
    ------
    DataError
        If the shapes do not fit.
    """
    weights = np.asarray(weights, dtype=float)
    if weights.ndim != 2 or weights.shape[0] != shape[0] * shape[1] or weights.shape[1] % max(columns, 1):
        raise DataError(
            f"weights of shape {weights.shape}, expected {shape[0] * shape[1]} pixels and a multiple of {columns}"
        )
    if permutation is not None:
        weights = restored(weights, permutation)
    used = learnt(weights) if used is None else np.asarray(used, dtype=bool)
    size = weights.shape[1] // columns
    lines = -(-size // PER_ROW)
    width = min(size, PER_ROW)
    picture = figure(0.55 * width + 0.6, 0.56 * columns * lines + 0.5)
    grid = np.atleast_2d(picture.subplots(columns * lines, width, squeeze=False))
    limit = max(float(np.abs(weights[:, used]).max()) if used.any() else 0.0, 1e-9)
    for axes in grid.flat:
        axes.set_axis_off()
    for neuron in range(weights.shape[1]):
        column, place = divmod(neuron, size)
        axes = grid[column * lines + place // PER_ROW, place % PER_ROW]
        axes.set_axis_on()
        axes.set_xticks([])
        axes.set_yticks([])
        for side in axes.spines.values():
            side.set_color("#bbbbbb")
        if used[neuron]:
            axes.imshow(weights[:, neuron].reshape(shape), cmap="RdBu_r", vmin=-limit, vmax=limit)
        else:
            axes.plot([0, 1], [0, 1], color="#dddddd", linewidth=0.7, transform=axes.transAxes)
    for column in range(columns):
        label = labels[column] if labels is not None else str(column)
        grid[column * lines, 0].set_ylabel(label, rotation=0, ha="right", va="center")
    if title:
        picture.suptitle(title, fontsize=11)
    return picture


def restored(weights: np.ndarray, permutation: np.ndarray) -> np.ndarray:
    """Rows put back to the pixels they stand for."""
    result = np.empty_like(weights)
    result[permutation] = weights
    return result


def learnt(weights: np.ndarray) -> np.ndarray:
    """Neurons some of whose weights are much larger than those of the least taught neurons, bool (neurons,)."""
    strength = np.maximum(weights, 0).sum(axis=0)
    least, most = strength.min(), strength.max()
    return strength > least + 0.1 * (most - least) if most > least else np.zeros(len(strength), dtype=bool)
