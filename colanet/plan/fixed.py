"""Fixed-point arithmetic: the functions that turn numbers into integers and integers into weights.

The scales and limits are those of `colanet.units`. Products are truncated towards zero, so that a change and its
opposite are of equal size.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache

import numpy as np

from colanet.units import BASE_THRESHOLD, LEAK_Q, MILLI, ONE, SCALE_Q, SCALE_STEPS, Q


def leak_factor(tau: float) -> int:
    """Numerator of the leak u := u * leak / 1024: 1024 - 1024 div tau, exact for fractional tau >= 1 too.

    1024 / tau is cut to a whole number as the integer division of a whole tau does; an infinite tau does not leak.
    """
    one = 1 << LEAK_Q
    return one if tau == math.inf else one - int(Decimal(one) // Decimal(repr(tau)))


@cache
def scale_table() -> np.ndarray:
    """2^(30 - k/1024) rounded, k = 0..1023, int64; exact arithmetic, so every machine makes the same table."""
    with localcontext() as context:
        context.prec = 40
        ln2 = Decimal(2).ln()
        one = Decimal(1 << SCALE_Q)
        table = [
            int((one * (-(ln2 * k) / SCALE_STEPS).exp()).to_integral_value(rounding=ROUND_HALF_EVEN))
            for k in range(SCALE_STEPS)
        ]
    return np.array(table, dtype=np.int64)


def fixmul(a: int, b: int, shift: int = Q) -> int:
    """a * b / 2^shift, truncated towards zero."""
    product = int(a) * int(b)
    return product >> shift if product >= 0 else -((-product) >> shift)


def in_resources(span: int) -> int:
    """A difference of weights in 1/1000 as a resource in 2^-20."""
    return (span * ONE + MILLI // 2) // MILLI


def weight_of(resource: np.ndarray, w_min: int, w_max: int, step: int = 1) -> np.ndarray:
    """Weights of resources: w = wmin + (wmax - wmin) max(W, 0) / (wmax - wmin + max(W, 0)), to the nearest.

    With a larger step the difference to wmin goes to the nearest multiple of it, halves upwards.

    Kiselev and Larionov, arXiv 2409.01230, eq. for the synaptic resource.

    Parameters
    ----------
    resource : ndarray of int32
        In 2^-20.
    w_min, w_max, step : int
        In 1/1000.

    Returns
    -------
    ndarray of int16, same shape, in 1/1000.
    """
    span = w_max - w_min
    span_q = in_resources(span)
    positive = np.maximum(resource.astype(np.int64), 0)
    total = span_q + positive
    above = (2 * span * positive + total) // (2 * total)
    weight: np.ndarray = w_min + (above + step // 2) // step * step
    return weight.astype(np.int16)


def in_grains(values: np.ndarray, grain: int, limit: int) -> np.ndarray:
    """Resources to the nearest multiple of a grain, halves away from zero, and within +-limit.

    Parameters
    ----------
    values : ndarray of int
    grain, limit : int
        All in 2^-20.

    Returns
    -------
    ndarray of int, same shape
    """
    if grain == 1:
        clipped: np.ndarray = np.clip(values, -limit, limit)
        return clipped
    wide = np.asarray(values, dtype=np.int64)
    size = (np.abs(wide) + grain // 2) // grain * grain
    held: np.ndarray = np.clip(np.where(wide < 0, -size, size), -limit, limit)
    return held


def rounded(change: int, grain: int, more: int) -> int:
    """A change of resources as a multiple of a grain: its size plus `more`, cut to one.

    Half a grain as `more` rounds to the nearest, a uniform random number below the grain rounds stochastically.
    """
    size = (abs(change) + more) // grain * grain
    return size if change >= 0 else -size


def weight_threshold(alpha: int | np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Base threshold + alpha x sum of positive plastic weights, in 1/1000 (docs/model.md, section 6).

    Parameters
    ----------
    alpha : int or ndarray of int64
        In 2^-20.
    positive : ndarray of int64
        In 1/1000.
    """
    threshold: np.ndarray = BASE_THRESHOLD + (alpha * positive >> Q)
    return threshold


def resource_of_zero_weight(w_min: float, w_max: float) -> float:
    """The resource at which the weight is 0: W0 = -wmin (wmax - wmin) / wmax (docs/model.md, section 7)."""
    return -w_min * (w_max - w_min) / w_max
