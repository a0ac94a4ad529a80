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
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["colanet_format"] = FORMAT
        file.attrs["colanet_version"] = __version__
        for key, value in attributes.items():
            file.attrs[key] = value
        for key, value in arrays.items():
            # Small arrays gain nothing from chunks; large ones are mostly resources that compress well.
            big = getattr(value, "size", 0) > 4096
            packed = {"compression": "lzf"} if big else {}
            if isinstance(value, Blocks):
                _write_blocks(file.create_dataset(key, value.shape, value.dtype, **packed), value)
            else:
                file.create_dataset(key, data=value, **packed)


def _write_blocks(data: h5py.Dataset, value: Blocks) -> None:
    at = 0
    for block in value.blocks:
        data[at : at + len(block)] = block
        at += len(block)


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
