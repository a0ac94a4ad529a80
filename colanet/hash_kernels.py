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
