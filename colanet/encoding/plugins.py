"""Inputs whose spikes a package makes, by an entry point of the group ``colanet.inputs``.

A package offers a function that makes a source out of what the configuration says::

    def make(args, *, name, size, seed, base_dir):
        return Eyes(size or 100, float(args.get("rate", "0.1")), seed)

    class Eyes:
        size = 100      # nodes
        n_steps = None  # steps there are; None: no end

        def spikes(self, first, last):
            ...         # a matrix of (last - first, size): what is not 0 is a spike

``spikes`` must give the same spikes for a step whenever and however often it is asked, in stretches of any length:
a run is cut into parts, saved and resumed. Instead of a matrix it may return ``(ptr, index)``: the nodes that fire
at step t, ascending, each once, are ``index[ptr[t - first] : ptr[t - first + 1]]``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeGuard

import numpy as np

from colanet import hashing
from colanet.config.model import PluginInput
from colanet.doors import INPUTS
from colanet.encoding.sources import Noise, Source
from colanet.encoding.stretch import Spikes, blocks
from colanet.errors import ColanetError, DataError, first_line, one_line
from colanet.hashing import Stream


class Made(Protocol):
    """What a package's maker returns. It may also have `n_steps` and `labels`, one name a node."""

    size: int

    def spikes(self, first: int, last: int) -> Any:
        """Spikes of the steps first <= t < last: a matrix of shape (last - first, size), or (ptr, index)."""
        ...


class Maker(Protocol):
    """What an entry point of ``colanet.inputs`` is."""

    def __call__(
        self, args: dict[str, Any], *, name: str, size: int | None, seed: int, base_dir: Path
    ) -> Made:
        """A source.

        Parameters
        ----------
        args : dict
            As `PluginInput.args`.
        name : str
            Of the input.
        size : int or None
            Nodes, as the configuration says.
        seed : int
            From 0 to 2^64 - 1, another one for every input and every seed of the run.
        base_dir : Path
            Folder of the configuration.
        """
        ...


class Asked:
    """A part of a source that asks a package, and checks what it answers."""

    def __init__(self, made: Made, described: PluginInput, size: int) -> None:
        self.made, self.described, self.size = made, described, size

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop. DataError if the package fails or answers what cannot be."""
        pieces = [self._piece(first, last) for first, last in blocks(start, stop, self.size)]
        counts = [np.diff(ptr) for ptr, _ in pieces]
        ptr = np.concatenate([[0], np.cumsum(np.concatenate(counts))]) if pieces else np.zeros(1)
        index = np.concatenate([index for _, index in pieces]) if pieces else np.zeros(0)
        return ptr.astype(np.int64), index.astype(np.int32)

    def _piece(self, first: int, last: int) -> Spikes:
        found = attempt(self.described, lambda: self.made.spikes(first, last))
        if isinstance(found, tuple) and len(found) == 2:
            return self._checked(np.asarray(found[0]), np.asarray(found[1]), last - first)
        matrix = np.asarray(found)
        if matrix.shape != (last - first, self.size) or matrix.dtype.kind not in "biuf":
            expected = f"a matrix of shape {(last - first, self.size)} or (ptr, index)"
            raise self._wrong(f"spikes({first}, {last}) are {matrix.dtype} {matrix.shape}, expected {expected}")
        steps, nodes = np.nonzero(matrix)
        return np.searchsorted(steps, np.arange(last - first + 1)), nodes

    def _checked(self, ptr: np.ndarray, index: np.ndarray, steps: int) -> Spikes:
        if ptr.dtype.kind not in "iu" or ptr.shape != (steps + 1,):
            raise self._wrong(f"ptr is {ptr.dtype} {ptr.shape}, expected integers of shape {(steps + 1,)}")
        if index.ndim != 1 or (index.size and index.dtype.kind not in "iu"):
            raise self._wrong(f"index is {index.dtype} {index.shape}, expected a row of integers")
        ptr, index = ptr.astype(np.int64), index.astype(np.int64)
        if ptr[0] != 0 or (np.diff(ptr) < 0).any() or ptr[-1] != len(index):
            raise self._wrong(f"ptr does not go up from 0 to the {len(index)} spikes of index")
        if index.size and not (index.min() >= 0 and index.max() < self.size):
            raise self._wrong(f"nodes {index.min()} to {index.max()}, but it has {self.size}")
        ascending = np.diff(index) > 0
        ascending[ptr[1:-1][(ptr[1:-1] > 0) & (ptr[1:-1] < len(index))] - 1] = True
        if not ascending.all():
            raise self._wrong("nodes of a step are not ascending, each once")
        return ptr, index

    def _wrong(self, message: str) -> DataError:
        return DataError(f"input {self.described.name}: plug-in {self.described.lib}: {message}")


def attempt(described: PluginInput, work: Callable[[], Any]) -> Any:
    """What a package's function returns; whatever it raises becomes one line.

    Raises
    ------
    DataError
    """
    try:
        return work()
    except MemoryError:
        raise
    except Exception as error:
        said = first_line(error) if isinstance(error, ColanetError) else one_line(error)
        raise DataError(f"input {described.name}: plug-in {described.lib}: {said}") from error


def plugin_input(
    described: PluginInput, number: int, seed: int, base_dir: Path, first_of: dict[str, Any]
) -> tuple[Source, Any]:
    """The source of an input of a plug-in, or the noise in its place, and what the package made (None: noise).

    Parameters
    ----------
    described : PluginInput
    number : int
        The input's place in the configuration.
    seed : int
        Of the run.
    base_dir : Path
    first_of : dict
        By library, what was made for the first input of it; this one is added.

    Raises
    ------
    ConfigError
        If no installed package has the library.
    DataError
        If the package fails, or its size is none, or another than the configuration's.
    """
    key = hashing.key(seed, hashing.stream(Stream.INPUT_NOISE, number))
    if described.stand_in is not None:
        if described.size is None:
            raise DataError(f"input {described.name}: the noise in its place needs a size")
        return Source(described.name, described.size, None, [Noise(described.size, described.stand_in, key)]), None
    make: Maker = getattr(first_of.get(described.lib), "beside", None) or INPUTS.get(described.lib)
    made = attempt(
        described,
        lambda: make(described.args, name=described.name, size=described.size, seed=int(key), base_dir=base_dir),
    )
    first_of.setdefault(described.lib, made)
    size, n_steps = getattr(made, "size", None), getattr(made, "n_steps", None)
    where = f"input {described.name}: plug-in {described.lib}"
    if not _whole(size, 1) or not callable(getattr(made, "spikes", None)):
        raise DataError(f"{where}: made no source with a size of 1 or more nodes and a function spikes")
    if described.size not in (None, size):
        raise DataError(f"{where}: has {size} nodes, expected {described.size}")
    if n_steps is not None and not _whole(n_steps, 0):
        raise DataError(f"{where}: n_steps is {n_steps!r:.60}, expected a whole number or None")
    part = Asked(made, described, int(size))
    return Source(described.name, int(size), None if n_steps is None else int(n_steps), [part]), made


def _whole(value: Any, least: int) -> TypeGuard[int]:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= least
