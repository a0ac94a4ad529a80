"""Tables of numbers as text: CSV with a line of column names."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from colanet.encoding.context import DataUsed
from colanet.encoding.files import without_marks
from colanet.errors import DataError
from colanet.own.samples import Given, Samples, Wanted, check_labels, check_numbers, listed
from colanet.reading import read_bytes

SUFFIXES = (".csv", ".tsv", ".txt")
SEPARATORS = ",;\t"
LABELS = ("label", "class", "target", "y")
"""Columns that are taken for that of the labels, whatever their case."""
LONGEST_CELL = 1 << 17


def read_table(path: Path, wanted: Wanted) -> Given:
    """The samples of a table, one a line, in the order of the file; gzipped or not.

    Raises
    ------
    DataError
        With file and line, if it is no table, lacks a column, or a cell holds no number or no label.
    """
    content = read_bytes(path)
    lines = _rows(content, path)
    header = [name.strip() for name in next(lines, (1, [""]))[1]]
    _check_header(header, path)
    label = _label_column(header, path, wanted)
    features = _feature_columns(header, path, wanted, label)
    columns = [header.index(name) for name in features]
    values, labels, places = [], [], []
    for number, cells in lines:
        place = f"{path}:{number}"
        if len(cells) != len(header):
            raise DataError(f"{place}: {len(cells)} fields, expected {len(header)} as in the first line")
        values.append(_numbers([cells[i] for i in columns], features, place))
        labels.append(cells[header.index(label)].strip() if label else "")
        places.append(place)
    if not values:
        raise DataError(f"{path}: no line of numbers after that of the names")
    names = tuple(map(str, range(len(values))))
    samples = Samples(np.array(values), tuple(labels) if label else None, tuple(places), names)
    check_numbers(samples, features)
    if wanted.labelled:
        check_labels(samples)
    digest = hashlib.sha256(content).hexdigest()
    return Given(samples, None, features, label, DataUsed(path.name, str(path), digest))


def _rows(content: bytes, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line and fields of every row; empty lines are passed over."""
    try:
        text = without_marks(content, str(path)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a text file, byte {error.start} is not UTF-8") from error
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count), strict=True)
    csv.field_size_limit(LONGEST_CELL)
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"{path}:{rows.line_num}: cannot be read as a table ({error})") from error
        if cells:
            yield rows.line_num, cells


def _check_header(header: list[str], path: Path) -> None:
    if header == [""]:
        raise DataError(f"{path}:1: is empty, expected names of columns")
    if len(header) == 1:
        raise DataError(f"{path}:1: one column, expected several, separated by commas, semicolons or tabs")
    if all(map(_is_number, header)):
        raise DataError(f"{path}:1: holds numbers only, expected names of columns")
    if "" in header:
        hint = "written by pandas? to_csv(index=False) leaves the row numbers out"
        raise DataError(f"{path}:1: column {header.index('') + 1} has no name ({hint})")
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise DataError(f"{path}:1: two columns are called {twice[0]}")


def _label_column(header: list[str], path: Path, wanted: Wanted) -> str | None:
    """The column of the labels; None if there is none and none is needed."""
    if wanted.label is not None:
        if wanted.label in header:
            return wanted.label
        if wanted.labelled:
            raise DataError(f"{path}:1: no column {wanted.label}; there are {listed(header)}")
        return None
    if not wanted.labelled:
        return None
    usual = [name for name in header if name.lower() in LABELS]
    if len(usual) != 1:
        which = f"which one is the label, {' or '.join(usual)}" if usual else "which column is the label"
        raise DataError(f"{path}:1: --label NAME must say {which}; columns: {listed(header)}")
    return usual[0]


def _feature_columns(header: list[str], path: Path, wanted: Wanted, label: str | None) -> tuple[str, ...]:
    """Names of the columns that are shown to the network."""
    for name in (*wanted.drop, *(wanted.features or ())):
        if name not in header:
            raise DataError(f"{path}:1: no column {name}; there are {listed(header)}")
    if wanted.features is not None:
        return wanted.features
    features = tuple(name for name in header if name != label and name not in wanted.drop)
    if not features:
        raise DataError(f"{path}:1: no column is left beside that of the labels, {label}")
    return features


def _numbers(cells: list[str], features: tuple[str, ...], place: str) -> np.ndarray:
    """Cells as float64. DataError for the first one that is no number."""
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        pass
    pairs = zip(features, cells, strict=True)
    name, cell = next((name, cell.strip()) for name, cell in pairs if not _is_number(cell))
    found = f"{cell[:40]!r}" if cell else "empty"
    raise DataError(f"{place}: column {name}: {found}, expected a number (--drop leaves a column out)")


def _is_number(cell: str) -> bool:
    try:
        np.array([cell], dtype=np.float64)
    except ValueError:
        return False
    return True
