"""Data sets that are four IDX files, or the same in another form: where they are looked for, and how they are read.

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
    others : tuple of str
        Names of the files of the other form, which `read_others` reads.
    home : str
        Folder of its files if it has them from another data set; else they are in one of its own name.
    """

    classes: tuple[str, ...]
    citation: str
    licence: str
    others: tuple[str, ...] = ()
    home: str = ""

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
        cache = self.cache
        return (
            self.in_folder(PACKAGED / self.name)
            # A download that was broken off leaves some files in the cache; it goes on where it was.
            or self.in_folder(cache, partial=True)
            or self._read(download(self, cache))
        )

    @property
    def cache(self) -> Path:
        """Where downloads are kept."""
        return cache_dir() / (self.home or self.name)

    def begins(self, place: Path) -> bool:
        """Whether a folder holds the first file of the data set."""
        there = file_names.find(place, self.files[0])
        return there is not None or any((place / name).is_file() for name in self.others)

    def read_others(self, paths: list[Path]) -> tuple[Part, Part]:
        """Both parts out of the files called `others`. DataError if one is damaged."""
        raise NotImplementedError

    def in_folder(self, place: Path, *, partial: bool = False) -> Dataset | None:
        """The data set in a folder; None if the folder has none of its files, or, with `partial`, not all."""
        found = [file_names.find(place, file) for file in self.files]
        paths = [path for path in found if path is not None]
        if len(paths) == len(found):
            return self._read(paths)
        if paths and not partial:
            raise DataError(f"{place}: has {paths[0].name} of {self.name} but not {self.files[found.index(None)]}")
        return self._otherwise(place)

    def _otherwise(self, place: Path) -> Dataset | None:
        """The data set in its other form; None if the folder has none of those files."""
        paths = [place / name for name in self.others]
        missing = [path for path in paths if not path.is_file()]
        if len(missing) == len(paths):
            return None
        if missing:
            raise DataError(f"{place}: has files of {self.name} but not {missing[0].name}")
        return self._checked(*self.read_others(paths), paths if len(paths) == len(self.files) else paths[:1] * 4)

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
        return folder / self.name, folder / (self.home or self.name), folder, folder / (self.archive or self.name)

    def _refuse_folder(self, folder: Path) -> None:
        """DataError if a folder holds no data set; a warning if it holds another one, as runs of several need."""
        asked = os.environ.get("COLANET_DATA")
        named = f"COLANET_DATA={asked}" if asked and os.path.abspath(asked) == str(folder) else str(folder)
        looked = f"looked for {self.files[0]} and its like, in it and in {folder / self.name}"
        ours = [REGISTRY.get(name) for name in BUILT_IN if name != self.name]
        others = [reader for reader in ours if isinstance(reader, Stored)]
        held: dict[tuple[str, ...], list[str]] = {}  # which of those with the same files it is, is not looked at
        for other in others:
            if any(other.begins(place) for place in other.places(folder)):
                held.setdefault(other.files, []).append(other.name)
        if not held:
            raise DataError(f"{named}: holds no {self.name}; {looked}")
        found = " and ".join(" or ".join(names) for names in held.values())
        warnings.warn(
            f"{named}: holds {found}, not {self.name}; {self.name} is taken from elsewhere; {looked}",
            DataWarning,
            stacklevel=5,
        )

    def _read(self, paths: list[Path]) -> Dataset:
        return self._checked(_pair(paths[0], paths[1]), _pair(paths[2], paths[3]), paths)

    def _checked(self, train: Part, test: Part, paths: list[Path]) -> Dataset:
        """The data set of what stands in four files: training images and labels, test images and labels."""
        for place, part in ((0, train), (2, test)):
            if len(part[0]) != len(part[1]):
                counts = f"{len(part[1])} labels for {len(part[0])} images"
                raise DataError(f"{paths[place + 1]}: {counts} of {paths[place].name}")
            if not part[0].size:
                raise DataError(f"{paths[place]}: holds no pixels, its shape is {part[0].shape}")
        train, test = self.part(train, paths[1]), self.part(test, paths[3])
        if train[0].shape[1:] != test[0].shape[1:]:
            expected = f"expected {train[0].shape[1:]} as for training"
            raise DataError(f"{paths[2]}: images of {test[0].shape[1:]}, {expected}")
        for path, array in zip(paths, (*train, *test), strict=True):
            other = mistaken.recognise(array)
            if other not in (None, self.name):
                raise DataError(f"{path}: holds {other}, not {self.name}; put each into a folder of its name")
        return self.made(train, test, str(paths[0].parent))


def _pair(images: Path, labels: Path) -> Part:
    return read_idx(images, IMAGES), read_idx(labels, LABELS)
