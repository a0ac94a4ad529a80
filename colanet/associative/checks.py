"""Checks of arrays that users pass in. Each returns the array as float64 or raises an `IllPosed` error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from colanet.associative.errors import (
    ParameterError,
    PatternError,
    RangeError,
    SemidefiniteError,
    ShapeError,
    SymmetryError,
)

Array = NDArray[np.floating[Any]]


def numbers(values: ArrayLike, name: str) -> Array:
    """A finite float64 array that is not empty."""
    if np.iscomplexobj(values):
        raise ShapeError(f"{name}: expected real numbers, got complex ones")
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{name}: expected an array of real numbers ({error})") from error
    if array.size == 0:
        raise ShapeError(f"{name}: empty, shape {array.shape}")
    if not np.isfinite(array).all():
        raise ShapeError(f"{name}: holds values that are not finite")
    return array


def memories(values: ArrayLike, name: str = "memories") -> Array:
    """A matrix of shape (n_memories, n_features)."""
    array = numbers(values, name)
    if array.ndim != 2:
        raise ShapeError(f"{name}: expected shape (n_memories, n_features), got {array.shape}")
    return array


def states(values: ArrayLike, size: int, name: str = "state") -> Array:
    """One state of shape (size,) or a batch of shape (..., size)."""
    array = numbers(values, name)
    if array.ndim == 0 or array.shape[-1] != size:
        raise ShapeError(f"{name}: expected a last axis of {size}, got shape {array.shape}")
    return array


def vector(values: ArrayLike, size: int, name: str) -> Array:
    """One vector of shape (size,), not a batch."""
    array = numbers(values, name)
    if array.shape != (size,):
        raise ShapeError(f"{name}: expected shape ({size},), got {array.shape}")
    return array


def order(values: ArrayLike, size: int, name: str = "order") -> np.ndarray:
    """Numbers of neurons, each from 0 to size - 1; empty is allowed."""
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ShapeError(f"{name}: expected neurons as whole numbers in one row, got {array.dtype} {array.shape}")
    if array.size and not (array.min() >= 0 and array.max() < size):
        raise ShapeError(f"{name}: expected neurons from 0 to {size - 1}, got {array.min()} to {array.max()}")
    return array.astype(np.int64)


def same_batch(a: Array, b: Array, names: str) -> None:
    """Two arrays that agree in all axes but the last."""
    if a.shape[:-1] != b.shape[:-1]:
        raise ShapeError(f"{names}: batches disagree, {a.shape[:-1]} and {b.shape[:-1]}")


def finite(values: Array, what: str) -> Array:
    """The values themselves, which were computed and must not have left the range of floats."""
    if not np.isfinite(values).all():
        raise RangeError(f"{what}: out of the range of floats; the state or the parameters are too large")
    return values


def bipolar(array: Array, name: str) -> Array:
    """The array itself, made of -1 and +1 only."""
    wrong = array[np.abs(array) != 1.0]
    if wrong.size:
        raise PatternError(f"{name}: expected -1 and +1 only, found {wrong[0]:g}")
    return array


def square(values: ArrayLike, name: str = "W") -> Array:
    """A square matrix."""
    array = numbers(values, name)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ShapeError(f"{name}: expected a square matrix, got shape {array.shape}")
    return array


def symmetric(values: ArrayLike, name: str = "W") -> Array:
    """A symmetric matrix, up to rounding."""
    array = square(values, name)
    gap = np.abs(array - array.T)
    if gap.max() > 1e-10 * np.abs(array).max():
        i, j = np.unravel_index(gap.argmax(), gap.shape)
        raise SymmetryError(
            f"{name} must be symmetric: {name}[{i},{j}] = {array[i, j]:g}, {name}[{j},{i}] = {array[j, i]:g}"
        )
    return array


def semidefinite(values: ArrayLike, name: str = "W") -> Array:
    """A symmetric matrix without negative eigenvalues, up to rounding."""
    array = symmetric(values, name)
    eigenvalues = np.linalg.eigvalsh(array)
    if eigenvalues[0] < -1e-10 * np.abs(eigenvalues).max():
        raise SemidefiniteError(
            f"{name} must be positive semi-definite: its smallest eigenvalue is {eigenvalues[0]:g}"
        )
    return array


def positive(value: float, name: str) -> float:
    """A finite number above zero."""
    if not (np.isfinite(value) and value > 0):
        raise ParameterError(f"{name}: expected a number above 0, got {value:g}")
    return float(value)
