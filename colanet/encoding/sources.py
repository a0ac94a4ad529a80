"""Spike sources. Each can make any stretch of its spikes at any time, so that a run may be cut and resumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from colanet import hashing
from colanet.encoding import kernels
from colanet.hashing import Stream

Spikes = tuple[np.ndarray, np.ndarray]
"""(ptr, index): the nodes that fire at step t are ``index[ptr[t - start] : ptr[t - start + 1]]``, ascending."""

CHECKPOINT = 256
"""Objects between two stored integrator states."""


class SpikeSource(Protocol):
    """An input: `size` nodes, `n_steps` steps (None: endless)."""

    name: str
    size: int
    n_steps: int | None

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop: ptr int64 (stop - start + 1,), index int32."""
        ...


@dataclass(frozen=True)
class Schedule:
    """When which object is shown.

    Attributes
    ----------
    period, presentation : int
        Steps per object; steps of them with spikes.
    n_objects : int
    skip : int
        Leading steps left out.
    mode : {'once', 'repetitive', 'endless'}
    steps : int or None
        Limit of the number of steps.
    """

    period: int
    presentation: int
    n_objects: int
    skip: int = 0
    mode: str = "once"
    steps: int | None = None

    @property
    def n_steps(self) -> int | None:
        """Steps there are, None without end."""
        if self.mode != "once":
            return self.steps
        length = max(self.n_objects * self.period - self.skip, 0)
        return length if self.steps is None else min(length, self.steps)

    def order(self, first: int, last: int) -> np.ndarray:
        """Row of each object first..last-1, -1 after the end of the data."""
        objects = np.arange(first, last)
        if self.mode == "repetitive":
            return objects % self.n_objects
        return np.where(objects < self.n_objects, objects, -1)


def empty(steps: int) -> Spikes:
    return np.zeros(steps + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)


def merge(parts: list[Spikes], size: int) -> Spikes:
    """Union of spikes of the same stretch."""
    if len(parts) == 1:
        return parts[0]
    steps = len(parts[0][0]) - 1
    codes = [np.repeat(np.arange(steps), np.diff(ptr)) * size + index for ptr, index in parts]
    union = np.unique(np.concatenate(codes))
    ptr = np.searchsorted(union, np.arange(steps + 1) * size)
    return ptr.astype(np.int64), (union % size).astype(np.int32)


class Poisson:
    """Pixel b fires with probability max_rate * b / 255 a step, to within 2^-16."""

    def __init__(self, images: np.ndarray, schedule: Schedule, max_rate: float, key: int):
        self.images, self.schedule, self.key = images, schedule, np.uint64(key)
        self.limit = np.rint(65536 * max_rate * np.arange(256) / 255).astype(np.int64)

    def spikes(self, start: int, stop: int) -> Spikes:
        s = self.schedule
        start, stop = start + s.skip, stop + s.skip
        first, last = start // s.period, -(-stop // s.period)
        ptr = np.empty(stop - start + 1, dtype=np.int64)
        index = np.empty(_capacity(self.images, s, start, stop), dtype=np.int32)
        n = kernels.poisson(
            self.images, first, s.order(first, last), start, stop, s.period, s.presentation, self.limit, self.key,
            ptr, index,
        )  # fmt: skip
        return ptr, index[:n].copy()


