"""Who is connected to whom, with which delay: synapses and random draws as integer arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np

from colanet import hashing
from colanet.config.model import Discrete, LogNormal, LogUniform, Projection, Uniform
from colanet.connections import CONNECTIONS, Ends, Rule, Shape, rule_named
from colanet.errors import ConfigError, Problem
from colanet.hashing import Stream
from colanet.units import FOREVER, MAX_DELAY, RESOURCE


@dataclass(frozen=True, eq=False)
class Synapses:
    """The synapses of one projection in one network copy, sorted by (pre, post).

    Attributes
    ----------
    pre, post : ndarray of int32, shape (n_synapses,)
        Indices inside the source and the target.
    delay : ndarray of uint8, shape (n_synapses,)
        Steps.
    """

    pre: np.ndarray
    post: np.ndarray
    delay: np.ndarray

    @property
    def count(self) -> int:
        """How many synapses there are."""
        return len(self.pre)


def rule_of(projection: Projection) -> Rule:
    """The connection rule of a projection. ConfigError if it cannot be loaded; so do its functions if they fail."""
    return rule_named(projection.connection)


def is_random(projection: Projection, source: Shape, target: Shape) -> bool:
    """Whether network copies differ in a projection's synapses or delays. ConfigError if its rule fails."""
    fixed = isinstance(projection.delay, int) and projection.source_fraction == 1
    return rule_of(projection).random(ends_of(projection, source, target)) or not fixed


def ends_of(projection: Projection, source: Shape, target: Shape) -> Ends:
    """What the rule of a projection goes by, without random numbers."""
    return Ends(source, target, projection.probability, projection.max_inputs, projection.source_fraction)


def seen_sources(
    projection: Projection, index: int, source: Shape, *, seed: int, copy: int
) -> np.ndarray | None:
    """The source neurons that take part in one network copy, int64 in order; None: all.

    They are those with the smallest hashes, so that every copy has equally many.
    """
    if projection.source_fraction == 1:
        return None
    order = hashing.shuffled(seed, hashing.stream(Stream.SEEN, index), source.size, copy)
    return np.sort(order[: ends_of(projection, source, source).n_seen])


def has_spans(projection: Projection, ends: Ends) -> bool:
    """Whether `spans_of` may find spans, without making them."""
    rule = rule_of(projection)
    every = projection.max_inputs is None and projection.source_fraction == 1
    return rule.spans is not None and not rule.random(ends) and isinstance(projection.delay, int) and every


def spans_of(projection: Projection, source: Shape, target: Shape, recurrent: bool) -> np.ndarray | None:
    """The targets of each source neuron as a range with a gap, where a projection is of that form.

    Parameters
    ----------
    projection : Projection
    source, target : Shape
    recurrent : bool
        As for `connect`.

    Returns
    -------
    ndarray of int32, shape (source size, 4), or None
        Neuron i reaches low..high-1 without gap..gap_end-1, which lies inside. None for synapses that differ in
        their delays, are limited in number or leave source neurons out, and for rules without spans.
    """
    rule, ends = rule_of(projection), ends_of(projection, source, target)
    if rule.spans is None or not has_spans(projection, ends):
        return None
    own = np.arange(source.size)
    low, high, gap, gap_end = (np.broadcast_to(a, own.shape).copy() for a in rule.spans(ends, own))
    low, high = np.minimum(low, target.size), np.minimum(high, target.size)
    gap, gap_end = np.clip(gap, low, high), np.clip(gap_end, low, high)
    gap_end = np.maximum(gap, gap_end)
    if recurrent and not rule.self_links:
        inside = (own >= low) & (own < high) & ~((own >= gap) & (own < gap_end))
        if (inside & (gap < gap_end)).any():
            return None
        gap, gap_end = np.where(inside, own, gap), np.where(inside, own + 1, gap_end)
    spans: np.ndarray = np.stack([low, high, gap, gap_end], axis=1).astype(np.int32)
    if not CONNECTIONS.is_built_in(projection.connection):
        _check_spans(projection.connection, spans, rule.fan_in(ends), target.size)
    return spans


def _check_spans(name: str, spans: np.ndarray, most: int, size: int) -> None:
    """Refuse spans of a rule from outside that would lead the engines astray."""
    low, high = spans[:, 0], spans[:, 1]
    if (low < 0).any() or (low > high).any():
        wrong = int(np.flatnonzero((low < 0) | (low > high))[0])
        message = f"gives source neuron {wrong} the targets {low[wrong]} to {high[wrong]}, expected 0 to {size}"
        raise ConfigError(Problem(message, f"connection {name}"))
    counts = arriving(spans, size)
    if counts.max(initial=0) > most:
        message = f"gives neuron {counts.argmax()} {counts.max()} synapses, its fan_in says at most {most}"
        raise ConfigError(Problem(message, f"connection {name}"))


