"""One task of a continual-learning experiment."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Task:
    """Images to learn and images to be tested on.

    A task holds the images before its permutation, which all permutations of a data set share. So ten permuted
    tasks take the memory of one.

    Attributes
    ----------
    name : str
    train_originals, test_originals : ndarray of uint8, shape (n, pixels)
        Before the permutation.
    train_labels, test_labels : ndarray of int64, shape (n,)
    classes : tuple of str
        What the labels stand for in this task.
    permutation : ndarray of int64, shape (pixels,), or None
        Pixel i shows pixel permutation[i] of the original.
    shape : (height, width)
        Of the original images.
    """

    name: str
    train_originals: np.ndarray
    train_labels: np.ndarray
    test_originals: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    permutation: np.ndarray | None = None
    shape: tuple[int, int] = (28, 28)

    @property
    def train_images(self) -> np.ndarray:
        """Permuted images to learn, read-only uint8 of shape (n, pixels); a permutation makes them at each call."""
        return self._permuted(self.train_originals)

    @property
    def test_images(self) -> np.ndarray:
        """Permuted images to be tested on, as `train_images`."""
        return self._permuted(self.test_originals)

    def _permuted(self, images: np.ndarray) -> np.ndarray:
        # `take` keeps an image's pixels side by side; an index would put a pixel of all images side by side, at
        # several times the cost.
        shown = images.view() if self.permutation is None else np.take(images, self.permutation, axis=1)
        shown.flags.writeable = False
        return shown


def first_images(task: Task, train: int | None = None, test: int | None = None) -> Task:
    """Only the first images of each part; None: all."""
    return selected(task, slice(train), slice(test))


def selected(task: Task, train: slice | list[int], test: slice | list[int]) -> Task:
    """Only some images of each part."""
    return replace(
        task,
        train_originals=task.train_originals[train],
        train_labels=task.train_labels[train],
        test_originals=task.test_originals[test],
        test_labels=task.test_labels[test],
    )
