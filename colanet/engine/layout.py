"""Where the synapses of one network copy lie in the arrays of a compiled engine, and the engines' tables by name.

Delivery goes by source: synapses of a projection that leave `pre` with delay d are ``row[p.row + pre * span + d -
delay_min]`` up to the next entry, positions in `target` and in the array of weights. Learning goes by target: the
synapses of neuron i are its slots ``slot_ptr[p.slot_ptr + i]`` up to the next entry, positions in the arrays of
resources and `slot_*`. Two forms of projections need no entries:

- dense (plastic, all to all, one delay): the weight of pre -> post lies at ``p.synapse + pre * p.stride + post``,
  its slot is ``p.slot + post * source_size + pre``. So sparse projections come first in all arrays. Source neurons
  that the copy does not see have their places too, which stay 0; bits of `seen` say which those are not;
- structural (not plastic, one delay): ``span[p.span + pre]`` holds the range of target neurons that pre reaches,
  and the gap in it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from colanet.plan import Plan, Plasticity, PopulationPlan, ProjectionPlan
from colanet.plan.connect import Synapses
from colanet.units import ONE


class Kind(IntEnum):
    """Kinds of projections in the engines' tables."""

    FIXED = 0
    PLASTIC = 1
    GATING = 2
    REWARD = 3


# ----------------------------------------------------------------------- tables


def _numbers(described: type) -> tuple[str, ...]:
    """Fields of a dataclass that are numbers."""
    return tuple(f.name for f in dataclasses.fields(described) if f.type in ("int", "bool"))


POPULATION = (*_numbers(PopulationPlan), *_numbers(Plasticity), "plastic", "driven", "reach", "owes_from")
"""Columns of the table of populations: the constants of a plan under their own names; `reach` is the longest delay
of what leaves it, `owes_from` the least debt that may be shared out."""
PROJECTION = (
    *_numbers(ProjectionPlan), "kind", "delay_min", "delay_max", "dense", "stride", "row", "synapse", "slot",
    "slot_ptr", "word", "words", "bits", "span", "fan", "seen",
)  # fmt: skip
"""Columns of the table of projections; `word` is where the bit sets over a neuron's slots begin, `words` how many
words each has, `bits` the first word of an input in a line of input spikes, `span` the row of `Layout.span` of the
first source neuron, -1 where synapses are stored. Of dense projections `fan` is how many synapses a target neuron
has, `seen` where the bit set over source neurons in `Layout.seen` begins; -1 where all are seen."""


def table(columns: Sequence[str], rows: Sequence[Mapping[str, int]], dtype: type = np.int64) -> np.ndarray:
    """Rows with named integers as a structured array.

    Parameters
    ----------
    columns : sequence of str
    rows : sequence of mappings
        Every one has just these columns.
    dtype : type of the integers

    Raises
    ------
    ValueError
        If a row lacks a column or has another one, or a number does not fit.
    """
    result = np.zeros(len(rows), dtype=[(name, dtype) for name in columns])
    limits = np.iinfo(dtype)
    for number, row in enumerate(rows):
        if row.keys() != set(columns):
            raise ValueError(f"row {number}: columns {sorted(set(columns) ^ row.keys())} are missing or too many")
        for name, value in row.items():
            if not limits.min <= value <= limits.max:
                raise ValueError(f"row {number}: {name} is {value}, which does not fit {np.dtype(dtype)}")
            result[name][number] = value
    return result


def population_rows(plan: Plan, projections: np.ndarray) -> list[dict[str, int]]:
    """The table of populations, `projections` being that of projections."""
    nothing = dict.fromkeys(_numbers(Plasticity), 0)
    rows = []
    for p in plan.populations:
        row = {name: int(getattr(p, name)) for name in _numbers(PopulationPlan)}
        row |= {name: int(getattr(p.plasticity, name)) for name in nothing} if p.plasticity else nothing
        row |= {"plastic": int(p.plasticity is not None), "driven": int(p.driven)}
        row["reach"] = reach_of(projections, p.index, from_input=False)
        row["owes_from"] = _owes_from(p, projections)
        rows.append(row)
    return rows


def _owes_from(population: PopulationPlan, projections: np.ndarray) -> int:
    """A debt of 1.0, or one of which every sharer gets a whole grain; at most what 32 bits hold."""
    if population.plasticity is None:
        return ONE
    into = (projections["kind"] == Kind.PLASTIC) & (projections["target"] == population.index)
    sharers = int(projections["fan"][into].sum())
    sharers += max(population.plasticity.virtual_synapses, 0)
    return min(max(sharers * population.plasticity.resource_grain, ONE), np.iinfo(np.int32).max)


