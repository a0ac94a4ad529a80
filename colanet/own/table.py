"""Tables of numbers as text: CSV with a line of column names."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from colanet.encoding.context import DataUsed
from colanet.encoding.files import without_marks
from colanet.errors import DataError
from colanet.own.samples import Given, Samples, Wanted, check_labels, listed, shown, whole_labels
from colanet.reading import read_bytes

SUFFIXES = (".csv", ".tsv", ".txt")
SEPARATORS = ",;\t"
LABELS = ("label", "class", "target", "y")
"""Columns that are taken for that of the labels, whatever their case."""
LONGEST_CELL = 1 << 17
_DECIMAL_COMMA = re.compile(r"[+-]?[\d.]*\d,\d+(e[+-]?\d+)?", re.IGNORECASE)


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
    keep = [header.index(name) for name in wanted.keep]
    values, labels, places, kept = [], [], [], []
    bad: tuple[str, list[str]] | None = None
    for number, cells in lines:
        place = f"{path}:{number}"
        if len(cells) != len(header):
            raise DataError(f"{place}: {len(cells)} fields, expected {len(header)} as in the first line")
        texts = [cells[i] for i in columns]
        values.append(_numbers(texts))
        if bad is None and not np.isfinite(values[-1]).all():
            bad = place, texts
        labels.append(cells[header.index(label)].strip() if label else "")
        places.append(place)
        kept.append([cells[i].strip() for i in keep])
    if not values:
        raise DataError(f"{path}: no line of numbers after that of the names")
    if bad is not None:
        raise DataError(_refusal(*bad, np.array(values), features, wanted))
    names = tuple(map(str, range(len(values))))
    samples = Samples(np.array(values), whole_labels(labels) if label else None, tuple(places), names)
    if wanted.labelled:
        check_labels(samples)
    digest = hashlib.sha256(content).hexdigest()
    used = DataUsed(path.name, str(path), digest)
    return Given(samples, None, features, label, used, dict(zip(wanted.keep, zip(*kept, strict=True), strict=True)))


def _rows(content: bytes, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line and fields of every row; lines that are empty or hold separators alone are passed over."""
    content = without_marks(content, str(path))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8 text; save it as CSV in UTF-8") from error
    first = next((line for line in text.splitlines() if line.strip(SEPARATORS + " ")), "")
    first = re.sub(r'"[^"]*"', "", first)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count), strict=True)
    csv.field_size_limit(LONGEST_CELL)
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"{path}:{rows.line_num}: cannot be read as a table ({error})") from error
        if any(map(str.strip, cells)):
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
        raise DataError(f"{path}:1: two columns are called {shown(twice[0])}")


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
    for name in (*wanted.drop, *wanted.keep, *(wanted.features or ())):
        if name not in header:
            raise DataError(f"{path}:1: no column {name}; there are {listed(header)}")
    if wanted.features is not None:
        return wanted.features
    features = tuple(name for name in header if name != label and name not in wanted.drop)
    if not features:
        raise DataError(f"{path}:1: no column is left beside that of the labels, {shown(str(label))}")
    return features


def _numbers(cells: list[str]) -> np.ndarray:
    """Cells as float64, NaN for those that hold no number."""
    try:
        if "_" not in "".join(cells):
            return np.array(cells, dtype=np.float64)
    except ValueError:
        pass
    return np.array([float(cell) if _is_number(cell) else np.nan for cell in cells])


def _refusal(place: str, cells: list[str], values: np.ndarray, features: tuple[str, ...], wanted: Wanted) -> str:
    """Of the first line that has a bad cell: what is wrong, in how many lines, and what to do."""
    column = next(i for i, value in enumerate(_numbers(cells)) if not np.isfinite(value))
    cell, n = cells[column].strip(), len(values)
    found = f"{cell[:40]!r}" if cell else "empty"
    expected = "a finite number" if _is_number(cell) else "a number"
    bad = int((~np.isfinite(values[:, column])).sum())
    if _DECIMAL_COMMA.fullmatch(cell):
        advice = "a decimal comma? write a point"
    elif 2 * bad > n and wanted.features is None:
        advice = f"--drop {shown(features[column])} leaves the column out"
    else:
        advice = "correct it or delete the line" if bad == 1 else "correct them or delete the lines"
    return f"{place}: column {shown(features[column])}: {found}, expected {expected} ({bad} of {n} cells); {advice}"


def _is_number(cell: str) -> bool:
    if "_" in cell:  # Python reads 1_000 as a number, a table means a name
        return False
    try:
        np.array([cell], dtype=np.float64)
    except ValueError:
        return False
    return True
