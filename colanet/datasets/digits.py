"""The 8 x 8 digits that come with scikit-learn: the test part of the UCI optical digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from colanet import hashing
from colanet.datasets.dataset import Dataset, from_arrays
from colanet.extras import need
from colanet.hashing import Stream

TRAIN = 1347
"""Training images, three quarters of all 1797."""
BRIGHTEST = 16
SPLIT_SEED = 0


class Digits:
    """A reader of scikit-learn's own file, whose images are divided by a fixed shuffle."""

    classes = tuple("0123456789")

    def __call__(self, folder: Path | None) -> Dataset:
        """The digits; the folder is not looked at. BackendUnavailable without scikit-learn."""
        found = need("sklearn.datasets", "sklearn").load_digits()
        images, labels = found.images.astype(np.uint8), found.target.astype(np.uint8)
        order = hashing.shuffled(SPLIT_SEED, hashing.stream(Stream.SPLIT, 0), len(labels))
        train, test = order[:TRAIN], order[TRAIN:]
        return from_arrays(
            "digits", images[train], labels[train], images[test], labels[test], classes=self.classes, low=0,
            high=BRIGHTEST, source="scikit-learn", licence="CC BY 4.0",
            citation="E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998",
        )  # fmt: skip


DIGITS = Digits()
