"""Pixels and numbers as spikes: Poisson, integrating and regular coding, at any stretch of steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from colanet.encoding import kernels
from colanet.encoding.kernels import Scratch
from colanet.encoding.stretch import BitSpikes, Fill, Spikes, collect, collect_bits, empty

CHECKPOINT = 256
"""Objects between two stored sums of the integrating coding, at first."""
MOST_SUMS = 1024
CARRIED = np.zeros(0, dtype=np.uint32)
"""No state that objects begin with: it goes on."""
TURN = 40503
"""2^16 over the golden ratio: the multiples of it modulo 2^16 are spread evenly, however many there are."""


@dataclass(frozen=True)
class Schedule:
    """When which object of the data is shown. Step t of the run is step t + skip of the data.

    Attributes
    ----------
    period, presentation : int
        Steps per object; steps of them with spikes.
    n_objects : int
    skip : int
        Leading steps left out.
    mode : {'once', 'repetitive', 'endless'}
        What follows the last object: the end, the first one again, silence.
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
        """Row of the data of each object first..last-1, -1 after the end."""
        objects = np.arange(first, last)
        if self.mode == "repetitive":
            return objects % self.n_objects
        return np.where(objects < self.n_objects, objects, -1)


class Made(Protocol):
    """Images that are made when they are shown, in the place of an array of them."""

    @property
    def shape(self) -> tuple[int, int]:
        """Images and nodes."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the nodes."""
        ...

    def rows(self, order: np.ndarray) -> np.ndarray:
        """The images of these numbers, shape (len(order), nodes)."""
        ...


