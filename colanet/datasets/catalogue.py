"""Which data sets are known by name: their classes, files, licences, and official places with checksums."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from colanet.datasets.idx import idx_header


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with labels, in two parts. The arrays are read-only, because all users of a process share them.

    Attributes
    ----------
    name : str
    train_images, test_images : ndarray of uint8, shape (n, height, width)
    train_labels, test_labels : ndarray of uint8, shape (n,)
        Indices into `classes`.
    classes : tuple of str
    source : str
        Folder or file it was found in.
    citation : str
    licence : str
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    source: str
    citation: str
    licence: str = ""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the four arrays as IDX files, one after another: training images, labels, test images, labels.

        Of MNIST and Fashion-MNIST it is the digest of the unpacked files joined in that order.
        """
        total = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            total.update(idx_header(array))
            total.update(np.ascontiguousarray(array).data)
        return total.hexdigest()


@dataclass(frozen=True)
class Entry:
    """How a data set is stored and where it comes from.

    Attributes
    ----------
    classes : tuple of str
    files : tuple of str
        Four IDX files without the ending .gz: training images and labels, test images and labels.
    urls, hashes : tuple of str
        Official places and the SHA-256 of what is there: one for each file, or one archive with all of them.
    archive : str
        Folder of the files inside the archive, if it is one.
    """

    classes: tuple[str, ...]
    files: tuple[str, str, str, str]
    citation: str
    licence: str
    urls: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    archive: str = ""


LETTERS = tuple("ABCDEFGHIJ")
"""The ten letters that follow the ten digits in the E/MNIST experiments."""

_IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)

MNIST = Entry(
    classes=tuple("0123456789"),
    files=_IDX,
    citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Proceedings of the IEEE 86(11), 1998",
    licence="CC BY-SA 3.0 (Y. LeCun, C. Cortes)",
)

FASHION = Entry(
    classes=(
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
    files=_IDX,
    citation="H. Xiao, K. Rasul, R. Vollgraf, arXiv 1708.07747",
    licence="MIT (Zalando SE)",
    urls=tuple(
        f"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/{file}.gz" for file in _IDX
    ),
    hashes=(
        "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
)

EMNIST = Entry(
    classes=LETTERS,
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

REGISTRY = {"mnist": MNIST, "fashion-mnist": FASHION, "emnist-letters": EMNIST}
NAMES = tuple(REGISTRY)
