"""Accuracy as curves and bars: over a threshold, over the number of tasks, over levels of damage, over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet.errors import DataError
from colanet.extras import need
from colanet.viz.figure import COLOURS, GREY, MARKERS, new_figure, numbers, same_length, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def alpha_curves(alpha: Any, accuracy: Any, forgetting: Any, spreads: tuple[Any, Any] | None = None) -> Figure:
    """Mean accuracy and forgetting over the weight dependence of the threshold.

    Parameters
    ----------
    alpha : array of shape (n,)
    accuracy, forgetting : array of shape (n,)
        From 0 to 1; forgetting in the same unit, 0.1 being ten points.
    spreads : two arrays of shape (n,), or None
        Standard deviations of accuracy and forgetting.

    Raises
    ------
    DataError
        If the lengths differ.
    """
    x = numbers(alpha, "alpha", 1)
    curves = (numbers(accuracy, "accuracy", 1), numbers(forgetting, "forgetting", 1))
    bars = _two_spreads(spreads)
    same_length(alpha=x, accuracy=curves[0], forgetting=curves[1], spread=bars[0], spreads=bars[1])
    figure, ax = _axes(5.6, 3.6)
    order = np.argsort(x)
    for i, (label, values, bar) in enumerate(
        zip(("mean accuracy after the last task", "forgetting"), curves, bars, strict=True)
    ):
        _curve(ax, x[order], 100 * values[order], None if bar is None else 100 * bar[order], i, label)
    if len(x) and x.min() > 0 and x.max() / x.min() > 20:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(need("matplotlib.ticker", "plot").LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter("")
    ax.axhline(0, color=GREY, lw=0.8, zorder=0)
    ax.set(xlabel="α, share of positive weights added to the threshold", ylabel="accuracy, % | forgetting, points")
    ax.grid(axis="y")
    _legend_above(figure, ax)
    return figure


@styled
def capacity_curve(n_tasks: Any, accuracies_by_label: Mapping[str, Any]) -> Figure:
    """Mean accuracy over the number of tasks learnt, a curve for each network.

    Parameters
    ----------
    n_tasks : array of shape (n,)
    accuracies_by_label : mapping of str to array of shape (n,) or (seeds, n)
        From 0 to 1; of several seeds the mean and the standard deviation are drawn. NaN: not measured.

    Raises
    ------
    DataError
        If the lengths differ.
    """
    x = numbers(n_tasks, "n_tasks", 1)
    figure, ax = _axes(5.6, 3.6)
    for i, (label, values) in enumerate(accuracies_by_label.items()):
        runs = np.atleast_2d(100 * numbers(values, label))
        if runs.ndim != 2 or runs.shape[1] != len(x):
            raise DataError(f"{label}: expected {len(x)} accuracies, one a number of tasks, got {np.shape(values)}")
        known = ~np.isnan(runs).all(axis=0)
        runs, here, colour = runs[:, known], x[known], COLOURS[i % len(COLOURS)]
        mean, spread = mean_and_spread(runs)
        ax.plot(here, mean, color=colour, label=label)
        if len(runs) > 1:
            ax.fill_between(here, mean - spread, mean + spread, color=colour, alpha=0.2, lw=0)
    ax.set(xlabel="tasks learnt", ylabel="mean accuracy on them, %")
    ax.xaxis.set_major_locator(need("matplotlib.ticker", "plot").MaxNLocator(integer=True))
    ax.grid(axis="y")
    _legend_above(figure, ax)
    return figure


def mean_and_spread(runs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sample standard deviation over the known values of each column; spread 0 where there is one."""
    count = (~np.isnan(runs)).sum(axis=0)
    mean = np.nansum(runs, axis=0) / np.maximum(count, 1)
    squares = np.nansum((runs - mean) ** 2, axis=0)
    return mean, np.sqrt(squares / np.maximum(count - 1, 1))


