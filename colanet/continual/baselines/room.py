"""Whether a comparison method fits in memory, before anything runs."""

from __future__ import annotations

from colanet.continual.baselines.features import CHUNK
from colanet.continual.baselines.options import BaselineOptions
from colanet.errors import ConfigError, Problem
from colanet.plan import memory

DOUBLE, SINGLE = 8, 4
SQUARES = 3 * DOUBLE + SINGLE
"""Bytes for each entry of a Gram matrix: the sum, a copy to solve, LAPACK's own, the products of a chunk."""


def needed(method: str, options: BaselineOptions, pixels: int, images: int) -> int:
    """Bytes of the large arrays of a method that learns so many images, at most; 0: it has none."""
    size = options.features or pixels
    if method == "nearest-neighbour":
        return images * pixels * (1 + 1 + SINGLE)  # as they came, put together, as numbers
    if method in ("ridge", "slda"):
        return size * (size * SQUARES + (pixels + CHUNK) * SINGLE)
    return 0


def check_room(method: str, options: BaselineOptions, pixels: int, images: int) -> None:
    """Refuse a method that takes more memory than there is.

    Raises
    ------
    ConfigError
        With what it would take, and what there is.
    """
    total, free = needed(method, options, pixels, images), memory.available()
    if free is not None and total > free:
        what = f"needs about {memory.size(total)} of memory, and {memory.size(free)} are free"
        where = "method" if method == "nearest-neighbour" else "options.features"
        raise ConfigError(Problem(f"{method} {what} ({memory.VARIABLE} sets another number of bytes)", where))
