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

BitSpikes = tuple[np.ndarray, np.ndarray]
"""(ptr, bits): bits uint64 of shape (steps, words); bit j of word w of a step stands for node 64 w + j."""

ROOM = 1 << 22
"""Most entries of a matrix (steps, nodes), or bytes of bit sets, that are made at once: buffers stay small whatever
is asked for."""


def empty(steps: int) -> Spikes:
    """Silence of so many steps."""
    return np.zeros(steps + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)


def blocks(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut steps start..stop-1 of `size` nodes into parts of at most `ROOM` node-steps."""
    longest = max(1, ROOM // max(size, 1))
    for first in range(start, stop, longest):
        yield first, min(first + longest, stop)


Fill = Callable[[int, int, np.ndarray, np.ndarray], None]
"""See `collect`."""


def collect(start: int, stop: int, size: int, fill: Fill) -> Spikes:
    """Encode the steps start <= t < stop of `size` nodes block by block.

    Parameters
    ----------
    fill : callable
        ``fill(first, last, bits, ptr)`` encodes the steps first <= t < last: their `ptr`, from 0 on, and, of those
        with spikes, the rows of `bits`, uint8 of shape (last - first, bytes); bit e of byte o is node 8 o + e.
    """
    ptr = np.zeros(stop - start + 1, dtype=np.int64)
    index, n, words = np.zeros(0, dtype=np.int32), 0, -(-size // 64)
    for first, last in blocks(start, stop, 8 * words):
        bits = np.empty((last - first, words), dtype=np.uint64)
        part = ptr[first - start : last - start + 1]
        fill(first, last, bits.view(np.uint8), part)
        needed = n + int(part[-1]) + kernels.SPARE
        if len(index) < needed:
            index = _larger(index[:n], needed, (last - start) / (stop - start))
        kernels.listed(part, bits, kernels.OFFSETS, index[n:])
        part += n
        n = int(part[-1])
    # In place, because a second copy of a whole data set's spikes is large.
    index.resize(n, refcheck=False)
    return ptr, index


def collect_bits(start: int, stop: int, size: int, fill: Fill) -> BitSpikes:
    """`collect` without the lists."""
    ptr = np.zeros(stop - start + 1, dtype=np.int64)
    bits = np.zeros((stop - start, -(-size // 64)), dtype=np.uint64)
    fill(start, stop, bits.view(np.uint8), ptr)
    return ptr, bits


def _larger(index: np.ndarray, needed: int, done: float) -> np.ndarray:
    """A copy with room for `needed` entries, and for what follows at the same rate when a part `done` is done."""
    # Memory that is never written costs nothing, but some systems do not promise more than they have.
    expected = needed if done == 1 else min(int(needed / done * 1.25), 2 * needed + 16 * ROOM)
    larger = np.empty(expected, dtype=np.int32)
    larger[: len(index)] = index
    return larger


def merge(parts: Sequence[Spikes]) -> Spikes:
    """Union of the spikes of several sources over the same steps."""
    ptr, index = parts[0]
    for other_ptr, other in parts[1:]:
        out_ptr = np.empty(len(ptr), dtype=np.int64)
        out = np.empty(len(index) + len(other), dtype=np.int32)
        out.resize(kernels.union(ptr, index, other_ptr, other, out_ptr, out), refcheck=False)
        ptr, index = out_ptr, out
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
