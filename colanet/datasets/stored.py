"""Data sets that are four IDX files: where they are looked for, and how they are read.

In this order: the folder given by the user (`--data`, or the environment variable COLANET_DATA) and the folder of
the data set's name in it, the files that ship with the package (MNIST), the user's cache, a download into it.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colanet.datasets import file_names, mistaken
from colanet.datasets.dataset import Dataset, from_arrays
from colanet.datasets.download import Official, cache_dir, download
from colanet.datasets.idx import IMAGES, LABELS, read_idx
from colanet.datasets.registry import BUILT_IN, REGISTRY
from colanet.errors import DataError, DataWarning

PACKAGED = Path(__file__).parent / "files"

Part = tuple[np.ndarray, np.ndarray]
"""Images and labels."""


@dataclass(frozen=True, kw_only=True)
class Stored(Official):
    """A reader of four IDX files of 8-bit pictures and labels: see `Official` for what it is told of them.

    Attributes
    ----------
    classes : tuple of str
    citation, licence : str
    """

    classes: tuple[str, ...]
    citation: str
    licence: str

    def __call__(self, folder: Path | None) -> Dataset:
        """Find and read the data set.

        Raises
        ------
        DataError
            If the folder holds none, it cannot be found or fetched, or its files are damaged.
        """
        if folder is not None:
            for place in self.places(folder):
                found = self.in_folder(place)
                if found:
                    return found
            self._refuse_folder(folder)
        cache = cache_dir() / self.name
        return (
            self.in_folder(PACKAGED / self.name)
            # A download that was broken off leaves some files in the cache; it goes on where it was.
            or self.in_folder(cache, partial=True)
            or self._read(download(self, cache))
        )

    def begins(self, place: Path) -> bool:
        """Whether a folder holds the first file of the data set."""
        return file_names.find(place, self.files[0]) is not None

    def in_folder(self, place: Path, *, partial: bool = False) -> Dataset | None:
        """The data set in a folder; None if the folder has none of its files, or, with `partial`, not all."""
        found = [file_names.find(place, file) for file in self.files]
        paths = [path for path in found if path is not None]
        if len(paths) == len(found):
            return self._read(paths)
        if paths and not partial:
            raise DataError(f"{place}: has {paths[0].name} of {self.name} but not {self.files[found.index(None)]}")
        return None

    def part(self, images: Part, labels_path: Path) -> Part:
        """Images and labels of one part as they are to be used. DataError for a label of no class."""
        labels, n = images[1], len(self.classes)
        if labels.max() >= n:
            at = int(np.argmax(labels >= n))
            raise DataError(f"{labels_path}: label {labels[at]} of image {at}, expected 0..{n - 1}")
        return images

    def made(self, train: Part, test: Part, source: str) -> Dataset:
        """The data set of its two parts."""
        return from_arrays(
            self.name, *train, *test, classes=self.classes, low=0, high=255, source=source, citation=self.citation,
            licence=self.licence,
        )  # fmt: skip

    def places(self, folder: Path) -> tuple[Path, ...]:
        """Folders that are looked into if the user names one."""
        return folder / self.name, folder, folder / (self.archive or self.name)

    def _refuse_folder(self, folder: Path) -> None:
        """DataError if a folder holds no data set; a warning if it holds another one, as runs of several need."""
        asked = os.environ.get("COLANET_DATA")
        named = f"COLANET_DATA={asked}" if asked and os.path.abspath(asked) == str(folder) else str(folder)
        looked = f"looked for {self.files[0]} and its like, in it and in {folder / self.name}"
        ours = [REGISTRY.get(name) for name in BUILT_IN if name != self.name]
        others = [reader for reader in ours if isinstance(reader, Stored)]
        held = [other.name for other in others if any(other.begins(place) for place in other.places(folder))]
        if not held:
            raise DataError(f"{named}: holds no {self.name}; {looked}")
        warnings.warn(
            f"{named}: holds {' and '.join(held)}, not {self.name}; {self.name} is taken from elsewhere; {looked}",
            DataWarning,
            stacklevel=5,
        )

    def _read(self, paths: list[Path]) -> Dataset:
        train, test = self._part(paths[0], paths[1]), self._part(paths[2], paths[3])
        if train[0].shape[1:] != test[0].shape[1:]:
            expected = f"expected {train[0].shape[1:]} as for training"
            raise DataError(f"{paths[2]}: images of {test[0].shape[1:]}, {expected}")
        for path, array in zip(paths, (*train, *test), strict=True):
            other = mistaken.recognise(array)
            if other not in (None, self.name):
                raise DataError(f"{path}: holds {other}, not {self.name}; put each into a folder of its name")
        return self.made(train, test, str(paths[0].parent))

    def _part(self, images_path: Path, labels_path: Path) -> Part:
        images, labels = read_idx(images_path, IMAGES), read_idx(labels_path, LABELS)
        if len(images) != len(labels):
            raise DataError(f"{labels_path}: {len(labels)} labels for {len(images)} images of {images_path.name}")
        if not images.size:
            raise DataError(f"{images_path}: holds no pixels, its shape is {images.shape}")
        return self.part((images, labels), labels_path)
