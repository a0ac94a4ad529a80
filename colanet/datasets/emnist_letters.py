"""EMNIST letters A to J: the official files, or an archive of 10,000 letters that is divided anew."""

from __future__ import annotations

from pathlib import Path

from colanet.datasets import letters
from colanet.datasets.dataset import Dataset
from colanet.datasets.stored import Part, Stored


class Letters(Stored):
    """Official files hold 26 letters, transposed; an archive goes before them."""

    def begins(self, place: Path) -> bool:
        """Whether a folder holds the archive or the first file."""
        return (place / letters.ARCHIVE).is_file() or super().begins(place)

    def in_folder(self, place: Path, *, partial: bool = False) -> Dataset | None:
        """The letters in a folder; see `Stored.in_folder`."""
        path = place / letters.ARCHIVE
        if path.is_file():
            return self.made(*letters.read_archive(path), str(path))
        return super().in_folder(place, partial=partial)

    def part(self, images: Part, labels_path: Path) -> Part:
        """Only the first ten letters, upright."""
        return letters.official(*images, str(labels_path))


EMNIST = Letters(
    name="emnist-letters",
    classes=letters.LETTERS,
    files=(
        "emnist-letters-train-images-idx3-ubyte",
        "emnist-letters-train-labels-idx1-ubyte",
        "emnist-letters-test-images-idx3-ubyte",
        "emnist-letters-test-labels-idx1-ubyte",
    ),
    citation="G. Cohen, S. Afshar, J. Tapson, A. van Schaik, arXiv 1702.05373",
    licence="NIST Special Database 19",
    urls=("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",),
    hashes=("sha256:fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",),
    archive="gzip",
)
