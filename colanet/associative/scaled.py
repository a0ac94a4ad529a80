"""Numbers beyond the range of floats, as value * 2^power: sums, comparisons and signs of them.

exp(h) overflows at h = 710, that is at 710 neurons of a stored pattern; h^100 at 1200 neurons. The updates need
only signs and ratios, to which a common factor is nothing. The factor is a power of two, so that taking it out
rounds nothing: whole numbers stay whole, and what is equal stays equal.
"""

from __future__ import annotations

import numpy as np

from colanet.associative.checks import Array
from colanet.associative.errors import RangeError

Parts = tuple[Array, Array]
"""(value, power), both float64 of one shape, the powers whole: the number is value * 2^power."""

LN2 = float(np.log(2.0))
LARGEST = 1023.0


def parts(values: Array) -> Parts:
    """Ordinary floats, taken apart."""
    value, power = np.frexp(values)
    return value, power.astype(np.float64)


def monomial(x: Array, n: int) -> Parts:
    """x^n for n up to 2000."""
    value, power = np.frexp(x)
    # From [1/2, 1) to [0.7, 1.4): then value^n stays in range.
    low = np.abs(value) < np.sqrt(0.5)
    value, power = np.where(low, 2.0 * value, value), power - low
    return value**n, n * power.astype(np.float64)


def exponential(x: Array) -> Parts:
    """exp(x)."""
    power = np.rint(x / LN2)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(x - power * LN2), power


def align(number: Parts, what: object) -> Parts:
    """One power for all of the last axis: values of the same shape, power of shape (..., 1).

    Raises
    ------
    RangeError
        If a value is not finite; `what` is named as its source.
    """
    value, power = number
    if not (np.isfinite(value).all() and np.isfinite(power).all()):
        raise RangeError(f"{what}: its values are not finite at these states; scale the memories down")
    top = np.where(value == 0, -np.inf, power).max(-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    return _shift(value, power - top), top


def total(number: Parts, what: object) -> Parts:
    """The sum over the last axis."""
    value, power = align(number, what)
    return value.sum(-1), power[..., 0]


def greater(a: Parts, b: Parts) -> np.ndarray:
    """a > b, element by element."""
    top = np.maximum(np.where(a[0] == 0, -np.inf, a[1]), np.where(b[0] == 0, -np.inf, b[1]))
    top = np.where(np.isfinite(top), top, 0.0)
    return _shift(a[0], a[1] - top) > _shift(b[0], b[1] - top)


def together(number: Parts) -> tuple[Array, int]:
    """Floats in units of 2^exponent; the exponent is 0 if they fit into floats as they are."""
    value, extra = np.frexp(number[0])
    power = np.where(value == 0, -np.inf, number[1] + extra)
    top = float(power.max(initial=-np.inf))
    exponent = int(top) if top > LARGEST else 0
    return _shift(value, np.where(value == 0, 0.0, power) - exponent), exponent


def _shift(value: Array, power: Array) -> Array:
    # ldexp takes small whole numbers; what is 2^-4000 of the largest is 0 in any case.
    return np.ldexp(value, np.clip(power, -4000, 4000).astype(np.int32))
