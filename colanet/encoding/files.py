"""Reading the data files that inputs name. Every fault is one line with file and, where it helps, line."""

from __future__ import annotations

import codecs
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from colanet.config.whole import whole
from colanet.encoding.stretch import ROOM, Spikes, from_events
from colanet.errors import DataError, DataWarning
from colanet.reading import bounded, read_bytes

_MARKED = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SOME = 1 << 20
"""Characters of labels that are taken apart at once."""
_LETTER = re.compile(r"[^\W\d_]")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")


def located(folder: Path, name: str) -> Path:
    """A file of a configuration; backslashes that lead nowhere are taken for the slashes they stand for."""
    path = folder / name
    if "\\" in name and not path.exists():
        other = folder / name.replace("\\", "/")
        return other if other.exists() else path
    return path


def content_of(path: Path | None, stdin: BinaryIO | None) -> tuple[bytes, str]:
    """Bytes of a file (a name in .gz: unpacked) or of standard input, and a name for messages.

    Raises
    ------
    DataError
        If the file cannot be read, is no regular file, or is too large.
    """
    if path is None:
        return bounded(stdin or sys.stdin.buffer, "standard input"), "standard input"
    # By the name, not the first bytes: raw images may begin with those of gzip.
    return read_bytes(path, packed=path.suffix == ".gz"), str(path)


def without_marks(content: bytes, name: str) -> bytes:
    """A text file as UTF-8 without byte order marks, wherever they stand; UTF-16 and UTF-32 are told by theirs.

    Raises
    ------
    DataError
        If the file begins with the mark of a coding that it is not in.
    """
    for mark, coding in _MARKED:
        if content.startswith(mark):
            try:
                content = content.decode(coding).encode("utf-8")
            except UnicodeError as error:
                raise DataError(f"{name}: has the byte order mark of {coding}, but is not {coding} text") from error
            break
    return content.replace(codecs.BOM_UTF8, b"")


def text_lines(content: bytes, name: str) -> list[str]:
    """Lines of a text file without blanks at their ends and without trailing empty ones.

    Raises
    ------
    DataError
        If the file is not UTF-8.
    """
    lines = _text(content, name).split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.rstrip() for line in lines]


