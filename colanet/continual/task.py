"""One task of a continual-learning experiment."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Task:
    """Images to learn and images to be tested on.

    Attributes
    ----------
    name : str
    train_images, test_images : ndarray of uint8, shape (n, pixels)
        Already permuted.
    train_labels, test_labels : ndarray of int64, shape (n,)
    classes : tuple of str
        What the labels stand for in this task.
    permutation : ndarray of int64, shape (pixels,), or None
        Pixel i shows pixel permutation[i] of the original.
    shape : (height, width)
        Of the original images.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    permutation: np.ndarray | None = None
    shape: tuple[int, int] = (28, 28)


def first_images(task: Task, train: int | None = None, test: int | None = None) -> Task:
    """Only the first images of each part; None: all."""
    return replace(
        task,
        train_images=task.train_images[:train],
        train_labels=task.train_labels[:train],
        test_images=task.test_images[:test],
        test_labels=task.test_labels[:test],
    )
