"""What is drawn for damage: who is dead, and nearly normal noise, in integers."""

from __future__ import annotations

import math
from enum import IntEnum
from fractions import Fraction

import numpy as np

from colanet import hashing
from colanet.arguments import whole
from colanet.errors import ConfigError, Problem
from colanet.hashing import Stream
from colanet.units import LARGEST_SEED

NORMAL_Q = 16
"""`normal` gives numbers in 2^-16."""


class Draw(IntEnum):
    """What is drawn; in the place of the step."""

    DEAD_SYNAPSES = 0
    DEAD_NEURONS = 1
    WEIGHT_NOISE = 2
    SALT_AND_PEPPER = 3
    PIXEL_NOISE = 4


def normal(key: int, index: np.ndarray) -> np.ndarray:
    """Nearly normal integers of mean 0 and standard deviation 1 in 2^-16, int64 of the shape of `index`.

    The sum of twelve uniform numbers of 16 bits less its mean. Its variance is 2^32 - 1. It stays within six
    standard deviations, and it is the same integer on every machine.
    """
    two = np.uint64(0x0000FFFF0000FFFF)
    words = np.asarray(index, dtype=np.uint64) * np.uint64(3)
    total = np.zeros(words.shape, dtype=np.uint64)
    for k in range(3):
        drawn = hashing.draw64(key, words + np.uint64(k))
        total += (drawn & two) + (drawn >> np.uint64(16) & two)
    summed = (total & np.uint64(0xFFFFFFFF)) + (total >> np.uint64(32))
    found: np.ndarray = summed.astype(np.int64) - 6 * 0xFFFF
    return found


def scaled(drawn: np.ndarray, size: int) -> np.ndarray:
    """size x drawn, both in 2^-16, to the nearest whole number."""
    found: np.ndarray = (drawn * size + (1 << 2 * NORMAL_Q - 1)) >> 2 * NORMAL_Q
    return found


def chosen(key: int, n: int, share: float) -> np.ndarray:
    """The round(share n) of n things with the lowest hashes, bool of shape (n,); of equal ones the lower number."""
    drawn, k = hashing.draw64(key, np.arange(n)), count(share, n)
    if not k:
        return np.zeros(n, dtype=bool)
    last = np.partition(drawn, k - 1)[k - 1]
    hit: np.ndarray = drawn < last
    hit[np.flatnonzero(drawn == last)[: k - int(hit.sum())]] = True
    return hit


def count(share: float, n: int) -> int:
    """A share of n things, to the nearest whole one, halves up."""
    return math.floor(Fraction(float(share)) * n + Fraction(1, 2))


def dead(seed: int, place: int, copy: int, what: Draw, n: int, share: float) -> np.ndarray:
    """Which of n things of an object in a copy are dead, bool of shape (n,)."""
    return chosen(key_of(seed, place, copy, what), n, share)


def key_of(seed: int, place: int, copy: int, what: Draw) -> int:
    """Key of the draws for an object at a place of the configuration, in a copy. ConfigError for a wrong seed."""
    seed = whole("seed", seed, 0, LARGEST_SEED)
    return hashing.step_key(hashing.key(seed, hashing.stream(Stream.DAMAGE, place), copy), what)


def check_level(name: str, value: float, most: float) -> None:
    """ConfigError unless a level is a number from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value <= most:
        raise ConfigError(Problem(f"{value!r:.40} is out of range, expected 0 to {most:g}", name))