def _text(content: bytes, name: str) -> str:
    """A text file. DataError if it is not UTF-8."""
    try:
        return without_marks(content, name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: not a text file, byte {error.start} is not UTF-8") from error


def text_rows(content: bytes, name: str, size: int | None) -> tuple[Spikes, int]:
    """Rows of `@` and `.`: the spikes and the number of nodes.

    Raises
    ------
    DataError
        For other characters, or rows that are not `size` (or as the first one) long.
    """
    lines = [line.rstrip() for line in without_marks(content, name).rstrip().split(b"\n")]
    if not lines[0]:
        raise DataError(f"{name}: is empty, expected rows of @ and ." if len(lines) == 1 else f"{name}:1: is empty")
    width = size or len(lines[0])
    for number, line in enumerate(lines, 1):
        strange = line.translate(None, b"@.")
        if strange:
            shown = strange.decode("utf-8", "replace")[0]
            raise DataError(f"{name}:{number}: character {shown!r}, expected @ or .")
        if len(line) != width:
            raise DataError(f"{name}:{number}: {len(line)} characters, expected {width}")
    spikes = np.flatnonzero(np.frombuffer(b"".join(lines), np.uint8) == ord("@"))
    return from_events(spikes // width, spikes % width, len(lines)), width


def binary_rows(content: bytes, name: str, size: int) -> Spikes:
    """Bit masks, each row padded to 8 bytes, lowest bit first.

    Raises
    ------
    DataError
        If the size is no multiple of a row's, or a bit beyond the nodes is set.
    """
    width = -(-size // 64) * 8
    if not content or len(content) % width:
        raise DataError(f"{name}: {len(content)} bytes, expected a multiple of {width} for {size} nodes")
    packed = np.frombuffer(content, np.uint8).reshape(-1, width)
    longest = max(1, ROOM // (width * 8))
    steps, nodes = [], []
    for first in range(0, len(packed), longest):
        step, node = np.nonzero(np.unpackbits(packed[first : first + longest], axis=1, bitorder="little"))
        if (node >= size).any():
            raise DataError(f"{name}: step {first + step[node >= size][0]} has spikes beyond its {size} nodes")
        steps.append(step + first)
        nodes.append(node.astype(np.int32))
    return from_events(np.concatenate(steps), np.concatenate(nodes), len(packed))


def without_count(content: bytes, name: str, size: int) -> bytes:
    """Bit masks without the 4-byte neuron count that a recording begins with.

    Rows are multiples of 8 bytes, so the length of the content says whether the count is there.

    Raises
    ------
    DataError
        If the count is another one.
    """
    if len(content) % 8 != 4:
        return content
    counted = int.from_bytes(content[:4], "little")
    if counted != size:
        raise DataError(f"{name}: a recording of {counted} neurons, expected {size} nodes")
    return content[4:]


def raw_images(content: bytes, name: str, nodes: int, offset: int) -> np.ndarray:
    """Raw images back to back as uint8 of shape (n, nodes).

    Raises
    ------
    DataError
        If what follows the offset is no whole number of images.
    """
    length = len(content) - offset
    if length <= 0 or length % nodes:
        raise DataError(
            f"{name}: {len(content)} bytes, expected {offset} and a multiple of {nodes} (one image) after them"
        )
    return np.frombuffer(content, np.uint8, offset=offset).reshape(-1, nodes)


def csv_values(content: bytes, name: str, size: int | None) -> np.ndarray:
    """CSV records as float of shape (n, nodes); a first line of names, one a node, is skipped.

    Raises
    ------
    DataError
        For fields that are no finite number, or records that are not `size` (or as the first one) long.
    """
    lines = text_lines(content, name)
    if not lines:
        raise DataError(f"{name}: is empty, expected comma-separated numbers")
    if not lines[0]:
        raise DataError(f"{name}:1: is empty, expected comma-separated numbers")
    names = _fields(lines[0])
    width = size or len(names)
    first = 1
    if len(lines) > 1 and len(names) > 1 and names == [str(node) for node in range(len(names))]:
        said = f"the numbers 0 to {len(names) - 1} are read as a record; if they name the nodes, remove the line"
        warnings.warn(f"{name}:1: {said}", DataWarning, stacklevel=2)
    if _is_header(names):
        _check_header(names, width, name)
        first = 2
    values = np.empty((len(lines) - first + 1, width))
    for number, line in enumerate(lines[first - 1 :], first):
        fields = _fields(line)
        if len(fields) != width:
            found = _count(fields, "number")
            raise DataError(f"{name}:{number}: {found}, expected {width} with commas between them")
        strange = next((field for field in fields if not _NUMBER.match(field)), None)
        if strange is not None:
            raise DataError(f"{name}:{number}: {strange[:40]!r} is not a number")
        values[number - first] = [float(field) for field in fields]
    if not len(values):
        raise DataError(f"{name}: has names in its first line, but no numbers")
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise DataError(f"{name}:{row + first}: a number is too large")
    return values


def _fields(line: str) -> list[str]:
    return [field.strip() for field in line.split(",")]


def _count(fields: list[str], what: str) -> str:
    return f"{len(fields)} {what}" + ("" if len(fields) == 1 else "s")


def _is_header(fields: list[str]) -> bool:
    """Whether a first line has names: no field means a number (nan and "1" do), and one has a letter."""
    return not any(map(_means_number, fields)) and any(map(_LETTER.search, fields))


def _means_number(field: str) -> bool:
    try:
        float(field.strip("\"' "))
    except ValueError:
        return False
    return True


def _check_header(names: list[str], width: int, name: str) -> None:
    """DataError unless there is a name for every node: a column without one is an index, not a node."""
    if len(names) != width:
        raise DataError(f"{name}:1: {_count(names, 'name')}, expected {width} with commas between them")
    if not all(names):
        raise DataError(f"{name}:1: column {names.index('') + 1} has no name; expected one for every node")


def label_lines(content: bytes, name: str, classes: Sequence[int], no_class: str | None) -> np.ndarray:
    """One label a line, as the number of its class from 0 on, of `small_type`.

    Parameters
    ----------
    content, name
    classes : sequence of int
        Label of each class.
    no_class : str or None
        Label of objects without a class, which become -1; told by its text, or as the same whole number.

    Raises
    ------
    DataError
        If another line is not a label (``3``, or ``3.000e+00`` as numpy.savetxt writes it), or there is none.
    """
    text = _text(content, name)
    # Blank lines at the end are objects, too, where a blank line says that there is no class.
    text = text.removesuffix("\n") if no_class == "" and content else text.rstrip()
    if not text and not (no_class == "" and content):
        raise DataError(f"{name}: is empty, expected one label a line")
    known = {label: number for number, label in enumerate(classes)}
    absent = None if no_class is None else whole(no_class)
    also = "" if no_class is None else f" or {no_class!r:.40} for no class"
    labels = np.empty(text.count("\n") + 1, dtype=small_type(len(classes)))
    met: dict[str, int] = {}
    number = 0
    for lines in _some_lines(text):
        for line in lines:
            if line not in met:
                met[line] = _class_of(line.strip(), f"{name}:{number + 1}", known, no_class, absent, also)
            labels[number] = met[line]
            number += 1
    return labels


def small_type(classes: int) -> np.dtype[Any]:
    """The smallest type of integers that holds so many classes and -1."""
    return np.min_scalar_type(-max(classes, 1))


def _some_lines(text: str) -> Iterator[list[str]]:
    """All lines of a text, some at a time: a list of all would be many times as large as the text."""
    at = 0
    while at <= len(text):
        end = text.find("\n", at + SOME)
        end = len(text) if end < 0 else end
        yield text[at:end].split("\n")
        at = end + 1


def _class_of(
    line: str, where: str, known: Mapping[int, int], no_class: str | None, absent: int | None, also: str
) -> int:
    """The class that a line names. DataError."""
    label = whole(line)
    if line == no_class or (label is not None and label == absent):
        return -1
    if label is None:
        raise DataError(f"{where}: {line[:40]!r} is not a label, expected a whole number{also}")
    if label not in known:
        raise DataError(f"{where}: label {label}, expected {_span(list(known))}{also}")
    return known[label]


def _span(classes: Sequence[int]) -> str:
    """Ascending labels in words."""
    low, high = classes[0], classes[-1]
    missing = set(range(low, high + 1)) - set(classes)
    return f"{low}..{high}" + "".join(f" without {label}" for label in missing)
