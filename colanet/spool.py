"""Recorded spikes in a file that grows chunk by chunk while a session runs.

A spool is a file of blocks, one for every chunk of steps that was recorded::

    int64   first step, number of steps
    int64   spikes of each section, in the order of `keys`
    for each section that spikes:  uint32 spikes of each step, uint32 neuron of each spike

all in the machine's byte order. A checkpoint holds only how far the spool goes and the CRC-32 of everything before.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from colanet import contents
from colanet.encoding.records import Part
from colanet.errors import CheckpointError, DataError, OutputError
from colanet.locks import check_held
from colanet.recorded import Again, Chunks, Records, chunks_of, silence

READ_BYTES = 1 << 20
FILE = "recording.spool"


class Spool(Records):
    """Recorded spikes in a file, which is made with the first chunk.

    Parameters
    ----------
    path : path
    keys : sequence of str
    begin, crc : int
        Where the blocks begin, and the CRC-32 of what stands before them.
    """

    def __init__(self, path: str | os.PathLike[str], keys: Sequence[str], begin: int = 0, crc: int = 0) -> None:
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
            check_held(self.path.parent)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "r+b" if self.end else "wb") as file:
                if file.seek(0, os.SEEK_END) < self.end:
                    raise OutputError(f"{self.path}: became shorter while it was written")
                file.truncate(self.end)
                file.seek(self.end)
                file.write(block)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror or error}") from error
        self.end += len(block)
        self.crc = zlib.crc32(block, self.crc)

    def chunks(self, keys: Sequence[str]) -> Chunks:
        """Everything kept of some keys."""
        places = [self.keys.index(key) for key in keys]
        return Again(lambda: self._read(places))

    def _read(self, places: Sequence[int]) -> Iterator[list[Part]]:
        if self.begin == self.end:
            return
        with self._opened() as file:
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
                    counts = np.fromfile(file, dtype=np.uint32, count=steps) if totals[place] else silence(steps)
                    parts.append(Part(first, counts, np.fromfile(file, dtype=np.uint32, count=totals[place])))
                yield parts
                at = int(starts[-1])

    def _opened(self) -> BinaryIO:
        """The file for reading. DataError if it is gone or too short."""
        try:
            file = open(self.path, "rb")  # noqa: SIM115
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read ({error.strerror or error})") from error
        if os.fstat(file.fileno()).st_size < self.end:
            file.close()
            raise DataError(f"{self.path}: became shorter after it was written")
        return file

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
                raise OutputError(f"{self.path}: cannot be written: {error.strerror or error}") from error
        return {}, {"spool_begin": self.begin, "spool_end": self.end, "spool_crc": self.crc}

    def restore(
        self,
        path: str | os.PathLike[str],
        arrays: dict[str, Any],
        attributes: dict[str, Any],
        window: tuple[int, int],
    ) -> None:
        """Take over how far the file goes, or the spikes of a checkpoint that holds them itself.

        Raises
        ------
        CheckpointError
            If the file is not what the checkpoint says.
        """
        if "spool_end" not in attributes:
            for chunk in chunks_of(path, self.keys, arrays, window):
                self.add(chunk)
            return
        begin, end, crc = (contents.integer(path, attributes, f"spool_{name}") for name in ("begin", "end", "crc"))
        self._check(end, crc)
        self.begin, self.end, self.crc = begin, end, crc

    def check(self) -> None:
        """Read everything once. CheckpointError if it is not what was written."""
        self._check(self.end, self.crc)

    def _check(self, end: int, crc: int) -> None:
        found, left = 0, end
        try:
            with open(self.path, "rb") if end else open(os.devnull, "rb") as file:
                while left and (block := file.read(min(READ_BYTES, left))):
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
        with suppress(OSError):
            self.path.unlink()


def _block_of(parts: Sequence[Part]) -> bytes:
    head = [parts[0].first, len(parts[0].counts), *(len(part.neurons) for part in parts)]
    arrays = [np.array(head, dtype=np.int64)]
    spiking = [part for part in parts if len(part.neurons)]
    arrays += [array.astype(np.uint32) for part in spiking for array in (part.counts, part.neurons)]
    return b"".join(array.tobytes() for array in arrays)
