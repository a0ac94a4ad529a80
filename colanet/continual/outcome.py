"""What a run brings."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from colanet.continual.cost import Cost

BLOCK = 500
"""Training images over which the accuracy while learning is averaged."""


FIELDS_KEPT = 50
"""Receptive fields are kept after each of so many lessons; of a longer run after the first and the last one."""


def lessons_kept(lessons: int) -> np.ndarray:
    """Lessons, from 0, after which receptive fields are kept: int64, rising."""
    return np.array([0, lessons - 1]) if lessons > FIELDS_KEPT else np.arange(lessons)


@dataclass(frozen=True, eq=False)
class Confusions:
    """Confusion counts of the tests that were made; ``confusions[k, j]`` is the test on task j after task k.

    Attributes
    ----------
    places : ndarray of int64, shape (tests, 2)
        After which task, on which task, from 0.
    counts : ndarray of int64, shape (tests, classes, classes)
        Row true class, column answer. Left out are images without an answer, and answers that are no class.
    tasks : int
    """

    places: np.ndarray
    counts: np.ndarray
    tasks: int

    @cached_property
    def _rows(self) -> dict[tuple[int, int], int]:
        return {(int(k), int(j)): row for row, (k, j) in enumerate(self.places)}

    def __getitem__(self, place: tuple[int, int]) -> np.ndarray:
        """Counts of a test, int64 of shape (classes, classes); zeros where none was made."""
        k, j = (range(self.tasks)[i] for i in place)
        row = self._rows.get((k, j))
        return np.zeros(self.counts.shape[1:], dtype=np.int64) if row is None else self.counts[row]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the array of all of them."""
        return self.tasks, self.tasks, *self.counts.shape[1:]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All of them, zeros where no test was made: int64 of shape (T, T, classes, classes)."""
        found = np.zeros(self.shape, dtype=dtype or np.int64)
        found[tuple(self.places.T)] = self.counts
        return found


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run brings.

    Attributes
    ----------
    matrix : ndarray of float, shape (T, T)
        Accuracy from 0 to 1 on task j after learning task k; NaN where not tested. Joint training fills only the
        last row.
    unanswered : ndarray of float, shape (T, T)
        Share of test images without any vote; NaN where not tested or not known.
    confusion : Confusions
        After task k, on task j.
    untrained : ndarray of float, shape (T,)
        Accuracy before any learning; NaN if not tested.
    running : ndarray of float, shape (blocks,)
        Accuracy of the answers to the training images, given before they are taught, over blocks of `BLOCK`.
    boundaries : ndarray of int64, shape (T,)
        Training images shown until the end of each task.
    fields : ndarray of float32, shape (kept, pixels, neurons)
        Weights of copy 0 after the lessons of `lessons_kept`: after each task, of joint training once. Empty for
        comparison methods.
    columns : int
        Columns of the learning population.
    train_seconds, test_seconds : float
        Wall times.
    digest : str
        Of the final state.
    seed : int
    test_images : ndarray of int64, shape (T,), or (0,) where it is not known
        Test images of each task.
    cost : Cost or None
        Memory and operations; None where they were not counted.
    data : dict of str to str
        Digests of the data sets, by name; empty where they are not known.
    """

    matrix: np.ndarray
    unanswered: np.ndarray
    confusion: Confusions
    untrained: np.ndarray
    running: np.ndarray
    boundaries: np.ndarray
    fields: np.ndarray
    columns: int
    train_seconds: float
    test_seconds: float
    digest: str
    seed: int
    test_images: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    cost: Cost | None = None
    data: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Wall time of learning and testing."""
        return self.train_seconds + self.test_seconds
