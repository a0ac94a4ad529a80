"""From a trained CoLaNET to an associative memory: receptive fields are prototypes, prototypes are memories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from colanet.associative import checks
from colanet.associative.checks import Array
from colanet.associative.cleaners import CLEANERS, Cleaner, ModelA, ModelB, ModelC
from colanet.associative.errors import ParameterError, ShapeError
from colanet.associative.pictures import Memories, correlation, corrupt, from_weights, prototypes

__all__ = [
    "CLEANERS",
    "Cleaner",
    "Memories",
    "ModelA",
    "ModelB",
    "ModelC",
    "Row",
    "compare",
    "correlation",
    "corrupt",
    "from_weights",
    "prototypes",
    "recall",
]

RECALLED = 0.95


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    recall : float
        Part of the spoiled memories that came back with a correlation above 0.95; nan if not measured.
    accuracy : float
        Part of the spoiled test pictures that got the right label.
    """

    corruption: str
    level: float
    n_memories: int
    model: str
    recall: float
    accuracy: float


def compare(
    stores: Sequence[Memories],
    images: ArrayLike,
    labels: ArrayLike,
    conditions: Iterable[tuple[str, float]],
    models: Sequence[str] = tuple(CLEANERS),
    classifiers: dict[str, Callable[[Array], np.ndarray]] | None = None,
    seed: int = 0,
) -> list[Row]:
    """Recall of spoiled memories and accuracy on spoiled test pictures.

    Parameters
    ----------
    stores : sequence of Memories
        One for each number of memories.
    images : array of shape (n_images, n_pixels)
        Test pictures from 0 to 1.
    labels : int array of shape (n_images,)
    conditions : pairs of corruption ('noise', 'cover') and level
    models : names out of `CLEANERS`
    classifiers : dict, optional
        Others that see the same spoiled pictures, for example CoLaNET itself: a function from pictures of shape
        (n_images, n_pixels) to labels of shape (n_images,).
    """
    pixels, truth = checks.memories(images, "images"), np.asarray(labels)
    if truth.shape != (len(pixels),):
        raise ShapeError(f"{len(pixels)} images need as many labels, got {truth.shape}")
    cleaners = [(store, name, _cleaner(name)(store)) for store in stores for name in models]
    rows = []
    for number, (kind, level) in enumerate(conditions):
        spoiled = corrupt(pixels, kind, level, seed + number)
        for name, classify in (classifiers or {}).items():
            answers = np.asarray(classify(spoiled))
            if answers.shape != truth.shape:
                raise ShapeError(f"{name}: {truth.shape} answers expected, got {answers.shape}")
            rows.append(Row(kind, level, 0, name, float("nan"), float((answers == truth).mean())))
        for store, name, cleaner in cleaners:
            _, likeness = cleaner.clean(spoiled)
            accuracy = (cleaner.classify(likeness) == truth).mean()
            rows.append(
                Row(kind, level, len(store.labels), name, recall(cleaner, kind, level, seed), float(accuracy))
            )
    return rows


def recall(cleaner: Cleaner, kind: str, level: float, seed: int = 0) -> float:
    """Part of the stored pictures that come back, with a correlation above 0.95, after they were spoiled."""
    cleaned, _ = cleaner.clean(corrupt(cleaner.targets, kind, level, seed))
    return float((np.diag(correlation(cleaned, cleaner.targets)) > RECALLED).mean())


def _cleaner(name: str) -> Callable[[Memories], Cleaner]:
    if name not in CLEANERS:
        raise ParameterError(f"model: expected one of {', '.join(CLEANERS)}, got {name!r}")
    return CLEANERS[name]
