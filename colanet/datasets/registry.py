"""Where data sets are looked for by name, and how their files are read.

In this order: the folder given by the user (`--data`, or the environment variable COLANET_DATA) and the folder of
the data set's name in it, the files that ship with the package (MNIST), the user's cache, a download into it.
"""

from __future__ import annotations

import os
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np

from colanet.datasets import letters, mistaken, names
from colanet.datasets.catalogue import NAMES, REGISTRY, Dataset, Entry
from colanet.datasets.download import cache_dir, download
from colanet.datasets.idx import IMAGES, LABELS, read_idx
from colanet.errors import DataError, DataWarning

PACKAGED = Path(__file__).parent / "files"


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
        If there is no such data set or folder, the folder holds none, it cannot be found or fetched, or its files
        are damaged.
    """
    if name not in REGISTRY:
        raise DataError(f"there is no data set called {name}; known are {', '.join(NAMES)}")
    asked = os.environ.get("COLANET_DATA") or None
    folder, named = (data_dir, str(data_dir)) if data_dir else (asked, f"COLANET_DATA={asked}")
    return _load(name, os.path.abspath(folder) if folder else None, named)


@lru_cache(maxsize=8)
def _load(name: str, folder: str | None, named: str) -> Dataset:
    entry = REGISTRY[name]
    if folder is not None:
        if not os.path.isdir(folder):
            raise DataError(f"{named}: no such folder of data")
        for place in _places(name, Path(folder)):
            found = _in_folder(name, entry, place)
            if found:
                return found
        _refuse_folder(name, Path(folder), named)
    cache = cache_dir() / name
    return (
        _in_folder(name, entry, PACKAGED / name)
        # A download that was broken off leaves some files in the cache; it goes on where it was.
        or _in_folder(name, entry, cache, partial=True)
        or _read(name, entry, download(name, entry, cache))
    )


def _in_folder(name: str, entry: Entry, place: Path, *, partial: bool = False) -> Dataset | None:
    """The data set in a folder; None if the folder has none of its files, or, with `partial`, not all."""
    if name == "emnist-letters" and (place / letters.ARCHIVE).is_file():
        return _archived(place / letters.ARCHIVE, entry)
    found = [names.find(place, file) for file in entry.files]
    paths = [path for path in found if path is not None]
    if len(paths) == len(found):
        return _read(name, entry, paths)
    if paths and not partial:
        raise DataError(f"{place}: has {paths[0].name} of {name} but not {entry.files[found.index(None)]}")
    return None


def _places(name: str, folder: Path) -> tuple[Path, ...]:
    return folder / name, folder, folder / (REGISTRY[name].archive or name)


def _refuse_folder(name: str, folder: Path, named: str) -> None:
    """DataError if a folder holds no data set; a warning if it holds another one, as runs of several sets need."""
    looked = f"looked for {REGISTRY[name].files[0]} and its like, in it and in {folder / name}"
    others = (other for other in NAMES if other != name)
    if not any(_begins(other, place) for other in others for place in _places(other, folder)):
        raise DataError(f"{named}: holds no {name}; {looked}")
    warnings.warn(
        f"{named}: holds another data set, but no {name}, which is taken from elsewhere; {looked}",
        DataWarning,
        stacklevel=4,
    )


def _begins(name: str, place: Path) -> bool:
    """Whether a folder holds the first file of a data set, or its archive."""
    archive = name == "emnist-letters" and (place / letters.ARCHIVE).is_file()
    return archive or names.find(place, REGISTRY[name].files[0]) is not None


def _read(name: str, entry: Entry, paths: list[Path]) -> Dataset:
    train, test = _part(name, entry, paths[0], paths[1]), _part(name, entry, paths[2], paths[3])
    if train[0].shape[1:] != test[0].shape[1:]:
        raise DataError(f"{paths[2]}: images of {test[0].shape[1:]}, expected {train[0].shape[1:]} as for training")
    for path, array in zip(paths, (*train, *test), strict=True):
        other = mistaken.recognise(array)
        if other not in (None, name):
            raise DataError(f"{path}: holds {other}, not {name}; put each into a folder of its name")
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


def _archived(path: Path, entry: Entry) -> Dataset:
    train, test = letters.read_archive(path)
    return _dataset("emnist-letters", entry, train, test, str(path))


def _dataset(name: str, entry: Entry, train: letters.Part, test: letters.Part, source: str) -> Dataset:
    for array in (*train, *test):
        array.flags.writeable = False
    return Dataset(name, *train, *test, entry.classes, source, entry.citation, entry.licence)
