"""2 Arrivals: what reaches the neurons of each population in a step (see `reference.Network.deliver`)."""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from colanet.compiled import inlined, kernel
from colanet.engine.cpu.tables import (
    AHEAD,
    BLOCK,
    CURRENT,
    FIXED,
    PLASTIC,
    REWARD,
    ROW_ALIGN,
    TOUCH,
)
from colanet.units import WEIGHT_LIMIT


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
    return WEIGHT_LIMIT // max(abs(population.w_min), abs(population.w_max), 1)


@kernel
def look_ahead(t, stop, q, wiring, live, scratch, feed):
    """Add up what arrives over a dense input projection at steps t..stop-1, block by block of neurons."""
    projection = wiring.projection[q]
    stride = projection.stride
    most = rows_in_int16(wiring.population[projection.target])
    scratch.ahead[projection.ahead : projection.ahead + (stop - t) * stride] = 0
    for line in range(0, stride // ROW_ALIGN, BLOCK):
        lines = min(BLOCK, stride // ROW_ALIGN - line)
        for s in range(t, stop):
            at = s - projection.delay_min - feed.base
            sources = feed.node[feed.ptr[projection.source, at] : feed.ptr[projection.source, at + 1]]
            total = scratch.ahead[projection.ahead + (s - t) * stride + line * ROW_ALIGN :]
            add_rows(total, live.weight, sources, projection.synapse + line * ROW_ALIGN, stride, lines, most)
    scratch.ahead_first[q], scratch.ahead_stop[q] = t, stop


@kernel
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
        for s in range(t + 1, scratch.ahead_stop[q]):
            line = s - projection.delay_min - feed.base
            lo, hi = feed.ptr[projection.source, line], feed.ptr[projection.source, line + 1]
            row = projection.ahead + (s - scratch.ahead_first[q]) * projection.stride
            for k in range(start, start + n):
                i = np.int64(scratch.changed[k])
                origin = projection.synapse + i
                total = np.int32(0)
                for j in range(lo, hi):
                    total += np.int32(live.weight[origin + feed.node[j] * projection.stride])
                scratch.ahead[row + i] = total
    for k in range(start, start + n):
        scratch.is_changed[start + scratch.changed[k]] = 0
    scratch.n_changed[p] = 0


@inlined
def note_change(q, i, wiring, scratch):
    """The weights of neuron i of the target of projection q are about to change."""
    p = wiring.projection[q].target
    start = wiring.population[p].start
    if wiring.projection[q].ahead >= 0 and not scratch.is_changed[start + i]:
        scratch.is_changed[start + i] = 1
        scratch.changed[start + scratch.n_changed[p]] = i
        scratch.n_changed[p] += 1


@inlined
def deliver(t, stop, q, wiring, live, scratch, feed):
    """Arrivals of projection q at step t of a run until `stop`; how many synapses were hit."""
    projection = wiring.projection[q]
    events = 0
    for delay in range(projection.delay_min, projection.delay_max + 1):
        s = t - delay
        if s < 0:
            break
        if projection.from_input:
            lo = feed.ptr[projection.source, s - feed.base]
            hi = feed.ptr[projection.source, s - feed.base + 1]
            sources, first = feed.node[lo:hi], 0
        else:
            line = s & (live.n_fired.shape[0] - 1)
            first = wiring.population[projection.source].start
            sources = live.fired[line, first : first + live.n_fired[line, projection.source]]
        if len(sources) > 0:
            if projection.dense:
                target, size, stride = projection.target, projection.target_size, projection.stride
                population = wiring.population[target]
                current = scratch.current[population.start : population.start + size]
                scratch.touched[target, CURRENT] = 1
                events += len(sources) * size
                if projection.ahead >= 0:
                    if t >= scratch.ahead_stop[q]:
                        look_ahead(t, min(t + AHEAD, stop), q, wiring, live, scratch, feed)
                    row = projection.ahead + (t - scratch.ahead_first[q]) * stride
                    add_ahead(current, scratch.ahead[row : row + size])
                else:
                    origin, most = projection.synapse - first * stride, rows_in_int16(population)
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
    kind, weight = projection.kind, projection.weight
    span = projection.delay_max - projection.delay_min + 1
    hit = 0
    for j in range(len(sources)):
        at = projection.row + (sources[j] - first) * span + delay - projection.delay_min
        lo, hi = rows[at], rows[at + 1]
        hit += hi - lo
        if kind == FIXED:
            for k in range(lo, hi):
                scratch.current[target[k]] += weight
                scratch.forcing[target[k]] |= weight > 0
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
        scratch.touched[projection.target, TOUCH[kind]] = 1
    return hit
