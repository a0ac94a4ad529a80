"""Recorded spikes of a session as a stream of chunks, and the kind that keeps them in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from colanet.encoding.records import Part
from colanet.errors import CheckpointError

RESTORED_STEPS = 1 << 20
"""Steps of the chunks that the records of a checkpoint are cut into."""

Chunks = Iterable[list[Part]]
"""Chunk after chunk, a part for each section asked for; can be iterated more than once."""


class Again:
    """An iterable that begins anew whenever it is gone through."""

    def __init__(self, begin: Callable[[], Iterator[Any]]) -> None:
        self.begin = begin

    def __iter__(self) -> Iterator[Any]:
        return self.begin()


class Records:
    """Recorded spikes of some sections; the common part of `Memory` and `colanet.spool.Spool`.

    Parameters
    ----------
    keys : sequence of str
        `COPY/SECTION` of everything recorded.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys)

    def add(self, parts: Sequence[Part]) -> None:
        """Keep the next chunk: a part for every key, all of the same steps."""
        raise NotImplementedError

    def chunks(self, keys: Sequence[str]) -> Chunks:
        """Everything kept of some keys."""
        raise NotImplementedError

    def anew(self) -> Records:
        """An empty one for other data; what this one holds can be come back to."""
        raise NotImplementedError

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arrays and attributes of a checkpoint."""
        raise NotImplementedError

    def restore(
        self,
        path: str | os.PathLike[str],
        arrays: dict[str, Any],
        attributes: dict[str, Any],
        window: tuple[int, int],
    ) -> None:
        """Take over what `snapshot` gave.

        Parameters
        ----------
        path : path
            For messages.
        window : (int, int)
            First recorded step, and the one after the last.

        Raises
        ------
        CheckpointError
            If it cannot be.
        """
        raise NotImplementedError

    def parts(self, key: str) -> Iterable[Part]:
        """Everything kept of one section."""
        return Again(lambda: (chunk[0] for chunk in self.chunks([key])))

    def rows(self, key: str) -> np.ndarray:
        """Step and neuron of every spike of a section, int64 of shape (n_spikes, 2)."""
        found = [_rows(part) for part in self.parts(key)]
        return np.concatenate(found) if found else np.zeros((0, 2), dtype=np.int64)

    def blocks(self, key: str) -> Iterable[np.ndarray]:
        """`rows`, chunk by chunk."""
        return Again(lambda: map(_rows, self.parts(key)))

    def count(self, key: str) -> int:
        """Spikes kept of a section."""
        return sum(len(part.neurons) for part in self.parts(key))


def _rows(part: Part) -> np.ndarray:
    return np.stack([part.steps(), part.neurons.astype(np.int64)], axis=1)


class Memory(Records):
    """Recorded spikes in memory; a checkpoint holds them all."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(keys)
        self.kept: list[list[Part]] = []

    def add(self, parts: Sequence[Part]) -> None:
        """Keep the next chunk."""
        self.kept.append(list(parts))

    def chunks(self, keys: Sequence[str]) -> Chunks:
        """Everything kept of some keys."""
        places = [self.keys.index(key) for key in keys]
        return Again(lambda: ([parts[place] for place in places] for parts in list(self.kept)))

    def anew(self) -> Memory:
        """An empty one for other data."""
        return Memory(self.keys)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """All recorded spikes."""
        return {f"records/{key}": self.rows(key) for key in self.keys}, {}

    def restore(
        self,
        path: str | os.PathLike[str],
        arrays: dict[str, Any],
        attributes: dict[str, Any],
        window: tuple[int, int],
    ) -> None:
        """Take over the recorded spikes."""
        if "spool_end" in attributes:
            raise CheckpointError(f"{path}: its recordings are in a folder, expected Recording(folder=...)")
        self.kept = list(chunks_of(path, self.keys, arrays, window))


def chunks_of(
    path: str | os.PathLike[str], keys: Sequence[str], arrays: dict[str, Any], window: tuple[int, int]
) -> Iterator[list[Part]]:
    """What a checkpoint of `Memory` holds, in chunks of at most `RESTORED_STEPS` steps."""
    rows = []
    for key in keys:
        found = arrays.get(f"records/{key}")
        if found is None:
            raise CheckpointError(f"{path}: damaged, it lacks records/{key}")
        if len(found) and not window[0] <= found[:, 0].min() <= found[:, 0].max() < window[1]:
            raise CheckpointError(f"{path}: damaged, records/{key} has steps outside {window[0]}..{window[1] - 1}")
        rows.append(found)
    for first in range(*window, RESTORED_STEPS):
        last = min(first + RESTORED_STEPS, window[1])
        here = [found[slice(*np.searchsorted(found[:, 0], (first, last)))] for found in rows]
        yield [part_of(first, last, found[:, 0], found[:, 1]) for found in here]


def part_of(first: int, last: int, steps: np.ndarray, neurons: np.ndarray) -> Part:
    """Spikes of the steps first..last-1, in order of step, as a part; silence takes no memory."""
    if not len(steps):
        return Part(first, silence(last - first), neurons)
    return Part(first, np.bincount(steps - first, minlength=last - first), neurons)


def silence(steps: int) -> np.ndarray:
    """Counts of so many silent steps."""
    return np.broadcast_to(np.uint32(0), steps)


def side_by_side(chunks: Chunks, sizes: Sequence[int]) -> Iterable[Part]:
    """Sections as one: the columns of the first, then those of the second, and so on."""
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    return Again(lambda: (_joined(parts, offsets) for parts in chunks))


def _joined(parts: Sequence[Part], offsets: np.ndarray) -> Part:
    first, steps = parts[0].first, len(parts[0].counts)
    step = np.concatenate([part.steps() for part in parts])
    neurons = np.concatenate([part.neurons + offset for part, offset in zip(parts, offsets, strict=False)])
    order = np.argsort(step, kind="stable")
    return part_of(first, first + steps, step[order], neurons[order])


def shifted(parts: Iterable[Part], first: int) -> Iterable[Part]:
    """The same with steps counted from `first`."""
    return Again(lambda: (part._replace(first=part.first - first) for part in parts))
