"""Files with one bit turned over."""

import numpy as np


def flipped(content, number=200, seed=1, last=None):
    """`number` copies of bytes with one random bit flipped in each, somewhere before `last`."""
    rng = np.random.default_rng(seed)
    places, bits = rng.integers(0, last or len(content), number), rng.integers(0, 8, number)
    for place, bit in zip(places.tolist(), bits.tolist(), strict=True):
        damaged = bytearray(content)
        damaged[place] ^= 1 << bit
        yield bytes(damaged)
