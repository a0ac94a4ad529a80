"""What a run brings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colanet.continual.cost import Cost

BLOCK = 500
"""Training images over which the accuracy while learning is averaged."""


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
    confusion : ndarray of int64, shape (T, T, classes, classes)
        After task k, on task j: row true class, column answer; images without an answer are left out.
    untrained : ndarray of float, shape (T,)
        Accuracy before any learning; NaN if not tested.
    running : ndarray of float, shape (blocks,)
        Accuracy of the answers to the training images, given before they are taught, over blocks of `BLOCK`.
    boundaries : ndarray of int64, shape (T,)
        Training images shown until the end of each task.
    fields : ndarray of float32, shape (T, pixels, neurons)
        Weights of copy 0 after each task; of joint training once. Empty for comparison methods.
    columns : int
        Columns of the learning population.
    train_seconds, test_seconds : float
        Wall times.
    digest : str
        Of the final state.
    seed : int
    cost : Cost or None
        Memory and operations; None where they were not counted.
    """

    matrix: np.ndarray
    unanswered: np.ndarray
    confusion: np.ndarray
    untrained: np.ndarray
    running: np.ndarray
    boundaries: np.ndarray
    fields: np.ndarray
    columns: int
    train_seconds: float
    test_seconds: float
    digest: str
    seed: int
    cost: Cost | None = None

    @property
    def seconds(self) -> float:
        """Wall time of learning and testing."""
        return self.train_seconds + self.test_seconds
