"""What every reader of this package returns: samples, their labels, and where each of them stands."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from colanet.encoding.context import DataUsed
from colanet.errors import DataError

MOST_NAMED = 8
"""Of columns, arrays or classes in a message."""
LONGEST_NAME = 60
"""Characters of a name in a message."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of one shape.

    Attributes
    ----------
    values : ndarray of integers or floats, shape (n, ...)
    labels : tuple of str, or None
        Of every sample, empty where it has none; None: the file has no labels.
    places : tuple of str
        File and row of every sample, for messages.
    names : tuple of str
        What answers call every sample.
    """

    values: np.ndarray
    labels: tuple[str, ...] | None
    places: tuple[str, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, rows: np.ndarray) -> Samples:
        """Only some samples, in this order."""
        labels, places, names = (
            None if texts is None else tuple(texts[i] for i in rows.tolist())
            for texts in (self.labels, self.places, self.names)
        )
        assert places is not None
        assert names is not None
        return Samples(self.values[rows], labels, places, names)


@dataclass(frozen=True, eq=False)
class Given:
    """What a file or folder holds.

    Attributes
    ----------
    train : Samples
    test : Samples or None
        A test part of its own, if it has one.
    features : tuple of str, or None
        Names of the columns of a table.
    label : str or None
        Name of the column of labels.
    used : DataUsed
    kept : dict of str to tuple of str
        Cells of the columns that were to be kept, by the names of these.
    """

    train: Samples
    test: Samples | None
    features: tuple[str, ...] | None
    label: str | None
    used: DataUsed
    kept: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What is asked of a file or folder.

    Attributes
    ----------
    label : str or None
        The column or array of labels; None: the one with a usual name.
    drop : tuple of str
        Columns that are no features.
    features : tuple of str, or None
        Only these columns, in this order; None: all but `label` and `drop`.
    shape : tuple of int, or None
        Of a sample; None: that of the first one.
    labelled : bool
        Whether every sample must have a label.
    keep : tuple of str
        Columns whose cells are handed on as they stand.
    """

    label: str | None = None
    drop: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    shape: tuple[int, ...] | None = None
    labelled: bool = True
    keep: tuple[str, ...] = ()


def shown(name: str) -> str:
    """A name of a file's in a message, however long it is."""
    return name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "..."


def listed(names: tuple[str, ...] | list[str]) -> str:
    """Names in a message, the first few of many."""
    more = len(names) - MOST_NAMED
    return ", ".join(map(shown, names[:MOST_NAMED])) + (f" and {more} more" if more > 0 else "")


def text_of(label: object) -> str:
    """A label as a text; a float that is a whole number as that number, one that is no number as none."""
    if isinstance(label, float):
        if math.isnan(label):
            return ""
        if label.is_integer():
            return str(int(label))
    return str(label).strip()


def whole_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels, whole numbers without the `.0` that programs write once a label is missing."""
    texts = tuple(labels)
    if all(re.fullmatch(r"[+-]?\d+(\.0+)?", text) for text in texts if text):
        return tuple(text.partition(".")[0] for text in texts)
    return texts


def check_numbers(samples: Samples) -> None:
    """DataError that names the first sample with a value that is no finite number, and the value."""
    values = samples.values
    if values.dtype.kind != "f":
        return
    flat = values.reshape(len(values), -1)
    wrong = ~np.isfinite(flat)
    if wrong.any():
        row = int(np.argmax(wrong.any(axis=1)))
        value = int(np.argmax(wrong[row]))
        raise DataError(f"{samples.places[row]}: value {value}: {flat[row, value]}, expected a finite number")


def check_labels(samples: Samples) -> None:
    """DataError that names the first sample without a label."""
    labels = samples.labels
    assert labels is not None
    for place, label in zip(samples.places, labels, strict=True):
        if not label:
            raise DataError(f"{place}: no label")


def classes_of(train: Samples, source: str, column: str | None = None) -> tuple[str, ...]:
    """The labels that differ, in order of size if all are whole numbers, else of the alphabet.

    `column` is what they are called, for the message.

    Raises
    ------
    DataError
        If there is only one, or so many that they are hardly classes.
    """
    counts = Counter(train.labels)
    if len(counts) < 2:
        raise DataError(f"{source}: only one class, {next(iter(counts), 'none')}, expected at least two")
    if 2 * len(counts) > max(len(train), 4):
        found = f"{len(counts)} labels that differ in {len(train)} samples ({listed(sorted(counts))})"
        hint = f"; does {column} number the samples?" if column else ""
        raise DataError(f"{source}: {found}, expected classes{hint}")
    try:
        return tuple(sorted(counts, key=int))
    except ValueError:
        return tuple(sorted(counts))


def indices(samples: Samples, classes: tuple[str, ...]) -> np.ndarray:
    """Labels as places in `classes`, int64. DataError that names the first sample of another class."""
    number = {name: i for i, name in enumerate(classes)}
    assert samples.labels is not None
    for place, label in zip(samples.places, samples.labels, strict=True):
        if label not in number:
            raise DataError(f"{place}: label {shown(label)}, expected one of those for training: {listed(classes)}")
    return np.array([number[label] for label in samples.labels], dtype=np.int64)
