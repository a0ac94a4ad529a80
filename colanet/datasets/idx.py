"""IDX files, the format of MNIST and its kin: strict reading, writing."""

from __future__ import annotations

import math
import os

import numpy as np

from colanet.errors import DataError
from colanet.reading import LARGEST_FILE, LARGEST_UNPACKED, is_packed, read_bytes

IMAGES, LABELS = 0x00000803, 0x00000801
"""Magic numbers: unsigned bytes in three or one dimensions."""


def read_idx(path: str | os.PathLike[str], magic: int) -> np.ndarray:
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
    n_dimensions = magic & 0xFF
    size = 4 + 4 * n_dimensions
    header = read_bytes(path, limit=size)
    found = int.from_bytes(header[:4], "big")
    if len(header) < 4 or found != magic:
        raise DataError(f"{path}: not an IDX file of magic {magic:#010x}, found {found:#010x}")
    if len(header) < size:
        raise DataError(f"{path}: {len(header)} bytes, expected a header of {size}")
    shape = tuple(int(n) for n in np.frombuffer(header, ">u4", n_dimensions, offset=4))
    if 0 in shape[1:]:
        raise DataError(f"{path}: images of {shape[1]} x {shape[2]} pixels, expected at least one")
    expected = size + math.prod(shape)
    most = LARGEST_UNPACKED if is_packed(path) else LARGEST_FILE
    # NumPy makes no array of a shape beyond its room, even if it is empty.
    taken = size + math.prod((max(shape[0], 1), *shape[1:]))
    if taken > most:
        raise DataError(f"{path}: an array of {shape} takes {taken} bytes, expected at most {most}")
    # One byte more than promised tells a longer file, however long a stream goes on.
    content = read_bytes(path, limit=expected + 1)
    if len(content) != expected:
        length = f"more than {expected}" if len(content) > expected else len(content)
        raise DataError(f"{path}: {length} bytes, expected {expected} for an array of {shape}")
    return np.frombuffer(content, np.uint8, offset=size).reshape(shape)


def idx_header(array: np.ndarray) -> bytes:
    """Magic number and shape of an array of one (labels) or three dimensions (images)."""
    magic = {1: LABELS, 3: IMAGES}[array.ndim]
    return magic.to_bytes(4, "big") + b"".join(int(n).to_bytes(4, "big") for n in array.shape)


def idx_bytes(array: np.ndarray) -> bytes:
    """A uint8 array of one (labels) or three dimensions (images) in IDX form."""
    return idx_header(array) + np.ascontiguousarray(array, dtype=np.uint8).tobytes()
