"""EMNIST, balanced and letters: the official IDX files or those of Matlab, made upright."""

from __future__ import annotations

import math
import string
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colanet.datasets.stored import Part, Stored
from colanet.errors import DataError, one_line
from colanet.extras import need
from colanet.reading import open_regular

CITATION = "G. Cohen, S. Afshar, J. Tapson, A. van Schaik, arXiv 1702.05373"
LICENCE = "NIST Special Database 19"
URL = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
HASH = "sha256:fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"
MATLAB = "matlab"
"""Folder of the files of Matlab in their official archive."""


@dataclass(frozen=True, kw_only=True)
class Emnist(Stored):
    """A reader of one of the six divisions of EMNIST.

    Attributes
    ----------
    official : int
        Classes in the files; those beyond `classes` are left out.
    first : int
        Label of the first class in the files.
    """

    official: int
    first: int

    def part(self, images: Part, labels_path: Path) -> Part:
        """Images upright and labels from 0; the files hold images transposed. DataError for other labels."""
        pixels, labels = images
        last = self.first + self.official - 1
        if len(labels) and not (labels.min() >= self.first and labels.max() <= last):
            found = f"labels {labels.min()}..{labels.max()}"
            raise DataError(f"{labels_path}: {found}, expected {self.first}..{last}")
        labels = labels - np.uint8(self.first)
        keep = labels < len(self.classes)
        return np.ascontiguousarray(pixels[keep].transpose(0, 2, 1)), labels[keep]

    def read_others(self, paths: list[Path]) -> tuple[Part, Part]:
        """Both parts of a file of Matlab, which holds images by columns: transposed, as the IDX files do."""
        return read_mat(paths[0])

    def places(self, folder: Path) -> tuple[Path, ...]:
        """Those of the IDX files, then the folder that the file of Matlab comes in."""
        return (*super().places(folder), folder / MATLAB)


def read_mat(path: Path) -> tuple[Part, Part]:
    """Images, uint8 of shape (n, side, side), and labels of both parts of an official file of Matlab.

    Raises
    ------
    DataError
        If the file is damaged or of another form.
    BackendUnavailable
        Without SciPy.
    """
    load = need("scipy.io", "mat").loadmat
    with open_regular(path) as file:
        try:
            held = load(file)["dataset"]
            parts = [
                tuple(np.asarray(held[part][0, 0][name][0, 0]) for name in ("images", "labels"))
                for part in ("train", "test")
            ]
        except MemoryError:
            raise
        except Exception as error:  # SciPy raises almost anything for a damaged file
            raise DataError(f"{path}: cannot be read as EMNIST of Matlab ({one_line(error)})") from error
    train, test = (_square(path, *part) for part in parts)
    return train, test


def _square(path: Path, images: np.ndarray, labels: np.ndarray) -> Part:
    """A part with its images as squares."""
    side = math.isqrt(images.shape[1]) if images.ndim == 2 else 0
    right = side and side * side == images.shape[1] and images.dtype == np.uint8 and labels.dtype.kind in "iuf"
    if not right or labels.size != len(images) or (labels.size and not 0 <= labels.min() <= labels.max() <= 255):
        found = f"images {images.dtype} {images.shape}, labels {labels.dtype} {labels.shape}"
        raise DataError(f"{path}: {found}, expected uint8 (n, pixels) and (n, 1)")
    return images.reshape(-1, side, side), labels.astype(np.uint8).ravel()


def files_of(division: str) -> tuple[str, str, str, str]:
    """Names of the IDX files of a division."""
    train, test = f"emnist-{division}-train", f"emnist-{division}-test"
    return (
        f"{train}-images-idx3-ubyte", f"{train}-labels-idx1-ubyte", f"{test}-images-idx3-ubyte",
        f"{test}-labels-idx1-ubyte",
    )  # fmt: skip


LETTERS = Emnist(
    name="emnist-letters-all", home="emnist-letters", classes=tuple(string.ascii_uppercase),
    files=files_of("letters"), others=("emnist-letters.mat",), official=26, first=1,
    citation=CITATION, licence=LICENCE, urls=(URL,), hashes=(HASH,), archive="gzip",
)  # fmt: skip
BALANCED = Emnist(
    name="emnist-balanced", classes=(*string.digits, *string.ascii_uppercase, *"abdefghnqrt"),
    files=files_of("balanced"), others=("emnist-balanced.mat",), official=47, first=0,
    citation=CITATION, licence=LICENCE, urls=(URL,), hashes=(HASH,), archive="gzip",
)  # fmt: skip
