"""Folders of images, a subfolder a class."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colanet.encoding.context import DataUsed
from colanet.errors import DataError, one_line
from colanet.extras import need
from colanet.own.samples import Given, Samples, Wanted
from colanet.reading import LARGEST_UNPACKED, read_bytes

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
PARTS = ("train", "test")
DEEP = ("I;16", "I;16B", "I;16L", "I")
"""Modes of Pillow with 16 bits a pixel; its own way to 8 bits cuts them off at 255."""
CLEAR = ("LA", "La", "PA", "RGBA", "RGBa")
"""Modes with transparency; what is behind is white."""


@dataclass(frozen=True)
class _File:
    path: Path
    label: str
    name: str


def read_folder(folder: Path, wanted: Wanted) -> Given:
    """The images of a folder, a subfolder a class, in the order of their names.

    Two subfolders `train` and `test`, which hold those of the classes, are the two parts. Without labels wanted,
    images may stand in the folder itself.

    Raises
    ------
    DataError
        With the file, if there is no image, one has no label, cannot be read, or is of another size than the first.
    BackendUnavailable
        Without Pillow.
    """
    inside = sorted(path.name for path in _entries(folder) if path.is_dir())
    if inside == sorted(PARTS) and any(path.is_dir() for path in _entries(folder / PARTS[0])):
        parts = [_files(folder / part, wanted, part) for part in PARTS]
    else:
        parts = [_files(folder, wanted, "")]
    values, digest = _read([file for part in parts for file in part], wanted.shape)
    n = len(parts[0])
    train = _samples(values[:n], parts[0])
    test = _samples(values[n:], parts[1]) if len(parts) == 2 else None
    return Given(train, test, None, None, DataUsed(folder.name, str(folder), digest))


def read_picture(path: Path, wanted: Wanted) -> Given:
    """One image, without a label. DataError and BackendUnavailable as for `read_folder`."""
    if wanted.labelled:
        raise DataError(f"{path}: one image, expected a folder with a subfolder of images a class")
    file = _File(path, "", path.name)
    values, digest = _read([file], wanted.shape)
    return Given(_samples(values, [file]), None, None, None, DataUsed(path.name, str(path), digest))


def _samples(values: np.ndarray, files: Sequence[_File]) -> Samples:
    labels = tuple(file.label for file in files)
    places, names = tuple(str(file.path) for file in files), tuple(file.name for file in files)
    return Samples(values, labels if any(labels) else None, places, names)


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, hidden files left out, by name. DataError if it cannot be looked into."""
    try:
        return sorted(folder / name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror or error})") from error


def _files(folder: Path, wanted: Wanted, part: str) -> list[_File]:
    """Images of a folder with the names of their subfolders."""
    prefix = f"{part}/" if part else ""
    found = []
    for path in _entries(folder):
        if path.is_dir():
            here = [file for file in _entries(path) if _is_image(file)]
            if not here:
                raise DataError(f"{path}: holds no images ({', '.join(SUFFIXES)})")
            found += [_File(file, path.name, f"{prefix}{path.name}/{file.name}") for file in here]
        elif _is_image(path):
            if wanted.labelled:
                raise DataError(f"{path}: no label, expected images in a subfolder a class")
            found.append(_File(path, "", prefix + path.name))
    if not found:
        raise DataError(f"{folder}: holds no images ({', '.join(SUFFIXES)}), expected a subfolder of them a class")
    return found


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _read(files: Sequence[_File], shape: tuple[int, ...] | None) -> tuple[np.ndarray, str]:
    """Pixels, uint8 of shape (n, height, width) or, if one has colour, (n, height, width, 3), and a digest.

    The digest is of the name and the content of every file.
    """
    if shape is not None and len(shape) not in (2, 3):
        raise DataError(f"{files[0].path}: an image, expected samples of {shape[0]} numbers, as were learnt")
    total = hashlib.sha256()
    pictures: list[np.ndarray] = []
    for file in files:
        content = read_bytes(file.path, packed=False)
        total.update(f"{file.name}\n{hashlib.sha256(content).hexdigest()}\n".encode())
        pixels = _pixels(file.path)
        size = shape[:2] if shape else pictures[0].shape[:2] if pictures else pixels.shape[:2]
        if pixels.shape[:2] != size:
            of = "those it learnt" if shape else files[0].path
            (h, w), (height, width) = pixels.shape[:2], size
            raise DataError(f"{file.path}: {w} x {h} pixels, expected {width} x {height} as of {of}")
        if len(files) * pixels.nbytes > LARGEST_UNPACKED:
            raise DataError(f"{file.path}: {len(files)} such images are more than {LARGEST_UNPACKED} bytes")
        pictures.append(pixels)
    colour = any(p.ndim == 3 for p in pictures) if shape is None else len(shape) == 3
    return np.stack([_with_channels(p, colour) for p in pictures]), total.hexdigest()


def _with_channels(pixels: np.ndarray, colour: bool) -> np.ndarray:
    """Three equal channels of a grey picture, or the mean of three, as `colour` asks."""
    if colour:
        return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
    return pixels if pixels.ndim == 2 else np.rint(pixels.mean(axis=2)).astype(np.uint8)


def _shallow(pixels: np.ndarray, path: Path) -> np.ndarray:
    """The upper 8 of 16 bits. DataError if there is nothing in them: then 8 bits were meant."""
    if pixels.max(initial=0) < 256:
        raise DataError(f"{path}: pixels of 16 bits with values below 256; save it with 8 bits")
    return np.asarray(np.clip(pixels // 256, 0, 255), dtype=np.uint8)


def _pixels(path: Path) -> np.ndarray:
    """Pixels of an image file, uint8: (height, width) if it has no colour, else (height, width, 3)."""
    images = need("PIL.Image", "images")
    try:
        with images.open(path) as image:
            if image.mode == "F":
                raise DataError(f"{path}: pixels of 32-bit floats, expected 8 or 16 bits")
            if image.mode in DEEP:
                return _shallow(np.asarray(image), path)
            if image.mode in CLEAR or "transparency" in image.info:
                front = image.convert("RGBA")
                image = images.alpha_composite(images.new("RGBA", front.size, "white"), front)
            pixels = np.asarray(image.convert("RGB"))
    except (MemoryError, DataError):
        raise
    except Exception as error:  # Pillow raises almost anything for a damaged file
        raise DataError(f"{path}: cannot be read as an image ({one_line(error)})") from error
    grey = (pixels == pixels[:, :, :1]).all()
    return np.ascontiguousarray(pixels[:, :, 0]) if grey else pixels
