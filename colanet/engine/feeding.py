"""Input spikes as the CPU kernels read them, once for all copies (see `colanet.engine.cpu.tables.Feed`)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from colanet.encoding.kernels import OFFSETS, SPARE
from colanet.engine.base import InputSpikes
from colanet.engine.cpu.feed import cut_blocks, fill_bits
from colanet.engine.cpu.tables import GRAIN, Feed
from colanet.plan import Plan, ProjectionPlan


def is_uniform(plan: Plan, projection: ProjectionPlan) -> bool:
    """Whether all sources of a structural projection reach the same range of targets."""
    spans = plan.spans(projection.index) if projection.kind != "plastic" else None
    return spans is not None and bool((spans == spans[:1]).all())


def _dense(plan: Plan) -> set[int]:
    """Projections with a row of weights a source."""
    return {p.index for p in plan.projections if p.kind == "plastic" and plan.is_dense(p.index)}


def listed_inputs(plan: Plan) -> set[int]:
    """Inputs with projections for which it matters which nodes spike, and that do not get it from bit sets."""
    dense = _dense(plan)
    return {
        p.source for p in plan.projections if p.from_input and p.index not in dense and not is_uniform(plan, p)
    }


def bit_places(plan: Plan) -> tuple[dict[int, tuple[int, int]], int]:
    """First word and number of words of each input with plastic projections in `Feed.bits`; words of a row."""
    places, at = {}, 0
    for source in sorted({p.source for p in plan.projections if p.kind == "plastic" and p.from_input}):
        words = GRAIN.words(plan.inputs[source][1])
        places[source] = at, words
        at += words
    return places, at


def make_feed(plan: Plan, inputs: InputSpikes, coded: Mapping[int, np.ndarray] | None = None) -> Feed:
    """Input spikes as the kernels read them.

    Parameters
    ----------
    plan : Plan
    inputs : InputSpikes
    coded : mapping of int to ndarray of uint64
        Bit sets of the last steps instead of the lists, of inputs that are not listed.
    """
    steps, sources, coded = inputs.stop - inputs.base, max(len(plan.inputs), 1), coded or {}
    listed, full = listed_inputs(plan), _dense(plan)
    dense = {p.source for p in plan.projections if p.from_input and p.index in full}
    places, width = bit_places(plan)
    whole = coded[next(iter(places))] if len(places) == 1 and places.keys() <= coded.keys() else None
    if whole is None or len(whole) < steps:
        whole = np.zeros((steps, max(width, 1)), dtype=np.uint64)
    spikes = sum(int(inputs.ptr[source][-1]) for source in dense)
    feed = Feed(
        inputs.base,
        ptr=np.zeros((sources, steps + 1), dtype=np.int64),
        node=np.concatenate([np.zeros(0, dtype=np.int32), *(inputs.index[source] for source in sorted(listed))]),
        following=np.empty((sources, steps + 1), dtype=np.int32),
        bits=whole,
        block=np.zeros((sources, steps), dtype=np.int32),
        block_stop=np.zeros(steps * len(dense) + 1, dtype=np.int32),
        often_ptr=np.zeros(steps * len(dense) + 1, dtype=np.int64),
        often=np.empty(spikes + SPARE, dtype=np.int32),
        other_ptr=np.zeros((sources, 2 * steps + 1), dtype=np.int64),
        other=np.empty(spikes + SPARE, dtype=np.int32),
    )
    mask, count = np.zeros(width, dtype=np.uint64), np.zeros(3, dtype=np.int64)
    feed.following[:] = steps
    offset = 0
    for source, (ptr, index) in enumerate(zip(inputs.ptr, inputs.index, strict=True)):
        feed.ptr[source] = ptr + offset
        busy = np.flatnonzero(ptr[1:] > ptr[:-1]).astype(np.int32)
        last = int(busy[-1]) + 1 if len(busy) else 0
        feed.following[source, :last] = np.repeat(busy, np.diff(busy, prepend=np.int32(-1)))
        first, words = places.get(source, (0, 0))
        if source in places and source in coded and coded[source] is not whole:
            feed.bits[steps - len(coded[source]) :, first : first + words] = coded[source]
        elif source in places and source not in coded:
            fill_bits(feed.bits, first, ptr, index)
        if source in dense:
            cut_blocks(
                feed.bits, first, words, ptr, OFFSETS, mask, feed.block[source], feed.block_stop,
                feed.often_ptr, feed.often, feed.other_ptr[source], feed.other, count,
            )  # fmt: skip
        offset += len(index) if source in listed else 0
    return feed
