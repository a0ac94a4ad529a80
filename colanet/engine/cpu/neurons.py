"""3 gate, 4 leak, 5 integrate, 6 fire: what the neurons of a population do in a step, before any learning."""

from __future__ import annotations

import numpy as np

from colanet.compiled import kernel, once
from colanet.engine.cpu.arrivals import add_ahead
from colanet.engine.cpu.clock import FIRE, GATE, INTEGRATE, LOOP, tick
from colanet.engine.cpu.integers import larger, smaller
from colanet.engine.cpu.passes import drift_small, integrate_small
from colanet.engine.cpu.tables import CURRENT, GATES, READY, SUMMED
from colanet.hash_kernels import draw64
from colanet.units import AWAKE, DRAW_BITS, FOREVER, LEAK_Q, MEMORY_KICK, POTENTIAL_LIMIT, RAMP_LIMIT

FRACTION, DRAW = (1 << LEAK_Q) - 1, np.uint64((1 << DRAW_BITS) - 1)

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
        v = larger(a[i], wake[i]) if wake[i] > 0 else a[i]
        a[i] = smaller(v, sleep[i]) if sleep[i] < 0 else v
        wake[i] = 0
        sleep[i] = 0


@kernel
def note_awake(a, awake):
    for i in range(len(a)):
        awake[i] = a[i] > 0


@once
def copy_awake(now, line):
    for i in range(len(now)):
        line[i] = now[i]


@kernel
def gate(t, p, noting, wiring, live, scratch):
    """Move the activation counters of a population and apply gating arrivals; with `noting` note who is awake."""
    population = wiring.population[p]
    start, stop = population.start, population.start + population.size
    moving, gating = scratch.moving[p], scratch.gating[p]
    if moving[0] < moving[1]:
        low, high = moving[0], moving[1]
        if not move_gates(live.gate[low:high]):
            moving[0], moving[1] = stop, start
        note_awake(live.gate[low:high], scratch.awake[low:high])
    if scratch.touched[p] & GATES:
        low, high = gating[0], gating[1]
        set_gates(live.gate[low:high], scratch.wake[low:high], scratch.sleep[low:high])
        note_awake(live.gate[low:high], scratch.awake[low:high])
        moving[0], moving[1] = smaller(moving[0], low), larger(moving[1], high)
        gating[0], gating[1] = stop, start
    if noting and population.plastic:
        copy_awake(scratch.awake[start:stop], live.awake[t & (live.n_fired.shape[0] - 1), start:stop])


# ---------------------------------------------------------- 4 leak, 5 integrate


@kernel
def draw_kicks(kicks, key, amplitude):
    """kicks[i] = (k S) >> DRAW_BITS for 16-bit random numbers k and the amplitude S, below 2^16."""
    for i in range(len(kicks)):
        word = draw64(key, i >> 2)
        k = np.int64((word >> np.uint64(16 * (i & 3))) & DRAW)
        kicks[i] = (k * amplitude) >> DRAW_BITS


@once
def memory_timers(t, population, live, scratch):
    """Neurons whose memory timer expires get a kick."""
    for i in range(population.start, population.start + population.size):
        due = live.memory_next[i] == t and t <= live.memory_end[i]
        scratch.kicked[i] = due
        if due:
            live.memory_next[i] = t + population.memory_period


@once
def leak(v, factor):
    """v factor / 2^10 truncated towards zero."""
    product = v * factor
    return (product + ((product >> 63) & FRACTION)) >> LEAK_Q


@kernel
def integrate(u, current, a, kicks, kicked, threshold, factor, bias, floor):
    """u := larger(u leak / 1024 + bias + kicks + arrivals, floor).

    How many awake neurons then lie above the constant part of their threshold. A sleeping neuron ignores what
    arrives.
    """
    above = 0
    for i in range(len(u)):
        arriving = np.int64(current[i]) if a[i] > 0 else 0
        total = leak(np.int64(u[i]), factor) + bias + np.int64(kicks[i]) + MEMORY_KICK * kicked[i] + arriving
        u[i] = smaller(larger(total, floor), POTENTIAL_LIMIT)
        above += (u[i] > threshold[i]) & (a[i] > 0)
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


@once
def move_ramps(ramp):
    for i in range(len(ramp)):
        ramp[i] = larger(ramp[i] - 1, 0)


@kernel
def excess(i, population, live):
    """Potential minus threshold of flat neuron i if it is awake, else 0."""
    if live.gate[i] <= 0:
        return np.int64(0)
    threshold = np.int64(live.threshold[i])
    if population.ramp_period:
        threshold += live.ramp[i] * population.ramp_increment // population.ramp_period
    return live.potential[i] - threshold


