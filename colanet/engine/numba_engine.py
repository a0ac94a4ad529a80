"""The numba engine: lays a plan out for the kernels, one network copy a thread, and translates the state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from colanet import hashing
from colanet.compiled import note_compiled
from colanet.engine import numba_kernels as k
from colanet.engine.base import (
    InputSpikes,
    SpikeSource,
    State,
    Stretch,
    Votes,
    check_state,
    initial_state,
    input_spikes,
)
from colanet.engine.shares import run_shares, shares
from colanet.hashing import Stream
from colanet.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.bounds import check_steps
from colanet.plan.connect import Synapses
from colanet.plan.fixed import BASE_THRESHOLD, MILLI, ONE, POTENTIAL_LIMIT, Q, scale_table, weight_of

_KINDS = {"fixed": k.FIXED, "plastic": k.PLASTIC, "gating": k.GATING, "reward": k.REWARD}


def words_of(n: int) -> int:
    """64-bit words of a bit set over n things."""
    return (n + 63) // 64


def padded(n: int) -> int:
    """The next multiple of a cache line of int16."""
    return -(-n // k.ROW_ALIGN) * k.ROW_ALIGN


def aligned(n: int, dtype) -> np.ndarray:
    """Zeros that begin at a cache line."""
    size = n * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, dtype=np.uint8)
    first = -raw.ctypes.data % 64
    return raw[first : first + size].view(dtype)


class Layout:
    """Where the synapses of one copy lie in the kernels' flat arrays (see `numba_kernels.Wiring`)."""

    def __init__(self, plan: Plan, copy: int):
        self.plan = plan
        self.table = np.zeros((len(plan.projections), k.J_FIELDS), dtype=np.int64)
        self.order: dict[int, np.ndarray] = {}
        """Canonical synapse of each slot, per plastic projection."""
        self.position: dict[int, np.ndarray] = {}
        """Position of each canonical synapse in `Live.weight`, per plastic projection."""
        self.n_positions = self.n_slots = self.n_words = self.n_ahead = 0
        self.rows: list[np.ndarray] = []
        self.slot_ptrs: list[np.ndarray] = []
        self.sparse: list[tuple[int, Synapses, np.ndarray, int]] = []
        bits = np.cumsum([0] + [words_of(size) for _, size in plan.inputs])
        for projection in plan.projections:
            self._add(projection, plan.synapses(projection.index, copy), bits)
        self._flatten()

    def _add(self, projection: ProjectionPlan, synapses: Synapses, bits: np.ndarray) -> None:
        row = self.table[projection.index]
        low = int(synapses.delay.min()) if synapses.count else 1
        high = int(synapses.delay.max()) if synapses.count else 1
        plastic = projection.kind == "plastic"
        full = synapses.count == projection.source_size * projection.target_size
        row[k.J_KIND] = _KINDS[projection.kind]
        row[k.J_INPUT] = projection.from_input
        row[k.J_SOURCE], row[k.J_SOURCE_SIZE] = projection.source, projection.source_size
        row[k.J_TARGET], row[k.J_TARGET_SIZE] = projection.target, projection.target_size
        row[k.J_WEIGHT], row[k.J_DMIN], row[k.J_DMAX] = projection.weight, low, high
        row[k.J_DENSE] = plastic and full and low == high
        row[k.J_BITS] = bits[projection.source] if projection.from_input else 0
        row[k.J_AHEAD] = -1
        if row[k.J_DENSE]:
            self.n_positions = padded(self.n_positions)
            row[k.J_SYNAPSE], row[k.J_STRIDE] = self.n_positions, padded(projection.target_size)
            position = self.n_positions + synapses.pre.astype(np.int64) * row[k.J_STRIDE] + synapses.post
            self.n_positions += projection.source_size * int(row[k.J_STRIDE])
            if projection.from_input:
                row[k.J_AHEAD] = self.n_ahead
                self.n_ahead += k.AHEAD * int(row[k.J_STRIDE])
        else:
            position = self._add_rows(row, projection, synapses, high - low + 1)
            self.n_positions += synapses.count
        if plastic:
            self.position[projection.index] = position
            self._add_slots(row, projection, synapses)

    def _add_rows(self, row, projection: ProjectionPlan, synapses: Synapses, span: int) -> np.ndarray:
        """Delivery order is by source, then delay, then target; position of each canonical synapse in it."""
        group = synapses.pre.astype(np.int64) * span + synapses.delay - row[k.J_DMIN]
        position = np.empty(synapses.count, dtype=np.int64)
        position[np.argsort(group, kind="stable")] = self.n_positions + np.arange(synapses.count)
        counts = np.bincount(group, minlength=projection.source_size * span)
        row[k.J_ROW] = sum(len(part) for part in self.rows)
        self.rows.append(self.n_positions + np.concatenate([[0], np.cumsum(counts)]))
        self.sparse.append((projection.index, synapses, position, -1))
        return position

    def _add_slots(self, row, projection: ProjectionPlan, synapses: Synapses) -> None:
        """Learning order is by target, then source."""
        order = np.lexsort((synapses.pre, synapses.post))
        self.order[projection.index] = order
        counts = np.bincount(synapses.post, minlength=projection.target_size)
        row[k.J_SLOT], row[k.J_WORD] = self.n_slots, self.n_words
        row[k.J_WORDS] = words_of(int(counts.max()) if synapses.count else 0)
        if not row[k.J_DENSE]:
            row[k.J_SLOT_PTR] = sum(len(part) for part in self.slot_ptrs)
            self.slot_ptrs.append(self.n_slots + np.concatenate([[0], np.cumsum(counts)]))
            index, _, position, _ = self.sparse[-1]
            self.sparse[-1] = (index, synapses, position, self.n_slots)
        self.n_slots += synapses.count
        self.n_words += int(row[k.J_WORDS]) * projection.target_size

    def _flatten(self) -> None:
        none = [np.zeros(1, dtype=np.int64)]
        self.row = np.concatenate(self.rows or none).astype(np.int64)
        self.slot_ptr = np.concatenate(self.slot_ptrs or none).astype(np.int64)
        self.target = np.zeros(self.n_positions + 1, dtype=np.int32)
        # Dense projections leave gaps in the slot arrays; without any sparse one the arrays are not needed.
        n = self.n_slots if any(slot >= 0 for *_, slot in self.sparse) else 0
        self.slot_source = np.zeros(n + 1, dtype=np.int32)
        self.slot_delay = np.zeros(n + 1, dtype=np.int32)
        self.slot_position = np.zeros(n + 1, dtype=np.int64)
        for index, synapses, position, slot in self.sparse:
            projection = self.plan.projections[index]
            self.target[position] = synapses.post + self.plan.populations[projection.target].start
            if slot >= 0:
                order, here = self.order[index], slice(slot, slot + synapses.count)
                self.slot_source[here] = synapses.pre[order]
                self.slot_delay[here] = synapses.delay[order]
                self.slot_position[here] = position[order]


