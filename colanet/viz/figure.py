"""One look for all pictures, and how they become files."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from colanet.atomic import write_bytes
from colanet.errors import ConfigError, DataError
from colanet.extras import need

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#F0E442")
"""Okabe and Ito's palette, distinguishable with every kind of colour vision; dark ones first."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
GREY = "#8a8a8a"
DPI = 200

STYLE: dict[str, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": False,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "errorbar.capsize": 3,
    "figure.dpi": 100,
    "savefig.dpi": DPI,
    "svg.fonttype": "none",
    "svg.hashsalt": "colanet",
    "pdf.fonttype": 42,
}


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw with this module's look, whatever the user's own settings of matplotlib are."""

    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        matplotlib = need("matplotlib", "plot")
        need("matplotlib.figure", "plot")
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(STYLE)
            return draw(*args, **kwargs)

    return wrapped


def new_figure(width: float, height: float, *, constrained: bool = True) -> Figure:
    """An empty figure without a window, which notebooks show; sizes in inches."""
    figure: Any = need("matplotlib.figure", "plot").Figure(
        figsize=(width, height), layout="constrained" if constrained else None
    )
    # Notebooks show the figures of matplotlib by themselves only once pyplot is imported.
    figure._repr_png_ = functools.partial(_png, figure)
    shown: Figure = figure
    return shown


def _png(figure: Figure) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=figure.dpi)
    return picture.getvalue()


def check_suffix(path: str | os.PathLike[str]) -> None:
    """ConfigError if matplotlib writes no pictures of that file's kind; better before the work than after."""
    suffix = Path(path).suffix.lstrip(".").lower()
    known = need("matplotlib.figure", "plot").Figure().canvas.get_supported_filetypes()
    if suffix not in known:
        raise ConfigError(f"{path}: expected a file that ends in .{', .'.join(sorted(known))}")


@styled
def save(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a figure; the suffix says the format. The file is whole or absent.

    Raises
    ------
    ConfigError
        If the suffix names no format.
    OutputError
        If the file cannot be written.
    """
    check_suffix(path)
    suffix = Path(path).suffix.lstrip(".").lower()
    # Without version and date the same picture is the same file.
    metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(suffix)
    # Drawn in memory: matplotlib's own writing can fail in ways of its own.
    picture = io.BytesIO()
    figure.savefig(picture, format=suffix, dpi=DPI, metadata=metadata)
    write_bytes(path, picture.getvalue())


def numbers(values: Any, name: str, ndim: int | None = None) -> np.ndarray:
    """Values as an array of float.

    Raises
    ------
    DataError
        If they are no numbers or have another number of dimensions.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: expected numbers ({error})") from error
    if ndim is not None and array.ndim != ndim:
        raise DataError(f"{name}: expected {ndim} dimensions, got an array of shape {array.shape}")
    return array


def same_length(**values: Any) -> None:
    """DataError unless all the named things, those that are not None, are equally long."""
    lengths = {name: len(value) for name, value in values.items() if value is not None}
    if len(set(lengths.values())) > 1:
        raise DataError("expected equal lengths, got " + ", ".join(f"{n} {k}" for k, n in lengths.items()))
