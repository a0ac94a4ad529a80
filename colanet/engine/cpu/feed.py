"""Input spikes laid out for the kernels, once for all copies: bit sets, and blocks of steps (see `tables.Feed`)."""

from __future__ import annotations

import numpy as np

from colanet.compiled import entry, inlined, once
from colanet.encoding.kernels import BYTE, BYTE_BITS, count_bits, put_eight
from colanet.engine.cpu.integers import BIT, NO_BITS, lowest_bit, smaller
from colanet.engine.cpu.tables import AHEAD


@entry
def fill_bits(bits, first, ptr, index):
    """Set the bits of an input's spikes; its words start at `first` in every row."""
    for step in range(len(ptr) - 1):
        for j in range(ptr[step], ptr[step + 1]):
            bits[step, first + (index[j] >> 6)] |= BIT << np.uint64(index[j] & 63)


@inlined
def list_bits(word, w, into, n, offsets):
    """Append the nodes of word w of a bit set to a list of n; how many there are then."""
    if word:
        base = 64 * w
        for _ in range(8):
            byte = word & BYTE
            put_eight(into, np.uint64(n), offsets, byte, base)
            n += np.int64(count_bits(byte))
            word >>= BYTE_BITS
            base += 8
    return n


@inlined
def list_few(word, w, into, n):
    """`list_bits` for words of few bits: four without asking whether they are there, which would often be guessed
    wrongly."""
    base = 64 * w
    for _ in range(4):
        into[np.uint64(n)] = base + np.int64(lowest_bit(word))
        n += word != NO_BITS
        word &= word - BIT
    while word:
        into[np.uint64(n)] = base + np.int64(lowest_bit(word))
        n += 1
        word &= word - BIT
    return n


@once
def frequent(bits, at, start, stop, least):
    """Bits of a word that are set in at least `least` of the rows start..stop-1, of which there are fewer than 32.

    Counts of all 64 bits are kept side by side, the five binary digits in a word each.
    """
    one = two = four = eight = sixteen = NO_BITS
    for step in range(start, stop):
        carry = bits[step, at]
        carry, one = one & carry, one ^ carry
        carry, two = two & carry, two ^ carry
        carry, four = four & carry, four ^ carry
        carry, eight = eight & carry, eight ^ carry
        sixteen ^= carry
    many = ~NO_BITS
    many = one & many if least & 1 else one | many
    many = two & many if least & 2 else two | many
    many = four & many if least & 4 else four | many
    many = eight & many if least & 8 else eight | many
    return sixteen & many if least & 16 else sixteen | many


@entry
def cut_blocks(
    bits, first, words, ptr, offsets, mask, block, block_stop, often_ptr, often, other_ptr, other, count
):
    """Cut an input's steps into blocks, and its spikes into frequent nodes and others.

    `bits` are those of `fill_bits`, `offsets` is `OFFSETS`. Lists have room for `SPARE` entries more, `mask` for
    `words` words. `count` holds how many blocks, frequent nodes and others there are so far, and is moved on.
    """
    blocks, n_often, n_other = count[0], count[1], count[2]
    steps = len(ptr) - 1
    start = 0
    while start < steps:
        if ptr[start] == ptr[start + 1]:
            other_ptr[2 * start] = other_ptr[2 * start + 1] = n_other
            start += 1
            continue
        stop, busy = smaller(start + AHEAD, steps), 0
        for step in range(start, stop):
            busy += ptr[step] != ptr[step + 1]
        for w in range(words):
            # Added once and taken away where it is missing, a node costs 1 + busy - n rows instead of n.
            mask[w] = frequent(bits, first + w, start, stop, (busy + 1) // 2 + 1)
            n_often = list_bits(mask[w], w, often, n_often, offsets)
        for step in range(start, stop):
            spikes = ptr[step] != ptr[step + 1]
            block[step] = blocks
            other_ptr[2 * step] = n_other
            for w in range(words if spikes else 0):
                n_other = list_few(bits[step, first + w] & ~mask[w], w, other, n_other)
            other_ptr[2 * step + 1] = n_other
            for w in range(words if spikes else 0):
                n_other = list_few(mask[w] & ~bits[step, first + w], w, other, n_other)
        block_stop[blocks] = stop
        blocks += 1
        often_ptr[blocks] = n_often
        start = stop
    other_ptr[2 * steps] = n_other
    count[0], count[1], count[2] = blocks, n_often, n_other
