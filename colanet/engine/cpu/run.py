"""Time: one network copy through thousands of steps in a single call. The entry points of the kernels."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from colanet.compiled import entry, kernel, once
from colanet.engine.cpu.arrivals import deliver, when_due
from colanet.engine.cpu.clock import LOOP, tick
from colanet.engine.cpu.future import empty_ring, fill_ring, push_all, take_ring
from colanet.engine.cpu.integers import larger, smaller
from colanet.engine.cpu.neurons import copy_awake, count_above, leak, move_gates, note_awake, update
from colanet.engine.cpu.plasticity import learn
from colanet.engine.cpu.rows import add_rows, lines_at_once
from colanet.engine.cpu.tables import (
    CURRENT,
    REWARDS,
    ROW_ALIGN,
    as_feed,
    as_harvest,
    as_live,
    as_scratch,
    as_wiring,
)
from colanet.units import FOREVER, LEAK_Q, MAX_DELAY

NO_LEAK = 1 << LEAK_Q


@once
def clear_arrivals(p, wiring, scratch):
    """Zero what the step left in the arrival arrays of a population."""
    start, stop = wiring.population[p].start, wiring.population[p].start + wiring.population[p].size
    if scratch.touched[p] & CURRENT:
        scratch.forcing[start:stop] = 0
    if scratch.touched[p] & REWARDS:
        scratch.reward[start:stop] = 0
    scratch.touched[p] = 0


@once
def harvest_spikes(t, p, n, wiring, live, out, vote_population, object_index):
    """Count votes and record the n spikes of a population."""
    start, size = wiring.population[p].start, wiring.population[p].size
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
def next_event(t, stop, learning, wiring, live):
    """With no spike on its way before `stop`: the next step after t at which anything can happen."""
    for p in range(len(wiring.population)):
        population = wiring.population[p]
        start, end = population.start, population.start + population.size
        if population.driven:
            return t + 1
        if learning:
            stop = smaller(stop, larger(live.owing[p], t + 1))
        if count_above(live.potential[start:end], live.threshold[start:end]):
            return t + 1
        if population.memory_period:
            for i in range(start, end):
                if t < live.memory_next[i] <= live.memory_end[i]:
                    stop = smaller(stop, live.memory_next[i])
        period = population.presynaptic_period
        if learning and period:
            stop = smaller(stop, (t // period + 1) * period)
    return stop


@kernel
def pass_time(first, stop, wiring, live, scratch):
    """What steps first..stop-1 do when nothing arrives and no neuron fires: leaks, ramps, gates, rings."""
    turns = live.n_fired.shape[0]
    recent = larger(first, stop - turns)
    for p in range(len(wiring.population)):
        population = wiring.population[p]
        start, end = population.start, population.start + population.size
        u = live.potential[start:end]
        period = population.reset_period
        if period and first + (population.reset_phase - first) % period < stop:
            u[:] = 0
        if population.leak < NO_LEAK:
            for _ in range(first, stop):
                left = np.int32(0)
                for i in range(len(u)):
                    u[i] = leak(u[i], np.int32(population.leak))
                    left |= u[i]
                if left == 0:
                    break
        if population.ramp_period:
            ramp = live.ramp[start:end]
            for i in range(len(ramp)):
                ramp[i] = larger(ramp[i] - (stop - first), 0)
        for s in range(recent, stop):
            line = s & (turns - 1)
            for k in range(start, start + live.n_fired[line, p]):
                live.spikes[line, live.fired[line, k]] = 0
            live.n_fired[line, p] = 0
        if population.gated:
            pass_gates(first, recent, stop, p, wiring, live, scratch)


@kernel
def pass_gates(first, recent, stop, p, wiring, live, scratch):
    """Activation counters over steps first..stop-1; rows of `awake` from `recent` on."""
    start, end = wiring.population[p].start, wiring.population[p].start + wiring.population[p].size
    moving, turns = scratch.moving[p], live.n_fired.shape[0]
    for s in range(first, stop):
        low, high = moving[0], moving[1]
        if low < high:
            if not move_gates(live.gate[low:high]):
                moving[0], moving[1] = end, start
            note_awake(live.gate[low:high], scratch.awake[low:high])
        elif s < recent:
            continue
        if wiring.population[p].plastic and s >= recent:
            copy_awake(scratch.awake[start:end], live.awake[s & (turns - 1), start:end])


@kernel
def skip(t, stop, learning, wiring, live, scratch):
    """With no spike on its way before `stop`: pass the time until something can happen; when that is."""
    after = next_event(t, stop, learning, wiring, live)
    if after > t + 1:
        pass_time(t + 1, after, wiring, live, scratch)
    return after


@once
def begin(start, scratch):
    """Something may be due over every projection at the first step."""
    scratch.ahead_stop[:] = 0
    scratch.idle[:] = 0
    scratch.due[:] = start
    scratch.until[:] = start + MAX_DELAY
    tick(LOOP, scratch.clock)
    scratch.clock[:-1] = 0


@once
def is_quiet(t, p, noting, wiring, live, scratch):
    """Whether a step changes nothing in population p."""
    fired = live.n_fired[t & (live.n_fired.shape[0] - 1), p]
    noted = noting and wiring.population[p].plastic
    return scratch.idle[p] and not scratch.touched[p] and not fired and not noted


@once
def announce(t, p, wiring, scratch):
    """Population p has fired at step t; the step at which its spikes arrive first."""
    soonest = np.int64(FOREVER)
    for q in range(len(wiring.projection)):
        projection = wiring.projection[q]
        if projection.source == p and not projection.from_input:
            scratch.until[q] = t + projection.lag_max
            scratch.due[q] = smaller(scratch.due[q], t + projection.lag_min)
            soonest = smaller(soonest, scratch.due[q])
    return soonest


@once
def learn_all(t, wiring, live, scratch, feed):
    """Plasticity of the populations in which something happened at step t."""
    line = t & (live.n_fired.shape[0] - 1)
    for p in range(len(wiring.population)):
        if wiring.population[p].plastic:
            period = wiring.population[p].presynaptic_period
            due = scratch.touched[p] & REWARDS or live.owing[p] <= t or (period and t % period == 0)
            if live.n_fired[line, p] or due:
                learn(t, p, wiring, live, scratch, feed)


@cache
def run_for(learns: bool, pushes: bool, rests: bool) -> Any:
    """The kernel that runs one copy of a network, without what such a network does not need.

    `learns`: it has plastic synapses. `pushes`: it has a ring of future arrivals. `rests`: there may be steps in
    which nothing happens, and stretches in which no spike is on its way and no timer is due are skipped.
    """

    @entry
    def run(start, stop, freeze, lists, given, harvest, vote_population, vote_period):
        """Run from step `start` to `stop`; the number of synaptic events.

        `lists`, `given` and `harvest` are of `bundles.addresses`, the first those of wiring, state and scratch.
        """
        wiring, live, scratch = as_wiring(lists[0]), as_live(lists[1]), as_scratch(lists[2])
        feed, out = as_feed(given), as_harvest(harvest)
        turns, first_object = live.n_fired.shape[0], start // vote_period
        begin(start, scratch)
        events, soonest, pending = np.int64(0), np.int64(start), np.int64(start - 1)
        if pushes:
            events += fill_ring(start, wiring, live, scratch, feed)
            pending = np.int64(start + MAX_DELAY)
        t = start
        while t < stop:
            if t >= soonest:
                soonest = np.int64(FOREVER)
                for q in range(len(wiring.projection)):
                    if scratch.due[q] <= t:
                        if pushes:
                            hit, pending = push_all(t, q, pending, wiring, live, scratch, feed)
                            events += hit
                        events += deliver(t, stop, q, wiring, live, scratch, feed)
                        scratch.due[q] = when_due(t, q, wiring, scratch, feed)
                    soonest = smaller(soonest, scratch.due[q])
            if pushes:  # noqa: SIM102, numba leaves out what stands behind a constant alone
                if t <= pending:
                    take_ring(t, scratch)
            noting = t < freeze or t >= stop - turns
            for p in range(len(wiring.population)):
                if is_quiet(t, p, noting, wiring, live, scratch):
                    continue
                n = update(t, p, noting, wiring, live, scratch)
                if n:
                    soonest = smaller(soonest, announce(t, p, wiring, scratch))
                    harvest_spikes(t, p, n, wiring, live, out, vote_population, t // vote_period - first_object)
            if learns:  # noqa: SIM102
                if t < freeze:
                    learn_all(t, wiring, live, scratch, feed)
            for p in range(len(wiring.population)):
                if scratch.touched[p]:
                    clear_arrivals(p, wiring, scratch)
            t += 1
            if rests:  # noqa: SIM102
                if soonest > t and pending < t < stop:
                    t = skip(t - 1, smaller(stop, soonest), t - 1 < freeze, wiring, live, scratch)
        tick(LOOP, scratch.clock)
        if pushes:
            events -= empty_ring(stop, wiring, live, scratch, feed)
        return events

    return run


@entry
def add_all_rows(sums, weight, ptr, index, most, steps):
    """Nothing but the row additions of a stretch of input, `steps` at a time: the roofline of `colanet bench`."""
    stride = len(sums) // steps
    for first in range(0, len(ptr) - 1, steps):
        line = 0
        while line < stride:
            lines = lines_at_once((stride - line) // ROW_ALIGN)
            for step in range(first, smaller(first + steps, len(ptr) - 1)):
                total = sums[(step - first) * stride + line :]
                add_rows(total, weight, index, ptr[step], ptr[step + 1], line, stride, lines, most)
            line += lines * ROW_ALIGN
