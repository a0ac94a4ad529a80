"""One task of a continual-learning experiment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from colanet.datasets.rotation import Rotation

Rows = slice | list[int] | np.ndarray
"""Of images."""


@dataclass(frozen=True, eq=False)
class Task:
    """Images to learn and images to be tested on.

    A task holds the images before its rotation and its permutation, which all that are made of the same images
    share. So ten permuted tasks take the memory of one.

    Attributes
    ----------
    name : str
    train_originals, test_originals : ndarray of uint8, shape (n, pixels)
        Before the rotation and the permutation.
    train_labels, test_labels : ndarray of int64, shape (n,)
    classes : tuple of str
        What the labels stand for in this task.
    permutation : ndarray of int64, shape (pixels,), or None
        Pixel i shows pixel permutation[i] of the original, of the turned one if it is turned.
    rotation : Rotation or None
    shape : (height, width)
        Of the original images.
    data : (str, str) or None
        Name and digest of the data set that the images are of.
    """

    name: str
    train_originals: np.ndarray
    train_labels: np.ndarray
    test_originals: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    permutation: np.ndarray | None = None
    rotation: Rotation | None = field(default=None, kw_only=True)
    shape: tuple[int, int] = (28, 28)
    data: tuple[str, str] | None = field(default=None, kw_only=True)

    @property
    def train_images(self) -> np.ndarray:
        """Images to learn, turned and permuted at each call, read-only uint8 of shape (n, pixels)."""
        return self._shown(self.train_originals)

    @property
    def test_images(self) -> np.ndarray:
        """Images to be tested on, as `train_images`."""
        return self._shown(self.test_originals)

    def _shown(self, images: np.ndarray) -> np.ndarray:
        if self.rotation is not None:
            images = self.rotation(images)
        # `take` keeps an image's pixels side by side; an index would put a pixel of all images side by side, at
        # several times the cost.
        shown = images.view() if self.permutation is None else np.take(images, self.permutation, axis=1)
        shown.flags.writeable = False
        return shown


def data_of(tasks: Iterable[Task]) -> dict[str, str]:
    """Digests of the data sets of tasks, by name."""
    return dict(task.data for task in tasks if task.data is not None)


def first_images(task: Task, train: int | None = None, test: int | None = None) -> Task:
    """Only the first images of each part; None: all."""
    return selected(task, slice(train), slice(test))


def selected(task: Task, train: Rows, test: Rows) -> Task:
    """Only some images of each part."""
    return replace(
        task,
        train_originals=task.train_originals[train],
        train_labels=task.train_labels[train],
        test_originals=task.test_originals[test],
        test_labels=task.test_labels[test],
    )