def _capacity(images: np.ndarray, s: Schedule, start: int, stop: int) -> int:
    """Room for every non-zero pixel of the objects shown, and one more."""
    order = s.order(start // s.period, -(-stop // s.period))
    counts = np.count_nonzero(images[order[order >= 0]], axis=1)
    return int(counts.sum()) * s.presentation + 1


class Integrating:
    """Node p adds its rate every step of a presentation and fires when the sum reaches `modulus`.

    Parameters
    ----------
    rates : ndarray of int, shape (n_objects, nodes)
        At most `modulus`.
    modulus : int
    """

    def __init__(self, rates: np.ndarray, schedule: Schedule, modulus: int, scale: np.ndarray | None = None):
        self.rates, self.schedule, self.modulus, self.scale = rates, schedule, modulus, scale
        self._states = [np.zeros(rates.shape[1], dtype=np.int64)]

    def _rates(self, rows: np.ndarray) -> np.ndarray:
        values = self.rates[rows]
        return (self.scale[values] if self.scale is not None else values).astype(np.int64)

    def _state(self, number: int) -> np.ndarray:
        """State at the start of object number * CHECKPOINT; what an object adds needs no simulation."""
        while len(self._states) <= number:
            first = (len(self._states) - 1) * CHECKPOINT
            rows = self.schedule.order(first, first + CHECKPOINT)
            added = self._rates(rows[rows >= 0]).sum(axis=0) * self.schedule.presentation
            self._states.append((self._states[-1] + added) % self.modulus)
        return self._states[number].copy()

    def spikes(self, start: int, stop: int) -> Spikes:
        s = self.schedule
        start, stop = start + s.skip, stop + s.skip
        if stop <= start:
            return empty(0)
        number = start // s.period // CHECKPOINT
        first, last = number * CHECKPOINT, -(-stop // s.period)
        order = s.order(first, last)
        shown = order >= 0
        rates = self._rates(order[shown])
        local = np.where(shown, np.cumsum(shown) - 1, -1)
        # What passes before `start` needs no spikes: skip whole objects by their sums.
        whole = start // s.period - first
        state = self._state(number)
        if whole:
            gone = rates[local[:whole][local[:whole] >= 0]]
            state = (state + gone.sum(axis=0) * s.presentation) % self.modulus
        ptr = np.empty(stop - start + 1, dtype=np.int64)
        # All steps from the beginning of the first object run, so each of them needs room.
        room = np.count_nonzero(rates, axis=1).sum() * s.presentation + rates.shape[1] + 1
        index = np.empty(int(room), dtype=np.int32)
        n = kernels.integrate(
            rates, first + whole, local[whole:], state, start, stop, s.period, s.presentation, self.modulus,
            ptr, index,
        )  # fmt: skip
        return ptr, index[:n].copy()


class Noise:
    """Every node fires independently with the same probability at every step."""

    def __init__(self, size: int, probability: float, key: int):
        self.size, self.limit, self.key = size, round(65536 * probability), np.uint64(key)

    def spikes(self, start: int, stop: int) -> Spikes:
        ptr = np.empty(stop - start + 1, dtype=np.int64)
        index = np.empty((stop - start) * self.size + 1, dtype=np.int32)
        n = kernels.noise(self.size, start, stop, self.limit, self.key, ptr, index)
        return ptr, index[:n].copy()


class Pacemaker:
    """Node 0 fires at every step t with t mod period = 0."""

    def __init__(self, period: int):
        self.period = period

    def spikes(self, start: int, stop: int) -> Spikes:
        fires = np.arange(start, stop) % self.period == 0
        return np.concatenate([[0], np.cumsum(fires)]).astype(np.int64), np.zeros(fires.sum(), dtype=np.int32)


class Rows:
    """Spikes given row by row, one row a step.

    Parameters
    ----------
    rows : ndarray of bool, shape (n_steps, nodes)
    schedule : Schedule
        With period 1.
    """

    def __init__(self, rows: np.ndarray, schedule: Schedule):
        self.rows, self.schedule = rows, schedule

    def spikes(self, start: int, stop: int) -> Spikes:
        order = self.schedule.order(start + self.schedule.skip, stop + self.schedule.skip)
        hits = self.rows[order] & (order >= 0)[:, None]
        ptr = np.concatenate([[0], np.cumsum(hits.sum(axis=1))]).astype(np.int64)
        return ptr, np.nonzero(hits)[1].astype(np.int32)


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

    def __init__(self, nodes: np.ndarray, period: int, offsets: np.ndarray):
        self.nodes, self.period = nodes, period
        self.fires = np.zeros(period, dtype=bool)
        self.fires[offsets] = True

    def spikes(self, start: int, stop: int) -> Spikes:
        steps = np.arange(start, stop)
        objects = steps // self.period
        taught = self.fires[steps % self.period] & (objects < len(self.nodes))
        node = np.full(len(steps), -1, dtype=np.int64)
        node[taught] = self.nodes[objects[taught]]
        hit = node >= 0
        return np.concatenate([[0], np.cumsum(hit)]).astype(np.int64), node[hit].astype(np.int32)


class Source:
    """A named input made of a signal, noise and a pacemaker, ending after `n_steps`."""

    def __init__(self, name: str, size: int, n_steps: int | None, parts: list):
        self.name, self.size, self.n_steps, self.parts = name, size, n_steps, parts

    def spikes(self, start: int, stop: int) -> Spikes:
        end = stop if self.n_steps is None else max(min(stop, self.n_steps), start)
        if not self.parts or end == start:
            return empty(stop - start)
        ptr, index = merge([part.spikes(start, end) for part in self.parts], self.size)
        return np.concatenate([ptr, np.full(stop - end, ptr[-1])]), index


def noise_parts(size: int, noise: float, pacemaker: int | None, seed: int, number: int) -> list:
    """The additions every file input can have."""
    parts: list = []
    if noise:
        parts.append(Noise(size, noise, hashing.key(seed, hashing.stream(Stream.INPUT_NOISE, number))))
    if pacemaker:
        parts.append(Pacemaker(pacemaker))
    return parts
