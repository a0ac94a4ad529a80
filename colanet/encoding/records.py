"""Recorded spikes as files in the three ArNI-X formats: text, binary, list.

The streamers take spikes part by part, so that a recording need not fit in memory; the writers take two arrays in
any order. Both write to the path they are given, so callers that need whole files pass a temporary one. The readers
give a `Record` sorted by step and neuron.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from colanet.encoding import files
from colanet.encoding.stretch import ROOM, Spikes, steps_of
from colanet.errors import DataError
from colanet.units import FOREVER


class Part(NamedTuple):
    """Spikes of some steps in a row.

    Attributes
    ----------
    first : int
        The first step.
    counts : ndarray of int, shape (n_steps,)
        Spikes of each step.
    neurons : ndarray of int, shape (n_spikes,)
        Ascending within a step.
    """

    first: int
    counts: np.ndarray
    neurons: np.ndarray

    def steps(self) -> np.ndarray:
        """Step of every spike, int64."""
        if not len(self.neurons):  # however long the silence is
            return np.zeros(0, dtype=np.int64)
        return np.repeat(np.arange(self.first, self.first + len(self.counts), dtype=np.int64), self.counts)


Parts = Iterable[Part]
"""Parts one after another without a gap; can be iterated more than once."""

_STEPS = re.compile(r"([0-9]+(,[0-9]+)*)?\Z")
_LONGEST_STEP = 40
"""Digits; Python reads no number of thousands of them."""


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


def _part(steps: np.ndarray, neurons: np.ndarray, n_steps: int) -> Part:
    """Spikes given in any order as one part that begins at step 0."""
    order = np.lexsort((neurons, steps))
    return Part(0, np.bincount(steps, minlength=n_steps), np.asarray(neurons)[order])


def _matrices(parts: Parts, size: int) -> Iterator[np.ndarray]:
    """The spikes as bool matrices (steps, neurons) of at most `ROOM` entries, one after another."""
    longest = max(1, ROOM // max(size, 1))
    for part in parts:
        at = 0
        for first in range(0, len(part.counts), longest):
            counts = part.counts[first : first + longest]
            rows = np.zeros((len(counts), size), dtype=bool)
            spikes = int(counts.sum())
            rows[np.repeat(np.arange(len(counts)), counts), part.neurons[at : at + spikes]] = True
            at += spikes
            yield rows


def stream_text(path: str | os.PathLike[str], parts: Parts, size: int) -> None:
    """One row a step and one column a neuron, `@` for a spike and `.` for none."""
    with open(path, "wb") as file:
        for rows in _matrices(parts, size):
            signs = np.full((len(rows), size + 1), ord("\n"), dtype=np.uint8)
            signs[:, :size] = np.where(rows, ord("@"), ord("."))
            file.write(signs.tobytes())


def stream_binary(path: str | os.PathLike[str], parts: Parts, size: int) -> None:
    """A 4-byte neuron count, then one bit mask a step, each padded to 8 bytes; lowest byte and bit first."""
    with open(path, "wb") as file:
        file.write(size.to_bytes(4, "little"))
        for rows in _matrices(parts, size):
            padded = np.zeros((len(rows), -(-size // 64) * 64), dtype=bool)
            padded[:, :size] = rows
            file.write(np.packbits(padded, axis=1, bitorder="little").tobytes())


def stream_list(path: str | os.PathLike[str], parts: Parts, size: int) -> None:
    """One line a neuron with its firing steps, ascending, comma-separated; an empty line if it never fired.

    The parts are gone through once for every `ROOM` spikes, so that memory stays small whatever was recorded.
    """
    totals = np.zeros(size, dtype=np.int64)
    for part in parts:
        totals += np.bincount(part.neurons, minlength=size)
    with open(path, "w", encoding="ascii", newline="\n") as file:
        for first, last in _groups(totals):
            if last - first == 1:
                _write_line(file, parts, first)
            else:
                _write_lines(file, parts, first, last)


def _groups(totals: np.ndarray) -> Iterator[tuple[int, int]]:
    """Cut the neurons into ranges of at most `ROOM` spikes, of one neuron at least."""
    ends = np.concatenate([[0], np.cumsum(totals)])
    first = 0
    while first < len(totals):
        last = int(np.searchsorted(ends, ends[first] + ROOM, side="right")) - 1
        last = max(last, first + 1)
        yield first, last
        first = last


def _write_line(file: IO[str], parts: Parts, neuron: int) -> None:
    """The steps of one neuron, written as they come."""
    comma = ""
    for part in parts:
        fired = part.steps()[part.neurons == neuron]
        if len(fired):
            file.write(comma + ",".join(map(str, fired.tolist())))
            comma = ","
    file.write("\n")


def _write_lines(file: IO[str], parts: Parts, first: int, last: int) -> None:
    """The steps of the neurons first..last-1, all in memory."""
    steps, neurons = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for part in parts:
        mine = (part.neurons >= first) & (part.neurons < last)
        steps.append(part.steps()[mine])
        neurons.append(part.neurons[mine])
    all_neurons = np.concatenate(neurons)
    order = np.argsort(all_neurons, kind="stable")
    fired, ends = np.concatenate(steps)[order], np.searchsorted(all_neurons[order], np.arange(first, last + 1))
    for start, stop in pairwise(ends):
        file.write(",".join(map(str, fired[start:stop].tolist())) + "\n")


def write_text(
    path: str | os.PathLike[str], steps: np.ndarray, neurons: np.ndarray, size: int, n_steps: int
) -> None:
    """`stream_text` of spikes given in any order."""
    stream_text(path, [_part(steps, neurons, n_steps)], size)


def write_binary(
    path: str | os.PathLike[str], steps: np.ndarray, neurons: np.ndarray, size: int, n_steps: int
) -> None:
    """`stream_binary` of spikes given in any order."""
    stream_binary(path, [_part(steps, neurons, n_steps)], size)


def write_list(
    path: str | os.PathLike[str], steps: np.ndarray, neurons: np.ndarray, size: int, n_steps: int
) -> None:
    """`stream_list` of spikes given in any order."""
    stream_list(path, [_part(steps, neurons, n_steps)], size)


def _record(rows: Spikes, size: int) -> Record:
    return Record(steps_of(rows), rows[1].astype(np.int64), size, len(rows[0]) - 1)


def read_text(path: str | os.PathLike[str]) -> Record:
    """Spikes of a file of `write_text`. DataError if the file is not of that form or has no step."""
    return _record(*files.text_rows(*files.content_of(Path(path), None), None))


def read_binary(path: str | os.PathLike[str]) -> Record:
    """Spikes of a file of `write_binary`. DataError if the file is not of that form or has no step."""
    content, name = files.content_of(Path(path), None)
    size = int.from_bytes(content[:4], "little")
    if len(content) < 4 or size == 0:
        raise DataError(f"{name}: expected a neuron count of 4 bytes, at least 1, at its beginning")
    return _record(files.binary_rows(content[4:], name, size), size)


def read_list(path: str | os.PathLike[str], n_steps: int | None = None) -> Record:
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
    end = FOREVER if n_steps is None else n_steps
    parts = []
    for number, line in enumerate(lines, 1):
        if not _STEPS.match(line.strip()):
            raise DataError(f"{name}:{number}: not a comma-separated list of steps")
        fields = [field for field in line.strip().split(",") if field]
        longest = max(map(len, fields), default=0)
        if longest > _LONGEST_STEP:
            raise DataError(f"{name}:{number}: a step of {longest} digits, expected below {end}")
        fired = [int(field) for field in fields]
        if fired and max(fired) >= end:
            raise DataError(f"{name}:{number}: step {max(fired)}, expected below {end}")
        parts.append(np.array(fired, dtype=np.int64))
    steps = np.concatenate(parts)
    neurons = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = np.lexsort((neurons, steps))
    last = int(steps.max(initial=-1)) + 1
    return Record(steps[order], neurons[order], len(parts), last if n_steps is None else n_steps)


STREAMERS: dict[str, Callable[..., None]] = {"text": stream_text, "binary": stream_binary, "list": stream_list}
WRITERS: dict[str, Callable[..., None]] = {"text": write_text, "binary": write_binary, "list": write_list}
READERS: dict[str, Callable[..., Record]] = {"text": read_text, "binary": read_binary, "list": read_list}
