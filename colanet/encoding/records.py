"""Recorded spikes as files in the three ArNI-X formats: text, binary, list."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from colanet.encoding import files
from colanet.errors import DataError


def _matrix(steps: np.ndarray, neurons: np.ndarray, size: int, n_steps: int) -> np.ndarray:
    rows = np.zeros((n_steps, size), dtype=bool)
    rows[steps, neurons] = True
    return rows


def write_text(path: str | os.PathLike, steps: np.ndarray, neurons: np.ndarray, size: int, n_steps: int) -> None:
    """One row a step and one column a neuron, `@` for a spike and `.` for none."""
    rows = np.where(_matrix(steps, neurons, size, n_steps), b"@", b".")
    Path(path).write_bytes(b"".join(row.tobytes() + b"\n" for row in rows))


def write_binary(path: str | os.PathLike, steps: np.ndarray, neurons: np.ndarray, size: int, n_steps: int) -> None:
    """A 4-byte neuron count, then one bit mask a step, each padded to 8 bytes; lowest bit first."""
    padded = np.zeros((n_steps, -(-size // 64) * 64), dtype=bool)
    padded[:, :size] = _matrix(steps, neurons, size, n_steps)
    masks = np.packbits(padded, axis=1, bitorder="little").tobytes()
    Path(path).write_bytes(size.to_bytes(4, "little") + masks)


def write_list(path: str | os.PathLike, steps: np.ndarray, neurons: np.ndarray, size: int, n_steps: int) -> None:
    """One line a neuron with its firing steps, comma-separated."""
    order = np.lexsort((steps, neurons))
    parts = np.split(steps[order], np.searchsorted(neurons[order], np.arange(1, size)))
    Path(path).write_text("".join(",".join(map(str, part)) + "\n" for part in parts))


def read_text(path: str | os.PathLike) -> np.ndarray:
    """Spikes of `write_text`, bool of shape (steps, neurons). DataError if the file is not of that form."""
    return files.text_rows(*files.content_of(Path(path), None), None)


def read_binary(path: str | os.PathLike) -> np.ndarray:
    """Spikes of `write_binary`, bool of shape (steps, neurons). DataError if the file is not of that form."""
    content, name = files.content_of(Path(path), None)
    if len(content) < 4:
        raise DataError(f"{name}: {len(content)} bytes, expected a neuron count of 4 bytes")
    return files.binary_rows(content[4:], name, int.from_bytes(content[:4], "little"))


def read_list(path: str | os.PathLike) -> list[np.ndarray]:
    """Firing steps of each neuron, as `write_list` wrote them."""
    lines = Path(path).read_text().splitlines()
    return [np.array([int(field) for field in line.split(",") if field], dtype=np.int64) for line in lines]


WRITERS: dict[str, Callable[..., None]] = {"text": write_text, "binary": write_binary, "list": write_list}
