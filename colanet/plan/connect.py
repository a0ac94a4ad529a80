"""Who is connected to whom, with which delay: connection rules and random draws as integer arrays."""

from __future__ import annotations

from collections.abc import Callable
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
    pre, post = _RULES[projection.connection](projection, index, source, target, seed, copy)
    if recurrent and projection.connection != "one_to_one":
        keep = pre != post
        pre, post = pre[keep], post[keep]
    if projection.max_inputs is not None:
        keep = _at_most(projection.max_inputs, pre, post, target, index, seed, copy)
        pre, post = pre[keep], post[keep]
    pair = pre.astype(np.int64) * target.size + post
    delay = draw_delays(projection.delay, pair, index, seed, copy)
    return Synapses(pre.astype(np.int32), post.astype(np.int32), delay)


# ------------------------------------------------------------- connection rules


def _grid(source: Shape, target: Shape) -> tuple[np.ndarray, np.ndarray]:
    pre = np.repeat(np.arange(source.size, dtype=np.int64), target.size)
    post = np.tile(np.arange(target.size, dtype=np.int64), source.size)
    return pre, post


def _one_to_one(projection, index, source, target, seed, copy):
    if source.size >= target.size:
        ratio = source.size // target.size
        pre = np.arange(ratio * target.size, dtype=np.int64)
        return pre, pre // ratio
    ratio = target.size // source.size
    post = np.arange(ratio * source.size, dtype=np.int64)
    return post // ratio, post


def _where(condition: Callable[[Shape, Shape, np.ndarray, np.ndarray], np.ndarray]):
    def rule(projection, index, source, target, seed, copy):
        pre, post = _grid(source, target)
        keep = condition(source, target, pre, post)
        return pre[keep], post[keep]

    return rule


def _same_column(source, target, pre, post):
    return source.column(pre) == target.column(post)


def _random(projection, index, source, target, seed, copy):
    pre, post = _grid(source, target)
    if projection.probability < 1.0:
        keep = _uniform(Stream.CONNECTION, index, seed, copy, pre * target.size + post) < projection.probability
        pre, post = pre[keep], post[keep]
    return pre, post


def _at_most(limit: int, pre, post, target: Shape, index: int, seed: int, copy: int) -> np.ndarray:
    """Keep at most `limit` synapses a neuron: those with the smallest draw of a second step of the stream."""
    step = hashing.step_key(hashing.key(seed, hashing.stream(Stream.CONNECTION, index), copy), 1)
    rank = hashing.draw64(step, pre * target.size + post)
    order = np.lexsort((rank, post))
    first = np.searchsorted(post[order], post[order], side="left")
    keep = np.zeros(len(pre), dtype=bool)
    keep[order[np.arange(len(pre)) - first < limit]] = True
    return keep


_RULES: dict[str, Callable] = {
    "one_to_one": _one_to_one,
    "all_to_all": _where(lambda source, target, pre, post: np.ones(len(pre), dtype=bool)),
    "within_columns": _where(_same_column),
    "other_columns": _where(lambda *ends: ~_same_column(*ends)),
    "within_columns_except_same": _where(
        lambda source, target, pre, post: _same_column(source, target, pre, post) & (pre != post)
    ),
    "random": _random,
}


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
