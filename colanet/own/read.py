"""Any of the forms that own data come in, told by name and content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from colanet.errors import DataError
from colanet.own import arrays, pictures, table
from colanet.own.samples import Given, Wanted

EXPECTED = "expected a table (.csv), an archive (.npz), IDX files, or a folder of images, a subfolder a class"

WORKBOOKS = (".xlsx", ".xls", ".ods")


def read(path: Path, wanted: Wanted) -> Given:
    """Samples and labels of a file or folder of the user.

    Raises
    ------
    DataError
        With file and row: if it is of no known form, lacks what is wanted, or holds something that cannot be used.
    BackendUnavailable
        Without Pillow, for images.
    """
    path = Path(path)
    reader = _reader(path)
    if reader is not table.read_table:
        _check_wanted(path, wanted, named=reader is arrays.read_npz)
    given = reader(path, wanted)
    for samples in (given.train, given.test):
        if samples is not None and wanted.shape is not None and samples.values.shape[1:] != wanted.shape:
            raise DataError(f"{path}: samples of shape {samples.values.shape[1:]}, expected {wanted.shape}")
    return given


def _check_wanted(path: Path, wanted: Wanted, named: bool) -> None:
    """DataError if columns are asked of what has none; `named`: of an archive, whose arrays have names."""
    label = wanted.labelled and not named and wanted.label is not None
    for option, asked in (("--label", label), ("--drop", wanted.drop), ("--keep", wanted.keep)):
        if asked:
            raise DataError(f"{path}: has no columns, expected no {option}")


def _reader(path: Path) -> Callable[[Path, Wanted], Given]:
    """What reads a file or folder, told by its name and content."""
    if path.is_dir():
        return _read_folder
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".npz"):
        return arrays.read_npz
    if name.endswith(pictures.SUFFIXES):
        return pictures.read_picture
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if arrays.is_idx(path):
        return _read_idx
    if name.endswith(table.SUFFIXES):
        return table.read_table
    if name.endswith(WORKBOOKS):
        raise DataError(f"{path}: a workbook, expected a table; save it as CSV")
    raise DataError(f"{path}: unknown kind of file, {EXPECTED}")


def _read_folder(path: Path, wanted: Wanted) -> Given:
    parts = arrays.idx_parts(path)
    return arrays.read_idx_files(parts, wanted) if parts else pictures.read_folder(path, wanted)


def _read_idx(path: Path, wanted: Wanted) -> Given:
    return arrays.read_idx_files([path], wanted)
