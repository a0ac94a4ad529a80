"""HDF5 files that are whole or absent: written under a temporary name, synced, renamed."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from colanet import __version__
from colanet.atomic import atomic_path
from colanet.errors import CheckpointError

FORMAT = 1


@dataclass(frozen=True, eq=False)
class Blocks:
    """An array that need not fit in memory: rows that come block by block, in order.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
    blocks : iterable of ndarray
        Can be gone through more than once.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    blocks: Iterable[np.ndarray]

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


def write_h5(path: str | os.PathLike, arrays: Mapping[str, Any], attributes: Mapping[str, Any]) -> None:
    """Write arrays (keys with `/` become groups) and attributes of the root, atomically."""
    with atomic_path(path) as temporary:
        later: list[tuple[int, Blocks]] = []
        with h5py.File(temporary, "w") as file:
            file.attrs["colanet_format"] = FORMAT
            file.attrs["colanet_version"] = __version__
            for key, value in attributes.items():
                file.attrs[key] = value
            for key, value in arrays.items():
                if isinstance(value, Blocks):
                    later += reserve(file, key, value)
                    continue
                # Small arrays gain nothing from chunks; large ones are mostly resources that compress well.
                big = getattr(value, "size", 0) > 4096
                file.create_dataset(key, data=value, **({"compression": "lzf"} if big else {}))
        fill(temporary, later)


def reserve(file: h5py.File, key: str, value: Blocks) -> list[tuple[int, Blocks]]:
    """Make a data set whose place in the file is known but not yet written; place and value, for `fill`."""
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_layout(h5py.h5d.CONTIGUOUS)
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    folder, _, name = key.rpartition("/")
    group = file.require_group(folder) if folder else file
    space = h5py.h5s.create_simple(value.shape)
    data = h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(value.dtype, logical=True), space, layout)
    return [(data.get_offset(), value)] if value.size else []


def fill(path: str | os.PathLike, later: Iterable[tuple[int, Blocks]]) -> None:
    """Write the blocks of reserved data sets by plain writing, which meets a full disk without harm to HDF5."""
    with open(path, "r+b") as file:
        for place, value in later:
            file.seek(place)
            for block in value.blocks:
                file.write(np.ascontiguousarray(block, dtype=value.dtype).data)


def read_h5(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and attributes of a file of `write_h5`.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or of another format.
    """
    arrays: dict[str, np.ndarray] = {}

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()]

    try:
        with h5py.File(path, "r") as file:
            attributes = dict(file.attrs)
            file.visititems(take)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such file") from error
    # h5py meets damaged structures with almost any exception, depending on which byte is wrong.
    except (OSError, RuntimeError, ValueError, TypeError, LookupError, ArithmeticError, MemoryError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{path}: not a readable HDF5 file ({reason})") from error
    if attributes.get("colanet_format") != FORMAT:
        raise CheckpointError(
            f"{path}: not a colanet file of format {FORMAT}, but {attributes.get('colanet_format', 'unknown')}"
        )
    return arrays, attributes
