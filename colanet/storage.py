"""HDF5 files that are whole or absent, and that carry a checksum over every one of their bits.

A file begins with a block of 512 bytes, the seal, which names the length and the SHA-256 of all that follows. HDF5
allows such a block (a user block), so any HDF5 library reads the rest. The HDF5 part is made in memory, or in room
that has been reserved: a disk that is full then meets plain writing, which can fail without harm.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from colanet import hdf5, reading
from colanet.atomic import atomic_path, write_bytes
from colanet.errors import CheckpointError, DataError
from colanet.version import __version__

FORMAT = 2
SEAL_BYTES = 512
_SIGN = b"colanet HDF5 file"
HDF5_SIGN = b"\x89HDF\r\n\x1a\n"
"""First bytes of every HDF5 file, behind its user block."""
_BLOCK = 1 << 20


@dataclass(frozen=True, eq=False)
class Blocks:
    """An array that need not fit in memory: rows that come block by block, in order.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
    blocks : iterable of ndarray
        Can be iterated more than once.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    blocks: Iterable[np.ndarray]

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return self.size * np.dtype(self.dtype).itemsize


def write_h5(
    path: str | os.PathLike[str], arrays: Mapping[str, Any], attributes: Mapping[str, Any], *, packed: bool = True
) -> None:
    """Write arrays (keys with `/` become groups) and attributes of the root, atomically.

    Parameters
    ----------
    path : path
    arrays, attributes : mapping
    packed : bool
        Compress large arrays, which takes longer than all the rest.

    Raises
    ------
    OutputError
        If the file cannot be written; an older one is left as it was.
    """
    if any(isinstance(value, Blocks) for value in arrays.values()):
        _stream(path, arrays, attributes, packed)
        return
    with h5py.File("image", "w", driver="core", backing_store=False, block_size=_BLOCK) as file:
        _fill(file, arrays, attributes, packed)
        file.flush()
        content = file.id.get_file_image()
    write_bytes(path, seal(content), content)


def _stream(
    path: str | os.PathLike[str], arrays: Mapping[str, Any], attributes: Mapping[str, Any], packed: bool
) -> None:
    """Write a file that need not fit in memory.

    HDF5 must never meet a full disk: its objects cannot be closed then. So all the room it may take is reserved.
    """
    with h5py.File("empty", "w", driver="core", backing_store=False) as file:
        file.flush()
        empty = file.id.get_file_image()
    room = sum(int(getattr(value, "nbytes", 0)) for value in arrays.values())
    with atomic_path(path) as temporary:
        with open(temporary, "wb") as plain:
            plain.write(bytes(SEAL_BYTES) + empty)
            plain.flush()
            _reserve(plain.fileno(), room + room // 32 + _BLOCK)
        # The writer's own lock on the file is no business of HDF5's.
        with h5py.File(temporary, "r+", locking=False) as file:
            _fill(file, arrays, attributes, packed)
        with open(temporary, "r+b") as plain:
            plain.seek(SEAL_BYTES)
            found = hashlib.sha256()
            size = 0
            while block := plain.read(_BLOCK):
                found.update(block)
                size += len(block)
            plain.seek(0)
            plain.write(_seal(size, found))


def _reserve(descriptor: int, size: int) -> None:
    """Take so many bytes of the disk for a file, where the system can; OSError if they are not there."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENODEV):
            raise


def seal(content: bytes) -> bytes:
    """The block that stands before an HDF5 file of these bytes."""
    return _seal(len(content), hashlib.sha256(content))


def _seal(size: int, digest: Any) -> bytes:
    lines = (
        _SIGN.decode() + f", format {FORMAT}",
        f"bytes after this block of {SEAL_BYTES}: {size}",
        f"their SHA-256: {digest.hexdigest()}",
    )
    return "\n".join(lines).encode().ljust(SEAL_BYTES - 1) + b"\n"


def _fill(file: h5py.File, arrays: Mapping[str, Any], attributes: Mapping[str, Any], packed: bool) -> None:
    file.attrs["colanet_format"] = FORMAT
    file.attrs["colanet_version"] = __version__
    for key, value in attributes.items():
        file.attrs[key] = value
    for key, value in arrays.items():
        # Small arrays gain nothing from chunks; large ones are mostly resources that compress well.
        big = packed and getattr(value, "size", 0) > 4096
        options = {"compression": "lzf"} if big else {}
        if isinstance(value, Blocks):
            _write_blocks(file.create_dataset(key, value.shape, value.dtype, **options), value)
        else:
            file.create_dataset(key, data=value, **options)


def _write_blocks(data: h5py.Dataset, value: Blocks) -> None:
    at = 0
    for block in value.blocks:
        data[at : at + len(block)] = block
        at += len(block)


def fixed_texts(texts: Sequence[str]) -> np.ndarray:
    """Texts as an array of UTF-8 of one length, the only form of text in arrays that is read back."""
    encoded = [text.encode() for text in texts]
    longest = max(map(len, encoded), default=1) or 1
    return np.array(encoded, dtype=h5py.string_dtype("utf-8", longest))


def read_h5(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and attributes (int, float, str) of a file of `write_h5`.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or of another format.
    """
    content = _content(path)
    try:
        arrays, attributes = hdf5.read(content)
    # h5py meets damaged structures with almost any exception, depending on which byte is wrong.
    except (
        OSError, RuntimeError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, MemoryError,
    ) as error:  # fmt: skip
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{path}: not a readable HDF5 file ({reason})") from error
    if attributes.get("colanet_format") != FORMAT:
        found = attributes.get("colanet_format", "unknown")
        raise CheckpointError(f"{path}: not a colanet file of format {FORMAT}, but {found}")
    return arrays, attributes


def _content(path: str | os.PathLike[str]) -> bytes:
    """The HDF5 part of a file whose seal fits; HDF5 libraries can crash or hang on anything else."""
    try:
        with reading.open_regular(path) as file:
            block = file.read(SEAL_BYTES)
            if block.startswith(HDF5_SIGN):
                raise CheckpointError(
                    f"{path}: not a colanet file with a checksum; if an older colanet wrote it, "
                    "python -m colanet.seal adds one"
                )
            if not block.startswith(_SIGN) and file.peek(len(HDF5_SIGN))[: len(HDF5_SIGN)] != HDF5_SIGN:
                raise CheckpointError(f"{path}: not a readable HDF5 file of colanet")
            content = file.read()
    except DataError as error:
        raise CheckpointError(str(error)) from error
    except (OSError, MemoryError) as error:
        raise CheckpointError(f"{path}: cannot be read ({str(error) or 'not enough memory'})") from error
    if block != seal(content):
        raise CheckpointError(f"{path}: damaged, its checksum does not fit")
    return content
