"""Receptive fields: what each neuron of each column has learnt to look for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet.errors import DataError
from colanet.viz.figure import GREY, new_figure, numbers, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

GAP = 3
"""Blank pixels between two fields."""

INCH = 0.02
"""Side of a pixel: a whole number of dots at 100 and 200 dots an inch, so that all pixels look equally large."""

MAP = "RdBu_r"
Place = tuple[int, int]
"""Column and row of a pixel."""
LEFT, RIGHT, TOP, BOTTOM, BETWEEN = 0.55, 0.95, 0.35, 0.35, 0.3
LETTER, LETTERS = 0.085, 2
"""Width of a letter of a label, and how many `LEFT` has room for."""


@styled
def receptive_fields(
    weights: Any,
    columns: int | Any,
    shape: tuple[int, int] = (28, 28),
    *,
    permutation: Any = None,
    labels: Sequence[str] | None = None,
    used: Any = None,
    titles: Sequence[str] | None = None,
    title: str = "",
) -> Figure:
    """One row a column, one picture a microcolumn; positive weights red, negative blue, one scale for all.

    Parameters
    ----------
    weights : array of shape (pixels, neurons) or (stages, pixels, neurons)
        In units of the potential; NaN: no synapse. Stages, for example after each task, stand side by side.
    columns : int, or int array of shape (neurons,)
        Number of columns, which share the neurons evenly and in order; or the column of each neuron.
    shape : (height, width)
    permutation : int array of shape (pixels,), or a sequence of such or None, one a stage
        With permuted[:, i] = original[:, permutation[i]]: fields are drawn in the original order of pixels.
    labels : sequence of str or None
        Names of the columns.
    used : bool array of shape (neurons,) or (stages, neurons), or None
        Neurons that have learnt; the others are drawn as a crossed frame. None: those with unequal weights.
    titles : sequence of str or None
        One a stage.
    title : str
        Of the whole.

    Raises
    ------
    DataError
        If the arrays do not fit each other.
    """
    stages = numbers(weights, "weights")
    stages = stages[None] if stages.ndim == 2 else stages
    height, width = shape
    if stages.ndim != 3 or stages.shape[1] != height * width:
        raise DataError(f"weights: expected {height} x {width} pixels a neuron, got shape {np.shape(weights)}")
    members = _members(columns, stages.shape[2])
    labels = [str(i) for i in range(len(members))] if labels is None else list(labels)
    if len(labels) != len(members) or (titles is not None and len(titles) != len(stages)):
        raise DataError(f"expected {len(members)} labels and {len(stages)} titles")
    if title and titles is None and len(stages) == 1:
        title, titles = "", [title]
    busy = _used(used, stages)
    orders = _orders(permutation, stages)
    pictures = [_unpermuted(stage, order, shape) for stage, order in zip(stages, orders, strict=True)]
    return _draw(pictures, busy, members, labels, titles, title)


def _members(columns: int | Any, neurons: int) -> list[np.ndarray]:
    """Neurons of each column."""
    if np.ndim(columns) == 0:
        if not 0 < columns <= neurons or neurons % columns:
            raise DataError(f"columns: {neurons} neurons cannot be shared out evenly among {columns} columns")
        return list(np.arange(neurons).reshape(int(columns), -1))
    owner = np.asarray(columns)
    if owner.shape != (neurons,) or owner.dtype.kind not in "iu" or (owner < 0).any():
        raise DataError(f"columns: expected the column, 0 or more, of each of {neurons} neurons, got {owner.shape}")
    return [np.flatnonzero(owner == c) for c in range(owner.max() + 1)]


def _used(used: Any, stages: np.ndarray) -> np.ndarray:
    """Bool of shape (stages, neurons)."""
    if used is None:
        # A neuron without synapses is as empty as one whose weights are all still the same.
        known = np.where(np.isnan(stages), -np.inf, stages)
        least = np.where(np.isnan(stages), np.inf, stages)
        unequal: np.ndarray = known.max(axis=1) > least.min(axis=1)
        return unequal
    busy = np.asarray(used, dtype=bool)
    if busy.shape not in (stages[:, 0].shape, stages[0, 0].shape):
        raise DataError(f"used: expected one value for each of {stages.shape[2]} neurons, got shape {busy.shape}")
    return np.broadcast_to(busy, stages[:, 0].shape)


def _orders(permutation: Any, stages: np.ndarray) -> list[np.ndarray | None]:
    """The permutation of each stage."""
    one = permutation is None or (permutation[0] is not None and np.ndim(permutation[0]) == 0)
    orders = [permutation] * len(stages) if one else list(permutation)
    if len(orders) != len(stages):
        raise DataError(f"permutation: expected one for each of {len(stages)} stages, got {len(orders)}")
    n = stages.shape[1]
    checked = [None if order is None else np.asarray(order) for order in orders]
    for order in checked:
        if order is not None and (order.shape != (n,) or not np.array_equal(np.sort(order), np.arange(n))):
            raise DataError(f"permutation: expected the numbers 0..{n - 1}, each once")
    return checked


def _unpermuted(stage: np.ndarray, order: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    """Pictures of shape (neurons, height, width) in the original order of pixels."""
    if order is not None:
        original = np.empty_like(stage)
        original[order] = stage  # permuted pixel i is original pixel order[i]
        stage = original
    return stage.T.reshape(-1, *shape)


def limit_of(pictures: Sequence[np.ndarray], busy: np.ndarray) -> float:
    """Largest weight of the common colour scale: nearly all weights of used neurons lie within."""
    sizes = [np.abs(stage[mask])[~np.isnan(stage[mask])] for stage, mask in zip(pictures, busy, strict=True)]
    every = np.concatenate(sizes) if sizes else np.zeros(0)
    return float(np.quantile(every, 0.985)) or 1.0 if every.size else 1.0


def _draw(
    pictures: Sequence[np.ndarray],
    busy: np.ndarray,
    members: Sequence[np.ndarray],
    labels: Sequence[str],
    titles: Sequence[str] | None,
    title: str,
) -> Figure:
    """The figure: pictures of shape (neurons, height, width), one a stage; `busy` of shape (stages, neurons)."""
    height, width = pictures[0].shape[1:]
    rows, across = len(members), max(max((len(m) for m in members), default=1), 1)
    # Small networks are drawn larger, so that the picture is never a stamp; always whole dots.
    inch = INCH * max(1, min(4, int(4.5 / (INCH * across * (width + GAP)))))
    if across * (width + GAP) * inch * len(pictures) > 30:
        inch = INCH / 2
    wide, high = (across * (width + GAP) + GAP) * inch, (rows * (height + GAP) + GAP) * inch
    side = LEFT + LETTER * max(max(map(len, labels), default=0) - LETTERS, 0)
    total = side + RIGHT + len(pictures) * wide + (len(pictures) - 1) * BETWEEN
    full = high + BOTTOM + (TOP if titles is not None else 0.1) + (TOP if title else 0.0)
    figure = new_figure(total, full, constrained=False)
    limit = limit_of(pictures, busy)
    for i, (stage, mask) in enumerate(zip(pictures, busy, strict=True)):
        left = side + i * (wide + BETWEEN)
        ax = figure.add_axes((left / total, BOTTOM / full, wide / total, high / full))
        image = _panel(ax, stage, mask, members, limit, (height, width))
        middles = [GAP + (height + GAP) * row + (height - 1) / 2 for row in range(rows)]
        ax.set_yticks(middles, labels if i == 0 else [""] * rows)
        if titles is not None:
            ax.set_title(titles[i], pad=5)
        ax.set_xlabel("microcolumn", labelpad=3)
    figure.axes[0].set_ylabel("column", labelpad=4)
    if title:
        figure.suptitle(title, y=1 - 0.08 / full, va="top", fontsize=12)
    bar = figure.add_axes(((total - RIGHT + 0.15) / total, BOTTOM / full, 0.13 / total, min(high, 2.6) / full))
    figure.colorbar(image, cax=bar, extend="both", label="weight")
    bar.spines["outline"].set_visible(False)
    return figure


def _panel(
    ax: Axes,
    stage: np.ndarray,
    mask: np.ndarray,
    members: Sequence[np.ndarray],
    limit: float,
    shape: tuple[int, int],
) -> AxesImage:
    """A mosaic of one stage's fields in one pair of axes."""
    height, width = shape
    across = max(max((len(m) for m in members), default=1), 1)
    mosaic = np.full((len(members) * (height + GAP) + GAP, across * (width + GAP) + GAP), np.nan)
    frames: list[Place] = []
    crosses: list[Place] = []
    for row, neurons in enumerate(members):
        for place, neuron in enumerate(neurons):
            y, x = GAP + row * (height + GAP), GAP + place * (width + GAP)
            frames.append((x, y))
            if mask[neuron]:
                mosaic[y : y + height, x : x + width] = stage[neuron]
            else:
                crosses.append((x, y))
    image = ax.imshow(mosaic, cmap=MAP, vmin=-limit, vmax=limit, interpolation="nearest", aspect="auto")
    _mark(ax, frames, crosses, shape)
    ax.tick_params(length=0)
    ax.set_xticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    return image


def _mark(ax: Axes, frames: Sequence[Place], crosses: Sequence[Place], shape: tuple[int, int]) -> None:
    """A frame around each field; a light cross through each neuron that has learnt nothing."""
    from matplotlib.collections import LineCollection

    height, width = shape
    boxes, lines = [], []
    for x, y in frames:
        left, top, right, bottom = x - 1, y - 1, x + width, y + height
        boxes.append([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    for x, y in crosses:
        (x0, y0), (x1, y1) = (x - 0.5, y - 0.5), (x + width - 0.5, y + height - 0.5)
        lines += [[(x0, y0), (x1, y1)], [(x0, y1), (x1, y0)]]
    ax.add_collection(LineCollection(boxes, colors="#c8c8c8", linewidths=0.5, gid="frames"), autolim=False)
    ax.add_collection(LineCollection(lines, colors=GREY, linewidths=0.5, alpha=0.6, gid="unused"), autolim=False)
