"""The hash of `colanet.hashing`, compiled: the one copy that all kernels for the CPU draw from."""

from __future__ import annotations

import numpy as np

from colanet import hashing
from colanet.compiled import once

GOLDEN, MIX1, MIX2 = np.uint64(hashing.GOLDEN), np.uint64(hashing.MIX1), np.uint64(hashing.MIX2)
S30, S27, S31 = np.uint64(30), np.uint64(27), np.uint64(31)


@once
def mix(z):
    """SplitMix64 finaliser of one uint64."""
    z = (z ^ (z >> S30)) * MIX1
    z = (z ^ (z >> S27)) * MIX2
    return z ^ (z >> S31)


@once
def draw64(key, index):
    """The 64-bit hash of (key, index); of a stream's key and a step it is the key of the step."""
    return mix(key + np.uint64(index) * GOLDEN + GOLDEN)


ADD1, XOR1, ADD2, ADD3, ADD4, XOR2 = (np.uint32(constant) for constant in hashing.JENKINS)
L12, R19, L5, L9, L3, R16 = (np.uint32(shift) for shift in (12, 19, 5, 9, 3, 16))


@once
def jenkins(a):
    """The 32-bit hash of one uint32."""
    a = np.uint32(np.uint32(a + ADD1) + np.uint32(a << L12))
    a = np.uint32(np.uint32(a ^ XOR1) ^ (a >> R19))
    a = np.uint32(np.uint32(a + ADD2) + np.uint32(a << L5))
    a = np.uint32(np.uint32(a + ADD3) ^ np.uint32(a << L9))
    a = np.uint32(np.uint32(a + ADD4) + np.uint32(a << L3))
    return np.uint32(np.uint32(a ^ XOR2) ^ (a >> R16))


@once
def draw32(key, index):
    """The 32-bit hash of (key, index), both modulo 2^32; of a stream's key and a step it is the key of the step."""
    return jenkins(np.uint32(np.uint32(key) + np.uint32(index)))
