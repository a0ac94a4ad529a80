"""Spike sources. Each can make any stretch of its spikes at any time, so that a run may be cut and resumed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from colanet import hashing
from colanet.encoding.coding import Poisson, Schedule
from colanet.encoding.stretch import BitSpikes, Spikes, empty, merge, take
from colanet.hashing import Stream
from colanet.units import FOREVER


class SpikeSource(Protocol):
    """An input: `size` nodes, `n_steps` steps (None: endless). It makes any stretch of its spikes at any time."""

    name: str
    size: int
    n_steps: int | None

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop: ptr int64 (stop - start + 1,), index int32."""
        ...


class Part(Protocol):
    """What adds spikes to a source."""

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop."""
        ...


class Noise:
    """Every node fires independently with the same probability at every step, to within 2^-16."""

    def __init__(self, size: int, probability: float, key: int) -> None:
        # One image of equal pixels that is shown for ever.
        grey, ever = np.ones((1, size), dtype=np.uint8), Schedule(FOREVER, FOREVER, 1)
        self.poisson = Poisson(grey, ever, 1.0, key)
        self.poisson.limit[1] = round(65536 * probability)

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop."""
        return self.poisson.spikes(start, stop)

    def bits(self, start: int, stop: int) -> BitSpikes:
        """The same as bit sets."""
        return self.poisson.bits(start, stop)


class Pacemaker:
    """Node 0 fires at every step t with t mod period = 0."""

    def __init__(self, period: int) -> None:
        self.period = period

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop."""
        fires = np.arange(start, stop) % self.period == 0
        return np.concatenate([[0], np.cumsum(fires)]).astype(np.int64), np.zeros(fires.sum(), dtype=np.int32)


class Rows:
    """Spikes given row by row, one row a step.

    Parameters
    ----------
    rows : Spikes
        Of all steps of the data.
    schedule : Schedule
        With period 1 and one object a row.
    """

    def __init__(self, rows: Spikes, schedule: Schedule) -> None:
        self.rows, self.schedule = rows, schedule

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop."""
        shift = self.schedule.skip
        return take(self.rows, self.schedule.order(start + shift, stop + shift))


class Labels:
    """The node of the shown object's class fires at given steps of its period, for the objects that are taught.

    Parameters
    ----------
    nodes : ndarray of int, shape (n_taught,)
        Class of each taught object, -1 for none.
    period : int
    offsets : ndarray of int
        Steps of the period at which it fires, ascending.
    """

    def __init__(self, nodes: np.ndarray, period: int, offsets: np.ndarray) -> None:
        self.nodes, self.period, self.offsets = nodes, period, offsets

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop."""
        first, last = (min(step // self.period, len(self.nodes)) for step in (start, stop + self.period - 1))
        node = np.repeat(self.nodes[first:last], len(self.offsets))
        at = (np.arange(first, last)[:, None] * self.period + self.offsets).ravel() - start
        hit = (node >= 0) & (at >= 0) & (at < stop - start)
        ptr = np.zeros(stop - start + 1, dtype=np.int64)
        ptr[at[hit] + 1] = 1
        return np.cumsum(ptr, out=ptr), node[hit].astype(np.int32)


class Source:
    """A named input made of a signal, noise and a pacemaker, silent after `n_steps`.

    Parameters
    ----------
    name : str
    size : int
        Nodes.
    n_steps : int or None
        None: endless.
    parts : sequence of Part
        Their spikes are united.
    """

    def __init__(self, name: str, size: int, n_steps: int | None, parts: Sequence[Part]) -> None:
        self.name, self.size, self.n_steps, self.parts = name, size, n_steps, tuple(parts)

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop."""
        end = stop if self.n_steps is None else max(min(stop, self.n_steps), start)
        if not self.parts or end == start:
            return empty(stop - start)
        ptr, index = merge([part.spikes(start, end) for part in self.parts])
        return (ptr, index) if end == stop else (np.concatenate([ptr, np.full(stop - end, ptr[-1])]), index)

    def bits(self, start: int, stop: int) -> BitSpikes | None:
        """The same as bit sets; None where lists come first: of several parts, of labels and rows."""
        end = stop if self.n_steps is None else max(min(stop, self.n_steps), start)
        coded = getattr(self.parts[0], "bits", None) if len(self.parts) == 1 else None
        if coded is None or end == start:
            return None
        ptr, bits = coded(start, end)
        if end < stop:
            ptr = np.concatenate([ptr, np.full(stop - end, ptr[-1])])
            bits = np.concatenate([bits, np.zeros((stop - end, bits.shape[1]), dtype=np.uint64)])
        return ptr, bits


def noise_parts(size: int, noise: float, pacemaker: int | None, seed: int, number: int) -> list[Part]:
    """The additions every input but the target can have; `number` is the input's place in the configuration."""
    parts: list[Part] = []
    if noise:
        parts.append(Noise(size, noise, hashing.key(seed, hashing.stream(Stream.INPUT_NOISE, number))))
    if pacemaker:
        parts.append(Pacemaker(pacemaker))
    return parts
