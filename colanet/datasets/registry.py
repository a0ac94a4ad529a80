"""Which data sets there are by name, and where they are looked for.

In this order: the folder given by the user (`--data`, or the environment variable COLANET_DATA), the files that
ship with the package (MNIST), the user's cache, a download into that cache.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pooch

from colanet.datasets.idx import IMAGES, LABELS, read_idx
from colanet.errors import DataError

PACKAGED = Path(__file__).parent / "files"
DIGITS = tuple("0123456789")
LETTERS = tuple("ABCDEFGHIJ")
EMNIST_ARCHIVE = "emnist_letters.npz"
SPLIT_SEED = 0
"""Of the division of the 10,000 letters of `emnist_letters.npz` into training and test images."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with labels, in two parts.

    Attributes
    ----------
    train_images, test_images : ndarray of uint8, shape (n, height, width)
    train_labels, test_labels : ndarray of uint8, shape (n,)
        Indices into `classes`.
    source : str
        Where it was found.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    source: str
    citation: str


@dataclass(frozen=True)
class Entry:
    """How a data set is stored: four IDX files (training images and labels, test images and labels)."""

    classes: tuple[str, ...]
    files: tuple[str, str, str, str]
    citation: str
    urls: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()


_IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)

REGISTRY = {
    "mnist": Entry(
        DIGITS,
        _IDX,
        "LeCun, Bottou, Bengio, Haffner, Proceedings of the IEEE 86(11), 1998; CC BY-SA 3.0",
    ),
    "fashion-mnist": Entry(
        (
            "T-shirt",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        _IDX,
        "Xiao, Rasul, Vollgraf, arXiv 1708.07747; MIT",
        tuple(
            f"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/{file}.gz" for file in _IDX
        ),
        (
            "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
    "emnist-letters": Entry(
        LETTERS,
        (
            "emnist-letters-train-images-idx3-ubyte",
            "emnist-letters-train-labels-idx1-ubyte",
            "emnist-letters-test-images-idx3-ubyte",
            "emnist-letters-test-labels-idx1-ubyte",
        ),
        "Cohen, Afshar, Tapson, van Schaik, arXiv 1702.05373; NIST Special Database 19",
        ("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",),
        ("sha256:fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",),
    ),
}
NAMES = tuple(REGISTRY)


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
        If there is no such data set, it cannot be found or fetched, or its files are damaged.
    """
    if name not in REGISTRY:
        raise DataError(f"there is no data set called {name}; known are {', '.join(NAMES)}")
    folder = data_dir or os.environ.get("COLANET_DATA") or None
    return _load(name, str(folder) if folder else None)


@lru_cache(maxsize=8)
def _load(name: str, folder: str | None) -> Dataset:
    entry = REGISTRY[name]
    for place in _places(name, folder):
        if name == "emnist-letters" and (place / EMNIST_ARCHIVE).exists():
            return _letters_archive(place / EMNIST_ARCHIVE)
        found = [_stored(place, file) for file in entry.files]
        if all(found):
            return _read(name, entry, [path for path in found if path])
        if any(found):
            missing = entry.files[found.index(None)]
            raise DataError(f"{place}: has part of {name} but not {missing}")
    return _read(name, entry, _download(name, entry))


def _places(name: str, folder: str | None) -> Iterator[Path]:
    roots = [Path(folder)] if folder else []
    for root in [*roots, PACKAGED, cache_dir()]:
        yield root / name
        if root != PACKAGED:
            yield root


def cache_dir() -> Path:
    """Folder for downloaded data."""
    return Path(platformdirs.user_cache_dir("colanet"))


def _stored(place: Path, file: str) -> Path | None:
    candidates = (place / f"{file}.gz", place / file)
    return next((path for path in candidates if path.is_file()), None)


def _read(name: str, entry: Entry, paths: list[Path]) -> Dataset:
    parts: list[Any] = []
    for images_path, labels_path in (paths[:2], paths[2:]):
        images, labels = read_idx(images_path, IMAGES), read_idx(labels_path, LABELS)
        if len(images) != len(labels):
            raise DataError(f"{labels_path}: {len(labels)} labels for {len(images)} images of {images_path.name}")
        if name == "emnist-letters":
            # Stored transposed, labels from 1; only the first ten letters stand for the ten classes.
            images, labels = images.transpose(0, 2, 1), labels - 1
            keep = labels < len(LETTERS)
            images, labels = np.ascontiguousarray(images[keep]), labels[keep]
        if len(labels) and labels.max() >= len(entry.classes):
            raise DataError(f"{labels_path}: label {labels.max()}, expected 0..{len(entry.classes) - 1}")
        parts += [images, labels]
    a, b, c, d = parts
    return Dataset(name, a, b, c, d, entry.classes, str(paths[0].parent), entry.citation)


def _letters_archive(path: Path) -> Dataset:
    """10,000 letters of the official test split, divided anew: 640 of each of A..J train, 160 test."""
    try:
        with np.load(path) as archive:
            images, labels = archive["images"], archive["labels"]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: not an archive with images and labels ({error})") from error
    rng = np.random.default_rng(SPLIT_SEED)
    train, test = [], []
    for letter in range(len(LETTERS)):
        members = rng.permutation(np.flatnonzero(labels == letter))
        train.append(members[:640])
        test.append(members[640:800])
    # Shuffled, because a stream sorted by class is another task.
    orders = [rng.permutation(np.concatenate(part)) for part in (train, test)]
    arrays: list[Any] = [array for order in orders for array in (images[order], labels[order].astype(np.uint8))]
    entry = REGISTRY["emnist-letters"]
    a, b, c, d = arrays
    return Dataset("emnist-letters", a, b, c, d, LETTERS, str(path), entry.citation)


def _download(name: str, entry: Entry) -> list[Path]:
    place = cache_dir() / name
    if not entry.urls:
        raise DataError(f"{name}: its files are missing from the package; give a folder with them by --data")
    try:
        if name == "emnist-letters":
            members = [f"gzip/{file}.gz" for file in entry.files]
            unzip = pooch.Unzip(members=members)
            pooch.retrieve(entry.urls[0], entry.hashes[0], "gzip.zip", place, processor=unzip)
            return [place / "gzip.zip.unzip" / member for member in members]
        return [
            Path(pooch.retrieve(url, known, f"{file}.gz", place))
            for url, known, file in zip(entry.urls, entry.hashes, entry.files, strict=True)
        ]
    except Exception as error:  # pooch raises whatever its transport raises
        raise DataError(
            f"{name}: not found, and the download failed ({type(error).__name__}); put its files "
            f"{entry.files[0]}[.gz] ... into a folder and give that by --data or COLANET_DATA"
        ) from error
