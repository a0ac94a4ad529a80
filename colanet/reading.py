"""Files that are read whole: regular ones only, and no more of them than a bound allows.

A pipe would block, a device never ends, and a few megabytes of gzip unpack to any number of gigabytes. So the kind
of a file is looked at before it is opened, and its size before memory is spent on it.
"""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from io import BufferedReader
from typing import IO

from colanet.errors import DataError

LARGEST_FILE = 4 << 30
"""Bytes of a data file as it lies on the disk."""
LARGEST_STORED = 1 << 40
"""Bytes of a data file that is never read whole."""
LARGEST_UNPACKED = 1 << 30
"""Bytes of a data file that is unpacked (gzip, .npz), and of standard input."""
GZIP = b"\x1f\x8b"


def open_regular(path: str | os.PathLike[str], most: int | None = None) -> BufferedReader:
    """A regular file, open for reading its bytes.

    Parameters
    ----------
    path : path
    most : int or None
        Bytes that it may have; None: `LARGEST_FILE`.

    Raises
    ------
    DataError
        If it is missing, cannot be opened, is larger than that, or is no regular file but a folder, a pipe or a
        device.
    """
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise DataError(f"{path}: cannot be read (is a folder)")
        if not stat.S_ISREG(found.st_mode):
            raise DataError(f"{path}: cannot be read (not a regular file)")
        most = LARGEST_FILE if most is None else most
        if found.st_size > most:
            raise DataError(f"{path}: {found.st_size} bytes, expected at most {most}")
        return open(path, "rb")
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def read_bytes(path: str | os.PathLike[str], packed: bool | None = None, limit: int | None = None) -> bytes:
    """Content of a regular file.

    Parameters
    ----------
    path : path
    packed : bool or None
        Whether it is gzipped; None: look at its first bytes.
    limit : int or None
        Bytes to read at most, unpacked; what follows is left alone. None: all, up to the bounds of this module.

    Raises
    ------
    DataError
        If the file is missing, not regular, too large, or its gzip stream is damaged.
    """
    try:
        with open_regular(path) as file:
            if packed is None:
                packed = file.peek(len(GZIP)).startswith(GZIP)
            if not packed:
                return file.read() if limit is None else file.read(limit)
            with gzip.GzipFile(fileobj=file) as stream:
                if limit is not None:
                    return stream.read(limit)
                return bounded(stream, str(path))
    except (OSError, EOFError, zlib.error, MemoryError) as error:
        raise unreadable(path, error) from error


def is_packed(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as gzip does. DataError as for `open_regular`."""
    return read_bytes(path, packed=False, limit=len(GZIP)) == GZIP


def bounded(stream: IO[bytes] | gzip.GzipFile, name: str) -> bytes:
    """All of a stream of unknown length. DataError if it goes on beyond `LARGEST_UNPACKED`."""
    pieces, left = [], LARGEST_UNPACKED
    while piece := stream.read(min(1 << 24, left + 1)):
        left -= len(piece)
        if left < 0:
            raise DataError(f"{name}: more than {LARGEST_UNPACKED} bytes, unpacked; expected at most so many")
        pieces.append(piece)
    return b"".join(pieces)


def unreadable(path: str | os.PathLike[str], error: BaseException) -> DataError:
    """The error that says in one line why a file cannot be read."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return DataError(f"{path}: cannot be read ({' '.join(reason.split())})")
