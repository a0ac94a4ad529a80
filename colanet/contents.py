"""What was read from a file, checked before anything believes it: attributes by type and range, arrays by shape."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from colanet.errors import CheckpointError

LARGEST = (1 << 63) - 1
"""Of the whole numbers of 64 bits."""


def integer(
    path: str | os.PathLike[str], attributes: Mapping[str, Any], name: str, low: int = 0, high: int = LARGEST
) -> int:
    """A whole number in a range. CheckpointError if it is missing or anything else."""
    value = _of(path, attributes, name)
    if not isinstance(value, int) or not low <= value <= high:
        raise CheckpointError(f"{path}: damaged, {name} is {_shown(value)}, expected a whole number {low}..{high}")
    return value


def check_kind(
    path: str | os.PathLike[str], attributes: Mapping[str, Any], kinds: Collection[str], what: str
) -> None:
    """CheckpointError unless a file is of one of these kinds; `what` names what was expected."""
    kind = attributes.get("kind")
    if kind not in kinds:
        word = "" if kind is None else " ".join(str(kind).split())[:40]
        raise CheckpointError(f"{path}: {f'found {word}' if word else 'unknown kind of file'}, expected {what}")


def number(path: str | os.PathLike[str], attributes: Mapping[str, Any], name: str) -> float:
    """A finite number of at least 0. CheckpointError if it is missing or anything else."""
    value = _of(path, attributes, name)
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise CheckpointError(f"{path}: damaged, {name} is {_shown(value)}, expected a number of at least 0")
    return float(value)


def text(path: str | os.PathLike[str], attributes: Mapping[str, Any], name: str) -> str:
    """A text. CheckpointError if it is missing or anything else."""
    value = _of(path, attributes, name)
    if not isinstance(value, str):
        raise CheckpointError(f"{path}: damaged, {name} is {_shown(value)}, expected a text")
    return value


def mapping(path: str | os.PathLike[str], attributes: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Names and values from a text in JSON. CheckpointError if it is missing or anything else."""
    value = text(path, attributes, name)
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CheckpointError(f"{path}: damaged, {name} is {_shown(value)}, expected names and values in JSON")
    return found


def array(
    path: str | os.PathLike[str],
    arrays: Mapping[str, np.ndarray],
    name: str,
    like: np.ndarray | None = None,
    *,
    dtype: Any = None,
    shape: tuple[int | None, ...] | None = None,
    low: float | None = None,
    high: float | None = None,
) -> np.ndarray:
    """An array of a type and a shape, with all its values in a range.

    Parameters
    ----------
    path : path
    arrays : dict
    name : str
    like : ndarray or None
        An array of the type and shape expected, instead of `dtype` and `shape`.
    dtype : numpy type
    shape : tuple of int or None
        None stands for any length.
    low, high : float or None
        The least and the greatest value, both allowed. NaN is below and above everything.

    Raises
    ------
    CheckpointError
        If it is missing or anything else.
    """
    if name not in arrays:
        raise CheckpointError(f"{path}: damaged, it lacks {name}")
    found = arrays[name]
    dtype, shape = (like.dtype, like.shape) if like is not None else (np.dtype(dtype), shape or ())
    fits = len(shape) == found.ndim and all(n in (None, m) for n, m in zip(shape, found.shape, strict=True))
    if found.dtype != dtype or not fits:
        wanted = f"({', '.join('any' if n is None else str(n) for n in shape)})"
        raise CheckpointError(f"{path}: damaged, {name} is {found.dtype}{found.shape}, expected {dtype}{wanted}")
    too_low = found.size and low is not None and not found.min() >= low
    too_high = found.size and high is not None and not found.max() <= high
    if too_low or too_high:
        raise CheckpointError(
            f"{path}: damaged, {name} has values {found.min()}..{found.max()}, expected "
            f"{'any' if low is None else low}..{'any' if high is None else high}"
        )
    return found


def check_shares(path: str | os.PathLike[str], name: str, values: np.ndarray) -> None:
    """Refuse values that are neither NaN (unknown) nor between 0 and 1. CheckpointError."""
    known = values[~np.isnan(values)]
    if ((known < 0) | (known > 1)).any():
        raise CheckpointError(f"{path}: damaged, {name} has values outside 0..1")


def _of(path: str | os.PathLike[str], attributes: Mapping[str, Any], name: str) -> Any:
    if name not in attributes:
        raise CheckpointError(f"{path}: damaged, it lacks {name}")
    return attributes[name]


def _shown(value: Any) -> str:
    return repr(value)[:40]
