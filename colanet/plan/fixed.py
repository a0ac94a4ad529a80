"""Fixed point: the one place where a configured number becomes an integer.

| quantity | unit of the integer | type |
| --- | --- | --- |
| potential, threshold, weight | 1/1000 of the potential unit | int32, plastic weights int16 |
| synaptic resource, reward, plasticity constants | 2^-20 | int32 |
| stability, debt | 2^-20 | int64 |
| step size factor 2^-stability | 2^-30 | int64 |

Products are truncated towards zero, so that a change and its opposite are of equal size.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache

import numpy as np

from colanet.errors import ConfigError, Problem

MILLI = 1000
Q = 20
ONE = 1 << Q
"""1.0 of synaptic resource, stability, debt and every plasticity constant."""

SCALE_Q = 30
SCALE_STEPS = 1024
"""Entries of the table of 2^-f for fractions f of stability."""

BASE_THRESHOLD = 8531
"""H of model.md in 1/1000."""

MEMORY_KICK = 30 * MILLI
POTENTIAL_LIMIT = 1 << 30
"""Potentials saturate here; sums of weights are checked to stay below it."""

RESOURCE_LIMIT = (1 << 31) - 1 - ONE
"""Resources saturate here; what saturation withholds is not owed, so conservation stays exact."""

REWARD_LIMIT = 1 << 32
"""Rewards of one neuron in one step stay below it, so that their products with rates fit 64 bits."""

STABILITY_LIMIT = 1 << 62
"""Stability saturates here."""

RAMP_LIMIT = (1 << 31) - 1
"""The counter of the linear part of the threshold saturates here, in steps."""

STEP_LIMIT = 1 << 61
"""Steps lie below it: a step plus the longest memory fits 64 bits."""

FOREVER = 1 << 62
"""A step that never comes, and a time that never ends."""

NEVER = -(1 << 31)
"""Time of a spike that has not happened."""

AWAKE = 1 << 30
"""Activation counter of a neuron that is awake for good."""


def to_fixed(value: float, scale: int, limit: int, where: str) -> int:
    """Round value * scale to the nearest integer, half to even.

    Raises
    ------
    ConfigError
        If the result lies beyond +-limit; names the value.
    """
    exact = (Decimal(repr(float(value))) * scale).to_integral_value(rounding=ROUND_HALF_EVEN)
    if abs(exact) > limit:
        largest = Decimal(limit) / scale
        raise ConfigError(Problem(f"{value} is out of range, at most {largest:.3f} in size", where))
    return int(exact)


def leak_factor(tau: float) -> int:
    """Numerator of the leak u := u * leak / 1024: 1024 - 1024 div tau, exact for fractional tau >= 1 too.

    1024 / tau is cut to a whole number as the integer division of a whole tau does; an infinite tau does not leak.
    """
    return 1024 if tau == math.inf else 1024 - int(Decimal(1024) // Decimal(repr(tau)))


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


def weight_of(resource: np.ndarray, w_min: int, w_max: int) -> np.ndarray:
    """Weights of resources: w = wmin + (wmax - wmin) max(W, 0) / (wmax - wmin + max(W, 0)), to the nearest.

    Kiselev and Larionov, arXiv 2409.01230, eq. for the synaptic resource.

    Parameters
    ----------
    resource : ndarray of int32
        In 2^-20.
    w_min, w_max : int
        In 1/1000.

    Returns
    -------
    ndarray of int16, same shape, in 1/1000.
    """
    span = w_max - w_min
    span_q = (span * ONE + MILLI // 2) // MILLI
    positive = np.maximum(resource.astype(np.int64), 0)
    total = span_q + positive
    return (w_min + (2 * span * positive + total) // (2 * total)).astype(np.int16)


def resource_of_zero_weight(w_min: float, w_max: float) -> float:
    """The resource at which the weight is 0: W0 = -wmin (wmax - wmin) / wmax (model.md, section 3)."""
    return -w_min * (w_max - w_min) / w_max
