"""Who fired when: the spikes of all sections while images are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet.errors import DataError
from colanet.extras import need
from colanet.viz.figure import COLOURS, GREY, new_figure, numbers, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def raster(
    spikes_by_section: Mapping[str, Any],
    period: int,
    presentation: int,
    *,
    sizes: Mapping[str, int] | None = None,
    columns: Mapping[str, int] | None = None,
    first: int = 0,
    title: str = "",
) -> Figure:
    """A panel for each section, a dot for each spike; the steps with input spikes are shaded.

    Parameters
    ----------
    spikes_by_section : mapping of str to int array of shape (spikes, 2)
        Step and neuron of each spike, sections from top to bottom.
    period : int
        Steps an image.
    presentation : int
        Steps of the period in which the input spikes.
    sizes : mapping of str to int, or None
        Neurons of the sections; None: up to the last one that fired.
    columns : mapping of str to int, or None
        Columns of sections that have them: a line is drawn between two.
    first : int
        Step at which the picture begins; steps are counted from there.
    title : str

    Raises
    ------
    DataError
        If there are no sections, or the steps do not fit the period.
    """
    sections = {name: numbers(rows, name).reshape(-1, 2) for name, rows in spikes_by_section.items()}
    if not sections or not 0 < presentation <= period:
        raise DataError(f"expected sections and 0 < presentation <= period, got {presentation} of {period} steps")
    steps = np.concatenate([rows[:, 0] for rows in sections.values()]) - first
    if steps.size and steps.min() < 0:
        raise DataError(f"spikes: step {int(steps.min()) + first} lies before the first step {first}")
    images = max(1, int(-(-(steps.max(initial=0) + 1) // period)))
    heights = [_height((sizes or {}).get(name, _reach(rows))) for name, rows in sections.items()]
    figure = new_figure(min(5.2 + 1.2 * images, 10), sum(heights) + 0.35 * len(heights) + 0.6)
    axes = figure.subplots(len(sections), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    for i, (ax, (name, rows)) in enumerate(zip(axes, sections.items(), strict=True)):
        size = (sizes or {}).get(name, _reach(rows))
        _section(ax, rows[:, 0] - first, rows[:, 1], size, (columns or {}).get(name, 0), COLOURS[i % 6], images)
        for image in range(images):
            ax.axvspan(image * period - 0.5, image * period + presentation - 0.5, color="#eeeeee", lw=0, zorder=0)
        ax.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
        ax.set_xlim(-0.5, images * period - 0.5)
    axes[-1].set_xlabel("step, ms")
    every = 5 * -(-images * period // 100)
    axes[-1].xaxis.set_major_locator(need("matplotlib.ticker", "plot").MultipleLocator(every))
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def _reach(rows: np.ndarray) -> int:
    return int(rows[:, 1].max(initial=0)) + 1


def _height(size: int) -> float:
    """Inches of a panel: small sections stay readable, large ones do not crowd them out."""
    return float(np.clip(0.13 * size**0.43, 0.45, 2.6))


def _section(
    ax: Axes, step: np.ndarray, neuron: np.ndarray, size: int, columns: int, colour: str, images: int
) -> None:
    """A mark for each spike, smaller where there are many."""
    crowded = len(step) > 100 * images
    ax.scatter(step, neuron, marker="s", s=4 if crowded else 13, color=colour, linewidths=0, clip_on=False)
    if 1 < columns < size:
        for line in range(size // columns, size, size // columns):
            ax.axhline(line - 0.5, color=GREY, lw=0.4, alpha=0.5)
    ax.set_ylim(size - 0.5, -0.5)
    ax.set_yticks(sorted({0, size - 1}))
