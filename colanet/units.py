"""Every number of the model, once: scales, limits, constants, and the unit of each kind of configured number.

All state and all arithmetic of an engine are integers. A configured number becomes an integer by the scale of its
`Unit`; the fields of `colanet.config.model` name theirs. Nothing of colanet is imported here but the errors, so
every room can read it, and the kernels of all engines are compiled with these constants.

| quantity | unit of the integer | type |
| --- | --- | --- |
| potential, threshold, weight | 1/1000 of the potential unit | int32, plastic weights int16 |
| synaptic resource, reward, plasticity constants | 2^-20 | int32 |
| stability, debt | 2^-20 | int64 |
| step size factor 2^-stability | 2^-30 | int64 |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Any

from colanet.errors import ConfigError, Problem

# --------------------------------------------------------------------- scales

MILLI = 1000
"""1.0 of potentials, thresholds and weights."""
Q = 20
ONE = 1 << Q
"""1.0 of synaptic resource, stability, debt and every plasticity constant."""
SCALE_Q = 30
SCALE_STEPS = 1024
"""Entries of the table of 2^-f for fractions f of stability."""
LEAK_Q = 10
"""A potential keeps leak / 2^10 of itself in a step."""
DRAW_BITS = 16
"""Bits of the random draw behind a kick."""

# ------------------------------------------------------- constants of the model

BASE_THRESHOLD = 8531
"""H of docs/model.md, section 1, in 1/1000."""
MEMORY_KICK = 30 * MILLI
"""What a memory timer adds to the potential."""
MAX_DELAY = 30
"""Longest synaptic delay in steps (ArNI-X 2.2 manual)."""
HISTORY_LIMIT = 4096
"""Longest look back of a plasticity rule in steps."""
AWAKE = 1 << 30
"""Activation counter of a neuron that is awake for good."""
NEVER = -(1 << 31)
"""Time of a spike that has not happened."""
FOREVER = 1 << 62
"""A step that never comes, and a time that does not end."""

# ------------------------------------------------------------------------ limits

POTENTIAL_LIMIT = 1 << 30
"""Potentials saturate here; sums of weights are checked to stay below it."""
WEIGHT_LIMIT = (1 << 15) - 1
"""Plastic weights are int16."""
RESOURCE_LIMIT = (1 << 31) - 1 - ONE
"""Resources saturate here; what saturation withholds is not owed, so conservation stays exact. A step of ONE more
still fits int32."""
REWARD_LIMIT = 1 << 32
"""Rewards of one neuron in one step stay below it, so that their products with rates fit 64 bits."""
STABILITY_LIMIT = 1 << 62
"""Stability saturates here."""
DEBT_LIMIT = 1 << 60
RAMP_LIMIT = (1 << 31) - 1
"""The counter of the linear part of the threshold saturates here, in steps."""
STEP_LIMIT = 1 << 61
"""Steps lie below it: a step plus the longest memory fits 64 bits."""
LARGEST_SEED = (1 << 63) - 1
"""Files keep a seed as a whole number of 64 bits."""

LARGEST_SIZE = 1 << 24
"""Most neurons of a population or nodes of an input."""
LARGEST_PATCH = 1024
"""Most numbers of a patch of the feature layer: sums of 2^10 sqrt(numbers) 255 stay below 2^24."""
LONGEST_MEMORY = 1 << 30
"""Longest finite memory time in steps."""

# ---------------------------------------------------------------------- precision


def weight_grid(w_min: int, w_max: int, bits: int) -> tuple[int, int, int]:
    """Least weight, step and largest weight of so many bits, in 1/1000.

    The step is the least with which so many bits reach from one bound to the other. Weights are multiples of it,
    the ends those next to the bounds. One bit, which cannot tell three signs apart, holds the bounds themselves.
    """
    step = max(-(-(w_max - w_min) // ((1 << bits) - 1)), 1)
    if bits == 1:
        return w_min, step, w_max
    low, top = (((bound + step // 2) // step) * step for bound in (w_min, w_max))
    return low, step, top


def resource_grain(fraction: int) -> int:
    """Resources with so many bits of fraction are multiples of it, in 2^-20."""
    return 1 << (Q - fraction)


def resource_limit(bits: int, fraction: int) -> int:
    """The largest resource of so many bits, sign and fraction included, in 2^-20."""
    grain = resource_grain(fraction)
    return min((1 << (bits - 1)) - 1, RESOURCE_LIMIT // grain) * grain


def potential_limit(bits: int, step: int) -> int:
    """The largest potential of so many bits, sign included, in multiples of a step in 1/1000."""
    return min((1 << (bits - 1)) - 1, POTENTIAL_LIMIT // step) * step


# ------------------------------------------------------------------------- units


@dataclass(frozen=True)
class Unit:
    """How numbers of one kind become integers.

    Attributes
    ----------
    what : str
        Plural noun for messages.
    scale : int
        The integer that stands for 1.0.
    limit : int
        Largest size of the integer.
    """

    what: str
    scale: int
    limit: int

    @property
    def largest(self) -> str:
        """The largest number that fits, to three decimals and never rounded up."""
        value = (Decimal(self.limit) / self.scale).quantize(Decimal("0.001"), ROUND_DOWN)
        return f"{value:f}".rstrip("0").rstrip(".")

    def integer(self, value: float) -> int:
        """The nearest integer to value x scale, half to even."""
        return int((Decimal(repr(float(value))) * self.scale).to_integral_value(rounding=ROUND_HALF_EVEN))

    def problem(self, value: float) -> str | None:
        """What is wrong with a number that does not fit; None for one that does."""
        if abs(self.integer(value)) <= self.limit:
            return None
        return f"{value:.12g} is out of range: {self.what} are at most {self.largest} in size"

    def fixed(self, value: float, where: str) -> int:
        """`integer` of a number that fits.

        Raises
        ------
        ConfigError
            If it does not fit; names `where`.
        """
        wrong = self.problem(value)
        if wrong:
            raise ConfigError(Problem(wrong, where))
        return self.integer(value)


POTENTIAL = Unit("potentials", MILLI, POTENTIAL_LIMIT)
WEIGHT = Unit("weights", MILLI, POTENTIAL_LIMIT)
PLASTIC_WEIGHT = Unit("plastic weights", MILLI, WEIGHT_LIMIT)
GATING_WEIGHT = Unit("gating weights", 1, AWAKE - 1)
KICK = Unit("kicks", MILLI, (1 << DRAW_BITS) - 1)
RATE = Unit("rates", ONE, 1000 * ONE)
REWARD = Unit("rewards", ONE, 1000 * ONE)
RESOURCE = Unit("resources", ONE, RESOURCE_LIMIT)

WEIGHT_OF_KIND = {"fixed": WEIGHT, "gating": GATING_WEIGHT, "reward": REWARD}
"""Unit of the weight of a projection, by its kind; plastic ones have resources instead."""


def unit_of(metadata: Iterable[Any]) -> Unit | None:
    """The unit among what a field is annotated with; None if there is none."""
    return next((item for item in metadata if isinstance(item, Unit)), None)
