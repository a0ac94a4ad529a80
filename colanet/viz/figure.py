"""What all pictures share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from colanet.atomic import atomic_path
from colanet.errors import BackendUnavailable, ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours, told apart by colour-blind eyes too."""


def figure(width: float, height: float) -> Figure:
    """An empty figure, inches.

    Raises
    ------
    BackendUnavailable
        Without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BackendUnavailable('pictures need matplotlib: pip install "colanet[plot]"') from error
    return Figure(figsize=(width, height), layout="constrained")


def plain(axes: Axes) -> Axes:
    """Axes without a frame above and to the right."""
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def save(picture: Figure, path: str | os.PathLike, dpi: int = 120) -> None:
    """Write a figure in the format of the suffix; the file is whole or not there.

    Raises
    ------
    ConfigError
        If the format is unknown or the file cannot be written.
    """
    suffix = Path(path).suffix.lstrip(".").lower()
    known = picture.canvas.get_supported_filetypes()
    if suffix not in known:
        raise ConfigError(f"{path}: unknown kind of picture, expected one of {', '.join(sorted(known))}")
    try:
        with atomic_path(path) as temporary:
            # Without a date, the same picture is the same file.
            metadata = {"Software": None} if suffix == "png" else None
            picture.savefig(temporary, format=suffix, dpi=dpi, metadata=metadata)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error
