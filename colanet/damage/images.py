"""Noise on the pixels of images."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from colanet import hashing
from colanet.damage.chance import NORMAL_Q, Draw, check_level, key_of, normal, scaled
from colanet.errors import DataError

MOST_GREY = 1000.0
"""Largest standard deviation of noise on pixels, in grey values."""
CHUNK = 1 << 20
"""Pixels that are disturbed at once."""


def salt_and_pepper(images: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    """Images with each pixel at 0 or 255, by chance, with the probability `share`.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, ...)
        Stay as they are.
    share : float
        0 to 1.
    seed : int

    Returns
    -------
    ndarray of uint8, same shape

    Raises
    ------
    ConfigError
        If the share is out of range.
    DataError
        If the images are not uint8.
    """
    check_level("salt_and_pepper", share, 1.0)
    limit = np.uint64(math.floor(Fraction(float(share)) * (1 << 63)))
    key = key_of(seed, 0, 0, Draw.SALT_AND_PEPPER)
    noisy = _copied(images)
    for part, index in _parts(noisy):
        drawn = hashing.draw64(key, index)
        hit = drawn >> np.uint64(1) < limit
        part[hit] = np.where(drawn[hit] & np.uint64(1), 255, 0)
    return noisy


def noisy_pixels(images: np.ndarray, grey: float, seed: int = 0) -> np.ndarray:
    """Images with round(grey z) added to each pixel, z `normal`, and held within 0 and 255.

    Parameters
    ----------
    images, seed
        As for `salt_and_pepper`.
    grey : float
        Standard deviation of the noise in grey values, 0 to `MOST_GREY`.

    Returns
    -------
    ndarray of uint8, same shape

    Raises
    ------
    ConfigError
        If the standard deviation is out of range.
    DataError
        If the images are not uint8.
    """
    check_level("noisy_pixels", grey, MOST_GREY)
    size = math.floor(Fraction(float(grey)) * (1 << NORMAL_Q))
    key = key_of(seed, 0, 0, Draw.PIXEL_NOISE)
    noisy = _copied(images)
    for part, index in _parts(noisy):
        part[:] = np.clip(part + scaled(normal(key, index), size), 0, 255)
    return noisy


def _copied(images: np.ndarray) -> np.ndarray:
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
        kind = getattr(images, "dtype", type(images).__name__)
        raise DataError(f"images of {kind}, expected an array of uint8")
    return np.array(images, order="C")


def _parts(images: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Stretches of pixels, to be written to, and their numbers."""
    flat = images.reshape(-1)
    for first in range(0, flat.size, CHUNK):
        part = flat[first : first + CHUNK]
        yield part, np.arange(first, first + part.size)
