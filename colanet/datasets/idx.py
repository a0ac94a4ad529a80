"""IDX files, the format of MNIST and its kin: strict reading, writing."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path

import numpy as np

from colanet.errors import DataError

IMAGES, LABELS = 0x00000803, 0x00000801
"""Magic numbers: unsigned bytes in three or one dimensions."""


def read_bytes(path: str | os.PathLike, packed: bool | None = None) -> bytes:
    """Content of a file.

    Parameters
    ----------
    path : path
    packed : bool or None
        Whether it is gzipped; None: look at its first bytes.

    Raises
    ------
    DataError
        If the file is missing or its gzip stream is damaged.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        if packed is None:
            packed = content[:2] == b"\x1f\x8b"
        return gzip.decompress(content) if packed else content
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(f"{path}: cannot be read ({reason})") from error


def read_idx(path: str | os.PathLike, magic: int) -> np.ndarray:
    """An IDX array of bytes.

    Parameters
    ----------
    path : path
    magic : int
        `IMAGES` or `LABELS`.

    Returns
    -------
    ndarray of uint8, shape (n, height, width) or (n,)

    Raises
    ------
    DataError
        If the magic number or the size is wrong.
    """
    content = read_bytes(path)
    n_dimensions = magic & 0xFF
    header = 4 + 4 * n_dimensions
    found = int.from_bytes(content[:4], "big")
    if len(content) < 4 or found != magic:
        raise DataError(f"{path}: not an IDX file of magic {magic:#010x}, found {found:#010x}")
    if len(content) < header:
        raise DataError(f"{path}: {len(content)} bytes, expected a header of {header}")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", n_dimensions, offset=4))
    expected = header + math.prod(shape)
    if len(content) != expected:
        raise DataError(f"{path}: {len(content)} bytes, expected {expected} for an array of {shape}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def idx_header(array: np.ndarray) -> bytes:
    """Magic number and shape of an array of one (labels) or three dimensions (images)."""
    magic = {1: LABELS, 3: IMAGES}[array.ndim]
    return magic.to_bytes(4, "big") + b"".join(int(n).to_bytes(4, "big") for n in array.shape)


def idx_bytes(array: np.ndarray) -> bytes:
    """A uint8 array of one (labels) or three dimensions (images) in IDX form."""
    return idx_header(array) + np.ascontiguousarray(array, dtype=np.uint8).tobytes()
