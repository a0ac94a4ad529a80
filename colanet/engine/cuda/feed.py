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
        1: all plans share the input; else one a plan.
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
    keep: list[Any] = field(default_factory=list)

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
    """

    def __init__(self, backend: Backend, plan: Plan, sources: Sequence[SpikeSource]) -> None:
        self.backend, self.plan, self.sources = backend, plan, tuple(sources)
        self.images: dict[int, tuple[Any, Any]] = {}
        for number, source in enumerate(self.sources):
            part = poisson_of(source)
            if part is not None:
                limit = part.limit.astype(np.int32)
                self.images[number] = backend.upload(part.images), backend.upload(limit)

    def feed(self, origin: int, start: int, stop: int) -> Feed:
        """Spikes for an engine run over the data steps start..stop, with the history it needs.

        `origin` is the engine's step at step 0 of the data.
        """
        plan, backend = self.plan, self.backend
        early = start - plan.history
        begin, steps = max(early, 0), stop - early
        first = np.zeros((1, max(len(self.sources), 1), steps), dtype=np.int64)
        count = np.zeros(first.shape, dtype=np.int32)
        nodes, offset = [], 0
        for number, source in enumerate(self.sources):
            if number in self.images:
                # Every step has room for all nodes; the kernel fills in how many there are.
                first[0, number, begin - early :] = offset + np.arange(stop - begin) * source.size
                offset += (stop - begin) * source.size
                continue
            ptr, index = source.spikes(begin, stop)
            first[0, number, begin - early :] = ptr[:-1] + offset
            count[0, number, begin - early :] = np.diff(ptr)
            nodes.append((offset, index))
            offset += len(index)
        node = backend.zeros((offset + 1,), np.int32)
        for where, index in nodes:
            if len(index):
                node[where : where + len(index)] = backend.upload(index.astype(np.int32))
        words = [GRAIN.words(size) for _, size in plan.inputs]
        total = max(sum(words), 1)
        feed = Feed(
            origin + early, origin + stop, backend.upload(first), backend.upload(count), node,
            backend.zeros((1, max(steps, 1), total), np.uint32),
        )  # fmt: skip
        for number in range(len(self.sources)):
            self._fill(feed, number, first, begin, stop, begin - early, sum(words[:number]), total)
        return feed

    def _fill(
        self, feed: Feed, number: int, first: np.ndarray, begin: int, stop: int, line: int, word: int, total: int
    ) -> None:
        """Spikes, if they are made here, and bits of one input; its line `line` is step `begin` of the data."""
        backend, steps = self.backend, stop - begin
        if steps <= 0:
            return
        # Rows are addressed by hand: what differs between array libraries stays out of here.
        at = number * feed.steps + line
        firsts, counts = backend.address(feed.first) + 8 * at, backend.address(feed.count) + 4 * at
        bits = backend.address(feed.bits) + 4 * (line * total + word)
        nodes = backend.address(feed.node)
        if number not in self.images:
            backend.launch("fill_bits", steps, 64, 0, nodes, firsts, counts, bits, total)
            return
        part = poisson_of(self.sources[number])
        assert part is not None
        schedule, (images, limit) = part.schedule, self.images[number]
        t = begin + schedule.skip
        shown = t // schedule.period
        order = backend.upload(schedule.order(shown, -(-(t + steps) // schedule.period)).astype(np.int32))
        end = self.sources[number].n_steps
        if end is not None and stop > end:
            steps = max(end - begin, 0)
        if not steps:
            return
        size = self.sources[number].size
        shared = 8 * GRAIN.words(size)
        backend.launch(
            "encode_poisson", steps, ENCODING_THREADS, shared, images, limit, order, size, t, shown,
            schedule.period, schedule.presentation, int(part.key), nodes + 4 * int(first[0, number, line]), counts,
            bits, total,
        )  # fmt: skip
        feed.keep.append(order)


def poisson_of(source: SpikeSource) -> Poisson | None:
    """The Poisson coding of images, if the source consists of nothing else."""
    parts = source.parts if isinstance(source, Source) else ()
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Poisson) else None
