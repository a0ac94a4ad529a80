"""The numba engine: lays a plan out for the kernels, one network copy a thread, and translates the state."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import DTypeLike

from colanet.compiled import note_compiled
from colanet.encoding.sources import Source, SpikeSource
from colanet.engine.base import InputSpikes, Stretch, Votes, check_state, joined, reach_back
from colanet.engine.cpu import tables as k
from colanet.engine.cpu.bundles import addresses
from colanet.engine.cpu.clock import PARTS
from colanet.engine.cpu.integers import BUCKET, BUCKETS
from colanet.engine.cpu.run import run_for
from colanet.engine.feeding import bit_places, is_uniform, listed_inputs, make_feed
from colanet.engine.flat import NEURON_NAMES, SYNAPSE_NAMES, flatten, unflatten
from colanet.engine.layout import Layout, is_pushed, population_rows, table
from colanet.engine.shares import run_shares, shares
from colanet.engine.weights import put_weights
from colanet.plan import Plan, PopulationPlan
from colanet.plan.bounds import check_steps, drift_bounds, largest_potential
from colanet.plan.fixed import in_resources, scale_table, weight_threshold
from colanet.plan.variables import State, initial_state, neurons_of, plastic_of
from colanet.units import FOREVER, POTENTIAL_LIMIT


def aligned(n: int, dtype: DTypeLike) -> np.ndarray:
    """Zeros that begin at a cache line."""
    size = n * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, dtype=np.uint8)
    first = -raw.ctypes.data % 64
    return raw[first : first + size].view(dtype)


def roomy(n: int, dtype: DTypeLike) -> np.ndarray:
    """Zeros that begin at a cache line, with room behind them for what vectors reach beyond the end."""
    return aligned(n + k.GRAIN.word, dtype)


def with_room(values: np.ndarray) -> np.ndarray:
    """A copy that is `roomy`."""
    result = roomy(len(values), values.dtype)
    result[: len(values)] = values
    return result


def weight_levels(plan: Plan) -> np.ndarray:
    """The kernels' look-up table of `weight_of`, int32, a row a population.

    In the high bits the code of the weight at the start of a bucket, in the low ones where in it the next begins.
    """
    level = np.zeros((len(plan.populations), BUCKETS), dtype=np.int32)
    starts = np.arange(BUCKETS, dtype=np.int64) << BUCKET
    for row, population in enumerate(plan.populations):
        rule = population.plasticity
        if rule is None:
            continue
        span, step = rule.w_max - rule.w_min, rule.weight_step
        span_q = in_resources(span)
        # A code c is reached with the weight base + c step - step div 2.
        j = np.arange(step - step // 2 - (rule.w_min - rule.weight_base), span + 1, step, dtype=np.int64)
        # w_min + j is reached when (2j - 1) span_q <= (2 span + 1 - 2j) W.
        least = -((2 * j - 1) * -span_q // (2 * span + 1 - 2 * j))
        code = np.searchsorted(least, starts, side="right")
        following = np.append(least, np.iinfo(np.int64).max)[code]
        level[row] = code << (BUCKET + 1) | np.minimum(following - starts, 1 << BUCKET)
    return level


class CopyRunner:
    """One network copy: its wiring, its live state, its scratch arrays."""

    def __init__(self, plan: Plan, copy: int, layout: Layout, level: np.ndarray, state: State) -> None:
        self.plan, self.copy, self.layout = plan, copy, layout
        projections = _for_kernels(layout)
        populations = self._populations(projections, state)
        keeps, gains = zip(*map(_bounds, plan.populations, populations), strict=True)
        self.wiring = k.Wiring(
            population=populations,
            projection=projections,
            row=layout.row,
            target=layout.future_target(),
            span=layout.span,
            seen=layout.seen,
            slot_ptr=layout.slot_ptr,
            slot_source=layout.slot_source,
            slot_delay=layout.slot_delay,
            slot_position=layout.slot_position,
            kick_key=plan.kick_keys(copy),
            rounding_key=plan.rounding_keys(copy),
            memory_time=np.concatenate([plan.memory(p, copy) for p in plan.populations]),
            keeps=np.array(keeps, dtype=np.int32),
            gains=np.array(gains, dtype=np.int32),
            scale=scale_table(),
            level=level,
        )
        self.live = self._load(state)
        # Populations that never sleep need no ring; theirs says what was loaded, then 1 for every step since.
        self.awake = {
            p.name: neurons_of(state, p, copy).awake.copy()
            for p in plan.populations
            if p.plasticity and not p.gated
        }
        self.scratch = self._scratch()
        learns = any(p.plasticity is not None for p in plan.populations)
        self.kernel = run_for(learns, bool(projections["pushed"].any()))
        self.lists = (
            addresses(k.WIRING, self.wiring._asdict()),
            addresses(k.LIVE, self.live._asdict()),
            addresses(k.SCRATCH, self.scratch._asdict()),
        )

    def _populations(self, projections: np.ndarray, state: State) -> np.ndarray:
        """The table of populations with the kernels' columns."""
        rows = population_rows(self.plan, projections)
        for p, row in zip(self.plan.populations, rows, strict=True):
            largest = int(np.abs(neurons_of(state, p, self.copy).potential).max())
            bound = max(largest, largest_potential(self.plan, p))
            reached = min(bound, POTENTIAL_LIMIT)
            hashed = p.jenkins and p.kick
            row["small"] = int(bound < k.SMALL_POTENTIAL and not p.memory_period and not p.bias and not hashed)
            row["holds"] = int(p.potential_step > 1 or p.potential_limit < reached)
        return table(k.POPULATION_COLUMNS, rows)

    def _scratch(self) -> k.Scratch:
        plan, n, rows = self.plan, self.plan.n_neurons, self.wiring.projection
        gates = self.live._asdict()["gate"]
        populations, projections = len(plan.populations), len(plan.projections)
        largest = max(p.size for p in plan.populations)
        ring = k.RING * n if rows["pushed"].any() else 0
        dirty = int(rows["target_size"][rows["dirty"] >= 0].sum())
        picked = (k.AHEAD + 1) * int(rows["source_size"][rows["seen"] >= 0].max(initial=0)) + 1
        return k.Scratch(
            current=aligned(n + k.LANES, np.int32),
            forcing=np.zeros(n, dtype=np.uint8),
            wake=np.zeros(n, dtype=np.int32),
            sleep=np.zeros(n, dtype=np.int32),
            reward=np.zeros(n, dtype=np.int64),
            ring=np.zeros(ring, dtype=np.int32),
            ring_forcing=np.zeros(ring, dtype=np.uint8),
            sums=aligned(k.GRAIN.padded(largest), np.int32),
            kicks=np.zeros(largest, dtype=np.uint16),
            kicked=np.zeros(n, dtype=np.uint8),
            mask=np.zeros(int(rows["words"].max(initial=0)) + 1, dtype=np.uint64),
            touched=np.zeros(populations, dtype=np.uint8),
            summed=np.zeros(populations, dtype=np.int64),
            settled=np.zeros(populations, dtype=np.int64),
            busy=np.zeros(populations, dtype=np.int64),
            awake=with_room((gates[:n] > 0).astype(np.uint8)),
            noted=np.zeros(populations, dtype=np.int64),
            moving=np.array([(p.start, p.stop) for p in plan.populations]),
            gating=np.array([(p.stop, p.start) for p in plan.populations]),
            gate_at=np.zeros(populations, dtype=np.int64),
            gate_due=np.full(populations, FOREVER),
            ahead=aligned(int((k.AHEAD * rows["stride"])[rows["ahead"] >= 0].sum()) + k.LANES, np.int32),
            ahead_first=np.zeros(projections, dtype=np.int64),
            ahead_stop=np.zeros(projections, dtype=np.int64),
            changed=np.zeros(n, dtype=np.int32),
            n_changed=np.zeros(populations, dtype=np.int32),
            is_changed=np.zeros(n, dtype=np.uint8),
            stale=np.zeros(self.layout.n_words + 1, dtype=np.uint64),
            dirty=np.zeros(dirty, dtype=np.int32),
            n_dirty=np.zeros(projections, dtype=np.int32),
            is_dirty=np.zeros(dirty, dtype=np.uint8),
            picked=np.zeros(picked, dtype=np.int32),
            picked_ptr=np.zeros((projections, 2 * k.AHEAD + 1), dtype=np.int64),
            due=np.zeros(projections, dtype=np.int64),
            until=np.zeros(projections, dtype=np.int64),
            clock=np.zeros(len(PARTS) + 1, dtype=np.int64),
        )

    def _load(self, state: State) -> k.Live:
        plan, layout = self.plan, self.layout
        flat = flatten(layout, state, self.copy, roomy)
        for p in plan.populations:
            if p.plasticity and not p.gated:
                flat["awake"][:, p.start : p.stop] = 1
        weight = aligned(layout.n_weights + 1, np.int16)
        own = np.zeros(layout.n_slots + k.GRAIN.word, dtype=np.int16)
        positive = np.zeros(plan.n_neurons, dtype=np.int64)
        for projection in plan.projections:
            if projection.kind == "plastic":
                target = plan.populations[projection.target]
                resource = plastic_of(state, projection, self.copy).resource
                found = put_weights(layout, projection, resource, weight, own)
                positive[target.start : target.stop] += found
        alpha = np.concatenate([np.full(p.size, p.alpha, dtype=np.int64) for p in plan.populations])
        n_fired, fired = self._spike_lists(flat["spikes"])
        threshold = np.minimum(weight_threshold(alpha, positive), POTENTIAL_LIMIT)
        flat |= {name: with_room(flat[name]) for name in ("potential", "gate")}
        derived = {
            "weight": weight,
            "own": own,
            "positive": positive,
            "threshold": with_room(threshold.astype(np.int32)),
            "n_fired": n_fired,
            "fired": fired,
            "owing": np.array([0 if p.plasticity else FOREVER for p in plan.populations], dtype=np.int64),
        }
        return k.Live(**flat, **derived)

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

    def state(self) -> State:
        """The part of the canonical state that belongs to this copy."""
        flat = {name: getattr(self.live, name) for name in (*NEURON_NAMES, *SYNAPSE_NAMES)}
        state = unflatten(self.layout, flat, self.copy)
        for name, ring in self.awake.items():
            state[f"{self.copy}/{name}/awake"] = ring.copy()
        return state

    def run(
        self, feed: k.Feed, start: int, stop: int, freeze: int, votes: Votes | None, record: Sequence[int]
    ) -> tuple[k.Harvest, int]:
        """Advance from step `start` to `stop`; what came out, and the number of synaptic events."""
        plan = self.plan
        period, classes, objects = FOREVER, 1, 1
        if votes:
            period, classes = votes.period, votes.classes
            objects = votes.objects(start, stop)
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
        if start == stop:
            return out, 0
        events = self.kernel(
            start, stop, freeze, self.lists, addresses(k.FEED, feed._asdict()), addresses(k.HARVEST, out._asdict()),
            votes.population if votes else -1, period,
        )  # fmt: skip
        return out, events


