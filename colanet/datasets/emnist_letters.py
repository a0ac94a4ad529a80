"""EMNIST letters A to J: the official files, or an archive of 10,000 letters that is divided anew."""

from __future__ import annotations

from pathlib import Path

from colanet.datasets import emnist, letters
from colanet.datasets.dataset import Dataset
from colanet.datasets.emnist import Emnist


class Letters(Emnist):
    """Official files hold 26 letters; an archive goes before them."""

    def begins(self, place: Path) -> bool:
        """Whether a folder holds the archive or the first file."""
        return (place / letters.ARCHIVE).is_file() or super().begins(place)

    def in_folder(self, place: Path, *, partial: bool = False) -> Dataset | None:
        """The letters in a folder; see `Stored.in_folder`."""
        path = place / letters.ARCHIVE
        if path.is_file():
            return self.made(*letters.read_archive(path), str(path))
        return super().in_folder(place, partial=partial)


EMNIST = Letters(
    name="emnist-letters", classes=letters.LETTERS, files=emnist.LETTERS.files, others=emnist.LETTERS.others,
    official=emnist.LETTERS.official, first=emnist.LETTERS.first, citation=emnist.CITATION, licence=emnist.LICENCE,
    urls=emnist.LETTERS.urls, hashes=emnist.LETTERS.hashes, archive=emnist.LETTERS.archive,
)  # fmt: skip
