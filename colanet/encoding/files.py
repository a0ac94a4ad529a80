"""Reading the data files that inputs name. Every fault is one line with file and, where it helps, line."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np

from colanet.encoding.stretch import ROOM, Spikes, from_events
from colanet.errors import DataError
from colanet.reading import bounded, read_bytes

_WHOLE = re.compile(r"[+-]?[0-9]+\Z")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")


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


def text_lines(content: bytes, name: str) -> list[str]:
    """Lines of a text file without blanks at their ends and without trailing empty ones.

    Raises
    ------
    DataError
        If the file is not UTF-8.
    """
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: not a text file, byte {error.start} is not UTF-8") from error
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.rstrip() for line in lines]


def text_rows(content: bytes, name: str, size: int | None) -> tuple[Spikes, int]:
    """Rows of `@` and `.`: the spikes and the number of nodes.

    Raises
    ------
    DataError
        For other characters, or rows that are not `size` (or as the first one) long.
    """
    lines = [line.rstrip() for line in content.rstrip().split(b"\n")]
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
    """CSV records as float of shape (n, nodes).

    Raises
    ------
    DataError
        For fields that are no finite number, or records that are not `size` (or as the first one) long.
    """
    lines = text_lines(content, name)
    if not lines:
        raise DataError(f"{name}: is empty, expected comma-separated numbers")
    width = size or lines[0].count(",") + 1
    values = np.empty((len(lines), width))
    for number, line in enumerate(lines, 1):
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != width:
            raise DataError(f"{name}:{number}: {len(fields)} numbers, expected {width}")
        strange = next((field for field in fields if not _NUMBER.match(field)), None)
        if strange is not None:
            raise DataError(f"{name}:{number}: {strange[:40]!r} is not a number")
        values[number - 1] = [float(field) for field in fields]
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise DataError(f"{name}:{row + 1}: a number is too large")
    return values


def label_lines(content: bytes, name: str, classes: int, no_class: int | None) -> np.ndarray:
    """One label a line, int64; `no_class` stands for objects without a class.

    Raises
    ------
    DataError
        If a line is not a whole number of 0..classes-1 (or `no_class`), or there is none.
    """
    lines = text_lines(content, name)
    if not lines:
        raise DataError(f"{name}: is empty, expected one label a line")
    labels = np.empty(len(lines), dtype=np.int64)
    also = "" if no_class is None else f" or {no_class} for no class"
    for number, line in enumerate(lines, 1):
        if not _WHOLE.match(line.strip()):
            raise DataError(f"{name}:{number}: {line[:40]!r} is not a label, expected a whole number")
        label = int(line[:40])
        if not 0 <= label < classes and label != no_class:
            raise DataError(f"{name}:{number}: label {label}, expected 0..{classes - 1}{also}")
        labels[number - 1] = label
    return labels