def rows_of(images: np.ndarray | Made, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An array that holds the images of an order, -1 for none, and where they stand in it."""
    if isinstance(images, np.ndarray):
        return images, order
    shown, inverse = np.unique(order[order >= 0], return_inverse=True)
    there = np.full(len(order), -1)
    there[order >= 0] = inverse
    return images.rows(shown), there


class Poisson:
    """Pixel b fires with probability max_rate * b / 255 a step, to within 2^-16.

    Parameters
    ----------
    images : ndarray of uint8, shape (n_objects, nodes), or Made
    schedule : Schedule
    max_rate : float
        Spikes per step of a pixel of 255.
    key : int
        Of the stream of random numbers. A draw belongs to a step of the data, so that skipping leaves it alone.
    """

    def __init__(self, images: np.ndarray | Made, schedule: Schedule, max_rate: float, key: int) -> None:
        self.images, self.schedule, self.key = images, schedule, np.uint64(key)
        self.limit = np.rint(65536 * max_rate * np.arange(256) / 255).astype(np.int64)

    def forget(self) -> None:
        """The images are others now; nothing is kept of them here."""

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop."""
        return collect(*self._coded(start, stop))

    def bits(self, start: int, stop: int) -> BitSpikes:
        """The same as bit sets."""
        return collect_bits(*self._coded(start, stop))

    def _coded(self, start: int, stop: int) -> tuple[int, int, int, Fill]:
        """What `collect` takes."""
        shift, nodes = self.schedule.skip, self.images.shape[1]
        room = kernels.scratch(nodes, self.images.dtype)
        return start + shift, stop + shift, nodes, partial(self._fill, room)

    def _fill(self, scratch: Scratch, start: int, stop: int, bits: np.ndarray, ptr: np.ndarray) -> None:
        s = self.schedule
        first = start // s.period
        images, order = rows_of(self.images, s.order(first, -(-stop // s.period)))
        kernels.poisson(
            images, first, order, start, stop, s.period, s.presentation, self.limit, self.key, scratch, bits, ptr
        )


class Integrating:
    """Node p adds its rate at every step with spikes; at `modulus` it fires and subtracts `modulus`.

    As a rate is at most `modulus`, the state is the sum of all rates so far modulo `modulus`. So the state at any
    step follows from sums, without simulation; sums are kept of every `CHECKPOINT` objects, and of fewer where they
    become more than `MOST_SUMS`.

    Parameters
    ----------
    values : ndarray of int, shape (n_objects, nodes), or Made
        Rates, or what `scale` turns into rates.
    schedule : Schedule
    modulus : int
        Below 2^31.
    scale : ndarray of int64 or None
        Rate of each value; None: values are rates.
    """

    def __init__(
        self, values: np.ndarray | Made, schedule: Schedule, modulus: int, scale: np.ndarray | None = None
    ) -> None:
        self.images, self.schedule, self.modulus = values, schedule, modulus
        self.scale = np.zeros(0, dtype=np.int64) if scale is None else scale
        self.phase = CARRIED
        self.forget()

    def forget(self) -> None:
        """The images are others now; drop all sums."""
        self._sums = [np.zeros(self._scratch().fires.shape, dtype=np.uint32)]
        self._every, self._latest = CHECKPOINT, (0, self._sums[0])

    def _scratch(self) -> Scratch:
        return kernels.scratch(self.images.shape[1], self.images.dtype)

    def _plus(self, state: np.ndarray, first: int, last: int) -> np.ndarray:
        """A state after one step of each of the rows first..last-1 of the data, whose spikes are dropped.

        Some rows at a time: how many there are grows with the data, and rows of a file take memory.
        """
        after, room = state.copy(), self._scratch()
        for at in range(first, last, CHECKPOINT):
            end = min(at + CHECKPOINT, last)
            bits, ptr = np.empty((end - at, len(room.at)), dtype=np.uint8), np.empty(end - at + 1, dtype=np.int64)
            values, order = rows_of(self.images, np.arange(at, end))
            kernels.integrate(
                values, at, order, at, end, 1, 1, self.scale, np.uint32(self.modulus), CARRIED, after, room,
                bits, ptr,
            )  # fmt: skip
        return after

    def _sum(self, n: int) -> np.ndarray:
        """Rates of the first n objects of the data, added up modulo `modulus`, as int64."""
        while len(self._sums) <= n // self._every:
            done = len(self._sums) * self._every
            self._sums.append(self._on(done))
            if len(self._sums) > MOST_SUMS:
                self._sums, self._every = self._sums[::2], 2 * self._every
        return self._on(n).astype(np.int64)

    def _on(self, n: int) -> np.ndarray:
        """The sum of the first n objects, from the nearest sum before that is kept; it is kept as the latest."""
        number = min(n // self._every, len(self._sums) - 1)
        begun = max((number * self._every, self._sums[number]), self._latest, key=lambda one: (one[0] <= n, one[0]))
        self._latest = n, self._plus(begun[1], begun[0], n)
        return self._latest[1]

    def _state(self, step: int) -> np.ndarray:
        """State before a step of the data, uint32 of the shape of the kernels. All products stay below 2^62."""
        s, m = self.schedule, self.modulus
        shown, inside = divmod(step, s.period)
        if s.mode == "repetitive":
            rounds, rest = divmod(shown, s.n_objects)
            total = (self._sum(rest) + rounds % m * self._sum(s.n_objects)) % m if rounds else self._sum(rest)
        else:
            total = self._sum(min(shown, s.n_objects))
        row = int(s.order(shown, shown + 1)[0])
        state = total * s.presentation % m
        if inside and row >= 0:
            rates = self._plus(np.zeros_like(self._sums[0]), row, row + 1).astype(np.int64)
            state = (state + rates * min(inside, s.presentation)) % m
        return state.astype(np.uint32)

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop."""
        return collect(*self._coded(start, stop)) if start < stop else empty(0)

    def bits(self, start: int, stop: int) -> BitSpikes:
        """The same as bit sets."""
        return collect_bits(*self._coded(start, stop))

    def _coded(self, start: int, stop: int) -> tuple[int, int, int, Fill]:
        """What `collect` takes."""
        start, stop = start + self.schedule.skip, stop + self.schedule.skip
        return start, stop, self.images.shape[1], partial(self._fill, self._state(start), self._scratch())

    def _fill(
        self, state: np.ndarray, scratch: Scratch, start: int, stop: int, bits: np.ndarray, ptr: np.ndarray
    ) -> None:
        """One block; moves `state` on from `start` to `stop`."""
        s = self.schedule
        first = start // s.period
        values, order = rows_of(self.images, s.order(first, -(-stop // s.period)))
        kernels.integrate(
            values, first, order, start, stop, s.period, s.presentation, self.scale, np.uint32(self.modulus),
            self.phase, state, scratch, bits, ptr,
        )  # fmt: skip


class Regular(Integrating):
    """As `Integrating`, but every object begins anew: node p with floor((40503 p mod 2^16) modulus / 2^16).

    So the spikes of an object depend on nothing but the object, and a node of rate r has floor or ceiling of
    presentation r / modulus of them, at equal distances. Parameters as for `Integrating`.
    """

    def __init__(
        self, values: np.ndarray | Made, schedule: Schedule, modulus: int, scale: np.ndarray | None = None
    ) -> None:
        super().__init__(values, schedule, modulus, scale)
        node = np.arange(len(self._scratch().fires), dtype=np.int64)
        self.phase = ((node * TURN % 65536 * modulus) >> 16).astype(np.uint32)

    def _state(self, step: int) -> np.ndarray:
        """State before a step of the data, which follows from the steps that its object has been shown."""
        s = self.schedule
        shown, inside = divmod(step, s.period)
        row = int(s.order(shown, shown + 1)[0])
        if not inside or row < 0:
            return self.phase.copy()
        rates = self._plus(np.zeros_like(self._sums[0]), row, row + 1).astype(np.int64)
        return ((self.phase + rates * min(inside, s.presentation)) % self.modulus).astype(np.uint32)
