"""Pictures turned about their centre, in integers: the same bytes on every machine and with every library."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from colanet.errors import DataError

ONE = 1 << 16
"""Of a sine or cosine in fixed point."""
PARTS = 16
"""Steps of a pixel to which a place in the original is rounded."""
ROWS = 2048
"""Samples that are turned at a time."""


@dataclass(frozen=True, eq=False)
class Rotation:
    """Where the pixels of a turned sample come from.

    Attributes
    ----------
    places : ndarray of int64, shape (4, nodes)
        Numbers of the four nodes of the original around a place; any where the weight is 0.
    weights : ndarray of uint16, shape (4, nodes)
        In parts of 256; together 256, less where a part of the place lies outside of the picture, which is black.
    """

    places: np.ndarray
    weights: np.ndarray

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Turned samples.

        Parameters
        ----------
        samples : ndarray of uint8, shape (n, nodes)

        Returns
        -------
        ndarray of uint8, shape (n, nodes)
        """
        turned = np.empty(samples.shape, dtype=np.uint8)
        for first in range(0, len(samples), ROWS):
            part = samples[first : first + ROWS]
            # 255 * 256 + 128 is below 2^16.
            total = np.full(part.shape, PARTS * PARTS // 2, dtype=np.uint16)
            for places, weights in zip(self.places, self.weights, strict=True):
                total += np.take(part, places, axis=1) * weights
            turned[first : first + ROWS] = total >> 8
        return turned


@functools.lru_cache(maxsize=360)
def rotation(shape: tuple[int, ...], degrees: int) -> Rotation:
    """Turn a picture counter-clockwise about its centre, with bilinear interpolation.

    The node at (y, x) shows the original at (cy + c (y - cy) + s (x - cx), cx + c (x - cx) - s (y - cy)), with the
    centre (cy, cx), c and s cosine and sine, y downwards. Places are rounded to 1/16 of a pixel, halves up. What
    lies outside is 0. Cosine and sine are rounded to 2^-16, from which every machine gets the same integers: none
    of a whole number of degrees lies close to the middle between two.

    Parameters
    ----------
    shape : tuple of int
        Of a sample: (height, width), or (height, width, channels).
    degrees : int
        Any whole number.

    Raises
    ------
    DataError
        If the samples are no pictures.
    """
    if len(shape) not in (2, 3):
        raise DataError(f"rotation: samples of shape {shape}, expected pictures of height and width")
    height, width = shape[:2]
    c, s = cosine(degrees), cosine(degrees - 90)
    # Twice the distance from the centre is a whole number; a place then comes in parts of 2 ONE.
    y, x = (np.ascontiguousarray(a.ravel()) for a in np.mgrid[1 - height : height : 2, 1 - width : width : 2])
    down, right = c * y + s * x + (height - 1) * ONE, c * x - s * y + (width - 1) * ONE
    step = 2 * ONE // PARTS
    down, right = (down + step // 2) // step, (right + step // 2) // step
    places, weights = [], []
    for below in (0, 1):
        for beside in (0, 1):
            row, column = down // PARTS + below, right // PARTS + beside
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            share = _share(down, below) * _share(right, beside)
            places.append(np.where(inside, row * width + column, 0))
            weights.append(np.where(inside, share, 0))
    channels = math.prod(shape[2:])
    nodes = np.array(places)[:, :, None] * channels + np.arange(channels)
    return Rotation(nodes.reshape(4, -1), np.repeat(np.array(weights), channels, axis=1).astype(np.uint16))


def _share(place: np.ndarray, upper: int) -> np.ndarray:
    """Parts of `PARTS` that fall to the lower or the upper neighbour."""
    above = place % PARTS
    return above if upper else PARTS - above


def cosine(degrees: int) -> int:
    """Cosine in parts of `ONE`, rounded to the nearest."""
    return round(math.cos(math.radians(degrees % 360)) * ONE)