@styled
def level_curves(panels: Mapping[str, tuple[Any, Mapping[str, Any]]]) -> Figure:
    """Accuracy over levels of damage: a panel for each kind, a curve for each network.

    Parameters
    ----------
    panels : mapping of str to (levels, accuracies)
        Quantity and unit of the levels; levels of shape (n,), and label to array of shape (n,) or (seeds, n), from
        0 to 1. Of several seeds mean and standard deviation are drawn. A label has one colour in all panels.

    Raises
    ------
    DataError
        If there are no panels, or the lengths differ.
    """
    if not panels:
        raise DataError("expected at least one panel")
    labels = list(dict.fromkeys(label for _, curves in panels.values() for label in curves))
    wide = min(len(panels), 3)
    figure = new_figure(3.1 * wide, 2.7 * -(-len(panels) // wide) + 0.5)
    grid = figure.subplots(-(-len(panels) // wide), wide, sharey=True, squeeze=False)
    for ax, (title, (levels, curves)) in zip(grid.flat, panels.items(), strict=False):
        x = numbers(levels, title, 1)
        for label, values in curves.items():
            runs = np.atleast_2d(100 * numbers(values, label))
            if runs.ndim != 2 or runs.shape[1] != len(x):
                raise DataError(f"{label}: expected {len(x)} accuracies, one a level, got {np.shape(values)}")
            mean, spread = mean_and_spread(runs)
            _curve(ax, x, mean, spread if len(runs) > 1 else None, labels.index(label), label)
        ax.set(xlabel=title, ylim=(0, 102))
        ax.grid(axis="y")
    for ax in list(grid.flat)[len(panels) :]:
        ax.set_axis_off()
    for row in grid:
        row[0].set_ylabel("accuracy, %")
    handles = {label: h for ax in grid.flat for h, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    known = [handles[label] for label in labels]
    figure.legend(known, labels, loc="outside upper center", ncols=min(len(labels), 3))
    return figure


@styled
def learning_curve(*blocks: Any, names: Sequence[str] | None = None, window: int = 1000) -> Figure:
    """Accuracy while learning, over images; tasks follow each other, their boundaries are marked.

    Parameters
    ----------
    blocks : arrays of shape (images,)
        One a task: 1 or True where the answer, given before the label was shown, was right; or shares.
    names : sequence of str or None
        Of the tasks.
    window : int
        Images that the running mean takes together; within a task only.

    Raises
    ------
    DataError
        If there are no blocks, or not as many names as blocks.
    """
    parts = [numbers(block, "blocks", 1) for block in blocks]
    if not parts or (names is not None and len(names) != len(parts)) or window < 1:
        raise DataError(f"expected at least one task, a name for each of {len(parts)}, and a window of 1 or more")
    figure, ax = _axes(7.2, 3.2)
    first = 0
    for i, part in enumerate(parts):
        if i:
            ax.axvline(first, color=GREY, lw=0.8, ls=":")
        ax.plot(first + 1 + np.arange(len(part)), 100 * running_mean(part, window), color=COLOURS[0], lw=1.2)
        _name_task(ax, first + len(part) / 2, i, len(parts), names)
        first += len(part)
    ax.set(xlabel="images learnt", ylabel=f"accuracy of the last {window:,} images, %", xlim=(0, max(first, 1)))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y")
    return figure


def _name_task(ax: Axes, x: float, number: int, total: int, names: Sequence[str] | None) -> None:
    """The name of a task above the axes, or its number where there are many or no names."""
    if names is None and total == 1:
        return
    crowded = total > 6
    text = names[number] if names is not None else str(number + 1) if crowded else f"task {number + 1}"
    turned = crowded and names is not None
    ax.annotate(
        text, (x, 1), xytext=(0, 3), xycoords=("data", "axes fraction"), textcoords="offset points", va="bottom",
        ha="left" if turned else "center", rotation=30 if turned else 0, rotation_mode="anchor", color="#444444",
    )  # fmt: skip


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Mean of the last `window` values, of fewer at the beginning."""
    total: np.ndarray = np.concatenate([[0.0], np.cumsum(values)])
    last = np.arange(1, len(values) + 1)
    first = np.maximum(last - window, 0)
    means: np.ndarray = (total[last] - total[first]) / (last - first)
    return means


@styled
def comparison_bars(methods: Sequence[str], accuracy: Any, forgetting: Any, spreads: Any = None) -> Figure:
    """Mean accuracy after the last task and forgetting of several methods, side by side.

    Parameters
    ----------
    methods : sequence of str
    accuracy, forgetting : array of shape (methods,)
        From 0 to 1; NaN: not defined, as forgetting of joint training.
    spreads : two arrays of shape (methods,), or None
        Standard deviations.

    Raises
    ------
    DataError
        If the lengths differ.
    """
    values = (numbers(accuracy, "accuracy", 1), numbers(forgetting, "forgetting", 1))
    bars = _two_spreads(spreads)
    same_length(methods=methods, accuracy=values[0], forgetting=values[1], spread=bars[0], spreads=bars[1])
    figure = new_figure(7.2, 0.38 * len(methods) + 1.0)
    axes = figure.subplots(1, 2, sharey=True)
    place = np.arange(len(methods))
    titles = ("mean accuracy after the last task, %", "forgetting, points")
    for i, (ax, title) in enumerate(zip(axes, titles, strict=True)):
        _bars(ax, place, 100 * values[i], _percent(bars[i]), COLOURS[i])
        ax.set_xlabel(title)
    axes[0].set_xticks(range(0, 101, 20))
    axes[0].set_yticks(place, list(methods))
    axes[0].invert_yaxis()
    return figure


def _bars(ax: Axes, place: np.ndarray, values: np.ndarray, spread: np.ndarray | None, colour: str) -> None:
    """Horizontal bars with their numbers at the end."""
    known = np.nan_to_num(values)
    reach = np.zeros(len(values)) if spread is None else np.where(np.isnan(values), 0, np.nan_to_num(spread))
    # No bar, not even of length 0, where nothing is defined.
    bars = None if spread is None else np.where(np.isnan(values), np.nan, reach)
    ax.barh(place, known, height=0.62, color=colour, xerr=bars, ecolor="#333333", error_kw={"lw": 1})
    for y, value, true, wide in zip(place, known, values, reach, strict=True):
        text = "–" if np.isnan(true) else f"{value:.1f}" + (f" ± {wide:.1f}" if spread is not None else "")
        text = text.replace("-", "−")
        end = (max(value + wide, 0), y)
        ax.annotate(text, end, xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    top = float(np.max(np.maximum(known + reach, 0), initial=1.0))
    low = float(np.min(known - reach, initial=0.0))
    ax.set_xlim(1.1 * low, top + 0.45 * (top - low))
    ax.tick_params(axis="y", length=0)
    ax.axvline(0, color="#333333", lw=0.8)


def _two_spreads(spreads: Any) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Standard deviations of accuracy and forgetting, if they are given."""
    if spreads is None:
        return None, None
    if len(spreads) != 2:
        raise DataError("spreads: expected two arrays, of accuracy and of forgetting")
    return numbers(spreads[0], "spreads", 1), numbers(spreads[1], "spreads", 1)


def _percent(values: np.ndarray | None) -> np.ndarray | None:
    return None if values is None else 100 * values


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure = new_figure(width, height)
    return figure, figure.subplots()


def _curve(ax: Axes, x: np.ndarray, y: np.ndarray, spread: np.ndarray | None, number: int, label: str) -> None:
    number %= len(COLOURS)
    ax.errorbar(x, y, spread, color=COLOURS[number], marker=MARKERS[number], label=label, elinewidth=1)


def _legend_above(figure: Figure, ax: Axes) -> None:
    """The names of the curves above the axes, where no curve is."""
    handles, labels = ax.get_legend_handles_labels()
    if labels:
        room = max(int(13 * figure.get_size_inches()[0] / (max(map(len, labels)) + 7)), 1)
        figure.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), room))
