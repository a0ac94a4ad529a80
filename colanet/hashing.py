"""Counter-based randomness: every random number is a pure function of what it is for.

A draw is a 64-bit hash of (seed, stream, network copy, step, index). No generator state exists, so a result
depends neither on threads nor chunks nor engines, nor on having been interrupted and resumed.

The mixing function is the finaliser of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
generators", OOPSLA 2014)::

    mix(z):  z ^= z >> 30;  z *= 0xBF58476D1CE4E5B9
             z ^= z >> 27;  z *= 0x94D049BB133111EB
             z ^= z >> 31

    key(seed, stream, copy) = mix(mix(seed + G) + ((stream << 32) | copy) * G + G)
    step_key(key, step)     = mix(key + step * G + G)
    draw64(step_key, i)     = mix(step_key + i * G + G)             G = 0x9E3779B97F4A7C15
    draw16(step_key, index) = (draw64(step_key, index >> 2) >> 16 * (index & 3)) & 0xFFFF

all modulo 2^64. Four 16-bit draws share one 64-bit hash.

A population may draw its kicks and roundings from a hash of 32 bits instead, `jenkins`. It is cheap in logic:
shifts, additions and exclusive ors (Bob Jenkins, "4-byte Integer Hashing", burtleburtle.net/bob/hash/integer.html,
the variant with six shifts). Its key is the lower half of the 64-bit key::

    h(a):  a = (a + 0x7ED55D16) + (a << 12)
           a = (a ^ 0xC761C23C) ^ (a >> 19)
           a = (a + 0x165667B1) + (a << 5)
           a = (a + 0xD3A2646C) ^ (a << 9)
           a = (a + 0xFD7046C5) + (a << 3)
           a = (a ^ 0xB55A4F09) ^ (a >> 16)

    step_key32(key, step)     = h(key + step)
    draw32(step_key32, i)     = h(step_key32 + i)
    draw16_32(step_key32, i)  = (draw32(step_key32, i >> 1) >> 16 * (i & 1)) & 0xFFFF

all modulo 2^32.

This module is the definition, in NumPy. The compiled kernels have these lines in `colanet.hash_kernels`, the CUDA
source in `integers.cuh`; tests hold them equal.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MIX1 = 0xBF58476D1CE4E5B9
MIX2 = 0x94D049BB133111EB
_MASK = 2**64 - 1


class Stream(IntEnum):
    """What a random number is for. The object's index is added in the upper bits: `stream(kind, index)`."""

    CODING = 1
    INPUT_NOISE = 2
    KICK = 3
    CONNECTION = 4
    DELAY = 5
    RESOURCE = 6
    MEMORY = 7
    TASK = 8
    PIXELS = 9
    SPLIT = 10
    MIXTURE = 11
    ROUNDING = 12
    FEATURES = 13
    SEEN = 14
    DAMAGE = 15


class Rounding(IntEnum):
    """Whose change is rounded; neuron i of a population draws with the index 4 i + this, once in a step."""

    OWN_SPIKE = 0
    REWARD = 1
    PRESYNAPTIC = 2


def stream(kind: Stream, index: int) -> int:
    """Stream number of the `index`-th input, population or projection (index below 2^24)."""
    return int(kind) | (index << 8)


def mix(z: np.ndarray | int) -> np.ndarray:
    """SplitMix64 finaliser of uint64 values."""
    x: Any = np.atleast_1d(np.asarray(z, dtype=np.uint64))
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(MIX1)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(MIX2)
        mixed: np.ndarray = x ^ (x >> np.uint64(31))
        return mixed


def key(seed: int, stream_number: int, copy: int = 0) -> int:
    """Key of a stream of one network copy."""
    outer = int(mix((seed + GOLDEN) & _MASK)[0])
    return int(mix((outer + ((stream_number << 32) | copy) * GOLDEN + GOLDEN) & _MASK)[0])


def step_key(stream_key: int, step: int) -> int:
    """Key of one step of a stream."""
    return int(mix((stream_key + step * GOLDEN + GOLDEN) & _MASK)[0])


def draw64(step_key_: int, index: np.ndarray) -> np.ndarray:
    """64-bit hashes for an integer array of indices, same shape, uint64."""
    index = np.asarray(index, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = np.uint64(step_key_) + index * np.uint64(GOLDEN) + np.uint64(GOLDEN)
    return mix(z).reshape(index.shape)


def draw16(step_key_: int, index: np.ndarray) -> np.ndarray:
    """16-bit uniform integers for an integer array of indices, same shape, int64."""
    index = np.asarray(index, dtype=np.uint64)
    word = draw64(step_key_, index >> np.uint64(2))
    lane = (index & np.uint64(3)) * np.uint64(16)
    drawn: np.ndarray = ((word >> lane) & np.uint64(0xFFFF)).astype(np.int64)
    return drawn


def uniform(step_key_: int, index: np.ndarray) -> np.ndarray:
    """Uniform floats in [0, 1) with 53 random bits. For building networks only, never inside an engine."""
    return (draw64(step_key_, index) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def shuffled(seed: int, stream_number: int, n: int, copy: int = 0) -> np.ndarray:
    """The numbers 0..n-1 in a random order: by their 64-bit hashes, of equal ones the lower number first.

    Parameters
    ----------
    seed, stream_number : int
    n : int
    copy : int

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    rank = draw64(step_key(key(seed, stream_number, copy), 0), np.arange(n))
    return np.argsort(rank, kind="stable")


# ------------------------------------------------------------------ cheap in logic

JENKINS = (0x7ED55D16, 0xC761C23C, 0x165667B1, 0xD3A2646C, 0xFD7046C5, 0xB55A4F09)
_MASK32 = 2**32 - 1


def jenkins(values: np.ndarray | int) -> np.ndarray:
    """The 32-bit hash of integers modulo 2^32, uint32 of the same shape."""
    a = (np.atleast_1d(np.asarray(values)) & _MASK32).astype(np.uint32)
    c = [np.uint32(constant) for constant in JENKINS]
    with np.errstate(over="ignore"):
        a = (a + c[0]) + (a << np.uint32(12))
        a = (a ^ c[1]) ^ (a >> np.uint32(19))
        a = (a + c[2]) + (a << np.uint32(5))
        a = (a + c[3]) ^ (a << np.uint32(9))
        a = (a + c[4]) + (a << np.uint32(3))
        hashed: np.ndarray = (a ^ c[5]) ^ (a >> np.uint32(16))
    return hashed


def step_key32(stream_key: int, step: int) -> int:
    """Key of one step of a stream."""
    return int(jenkins((stream_key + step) & _MASK32)[0])


def draw32(step_key_: int, index: np.ndarray | int) -> np.ndarray:
    """32-bit hashes for an integer array of indices, uint32 of the same shape."""
    return jenkins(np.asarray(index, dtype=np.int64) + step_key_)


def draw16_32(step_key_: int, index: np.ndarray) -> np.ndarray:
    """16-bit uniform integers for an integer array of indices, same shape, int64."""
    index = np.asarray(index, dtype=np.int64)
    drawn: np.ndarray = draw32(step_key_, index >> 1).astype(np.int64) >> 16 * (index & 1) & 0xFFFF
    return drawn
