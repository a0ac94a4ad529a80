"""Compiled kernels of the numba engine: thousands of steps of one network copy in a single call.

Read `colanet.engine.reference` first: the functions here bear the names of its methods and do the same, with
lists of spikes instead of masks over all synapses. Integers only. A file whose constants or helpers are used here
belongs into `colanet.compiled.SOURCES`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from colanet.compiled import compiled
from colanet.config.values import MAX_DELAY
from colanet.plan import fixed

# Without reference counting (_nrt): it would touch every array of the tuples below at every call, which costs
# ten times the work itself. Nothing is allocated inside, so nothing needs it.
_OPTIONS: dict[str, Any] = {"nogil": True, "boundscheck": False, "_nrt": False}
kernel: Any = compiled(**_OPTIONS)
inlined: Any = compiled(inline="always", **_OPTIONS)

ONE = fixed.ONE
Q = fixed.Q
SCALE_Q = fixed.SCALE_Q
AWAKE = fixed.AWAKE
LIMIT = fixed.POTENTIAL_LIMIT
RESOURCE_LIMIT = fixed.RESOURCE_LIMIT
RAMP_LIMIT = fixed.RAMP_LIMIT
STABILITY_LIMIT = fixed.STABILITY_LIMIT
MEMORY_KICK = fixed.MEMORY_KICK
BASE_THRESHOLD = fixed.BASE_THRESHOLD
MILLI = fixed.MILLI
FOREVER = 1 << 62
ROW_ALIGN = 32
"""Dense weight rows are padded to this many int16, one 64-byte cache line."""
SMALL_KICK = 1 << 15
"""Kicks below this amplitude multiply with a 16-bit draw inside int32."""
BUCKET, BUCKETS = 10, 4096
AHEAD = 16
"""Steps for which the arrivals over a dense input projection are added up at once: an input that spikes repeatedly
finds its row of weights still in the nearest cache."""
BLOCK = 3
"""Cache lines of a row, at most, whose sums are in registers at the same time."""

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX1 = np.uint64(0xBF58476D1CE4E5B9)
MIX2 = np.uint64(0x94D049BB133111EB)
S30, S27, S31 = np.uint64(30), np.uint64(27), np.uint64(31)
LANE, LANE_MASK = np.uint64(16), np.uint64(0xFFFF)
BIT, NO_BITS = np.uint64(1), np.uint64(0)

# Kinds of projections.
FIXED, PLASTIC, GATING, REWARD = 0, 1, 2, 3

# What kinds of arrival a population had in a step: columns of `Scratch.touched`.
CURRENT, GATES, REWARDS = 0, 1, 2
TOUCH = np.array([CURRENT, CURRENT, GATES, REWARDS])

# Columns of the table of populations.
(P_START, P_SIZE, P_COLUMN, P_WTA, P_LEAK, P_FLOOR, P_KICK, P_RAMP, P_RAMP_PERIOD, P_ALPHA, P_RESET, P_PHASE,
 P_MEMORY, P_GATED, P_PLASTIC, P_HEBBIAN, P_WINDOW, P_ISI, P_DOPAMINE, P_THREE, P_STABLE3, P_RATE, P_WMIN,
 P_WMAX, P_VIRTUAL, P_PRE, P_PRE_PERIOD, P_BIAS, P_SUBTRACT, P_DRIVEN, P_REACH, P_FIELDS) = range(32)  # fmt: skip

# Columns of the table of projections.
(J_KIND, J_INPUT, J_SOURCE, J_SOURCE_SIZE, J_TARGET, J_TARGET_SIZE, J_WEIGHT, J_DMIN, J_DMAX, J_DENSE, J_ROW,
 J_SYNAPSE, J_STRIDE, J_SLOT, J_SLOT_PTR, J_WORD, J_WORDS, J_BITS, J_AHEAD, J_FIELDS) = range(20)  # fmt: skip


class Wiring(NamedTuple):
    """The network, the same for every step.

    Delivery: synapses of projection j that leave `pre` with delay d are
    ``row[J_ROW + pre * span + d - dmin]`` up to the next entry, positions in `target` and in `Live.weight`.
    Learning: the synapses of neuron i are ``slot_ptr[J_SLOT_PTR + i]`` up to the next entry, positions in
    `slot_*` and in `Live.resource`. A dense projection (all to all, one delay) needs neither: its position
    is J_SYNAPSE + pre * J_STRIDE + post, its slot J_SLOT + post * source size + pre.
    """

    population: np.ndarray  # int64 (populations, P_FIELDS)
    projection: np.ndarray  # int64 (projections, J_FIELDS)
    row: np.ndarray  # int64
    target: np.ndarray  # int32, flat neurons
    slot_ptr: np.ndarray  # int64
    slot_source: np.ndarray  # int32
    slot_delay: np.ndarray  # int32
    slot_position: np.ndarray  # int64, position in `weight`
    input_reach: np.ndarray  # int64 (inputs,), longest delay behind each input
    kick_key: np.ndarray  # uint64 (populations,)
    memory_time: np.ndarray  # int64 (neurons,)
    scale: np.ndarray  # int64 (1024,)
    level: np.ndarray  # int16 (populations, BUCKETS)
    bound: np.ndarray  # int32 (populations, most weights + 2)


class Live(NamedTuple):
    """State of one copy, flat over its neurons; rows of rings are t mod history."""

    potential: np.ndarray  # int32
    ramp: np.ndarray  # int32
    gate: np.ndarray  # int32
    spikes: np.ndarray  # uint8 (history, neurons)
    awake: np.ndarray  # uint8 (history, neurons)
    memory_end: np.ndarray  # int64
    memory_next: np.ndarray  # int64
    stability: np.ndarray  # int64
    debt: np.ndarray  # int64
    virtual: np.ndarray  # int64
    sequence_start: np.ndarray  # int64
    last_spike: np.ndarray  # int64
    forced: np.ndarray  # uint8
    resource: np.ndarray  # int32, by slots
    contributes: np.ndarray  # uint64, bit sets over slots
    weight: np.ndarray  # int16, in delivery order; derived from resource
    positive: np.ndarray  # int64, sum of positive plastic weights; derived
    threshold: np.ndarray  # int32, base + weight-dependent part; derived
    n_fired: np.ndarray  # int32 (history, populations); spikes as lists, derived
    fired: np.ndarray  # int32 (history, neurons); flat neurons, each population's from its own start
    owing: np.ndarray  # int64 (populations,); no debt can be shared out before this step; derived


class Scratch(NamedTuple):
    """Working arrays of one call; all zero between steps."""

    current: np.ndarray  # int32
    pushed: np.ndarray  # uint8, arrival over a fixed positive synapse
    wake: np.ndarray  # int32
    sleep: np.ndarray  # int32
    reward: np.ndarray  # int64
    sums: np.ndarray  # int32, a row of them
    draws: np.ndarray  # uint64, random words
    draw: np.ndarray  # uint16, the same memory
    kicks: np.ndarray  # int32
    kicked: np.ndarray  # uint8, by a memory timer
    mask: np.ndarray  # uint64
    fresh: np.ndarray  # int32, new weights of one neuron
    touched: np.ndarray  # uint8 (populations, 3): current, gates, rewards
    rest: np.ndarray  # uint8 (populations,): all potentials are zero
    still: np.ndarray  # uint8 (populations,): no activation counter is moving
    ahead: np.ndarray  # int32, from J_AHEAD on (AHEAD, J_STRIDE) sums of arrivals
    ahead_first: np.ndarray  # int64 (projections,), the step of the first row of `ahead`
    ahead_stop: np.ndarray  # int64 (projections,), the step after its last valid row
    changed: np.ndarray  # int32 (neurons,), those whose weights changed in this step, from each population's start
    n_changed: np.ndarray  # int32 (populations,)
    is_changed: np.ndarray  # uint8 (neurons,)
    until: np.ndarray  # int64 (projections,), the last step at which something may arrive


class Feed(NamedTuple):
    """Input spikes of steps base..; shared by all copies."""

    base: int
    ptr: np.ndarray  # int64 (inputs, steps + 1), into node
    node: np.ndarray  # int32
    bits: np.ndarray  # uint64 (steps, words); only inputs of plastic projections


class Harvest(NamedTuple):
    """What comes out."""

    votes: np.ndarray  # int32 (objects, classes)
    spikes: np.ndarray  # int64 (populations,)
    record: np.ndarray  # int64 (capacity, 2)
    recorded: np.ndarray  # int64 (1,)
    chosen: np.ndarray  # uint8 (populations,)


def _lowest_bit(typing, bits):
    """Position of the lowest bit that is set."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


