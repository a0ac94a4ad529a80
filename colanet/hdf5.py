"""HDF5 files of anybody, read with caution.

HDF5 can name other files, share bytes between many arrays, and declare a terabyte in a few of them. Only what
`colanet.storage.write_h5` writes is read: plain arrays in groups, each no larger than its stored bytes can be, and
plain attributes of the root. Everything else is refused before it is opened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5p, h5s, h5t, h5z

DEEPEST = 8
MOST_ATTRIBUTES = 64
LARGEST_CHUNK = 16 << 20
LARGEST_GAIN = 256
"""LZF makes at most 88 bytes of one; a larger ratio is no honest array."""
SMALLEST_OBJECT = 32
"""Fewer bytes of a file cannot name and hold an object; bounds how often the same one can be linked to."""
_LAYOUTS = {h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED}
_NUMBERS = {h5t.INTEGER, h5t.FLOAT}


def read(content: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """All arrays, and the attributes of the root as int, float or str.

    Raises
    ------
    ValueError
        For everything that is refused, with the reason.
    Exception
        Whatever h5py raises for damaged structures.
    """
    # From memory: h5py then opens no file, and calls no Python code while it reads.
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fapl_core(1 << 20, False)
    access.set_file_image(content)
    with h5py.File(h5f.open(b"image", h5f.ACC_RDONLY, access)) as file:
        attributes = _attributes(file)
        walk = _Walk({}, len(content), len(content) // SMALLEST_OBJECT)
        walk.group(file, "", 0)
        return walk.arrays, attributes


@dataclass
class _Walk:
    """The way through a file, with what may still be met on it."""

    arrays: dict[str, np.ndarray]
    bytes_left: int
    objects_left: int

    def group(self, group: h5py.Group, prefix: str, depth: int) -> None:
        if depth > DEEPEST:
            raise ValueError(f"groups deeper than {DEEPEST}")
        for name in group:
            key = prefix + _clean(name)
            self.objects_left -= 1
            if self.objects_left < 0:
                raise ValueError("more links than its bytes can hold objects")
            # Before the object is opened, which would follow the link.
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{key} is a link, expected a group or an array")
            item = group[name]
            if isinstance(item, h5py.Group):
                self.group(item, key + "/", depth + 1)
            elif isinstance(item, h5py.Dataset):
                self.arrays[key] = self.array(item, key)
            else:
                raise ValueError(f"{key} is neither a group nor an array")

    def array(self, item: h5py.Dataset, key: str) -> np.ndarray:
        stored = _check_storage(item, key)
        self.bytes_left -= stored
        if self.bytes_left < 0:
            raise ValueError("the arrays claim more bytes than the file has")
        array: np.ndarray = item[()]
        return array


def _check_storage(item: h5py.Dataset, key: str) -> int:
    """Bytes that an array takes in the file. ValueError unless it lies there plainly and is no larger than it."""
    kind = item.id.get_type()
    plain_text = kind.get_class() == h5t.STRING and not kind.is_variable_str()
    if kind.get_class() not in _NUMBERS and not plain_text:
        raise ValueError(f"{key} holds neither numbers nor text of fixed length")
    how = item.id.get_create_plist()
    layout = how.get_layout()
    if layout not in _LAYOUTS or how.get_external_count():
        raise ValueError(f"{key} lies in another file")
    filters = {how.get_filter(i)[0] for i in range(how.get_nfilters())}
    if not filters <= {h5z.FILTER_LZF}:
        raise ValueError(f"{key} has an unknown compression, expected LZF or none")
    if item.id.get_space().get_simple_extent_type() == h5s.NULL:
        raise ValueError(f"{key} has no shape")
    size: int = math.prod(item.shape) * kind.get_size()
    stored: int = item.id.get_storage_size()
    if layout == h5d.CHUNKED and math.prod(how.get_chunk()) * kind.get_size() > LARGEST_CHUNK:
        raise ValueError(f"{key} lies in pieces of more than {LARGEST_CHUNK} bytes")
    least = -(-size // (LARGEST_GAIN if layout == h5d.CHUNKED else 1))
    if stored < least:
        raise ValueError(f"{key}: {stored} bytes stored, expected at least {least}")
    return stored


def _attributes(file: h5py.File) -> dict[str, Any]:
    if len(file.attrs) > MOST_ATTRIBUTES:
        raise ValueError(f"more than {MOST_ATTRIBUTES} attributes")
    return {_clean(name): _attribute(file, name) for name in file.attrs}


def _attribute(file: h5py.File, name: str) -> int | float | str:
    opened = h5a.open(file.id, name.encode())
    kind = opened.get_type().get_class()
    if opened.get_space().get_simple_extent_type() != h5s.SCALAR or kind not in _NUMBERS | {h5t.STRING}:
        raise ValueError(f"attribute {name}: unknown type, expected a number or text")
    value = file.attrs[name]
    return _clean(value) if isinstance(value, str | bytes) else value.item()


def _clean(text: str | bytes) -> str:
    """A text as it is. ValueError (UnicodeError) if it was no UTF-8; h5py then gives bytes, or surrogates."""
    return text.decode() if isinstance(text, bytes) else text.encode().decode()
