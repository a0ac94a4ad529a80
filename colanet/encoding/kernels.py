"""Compiled pixel coding. Integers only; a stretch of spikes depends on nothing but its steps."""

from __future__ import annotations

import numpy as np

from colanet.compiled import compiled, inlined
from colanet.hash_kernels import draw64

LANES, LANE_BITS, LANE_MASK = np.uint64(3), np.uint64(16), np.uint64(0xFFFF)
QUARTER = np.uint64(2)


@inlined
def draw16(step_key, index):
    """16-bit uniform integer of (step, index)."""
    i = np.uint64(index)
    word = draw64(step_key, i >> QUARTER)
    return np.int64((word >> ((i & LANES) * LANE_BITS)) & LANE_MASK)


@compiled(nogil=True, boundscheck=False)
def poisson(images, first, order, start, stop, period, presentation, limit, key, ptr, index):
    """Spikes of steps start..stop-1: node p of object k fires with probability limit[b] / 65536.

    `images` (n, nodes) uint8; `order[k]` is the row of object first + k, -1 for silence. `key` is that of the
    stream. Fills ptr (steps + 1,) and index, which must have room for one entry more than there are spikes; the
    number of spikes.
    """
    n = 0
    nodes = images.shape[1]
    active = np.empty(nodes, dtype=np.int64)
    known, n_active, row = -1, 0, -1
    for t in range(start, stop):
        ptr[t - start] = n
        if t % period >= presentation:
            continue
        k = t // period - first
        if k != known:
            known, row, n_active = k, order[k], 0
            if row >= 0:
                for p in range(nodes):
                    if images[row, p] > 0:
                        active[n_active] = p
                        n_active += 1
        if n_active == 0:
            continue
        at = draw64(key, t)
        for j in range(n_active):
            p = active[j]
            index[n] = p
            n += draw16(at, p) < limit[images[row, p]]
    ptr[stop - start] = n
    return n


@compiled(nogil=True, boundscheck=False)
def integrate(rates, first, order, state, start, stop, period, presentation, modulus, ptr, index):
    """Spikes of steps start..stop-1: state += rate; at state >= modulus a spike and state -= modulus.

    `rates` (n, nodes) int64; `order[k]` is the row of object first + k, -1 for silence. `state` (nodes,) int64 is
    that before `start`; it is left as it is before `stop`. Fills ptr (steps + 1,) and index, which must have room
    for one entry more than there are spikes; the number of spikes.
    """
    n = 0
    nodes = rates.shape[1]
    for t in range(start, stop):
        ptr[t - start] = n
        if t % period >= presentation:
            continue
        row = order[t // period - first]
        if row < 0:
            continue
        for p in range(nodes):
            total = state[p] + rates[row, p]
            fires = total >= modulus
            state[p] = total - modulus if fires else total
            index[n] = p
            n += fires
    ptr[stop - start] = n
    return n


@compiled(nogil=True, boundscheck=False)
def noise(size, start, stop, limit, key, ptr, index):
    """Every node fires with probability limit / 65536 at every step. Arrays as for `integrate`."""
    n = 0
    for t in range(start, stop):
        ptr[t - start] = n
        at = draw64(key, t)
        for p in range(size):
            index[n] = p
            n += draw16(at, p) < limit
    ptr[stop - start] = n
    return n


@compiled(nogil=True, boundscheck=False)
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
