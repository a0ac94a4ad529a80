"""The ten letters of the archive of 10,000: its seeded division into a training and a test part."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from colanet import archives, hashing
from colanet.errors import DataError
from colanet.hashing import Stream

LETTERS = tuple("ABCDEFGHIJ")
"""The ten letters that follow the ten digits in the E/MNIST experiments."""
ARCHIVE = "emnist_letters.npz"
TRAIN, TEST = 640, 160
"""Images of each letter in the two parts of the archive's division."""
SPLIT_SEED = 0

Part = tuple[np.ndarray, np.ndarray]


def read_archive(path: Path) -> tuple[Part, Part]:
    """Training and test part of 10,000 letters of the official test split, divided anew.

    The first 640 of each of the letters A..J after a shuffle of fixed seed are for training, the next 160 for test.

    Raises
    ------
    DataError
        If the file is damaged, of another form, or has too few of a letter.
    """
    images, labels = _arrays(path)
    train, test = [], []
    for letter, sign in enumerate(LETTERS):
        members = _shuffled(np.flatnonzero(labels == letter), letter)
        if len(members) < TRAIN + TEST:
            raise DataError(f"{path}: {len(members)} images of {sign}, expected at least {TRAIN + TEST}")
        train.append(members[:TRAIN])
        test.append(members[TRAIN : TRAIN + TEST])
    # Shuffled, because a stream sorted by class is another task.
    first, second = (_shuffled(np.concatenate(part), len(LETTERS) + k) for k, part in enumerate((train, test)))
    return (images[first], labels[first]), (images[second], labels[second])


def _shuffled(values: np.ndarray, number: int) -> np.ndarray:
    """Values in the random order of that number."""
    shuffled: np.ndarray = values[hashing.shuffled(SPLIT_SEED, hashing.stream(Stream.SPLIT, number), len(values))]
    return shuffled


def _arrays(path: Path) -> Part:
    images, labels = archives.read_archive(path, ("images", "labels"))
    if images.ndim != 3 or images.dtype != np.uint8 or labels.shape != images.shape[:1] or labels.dtype != np.uint8:
        raise DataError(
            f"{path}: images {images.dtype} {images.shape}, labels {labels.dtype} {labels.shape}, "
            "expected uint8 (n, height, width) and uint8 (n,)"
        )
    return images, labels
