"""Where recorded spikes are kept while a session runs: in memory, or in a file that grows chunk by chunk.

A spool is a file of blocks, one for every chunk of steps that was recorded::

    int64   first step, number of steps
    int64   spikes of each section, in the order of `keys`
    for each section that spikes:  uint32 spikes of each step, uint32 neuron of each spike

all in the machine's byte order. A checkpoint holds only how far the spool goes and the CRC-32 of everything before.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colanet.encoding.records import Part
from colanet.errors import CheckpointError, OutputError

BLOCK = 1 << 20
FILE = "recording.spool"

Chunks = Iterable[list[Part]]
"""Chunk after chunk, a part for each section asked for; can be gone through more than once."""


class Again:
    """An iterable that begins anew whenever it is gone through."""

    def __init__(self, begin: Callable[[], Iterator[Any]]):
        self.begin = begin

    def __iter__(self) -> Iterator[Any]:
        return self.begin()


class Records:
    """Recorded spikes of some sections; the common part of `Memory` and `Spool`.

    Parameters
    ----------
    keys : sequence of str
        `COPY/SECTION` of everything recorded.
    """

    def __init__(self, keys: Sequence[str]):
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
        self, path: str | os.PathLike, arrays: dict[str, Any], attributes: dict[str, Any], window: tuple[int, int]
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

    def __init__(self, keys: Sequence[str]):
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
        self, path: str | os.PathLike, arrays: dict[str, Any], attributes: dict[str, Any], window: tuple[int, int]
    ) -> None:
        """Take over the recorded spikes."""
        if "spool_end" in attributes:
            raise CheckpointError(f"{path}: its recordings are in a folder, expected Recording(folder=...)")
        self.kept = list(_chunks_of(path, self.keys, arrays, window))


def _chunks_of(
    path: str | os.PathLike, keys: Sequence[str], arrays: dict[str, Any], window: tuple[int, int]
) -> Iterator[list[Part]]:
    """What a checkpoint of `Memory` holds, in chunks of at most `BLOCK` steps."""
    rows = []
    for key in keys:
        found = arrays.get(f"records/{key}")
        if found is None:
            raise CheckpointError(f"{path}: damaged, it lacks records/{key}")
        if len(found) and not window[0] <= found[:, 0].min() <= found[:, 0].max() < window[1]:
            raise CheckpointError(f"{path}: damaged, records/{key} has steps outside {window[0]}..{window[1] - 1}")
        rows.append(found)
    for first in range(*window, BLOCK):
        last = min(first + BLOCK, window[1])
        here = [found[slice(*np.searchsorted(found[:, 0], (first, last)))] for found in rows]
        yield [part_of(first, last, found[:, 0], found[:, 1]) for found in here]


def part_of(first: int, last: int, steps: np.ndarray, neurons: np.ndarray) -> Part:
    """Spikes of the steps first..last-1, in order of step, as a part; silence takes no memory."""
    if not len(steps):
        return Part(first, _silence(last - first), neurons)
    return Part(first, np.bincount(steps - first, minlength=last - first), neurons)


def _silence(steps: int) -> np.ndarray:
    return np.broadcast_to(np.uint32(0), steps)


class Spool(Records):
    """Recorded spikes in a file, which is made with the first chunk.

    Parameters
    ----------
    path : path
    keys : sequence of str
    begin, crc : int
        Where the blocks begin, and the CRC-32 of what stands before them.
    """

    def __init__(self, path: str | os.PathLike, keys: Sequence[str], begin: int = 0, crc: int = 0):
        super().__init__(keys)
        self.path = Path(path)
        self.begin = self.end = begin
        self.crc = crc

    def add(self, parts: Sequence[Part]) -> None:
        """Append the next chunk; what stands behind the last one, of a run that was broken off, is dropped.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        block = _block_of(parts)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "r+b" if self.end else "wb") as file:
                if file.seek(0, os.SEEK_END) < self.end:
                    raise OutputError(f"{self.path}: became shorter while it was written")
                file.truncate(self.end)
                file.seek(self.end)
                file.write(block)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from error
        self.end += len(block)
        self.crc = zlib.crc32(block, self.crc)

    def chunks(self, keys: Sequence[str]) -> Chunks:
        """Everything kept of some keys."""
        places = [self.keys.index(key) for key in keys]
        return Again(lambda: self._read(places))

    def _read(self, places: Sequence[int]) -> Iterator[list[Part]]:
        if self.begin == self.end:
            return
        with open(self.path, "rb") as file:
            at, end = self.begin, self.end
            while at < end:
                file.seek(at)
                first, steps, *totals = np.fromfile(file, dtype=np.int64, count=2 + len(self.keys)).tolist()
                # Four bytes a step and a spike, section after section.
                sizes = [4 * (steps + total) if total else 0 for total in totals]
                starts = at + 8 * (2 + len(totals)) + np.cumsum([0, *sizes])
                parts = []
                for place in places:
                    file.seek(int(starts[place]))
                    counts = np.fromfile(file, dtype=np.uint32, count=steps) if totals[place] else _silence(steps)
                    parts.append(Part(first, counts, np.fromfile(file, dtype=np.uint32, count=totals[place])))
                yield parts
                at = int(starts[-1])

    def anew(self) -> Spool:
        """An empty one for other data, behind this one's blocks in the same file."""
        return Spool(self.path, self.keys, self.end, self.crc)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """How far the file goes; it is safe on the disk before a checkpoint says so."""
        if self.end:
            try:
                with open(self.path, "r+b") as file:
                    os.fsync(file.fileno())
            except OSError as error:
                raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from error
        return {}, {"spool_begin": self.begin, "spool_end": self.end, "spool_crc": self.crc}

    def restore(
        self, path: str | os.PathLike, arrays: dict[str, Any], attributes: dict[str, Any], window: tuple[int, int]
    ) -> None:
        """Take over how far the file goes, or the spikes of a checkpoint that holds them itself.

        Raises
        ------
        CheckpointError
            If the file is not what the checkpoint says.
        """
        if "spool_end" not in attributes:
            for chunk in _chunks_of(path, self.keys, arrays, window):
                self.add(chunk)
            return
        begin, end, crc = (int(attributes[name]) for name in ("spool_begin", "spool_end", "spool_crc"))
        self._check(end, crc)
        self.begin, self.end, self.crc = begin, end, crc

    def check(self) -> None:
        """Read everything once. CheckpointError if it is not what was written."""
        self._check(self.end, self.crc)

    def _check(self, end: int, crc: int) -> None:
        found, left = 0, end
        try:
            with open(self.path, "rb") if end else open(os.devnull, "rb") as file:
                while left and (block := file.read(min(BLOCK, left))):
                    found, left = zlib.crc32(block, found), left - len(block)
        except FileNotFoundError as error:
            raise CheckpointError(f"{self.path}: no such file, expected the recordings so far") from error
        except OSError as error:
            raise CheckpointError(f"{self.path}: cannot be read ({error.strerror or error})") from error
        if left:
            raise CheckpointError(f"{self.path}: {end - left} bytes of recordings, expected at least {end}")
        if found != crc:
            raise CheckpointError(f"{self.path}: damaged, its checksum is not the one in the checkpoint")

    def remove(self) -> None:
        """Delete the file; nothing can be read any more."""
        self.path.unlink(missing_ok=True)


def _block_of(parts: Sequence[Part]) -> bytes:
    head = [parts[0].first, len(parts[0].counts), *(len(part.neurons) for part in parts)]
    arrays = [np.array(head, dtype=np.int64)]
    spiking = [part for part in parts if len(part.neurons)]
    arrays += [array.astype(np.uint32) for part in spiking for array in (part.counts, part.neurons)]
    return b"".join(array.tobytes() for array in arrays)


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
