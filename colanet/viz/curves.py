"""Curves and bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from colanet.viz.figure import COLOURS, figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MeanAndSpread = tuple[float, float]


def tuning_curves(
    values: Sequence[float],
    accuracy: Sequence[MeanAndSpread],
    forgetting: Sequence[MeanAndSpread],
    *,
    name: str = "alpha",
    title: str = "",
) -> Figure:
    """Average accuracy and forgetting over one parameter, with standard deviations.

    Parameters
    ----------
    values : sequence of float
    accuracy, forgetting : sequence of (mean, standard deviation)
        As shares, drawn in percent and in points.
    """
    picture = figure(6.4, 3.8)
    axes = plain(picture.subplots())
    places = np.arange(len(values))
    for numbers, label, colour in (
        (accuracy, "mean accuracy after the last task, %", COLOURS[0]),
        (forgetting, "forgetting (FM), points", COLOURS[1]),
    ):
        mean, spread = 100 * np.nan_to_num(np.array(numbers)).T
        axes.errorbar(places, mean, spread, marker="o", markersize=4, capsize=2, color=colour, label=label)
    axes.set_xticks(places, labels=[f"{v:g}" for v in values])
    axes.set_xlabel(name)
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    axes.legend(frameon=False)
    axes.set_title(title, fontsize=11)
    return picture


def capacity_curve(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], *, title: str = "") -> Figure:
    """Mean accuracy on all tasks seen so far over their number.

    Parameters
    ----------
    curves : mapping of str to (mean, standard deviation), float of shape (T,)
        After 1, 2, ... tasks, as shares; one curve a label.
    """
    picture = figure(6.4, 3.8)
    axes = plain(picture.subplots())
    for (label, (mean, spread)), colour in zip(curves.items(), COLOURS * 3, strict=False):
        n = np.arange(1, len(mean) + 1)
        mean, spread = 100 * np.asarray(mean), 100 * np.nan_to_num(np.asarray(spread))
        axes.plot(n, mean, color=colour, label=label)
        axes.fill_between(n, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
    axes.set_xlabel("tasks learnt")
    axes.set_ylabel("mean accuracy on all of them, %")
    axes.legend(frameon=False)
    axes.set_title(title, fontsize=11)
    return picture


def learning_curve(
    curves: Mapping[str, np.ndarray], block: int, boundaries: Sequence[int] = (), *, title: str = ""
) -> Figure:
    """Accuracy on training images before they are taught, over blocks of them.

    Parameters
    ----------
    curves : mapping of str to ndarray of float, shape (blocks,)
    block : int
        Images a block.
    boundaries : sequence of int
        Images after which a task ends.
    """
    picture = figure(7.5, 3.4)
    axes = plain(picture.subplots())
    for (label, running), colour in zip(curves.items(), COLOURS * 3, strict=False):
        images = block * (np.arange(len(running)) + 0.5)
        axes.plot(images / 1000, 100 * np.asarray(running), color=colour, label=label, linewidth=1)
    for boundary in boundaries[:-1]:
        axes.axvline(boundary / 1000, color="#bbbbbb", linewidth=0.7, zorder=0)
    axes.set_xlabel("training images, thousands")
    axes.set_ylabel("answered rightly, %")
    axes.legend(frameon=False)
    axes.set_title(title, fontsize=11)
    return picture


def comparison_bars(
    names: Sequence[str],
    accuracy: Sequence[MeanAndSpread],
    forgetting: Sequence[MeanAndSpread | None],
    *,
    title: str = "",
) -> Figure:
    """Accuracy after the last task and forgetting of several methods, with standard deviations; None: undefined."""
    picture = figure(7.0, 0.45 * len(names) + 1.4)
    left, right = picture.subplots(1, 2, sharey=True)
    places = np.arange(len(names))
    rows = (
        (left, list(accuracy), "mean accuracy after the last task, %", COLOURS[0]),
        (right, [pair or (np.nan, np.nan) for pair in forgetting], "forgetting (FM), points", COLOURS[1]),
    )
    for axes, pairs, label, colour in rows:
        mean, spread = 100 * np.array(pairs, dtype=float).T
        plain(axes).barh(places, np.nan_to_num(mean), xerr=np.nan_to_num(spread), color=colour, height=0.6)
        for place, value in zip(places, mean, strict=True):
            axes.text(max(np.nan_to_num(value), 0), place, "" if np.isnan(value) else f"  {value:.1f}", va="center")
        axes.set_xlabel(label)
        axes.margins(x=0.18)
    left.set_yticks(places, labels=list(names))
    left.invert_yaxis()
    picture.suptitle(title, fontsize=11)
    return picture
