"""Recorded spikes as files in the three ArNI-X formats: text, binary, list.

The writers take spikes as two arrays in any order; they write to the path they are given, so callers that need
whole files pass a temporary one. The readers give a `Record` sorted by step and neuron.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from colanet.encoding import files
from colanet.encoding.stretch import ROOM, Spikes, steps_of
from colanet.errors import DataError

_STEPS = re.compile(r"([0-9]+(,[0-9]+)*)?\Z")


@dataclass(frozen=True, eq=False)
class Record:
    """Spikes of `size` neurons over `n_steps` steps.

    Attributes
    ----------
    steps, neurons : ndarray of int64, shape (n_spikes,)
    size, n_steps : int
    """

    steps: np.ndarray
    neurons: np.ndarray
    size: int
    n_steps: int


def _matrices(steps: np.ndarray, neurons: np.ndarray, size: int, n_steps: int) -> Iterator[np.ndarray]:
    """The spikes as bool matrices (steps, neurons) of at most `ROOM` entries, one after another."""
    order = np.argsort(steps, kind="stable")
    steps, neurons = steps[order], neurons[order]
    longest = max(1, ROOM // max(size, 1))
    for first in range(0, n_steps, longest):
        rows = np.zeros((min(longest, n_steps - first), size), dtype=bool)
        here = slice(*np.searchsorted(steps, (first, first + len(rows))))
        rows[steps[here] - first, neurons[here]] = True
        yield rows


def write_text(path: str | os.PathLike, steps: np.ndarray, neurons: np.ndarray, size: int, n_steps: int) -> None:
    """One row a step and one column a neuron, `@` for a spike and `.` for none."""
    with open(path, "wb") as file:
        for rows in _matrices(steps, neurons, size, n_steps):
            signs = np.full((len(rows), size + 1), ord("\n"), dtype=np.uint8)
            signs[:, :size] = np.where(rows, ord("@"), ord("."))
            file.write(signs.tobytes())


def write_binary(path: str | os.PathLike, steps: np.ndarray, neurons: np.ndarray, size: int, n_steps: int) -> None:
    """A 4-byte neuron count, then one bit mask a step, each padded to 8 bytes; lowest byte and bit first."""
    with open(path, "wb") as file:
        file.write(size.to_bytes(4, "little"))
        for rows in _matrices(steps, neurons, size, n_steps):
            padded = np.zeros((len(rows), -(-size // 64) * 64), dtype=bool)
            padded[:, :size] = rows
            file.write(np.packbits(padded, axis=1, bitorder="little").tobytes())


def write_list(path: str | os.PathLike, steps: np.ndarray, neurons: np.ndarray, size: int, n_steps: int) -> None:
    """One line a neuron with its firing steps, ascending, comma-separated; an empty line if it never fired."""
    order = np.lexsort((steps, neurons))
    steps, ends = steps[order], np.searchsorted(neurons[order], np.arange(size + 1))
    with open(path, "w", encoding="ascii", newline="\n") as file:
        for first, last in pairwise(ends):
            file.write(",".join(map(str, steps[first:last].tolist())) + "\n")


def _record(rows: Spikes, size: int) -> Record:
    return Record(steps_of(rows), rows[1].astype(np.int64), size, len(rows[0]) - 1)


def read_text(path: str | os.PathLike) -> Record:
    """Spikes of a file of `write_text`. DataError if the file is not of that form or has no step."""
    return _record(*files.text_rows(*files.content_of(Path(path), None), None))


def read_binary(path: str | os.PathLike) -> Record:
    """Spikes of a file of `write_binary`. DataError if the file is not of that form or has no step."""
    content, name = files.content_of(Path(path), None)
    size = int.from_bytes(content[:4], "little")
    if len(content) < 4 or size == 0:
        raise DataError(f"{name}: expected a neuron count of 4 bytes, at least 1, at its beginning")
    return _record(files.binary_rows(content[4:], name, size), size)


def read_list(path: str | os.PathLike, n_steps: int | None = None) -> Record:
    """Spikes of a file of `write_list`, which does not say how many steps there were; None: up to the last spike.

    Raises
    ------
    DataError
        If a line is no list of whole numbers, or a step lies beyond `n_steps`.
    """
    content, name = files.content_of(Path(path), None)
    content = files.without_marks(content, name)
    lines = content.decode("ascii", "replace").split("\n")[:-1] if content.endswith(b"\n") else None
    if lines is None:
        raise DataError(f"{name}: does not end with a line break, expected one line a neuron")
    parts = []
    for number, line in enumerate(lines, 1):
        if not _STEPS.match(line.strip()):
            raise DataError(f"{name}:{number}: not a comma-separated list of steps")
        fired = [int(field) for field in line.strip().split(",") if field]
        if fired and max(fired) >= (2**62 if n_steps is None else n_steps):
            raise DataError(f"{name}:{number}: step {max(fired)}, expected below {n_steps or 2**62}")
        parts.append(np.array(fired, dtype=np.int64))
    steps = np.concatenate(parts)
    neurons = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = np.lexsort((neurons, steps))
    last = int(steps.max(initial=-1)) + 1
    return Record(steps[order], neurons[order], len(parts), last if n_steps is None else n_steps)


WRITERS: dict[str, Callable[..., None]] = {"text": write_text, "binary": write_binary, "list": write_list}
READERS: dict[str, Callable[..., Record]] = {"text": read_text, "binary": read_binary, "list": read_list}
