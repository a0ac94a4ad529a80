"""A stretch of spikes as two arrays, and what can be done with it.

``ptr`` int64 of shape (steps + 1,) and ``index`` int32: the nodes that fire at step t of a stretch that begins at
`start` are ``index[ptr[t - start] : ptr[t - start + 1]]``, ascending, each once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from colanet.encoding import kernels

Spikes = tuple[np.ndarray, np.ndarray]
"""(ptr, index)."""

ROOM = 1 << 22
"""Most node-steps encoded at once, so that buffers stay small whatever is asked for."""


def empty(steps: int) -> Spikes:
    """Silence of so many steps."""
    return np.zeros(steps + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)


def blocks(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut steps start..stop-1 of `size` nodes into parts of at most `ROOM` node-steps."""
    longest = max(1, ROOM // max(size, 1))
    for first in range(start, stop, longest):
        yield first, min(first + longest, stop)


def collect(start: int, stop: int, size: int, fill: Callable[[int, int, np.ndarray, np.ndarray], int]) -> Spikes:
    """Encode the steps start <= t < stop of `size` nodes block by block into one growing buffer.

    Parameters
    ----------
    fill : callable
        ``fill(first, last, ptr, index)`` writes the spikes of the steps first <= t < last, its `ptr` from 0 on, and
        returns their number; `index` has room for every node at every step and one entry more.
    """
    ptr = np.zeros(stop - start + 1, dtype=np.int64)
    # Memory that is never written costs nothing, while growing fills it with zeros; so it begins large.
    index = np.empty(min((stop - start) * size, 16 * ROOM) + 1, dtype=np.int32)
    n = 0
    for first, last in blocks(start, stop, size):
        needed = n + (last - first) * size + 1
        if len(index) < needed:
            # Grown and shrunk in place, because a second copy of a whole data set's spikes is large.
            index.resize(max(needed, len(index) * 5 // 4), refcheck=False)
        part = ptr[first - start : last - start + 1]
        added = fill(first, last, part, index[n:])
        part += n
        n += added
    index.resize(n, refcheck=False)
    return ptr, index


def merge(parts: Sequence[Spikes]) -> Spikes:
    """Union of the spikes of several sources over the same steps."""
    ptr, index = parts[0]
    for other_ptr, other in parts[1:]:
        out_ptr = np.empty(len(ptr), dtype=np.int64)
        out = np.empty(len(index) + len(other), dtype=np.int32)
        n = kernels.union(ptr, index, other_ptr, other, out_ptr, out)
        ptr, index = out_ptr, out[:n].copy()
    return ptr, index


def take(spikes: Spikes, rows: np.ndarray) -> Spikes:
    """The steps `rows` of a stretch, in that order; -1 stands for a silent step."""
    ptr, index = spikes
    at = np.maximum(rows, 0)
    counts = np.where(rows >= 0, np.diff(ptr)[at], 0)
    out = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    where = np.repeat(ptr[:-1][at] - out[:-1], counts) + np.arange(out[-1])
    return out, index[where]


def from_events(steps: np.ndarray, nodes: np.ndarray, n_steps: int) -> Spikes:
    """Spikes given as pairs, already in order of step and node."""
    ptr = np.searchsorted(steps, np.arange(n_steps + 1))
    return ptr.astype(np.int64), nodes.astype(np.int32)


def steps_of(spikes: Spikes) -> np.ndarray:
    """Step of every spike, counted from the beginning of the stretch."""
    ptr, _ = spikes
    return np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
