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
from colanet.engine.cpu.neurons import catch_up, gate, note_awake, update
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
from colanet.units import FOREVER, MAX_DELAY


@once
def clear_arrivals(wiring, scratch):
    """Zero what the step left in the arrival arrays."""
    for p in range(len(wiring.population)):
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


@once
def begin(start, wiring, scratch):
    """At the first step something may be due over every projection, in every population and for every counter."""
    scratch.ahead_stop[:] = 0
    scratch.settled[:] = start - 1
    scratch.busy[:] = start
    scratch.noted[:] = start
    for p in range(len(wiring.population)):
        if wiring.population[p].gated:
            scratch.gate_at[p] = start - 1
            scratch.gate_due[p] = start
    scratch.due[:] = start
    scratch.until[:] = start + MAX_DELAY
    tick(LOOP, scratch.clock)
    scratch.clock[:-1] = 0


@kernel
def finish(stop, wiring, live, scratch):
    """Bring everything that was put off up to step stop - 1."""
    for p in range(len(wiring.population)):
        population = wiring.population[p]
        if scratch.settled[p] < stop - 1:
            catch_up(p, stop, stop - 1, wiring, live, scratch)
        if population.gated:
            gate(stop - 1, p, stop > 0, wiring, live, scratch)  # `True` would be compiled apart
            if population.plastic:
                note_awake(stop, p, wiring, live, scratch)


@kernel
def forget(first, stop, wiring, live):
    """Free the lines of steps first..stop-1 for those who fire then."""
    turns = live.n_fired.shape[0]
    for t in range(larger(first, stop - turns), stop):
        line = t & (turns - 1)
        for p in range(len(wiring.population)):
            start = wiring.population[p].start
            for k in range(start, start + live.n_fired[line, p]):
                live.spikes[line, live.fired[line, k]] = 0
            live.n_fired[line, p] = 0


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
def next_busy(t, learning, wiring, live, scratch):
    """The first step after t at which something may happen without arrivals."""
    soon = np.int64(FOREVER)
    for p in range(len(wiring.population)):
        soon = smaller(soon, smaller(scratch.busy[p], scratch.gate_due[p]))
        if learning and wiring.population[p].plastic:
            period = wiring.population[p].presynaptic_period
            soon = smaller(soon, larger(live.owing[p], t + 1))
            soon = smaller(soon, (t // period + 1) * period) if period else soon
    return soon


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
def run_for(learns: bool, pushes: bool) -> Any:
    """The kernel that runs one copy of a network that has plastic synapses, or not, and a ring of arrivals, or not.

    A population is looked at only when something arrives, when one of its neurons may fire, or when one wakes or
    goes to sleep; what happens in between is made up for then (`catch_up`, `move_gates`).
    """

    @entry
    def run(start, stop, freeze, lists, given, harvest, vote_population, vote_period):
        """Run from step `start` to `stop`; the number of synaptic events.

        `lists`, `given` and `harvest` are of `bundles.addresses`, the first those of wiring, state and scratch.
        """
        wiring, live, scratch = as_wiring(lists[0]), as_live(lists[1]), as_scratch(lists[2])
        feed, out = as_feed(given), as_harvest(harvest)
        turns, first_object = live.n_fired.shape[0], start // vote_period
        begin(start, wiring, scratch)
        forget(start, start + 1, wiring, live)
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
                if not scratch.touched[p] and t < smaller(scratch.busy[p], scratch.gate_due[p]):
                    continue
                n = update(t, p, noting, wiring, live, scratch)
                if n:
                    soonest = smaller(soonest, announce(t, p, wiring, scratch))
                    harvest_spikes(t, p, n, wiring, live, out, vote_population, t // vote_period - first_object)
            if learns:  # noqa: SIM102
                if t < freeze:
                    learn_all(t, wiring, live, scratch, feed)
            clear_arrivals(wiring, scratch)
            after = smaller(soonest, next_busy(t, learns and t < freeze, wiring, live, scratch))
            after = smaller(stop, t + 1 if t < pending else after)
            forget(t + 1, smaller(after + 1, stop), wiring, live)
            t = after
        finish(stop, wiring, live, scratch)
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
