"""Input spikes on the device: uploaded from the host, or made there once for all networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from colanet.encoding.coding import Poisson
from colanet.encoding.sources import Source, SpikeSource
from colanet.engine.base import InputSpikes
from colanet.engine.cuda.backend import Backend
from colanet.engine.cuda.tables import GRAIN
from colanet.errors import ConfigError
from colanet.plan import Plan

ENCODING_THREADS = 128


@dataclass(eq=False)
class Feed:
    """Spikes of all inputs for the steps base <= t < stop, on the device.

    Attributes
    ----------
    base, stop : int
    first : device array of int64, shape (feeds, inputs, steps)
        Where the spikes of a step begin in `node`.
    count : device array of int32, same shape
    node : device array of int32
    bits : device array of uint32, shape (feeds, steps, words)
        The same spikes as bit sets, the inputs side by side.
    feeds : int
        1: all plans share the input; else one a plan, unless `of` says otherwise.
    of : tuple of int
        The feed of each plan, where several plans share some; empty: see `feeds`.
    keep : list
        Arrays that must live as long as the feed.
    """

    base: int
    stop: int
    first: Any
    count: Any
    node: Any
    bits: Any
    feeds: int = 1
    of: tuple[int, ...] = ()
    keep: list[Any] = field(default_factory=list)

    def number(self, plan: int) -> int:
        """The feed that a plan reads."""
        if self.of:
            return self.of[plan]
        return plan if self.feeds > 1 else 0

    @property
    def steps(self) -> int:
        """Steps that the feed covers."""
        return self.stop - self.base


def upload(backend: Backend, plan: Plan, inputs: Sequence[InputSpikes]) -> Feed:
    """Spikes made on the host; one `InputSpikes` for all plans, or one a plan over the same steps.

    Raises
    ------
    ConfigError
        If they cover different steps.
    """
    base, stop = inputs[0].base, inputs[0].stop
    if any((i.base, i.stop) != (base, stop) for i in inputs):
        raise ConfigError("the inputs of the plans of one launch must cover the same steps")
    sources, steps = len(plan.inputs), stop - base
    first = np.zeros((len(inputs), max(sources, 1), steps), dtype=np.int64)
    count = np.zeros(first.shape, dtype=np.int32)
    nodes: list[np.ndarray] = []
    offset = 0
    for number, spikes in enumerate(inputs):
        for source in range(sources):
            first[number, source] = spikes.ptr[source][:-1] + offset
            count[number, source] = np.diff(spikes.ptr[source])
            nodes.append(spikes.index[source])
            offset += len(spikes.index[source])
    node = np.concatenate([*nodes, np.zeros(1, dtype=np.int32)]).astype(np.int32)
    return _with_bits(backend, plan, base, stop, first, count, node)


def _with_bits(
    backend: Backend, plan: Plan, base: int, stop: int, first: np.ndarray, count: np.ndarray, node: np.ndarray
) -> Feed:
    words = [GRAIN.words(size) for _, size in plan.inputs]
    total, feeds, steps = max(sum(words), 1), len(first), stop - base
    bits = backend.zeros((feeds, max(steps, 1), total), np.uint32)
    feed = Feed(base, stop, backend.upload(first), backend.upload(count), backend.upload(node), bits, feeds)
    for number in range(feeds):
        begin = 0
        for source, width in enumerate(words):
            where = backend.address(feed.first[number, source]), backend.address(feed.count[number, source])
            target = backend.address(bits) + 4 * (number * steps * total + begin)
            if steps:
                backend.launch("fill_bits", steps, 64, 0, backend.address(feed.node), *where, target, total)
            begin += width
    return feed


class DeviceEncoder:
    """Makes the input spikes of one presentation on the device where it can, else on the host.

    Poisson coding of images alone is made on the device, from the images, which stay there. Everything else (noise,
    labels, integrating coding) is made on the host and uploaded.

    Parameters
    ----------
    backend : Backend
    plan : Plan
    sources : sequence of SpikeSource
        In the order of the plan's inputs.
    others : sequence of DeviceEncoder
        Whose images are there already.
    """

    def __init__(
        self, backend: Backend, plan: Plan, sources: Sequence[SpikeSource], others: Sequence[DeviceEncoder] = ()
    ) -> None:
        self.backend, self.plan, self.sources = backend, plan, tuple(sources)
        self.images: dict[int, tuple[Any, Any]] = {}
        there = {key: array for other in others for key, array in other.there.items()}
        self.there: dict[int, Any] = {}
        """The images on the device, by the identity of those on the host."""
        for number, source in enumerate(self.sources):
            part = poisson_of(source)
            if part is not None:
                key, images = id(part.images), np.asarray(part.images)
                self.there[key] = there[key] if key in there else backend.upload(images)
                self.images[number] = self.there[key], backend.upload(part.limit.astype(np.int32))

    def feed(self, origin: int, start: int, stop: int) -> Feed:
        """Spikes for an engine run over the data steps start..stop, with the history it needs.

        `origin` is the engine's step at step 0 of the data.
        """
        return feed_of([self], origin, start, stop)

    def place(self, line: _Line, first: np.ndarray, count: np.ndarray, offset: int) -> int:
        """Find places for the spikes in the feed's list of nodes, from `offset` on; where the free ones begin.

        `first` and `count` are of shape (inputs, steps). What is made on the host is noted in `line`.
        """
        begin, stop, at = line.begin, line.stop, line.at
        for number, source in enumerate(self.sources):
            if number in self.images:
                # Every step has room for all nodes; the kernel fills in how many there are.
                first[number, at:] = offset + np.arange(stop - begin) * source.size
                offset += (stop - begin) * source.size
                continue
            ptr, index = source.spikes(begin, stop)
            first[number, at:] = ptr[:-1] + offset
            count[number, at:] = np.diff(ptr)
            line.hosted.append((offset, index))
            offset += len(index)
        return offset

    def fill(self, feed: Feed, row: int, first: np.ndarray, line: _Line) -> None:
        """Spikes, where they are made here, and bits of all inputs; `first` is of shape (inputs, steps)."""
        words = [GRAIN.words(size) for _, size in self.plan.inputs]
        for number in range(len(self.sources)):
            at = row * max(len(self.sources), 1) + number
            bit = (row * feed.steps + line.at) * max(sum(words), 1) + sum(words[:number])
            self._fill(feed, number, int(first[number, line.at]) if line.steps > 0 else 0, line, at, bit)

    def _fill(self, feed: Feed, number: int, node: int, line: _Line, at: int, word: int) -> None:
        """One input; its places begin in line `at` of the feed and at `node`, its bits at `word`."""
        backend, steps = self.backend, line.steps
        if steps <= 0:
            return
        total = max(sum(GRAIN.words(size) for _, size in self.plan.inputs), 1)
        # Rows are addressed by hand: what differs between array libraries stays out of here.
        where = at * feed.steps + line.at
        firsts, counts = backend.address(feed.first) + 8 * where, backend.address(feed.count) + 4 * where
        bits, nodes = backend.address(feed.bits) + 4 * word, backend.address(feed.node)
        if number not in self.images:
            backend.launch("fill_bits", steps, 64, 0, nodes, firsts, counts, bits, total)
            return
        part = poisson_of(self.sources[number])
        assert part is not None
        schedule, (images, limit) = part.schedule, self.images[number]
        t = line.begin + schedule.skip
        shown = t // schedule.period
        order = backend.upload(schedule.order(shown, -(-(t + steps) // schedule.period)).astype(np.int32))
        end = self.sources[number].n_steps
        if end is not None and line.stop > end:
            steps = max(end - line.begin, 0)
        if not steps:
            return
        size = self.sources[number].size
        shared = 8 * GRAIN.words(size)
        backend.launch(
            "encode_poisson", steps, ENCODING_THREADS, shared, images, limit, order, size, t, shown,
            schedule.period, schedule.presentation, int(part.key), nodes + 4 * node, counts, bits, total,
        )  # fmt: skip
        feed.keep.append(order)


@dataclass(eq=False)
class _Line:
    """Steps begin <= t < stop of the data, in a feed from its step `at` on, and what the host has made for them."""

    begin: int
    stop: int
    at: int
    hosted: list[tuple[int, np.ndarray]] = field(default_factory=list)

    @property
    def steps(self) -> int:
        return self.stop - self.begin


def feed_of(encoders: Sequence[DeviceEncoder], origin: int, start: int, stop: int) -> Feed:
    """Spikes of several presentations of one plan's inputs over the same steps, a feed each.

    Parameters
    ----------
    encoders : sequence of DeviceEncoder
    origin, start, stop : int
        As for `DeviceEncoder.feed`.
    """
    backend, plan = encoders[0].backend, encoders[0].plan
    early = start - plan.history
    begin, steps = max(early, 0), stop - early
    line = _Line(begin, stop, begin - early)
    first = np.zeros((len(encoders), max(len(plan.inputs), 1), steps), dtype=np.int64)
    count = np.zeros(first.shape, dtype=np.int32)
    offset = 0
    for row, encoder in enumerate(encoders):
        offset = encoder.place(line, first[row], count[row], offset)
    node = backend.zeros((offset + 1,), np.int32)
    for where, index in line.hosted:
        if len(index):
            node[where : where + len(index)] = backend.upload(index.astype(np.int32))
    total = max(sum(GRAIN.words(size) for _, size in plan.inputs), 1)
    bits = backend.zeros((len(encoders), max(steps, 1), total), np.uint32)
    feed = Feed(
        origin + early, origin + stop, backend.upload(first), backend.upload(count), node, bits, len(encoders)
    )
    for row, encoder in enumerate(encoders):
        encoder.fill(feed, row, first[row], line)
    return feed


def poisson_of(source: SpikeSource) -> Poisson | None:
    """The Poisson coding of images, if the source consists of nothing else."""
    parts = source.parts if isinstance(source, Source) else ()
    if len(parts) != 1 or not isinstance(parts[0], Poisson):
        return None
    return parts[0] if isinstance(parts[0].images, np.ndarray) else None  # others are made by the CPU
