"""The nearest of all images that were ever shown: a bound for methods that store images."""

from __future__ import annotations

from typing import Any

import numpy as np

from colanet.continual.baselines.moments import Tell
from colanet.continual.cost import Cost, stored
from colanet.extras import need


class NearestNeighbour:
    """1-nearest-neighbour by Euclidean distance of pixels, by scikit-learn. It stores every image.

    Cover and Hart, IEEE Trans. Information Theory 13, 1967.

    Parameters
    ----------
    pixels : int

    Raises
    ------
    BackendUnavailable
        If scikit-learn is missing.
    """

    def __init__(self, pixels: int) -> None:
        self.library = need("sklearn.neighbors", "rivals")
        self.pixels = pixels
        self.images: list[np.ndarray] = []
        self.labels: list[np.ndarray] = []
        self.index: Any = None
        self.tested = 0
        self.compared = 0

    def lesson(self, images: np.ndarray, labels: np.ndarray, tell: Tell) -> None:
        """Store a task."""
        self.images.append(images)
        self.labels.append(labels)
        self.index = None
        tell(len(labels))

    def finish(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Nothing: everything is stored already."""

    def answers(self, images: np.ndarray) -> np.ndarray:
        """The class of the nearest stored image, int64 of shape (n,); class 0 before anything is stored."""
        if not self.images:
            return np.zeros(len(images), dtype=np.int64)
        if self.index is None:
            known = np.concatenate(self.images).astype(np.float32)
            self.index = self.library.KNeighborsClassifier(1, algorithm="brute")
            self.index.fit(known, np.concatenate(self.labels))
        self.tested += len(images)
        self.compared += len(images) * self.stored
        found: np.ndarray = self.index.predict(images.astype(np.float32))
        return found.astype(np.int64)

    @property
    def stored(self) -> int:
        """Images kept."""
        return sum(map(len, self.labels))

    def cost(self) -> Cost:
        """Every image, and in the test a distance to each; the mean over all tests of the run."""
        return Cost(
            answering=0,
            learning=0,
            images=self.stored,
            image_bytes=stored(self.stored, self.pixels),
            learn_operations=0.0,
            test_operations=self.pixels * self.compared / max(self.tested, 1),
        )
