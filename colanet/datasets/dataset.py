"""What a data set is: samples of any shape with labels, in two parts."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from colanet.datasets.idx import idx_header
from colanet.datasets.intensity import Bounds, bounds_of, check_numbers, intensities
from colanet.errors import DataError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples with labels, in two parts, made and checked by `from_arrays`.

    The arrays are read-only, because all users of a process share them.

    Attributes
    ----------
    name : str
    train_images, test_images : ndarray of integers or floats, shape (n, ...)
        Samples as they were read: pictures (n, height, width), features (n, nodes), or any other shape.
    train_labels, test_labels : ndarray of unsigned integers, shape (n,)
        Indices into `classes`.
    classes : tuple of str
    source : str
        Folder or file it was found in.
    citation : str
    licence : str
    bounds : (float, float)
        The values that become the intensities 0 and 255, see `colanet.datasets.intensity.bounds_of`.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    source: str
    citation: str = ""
    licence: str = ""
    bounds: Bounds = field(kw_only=True)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.train_images.shape[1:]

    @property
    def nodes(self) -> int:
        """Numbers in one sample: nodes of an input that shows it."""
        return math.prod(self.shape)

    @property
    def picture(self) -> tuple[int, int]:
        """Height and width in which a sample is drawn: features are one row, channels stand side by side."""
        if len(self.shape) < 2:
            return 1, self.nodes
        return self.shape[0], math.prod(self.shape[1:])

    @cached_property
    def intensities(self) -> tuple[np.ndarray, np.ndarray]:
        """Training and test samples as they are coded into spikes: uint8 of shape (n, nodes)."""
        return intensities(self.train_images, self.bounds), intensities(self.test_images, self.bounds)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the four arrays, one after another: training samples, labels, test samples, labels.

        Of 8-bit pictures it is that of the arrays as IDX files: of MNIST and Fashion-MNIST, of their unpacked files
        joined in that order. Before other arrays stand their type and shape, before all of them the bounds.
        """
        arrays = (self.train_images, self.train_labels, self.test_images, self.test_labels)
        like_idx = all(array.dtype == np.uint8 and array.ndim in (1, 3) for array in arrays)
        total = hashlib.sha256(b"" if like_idx else f"{self.bounds[0]!r} {self.bounds[1]!r}\n".encode())
        for array in arrays:
            plain = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
            total.update(idx_header(array) if like_idx else f"{plain.dtype.str} {plain.shape}\n".encode())
            total.update(plain.data)
        return total.hexdigest()


def from_arrays(
    name: str,
    train_images: Any,
    train_labels: Any,
    test_images: Any,
    test_labels: Any,
    *,
    classes: Sequence[str] | None = None,
    low: float | None = None,
    high: float | None = None,
    source: str = "",
    citation: str = "",
    licence: str = "",
) -> Dataset:
    """A data set of arrays, checked.

    Parameters
    ----------
    name : str
    train_images, test_images : array of integers or floats, shape (n, ...)
        Samples of one shape, of any number of axes.
    train_labels, test_labels : array, shape (n,)
        Whole numbers are indices if `classes` is given. All others are looked up there by their text.
    classes : sequence of str or None
        None: the labels of the training part that differ, in order of size or alphabet.
    low, high : float or None
        Values that become the intensities 0 and 255; None: see `colanet.datasets.intensity.bounds_of`.
    source, citation, licence : str

    Raises
    ------
    DataError
        If the parts do not fit together, hold values that are no numbers, or labels of no class.
    """
    parts = []
    for samples, labels, what in (
        (train_images, train_labels, "training part"),
        (test_images, test_labels, "test part"),
    ):
        values, marks = _array(samples, f"{what}: samples"), _array(labels, f"{what}: labels")
        if values.ndim < 1 or marks.ndim != 1 or len(values) != len(marks):
            found = f"samples of shape {values.shape}, labels of {marks.shape}"
            raise DataError(f"{what}: {found}, expected (n, ...) and (n,)")
        check_numbers(values, what)
        parts.append((values, marks, what))
    (train, train_marks, _), (test, _, _) = parts
    if not train.size:
        raise DataError(f"training part: holds no numbers, its shape is {train.shape}")
    if train.shape[1:] != test.shape[1:]:
        raise DataError(f"test part: samples of shape {test.shape[1:]}, expected {train.shape[1:]} as for training")
    known = tuple(map(str, classes)) if classes is not None else _classes_of(train_marks)
    rows = [_indices(marks, known, what, given=classes is not None) for _, marks, what in parts]
    bounds = bounds_of(train, low, high)
    return Dataset(
        name, _sealed(train), _sealed(rows[0]), _sealed(test), _sealed(rows[1]), known, source, citation, licence,
        bounds=bounds,
    )  # fmt: skip


def _array(values: Any, what: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except (ValueError, TypeError) as error:
        raise DataError(f"{what}: expected an array, all of one shape") from error


def _sealed(array: np.ndarray) -> np.ndarray:
    """The array, not to be written through this view."""
    view = array.view()
    view.flags.writeable = False
    return view


def _classes_of(labels: np.ndarray) -> tuple[str, ...]:
    return tuple(str(value) for value in np.unique(labels).tolist())


def _indices(labels: np.ndarray, classes: tuple[str, ...], what: str, *, given: bool) -> np.ndarray:
    """Labels as indices into `classes`, in the smallest unsigned type that holds them."""
    dtype = np.min_scalar_type(max(len(classes) - 1, 0))
    if given and labels.dtype.kind in "iu":
        wrong = (labels < 0) | (labels >= len(classes))
        expected, rows = f"0..{len(classes) - 1}", labels
    else:
        values, places = np.unique(labels, return_inverse=True)
        index = {text: number for number, text in enumerate(classes)}
        rows = np.array([index.get(str(value), -1) for value in values.tolist()], dtype=np.int64)[places]
        wrong, expected = rows < 0, f"one of {', '.join(classes[:20])}"
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataError(f"{what}: label {labels[at]} of sample {at}, expected {expected}")
    return rows.astype(dtype, copy=False)
