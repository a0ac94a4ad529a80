"""Any of the forms that own data come in, told by name and content."""

from __future__ import annotations

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
        With file and row: if it is of no known form, or holds something that cannot be used.
    BackendUnavailable
        Without Pillow, for images.
    """
    given = _read(Path(path), wanted)
    for samples in (given.train, given.test):
        if samples is not None and wanted.shape is not None and samples.values.shape[1:] != wanted.shape:
            raise DataError(f"{path}: samples of shape {samples.values.shape[1:]}, expected {wanted.shape}")
    return given


def _read(path: Path, wanted: Wanted) -> Given:
    if path.is_dir():
        parts = arrays.idx_parts(path)
        return arrays.read_idx_files(parts, wanted) if parts else pictures.read_folder(path, wanted)
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".npz"):
        return arrays.read_npz(path, wanted)
    if name.endswith(pictures.SUFFIXES):
        return pictures.read_picture(path, wanted)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if arrays.is_idx(path):
        return arrays.read_idx_files([path], wanted)
    if name.endswith(table.SUFFIXES):
        return table.read_table(path, wanted)
    if name.endswith(WORKBOOKS):
        raise DataError(f"{path}: a workbook, expected a table; save it as CSV")
    raise DataError(f"{path}: unknown kind of file, {EXPECTED}")
