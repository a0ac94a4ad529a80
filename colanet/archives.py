"""Archives of arrays (`.npz`) of anybody, read with caution: named arrays of numbers, no objects, no surprises.

Every member of such an archive carries a CRC-32, which is checked.
"""

from __future__ import annotations

import ast
import io
import lzma
import math
import os
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from colanet.errors import DataError
from colanet.reading import LARGEST_UNPACKED, open_regular

LONGEST_HEADER = 10_000
LARGEST_CHARACTER = 0x10FFFF
"""Of Unicode, whose numbers from 0xD800 to 0xDFFF stand for none."""
_KINDS = "biuf"
_TYPE = re.compile(r"[<>|=]?[?b-zA-Z][0-9]{0,9}")
"""Name of a type; `a` is an old one for bytes, which are not taken anyway."""
_LONG = re.compile(r"(?<=[0-9])L\b")
"""What Python 2 wrote behind large whole numbers."""
_DAMAGE = (
    OSError, EOFError, LookupError, ValueError, TypeError, RuntimeError, ArithmeticError, MemoryError, struct.error,
    SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""A damaged archive shows itself in many ways, depending on which byte is wrong."""


def names_of(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Names of the arrays in an archive of `numpy.savez`. DataError if the file is none."""
    with open_regular(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return tuple(info.filename.removesuffix(".npy") for info in archive.infolist())
        except _DAMAGE as error:
            raise DataError(f"{path}: cannot be read as an archive ({_reason(error)})") from error


def read_archive(
    path: str | os.PathLike[str], names: Sequence[str], *, texts: bool = False
) -> list[np.ndarray]:
    """Arrays of numbers out of an archive of `numpy.savez`.

    Parameters
    ----------
    path : path
    names : sequence of str
    texts : bool
        Whether arrays of texts are taken too.

    Raises
    ------
    DataError
        If the file is no archive, is damaged, lacks one of them, or one is too large or holds anything but numbers.
    """
    with open_regular(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = [_member(archive, name) for name in names]
                if sum(member.file_size for member in members) > LARGEST_UNPACKED:
                    raise ValueError(f"more than {LARGEST_UNPACKED} bytes, unpacked")
                return [_array(archive, member, _KINDS + "U" * texts) for member in members]
        except _DAMAGE as error:
            expected = f"expected the arrays {' and '.join(names)}"
            raise DataError(f"{path}: cannot be read as an archive ({_reason(error)}), {expected}") from error


def _reason(error: BaseException) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    found = [info for info in archive.infolist() if info.filename in (name, f"{name}.npy")]
    if len(found) != 1:
        raise ValueError(f"{len(found)} arrays are called {name}")
    return found[0]


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, kinds: str) -> np.ndarray:
    """One array; what its header promises must be what is there, before memory is spent on it."""
    with archive.open(member) as stream:
        # Read to the end, for only there the CRC is compared.
        content = stream.read(member.file_size + 1)
        if len(content) != member.file_size or stream.read(1):
            raise ValueError(f"{member.filename}: its length differs from its header")
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{member.filename} is of version {version}")
    shape, by_columns, dtype = _header(file, 2 * version[0])
    if dtype.kind not in kinds or dtype.hasobject:
        raise ValueError(f"{member.filename} holds {dtype}, expected numbers")
    if any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        size = len(content) - file.tell()
        raise ValueError(f"{member.filename}: its header says {dtype}{shape}, its content has {size} bytes")
    found = np.ndarray(shape, dtype, content, file.tell(), order="F" if by_columns else "C")
    native = found.astype(dtype.newbyteorder("="))
    if dtype.kind == "U":
        _check_texts(native, member.filename)
    return native


def _header(file: io.BytesIO, size: int) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type, as a header says; its length has so many bytes.

    NumPy's own reader warns of what Python 2 wrote and of old names of types, and does so for all threads.
    """
    length = int.from_bytes(file.read(size), "little")
    if length > LONGEST_HEADER:
        raise ValueError(f"a header of {length} bytes")
    told = ast.literal_eval(_LONG.sub("", file.read(length).decode("latin-1")).strip())
    if not isinstance(told, dict) or told.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("a header that is none of NumPy's")
    shape, by_columns, name = told["shape"], told["fortran_order"], told["descr"]
    if not isinstance(shape, tuple) or any(type(n) is not int for n in shape) or type(by_columns) is not bool:
        raise ValueError("a header without a shape")
    if not isinstance(name, str) or not _TYPE.fullmatch(name):
        raise ValueError(f"arrays of {name!r:.40}")
    return shape, by_columns, np.dtype(name)


def _check_texts(texts: np.ndarray, name: str) -> None:
    """ValueError for numbers that stand for no character; NumPy would make texts of them that break Python."""
    codes = np.frombuffer(texts.tobytes(), np.uint32)
    if ((codes > LARGEST_CHARACTER) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any():
        raise ValueError(f"{name} holds what is no text")
