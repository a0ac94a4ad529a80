"""KMNIST: ten hiragana in cursive writing, as IDX files or archives of NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from colanet.archives import read_archive
from colanet.datasets.mnist import FILES
from colanet.datasets.stored import Part, Stored
from colanet.errors import DataError

_PLACE = "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"


class Kmnist(Stored):
    """A reader of four IDX files, or of four archives of one array each."""

    def read_others(self, paths: list[Path]) -> tuple[Part, Part]:
        """Both parts out of the archives, each with one array `arr_0`."""
        images, labels, test_images, test_labels = (
            _bytes(path, 1 if k % 2 else 3) for k, path in enumerate(paths)
        )
        return (images, labels), (test_images, test_labels)


def _bytes(path: Path, axes: int) -> np.ndarray:
    (found,) = read_archive(path, ("arr_0",))
    if found.dtype != np.uint8 or found.ndim != axes:
        raise DataError(f"{path}: {found.dtype} {found.shape}, expected uint8 of {axes} axes")
    return found


KMNIST = Kmnist(
    name="kmnist",
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    files=FILES,
    others=(
        "kmnist-train-imgs.npz",
        "kmnist-train-labels.npz",
        "kmnist-test-imgs.npz",
        "kmnist-test-labels.npz",
    ),
    citation="T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto, D. Ha, arXiv 1812.01718",
    licence="CC BY-SA 4.0 (CODH)",
    urls=tuple(f"{_PLACE}{file}.gz" for file in FILES),
    hashes=(
        "sha256:51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
        "sha256:e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
        "sha256:edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
        "sha256:20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    ),
)
