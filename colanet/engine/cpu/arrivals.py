"""2 Arrivals: what reaches the neurons of each population in a step (see `reference.Network.deliver`)."""

from __future__ import annotations

import numpy as np

from colanet.compiled import inlined, kernel, once
from colanet.engine.cpu.clock import LOOP, ROWS, SCATTER, tick
from colanet.engine.cpu.integers import BIT, NO_BITS, WORD_BITS, larger, lowest_bit, smaller
from colanet.engine.cpu.rows import add_rows, lines_at_once, move_rows, rows_in_int16, subtract_rows, sum_marked
from colanet.engine.cpu.seen import count_picked, pick, pick_block
from colanet.engine.cpu.tables import (
    CURRENT,
    FIXED,
    GATING,
    PLASTIC,
    REWARD,
    ROW_ALIGN,
    SUMMED,
    TOUCH,
)
from colanet.units import FOREVER

# ------------------------------------------------------------ dense projections


@kernel
def refresh(q, wiring, live, scratch):
    """Write the weights that learning has changed into their rows.

    Here and elsewhere: numba lets negative indices count from the end, so places are unsigned where it matters.
    """
    projection = wiring.projection[q]
    size, stride, words = projection.source_size, np.uint64(projection.stride), projection.words
    for k in range(projection.dirty, projection.dirty + scratch.n_dirty[q]):
        i = np.int64(scratch.dirty[k])
        scratch.is_dirty[projection.dirty + i] = 0
        own, to = np.uint64(projection.slot + i * size), np.uint64(projection.synapse + i)
        word = np.uint64(projection.word + i * words)
        for _ in range(words):
            bits = scratch.stale[word]
            scratch.stale[word] = 0
            if bits == ~NO_BITS:
                for slot in range(64):
                    live.weight[to + np.uint64(slot) * stride] = live.own[own + np.uint64(slot)]
                bits = NO_BITS
            while bits:
                slot = lowest_bit(bits)
                bits &= bits - BIT
                live.weight[to + slot * stride] = live.own[own + slot]
            word, own, to = word + BIT, own + WORD_BITS, to + WORD_BITS * stride
    scratch.n_dirty[q] = 0


