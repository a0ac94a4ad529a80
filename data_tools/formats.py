"""Picture and label files, told apart by name.

===================== ======================================================================
``.bin``, ``.raw``    raw 8-bit images back to back, as ArNI-X and colanet configurations read
``.txt``              one label a line
anything else         IDX, images or labels
===================== ======================================================================

A further ending ``.gz`` means gzipped.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from colanet.atomic import write_bytes
from colanet.datasets.idx import IMAGES, LABELS, idx_bytes, read_idx
from colanet.encoding import files
from colanet.errors import DataError
from colanet.reading import read_bytes

RAW, TEXT = (".bin", ".raw"), (".txt",)


def suffix_of(path: Path) -> str:
    """The ending that says the form: without .gz, in lower case."""
    return Path(path.stem if path.suffix == ".gz" else path.name).suffix.lower()


def read(path: Path, shape: tuple[int, int] | None, offset: int = 0) -> np.ndarray:
    """Images or labels of a file.

    Parameters
    ----------
    path : Path
    shape : (width, height) or None
        Of raw images; they do not say it themselves.
    offset : int
        Bytes before the first raw image.

    Returns
    -------
    ndarray of uint8, shape (n, height, width) for images or (n,) for labels

    Raises
    ------
    DataError
    """
    suffix = suffix_of(path)
    if suffix in TEXT:
        return files.label_lines(*files.content_of(path, None), range(256), None).astype(np.uint8)
    if suffix not in RAW:
        magic = int.from_bytes(read_bytes(path, limit=4), "big")
        return read_idx(path, LABELS if magic == LABELS else IMAGES)
    if shape is None:
        raise DataError(f"{path}: raw images need --shape WIDTH HEIGHT")
    width, height = shape
    content, name = files.content_of(path, None)
    return files.raw_images(content, name, width * height, offset).reshape(-1, height, width)


def write(path: Path, array: np.ndarray) -> None:
    """Write images or labels whole or not at all.

    Raises
    ------
    DataError
        If the form of that name cannot hold them.
    OutputError
        If the file cannot be written.
    """
    suffix = suffix_of(path)
    if (suffix in RAW and array.ndim != 3) or (suffix in TEXT and array.ndim != 1):
        raise DataError(
            f"{path}: a {suffix} file holds {'labels' if suffix in TEXT else 'images'}, the source does not"
        )
    if suffix in TEXT:
        content = "".join(f"{label}\n" for label in array.tolist()).encode()
    else:
        content = array.tobytes() if suffix in RAW else idx_bytes(array)
    if path.suffix == ".gz":
        content = gzip.compress(content, mtime=0)
    write_bytes(path, content)