def reached(spans: np.ndarray) -> np.ndarray:
    """How many neurons each source neuron reaches, int64."""
    low, high, gap, gap_end = spans.T.astype(np.int64)
    count: np.ndarray = high - low - (gap_end - gap)
    return count


def arriving(spans: np.ndarray, size: int) -> np.ndarray:
    """How many synapses each of `size` target neurons has, int64."""
    change = np.zeros(size + 1, dtype=np.int64)
    for ends, by in zip(spans.T, (1, -1, -1, 1), strict=True):
        np.add.at(change, ends, by)
    count: np.ndarray = change.cumsum()[:-1]
    return count


def connect(
    projection: Projection, index: int, source: Shape, target: Shape, *, recurrent: bool, seed: int, copy: int
) -> Synapses:
    """Build the synapses of a projection.

    Parameters
    ----------
    projection : Projection
    index : int
        Its place in the configuration; gives it random streams of its own.
    source, target : Shape
    recurrent : bool
        Whether source and target are the same population; then no neuron connects to itself, except
        one-to-one.
    seed, copy : int

    Returns
    -------
    Synapses

    Raises
    ------
    ConfigError
        If the rule fails, or gives pairs that cannot be.
    """
    rule, ends = rule_of(projection), ends_of(projection, source, target)
    ours = CONNECTIONS.is_built_in(projection.connection)
    ends = replace(ends, seen=seen_sources(projection, index, source, seed=seed, copy=copy))
    if rule.random(ends):
        ends = replace(ends, uniform=partial(_uniform, Stream.CONNECTION, index, seed, copy))
    parts = []
    for first, last in _blocks(source.size, target.size):
        pre, post = rule.pairs(ends, first, last)
        if not ours:
            _check_pairs(projection.connection, ends, first, last, pre, post)
        if recurrent and not rule.self_links:
            keep = pre != post
            pre, post = pre[keep], post[keep]
        delay = draw_delays(projection.delay, pre * target.size + post, index, seed, copy)
        parts.append((pre.astype(np.int32), post.astype(np.int32), delay))
    pre, post, delay = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    if projection.max_inputs is not None:
        kept = _at_most(projection.max_inputs, pre, post, target, index, seed, copy)
        pre, post, delay = pre[kept], post[kept], delay[kept]
    if not ours:
        _check_fan_in(projection.connection, rule.fan_in(ends), post, target.size)
        _check_agreement(projection, spans_of(projection, source, target, recurrent), pre, post)
    return Synapses(pre, post, delay)


def _check_pairs(name: str, ends: Ends, first: int, last: int, pre: np.ndarray, post: np.ndarray) -> None:
    """Refuse pairs of a rule from outside that would lead the engines astray."""
    if pre.shape != post.shape:
        raise ConfigError(Problem(f"gives {pre.shape} and {post.shape} neurons", f"connection {name}"))
    for what, neuron, low, high in (("source", pre, first, last), ("target", post, 0, ends.target.size)):
        if len(neuron) and not low <= neuron.min() <= neuron.max() < high:
            message = f"gives {what} neurons {neuron.min()}..{neuron.max()}, expected {low}..{high - 1}"
            raise ConfigError(Problem(message, f"connection {name}"))
    pair = pre * ends.target.size + post
    if (np.diff(pair) <= 0).any():
        raise ConfigError(Problem("gives pairs that are not sorted by source, then target", f"connection {name}"))


def _check_fan_in(name: str, most: int, post: np.ndarray, size: int) -> None:
    """The checks of sums rely on what a rule says of its synapses."""
    counts = np.bincount(post, minlength=size)
    if counts.max(initial=0) > most:
        message = f"gives neuron {counts.argmax()} {counts.max()} synapses, its fan_in says at most {most}"
        raise ConfigError(Problem(message, f"connection {name}"))


def _check_agreement(projection: Projection, spans: np.ndarray | None, pre: np.ndarray, post: np.ndarray) -> None:
    """The engines go by pairs or by spans, as suits them."""
    if spans is None:
        return
    low, high, gap, gap_end = spans[pre].T
    outside = (post < low) | (post >= high) | ((post >= gap) & (post < gap_end))
    if outside.any() or len(pre) != reached(spans).sum():
        message = "its spans and its pairs are not the same synapses"
        raise ConfigError(Problem(message, f"connection {projection.connection}"))


BLOCK = 1 << 20
"""Most pairs looked at at once, so that sparse rules on large populations need little memory."""


