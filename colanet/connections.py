"""Connection rules: which source neuron reaches which target neuron. One entry a rule.

A package adds a rule by the entry point group ``colanet.connections``; see docs/extending.md.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from colanet.errors import ColanetError, ConfigError, Problem, one_line
from colanet.registry import Registry

Pairs = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Shape:
    """Size and column size (0: no columns) of one end of a projection."""

    size: int
    column_size: int = 0

    def column(self, index: np.ndarray) -> np.ndarray:
        """Column of each neuron; without columns each neuron is its own."""
        return index // self.column_size if self.column_size else index


@dataclass(frozen=True)
class Ends:
    """What a rule goes by.

    Attributes
    ----------
    source, target : Shape
    probability : float
        Of a pair.
    max_inputs : int or None
        Most synapses that one target neuron receives.
    source_fraction : float
        Part of the source neurons that takes part in one network copy.
    seen : ndarray of int64 or None
        Those that do, in order; None: all, or where only counts are asked for.
    uniform : callable or None
        Random numbers in [0, 1) of pair numbers ``pre * target.size + post``, the projection's own and the same at
        every call; None for a rule that does not say it is `random`, and where only counts are asked for.
    """

    source: Shape
    target: Shape
    probability: float = 1.0
    max_inputs: int | None = None
    source_fraction: float = 1.0
    seen: np.ndarray | None = None
    uniform: Callable[[np.ndarray], np.ndarray] | None = None

    @property
    def n_seen(self) -> int:
        """How many source neurons take part in one copy: their part of all, rounded half to even, at least 1."""
        return max(round(self.source_fraction * self.source.size), 1)


def _never(ends: Ends) -> bool:
    return False


def _all(ends: Ends) -> float:
    return ends.source.size * ends.target.size


def _every_source(ends: Ends) -> int:
    return ends.source.size


Spans = Callable[[Ends, np.ndarray], tuple[Any, Any, Any, Any]]
"""``(ends, pre) -> (low, high, gap, gap_end)``, arrays or numbers: neuron `pre` reaches low..high-1 without
gap..gap_end-1."""


@dataclass(frozen=True)
class Rule:
    """A connection rule.

    Attributes
    ----------
    text : str
        What it connects, in a few words.
    pairs : callable
        ``(ends, first, last) -> (pre, post)``: int64 arrays of the pairs whose source neuron lies in first..last-1,
        sorted by pre, then post. Plans call it for one block of source neurons after another.
    fan_in : callable
        ``ends -> int``: most synapses that one target neuron can have.
    count : callable
        ``ends -> number``: how many synapses there are at most; of a random rule, how many are expected.
    columns : bool
        Whether both ends need the same number of columns.
    self_links : bool
        Whether a neuron may be connected to itself where both ends are one population.
    random : callable
        ``ends -> bool``: whether network copies differ by what the rule draws.
    takes : tuple of str
        Which of the fields ``probability``, ``max_inputs`` and ``source_fraction`` it goes by.
    spans : callable or None
        The same pairs, where they are not `random`, as a range of target neurons with a gap, see `Spans`. With it,
        synapses that do not learn and have one delay are never stored one by one.
    """

    text: str
    pairs: Callable[[Ends, int, int], Pairs]
    fan_in: Callable[[Ends], int] = _every_source
    count: Callable[[Ends], float] = _all
    columns: bool = False
    self_links: bool = False
    random: Callable[[Ends], bool] = _never
    takes: tuple[str, ...] = ()
    spans: Spans | None = None


def structural(text: str, spans: Spans, **more: Any) -> Rule:
    """A rule whose pairs follow from its spans."""
    return Rule(text, lambda ends, first, last: _pairs_of(spans, ends, first, last), spans=spans, **more)


def _pairs_of(spans: Spans, ends: Ends, first: int, last: int) -> Pairs:
    """The pairs of the source neurons first..last-1."""
    own = np.arange(first, last, dtype=np.int64)
    low, high, gap, gap_end = (np.broadcast_to(np.asarray(a, dtype=np.int64), own.shape) for a in spans(ends, own))
    before = np.clip(gap, low, high) - low
    many = before + high - np.clip(gap_end, low + before, high)
    pre = np.repeat(own, many)
    inside = np.arange(len(pre)) - np.repeat(np.cumsum(many) - many, many)
    skipped = (high - low - many)[pre - first]
    return pre, low[pre - first] + inside + np.where(inside >= before[pre - first], skipped, 0)


# ------------------------------------------------------- all to all, one to one


def block(ends: Ends, first: int, last: int) -> Pairs:
    """All pairs of the source neurons first..last-1."""
    return _pairs_of(_everyone, ends, first, last)


def _everyone(ends: Ends, pre: np.ndarray) -> tuple[Any, Any, Any, Any]:
    return 0, ends.target.size, 0, 0


def _partners(ends: Ends, pre: np.ndarray) -> tuple[Any, Any, Any, Any]:
    sources, targets = ends.source.size, ends.target.size
    if sources >= targets:
        low = pre // (sources // targets)
        return low, np.where(low < targets, low + 1, low), 0, 0
    ratio = targets // sources
    return ratio * pre, ratio * pre + ratio, 0, 0


def _from_seen(ends: Ends, first: int, last: int) -> Pairs:
    if ends.seen is None:
        return block(ends, first, last)
    pre = ends.seen[slice(*np.searchsorted(ends.seen, (first, last)))]
    return np.repeat(pre, ends.target.size), np.tile(np.arange(ends.target.size), len(pre))


ALL_TO_ALL = Rule(
    "all but a neuron to itself; from the source neurons that the copy sees",
    _from_seen,
    spans=_everyone,
    fan_in=lambda ends: ends.n_seen,
    count=lambda ends: ends.n_seen * ends.target.size,
    takes=("source_fraction",),
)
ONE_TO_ONE = structural(
    "same index, or blocks of the integer ratio of the sizes",
    _partners,
    fan_in=lambda ends: max(ends.source.size // ends.target.size, 1),
    count=lambda ends: max(ends.source.size, ends.target.size),
    self_links=True,
)

# --------------------------------------------------------------------- columns


def _own_column(ends: Ends, pre: np.ndarray) -> tuple[Any, Any]:
    width = ends.target.column_size or 1
    low = ends.source.column(pre) * width
    return np.minimum(low, ends.target.size), np.minimum(low + width, ends.target.size)


def _same_column(ends: Ends, pre: np.ndarray) -> tuple[Any, Any, Any, Any]:
    return *_own_column(ends, pre), 0, 0


def _same_column_other_index(ends: Ends, pre: np.ndarray) -> tuple[Any, Any, Any, Any]:
    return *_own_column(ends, pre), pre, pre + 1


def _other_columns(ends: Ends, pre: np.ndarray) -> tuple[Any, Any, Any, Any]:
    return 0, ends.target.size, *_own_column(ends, pre)


def _column_count(ends: Ends) -> float:
    source, target = ends.source, ends.target
    return min(source.size * (target.column_size or 1), target.size * (source.column_size or 1))


def _column_fan_in(ends: Ends) -> int:
    return ends.source.column_size or 1


WITHIN_COLUMNS = structural(
    "inside equal column indices, no self-connection",
    _same_column,
    fan_in=_column_fan_in,
    count=_column_count,
    columns=True,
)
WITHIN_COLUMNS_EXCEPT_SAME = structural(
    "inside equal columns, all but the same index",
    _same_column_other_index,
    fan_in=_column_fan_in,
    count=_column_count,
    columns=True,
)
OTHER_COLUMNS = structural(
    "all except the same column (the same index without columns)", _other_columns, columns=True
)

# ---------------------------------------------------------------------- random


def _random(ends: Ends, first: int, last: int) -> Pairs:
    pre, post = block(ends, first, last)
    if ends.probability == 1.0 or ends.uniform is None:
        return pre, post
    keep = ends.uniform(pre * ends.target.size + post) < ends.probability
    return pre[keep], post[keep]


def _random_count(ends: Ends) -> float:
    expected = ends.source.size * ends.target.size * ends.probability
    return expected if ends.max_inputs is None else min(expected, ends.target.size * ends.max_inputs)


RANDOM = Rule(
    "each pair with `probability`",
    _random,
    spans=_everyone,
    fan_in=lambda ends: ends.source.size if ends.max_inputs is None else min(ends.source.size, ends.max_inputs),
    count=_random_count,
    random=lambda ends: ends.probability < 1.0 or ends.max_inputs is not None,
    takes=("probability", "max_inputs"),
)

# -------------------------------------------------------------------- the door


_FIELDS = ("probability", "max_inputs", "source_fraction")


def _wrong(thing: Any) -> str | None:
    if not isinstance(thing, Rule):
        return f"expected a colanet.connections.Rule, found {type(thing).__name__}"
    for name in ("pairs", "fan_in", "count", "random", "spans"):
        if not callable(getattr(thing, name)) and (name, thing.spans) != ("spans", None):
            return f"{name} is {getattr(thing, name)!r:.40}, expected a function"
    if not isinstance(thing.takes, tuple) or set(thing.takes) - set(_FIELDS):
        return f"takes is {thing.takes!r:.60}, expected a tuple of {', '.join(_FIELDS)}"
    return None


CONNECTIONS: Registry[Rule] = Registry(
    "connection",
    "colanet.connections",
    {
        name.lower(): f"{__name__}:{name}"
        for name in (
            "ONE_TO_ONE",
            "ALL_TO_ALL",
            "WITHIN_COLUMNS",
            "OTHER_COLUMNS",
            "WITHIN_COLUMNS_EXCEPT_SAME",
            "RANDOM",
        )
    },
    check=_wrong,
)


def rule_named(name: str) -> Rule:
    """The rule of that name; whatever it raises or answers wrongly becomes one line.

    Raises
    ------
    ConfigError
        If there is none, or it cannot be loaded; so do its functions if they fail.
    """
    rule = CONNECTIONS.get(name)
    return replace(
        rule,
        pairs=_guarded(name, "pairs", rule.pairs, _two_arrays),
        fan_in=_guarded(name, "fan_in", rule.fan_in, operator.index),
        count=_guarded(name, "count", rule.count, _number),
        random=_guarded(name, "random", rule.random, bool),
        spans=None if rule.spans is None else _guarded(name, "spans", rule.spans, _four_ranges),
    )


def _guarded(name: str, what: str, work: Callable[..., Any], take: Callable[[Any], Any]) -> Callable[..., Any]:
    def asked(*args: Any) -> Any:
        try:
            return take(work(*args))
        except (ColanetError, MemoryError):
            raise
        except Exception as error:
            raise ConfigError(Problem(f"{what}: {one_line(error)}", f"connection {name}")) from error

    return asked


def _number(found: Any) -> Any:
    if not isinstance(found, int | float | np.integer | np.floating) or not 0 <= found < float("inf"):
        raise ValueError(f"expected a number of 0 or more, not {found!r:.40}")
    return found


def _four_ranges(found: Any) -> tuple[Any, Any, Any, Any]:
    """The ends of ranges and gaps as int64."""
    if not isinstance(found, tuple) or len(found) != 4:
        raise TypeError(f"expected four arrays or whole numbers, not {found!r:.40}")
    low, high, gap, gap_end = map(np.asarray, found)
    for array in (low, high, gap, gap_end):
        if array.ndim > 1 or array.dtype.kind not in "iu":
            raise TypeError(f"expected whole numbers, not {array.dtype} {array.shape}")
    return low, high, gap, gap_end


def _two_arrays(found: Any) -> Pairs:
    """The pairs as int64."""
    if not isinstance(found, tuple) or len(found) != 2 or not all(isinstance(a, np.ndarray) for a in found):
        raise TypeError(f"expected two arrays, not {found!r:.40}")
    for array in found:
        if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
            raise TypeError(f"expected rows of integers, not {array.dtype} {array.shape}")
    pre, post = (array.astype(np.int64, copy=False) for array in found)
    return pre, post
