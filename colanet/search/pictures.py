"""The course of a search and its slices, in one picture. Needs matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from colanet.atomic import write_bytes
from colanet.search.study import Study

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

COLUMNS = 3


def draw(path: Path, study: Study, trials: Sequence[FrozenTrial]) -> None:
    """Objective over trials with the best so far, then over each parameter, coloured by the trial's number."""
    done = [trial for trial in trials if trial.value is not None]
    values = np.array([trial.value for trial in done], dtype=float)
    numbers = np.array([trial.number for trial in done])
    rows = 1 + -(-len(study.parameters) // COLUMNS)
    figure = Figure(figsize=(11, 2.8 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(rows, COLUMNS)
    _course(figure.add_subplot(grid[0, :]), study, numbers, values)
    for index, name in enumerate(study.parameters):
        axes = figure.add_subplot(grid[1 + index // COLUMNS, index % COLUMNS])
        axes.scatter([t.params[name] for t in done], values, c=numbers, s=14, cmap="viridis")
        axes.set_xlabel(name, fontsize=8)
        _limits(axes, values)
        if study.parameters[name].log:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    write_bytes(path, picture.getvalue())


def _course(axes: Any, study: Study, numbers: np.ndarray, values: np.ndarray) -> None:
    axes.scatter(numbers, values, c=numbers, s=14, cmap="viridis", label="trial")
    axes.step(numbers, np.maximum.accumulate(values), where="post", color="black", label="best so far")
    for edge in range(study.generation, int(numbers.max()) + 1, study.generation):
        axes.axvline(edge - 0.5, color="0.9", linewidth=0.6, zorder=0)
    axes.set_xlabel("trial (lines: generations)")
    axes.set_ylabel("objective")
    axes.set_title(study.name)
    axes.legend(fontsize=8)
    _limits(axes, values)


def _limits(axes: Any, values: np.ndarray) -> None:
    """The better three quarters fill the picture; a few hopeless trials must not flatten it."""
    low, high = np.quantile(values, 0.25), values.max()
    if high > low:
        axes.set_ylim(low - 0.5 * (high - low), high + 0.05 * (high - low))
