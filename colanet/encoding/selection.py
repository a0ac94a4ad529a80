"""Which objects of the data are shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Selection:
    """The first objects of each part.

    Attributes
    ----------
    train, test : int
        Objects shown of each part.
    first_test : int
        Where in the data the test part begins.
    """

    train: int
    test: int
    first_test: int

    @property
    def count(self) -> int:
        """Objects shown."""
        return self.train + self.test

    def of(self, array: np.ndarray) -> np.ndarray:
        """The rows shown; not copied where they follow each other."""
        if self.train == self.first_test or not self.test:
            return array[: self.count]
        last = self.first_test + self.test
        return np.concatenate([array[: self.train], array[self.first_test : last]])

    def rows(self, shown: np.ndarray) -> np.ndarray:
        """Rows of the data of the objects of these numbers."""
        return np.where(shown < self.train, shown, shown + (self.first_test - self.train))