def _bounds(population: PopulationPlan, row: np.void) -> tuple[list[int], list[int]]:
    """How far potentials come without arrivals; only `drift_small` makes up for steps with kicks."""
    if population.kick and not row["small"]:
        return [0] * k.HORIZON, [POTENTIAL_LIMIT + 1] * k.HORIZON
    return drift_bounds(population, k.HORIZON)


def _for_kernels(layout: Layout) -> np.ndarray:
    """The table of projections with the kernels' columns."""
    rows: list[dict[str, int]] = []
    ahead = dirty = 0
    places = bit_places(layout.plan)[0]
    for found in layout.projections:
        row = {name: int(found[name]) for name in found.dtype.names} | {"ahead": -1, "dirty": -1}
        row["bits"] = places.get(row["source"], (0, 0))[0] if row["from_input"] else 0
        if row["dense"]:
            row["dirty"] = dirty
            dirty += row["target_size"]
        if row["dense"] and row["from_input"]:
            row["ahead"] = ahead
            ahead += k.AHEAD * row["stride"]
        pushed = is_pushed(row)
        lags = (1, 1) if pushed else (row["delay_min"], row["delay_max"])
        row |= {"pushed": int(pushed), "lag_min": lags[0], "lag_max": lags[1]}
        learns = layout.plan.populations[row["target"]].plasticity is not None
        row["uniform"] = int(row["span"] >= 0 and is_uniform(layout.plan, layout.plan.projections[len(rows)]))
        row["forces"] = int(row["kind"] == k.FIXED and row["weight"] > 0 and learns)
        rows.append(row)
    return table(k.PROJECTION_COLUMNS, rows)


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

    def __init__(self, plan: Plan, threads: int = 1) -> None:
        self.plan, self.threads = plan, max(1, min(threads, plan.copies))
        self._helpers = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None
        shared = not any(p.random for p in plan.projections)
        first = Layout(plan, 0, k.GRAIN)
        self.layouts = [first if shared or c == 0 else Layout(plan, c, k.GRAIN) for c in range(plan.copies)]
        self.level = weight_levels(plan)
        self._coded = set(range(len(plan.inputs))) - listed_inputs(plan)
        # Copy by copy: the start values of all would take more than half of what the copies do.
        self.runners = [self._runner(copy, initial_state(plan, [copy])) for copy in range(plan.copies)]

    def load(self, state: State) -> None:
        """Take over a state; CheckpointError if it does not belong to this plan."""
        check_state(self.plan, state)
        self.runners = [self._runner(copy, state) for copy in range(self.plan.copies)]

    def _runner(self, copy: int, state: State) -> CopyRunner:
        return CopyRunner(self.plan, copy, self.layouts[copy], self.level, state)

    def state(self) -> State:
        """A copy of the state."""
        return {key: value for runner in self.runners for key, value in runner.state().items()}

    def encode(self, sources: Sequence[SpikeSource], origin: int, start: int, stop: int) -> k.Feed:
        """Input for a run over the data steps start..stop, as the kernels read it."""
        coded: dict[int, np.ndarray] = {}
        stretches, (early, first) = [], reach_back(self.plan, start)
        for number, source in enumerate(sources):
            made = source.bits(first, stop) if number in self._coded and isinstance(source, Source) else None
            if made is None:
                stretches.append(source.spikes(first, stop))
            else:
                stretches.append((made[0], np.zeros(0, dtype=np.int32)))
                coded[number] = made[1]
        return make_feed(self.plan, joined(stretches, origin, early, first, stop), coded)

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
        """Advance all copies; see `colanet.engine.base.Engine.run`."""
        check_steps(start, stop)
        feed = make_feed(self.plan, inputs) if isinstance(inputs, InputSpikes) else inputs

        def one(copy: int, first: int, last: int) -> tuple[k.Harvest, int]:
            return self.runners[copy].run(feed, first, last, freeze, votes, record)

        results = run_shares(shares(self.plan.copies, self.threads, start, stop), one, self._helpers)
        note_compiled()
        empty = np.zeros((self.plan.copies, 0, 0), dtype=np.int32)
        return Stretch(
            votes=np.stack([_joined_votes(parts, start, stop, votes) for parts in results]) if votes else empty,
            spikes=np.stack([sum(out.spikes for _, (out, _) in parts) for parts in results]),
            synaptic_events=sum(events for parts in results for _, (_, events) in parts),
            records=[_ordered([out.record[: out.recorded[0]] for _, (out, _) in parts]) for parts in results],
        )


Parts = Sequence[tuple[int, tuple[k.Harvest, int]]]
"""What the shares of one copy brought: the step each began at, its harvest, its synaptic events."""


def _joined_votes(parts: Parts, start: int, stop: int, votes: Votes) -> np.ndarray:
    """Votes of one copy, shape (objects, classes), out of its shares."""
    first = start // votes.period
    total = np.zeros((votes.objects(start, stop), votes.classes), dtype=np.int32)
    for begun, (out, _) in parts:
        at = begun // votes.period - first
        total[at : at + len(out.votes)] += out.votes
    return total


def _ordered(records: list[np.ndarray]) -> np.ndarray:
    record = np.concatenate(records)
    return record[np.lexsort((record[:, 1], record[:, 0]))].copy()
