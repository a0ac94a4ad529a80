"""Reading the data files that inputs name. Every fault is one line with file and, where it helps, line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np

from colanet.datasets.idx import read_bytes
from colanet.errors import DataError


def content_of(path: Path | None, stdin: BinaryIO | None) -> tuple[bytes, str]:
    """Bytes of a file or of standard input, and a name for messages.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    if path is None:
        return (stdin or sys.stdin.buffer).read(), "standard input"
    return read_bytes(path), str(path)


def text_lines(content: bytes, name: str) -> list[str]:
    """Lines of a text file without trailing empty ones."""
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: not a text file, byte {error.start} is not UTF-8") from error
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.rstrip() for line in lines]


def text_rows(content: bytes, name: str, size: int | None) -> np.ndarray:
    """Rows of `@` and `.` as bool of shape (steps, nodes).

    Raises
    ------
    DataError
        For other characters, or rows that are not `size` (or as the first one) long.
    """
    lines = text_lines(content, name)
    if not lines:
        raise DataError(f"{name}: is empty, expected rows of @ and .")
    width = size or len(lines[0])
    rows = np.zeros((len(lines), width), dtype=bool)
    for number, line in enumerate(lines, 1):
        if len(line) != width:
            raise DataError(f"{name}:{number}: {len(line)} characters, expected {width}")
        strange = set(line) - {"@", "."}
        if strange:
            raise DataError(f"{name}:{number}: character {sorted(strange)[0]!r}, expected @ or .")
        rows[number - 1] = [character == "@" for character in line]
    return rows


def binary_rows(content: bytes, name: str, size: int) -> np.ndarray:
    """Bit masks, each row padded to 8 bytes, lowest bit first, as bool of shape (steps, nodes)."""
    width = -(-size // 64) * 8
    if not content or len(content) % width:
        raise DataError(f"{name}: {len(content)} bytes, expected a multiple of {width} for {size} nodes")
    packed = np.frombuffer(content, np.uint8).reshape(-1, width)
    bits = np.unpackbits(packed, axis=1, bitorder="little")
    if bits[:, size:].any():
        step = int(np.flatnonzero(bits[:, size:].any(axis=1))[0])
        raise DataError(f"{name}: step {step} has spikes beyond its {size} nodes")
    return bits[:, :size].astype(bool)


def raw_images(content: bytes, name: str, nodes: int, offset: int) -> np.ndarray:
    """Raw images back to back as uint8 of shape (n, nodes)."""
    length = len(content) - offset
    if length <= 0 or length % nodes:
        raise DataError(
            f"{name}: {len(content)} bytes, expected {offset} and a multiple of {nodes} (one image) after them"
        )
    return np.frombuffer(content, np.uint8, offset=offset).reshape(-1, nodes)


def csv_values(content: bytes, name: str, size: int | None) -> np.ndarray:
    """CSV records as float of shape (n, nodes)."""
    lines = text_lines(content, name)
    if not lines:
        raise DataError(f"{name}: is empty, expected comma-separated numbers")
    records: list[list[float]] = []
    for number, line in enumerate(lines, 1):
        try:
            record = [float(field) for field in line.split(",")]
        except ValueError as error:
            raise DataError(f"{name}:{number}: {str(error).split(':')[-1].strip()} is not a number") from error
        if not np.isfinite(record).all():
            raise DataError(f"{name}:{number}: a number is not finite")
        width = size or len(records[0] if records else record)
        if len(record) != width:
            raise DataError(f"{name}:{number}: {len(record)} numbers, expected {width}")
        records.append(record)
    return np.array(records)


def label_lines(content: bytes, name: str, classes: int, no_class: int | None) -> np.ndarray:
    """One label a line, int64; `no_class` stands for objects without a class.

    Raises
    ------
    DataError
        If a line is not a whole number of 0..classes-1 (or `no_class`).
    """
    labels = []
    for number, line in enumerate(text_lines(content, name), 1):
        try:
            label = int(line)
        except ValueError as error:
            raise DataError(f"{name}:{number}: {line!r} is not a label, expected a whole number") from error
        if not 0 <= label < classes and label != no_class:
            raise DataError(f"{name}:{number}: label {label}, expected 0..{classes - 1}")
        labels.append(label)
    return np.array(labels, dtype=np.int64)


def resolve(source: str, base_dir: str | os.PathLike) -> Path:
    """A file name of a configuration, relative to the configuration's folder."""
    return Path(base_dir) / source
