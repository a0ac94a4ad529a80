"""Archives of NumPy (`.npz`) and IDX files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from colanet.archives import names_of, read_archive
from colanet.datasets.file_names import plain
from colanet.datasets.idx import IMAGES, LABELS, idx_header, read_idx
from colanet.encoding.context import DataUsed
from colanet.errors import DataError
from colanet.own.samples import Given, Samples, Wanted, check_labels, check_numbers, listed, text_of
from colanet.reading import read_bytes

SAMPLE_WORDS = ("x", "images", "samples", "data", "features")
LABEL_WORDS = ("y", "labels", "label", "target", "targets", "classes")
PAIR = ("arr_0", "arr_1")
"""What `numpy.savez(file, samples, labels)` calls them."""


class _Names(NamedTuple):
    """Arrays of one part in an archive; `labels` is None where it has none."""

    samples: str
    labels: str | None


# -------------------------------------------------------------------------- .npz


def read_npz(path: Path, wanted: Wanted) -> Given:
    """The samples and labels of an archive, by the names of its arrays: `X` and `y`, `x_train` and so on.

    Raises
    ------
    DataError
        With the file, and the number of the sample, if arrays are missing, do not fit, or hold no numbers.
    """
    there = names_of(path)
    train, test = _part(there, "train", wanted), _part(there, "test", wanted)
    if train is None:
        train = _whole(path, there, wanted)
    parts = [_arrays(path, train, wanted)]
    if test is not None:
        parts.append(_arrays(path, test, wanted))
    digest = hashlib.sha256(read_bytes(path, packed=False)).hexdigest()
    used = DataUsed(path.name, str(path), digest)
    return _given(parts, train.labels if wanted.label else None, used, wanted)


def _part(there: tuple[str, ...], part: str, wanted: Wanted) -> _Names | None:
    """The arrays of a part that is called so: `x_train`, `train_images`, `labels-train` and the like."""
    words = {name.lower().replace("-", "_"): name for name in there}

    def called(known: tuple[str, ...]) -> str | None:
        names = (name for word in known for name in (f"{word}_{part}", f"{part}_{word}"))
        return next((words[name] for name in names if name in words), None)

    samples, labels = called(SAMPLE_WORDS), called(LABEL_WORDS)
    if samples is None or (labels is None and wanted.labelled):
        return None
    return _Names(samples, labels)


def _whole(path: Path, there: tuple[str, ...], wanted: Wanted) -> _Names:
    """The arrays of an archive without parts."""
    words = {name.lower(): name for name in there}
    labels = wanted.label
    if labels is not None and labels not in there:
        if wanted.labelled:
            raise DataError(f"{path}: no array {labels}; there are {listed(there)}")
        labels = None
    labels = labels or next((words[word] for word in (*LABEL_WORDS, PAIR[1]) if word in words), None)
    others = [name for name in there if name != labels]
    usual = [words[word] for word in (*SAMPLE_WORDS, PAIR[0]) if word in words and words[word] != labels]
    samples = usual[0] if usual else others[0] if len(others) == 1 else None
    if samples is None or (labels is None and wanted.labelled):
        expected = "X and y, or x_train, y_train, x_test and y_test" if wanted.labelled else "X"
        raise DataError(f"{path}: has the arrays {listed(there)}, expected {expected}")
    return _Names(samples, labels)


def _arrays(path: Path, names: _Names, wanted: Wanted) -> Samples:
    """A part of an archive, checked."""
    if names.labels is None:
        (values,) = read_archive(path, (names.samples,))
        return _samples(values, None, f"{path}: {names.samples}")
    (values,) = read_archive(path, (names.samples,))
    (labels,) = read_archive(path, (names.labels,), texts=True)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or values.ndim < 2 or len(values) != len(labels):
        shapes = f"{names.samples} of shape {values.shape}, {names.labels} of shape {labels.shape}"
        raise DataError(f"{path}: {shapes}, expected (n, ...) and (n,)")
    return _samples(values, tuple(text_of(label) for label in labels.tolist()), f"{path}: {names.samples}")


def _samples(values: np.ndarray, labels: tuple[str, ...] | None, where: str) -> Samples:
    if values.ndim < 2 or not values.size:
        raise DataError(f"{where}: an array of shape {values.shape}, expected (samples, ...)")
    if values.dtype.kind == "b":
        values = values.astype(np.uint8)
    names = tuple(map(str, range(len(values))))
    return Samples(values, labels, tuple(f"{where}: sample {name}" for name in names), names)


def _given(parts: list[Samples], label: str | None, used: DataUsed, wanted: Wanted) -> Given:
    """The parts, checked against each other."""
    for samples in parts:
        check_numbers(samples)
        if wanted.labelled:
            check_labels(samples)
    train, test = parts[0], parts[1] if len(parts) == 2 else None
    if test is not None and train.values.shape[1:] != test.values.shape[1:]:
        expected = f"expected {train.values.shape[1:]} as for training"
        raise DataError(f"{test.places[0]}: shape {test.values.shape[1:]}, {expected}")
    return Given(train, test, None, label, used)


# --------------------------------------------------------------------------- IDX


def is_idx(path: Path) -> bool:
    """Whether a file is an IDX file of images, gzipped or not."""
    return path.is_file() and read_bytes(path, limit=4) == IMAGES.to_bytes(4, "big")


def idx_parts(folder: Path) -> list[Path]:
    """IDX files of images in a folder: that for training first, then that for testing, as far as they are there."""
    try:
        there = sorted(folder / name for name in os.listdir(folder))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror or error})") from error
    found = []
    for part in ("train", "test"):
        ours = [path for path in there if plain(path.name).endswith(f"{part}-images") and path.is_file()]
        if len(ours) > 1:
            raise DataError(f"{folder}: {ours[0].name} and {ours[1].name}, expected one file of {part} images")
        found += ours
    return found


def read_idx_files(images: list[Path], wanted: Wanted) -> Given:
    """IDX files of images with those of the labels beside them.

    Raises
    ------
    DataError
        If a file of labels is missing, or the files are damaged or do not fit.
    """
    parts = []
    total = hashlib.sha256()
    for path in images:
        pixels, beside = read_idx(path, IMAGES), _labels_of(path)
        if beside is None and wanted.labelled:
            raise DataError(f"{path}: its labels are missing, expected a file called as it with labels for images")
        labels = read_idx(beside, LABELS) if beside else None
        if labels is not None and len(labels) != len(pixels):
            raise DataError(f"{beside}: {len(labels)} labels for {len(pixels)} images of {path.name}")
        for array in (pixels, labels):
            if array is not None:
                total.update(idx_header(array) + array.tobytes())
        texts = None if labels is None else tuple(map(str, labels.tolist()))
        parts.append(_samples(pixels, texts, str(path)))
    source = images[0] if len(images) == 1 else images[0].parent
    return _given(parts, None, DataUsed(source.name, str(source), total.hexdigest()), wanted)


def _labels_of(images: Path) -> Path | None:
    """The file of labels that belongs to one of images: it is called so, with `labels` for `images`."""
    wanted = plain(images.name).replace("images", "labels")
    if wanted == plain(images.name):
        return None
    return next((p for p in sorted(images.parent.iterdir()) if plain(p.name) == wanted and p.is_file()), None)