@kernel
def look_ahead(t, stop, q, wiring, live, scratch, feed):
    """Add up what arrives over a dense input projection at step t and later, block by block of neurons."""
    projection = wiring.projection[q]
    stride, source, others, frequent = projection.stride, projection.source, feed.other, feed.often
    most = rows_in_int16(wiring.population[projection.target])
    emitted = t - projection.delay_min - feed.base
    block = feed.block[source, emitted]
    many = smaller(stop - t, feed.block_stop[block] - emitted)
    first, last = feed.often_ptr[block], feed.often_ptr[block + 1]
    if projection.seen >= 0:
        pick_block(block, emitted, many, q, wiring, scratch, feed)
        first, last, others, frequent = np.int64(0), scratch.picked_ptr[q, 0], scratch.picked, scratch.picked
    line = 0
    while line < stride:
        lines, origin = lines_at_once((stride - line) // ROW_ALIGN), projection.synapse + line
        often = scratch.sums[line:]
        often[: lines * ROW_ALIGN] = 0
        add_rows(often, live.weight, frequent, first, last, origin, stride, lines, most)
        for s in range(many):
            total, at = scratch.ahead[projection.ahead + s * stride + line :], 2 * (emitted + s)
            lo, middle, hi = (
                feed.other_ptr[source, at], feed.other_ptr[source, at + 1], feed.other_ptr[source, at + 2]
            )  # fmt: skip
            if projection.seen >= 0:
                ptr = scratch.picked_ptr[q]
                lo, middle, hi = ptr[2 * s], ptr[2 * s + 1], ptr[2 * s + 2]
            # Nobody reads the sums of a step without spikes.
            if hi - lo <= most:
                move_rows(total, often, live.weight, others, lo, middle, hi, origin, stride, lines)
            else:
                move_rows(total, often, live.weight, others, lo, lo, lo, origin, stride, lines)
                add_rows(total, live.weight, others, lo, middle, origin, stride, lines, most)
                subtract_rows(total, live.weight, others, middle, hi, origin, stride, lines, most)
        line += lines * ROW_ALIGN
    scratch.ahead_first[q], scratch.ahead_stop[q] = t, t + many


@once
def add_ahead(current, ahead):
    for i in range(len(current)):
        current[i] += ahead[i]


@kernel
def look_again(t, p, wiring, live, scratch, feed):
    """Weights changed at step t: correct what was added up for the steps after it."""
    start, n = wiring.population[p].start, np.int64(scratch.n_changed[p])
    for q in range(len(wiring.projection)):
        projection = wiring.projection[q]
        if projection.ahead < 0 or projection.target != p or scratch.ahead_stop[q] <= t + 1:
            continue
        if 4 * n > projection.target_size:
            scratch.ahead_stop[q] = t + 1
            continue
        first, row, most = scratch.ahead_first[q], feed.bits.shape[1], rows_in_int16(wiring.population[p])
        for k in range(start, start + n):
            i = np.int64(scratch.changed[k])
            own = projection.slot + i * projection.source_size
            for s in range(t + 1, scratch.ahead_stop[q]):
                at, total = (s - projection.delay_min - feed.base) * row + projection.bits, np.int32(0)
                for w in range(0, projection.words, most):
                    words = smaller(most, projection.words - w)
                    total += sum_marked(live.own, own + 64 * w, feed.bits, at + w, words)
                scratch.ahead[projection.ahead + (s - first) * projection.stride + i] = total
    for k in range(start, start + n):
        scratch.is_changed[start + scratch.changed[k]] = 0
    scratch.n_changed[p] = 0


@inlined
def note_change(q, i, wiring, scratch):
    """The weights of neuron i of the target of projection q are about to change."""
    projection = wiring.projection[q]
    p, dirty = projection.target, projection.dirty
    start = wiring.population[p].start
    if projection.ahead >= 0 and not scratch.is_changed[start + i]:
        scratch.is_changed[start + i] = 1
        scratch.changed[start + scratch.n_changed[p]] = i
        scratch.n_changed[p] += 1
    if dirty >= 0 and not scratch.is_dirty[dirty + i]:
        scratch.is_dirty[dirty + i] = 1
        scratch.dirty[dirty + scratch.n_dirty[q]] = i
        scratch.n_dirty[q] += 1


@kernel
def deliver_dense(t, stop, q, sources, lo, hi, wiring, live, scratch, feed):
    """Spikes of sources[lo..hi-1] arrive over a dense projection; how many synapses were hit."""
    projection = wiring.projection[q]
    target, size, stride = projection.target, projection.target_size, projection.stride
    population = wiring.population[target]
    current = scratch.current[population.start : population.start + size]
    hit = hi - lo
    if projection.ahead >= 0:
        if t >= scratch.ahead_stop[q]:
            tick(LOOP, scratch.clock)
            refresh(q, wiring, live, scratch)
            tick(SCATTER, scratch.clock)
            look_ahead(t, stop, q, wiring, live, scratch, feed)
            tick(ROWS, scratch.clock)
        row = projection.ahead + (t - scratch.ahead_first[q]) * stride
        if projection.seen >= 0:
            hit = count_picked(scratch.picked_ptr[q], t - scratch.ahead_first[q])
        if scratch.touched[target] & (CURRENT | SUMMED):
            add_ahead(current, scratch.ahead[row : row + size])
            scratch.touched[target] |= CURRENT
        else:
            scratch.summed[target] = row
            scratch.touched[target] |= SUMMED
    else:
        refresh(q, wiring, live, scratch)
        first = 0 if projection.from_input else wiring.population[projection.source].start
        if projection.seen >= 0:
            hit = pick(sources, lo, hi, first, projection, wiring.seen, scratch.picked, np.int64(0))
            sources, lo, hi = scratch.picked, np.int64(0), hit
        scratch.sums[:stride] = 0
        line, most = 0, rows_in_int16(population)
        while line < stride:
            lines, origin = lines_at_once((stride - line) // ROW_ALIGN), projection.synapse - first * stride + line
            add_rows(scratch.sums[line:], live.weight, sources, lo, hi, origin, stride, lines, most)
            line += lines * ROW_ALIGN
        add_ahead(current, scratch.sums[:size])
        scratch.touched[target] |= CURRENT
    return hit * size


# ------------------------------------------------------- structural projections


@inlined
def arrive_span(kind, weight, forces, low, high, scratch):
    """A spike arrives at the neurons low..high-1."""
    if kind == FIXED:
        for k in range(low, high):
            scratch.current[k] += weight
        if forces:
            for k in range(low, high):
                scratch.forcing[k] = 1
    elif kind == REWARD:
        for k in range(low, high):
            scratch.reward[k] += weight
    elif weight > 0:
        for k in range(low, high):
            scratch.wake[k] = larger(scratch.wake[k], weight)
    else:
        for k in range(low, high):
            scratch.sleep[k] = smaller(scratch.sleep[k], weight)


@once
def note_gating(p, low, high, scratch):
    """Gating arrivals come to neurons among low..high-1 of population p."""
    scratch.gating[p, 0] = smaller(scratch.gating[p, 0], low)
    scratch.gating[p, 1] = larger(scratch.gating[p, 1], high)


@kernel
def add_everywhere(current, low, high, weight):
    for k in range(low, high):
        current[k] += weight


@kernel
def arrive_spans(projection, first, sources, lo, hi, spans, scratch):
    """Spikes of sources[lo..hi-1] arrive over a structural projection; how many synapses were hit.

    Sources with the same range are added up, and each takes back what it gave to its own gap. Where all have the
    same one, it does not matter which of them spiked.
    """
    kind, forces, many = projection.kind, projection.forces, hi - lo if projection.uniform else 1
    weight = projection.weight if kind == GATING else many * projection.weight
    hit = 0
    together, from_, to = np.int64(0), np.int64(0), np.int64(0)
    for j in range(lo, lo + 1 if projection.uniform else hi):
        span = spans[projection.span + (0 if projection.uniform else sources[j] - first)]
        low, high, gap, gap_end = np.int64(span[0]), np.int64(span[1]), np.int64(span[2]), np.int64(span[3])
        hit += many * (high - low - (gap_end - gap))
        if kind == FIXED and not forces:
            if low != from_ or high != to:
                add_everywhere(scratch.current, from_, to, together * weight)
                together, from_, to = 0, low, high
            together += 1
            add_everywhere(scratch.current, gap, gap_end, -weight)
        else:
            if kind == GATING:
                note_gating(projection.target, low, high, scratch)
            arrive_span(kind, weight, forces, low, gap, scratch)
            arrive_span(kind, weight, forces, gap_end, high, scratch)
    add_everywhere(scratch.current, from_, to, together * weight)
    if hit:
        scratch.touched[projection.target] |= TOUCH[kind]
    return hit


# ------------------------------------------------------------ stored synapses


@kernel
def arrive(delay, projection, sources, first, lo, hi, rows, target, weights, scratch):
    """Spikes of sources[lo..hi-1] arrive over the stored synapses that have this delay; how many."""
    kind, weight, forces = projection.kind, projection.weight, projection.forces
    span = projection.delay_max - projection.delay_min + 1
    hit = 0
    for j in range(lo, hi):
        at = projection.row + (sources[j] - first) * span + delay - projection.delay_min
        begin, end = rows[at], rows[at + 1]
        hit += end - begin
        if kind == FIXED:
            for k in range(begin, end):
                scratch.current[target[k]] += weight
                if forces:
                    scratch.forcing[target[k]] = 1
        elif kind == PLASTIC:
            for k in range(begin, end):
                scratch.current[target[k]] += weights[k]
        elif kind == REWARD:
            for k in range(begin, end):
                scratch.reward[target[k]] += weight
        elif begin < end:
            note_gating(projection.target, target[begin], target[end - 1] + 1, scratch)
            for k in range(begin, end):
                scratch.wake[target[k]] = larger(scratch.wake[target[k]], weight)
                scratch.sleep[target[k]] = smaller(scratch.sleep[target[k]], weight)
    if hit:
        scratch.touched[projection.target] |= TOUCH[kind]
    return hit


# -------------------------------------------------------------- one projection


@once
def spikes_of(s, q, wiring, live, feed):
    """Who of a projection's source spiked at step s: (list, first, begin, end).

    They are list[begin..end-1] - first; the list is that of an input, or of the neurons that fired.
    """
    projection = wiring.projection[q]
    line = s - feed.base if projection.from_input else s & (live.n_fired.shape[0] - 1)
    if projection.from_input:
        return feed.node, np.int64(0), feed.ptr[projection.source, line], feed.ptr[projection.source, line + 1]
    start = wiring.population[projection.source].start
    return live.fired[line], start, start, start + np.int64(live.n_fired[line, projection.source])


@once
def deliver(t, stop, q, wiring, live, scratch, feed):
    """Arrivals of projection q at step t of a run until `stop`; how many synapses were hit.

    Those that are pushed into the ring are left to `push_all`.
    """
    projection = wiring.projection[q]
    events = 0
    for lag in range(projection.lag_min, smaller(projection.lag_max, t) + 1):
        sources, first, lo, hi = spikes_of(t - lag, q, wiring, live, feed)
        if lo == hi:
            continue
        if projection.dense:
            events += deliver_dense(t, stop, q, sources, lo, hi, wiring, live, scratch, feed)
        elif projection.span >= 0:
            events += arrive_spans(projection, first, sources, lo, hi, wiring.span, scratch)
        elif not projection.pushed:
            events += arrive(
                lag, projection, sources, first, lo, hi, wiring.row, wiring.target, live.weight, scratch
            )
    return events


@once
def when_due(t, q, wiring, scratch, feed):
    """The first step after t at which something may arrive over projection q, FOREVER if nothing is on its way."""
    projection = wiring.projection[q]
    if projection.from_input:
        line = larger(t + 1 - projection.lag_max - feed.base, 0)
        return larger(t + 1, feed.base + feed.following[projection.source, line] + projection.lag_min)
    return t + 1 if t < scratch.until[q] else FOREVER
