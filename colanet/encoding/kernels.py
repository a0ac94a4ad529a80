"""Compiled pixel coding. Integers only; a stretch of spikes depends on nothing but its steps.

A coding writes bit sets, one row of bytes a step: bit e of byte o stands for node 8 o + e. `listed` turns them into
the nodes that fire. Nodes are handled in groups of eight, and a group whose values are all zero is passed over. The
loops over what is left have no branches, so that they compile to vector instructions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from colanet.compiled import entry, inlined
from colanet.hash_kernels import GOLDEN, draw64, mix

# Arrays that share memory show hashes as their four draws, and bytes of 0 and 1 as words; both need the lowest byte
# first, as on every machine that numba compiles for.
GATHER, TOP_BYTE = np.uint64(0x0102040810204080), np.uint64(56)
"""(x * GATHER) >> TOP_BYTE has bit e of byte e of x, for bytes of 0 and 1."""

BYTE, BYTE_BITS, TWO = np.uint64(0xFF), np.uint64(8), np.uint64(2)

OFFSETS = np.zeros((256, 8), dtype=np.uint8)
"""Positions of the bits of every byte, ascending; what follows the last one means nothing."""
for _byte in range(256):
    _set = [bit for bit in range(8) if _byte >> bit & 1]
    OFFSETS[_byte, : len(_set)] = _set

SPARE = 8
"""Entries that `listed` may write behind the last spike."""


class Scratch(NamedTuple):
    """Room for the nodes of one object in groups of eight; `groups` is the number of groups."""

    line: np.ndarray  # (8 groups,) values of all nodes, zeros behind the last one
    words: np.ndarray  # uint64 (groups, bytes of a value), the same memory
    at: np.ndarray  # int64 (groups,) groups that are not all zero; what follows is about their nodes, in this order
    counters: np.ndarray  # uint64 (2 groups,) indices of the hashes of four nodes each, times `GOLDEN`
    hashes: np.ndarray  # uint64 (2 groups,)
    draws: np.ndarray  # uint16 (8 groups,), the same memory
    top: np.ndarray  # uint16 (8 groups,) largest draw that fires
    live: np.ndarray  # bool (8 groups,) whether any draw fires
    rate: np.ndarray  # uint32 (8 groups,)
    level: np.ndarray  # uint32 (8 groups,)
    fires: np.ndarray  # bool (8 groups,)
    fires_of: np.ndarray  # uint64 (groups,), the same memory


def scratch(nodes: int, dtype: Any) -> Scratch:
    """Scratch for objects of so many nodes with values of that type."""
    groups = -(-nodes // 8)
    line, fires = np.zeros(8 * groups, dtype=dtype), np.zeros(8 * groups, dtype=np.bool_)
    hashes = np.zeros(2 * groups, dtype=np.uint64)
    return Scratch(
        line, line.view(np.uint64).reshape(groups, line.itemsize), np.zeros(groups, dtype=np.int64),
        np.zeros(2 * groups, dtype=np.uint64), hashes, hashes.view(np.uint16),
        np.zeros(8 * groups, dtype=np.uint16), np.zeros(8 * groups, dtype=np.bool_),
        np.zeros(8 * groups, dtype=np.uint32), np.zeros(8 * groups, dtype=np.uint32),
        fires, fires.view(np.uint64),
    )  # fmt: skip


def _count_bits(typing, bits):
    """Number of bits that are set."""

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


def _put_eight(typing, index, n, offsets, byte, base):
    """index[n : n + 8] = base + offsets[byte], in one store; numba would write eight."""

    def generate(context, builder, signature, arguments):
        index, n, offsets, byte, base = arguments

        def eight(place, array, first, width):
            data = context.make_array(signature.args[place])(context, builder, array).data
            kind = ir.VectorType(ir.IntType(width), 8)
            return builder.bitcast(builder.gep(data, [first]), kind.as_pointer()), kind

        source, _ = eight(2, offsets, builder.shl(byte, ir.Constant(byte.type, 3)), 8)
        target, wide = eight(0, index, n, 32)
        none, zero = ir.Constant(wide, ir.Undefined), ir.Constant(ir.IntType(32), 0)
        first = builder.insert_element(none, builder.trunc(base, ir.IntType(32)), zero)
        bases = builder.shuffle_vector(first, none, ir.Constant(wide, None))
        nodes = builder.add(builder.zext(builder.load(source, align=1), wide), bases)
        builder.store(nodes, target, align=4)
        return context.get_dummy_value()

    return types.void(index, types.uint64, offsets, types.uint64, types.int64), generate


count_bits: Any = intrinsic(_count_bits)
put_eight: Any = intrinsic(_put_eight)


@inlined
def occupied(values, row, s):
    """Fills `s.at` with the groups of a row that are not all zero; their number."""
    for p in range(values.shape[1]):
        s.line[p] = values[row, p]
    n = 0
    for o in range(len(s.at)):
        found = s.words[o, 0]
        for w in range(1, s.words.shape[1]):
            found |= s.words[o, w]
        s.at[n] = o
        n += found != 0
    return n


@inlined
def mark(s, n, bits, line):
    """Writes `s.fires` of the first n groups of `s.at` as one row of bits; the number of spikes."""
    for o in range(bits.shape[1]):
        bits[line, o] = 0
    spikes = np.uint64(0)
    for j in range(n):
        byte = (s.fires_of[j] * GATHER) >> TOP_BYTE
        bits[line, s.at[j]] = byte
        spikes += count_bits(byte)
    return np.int64(spikes)


@entry
def poisson(values, first, order, start, stop, period, presentation, limit, key, s, bits, ptr):
    """Spikes of steps start..stop-1: node p of object k fires with probability limit[b] / 65536; limit[0] is 0.

    `values` (n, nodes) uint8; `order[k]` is the row of object first + k, -1 for silence. `key` is that of the
    stream. Fills ptr (steps + 1,) and of bits (steps, bytes) uint8 the rows of steps with spikes.
    """
    n = 0
    for k in range(len(order)):
        begin = (first + k) * period
        t = begin if begin > start else start  # `min` and `max` would be compiled as functions
        groups = 0
        if order[k] >= 0:
            groups = occupied(values, order[k], s)
        for j in range(groups):
            for e in range(8):
                most = limit[s.line[8 * s.at[j] + e]]
                s.top[8 * j + e] = most - 1
                s.live[8 * j + e] = most > 0
            s.counters[2 * j] = np.uint64(s.at[j]) * (TWO * GOLDEN)
            s.counters[2 * j + 1] = s.counters[2 * j] + GOLDEN
        while t < stop and t < begin + period:
            ptr[t - start] = n
            if t < begin + presentation and groups > 0:
                at = draw64(key, t) + GOLDEN
                for j in range(2 * groups):
                    s.hashes[j] = mix(at + s.counters[j])  # `draw64` of the step's key
                for e in range(8 * groups):
                    s.fires[e] = (s.draws[e] <= s.top[e]) & s.live[e]
                n += mark(s, groups, bits, t - start)
            t += 1
    ptr[stop - start] = n


@entry
def integrate(values, first, order, start, stop, period, presentation, scale, modulus, phase, state, s, bits, ptr):
    """Spikes of steps start..stop-1: state += rate; at state >= modulus a spike and state -= modulus.

    `values` (n, nodes) are rates or, where `scale` is not empty, what it turns into rates; the rate of 0 is 0. No
    rate is above `modulus`, which is below 2^31. `state` (8 groups,) uint32 is that before `start`; it is left as
    it is before `stop`. Every object begins with the state `phase` (8 groups,) uint32, or, if that is empty, with
    what the last one left. The rest as in `poisson`.
    """
    n = 0
    for k in range(len(order)):
        begin = (first + k) * period
        t = begin if begin > start else start  # `min` and `max` would be compiled as functions
        groups = 0
        if order[k] >= 0:
            groups = occupied(values, order[k], s)
        anew = len(phase) > 0 and t == begin
        for j in range(groups):
            for e in range(8):
                p = 8 * s.at[j] + e
                s.rate[8 * j + e] = scale[s.line[p]] if len(scale) > 0 else s.line[p]
                s.level[8 * j + e] = phase[p] if anew else state[p]
        while t < stop and t < begin + period:
            ptr[t - start] = n
            if t < begin + presentation and groups > 0:
                for e in range(8 * groups):
                    total = np.uint32(s.level[e] + s.rate[e])
                    fires = total >= modulus
                    s.fires[e] = fires
                    s.level[e] = np.uint32(total - modulus) if fires else total
                n += mark(s, groups, bits, t - start)
            t += 1
        for j in range(groups):
            for e in range(8):
                state[8 * s.at[j] + e] = s.level[8 * j + e]
    ptr[stop - start] = n


@entry
def listed(ptr, bits, offsets, index):
    """The nodes of every step, ascending; `bits` (steps, words) uint64. Rows of steps without spikes are not read.

    `offsets` is `OFFSETS`; `index` has `SPARE` entries more than there are spikes.
    """
    for t in range(len(bits)):
        n = np.uint64(ptr[t])
        if ptr[t + 1] == ptr[t]:
            continue
        for w in range(bits.shape[1]):
            word, base = bits[t, w], 64 * w
            if word == 0:
                continue
            for _ in range(8):
                byte = word & BYTE
                put_eight(index, n, offsets, byte, base)
                n += count_bits(byte)
                word >>= BYTE_BITS
                base += 8


@entry
def union(ptr_a, a, ptr_b, b, ptr, index):
    """Union of two stretches over the same steps; `index` has room for both. The number of spikes."""
    n = 0
    for t in range(len(ptr_a) - 1):
        ptr[t] = n
        i, j = ptr_a[t], ptr_b[t]
        i_end, j_end = ptr_a[t + 1], ptr_b[t + 1]
        while i < i_end and j < j_end:
            x, y = a[i], b[j]
            index[n] = min(x, y)
            n += 1
            i += x <= y
            j += y <= x
        while i < i_end:
            index[n] = a[i]
            n += 1
            i += 1
        while j < j_end:
            index[n] = b[j]
            n += 1
            j += 1
    ptr[len(ptr_a) - 1] = n
    return n
