"""Warnings: samples that can be learnt or answered, but probably not as meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from colanet.estimator.inputs import InputCoding
from colanet.own.samples import Samples, listed

FEW = 30
"""Training samples of a class below which a user is warned."""


def of_labels(samples: Samples) -> Iterator[str]:
    """Classes that are written almost like a larger one, and classes of one sample."""
    counts = Counter(samples.labels or ())
    place = dict(zip(reversed(samples.labels or ()), reversed(samples.places), strict=True))
    usual: dict[str, str] = {}
    single = []
    for name, n in sorted(counts.items(), key=lambda pair: -pair[1]):
        other = usual.setdefault("".join(name.split()).casefold(), name)
        if other != name:
            like = f"differs only in case or blanks from {other!r}"
            yield f"{place[name]}: class {name!r} ({n} of {len(samples)} samples) {like}"
        elif n == 1:
            single.append(name)
    if single:
        yield f"{place[single[0]]}: class with one sample only: {listed(single)}; a typing error?"


def of_numbers(taught: np.ndarray, classes: tuple[str, ...], source: str) -> Iterator[str]:
    """Classes with few training samples, whose labels are given as places in `classes`."""
    counts = np.bincount(taught, minlength=len(classes)).tolist()
    few = [f"{name} ({n})" for name, n in zip(classes, counts, strict=True) if n < FEW]
    if few:
        expected = f"expected {FEW} or more a class; results will probably be poor"
        yield f"{source}: few training samples of {listed(few)}, {expected}"


def of_score(accuracy: float, tested: np.ndarray, classes: tuple[str, ...], source: str) -> Iterator[str]:
    """An accuracy that is no better than one answer to all test samples, whose labels are given as places."""
    counts = np.bincount(tested, minlength=len(classes))
    most = int(counts.argmax())
    share = counts[most] / counts.sum()
    if accuracy <= share:
        always = f"that of always answering {classes[most]} ({100 * share:.2f} %)"
        yield f"{source}: the accuracy ({100 * accuracy:.2f} %) is not above {always}"


def of_values(samples: Samples, coding: InputCoding, features: tuple[str, ...] | None) -> Iterator[str]:
    """Numbers outside of those that were learnt: the network sees the nearest one that it knows."""
    values = samples.values.reshape(len(samples), -1)
    low, high = coding.limits[0], coding.limits[-1]  # of each number, or of all alike
    outside = (values < low) | (values > high)
    rows = np.flatnonzero(outside.any(axis=1))
    if not len(rows):
        return
    column = int(outside[rows[0]].argmax())
    name = f"column {features[column]}" if features else f"value {column}"
    low, high = (float(np.broadcast_to(limit, values.shape[1:])[column]) for limit in (low, high))
    first = f"{samples.places[rows[0]]}: {name}: {values[rows[0], column]:.10g}, learnt {low:.10g} to {high:.10g}"
    yield f"{first}; {len(rows)} of {len(samples)} samples have values outside of what was learnt"


def of_strangers(samples: Samples, classes: tuple[str, ...]) -> Iterator[str]:
    """Labels of samples to be answered that are no class of the network: they can only count as wrong."""
    labels = samples.labels or ()
    rows = [i for i, label in enumerate(labels) if label and label not in classes]
    if rows:
        learnt = f"{len(rows)} of {len(samples)} labels are none of those learnt: {listed(classes)}"
        yield f"{samples.places[rows[0]]}: label {labels[rows[0]]}; {learnt}"
