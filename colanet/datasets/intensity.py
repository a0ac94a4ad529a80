"""Numbers of any kind as the intensities 0 to 255 that are coded into spikes."""

from __future__ import annotations

import math

import numpy as np

from colanet.errors import DataError

BRIGHTEST = 255
BLOCK = 1 << 20
"""Numbers that are scaled at once, so that a large part needs little memory beside itself."""

Bounds = tuple[float, float]
"""The values that become 0 and 255."""


def check_numbers(values: np.ndarray, what: str) -> None:
    """Refuse samples that are no finite real numbers.

    Raises
    ------
    DataError
        Naming the first sample that has such a value.
    """
    if values.dtype.kind not in "biuf":
        raise DataError(f"{what}: values of type {values.dtype}, expected integers or floats")
    if values.dtype.kind == "f":
        wrong = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1) if values.size else np.zeros(0, bool)
        if wrong.any():
            raise DataError(f"{what}: sample {int(np.argmax(wrong))} holds a value that is no finite number")


def bounds_of(train: np.ndarray, low: float | None, high: float | None) -> Bounds:
    """The values that become 0 and 255; the test part has no say in them.

    Integers of which the training part lies within 0 to 255 are intensities as they are. Of all others the lowest
    and the highest value of the training part count; `low` and `high` go before either.

    Raises
    ------
    DataError
        If the highest is not above the lowest.
    """
    whole = train.dtype.kind in "iu" and train.min() >= 0 and train.max() <= BRIGHTEST
    if whole and low is None and high is None:
        return 0.0, float(BRIGHTEST)
    truth = train.dtype.kind == "b"
    least = float(low) if low is not None else 0.0 if truth else float(train.min())
    most = float(high) if high is not None else 1.0 if truth else float(train.max())
    if not (math.isfinite(most - least) and least < most):
        raise DataError(f"training part: values from {least:g} to {most:g} cannot be scaled to 0..{BRIGHTEST}")
    return least, most


def intensities(values: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Samples as intensities: floor(255 (clip(x, low, high) - low) / (high - low) + 1/2).

    Parameters
    ----------
    values : ndarray of numbers, shape (n, ...)
    bounds : (low, high)

    Returns
    -------
    ndarray of uint8, shape (n, nodes)
        Read-only; the same memory if the values are bytes that stay as they are.
    """
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    if values.dtype == np.uint8 and bounds == (0, BRIGHTEST):
        return flat
    low, high = bounds
    result = np.empty(flat.shape, dtype=np.uint8)
    rows = max(1, BLOCK // max(flat.shape[1], 1))
    for first in range(0, len(flat), rows):
        clipped = np.clip(flat[first : first + rows].astype(np.float64), low, high)
        result[first : first + rows] = np.floor(BRIGHTEST * ((clipped - low) / (high - low)) + 0.5)
    result.flags.writeable = False
    return result
