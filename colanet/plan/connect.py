"""Who is connected to whom, with which delay: connection rules and random draws as integer arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from colanet import hashing
from colanet.config.model import MAX_DELAY, Discrete, LogNormal, LogUniform, Projection, Uniform
from colanet.hashing import Stream
from colanet.plan.fixed import ONE, RESOURCE_LIMIT, to_fixed


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
        return len(self.pre)


@dataclass(frozen=True)
class Shape:
    """Size and column size (0: no columns) of one end of a projection."""

    size: int
    column_size: int = 0

    def column(self, index: np.ndarray) -> np.ndarray:
        return index // self.column_size if self.column_size else index


def is_random(projection: Projection) -> bool:
    """Whether network copies differ in this projection's synapses or delays."""
    random_pairs = projection.connection == "random" and (
        projection.probability < 1.0 or projection.max_inputs is not None
    )
    return random_pairs or not isinstance(projection.delay, int)


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
    """
    parts = []
    for first, last in _blocks(source.size, target.size):
        pre, post = _pairs(projection, index, source, target, seed, copy, first, last)
        if recurrent and projection.connection != "one_to_one":
            keep = pre != post
            pre, post = pre[keep], post[keep]
        delay = draw_delays(projection.delay, pre * target.size + post, index, seed, copy)
        parts.append((pre.astype(np.int32), post.astype(np.int32), delay))
    pre, post, delay = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    if projection.max_inputs is not None:
        keep = _at_most(projection.max_inputs, pre, post, target, index, seed, copy)
        pre, post, delay = pre[keep], post[keep], delay[keep]
    return Synapses(pre, post, delay)


# ------------------------------------------------------------- connection rules


BLOCK = 1 << 20
"""Most pairs looked at at once, so that sparse rules on large populations need little memory."""


def _blocks(sources: int, targets: int) -> Iterator[tuple[int, int]]:
    """Cut the source neurons into parts of at most `BLOCK` pairs."""
    longest = max(1, BLOCK // targets)
    for first in range(0, sources, longest):
        yield first, min(first + longest, sources)


def _pairs(projection, index, source: Shape, target: Shape, seed, copy, first, last):
    """Pre and post, int64, of the pairs of a rule whose source neuron lies in first..last-1, sorted by both."""
    rule = projection.connection
    if rule == "one_to_one":
        return _one_to_one(source.size, target.size, first, last)
    if rule.startswith("within_columns"):
        pre, post = _same_columns(source, target, first, last)
        keep = pre != post if rule.endswith("except_same") else slice(None)
        return pre[keep], post[keep]
    pre = np.repeat(np.arange(first, last, dtype=np.int64), target.size)
    post = np.tile(np.arange(target.size, dtype=np.int64), last - first)
    if rule == "other_columns":
        keep = source.column(pre) != target.column(post)
        return pre[keep], post[keep]
    if projection.probability < 1.0:
        keep = _uniform(Stream.CONNECTION, index, seed, copy, pre * target.size + post) < projection.probability
        return pre[keep], post[keep]
    return pre, post


def _one_to_one(sources: int, targets: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Same index, or blocks of the integer ratio of the sizes."""
    if sources >= targets:
        ratio = sources // targets
        pre = np.arange(first, max(first, min(last, ratio * targets)), dtype=np.int64)
        return pre, pre // ratio
    ratio = targets // sources
    post = np.arange(ratio * first, ratio * last, dtype=np.int64)
    return post // ratio, post


def _same_columns(source: Shape, target: Shape, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs inside equal columns."""
    width = target.column_size or 1
    own = np.arange(first, last, dtype=np.int64)
    begin = source.column(own) * width
    many = np.clip(target.size - begin, 0, width)
    pre = np.repeat(own, many)
    inside = np.arange(len(pre)) - np.repeat(np.cumsum(many) - many, many)
    return pre, np.repeat(begin, many) + inside


def _at_most(limit: int, pre, post, target: Shape, index: int, seed: int, copy: int) -> np.ndarray:
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


def draw_delays(delay, pair: np.ndarray, index: int, seed: int, copy: int) -> np.ndarray:
    """Delays in steps, uint8, for pair numbers pre * n_post + post. Log-normal draws are rounded and clipped."""
    if isinstance(delay, int):
        return np.full(len(pair), delay, dtype=np.uint8)
    u = _uniform(Stream.DELAY, index, seed, copy, pair)
    if isinstance(delay, Uniform):
        low, high = (int(bound) for bound in delay.uniform)
        return (low + np.floor(u * (high - low + 1))).astype(np.uint8)
    assert isinstance(delay, LogNormal)
    mean, deviation = delay.log_normal
    variance = np.log1p((deviation / mean) ** 2)
    normal = NormalDist()
    z = np.array([normal.inv_cdf(min(max(p, 2.0**-53), 1 - 2.0**-53)) for p in u])
    value = np.exp(np.log(mean) - variance / 2 + np.sqrt(variance) * z)
    return np.clip(np.rint(value), 1, MAX_DELAY).astype(np.uint8)


def draw_resources(resource, pair: np.ndarray, index: int, seed: int, copy: int, where: str) -> np.ndarray:
    """Initial resources in 2^-20, int32, for pair numbers pre * n_post + post.

    Raises
    ------
    ConfigError
        If a value does not fit its type.
    """

    def fixed(value: float) -> int:
        return to_fixed(value, ONE, RESOURCE_LIMIT, where)

    if isinstance(resource, float | int):
        return np.full(len(pair), fixed(resource), dtype=np.int32)
    u = _uniform(Stream.RESOURCE, index, seed, copy, pair)
    if isinstance(resource, Uniform):
        low, high = (fixed(bound) for bound in resource.uniform)
        return (low + np.floor(u * (high - low + 1))).astype(np.int32)
    assert isinstance(resource, Discrete)
    out = np.full(len(pair), fixed(resource.default), dtype=np.int32)
    edge = 0.0
    for value, share in resource.values:
        out[(u >= edge) & (u < edge + share)] = fixed(value)
        edge += share
    return out


def draw_memory(memory, size: int, index: int, seed: int, copy: int) -> np.ndarray:
    """Memory times in steps, int64 of shape (size,); infinity is 2^62, no memory 0."""
    if memory is None:
        return np.zeros(size, dtype=np.int64)
    if isinstance(memory, float | int):
        return np.full(size, 1 << 62 if memory == float("inf") else int(memory), dtype=np.int64)
    u = _uniform(Stream.MEMORY, index, seed, copy, np.arange(size))
    if isinstance(memory, Uniform):
        low, high = (int(bound) for bound in memory.uniform)
        return (low + np.floor(u * (high - low + 1))).astype(np.int64)
    assert isinstance(memory, LogUniform)
    low_log, high_log = np.log(memory.log_uniform)
    return np.rint(np.exp(low_log + u * (high_log - low_log))).astype(np.int64)