@kernel
def fire(t, p, wiring, live, scratch):
    """Neurons above threshold fire, at most one a column under winner-take-all; how many did."""
    population = wiring.population[p]
    line = t & (live.n_fired.shape[0] - 1)
    start, stop = population.start, population.start + population.size
    n = 0
    width = population.column_size if population.winner_take_all else READY
    for first in range(start, stop, width):
        end = smaller(first + width, stop)
        if not some_ready(live.potential[first:end], live.gate[first:end], live.threshold[first:end]):
            continue
        best, winner = np.int64(0), -1
        for i in range(first, end):
            e = excess(i, population, live)
            if e > best and population.winner_take_all:
                best, winner = e, i
            elif e > 0 and not population.winner_take_all:
                live.fired[line, start + n] = i
                n += 1
        if winner >= 0:
            live.fired[line, start + n] = winner
            n += 1
    live.n_fired[line, p] = n
    for k in range(start, start + n):
        i = live.fired[line, k]
        live.potential[i] = excess(i, population, live) if population.subtract else 0
        live.spikes[line, i] = 1
        if population.ramp_period:
            live.ramp[i] = smaller(live.ramp[i] + population.ramp_period, RAMP_LIMIT)
        if population.memory_period:
            live.memory_next[i] = t + population.memory_period
            if not scratch.kicked[i]:
                live.memory_end[i] = smaller(t + wiring.memory_time[i], FOREVER)
    return n


# ------------------------------------------------------------ one population


@once
def update(t, p, noting, wiring, live, scratch):
    """Gate, leak, integrate and fire one population; how many of its neurons fired.

    With `noting` it is noted who is awake.
    """
    population = wiring.population[p]
    start, size = population.start, population.size
    stop = start + size
    line = t & (live.n_fired.shape[0] - 1)
    for k in range(start, start + live.n_fired[line, p]):
        live.spikes[line, live.fired[line, k]] = 0
    live.n_fired[line, p] = 0
    fired = 0
    if population.gated:
        tick(LOOP, scratch.clock)
        gate(t, p, noting, wiring, live, scratch)
        tick(GATE, scratch.clock)
    kicked = population.driven or population.memory_period
    calm = not scratch.touched[p] & (CURRENT | SUMMED) and not kicked
    if not (calm and scratch.rest[p]):
        tick(LOOP, scratch.clock)
        above = settle(t, p, population, wiring, live, scratch)
        tick(INTEGRATE, scratch.clock)
        scratch.rest[p] = calm and population.leak == 0
        if population.ramp_period:
            move_ramps(live.ramp[start:stop])
        if above:
            fired = fire(t, p, wiring, live, scratch)
            tick(FIRE, scratch.clock)
    elif population.ramp_period:
        move_ramps(live.ramp[start:stop])
    still = scratch.moving[p, 0] >= scratch.moving[p, 1]
    scratch.idle[p] = scratch.rest[p] and still and not population.ramp_period and not fired
    return fired


@kernel
def settle(t, p, population, wiring, live, scratch):
    """Leak, bias, kick, integrate and reset; 0 if certainly no neuron can fire."""
    start, size, touched = population.start, population.size, scratch.touched[p]
    u, current = live.potential[start : start + size], scratch.current[start : start + size]
    threshold = live.threshold[start : start + size]
    kick, factor, floor, key = population.kick, population.leak, population.floor, draw64(wiring.kick_key[p], t)
    summed = scratch.ahead[scratch.summed[p] :]
    if touched & SUMMED and (touched & CURRENT or not population.small):
        add_ahead(current, summed)
        touched |= CURRENT
    if not population.small:
        kicks, kicked = scratch.kicks[:size], scratch.kicked[start : start + size]
        if kick:
            draw_kicks(kicks, key, kick)
        if population.memory_period:
            memory_timers(t, population, live, scratch)
        a, bias = live.gate[start : start + size], population.bias
        above = integrate(u, current, a, kicks, kicked, threshold, factor, bias, floor)
        if kick:
            kicks[:] = 0
    elif touched & (CURRENT | SUMMED):
        arriving = scratch.current[start:] if touched & CURRENT else summed
        above = integrate_small(
            live.potential, live.threshold, arriving, live.gate, start, size, key, kick, factor, floor
        )
    else:
        above = drift_small(live.potential, live.threshold, start, size, key, kick, factor, floor)
    if touched & CURRENT:
        current[:] = 0
    if population.reset_period and t % population.reset_period == population.reset_phase:
        u[:] = 0
        above = count_above(u, threshold)
    return above