def reach_of(table: np.ndarray, source: int, *, from_input: bool) -> int:
    """Longest delay of the projections that leave an input or a population; 0 without any."""
    leaving = (table[:, k.J_INPUT] == from_input) & (table[:, k.J_SOURCE] == source)
    return int(table[leaving, k.J_DMAX].max(initial=0))


def population_row(p: PopulationPlan) -> list[int]:
    """One row of the kernels' table of populations, but for its last column."""
    r = p.plasticity
    learning = (
        [0] * (k.P_BIAS - k.P_HEBBIAN)
        if r is None
        else [
            r.hebbian, r.hebbian_window, r.isi_max, r.dopamine_window, r.three_factor,
            r.stability_three_factor, r.stability_rate, r.w_min, r.w_max, r.virtual_synapses,
            r.presynaptic, r.presynaptic_period,
        ]
    )  # fmt: skip
    return [
        p.start, p.size, p.column_size, p.winner_take_all, p.leak, p.floor, p.kick, p.ramp_increment,
        p.ramp_period, p.alpha, p.reset_period, p.reset_phase, p.memory_period, p.gated, r is not None,
        *learning, p.bias, p.subtract, p.driven,
    ]  # fmt: skip


WeightTables = tuple[np.ndarray, np.ndarray]


def weight_tables(plan: Plan) -> WeightTables:
    """The kernels' look-up tables of `weight_of`, a row a population."""
    rules = [p.plasticity for p in plan.populations]
    most = max((r.w_max - r.w_min for r in rules if r), default=0)
    level = np.zeros((len(rules), k.BUCKETS), dtype=np.int16)
    bound = np.full((len(rules), most + 2), np.iinfo(np.int32).max, dtype=np.int32)
    for row, rule in enumerate(rules):
        if rule is None:
            continue
        span = rule.w_max - rule.w_min
        span_q = (span * ONE + MILLI // 2) // MILLI
        j = np.arange(1, span + 1, dtype=np.int64)
        # w_min + j is reached when (2j - 1) span_q <= (2 span + 1 - 2j) W.
        least = -((2 * j - 1) * -span_q // (2 * span + 1 - 2 * j))
        bound[row, 0] = 0
        bound[row, 1 : span + 1] = np.minimum(least, np.iinfo(np.int32).max)
        starts = np.arange(k.BUCKETS, dtype=np.int64) << k.BUCKET
        level[row] = np.searchsorted(least, starts, side="right")
    return level, bound


class CopyRunner:
    """One network copy: its wiring, its live state, its scratch arrays."""

    def __init__(self, plan: Plan, copy: int, layout: Layout, tables: WeightTables, state: State):
        self.plan, self.copy, self.layout = plan, copy, layout
        level, bound = tables
        self.wiring = k.Wiring(
            population=np.array(
                [[*population_row(p), reach_of(layout.table, p.index, from_input=False)] for p in plan.populations],
                dtype=np.int64,
            ),
            projection=layout.table,
            row=layout.row,
            target=layout.target,
            slot_ptr=layout.slot_ptr,
            slot_source=layout.slot_source,
            slot_delay=layout.slot_delay,
            slot_position=layout.slot_position,
            input_reach=np.array(
                [reach_of(layout.table, source, from_input=True) for source in range(len(plan.inputs))],
                dtype=np.int64,
            ),
            kick_key=np.array(
                [hashing.key(plan.seed, hashing.stream(Stream.KICK, p.index), copy) for p in plan.populations],
                dtype=np.uint64,
            ),
            memory_time=np.concatenate([plan.memory(p, copy) for p in plan.populations]),
            scale=scale_table(),
            level=level,
            bound=bound,
        )
        self.live = self._load(state)
        # Populations that never sleep need no ring; theirs says what was loaded, then 1 for every step since.
        self.awake = {
            p.name: state[f"{copy}/{p.name}/awake"].copy() for p in plan.populations if p.plasticity and not p.gated
        }
        n = plan.n_neurons
        largest = max(p.size for p in plan.populations)
        draws = aligned((largest + 3) // 4, np.uint64)
        self.scratch = k.Scratch(
            current=np.zeros(n, dtype=np.int32),
            pushed=np.zeros(n, dtype=np.uint8),
            wake=np.zeros(n, dtype=np.int32),
            sleep=np.zeros(n, dtype=np.int32),
            reward=np.zeros(n, dtype=np.int64),
            sums=aligned(padded(largest), np.int32),
            draws=draws,
            draw=draws.view(np.uint16),
            kicks=np.zeros(largest, dtype=np.int32),
            kicked=np.zeros(n, dtype=np.uint8),
            mask=np.zeros(int(layout.table[:, k.J_WORDS].max(initial=0)) + 1, dtype=np.uint64),
            fresh=np.zeros(max((p.source_size for p in plan.projections), default=0), dtype=np.int32),
            touched=np.zeros((len(plan.populations), 3), dtype=np.uint8),
            rest=np.zeros(len(plan.populations), dtype=np.uint8),
            still=np.zeros(len(plan.populations), dtype=np.uint8),
            ahead=aligned(layout.n_ahead + 1, np.int32),
            ahead_first=np.zeros(len(plan.projections), dtype=np.int64),
            ahead_stop=np.zeros(len(plan.projections), dtype=np.int64),
            changed=np.zeros(n, dtype=np.int32),
            n_changed=np.zeros(len(plan.populations), dtype=np.int32),
            is_changed=np.zeros(n, dtype=np.uint8),
            until=np.zeros(len(plan.projections), dtype=np.int64),
        )

    def _gather(self, state: State, variable: str, fill, dtype) -> np.ndarray:
        """A population variable, flat over all neurons; `fill` where a population has none."""
        parts = []
        for p in self.plan.populations:
            value = state.get(f"{self.copy}/{p.name}/{variable}")
            parts.append(np.full(p.size, fill, dtype=dtype) if value is None else value)
        return np.concatenate(parts, axis=-1).astype(dtype)

    def _rings(self, state: State, variable: str, fill: int) -> np.ndarray:
        parts = []
        for p in self.plan.populations:
            value = state.get(f"{self.copy}/{p.name}/{variable}")
            shape = (self.plan.history, p.size)
            parts.append(np.full(shape, fill, dtype=np.uint8) if value is None else value)
        return np.ascontiguousarray(np.concatenate(parts, axis=1))

    def _load(self, state: State) -> k.Live:
        plan, layout = self.plan, self.layout
        resource = np.zeros(layout.n_slots + 1, dtype=np.int32)
        contributes = np.zeros(layout.n_words + 1, dtype=np.uint64)
        weight = aligned(layout.n_positions + 1, np.int16)
        positive = np.zeros(plan.n_neurons, dtype=np.int64)
        for projection in plan.projections:
            if projection.kind == "plastic":
                self._load_plastic(projection, state, resource, contributes, weight, positive)
        alpha = np.concatenate([np.full(p.size, p.alpha, dtype=np.int64) for p in plan.populations])
        threshold = np.minimum(BASE_THRESHOLD + (alpha * positive >> Q), POTENTIAL_LIMIT).astype(np.int32)
        spikes = self._rings(state, "spikes", 0)
        count, fired = self._spike_lists(spikes)
        g = lambda name, fill, dtype: self._gather(state, name, fill, dtype)  # noqa: E731
        awake = self._rings(state, "awake", 1)
        for p in plan.populations:
            if p.plasticity and not p.gated:
                awake[:, p.start : p.stop] = 1
        return k.Live(
            potential=g("potential", 0, np.int32),
            ramp=g("ramp", 0, np.int32),
            gate=g("gate", 0, np.int32),
            spikes=spikes,
            awake=awake,
            memory_end=g("memory_end", 0, np.int64),
            memory_next=g("memory_next", 0, np.int64),
            stability=g("stability", 0, np.int64),
            debt=g("debt", 0, np.int64),
            virtual=g("virtual", 0, np.int64),
            sequence_start=g("sequence_start", 0, np.int64),
            last_spike=g("last_spike", 0, np.int64),
            forced=g("forced", 0, np.uint8),
            resource=resource,
            contributes=contributes,
            weight=weight,
            positive=positive,
            threshold=threshold,
            n_fired=count,
            fired=fired,
            owing=np.array([0 if p.plasticity else k.FOREVER for p in plan.populations], dtype=np.int64),
        )

    def _load_plastic(self, projection, state, resource, contributes, weight, positive) -> None:
        key = f"{self.copy}/{projection.name}/"
        index, rule = projection.index, self.plan.populations[projection.target].plasticity
        row, order = self.layout.table[index], self.layout.order[index]
        synapses = self.plan.synapses(index, self.copy)
        values = state[key + "resource"]
        resource[row[k.J_SLOT] : row[k.J_SLOT] + len(values)] = values[order]
        weights = weight_of(values, rule.w_min, rule.w_max)
        weight[self.layout.position[index]] = weights
        start = self.plan.populations[projection.target].start
        np.add.at(positive, start + synapses.post, np.maximum(weights, 0).astype(np.int64))
        word, bit = self._bit_places(projection, synapses)
        set_ = state[key + "contributes"].astype(bool)
        np.bitwise_or.at(contributes, word[set_], np.uint64(1) << bit[set_])

    def _bit_places(self, projection, synapses) -> tuple[np.ndarray, np.ndarray]:
        """Word and bit of each canonical synapse in `contributes`."""
        row, order = self.layout.table[projection.index], self.layout.order[projection.index]
        counts = np.bincount(synapses.post, minlength=projection.target_size)
        first = np.concatenate([[0], np.cumsum(counts)])
        place = np.empty(synapses.count, dtype=np.int64)
        place[order] = np.arange(synapses.count) - first[synapses.post[order]]
        word = row[k.J_WORD] + synapses.post.astype(np.int64) * row[k.J_WORDS] + (place >> 6)
        return word, (place & 63).astype(np.uint64)

    def _spike_lists(self, spikes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        plan = self.plan
        count = np.zeros((plan.history, len(plan.populations)), dtype=np.int32)
        fired = np.zeros((plan.history, plan.n_neurons), dtype=np.int32)
        for p in plan.populations:
            for line in range(plan.history):
                who = np.flatnonzero(spikes[line, p.start : p.stop])
                count[line, p.index] = len(who)
                fired[line, p.start : p.start + len(who)] = who + p.start
        return count, fired

    def store(self, state: State) -> None:
        """Write this copy's part of the canonical state."""
        plan, live = self.plan, self.live
        for p in plan.populations:
            for variable in _POPULATION_VARIABLES:
                key = f"{self.copy}/{p.name}/{variable}"
                if key in state:
                    state[key] = getattr(live, variable)[..., p.start : p.stop].copy()
        for name, ring in self.awake.items():
            state[f"{self.copy}/{name}/awake"] = ring.copy()
        for projection in plan.projections:
            if projection.kind != "plastic":
                continue
            key, row = f"{self.copy}/{projection.name}/", self.layout.table[projection.index]
            synapses = plan.synapses(projection.index, self.copy)
            values = np.empty(synapses.count, dtype=np.int32)
            first = row[k.J_SLOT]
            values[self.layout.order[projection.index]] = live.resource[first : first + synapses.count]
            state[key + "resource"] = values
            word, bit = self._bit_places(projection, synapses)
            state[key + "contributes"] = ((live.contributes[word] >> bit) & np.uint64(1)).astype(np.uint8)

    def run(self, feed: k.Feed, start, stop, freeze, votes: Votes | None, record) -> tuple[k.Harvest, int]:
        plan = self.plan
        period, classes, objects = (1 << 62, 1, 1)
        if votes:
            period, classes = votes.period, votes.classes
            objects = (stop - 1) // period - start // period + 1
        for ring in self.awake.values():
            ring[np.arange(max(start, stop - plan.history), stop) % plan.history] = 1
        chosen = np.zeros(len(plan.populations), dtype=np.uint8)
        chosen[list(record)] = 1
        capacity = sum(plan.populations[p].size for p in record) * (stop - start)
        out = k.Harvest(
            votes=np.zeros((objects, classes), dtype=np.int32),
            spikes=np.zeros(len(plan.populations), dtype=np.int64),
            record=np.empty((capacity, 2), dtype=np.int64),
            recorded=np.zeros(1, dtype=np.int64),
            chosen=chosen,
        )
        events = k.run(
            start, stop, freeze, self.wiring, self.live, self.scratch, feed, out,
            votes.population if votes else -1, period,
        )  # fmt: skip
        return out, events


_POPULATION_VARIABLES = (
    "potential", "ramp", "gate", "spikes", "awake", "memory_end", "memory_next", "stability", "debt",
    "virtual", "sequence_start", "last_spike", "forced",
)  # fmt: skip


def make_feed(plan: Plan, inputs: InputSpikes) -> k.Feed:
    """Input spikes as the kernels read them."""
    steps = inputs.stop - inputs.base
    words = [words_of(size) for _, size in plan.inputs]
    bits = np.zeros((steps, max(sum(words), 1)), dtype=np.uint64)
    ptr = np.zeros((max(len(plan.inputs), 1), steps + 1), dtype=np.int64)
    plastic = {p.source for p in plan.projections if p.kind == "plastic" and p.from_input}
    offset = first = 0
    for source in range(len(plan.inputs)):
        ptr[source] = inputs.ptr[source] + offset
        if source in plastic:
            k.fill_bits(bits, first, inputs.ptr[source], inputs.index[source])
        offset += len(inputs.index[source])
        first += words[source]
    none = [np.zeros(0, dtype=np.int32)]
    return k.Feed(inputs.base, ptr, np.concatenate(list(inputs.index) or none).astype(np.int32), bits)


class NumbaEngine:
    """Runs a plan with compiled kernels, network copies side by side in threads.

    Parameters
    ----------
    plan : Plan
    threads : int
        Copies that run at the same time; the kernels release the interpreter lock.
    """

    name = "numba"
    encodes_ahead = True

    def __init__(self, plan: Plan, threads: int = 1):
        self.plan, self.threads = plan, max(1, min(threads, plan.copies))
        shared = not any(p.random for p in plan.projections)
        first = Layout(plan, 0)
        self.layouts = [first if shared or c == 0 else Layout(plan, c) for c in range(plan.copies)]
        self.tables = weight_tables(plan)
        self.load(initial_state(plan))

    def load(self, state: State) -> None:
        check_state(self.plan, state)
        self.runners = [
            CopyRunner(self.plan, copy, layout, self.tables, state) for copy, layout in enumerate(self.layouts)
        ]

    def state(self) -> State:
        state = initial_state(self.plan)
        for runner in self.runners:
            runner.store(state)
        return state

    def encode(self, sources: Sequence[SpikeSource], origin: int, start: int, stop: int) -> k.Feed:
        """Input for a run over the data steps start..stop, as the kernels read it."""
        return make_feed(self.plan, input_spikes(self.plan, sources, origin, start, stop))

    def run(
        self,
        inputs: InputSpikes | k.Feed,
        start: int,
        stop: int,
        *,
        freeze: int,
        votes: Votes | None = None,
        record: Sequence[int] = (),
    ) -> Stretch:
        check_steps(start, stop)
        feed = make_feed(self.plan, inputs) if isinstance(inputs, InputSpikes) else inputs

        def one(copy: int, first: int, last: int) -> tuple[k.Harvest, int]:
            return self.runners[copy].run(feed, first, last, freeze, votes, record)

        results = run_shares(shares(self.plan.copies, self.threads, start, stop), one)
        note_compiled()
        empty = np.zeros((self.plan.copies, 0, 0), dtype=np.int32)
        return Stretch(
            votes=np.stack([_joined_votes(parts, start, stop, votes) for parts in results]) if votes else empty,
            spikes=np.stack([sum(out.spikes for _, (out, _) in parts) for parts in results]),
            synaptic_events=sum(events for parts in results for _, (_, events) in parts),
            records=[_ordered([out.record[: out.recorded[0]] for _, (out, _) in parts]) for parts in results],
        )


def _joined_votes(parts, start: int, stop: int, votes: Votes) -> np.ndarray:
    first = start // votes.period
    total = np.zeros(((stop - 1) // votes.period - first + 1, votes.classes), dtype=np.int32)
    for begun, (out, _) in parts:
        at = begun // votes.period - first
        total[at : at + len(out.votes)] += out.votes
    return total


def _ordered(records: list[np.ndarray]) -> np.ndarray:
    record = np.concatenate(records)
    return record[np.lexsort((record[:, 1], record[:, 0]))].copy()