lowest_bit: Any = intrinsic(_lowest_bit)


@inlined
def mix(z):
    z = (z ^ (z >> S30)) * MIX1
    z = (z ^ (z >> S27)) * MIX2
    return z ^ (z >> S31)


@inlined
def fixmul(a, b, shift):
    product = a * b
    if product >= 0:
        return product >> shift
    return -((-product) >> shift)


@inlined
def weight_of(resource, span, span_q, level, bound):
    """Weight minus w_min. Small resources are looked up: `level` holds the weight at the start of each bucket
    of 1024 resources, in which at most one boundary lies, and `bound` the smallest resource of each weight."""
    positive = np.uint64(max(resource, 0))
    if positive < np.uint64(BUCKETS << BUCKET):
        least = np.uint64(level[positive >> np.uint64(BUCKET)])
        return np.int64(least) + (np.int64(positive) >= bound[least + BIT])
    total = np.uint64(span_q) + positive
    return np.int64((np.uint64(2 * span) * positive + total) // (total + total))


@kernel
def scaled(stability, rate, table):
    if stability <= 0:
        return rate
    whole = stability >> Q
    if whole >= SCALE_Q:
        return np.int64(0)
    return fixmul(rate, table[(stability & (ONE - 1)) >> (Q - 10)] >> whole, SCALE_Q)


# ------------------------------------------------------------------- 2 arrivals


def line_adder(lines):
    """A function that adds the first `lines` cache lines of weight rows to int32 sums, through int16 registers.

    LLVM cannot know that sums and weights do not overlap and would store each partial sum, so the loop over the
    rows is written in its own language: vectors of 32 int16, which it maps to the registers the processor has.
    """
    narrow, wide = ir.VectorType(ir.IntType(16), ROW_ALIGN), ir.VectorType(ir.IntType(32), ROW_ALIGN)
    index = ir.IntType(64)

    def place(builder, array, position, kind):
        return builder.bitcast(builder.gep(array, [position]), kind.as_pointer())

    def generate(context, builder, signature, arguments):
        arrays = zip(signature.args[:3], arguments[:3], strict=True)
        total, weight, source = (cgutils.create_struct_proxy(t)(context, builder, v).data for t, v in arrays)
        n, origin, stride = arguments[3:]
        before, rows, after = builder.block, builder.append_basic_block("rows"), builder.append_basic_block("after")
        start, nothing = ir.Constant(index, 0), ir.Constant(narrow, None)
        builder.cbranch(builder.icmp_signed(">", n, start), rows, after)
        builder.position_at_end(rows)
        j, sums = builder.phi(index), [builder.phi(narrow) for _ in range(lines)]
        row = builder.sext(builder.load(builder.gep(source, [j])), index)
        at = builder.add(origin, builder.mul(row, stride))
        ends = []
        for line in range(lines):
            here = place(builder, weight, builder.add(at, ir.Constant(index, line * ROW_ALIGN)), narrow)
            ends.append(builder.add(sums[line], builder.load(here, align=2)))
        following = builder.add(j, ir.Constant(index, 1))
        builder.cbranch(builder.icmp_signed("<", following, n), rows, after)
        j.add_incoming(start, before)
        j.add_incoming(following, rows)
        for value, last in zip(sums, ends, strict=True):
            value.add_incoming(nothing, before)
            value.add_incoming(last, rows)
        builder.position_at_end(after)
        for line in range(lines):
            result = builder.phi(narrow)
            result.add_incoming(nothing, before)
            result.add_incoming(ends[line], rows)
            ends[line] = result
        for line in range(lines):
            here = place(builder, total, ir.Constant(index, line * ROW_ALIGN), wide)
            builder.store(builder.add(builder.load(here, align=4), builder.sext(ends[line], wide)), here, align=4)
        return context.get_dummy_value()

    @intrinsic
    def add_lines(typing, total, weight, source, n, origin, stride):
        return types.void(total, weight, source, types.int64, types.int64, types.int64), generate

    return add_lines


add_line, add_two, add_three = line_adder(1), line_adder(2), line_adder(3)


@kernel
def add_rows(total, weight, sources, origin, stride, lines, most):
    """total += sum of the weight rows of the spiking sources, over their first `lines` (1, 2 or 3) cache lines.

    `most` rows fit into int16 whatever they hold.
    """
    for j in range(0, len(sources), most):
        some = sources[j : j + most]
        if lines == 3:
            add_three(total, weight, some, len(some), origin, stride)
        elif lines == 2:
            add_two(total, weight, some, len(some), origin, stride)
        else:
            add_line(total, weight, some, len(some), origin, stride)


@inlined
def rows_in_int16(population):
    """How many weights of a population add up within int16 whatever they are."""
    return 32767 // max(abs(population[P_WMIN]), abs(population[P_WMAX]), 1)


@kernel
def look_ahead(t, stop, q, wiring, live, scratch, feed):
    """Add up what arrives over a dense input projection at steps t..stop-1, block by block of neurons."""
    projection = wiring.projection[q]
    stride = projection[J_STRIDE]
    most = rows_in_int16(wiring.population[projection[J_TARGET]])
    scratch.ahead[projection[J_AHEAD] : projection[J_AHEAD] + (stop - t) * stride] = 0
    for line in range(0, stride // ROW_ALIGN, BLOCK):
        lines = min(BLOCK, stride // ROW_ALIGN - line)
        for s in range(t, stop):
            at = s - projection[J_DMIN] - feed.base
            sources = feed.node[feed.ptr[projection[J_SOURCE], at] : feed.ptr[projection[J_SOURCE], at + 1]]
            total = scratch.ahead[projection[J_AHEAD] + (s - t) * stride + line * ROW_ALIGN :]
            add_rows(total, live.weight, sources, projection[J_SYNAPSE] + line * ROW_ALIGN, stride, lines, most)
    scratch.ahead_first[q], scratch.ahead_stop[q] = t, stop


@kernel
def add_ahead(current, ahead):
    for i in range(len(current)):
        current[i] += ahead[i]


@kernel
def look_again(t, p, wiring, live, scratch, feed):
    """Weights changed at step t: correct what was added up for the steps after it."""
    start, n = wiring.population[p, P_START], np.int64(scratch.n_changed[p])
    for q in range(len(wiring.projection)):
        projection = wiring.projection[q]
        if projection[J_AHEAD] < 0 or projection[J_TARGET] != p or scratch.ahead_stop[q] <= t + 1:
            continue
        if 4 * n > projection[J_TARGET_SIZE]:
            scratch.ahead_stop[q] = t + 1
            continue
        for s in range(t + 1, scratch.ahead_stop[q]):
            line = s - projection[J_DMIN] - feed.base
            lo, hi = feed.ptr[projection[J_SOURCE], line], feed.ptr[projection[J_SOURCE], line + 1]
            row = projection[J_AHEAD] + (s - scratch.ahead_first[q]) * projection[J_STRIDE]
            for k in range(start, start + n):
                i = np.int64(scratch.changed[k])
                origin = projection[J_SYNAPSE] + i
                total = np.int32(0)
                for j in range(lo, hi):
                    total += np.int32(live.weight[origin + feed.node[j] * projection[J_STRIDE]])
                scratch.ahead[row + i] = total
    for k in range(start, start + n):
        scratch.is_changed[start + scratch.changed[k]] = 0
    scratch.n_changed[p] = 0


@inlined
def note_change(q, i, wiring, scratch):
    """The weights of neuron i of the target of projection q are about to change."""
    p = wiring.projection[q, J_TARGET]
    start = wiring.population[p, P_START]
    if wiring.projection[q, J_AHEAD] >= 0 and not scratch.is_changed[start + i]:
        scratch.is_changed[start + i] = 1
        scratch.changed[start + scratch.n_changed[p]] = i
        scratch.n_changed[p] += 1


@inlined
def deliver(t, stop, q, wiring, live, scratch, feed):
    """Arrivals of projection q at step t of a run until `stop`; how many synapses were hit."""
    projection = wiring.projection[q]
    events = 0
    for delay in range(projection[J_DMIN], projection[J_DMAX] + 1):
        s = t - delay
        if s < 0:
            break
        if projection[J_INPUT]:
            lo = feed.ptr[projection[J_SOURCE], s - feed.base]
            hi = feed.ptr[projection[J_SOURCE], s - feed.base + 1]
            sources, first = feed.node[lo:hi], 0
        else:
            line = s & (live.n_fired.shape[0] - 1)
            first = wiring.population[projection[J_SOURCE], P_START]
            sources = live.fired[line, first : first + live.n_fired[line, projection[J_SOURCE]]]
        if len(sources) > 0:
            if projection[J_DENSE]:
                target, size, stride = projection[J_TARGET], projection[J_TARGET_SIZE], projection[J_STRIDE]
                population = wiring.population[target]
                current = scratch.current[population[P_START] : population[P_START] + size]
                scratch.touched[target, CURRENT] = 1
                events += len(sources) * size
                if projection[J_AHEAD] >= 0:
                    if t >= scratch.ahead_stop[q]:
                        look_ahead(t, min(t + AHEAD, stop), q, wiring, live, scratch, feed)
                    row = projection[J_AHEAD] + (t - scratch.ahead_first[q]) * stride
                    add_ahead(current, scratch.ahead[row : row + size])
                else:
                    origin, most = projection[J_SYNAPSE] - first * stride, rows_in_int16(population)
                    scratch.sums[:stride] = 0
                    for line in range(0, stride // ROW_ALIGN, BLOCK):
                        lines = min(BLOCK, stride // ROW_ALIGN - line)
                        total, part = scratch.sums[line * ROW_ALIGN :], origin + line * ROW_ALIGN
                        add_rows(total, live.weight, sources, part, stride, lines, most)
                    add_ahead(current, scratch.sums[:size])
            else:
                events += arrive(delay, projection, sources, first, wiring.row, wiring.target, live.weight, scratch)
    return events


@kernel
def arrive(delay, projection, sources, first, rows, target, weights, scratch):
    """Spikes arrive over the synapses of a sparse projection that have this delay; how many."""
    kind, weight = projection[J_KIND], projection[J_WEIGHT]
    span = projection[J_DMAX] - projection[J_DMIN] + 1
    hit = 0
    for j in range(len(sources)):
        at = projection[J_ROW] + (sources[j] - first) * span + delay - projection[J_DMIN]
        lo, hi = rows[at], rows[at + 1]
        hit += hi - lo
        if kind == FIXED:
            for k in range(lo, hi):
                scratch.current[target[k]] += weight
                scratch.pushed[target[k]] |= weight > 0
        elif kind == PLASTIC:
            for k in range(lo, hi):
                scratch.current[target[k]] += weights[k]
        elif kind == REWARD:
            for k in range(lo, hi):
                scratch.reward[target[k]] += weight
        else:
            for k in range(lo, hi):
                scratch.wake[target[k]] = max(scratch.wake[target[k]], weight)
                scratch.sleep[target[k]] = min(scratch.sleep[target[k]], weight)
    if hit:
        scratch.touched[projection[J_TARGET], TOUCH[kind]] = 1
    return hit


# ----------------------------------------------------------------------- 3 gate


@kernel
def move_gates(a):
    """Each step a non-zero activation counter moves by 1 towards 0; -1 becomes awake for good.

    Whether some counter is still moving.
    """
    moving = np.int32(0)
    for i in range(len(a)):
        v = a[i]
        moved = np.int32(AWAKE) if v == -1 else np.int32(v + (v < 0) - ((v > 0) & (v < AWAKE)))
        a[i] = moved
        moving = np.int32(moving | np.int32((moved != 0) & (moved != AWAKE)))
    return moving


@kernel
def set_gates(a, wake, sleep):
    """Gating arrivals: the positive ones, then the negative ones."""
    for i in range(len(a)):
        v = max(a[i], wake[i]) if wake[i] > 0 else a[i]
        a[i] = min(v, sleep[i]) if sleep[i] < 0 else v
        wake[i] = 0
        sleep[i] = 0


@kernel
def note_awake(a, awake):
    for i in range(len(a)):
        awake[i] = a[i] > 0


# ---------------------------------------------------------- 4 leak, 5 integrate


@kernel
def draw_words(words, key):
    """Random words; each holds the 16-bit draws of four neurons, the first in its lowest bits."""
    for group in range(len(words)):
        words[group] = mix(key + np.uint64(group) * GOLDEN + GOLDEN)


@kernel
def large_kicks(kicks, draw, amplitude):
    """kicks[i] = (k S) >> 16 for amplitudes S that may leave int32."""
    for i in range(len(kicks)):
        kicks[i] = (np.int64(draw[i]) * amplitude) >> 16


@kernel
def memory_timers(t, population, live, scratch):
    """Neurons whose memory timer expires get a kick."""
    for i in range(population[P_START], population[P_START] + population[P_SIZE]):
        due = live.memory_next[i] == t and t <= live.memory_end[i]
        scratch.kicked[i] = due
        if due:
            scratch.kicks[i - population[P_START]] += MEMORY_KICK
            live.memory_next[i] = t + population[P_MEMORY]


@inlined
def drained(v, leak):
    """v leak / 1024 truncated towards zero, without leaving int32: v is cut into 1024s and rest."""
    size = np.int32(abs(v))
    part = np.int32(np.int32(size >> 10) * leak) + np.int32(np.int32(np.int32(size & 1023) * leak) >> 10)
    return np.int32(part) if v >= 0 else np.int32(-part)


@kernel
def integrate(u, current, a, kicks, threshold, leak, bias, floor):
    """u := max(u leak / 1024 + bias + kick + arrivals, floor); clears the arrivals.

    How many awake neurons then lie above the constant part of their threshold. A sleeping neuron ignores what
    arrives.
    """
    above = 0
    for i in range(len(u)):
        arriving = current[i] if a[i] > 0 else np.int32(0)
        total = np.int64(drained(u[i], leak)) + bias + kicks[i] + arriving
        u[i] = min(max(total, floor), LIMIT)
        current[i] = 0
        above += (u[i] > threshold[i]) & (a[i] > 0)
    return above


@kernel
def integrate_small(u, current, a, draw, amplitude, threshold, leak, floor):
    """`integrate` without bias, with kicks (k S) >> 16 of 0 <= S < 2^15, all within int32, so that a vector holds
    more neurons.

    |u leak / 1024| <= 2^30 and arrivals below 2^30 (`plan.bounds`) add up within int32; a kick on top finds room
    after `min`. Draws of 16 bits times S stay below 2^31.
    """
    above = np.int32(0)
    for i in range(len(u)):
        arriving = current[i] if a[i] > 0 else np.int32(0)
        kick = np.int32(np.int32(np.int32(draw[i]) * amplitude) >> 16)
        total = np.int32(min(np.int32(drained(u[i], leak) + arriving), np.int32(LIMIT)) + kick)
        total = min(max(total, floor), np.int32(LIMIT))
        u[i] = total
        current[i] = 0
        above = np.int32(above + np.int32((total > threshold[i]) & (a[i] > 0)))
    return above


# ----------------------------------------------------------------------- 6 fire


@kernel
def count_above(u, threshold):
    """How many neurons, asleep or not, lie above the constant part of their threshold."""
    above = 0
    for i in range(len(u)):
        above += u[i] > threshold[i]
    return above


@kernel
def some_ready(u, a, threshold):
    """Whether an awake neuron lies above the constant part of its threshold."""
    ready = np.int32(0)
    for i in range(len(u)):
        ready = np.int32(ready | np.int32((u[i] > threshold[i]) & (a[i] > 0)))
    return ready


@kernel
def move_ramps(ramp):
    for i in range(len(ramp)):
        ramp[i] = max(ramp[i] - 1, 0)


@kernel
def excess(i, population, live):
    """Potential minus threshold of flat neuron i if it is awake, else 0."""
    if live.gate[i] <= 0:
        return np.int64(0)
    threshold = np.int64(live.threshold[i])
    if population[P_RAMP_PERIOD]:
        threshold += live.ramp[i] * population[P_RAMP] // population[P_RAMP_PERIOD]
    return live.potential[i] - threshold


@kernel
def fire(t, p, wiring, live, scratch):
    """Neurons above threshold fire, at most one a column under winner-take-all; how many did."""
    population = wiring.population[p]
    line = t & (live.n_fired.shape[0] - 1)
    start, stop = population[P_START], population[P_START] + population[P_SIZE]
    n = 0
    if population[P_WTA]:
        for first in range(start, stop, population[P_COLUMN]):
            end = first + population[P_COLUMN]
            if not some_ready(live.potential[first:end], live.gate[first:end], live.threshold[first:end]):
                continue
            best, winner = np.int64(0), -1
            for i in range(first, end):
                e = excess(i, population, live)
                if e > best:
                    best, winner = e, i
            if winner >= 0:
                live.fired[line, start + n] = winner
                n += 1
    else:
        for i in range(start, stop):
            if excess(i, population, live) > 0:
                live.fired[line, start + n] = i
                n += 1
    live.n_fired[line, p] = n
    for k in range(start, start + n):
        i = live.fired[line, k]
        live.potential[i] = excess(i, population, live) if population[P_SUBTRACT] else 0
        live.spikes[line, i] = 1
        if population[P_RAMP_PERIOD]:
            live.ramp[i] = min(live.ramp[i] + population[P_RAMP_PERIOD], RAMP_LIMIT)
        if population[P_MEMORY]:
            live.memory_next[i] = t + population[P_MEMORY]
            if not scratch.kicked[i]:
                live.memory_end[i] = min(t + wiring.memory_time[i], FOREVER)
    return n


# ----------------------------------------------------------------- 7 plasticity


@kernel
def received(t, q, i, since, wiring, live, feed, mask):
    """Bit set of the slots of target neuron i over which it received a spike at steps since..t."""
    projection = wiring.projection[q]
    words = projection[J_WORDS]
    neuron = wiring.population[projection[J_TARGET], P_START] + i
    turns = live.n_fired.shape[0] - 1
    for w in range(words):
        mask[w] = NO_BITS
    if projection[J_DENSE] and projection[J_INPUT]:
        delay, at = projection[J_DMIN], projection[J_BITS]
        for s in range(max(since, delay), t + 1):
            if live.awake[s & turns, neuron]:
                bits = feed.bits[s - delay - feed.base, at : at + words]
                for w in range(words):
                    mask[w] |= bits[w]
        return
    if projection[J_DENSE]:
        lo, hi = 0, projection[J_SOURCE_SIZE]
    else:
        lo = wiring.slot_ptr[projection[J_SLOT_PTR] + i]
        hi = wiring.slot_ptr[projection[J_SLOT_PTR] + i + 1]
    for slot in range(lo, hi):
        source, delay = np.int64(slot), projection[J_DMIN]
        if not projection[J_DENSE]:
            source, delay = np.int64(wiring.slot_source[slot]), np.int64(wiring.slot_delay[slot])
        for s in range(max(since, delay), t + 1):
            if not live.awake[s & turns, neuron]:
                continue
            if projection[J_INPUT]:
                word = feed.bits[s - delay - feed.base, projection[J_BITS] + (source >> 6)]
                hit = (word >> np.uint64(source & 63)) & BIT
            else:
                first = wiring.population[projection[J_SOURCE], P_START]
                hit = np.uint64(live.spikes[(s - delay) & turns, first + source])
            if hit:
                mask[(slot - lo) >> 6] |= BIT << np.uint64((slot - lo) & 63)
                break


@inlined
def slots(projection, i, wiring):
    """First slot of target neuron i, and how many it has."""
    if projection[J_DENSE]:
        return projection[J_SLOT] + i * projection[J_SOURCE_SIZE], projection[J_SOURCE_SIZE]
    lo = wiring.slot_ptr[projection[J_SLOT_PTR] + i]
    return lo, wiring.slot_ptr[projection[J_SLOT_PTR] + i + 1] - lo


@inlined
def set_threshold(neuron, population, live):
    """Base threshold plus alpha times the sum of positive plastic weights."""
    if population[P_ALPHA]:
        above = (population[P_ALPHA] * live.positive[neuron]) >> Q
        live.threshold[neuron] = min(BASE_THRESHOLD + above, LIMIT)


@kernel
def change(q, i, mask, step, wiring, live, scratch):
    """Add `step` to the resources of the slots in `mask`; weights and threshold follow, the debt is owed."""
    note_change(q, i, wiring, scratch)
    projection = wiring.projection[q]
    population = wiring.population[projection[J_TARGET]]
    neuron = population[P_START] + i
    first, n = slots(projection, i, wiring)
    w_min, span = population[P_WMIN], population[P_WMAX] - population[P_WMIN]
    span_q = (span * ONE + MILLI // 2) // MILLI
    stride = np.uint64(projection[J_STRIDE])
    level, bound = wiring.level[projection[J_TARGET]], wiring.bound[projection[J_TARGET]]
    resource, where = live.resource[first : first + n], wiring.slot_position[first : first + n]
    weight = live.weight[projection[J_SYNAPSE] + i :] if projection[J_DENSE] else live.weight
    added, positive = np.int64(0), np.int64(0)
    for w in range(projection[J_WORDS]):
        bits = mask[w]
        while bits:
            slot = np.uint64(64 * w) + lowest_bit(bits)
            bits &= bits - BIT
            old = np.int64(resource[slot])
            new = min(max(old + step, -RESOURCE_LIMIT), RESOURCE_LIMIT)
            resource[slot] = new
            added += new - old
            at = slot * stride if stride else np.uint64(where[slot])
            before = np.int64(weight[at])
            after = w_min + weight_of(new, span, span_q, level, bound)
            weight[at] = after
            positive += max(after, 0) - max(before, 0)
    live.positive[neuron] += positive
    set_threshold(neuron, population, live)
    if population[P_VIRTUAL] >= 0:
        live.debt[neuron] -= added
        if abs(live.debt[neuron]) >= ONE:
            live.owing[projection[J_TARGET]] = 0


@kernel
def shift_resources(resource, share):
    """Add `share` to all; what saturation let through, and the largest result."""
    added, largest = np.int64(0), np.int64(0)
    for slot in range(len(resource)):
        old = np.int64(resource[slot])
        new = min(max(old + share, -RESOURCE_LIMIT), RESOURCE_LIMIT)
        resource[slot] = new
        added += new - old
        largest = max(largest, new)
    return added, largest


@kernel
def look_up(fresh, resource, level, bound):
    """`weight_of` for resources that all lie in the table."""
    for slot in range(len(resource)):
        positive = max(resource[slot], 0)
        j = level[positive >> BUCKET]
        fresh[slot] = j + (positive >= bound[j + 1])


@kernel
def store_weights(weight, fresh, w_min, origin, stride, size):
    """Write new weights, `stride` apart; the sum of the positive ones."""
    positive = 0
    for slot in range(size):
        w = w_min + fresh[slot]
        weight[origin + slot * stride] = w
        positive += max(w, 0)
    return positive


@inlined
def shift_all(q, i, share, wiring, live, scratch):
    """Add `share` to the resources of all slots of neuron i; what was really added, sum of positive weights."""
    note_change(q, i, wiring, scratch)
    projection, fresh = wiring.projection[q], scratch.fresh
    population = wiring.population[projection[J_TARGET]]
    first, n = slots(projection, i, wiring)
    w_min, span = population[P_WMIN], population[P_WMAX] - population[P_WMIN]
    resource = live.resource[first : first + n]
    level, bound = wiring.level[projection[J_TARGET]], wiring.bound[projection[J_TARGET]]
    added, largest = shift_resources(resource, share)
    if largest >> BUCKET < BUCKETS:
        look_up(fresh, resource, level, bound)
    else:
        span_q = (span * ONE + MILLI // 2) // MILLI
        for slot in range(n):
            fresh[slot] = weight_of(np.int64(resource[slot]), span, span_q, level, bound)
    if projection[J_DENSE]:
        origin, stride = projection[J_SYNAPSE] + i, projection[J_STRIDE]
        return added, store_weights(live.weight, fresh, w_min, origin, stride, n)
    positive = 0
    for slot in range(n):
        w = w_min + fresh[slot]
        live.weight[wiring.slot_position[first + slot]] = w
        positive += max(w, 0)
    return added, positive


@inlined
def stabilise(neuron, live, delta):
    """A non-positive stability can only increase. One change is below 2^44, stability at most 2^62."""
    if live.stability[neuron] > 0 or delta > 0:
        live.stability[neuron] = min(max(live.stability[neuron] + delta, -STABILITY_LIMIT), STABILITY_LIMIT)


@inlined
def own_spike(t, p, i, pushed, wiring, live, scratch, feed):
    """Hebbian rule and tight spike sequences."""
    population, mask = wiring.population[p], scratch.mask
    neuron = population[P_START] + i
    last = live.last_spike[neuron]
    continues = not pushed and not live.forced[neuron] and t - last <= population[P_ISI]
    since = last + 1 if continues else t - population[P_WINDOW]
    step = 0 if pushed else scaled(live.stability[neuron], population[P_HEBBIAN], wiring.scale)
    for q in range(len(wiring.projection)):
        projection = wiring.projection[q]
        if projection[J_KIND] != PLASTIC or projection[J_TARGET] != p:
            continue
        received(t, q, i, since, wiring, live, feed, mask)
        at = projection[J_WORD] + i * projection[J_WORDS]
        for w in range(projection[J_WORDS]):
            old = live.contributes[at + w] if continues else NO_BITS
            live.contributes[at + w] = old | mask[w]
            mask[w] &= ~old
        if step:
            change(q, i, mask, step, wiring, live, scratch)
    if not continues:
        live.sequence_start[neuron] = t
        stabilise(neuron, live, fixmul(population[P_RATE], population[P_HEBBIAN], Q))
    live.last_spike[neuron] = t
    live.forced[neuron] = pushed
    if pushed:
        live.owing[p] = 0


@inlined
def rewarded(t, p, i, reward, wiring, live, scratch, feed):
    """Dopamine plasticity, three-factor or two-factor, and what it does to stability."""
    population, mask = wiring.population[p], scratch.mask
    neuron = population[P_START] + i
    forced = live.forced[neuron] == 1
    if population[P_THREE] and t - live.last_spike[neuron] > population[P_DOPAMINE]:
        return
    step = scaled(live.stability[neuron], reward, wiring.scale)
    if step and not (forced and reward <= 0):
        for q in range(len(wiring.projection)):
            projection = wiring.projection[q]
            if projection[J_KIND] != PLASTIC or projection[J_TARGET] != p:
                continue
            if population[P_THREE]:
                at = projection[J_WORD] + i * projection[J_WORDS]
                change(q, i, live.contributes[at : at + projection[J_WORDS]], step, wiring, live, scratch)
            else:
                received(t, q, i, t - population[P_DOPAMINE] + 1, wiring, live, feed, mask)
                change(q, i, mask, step, wiring, live, scratch)
    stabilise(neuron, live, stability_of_reward(t, population, neuron, reward, forced, live))


@inlined
def stability_of_reward(t, population, neuron, reward, forced, live):
    product = fixmul(population[P_RATE], reward, Q)
    if forced:
        return -product if reward > 0 else np.int64(0)
    if reward < 0:
        return product
    if population[P_STABLE3]:
        return 2 * product
    distance = abs(t - live.sequence_start[neuron] - population[P_ISI])
    if population[P_ISI]:
        # From three times P_ISI on the factor is -1; the shifted distance stays below 2^34.
        distance = min(distance, 3 * population[P_ISI])
        factor = max(2 * ONE - (distance << Q) // population[P_ISI], -ONE)
    else:
        factor = ONE if distance == 0 else -ONE  # the limit for ISImax -> 0
    return fixmul(product, factor, Q)


@kernel
def presynaptic(t, p, wiring, live, scratch, feed):
    """One-factor plasticity of every neuron of a population."""
    population, mask = wiring.population[p], scratch.mask
    for i in range(population[P_SIZE]):
        step = scaled(live.stability[population[P_START] + i], population[P_PRE], wiring.scale)
        for q in range(len(wiring.projection)):
            projection = wiring.projection[q]
            if step and projection[J_KIND] == PLASTIC and projection[J_TARGET] == p:
                received(t, q, i, t - population[P_PRE_PERIOD] + 1, wiring, live, feed, mask)
                change(q, i, mask, step, wiring, live, scratch)


@kernel
def first_owing(debt):
    """Index of the first neuron with a debt of 1.0 or more; how many neurons there are if there is none."""
    n = len(debt)
    for first in range(0, n, 32):
        part = debt[first : first + 32]
        most = np.int64(0)
        for i in range(len(part)):
            most = max(most, abs(part[i]))
        if most >= ONE:
            for i in range(len(part)):
                if abs(part[i]) >= ONE:
                    return first + i
    return n


@inlined
def renormalise(t, p, wiring, live, scratch):
    """Share out debts of 1.0 or more of neurons that are not inside a spike sequence."""
    population = wiring.population[p]
    start, size = population[P_START], population[P_SIZE]
    due = FOREVER
    i = -1
    while True:
        i += 1 + first_owing(live.debt[start + i + 1 : start + size])
        if i >= size:
            break
        neuron = start + i
        owed = live.debt[neuron]
        if not live.forced[neuron] and t - live.last_spike[neuron] < population[P_ISI]:
            due = min(due, live.last_spike[neuron] + population[P_ISI])
            continue
        sharers = population[P_VIRTUAL]
        for q in range(len(wiring.projection)):
            projection = wiring.projection[q]
            if projection[J_KIND] == PLASTIC and projection[J_TARGET] == p:
                sharers += slots(projection, i, wiring)[1]
        if sharers == 0:
            continue
        share = owed // sharers if owed >= 0 else -(-owed // sharers)
        given = share * population[P_VIRTUAL]
        live.virtual[neuron] += given
        positive = 0
        for q in range(len(wiring.projection)):
            projection = wiring.projection[q]
            if projection[J_KIND] == PLASTIC and projection[J_TARGET] == p:
                added, above = shift_all(q, i, share, wiring, live, scratch)
                given += added
                positive += above
        live.positive[neuron] = positive
        set_threshold(neuron, population, live)
        live.debt[neuron] = owed - given
        if abs(owed - given) >= ONE:
            due = t + 1
    live.owing[p] = due


@inlined
def learn(t, p, wiring, live, scratch, feed):
    """All rules of one step for one population."""
    population = wiring.population[p]
    start = population[P_START]
    line = t & (live.n_fired.shape[0] - 1)
    for k in range(start, start + live.n_fired[line, p]):
        i = np.int64(live.fired[line, k])
        own_spike(t, p, i - start, scratch.pushed[i] == 1, wiring, live, scratch, feed)
    if scratch.touched[p, REWARDS]:
        for j in range(population[P_SIZE]):
            reward = scratch.reward[start + j]
            if reward != 0 and live.gate[start + j] > 0:
                rewarded(t, p, j, reward, wiring, live, scratch, feed)
    period = population[P_PRE_PERIOD]
    if period and t > 0 and t % period == 0:
        presynaptic(t, p, wiring, live, scratch, feed)
    if live.owing[p] <= t:
        renormalise(t, p, wiring, live, scratch)
    if scratch.n_changed[p]:
        look_again(t, p, wiring, live, scratch, feed)


# ------------------------------------------------------------------------- time


@inlined
def update(t, p, noting, wiring, live, scratch):
    """Gate, leak, integrate and fire one population; how many of its neurons fired.

    With `noting` it is noted who is awake.
    """
    population = wiring.population[p]
    start, size = population[P_START], population[P_SIZE]
    stop = start + size
    line = t & (live.n_fired.shape[0] - 1)
    for k in range(start, start + live.n_fired[line, p]):
        live.spikes[line, live.fired[line, k]] = 0
    live.n_fired[line, p] = 0
    fired = 0
    if population[P_GATED]:
        if not scratch.still[p]:
            scratch.still[p] = not move_gates(live.gate[start:stop])
        if scratch.touched[p, GATES]:
            set_gates(live.gate[start:stop], scratch.wake[start:stop], scratch.sleep[start:stop])
            scratch.still[p] = 0
        if noting and population[P_PLASTIC]:
            note_awake(live.gate[start:stop], live.awake[line, start:stop])
    kicked = population[P_DRIVEN] or population[P_MEMORY]
    calm = not scratch.touched[p, CURRENT] and not kicked
    if not (calm and scratch.rest[p]):
        above = settle(t, p, population, wiring, live, scratch)
        scratch.rest[p] = calm and population[P_LEAK] == 0
        if population[P_RAMP_PERIOD]:
            move_ramps(live.ramp[start:stop])
        if above:
            fired = fire(t, p, wiring, live, scratch)
    elif population[P_RAMP_PERIOD]:
        move_ramps(live.ramp[start:stop])
    return fired


@inlined
def settle(t, p, population, wiring, live, scratch):
    """Leak, bias, kick, integrate and reset; 0 if certainly no neuron can fire."""
    start, size, kick = population[P_START], population[P_SIZE], population[P_KICK]
    u, current = live.potential[start : start + size], scratch.current[start : start + size]
    a, threshold = live.gate[start : start + size], live.threshold[start : start + size]
    leak, floor, bias = np.int32(population[P_LEAK]), np.int32(population[P_FLOOR]), population[P_BIAS]
    if kick:
        draw_words(scratch.draws[: (size + 3) // 4], mix(wiring.kick_key[p] + np.uint64(t) * GOLDEN + GOLDEN))
    if 0 <= kick < SMALL_KICK and not population[P_MEMORY] and not bias:
        draw = scratch.draw[:size]
        above = integrate_small(u, current, a, draw, np.int32(kick), threshold, leak, floor)
    else:
        large_kicks(scratch.kicks[:size], scratch.draw, kick)
        if population[P_MEMORY]:
            memory_timers(t, population, live, scratch)
        above = integrate(u, current, a, scratch.kicks, threshold, leak, bias, floor)
    if population[P_RESET] and t % population[P_RESET] == population[P_PHASE]:
        u[:] = 0
        above = count_above(u, threshold)
    return above


@inlined
def clear_arrivals(p, wiring, scratch):
    """Zero what the step left in the arrival arrays of a population."""
    start, stop = wiring.population[p, P_START], wiring.population[p, P_START] + wiring.population[p, P_SIZE]
    if scratch.touched[p, CURRENT]:
        scratch.pushed[start:stop] = 0
    if scratch.touched[p, REWARDS]:
        scratch.reward[start:stop] = 0
    scratch.touched[p] = 0


@kernel
def harvest_spikes(t, p, n, wiring, live, out, vote_population, object_index):
    """Count votes and record the n spikes of a population."""
    start, size = wiring.population[p, P_START], wiring.population[p, P_SIZE]
    line = t & (live.n_fired.shape[0] - 1)
    out.spikes[p] += n
    for k in range(start, start + n):
        i = live.fired[line, k]
        if p == vote_population:
            out.votes[object_index, (i - start) * out.votes.shape[1] // size] += 1
        if out.chosen[p]:
            out.record[out.recorded[0], 0] = t
            out.record[out.recorded[0], 1] = i
            out.recorded[0] += 1


@kernel
def next_event(t, stop, learning, wiring, live, feed):
    """With no spike on its way after step t: the next step at which anything can happen, at most `stop`."""
    for p in range(len(wiring.population)):
        population = wiring.population[p]
        start, end = population[P_START], population[P_START] + population[P_SIZE]
        if population[P_DRIVEN]:
            return t + 1
        if learning:
            stop = min(stop, max(live.owing[p], t + 1))
        if count_above(live.potential[start:end], live.threshold[start:end]):
            return t + 1
        if population[P_MEMORY]:
            for i in range(start, end):
                if t < live.memory_next[i] <= live.memory_end[i]:
                    stop = min(stop, live.memory_next[i])
        period = population[P_PRE_PERIOD]
        if learning and period:
            stop = min(stop, (t // period + 1) * period)
    for s in range(t + 1, stop):
        line = s - feed.base
        for source in range(len(wiring.input_reach)):
            if feed.ptr[source, line] != feed.ptr[source, line + 1]:
                return s
    return stop


@kernel
def pass_time(first, stop, wiring, live):
    """What steps first..stop-1 do when nothing arrives and nobody fires: leaks, ramps, gates, rings."""
    turns = live.n_fired.shape[0]
    recent = max(first, stop - turns)
    for p in range(len(wiring.population)):
        population = wiring.population[p]
        start, end = population[P_START], population[P_START] + population[P_SIZE]
        u = live.potential[start:end]
        period = population[P_RESET]
        if period and first + (population[P_PHASE] - first) % period < stop:
            u[:] = 0
        if population[P_LEAK] < 1024:
            for _ in range(first, stop):
                left = 0
                for i in range(len(u)):
                    v = np.int64(u[i])
                    drained = (abs(v) * population[P_LEAK]) >> 10
                    u[i] = drained if v >= 0 else -drained
                    left |= drained
                if left == 0:
                    break
        if population[P_RAMP_PERIOD]:
            ramp = live.ramp[start:end]
            for i in range(len(ramp)):
                ramp[i] = max(ramp[i] - (stop - first), 0)
        for s in range(recent, stop):
            line = s & (turns - 1)
            for k in range(start, start + live.n_fired[line, p]):
                live.spikes[line, live.fired[line, k]] = 0
            live.n_fired[line, p] = 0
        if population[P_GATED]:
            pass_gates(first, recent, stop, population, live)


@kernel
def pass_gates(first, recent, stop, population, live):
    """Activation counters over steps first..stop-1; rows of `awake` from `recent` on."""
    start, end = population[P_START], population[P_START] + population[P_SIZE]
    a = live.gate[start:end]
    moving = True
    for s in range(first, stop):
        if moving:
            moving = False
            for i in range(len(a)):
                moving |= a[i] != 0 and a[i] != AWAKE
            move_gates(a)
        elif s < recent:
            continue
        if population[P_PLASTIC] and s >= recent:
            note_awake(a, live.awake[s & (live.n_fired.shape[0] - 1), start:end])


@kernel
def run(start, stop, freeze, wiring, live, scratch, feed, out, vote_population, vote_period):
    """Run one copy from step `start` to `stop`; the number of synaptic events.

    Stretches in which no spike is on its way, nothing drives a potential and no timer is due are skipped.
    """
    populations, projections = len(wiring.population), len(wiring.projection)
    events = 0
    arriving = start + MAX_DELAY
    restless = False
    for p in range(populations):
        restless |= wiring.population[p, P_DRIVEN] > 0
    scratch.ahead_stop[:] = 0
    for q in range(projections):
        scratch.until[q] = FOREVER if wiring.projection[q, J_INPUT] else start + MAX_DELAY
    first_object = start // vote_period
    t = start
    while t < stop:
        line = t & (live.n_fired.shape[0] - 1)
        for q in range(projections):
            if t <= scratch.until[q]:
                events += deliver(t, stop, q, wiring, live, scratch, feed)
        noting = t < freeze or t >= stop - live.n_fired.shape[0]
        for p in range(populations):
            n = update(t, p, noting, wiring, live, scratch)
            if n:
                for q in range(projections):
                    if wiring.projection[q, J_SOURCE] == p and not wiring.projection[q, J_INPUT]:
                        scratch.until[q] = t + wiring.projection[q, J_DMAX]
                arriving = max(arriving, t + wiring.population[p, P_REACH])
                harvest_spikes(t, p, n, wiring, live, out, vote_population, t // vote_period - first_object)
        for p in range(populations):
            if t < freeze and wiring.population[p, P_PLASTIC]:
                period = wiring.population[p, P_PRE_PERIOD]
                due = scratch.touched[p, REWARDS] or live.owing[p] <= t or (period and t % period == 0)
                if live.n_fired[line, p] or due:
                    learn(t, p, wiring, live, scratch, feed)
            clear_arrivals(p, wiring, scratch)
        if restless:
            t += 1
            continue
        for source in range(len(wiring.input_reach)):
            if feed.ptr[source, t - feed.base] != feed.ptr[source, t - feed.base + 1]:
                arriving = max(arriving, t + wiring.input_reach[source])
        after = t + 1
        if t >= arriving and after < stop:
            after = next_event(t, stop, t < freeze, wiring, live, feed)
            if after > t + 1:
                pass_time(t + 1, after, wiring, live)
        t = after
    return events


@kernel
def fill_bits(bits, first, ptr, index):
    """Set the bits of an input's spikes; its words start at `first` in every row."""
    for step in range(len(ptr) - 1):
        for j in range(ptr[step], ptr[step + 1]):
            bits[step, first + (index[j] >> 6)] |= BIT << np.uint64(index[j] & 63)


@kernel
def add_all_rows(sums, weight, ptr, index, most, steps):
    """Nothing but the row additions of a stretch of input, `steps` at a time: the roofline of `colanet bench`."""
    stride = len(sums) // steps
    for first in range(0, len(ptr) - 1, steps):
        for line in range(0, stride // ROW_ALIGN, BLOCK):
            lines = min(BLOCK, stride // ROW_ALIGN - line)
            for step in range(first, min(first + steps, len(ptr) - 1)):
                total = sums[(step - first) * stride + line * ROW_ALIGN :]
                sources = index[ptr[step] : ptr[step + 1]]
                add_rows(total, weight, sources, line * ROW_ALIGN, stride, lines, most)
