"""Where data sets are looked for by name, and how their files are read.

In this order: the folder given by the user (`--data`, or the environment variable COLANET_DATA) and the folder of
the data set's name in it, the files that ship with the package (MNIST), the user's cache, a download into it.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from colanet.datasets import letters
from colanet.datasets.catalogue import NAMES, REGISTRY, Dataset, Entry
from colanet.datasets.download import cache_dir, download
from colanet.datasets.idx import IMAGES, LABELS, read_idx
from colanet.errors import DataError
from colanet.reading import read_bytes

PACKAGED = Path(__file__).parent / "files"
MNIST_TEST_LABELS = "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
"""SHA-256 of the unpacked file of MNIST's test labels."""


def load(name: str, data_dir: str | os.PathLike | None = None) -> Dataset:
    """A data set by name.

    Parameters
    ----------
    name : {'mnist', 'fashion-mnist', 'emnist-letters'}
    data_dir : path or None
        Looked at first; None: the environment variable COLANET_DATA.

    Raises
    ------
    DataError
        If there is no such data set or folder, it cannot be found or fetched, or its files are damaged.
    """
    if name not in REGISTRY:
        raise DataError(f"there is no data set called {name}; known are {', '.join(NAMES)}")
    folder = data_dir or os.environ.get("COLANET_DATA") or None
    return _load(name, os.path.abspath(folder) if folder else None)


@lru_cache(maxsize=8)
def _load(name: str, folder: str | None) -> Dataset:
    entry = REGISTRY[name]
    if folder is not None and not os.path.isdir(folder):
        raise DataError(f"{folder}: no such folder of data (--data or COLANET_DATA)")
    mine = [] if folder is None else [Path(folder, name), Path(folder), Path(folder, entry.archive or name)]
    cache = cache_dir() / name
    for place in [*mine, PACKAGED / name, cache]:
        if name == "emnist-letters" and (place / letters.ARCHIVE).is_file():
            return _archived(place / letters.ARCHIVE, entry)
        found = [_stored(place, file) for file in entry.files]
        paths = [path for path in found if path is not None]
        if len(paths) == len(found):
            return _read(name, entry, paths)
        # A download that was broken off leaves some files in the cache; it goes on where it was.
        if paths and place != cache:
            raise DataError(f"{place}: has {paths[0].name} of {name} but not {entry.files[found.index(None)]}")
    return _read(name, entry, download(name, entry, cache))


def _stored(place: Path, file: str) -> Path | None:
    candidates = (place / f"{file}.gz", place / file)
    return next((path for path in candidates if path.is_file()), None)


def _read(name: str, entry: Entry, paths: list[Path]) -> Dataset:
    train, test = _part(name, entry, paths[0], paths[1]), _part(name, entry, paths[2], paths[3])
    if train[0].shape[1:] != test[0].shape[1:]:
        raise DataError(f"{paths[2]}: images of {test[0].shape[1:]}, expected {train[0].shape[1:]} as for training")
    other = _mistaken(name, paths[3])
    if other:
        raise DataError(f"{paths[3]}: holds {other}, not {name}; put each into a folder of its name")
    return _dataset(name, entry, train, test, str(paths[0].parent))


def _part(name: str, entry: Entry, images_path: Path, labels_path: Path) -> letters.Part:
    """Images and labels of one part."""
    images, labels = read_idx(images_path, IMAGES), read_idx(labels_path, LABELS)
    if len(images) != len(labels):
        raise DataError(f"{labels_path}: {len(labels)} labels for {len(images)} images of {images_path.name}")
    if not images.size:
        raise DataError(f"{images_path}: holds no pixels, its shape is {images.shape}")
    if name == "emnist-letters":
        return letters.official(images, labels, str(labels_path))
    if labels.max() >= len(entry.classes):
        at = int(np.argmax(labels >= len(entry.classes)))
        raise DataError(f"{labels_path}: label {labels[at]} of image {at}, expected 0..{len(entry.classes) - 1}")
    return images, labels


def _mistaken(name: str, test_labels: Path) -> str | None:
    """MNIST and Fashion-MNIST have the same file names, so a folder with the one looks like the other."""
    if name == "fashion-mnist" and hashlib.sha256(read_bytes(test_labels)).hexdigest() == MNIST_TEST_LABELS:
        return "mnist"
    packed = "sha256:" + hashlib.sha256(test_labels.read_bytes()).hexdigest()
    return "fashion-mnist" if name == "mnist" and packed == REGISTRY["fashion-mnist"].hashes[3] else None


def _archived(path: Path, entry: Entry) -> Dataset:
    train, test = letters.read_archive(path)
    return _dataset("emnist-letters", entry, train, test, str(path))


def _dataset(name: str, entry: Entry, train: letters.Part, test: letters.Part, source: str) -> Dataset:
    for array in (*train, *test):
        array.flags.writeable = False
    return Dataset(name, *train, *test, entry.classes, source, entry.citation, entry.licence)