def _blocks(sources: int, targets: int) -> Iterator[tuple[int, int]]:
    """Cut the source neurons into parts of at most `BLOCK` pairs."""
    longest = max(1, BLOCK // targets)
    for first in range(0, sources, longest):
        yield first, min(first + longest, sources)


def _at_most(
    limit: int, pre: np.ndarray, post: np.ndarray, target: Shape, index: int, seed: int, copy: int
) -> np.ndarray:
    """Keep at most `limit` synapses a neuron: those with the smallest draw of a second step of the stream."""
    step = hashing.step_key(hashing.key(seed, hashing.stream(Stream.CONNECTION, index), copy), 1)
    rank = hashing.draw64(step, pre.astype(np.int64) * target.size + post)
    order = np.lexsort((rank, post))
    first = np.searchsorted(post[order], post[order], side="left")
    keep = np.zeros(len(pre), dtype=bool)
    keep[order[np.arange(len(pre)) - first < limit]] = True
    return keep


# ----------------------------------------------------------------- random draws


def _uniform(kind: Stream, index: int, seed: int, copy: int, pair: np.ndarray) -> np.ndarray:
    step = hashing.step_key(hashing.key(seed, hashing.stream(kind, index), copy), 0)
    return hashing.uniform(step, pair)


def _between(low: int, high: int, u: np.ndarray) -> np.ndarray:
    """Whole numbers low..high, int64, of random numbers in [0, 1)."""
    number: np.ndarray = low + np.floor(u * (high - low + 1))
    return number.astype(np.int64)


def draw_delays(delay: Any, pair: np.ndarray, index: int, seed: int, copy: int) -> np.ndarray:
    """Delays in steps, uint8, for pair numbers pre * n_post + post. Log-normal draws are rounded and clipped."""
    if isinstance(delay, int):
        return np.full(len(pair), delay, dtype=np.uint8)
    u = _uniform(Stream.DELAY, index, seed, copy, pair)
    if isinstance(delay, Uniform):
        low, high = (int(bound) for bound in delay.uniform)
        return _between(low, high, u).astype(np.uint8)
    assert isinstance(delay, LogNormal)
    mean, deviation = delay.log_normal
    variance = np.log1p((deviation / mean) ** 2)
    normal = NormalDist()
    z = np.array([normal.inv_cdf(min(max(p, 2.0**-53), 1 - 2.0**-53)) for p in u])
    value = np.exp(np.log(mean) - variance / 2 + np.sqrt(variance) * z)
    steps: np.ndarray = np.clip(np.rint(value), 1, MAX_DELAY)
    return steps.astype(np.uint8)


def draw_resources(
    resource: Any, count: int, pairs: Callable[[int, int], np.ndarray], index: int, seed: int, copy: int, where: str
) -> np.ndarray:
    """Initial resources in 2^-20, int32.

    Parameters
    ----------
    count : int
        Synapses.
    pairs : callable
        ``(first, last) -> int64`` pair numbers pre * n_post + post of those synapses; asked for a block at a time.

    Raises
    ------
    ConfigError
        If a value does not fit its type.
    """
    fixed = partial(RESOURCE.fixed, where=where)
    if isinstance(resource, float | int):
        return np.full(count, fixed(resource), dtype=np.int32)
    out = np.empty(count, dtype=np.int32)
    for first in range(0, count, BLOCK):
        part = out[first : first + BLOCK]
        u = _uniform(Stream.RESOURCE, index, seed, copy, pairs(first, first + len(part)))
        if isinstance(resource, Uniform):
            low, high = (fixed(bound) for bound in resource.uniform)
            part[:] = _between(low, high, u)
            continue
        assert isinstance(resource, Discrete)
        part[:] = fixed(resource.default)
        edge = 0.0
        for value, share in resource.values:
            part[(u >= edge) & (u < edge + share)] = fixed(value)
            edge += share
    return out


def draw_memory(memory: Any, size: int, index: int, seed: int, copy: int) -> np.ndarray:
    """Memory times in steps, int64 of shape (size,); infinity is FOREVER, no memory 0."""
    if memory is None:
        return np.zeros(size, dtype=np.int64)
    if isinstance(memory, float | int):
        return np.full(size, FOREVER if memory == float("inf") else int(memory), dtype=np.int64)
    u = _uniform(Stream.MEMORY, index, seed, copy, np.arange(size))
    if isinstance(memory, Uniform):
        low, high = (int(bound) for bound in memory.uniform)
        return _between(low, high, u)
    assert isinstance(memory, LogUniform)
    low_log, high_log = np.log(memory.log_uniform)
    steps: np.ndarray = np.rint(np.exp(low_log + u * (high_log - low_log)))
    return steps.astype(np.int64)
