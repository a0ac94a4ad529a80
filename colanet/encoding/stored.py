"""Images that stay in their file and are read when they are shown, so that data may be larger than memory."""

from __future__ import annotations

import hashlib
import os
import weakref
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from colanet.encoding.selection import Selection
from colanet.errors import DataError
from colanet.plan import memory
from colanet.reading import LARGEST_FILE, LARGEST_STORED, open_regular, unreadable

STORED = 1 << 24
"""Bytes from which on a file of raw images stays where it is; smaller ones are read at once."""
_BLOCK = 1 << 22


def is_large(path: Path) -> bool:
    """Whether images of that file are read when they are shown: it is large, and not packed."""
    return path.suffix != ".gz" and path.is_file() and path.stat().st_size >= STORED


class StoredImages:
    """Raw images back to back in a file.

    Parameters
    ----------
    path : Path
    nodes : int
        Bytes of an image.
    offset : int
        Bytes before the first one.

    Attributes
    ----------
    there : int
        Images in the file.
    selection : Selection
        Those that are shown.

    Raises
    ------
    DataError
        If the file cannot be read, or what follows the offset is no whole number of images.
    """

    def __init__(self, path: Path, nodes: int, offset: int) -> None:
        self.path, self.nodes, self.offset = path, nodes, offset
        self._file, self._lock = open_regular(path, LARGEST_STORED), Lock()
        weakref.finalize(self, self._file.close)
        found = os.fstat(self._file.fileno())
        self._when, length = found.st_mtime_ns, found.st_size - offset
        if length <= 0 or length % nodes:
            raise DataError(
                f"{path}: {found.st_size} bytes, expected {offset} and a multiple of {nodes} (one image) after them"
            )
        self.there = length // nodes
        self.selection = Selection(self.there, 0, self.there)

    def digest(self) -> str:
        """SHA-256 of the whole file, which is read for it. DataError if it cannot be."""
        total = hashlib.sha256()
        try:
            with self._lock:
                self._file.seek(0)
                while block := self._file.read(_BLOCK):
                    total.update(block)
        except OSError as error:
            raise unreadable(self.path, error) from error
        return total.hexdigest()

    def check_room(self, name: str) -> None:
        """DataError if the images shown do not fit in memory; an input of that name is about to hold them all."""
        needed, free = len(self) * self.nodes, memory.available()
        if needed > (LARGEST_FILE if free is None else free):
            left = (
                f"expected at most {memory.size(LARGEST_FILE)}"
                if free is None
                else f"and {memory.size(free)} are free ({memory.VARIABLE} sets another number of bytes)"
            )
            raise DataError(
                f"input {name}: features hold all {len(self)} images at once, {memory.size(needed)}, {left}"
            )

    def __len__(self) -> int:
        return self.selection.count

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.rows(np.arange(len(self))).astype(dtype or np.uint8, copy=False)

    @property
    def shape(self) -> tuple[int, int]:
        """Images and nodes."""
        return len(self), self.nodes

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Of the nodes."""
        return np.dtype(np.uint8)

    def rows(self, order: np.ndarray) -> np.ndarray:
        """The images of these numbers, uint8 of shape (len(order), nodes). DataError if the file has changed."""
        out = np.empty((len(order), self.nodes), dtype=np.uint8)
        at = self.selection.rows(order)
        ends = [*(np.flatnonzero(np.diff(at) != 1) + 1).tolist(), len(at)]
        first = 0
        for last in ends if len(at) else ():
            self._read(int(at[first]), out[first:last])
            first = last
        return out

    def _read(self, first: int, out: np.ndarray) -> None:
        """Consecutive images of the file, from number `first` on."""
        try:
            with self._lock:
                self._file.seek(self.offset + first * self.nodes)
                got = self._file.readinto(out.data.cast("B"))
                changed = os.fstat(self._file.fileno()).st_mtime_ns != self._when
        except OSError as error:
            raise unreadable(self.path, error) from error
        if got != out.nbytes or changed:
            raise DataError(f"{self.path}: was changed while it is shown")