def is_pushed(row: Mapping[str, int] | np.void) -> bool:
    """Whether a projection's arrivals go into a ring of future ones: fixed, stored, with several delays.

    A step that looks for what arrives finds about one synapse for each source and delay. A spike that is pushed at
    once finds all synapses of its source in one row.
    """
    return bool(row["kind"] == Kind.FIXED and row["span"] < 0 and row["delay_max"] > row["delay_min"])


def reach_of(projections: np.ndarray, source: int, *, from_input: bool) -> int:
    """Longest delay of the projections that leave an input or a population; 0 without any."""
    leaving = (projections["from_input"] == from_input) & (projections["source"] == source)
    return int(projections["delay_max"][leaving].max(initial=0))


# ---------------------------------------------------------------------- synapses

BLOCK = 1 << 16
"""Most synapses that are turned round, or whose weights are computed, at once."""


@dataclass(frozen=True)
class Grain:
    """What an engine's vectors and words are like.

    Attributes
    ----------
    lanes : int
        Weights to a multiple of which dense rows are padded, and at which they begin.
    word : int
        Bits of a word of a bit set.
    """

    lanes: int
    word: int

    def padded(self, n: int) -> int:
        """The next multiple of `lanes`."""
        return -(-n // self.lanes) * self.lanes

    def words(self, n: int) -> int:
        """Words of a bit set over n things."""
        return -(-n // self.word)


class Layout:
    """The synapses of one network copy.

    Parameters
    ----------
    plan : Plan
    copy : int
    grain : Grain

    Attributes
    ----------
    projections : structured ndarray of int64, shape (projections,)
        The columns of `PROJECTION`.
    row : ndarray of int64
    target : ndarray of int32
        Flat target neuron of each position that is not dense.
    slot_ptr, slot_position : ndarray of int64
    slot_source, slot_delay : ndarray of int32
    span : ndarray of int32, shape (source neurons, 4)
        As `colanet.plan.connect.spans_of` gives them, flat target neurons.
    seen : ndarray of words
        Bit sets over the source neurons of dense projections.
    position : dict of int to ndarray of int64
        Of plastic projections that are not dense, where the weight of each canonical synapse lies.
    n_weights, n_slots, n_words : int
    """

    def __init__(self, plan: Plan, copy: int, grain: Grain) -> None:
        self.plan, self.copy, self.grain = plan, copy, grain
        self.n_weights = self.n_slots = self.n_words = 0
        self._order: dict[int, np.ndarray] = {}
        self.position: dict[int, np.ndarray] = {}
        self._parts: dict[str, list[np.ndarray]] = {
            name: [] for name in ("row", "target", "slot_ptr", "slot_source", "slot_delay", "slot_position")
        }
        self._spans: list[np.ndarray] = []
        self._seen: list[np.ndarray] = []
        self._bits = np.cumsum([0] + [grain.words(size) for _, size in plan.inputs])
        dense = {p.index: p.kind == "plastic" and plan.is_dense(p.index) for p in plan.projections}
        rows: dict[int, dict[str, int]] = {}
        for projection in sorted(plan.projections, key=lambda p: dense[p.index]):
            rows[projection.index] = self._add(projection, dense[projection.index])
        self.projections = table(PROJECTION, [rows[p.index] for p in plan.projections])
        self.row, self.target = self._joined("row", np.int64), self._joined("target", np.int32)
        self.slot_ptr = self._joined("slot_ptr", np.int64)
        self.slot_source = self._joined("slot_source", np.int32)
        self.slot_delay = self._joined("slot_delay", np.int32)
        self.slot_position = self._joined("slot_position", np.int64)
        self.span = np.concatenate([*self._spans, np.zeros((1, 4), dtype=np.int32)])
        self.seen = np.concatenate([*self._seen, np.zeros(1, dtype=self._word)])

    def synapses(self, projection: ProjectionPlan) -> Synapses:
        """The synapses of a projection in this copy."""
        return self.plan.synapses(projection.index, self.copy)

    def _length(self, name: str) -> int:
        return sum(len(part) for part in self._parts[name])

    def _joined(self, name: str, dtype: type) -> np.ndarray:
        return np.concatenate([*self._parts[name], np.zeros(1, dtype=np.int64)]).astype(dtype)

    def _add(self, projection: ProjectionPlan, dense: bool) -> dict[str, int]:
        row = dict.fromkeys(PROJECTION, 0)
        row |= {name: int(getattr(projection, name)) for name in _numbers(ProjectionPlan)}
        row["kind"] = Kind[projection.kind.upper()]
        row["bits"] = int(self._bits[projection.source]) if projection.from_input else 0
        row["span"] = row["seen"] = -1
        row |= dict.fromkeys(("delay_min", "delay_max"), 1)
        spans = self.plan.spans(projection.index)
        delay = projection.description.delay
        if (dense or spans is not None) and isinstance(delay, int):
            row |= dict.fromkeys(("delay_min", "delay_max"), delay)
        counts = np.zeros(0, dtype=np.int64)
        if dense:
            row["dense"], row["stride"] = 1, self.grain.padded(projection.target_size)
            row["synapse"] = self.n_weights = self.grain.padded(self.n_weights)
            self.n_weights += projection.source_size * row["stride"]
            self._add_seen(row, projection)
            counts = np.full(projection.target_size, projection.source_size)
        elif projection.kind == "plastic" or spans is None:
            counts = self._add_synapses(row, projection)
        else:
            row["span"] = sum(len(part) for part in self._spans)
            self._spans.append(spans + np.int32(self.plan.populations[projection.target].start))
        if projection.kind == "plastic":
            row["slot"], row["word"] = self.n_slots, self.n_words
            row["words"] = self.grain.words(int(counts.max(initial=0)))
            if not dense:
                self._add_slots(row, projection, counts)
            self.n_slots += int(counts.sum())
            self.n_words += row["words"] * projection.target_size
        return row

    def _add_seen(self, row: dict[str, int], projection: ProjectionPlan) -> None:
        """Which source neurons of a dense projection take part."""
        row["fan"], seen = projection.source_size, self.plan.seen(projection.index, self.copy)
        if seen is not None:
            row["fan"], row["seen"] = len(seen), sum(len(part) for part in self._seen)
            bits = np.zeros(self.grain.word * self.grain.words(projection.source_size), dtype=np.uint8)
            bits[seen] = 1
            self._seen.append(np.packbits(bits, bitorder="little").view(self._word))

    def _add_synapses(self, row: dict[str, int], projection: ProjectionPlan) -> np.ndarray:
        """Store synapses one by one; how many each target neuron has."""
        synapses = self.synapses(projection)
        if synapses.count:
            row["delay_min"], row["delay_max"] = int(synapses.delay.min()), int(synapses.delay.max())
        self._add_rows(row, projection, synapses)
        return np.bincount(synapses.post, minlength=projection.target_size)

    def _add_rows(self, row: dict[str, int], projection: ProjectionPlan, synapses: Synapses) -> None:
        """Delivery is by source, then delay, then target."""
        span = row["delay_max"] - row["delay_min"] + 1
        group = synapses.pre.astype(np.int64) * span + synapses.delay - row["delay_min"]
        order = np.argsort(group, kind="stable")
        position = np.empty(synapses.count, dtype=np.int64)
        position[order] = self.n_weights + np.arange(synapses.count)
        counts = np.bincount(group, minlength=projection.source_size * span)
        row["row"] = self._length("row")
        self._parts["row"].append(self.n_weights + np.concatenate([[0], np.cumsum(counts)]))
        self._parts["target"].append(synapses.post[order] + self.plan.populations[projection.target].start)
        self.n_weights += synapses.count
        if projection.kind == "plastic":
            self.position[projection.index] = position

    def _add_slots(self, row: dict[str, int], projection: ProjectionPlan, counts: np.ndarray) -> None:
        """Learning is by target, then source."""
        synapses = self.synapses(projection)
        order = np.lexsort((synapses.pre, synapses.post))
        self._order[projection.index] = order
        row["slot_ptr"] = self._length("slot_ptr")
        self._parts["slot_ptr"].append(self.n_slots + np.concatenate([[0], np.cumsum(counts)]))
        self._parts["slot_source"].append(synapses.pre[order])
        self._parts["slot_delay"].append(synapses.delay[order])
        self._parts["slot_position"].append(self.position[projection.index][order])

    def future_target(self) -> np.ndarray:
        """`target` as pushed arrivals need it: (delay - 1) neurons + flat neuron; the others' as they are."""
        result = self.target.copy()
        for row in self.projections:
            if not is_pushed(row):
                continue
            span = int(row["delay_max"] - row["delay_min"]) + 1
            ptr = self.row[row["row"] : row["row"] + row["source_size"] * span + 1]
            steps = np.arange(row["delay_min"] - 1, row["delay_max"])
            hops = np.repeat(np.tile(steps, row["source_size"]), np.diff(ptr))
            result[ptr[0] : ptr[-1]] += (hops * self.plan.n_neurons).astype(np.int32)
        return result

    # ------------------------------------------------- canonical order <-> ours

    def blocks(self, projection: ProjectionPlan) -> Iterator[tuple[slice, slice | np.ndarray]]:
        """Rows of canonical synapses of a dense projection, some at a time, and their source neurons.

        Turning all of them round at once would take as much memory again, and miss the caches.
        """
        seen = self.plan.seen(projection.index, self.copy)
        count = projection.source_size if seen is None else len(seen)
        longest = max(1, BLOCK // projection.target_size)
        for first in range(0, count, longest):
            part = slice(first, min(first + longest, count))
            yield part, part if seen is None else seen[part]

    def slots(self, projection: ProjectionPlan) -> slice:
        """The slots of a plastic projection."""
        row = self.projections[projection.index]
        every = projection.source_size * projection.target_size
        first, many = int(row["slot"]), every if row["dense"] else self.plan.count(projection.index, self.copy)
        return slice(first, first + many)

    def words(self, projection: ProjectionPlan) -> slice:
        """The words of its bit sets."""
        row = self.projections[projection.index]
        return slice(int(row["word"]), int(row["word"] + row["words"] * projection.target_size))

    def put_slots(self, projection: ProjectionPlan, values: np.ndarray, slots: np.ndarray) -> None:
        """Write values of the canonical synapses into the slots of a projection, which hold zeros."""
        if projection.index in self._order:
            slots[:] = values[self._order[projection.index]]
            return
        by_target = slots.reshape(projection.target_size, projection.source_size)
        for part, sources in self.blocks(projection):
            by_target[:, sources] = values.reshape(-1, projection.target_size)[part].T

    def from_slots(self, projection: ProjectionPlan, values: np.ndarray) -> np.ndarray:
        """Values of the slots in the order of the canonical synapses; a copy."""
        if projection.index in self._order:
            result = np.empty_like(values)
            result[self._order[projection.index]] = values
            return result
        return self._canonical(projection, values.reshape(projection.target_size, projection.source_size))

    def pack(self, projection: ProjectionPlan, values: np.ndarray) -> np.ndarray:
        """0 or 1 of the canonical synapses as bit sets over slots, flat words."""
        words = int(self.projections[projection.index]["words"])
        matrix = np.zeros((projection.target_size, self.grain.word * words), dtype=np.uint8)
        if projection.index in self._order:
            matrix[self._places(projection)] = values[self._order[projection.index]]
        else:
            for part, sources in self.blocks(projection):
                matrix[:, sources] = values.reshape(-1, projection.target_size)[part].T
        return np.packbits(matrix, axis=1, bitorder="little").view(self._word).ravel()

    def unpack(self, projection: ProjectionPlan, words: np.ndarray) -> np.ndarray:
        """The inverse of `pack`, uint8."""
        matrix = words.astype(self._word, copy=False).reshape(projection.target_size, -1).view(np.uint8)
        bits = np.unpackbits(matrix, axis=1, bitorder="little")
        if projection.index in self._order:
            return self.from_slots(projection, bits[self._places(projection)])
        return self._canonical(projection, bits[:, : projection.source_size])

    def _places(self, projection: ProjectionPlan) -> tuple[np.ndarray, np.ndarray]:
        """Target neuron of each slot that is not dense, and the slot's place among those of its neuron."""
        post = self.synapses(projection).post[self._order[projection.index]]
        first = np.searchsorted(post, np.arange(projection.target_size))
        return post, np.arange(len(post)) - first[post]

    def _canonical(self, projection: ProjectionPlan, by_target: np.ndarray) -> np.ndarray:
        """Values of shape (target size, source size) in the order of the canonical synapses; a copy."""
        size = projection.target_size
        result = np.empty(self.plan.count(projection.index, self.copy), dtype=by_target.dtype)
        for part, sources in self.blocks(projection):
            result.reshape(-1, size)[part] = by_target[:, sources].T
        return result

    @property
    def _word(self) -> np.dtype:
        return np.dtype(f"<u{self.grain.word // 8}")
