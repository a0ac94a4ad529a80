"""Pictures of associative memories. matplotlib is imported when the first one is drawn."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colanet.associative.altered import Altered
from colanet.associative.capacity import LoadCurve, mean_field_capacity, mean_field_overlap
from colanet.associative.checks import Array
from colanet.associative.dead import OneGroup
from colanet.associative.lagrangians import ReLU
from colanet.associative.retrieval import Trajectory
from colanet.atomic import write_bytes
from colanet.extras import need

DPI = 100
COLOURS = ("#1b6ca8", "#d1495b", "#3a7d44", "#8a5a9c", "#c98a1b", "#555555", "#4fb3bf", "#e377a2")


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Any, Any]:
    """A figure without a window, and its axes in an array of shape (rows, columns)."""
    need("matplotlib", "associative")
    Figure = need("matplotlib.figure", "associative").Figure
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def save(figure: Any, path: Path) -> None:
    """Write a figure; the suffix says the format. The file is whole or absent."""
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix.lstrip(".") or "png")
    write_bytes(path, picture.getvalue())


def strip(rows: Sequence[Array], titles: Sequence[str], shape: tuple[int, int]) -> Any:
    """Pictures side by side: one line per digit, one column per stage.

    Parameters
    ----------
    rows : sequence over columns of arrays of shape (n_digits, n_pixels)
    titles : one title per column
    """
    count = len(rows[0])
    figure, axes = new_figure(0.95 * len(rows), 0.95 * count + 0.35, count, len(rows))
    for column, (pictures, title) in enumerate(zip(rows, titles, strict=True)):
        for line, picture in enumerate(pictures):
            ax = axes[line, column]
            ax.imshow(picture.reshape(shape), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            if line == 0:
                ax.set_title(title, fontsize=8)
    return figure


def energy_paths(paths: dict[str, tuple[Trajectory, Trajectory]]) -> Any:
    """Energy over time of full and reduced systems, one panel per model."""
    figure, axes = new_figure(3.1 * len(paths), 2.8, 1, len(paths))
    for ax, (name, (full, reduced)) in zip(axes[0], paths.items(), strict=True):
        ax.plot(full.times, full.energies, color=COLOURS[0], lw=1, alpha=0.8)
        ax.plot(reduced.times, reduced.energies, color=COLOURS[1], lw=1, ls="--")
        ax.set(title=name, xlabel="time", xlim=(0, full.times[-1]))
    axes[0, 0].set_ylabel("energy")
    axes[0, 0].plot([], [], color=COLOURS[0], label="both groups")
    axes[0, 0].plot([], [], color=COLOURS[1], ls="--", label="fast hidden neurons")
    axes[0, 0].legend(fontsize=7, frameon=False)
    return figure


def rivals() -> tuple[OneGroup, Altered]:
    """Two ReLU neurons that inhibit each other: in each stable state one of them is dead."""
    matrix, bias = [[0.7, -0.5], [-0.5, 0.7]], [1.0, 1.0]
    return OneGroup(matrix, ReLU(), bias), Altered(matrix, ReLU(), bias)


def landscapes(duration: float = 12.0) -> Any:
    """The flat energy E(x) of two rival neurons beside the mended E(y), with the flow on both."""
    original, altered = rivals()
    figure, axes = new_figure(8.4, 3.9, 1, 2)
    starts = np.array([[-3.5, -1], [-3.5, 2], [-1, -3.5], [2, -3.5], [-2, -2.5], [5, -3.5], [4, 5], [-3.5, 5]])
    _landscape(axes[0, 0], original, (-4, 6), starts, duration, "E(x): flat where a neuron is dead")
    _landscape(axes[0, 1], altered, (-1, 5), starts * 0.6 + 1.4, duration, "E(y): wells of the same states")
    axes[0, 0].set(xlabel="$x_1$", ylabel="$x_2$")
    axes[0, 1].set(xlabel="$y_1$", ylabel="$y_2$")
    ends = np.array([[10 / 3, -2 / 3], [-2 / 3, 10 / 3]])
    axes[0, 0].plot(*ends.T, "o", color="white", mec="black")
    axes[0, 1].plot(*ReLU().gradient(ends).T, "o", color="white", mec="black")
    axes[0, 0].axvline(0, color="black", lw=0.7, ls=":")
    axes[0, 0].axhline(0, color="black", lw=0.7, ls=":")
    return figure


def _landscape(
    ax: Any, system: OneGroup | Altered, limits: tuple[float, float], starts: Array, duration: float, title: str
) -> None:
    line = np.linspace(*limits, 161)
    grid = np.stack(np.meshgrid(line, line), axis=-1)
    energy = system.energy(grid)
    low = energy.min()
    levels = low + (np.quantile(energy, 0.9) - low) * np.linspace(0, 1, 15) ** 1.7
    shades = ax.contourf(line, line, energy, levels, cmap="viridis", extend="max")
    ax.contour(line, line, energy, levels, colors="white", linewidths=0.3)
    paths = system.integrate(starts, duration).states
    for k in range(len(starts)):
        ax.plot(*paths[:, k].T, color="#ffcf56", lw=1)
        ax.plot(*paths[0, k], ".", color="#ffcf56", ms=4)
    ax.set(title=title, xlim=limits, ylim=limits, aspect="equal")
    ax.figure.colorbar(shades, ax=ax, shrink=0.8, format="%.1f")


def capacities(curves: dict[int, LoadCurve], growths: dict[str, tuple[Array, Array, Array, float]]) -> Any:
    """Hopfield's network over its load, and the capacity of model A over its size.

    Parameters
    ----------
    curves : number of neurons -> measured curve
    growths : name -> (sizes, measured capacities, theoretical capacities, measured exponent)
    """
    figure, axes = new_figure(8.4, 3.5, 1, 2)
    ax = axes[0, 0]
    for colour, (size, curve) in zip(COLOURS, curves.items(), strict=False):
        ax.plot(curve.loads, curve.overlap, "o-", color=colour, ms=3, lw=1, label=f"d = {size}")
    loads = np.linspace(0.01, 0.22, 300)
    ax.plot(loads, [mean_field_overlap(load) or np.nan for load in loads], color="black", lw=1, label="theory")
    ax.axvline(mean_field_capacity(), color="black", lw=0.7, ls=":")
    ax.set(xlabel="patterns per neuron", ylabel="overlap after retrieval", title="Hopfield 1982", ylim=(0, 1.03))
    ax.legend(fontsize=7, frameon=False)
    ax = axes[0, 1]
    for colour, (name, (sizes, measured, theory, slope)) in zip(COLOURS, growths.items(), strict=False):
        ax.loglog(sizes, measured, "o", color=colour, ms=4, label=f"{name}: exponent {slope:.2f}")
        ax.loglog(sizes, theory, color=colour, lw=1)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    ax.set(xlabel="neurons d", ylabel="patterns K (0.5 % of bits unstable)", title="Model A (lines: theory)")
    ax.legend(fontsize=7, frameon=False)
    return figure


def accuracies(levels: Sequence[float], curves: Mapping[str, Sequence[float]], title: str) -> Any:
    """Accuracy over the level of noise, one line per model."""
    figure, axes = new_figure(5.6, 3.4)
    ax = axes[0, 0]
    for k, (name, values) in enumerate(curves.items()):
        # Lines that lie on one another stay visible: each is thinner than the one below.
        width, colour = 4 - 0.45 * k, COLOURS[k % len(COLOURS)]
        ax.plot(levels, values, "-" if k else "--", color="black" if k == 0 else colour, lw=width, label=name)
    ax.set(xlabel="noise: part of the pixels replaced", ylabel="accuracy", title=title, ylim=(0, 1))
    ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
