"""3 gate, 4 leak, 5 integrate, 6 fire: what the neurons of a population do in a step, before any learning."""

from __future__ import annotations

import numpy as np

from colanet.compiled import inlined, kernel
from colanet.engine.cpu.arrivals import add_ahead
from colanet.engine.cpu.clock import FIRE, GATE, INTEGRATE, LOOP, tick
from colanet.engine.cpu.tables import CURRENT, GATES, READY, SMALL_KICK, SUMMED
from colanet.hash_kernels import draw64
from colanet.units import AWAKE, DRAW_BITS, FOREVER, LEAK_Q, MEMORY_KICK, POTENTIAL_LIMIT, RAMP_LIMIT

FRACTION = (1 << LEAK_Q) - 1

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


@inlined
def gate(t, p, noting, wiring, live, scratch):
    """Move the activation counters of a population and apply gating arrivals; with `noting` note who is awake."""
    population = wiring.population[p]
    start, stop = population.start, population.start + population.size
    a = live.gate[start:stop]
    if not scratch.still[p]:
        scratch.still[p] = not move_gates(a)
    if scratch.touched[p] & GATES:
        set_gates(a, scratch.wake[start:stop], scratch.sleep[start:stop])
        scratch.still[p] = 0
    if noting and population.plastic:
        note_awake(a, live.awake[t & (live.n_fired.shape[0] - 1), start:stop])


# ---------------------------------------------------------- 4 leak, 5 integrate


@kernel
def draw_words(words, key):
    """Random words; each holds the 16-bit draws of four neurons, the first in its lowest bits."""
    for group in range(len(words)):
        words[group] = draw64(key, group)


@kernel
def large_kicks(kicks, draw, amplitude):
    """kicks[i] = (k S) >> DRAW_BITS for amplitudes S that may leave int32."""
    for i in range(len(kicks)):
        kicks[i] = (np.int64(draw[i]) * amplitude) >> DRAW_BITS


@kernel
def memory_timers(t, population, live, scratch):
    """Neurons whose memory timer expires get a kick."""
    for i in range(population.start, population.start + population.size):
        due = live.memory_next[i] == t and t <= live.memory_end[i]
        scratch.kicked[i] = due
        if due:
            scratch.kicks[i - population.start] += MEMORY_KICK
            live.memory_next[i] = t + population.memory_period


@inlined
def leak(v, factor):
    """v factor / 2^10 truncated towards zero, without leaving int32: v is cut into 2^10s and rest."""
    size = np.int32(abs(v))
    whole, rest = np.int32(size >> LEAK_Q), np.int32(size & FRACTION)
    part = np.int32(whole * factor) + np.int32(np.int32(rest * factor) >> LEAK_Q)
    return np.int32(part) if v >= 0 else np.int32(-part)


@kernel
def integrate(u, current, a, kicks, threshold, factor, bias, floor):
    """u := max(u leak / 1024 + bias + kick + arrivals, floor).

    How many awake neurons then lie above the constant part of their threshold. A sleeping neuron ignores what
    arrives.
    """
    above = 0
    for i in range(len(u)):
        arriving = current[i] if a[i] > 0 else np.int32(0)
        total = np.int64(leak(u[i], factor)) + bias + kicks[i] + arriving
        u[i] = min(max(total, floor), POTENTIAL_LIMIT)
        above += (u[i] > threshold[i]) & (a[i] > 0)
    return above


@kernel
def integrate_small(u, current, a, draw, amplitude, threshold, factor, floor):
    """`integrate` without bias, with kicks (k S) >> DRAW_BITS of 0 <= S < 2^15, all within int32, so that a vector
    holds more neurons.

    |u leak / 1024| <= 2^30 and arrivals below 2^30 (`plan.bounds`) add up within int32; a kick on top finds room
    after `min`. Draws of 16 bits times S stay below 2^31.
    """
    above = np.int32(0)
    for i in range(len(u)):
        arriving = current[i] if a[i] > 0 else np.int32(0)
        kick = np.int32(np.int32(np.int32(draw[i]) * amplitude) >> DRAW_BITS)
        total = np.int32(min(np.int32(leak(u[i], factor) + arriving), np.int32(POTENTIAL_LIMIT)) + kick)
        total = min(max(total, floor), np.int32(POTENTIAL_LIMIT))
        u[i] = total
        above = np.int32(above + np.int32((total > threshold[i]) & (a[i] > 0)))
    return above


@kernel
def drift_small(u, draw, amplitude, threshold, factor, floor):
    """`integrate_small` without arrivals; whether a neuron, asleep or not, then lies above its threshold."""
    above = np.int32(0)
    for i in range(len(u)):
        kick = np.int32(np.int32(np.int32(draw[i]) * amplitude) >> DRAW_BITS)
        total = min(max(np.int32(leak(u[i], factor) + kick), floor), np.int32(POTENTIAL_LIMIT))
        u[i] = total
        above = np.int32(above | np.int32(total > threshold[i]))
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
        end = min(first + width, stop)
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
            live.ramp[i] = min(live.ramp[i] + population.ramp_period, RAMP_LIMIT)
        if population.memory_period:
            live.memory_next[i] = t + population.memory_period
            if not scratch.kicked[i]:
                live.memory_end[i] = min(t + wiring.memory_time[i], FOREVER)
    return n


# ------------------------------------------------------------ one population


@inlined
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
    asleep = scratch.still[p] and not (noting and population.plastic) or not population.gated
    scratch.idle[p] = scratch.rest[p] and asleep and not population.ramp_period and not fired
    return fired


@inlined
def settle(t, p, population, wiring, live, scratch):
    """Leak, bias, kick, integrate and reset; 0 if certainly no neuron can fire."""
    start, size, kick, touched = population.start, population.size, population.kick, scratch.touched[p]
    u, current = live.potential[start : start + size], scratch.current[start : start + size]
    a, threshold = live.gate[start : start + size], live.threshold[start : start + size]
    factor, floor, bias = np.int32(population.leak), np.int32(population.floor), population.bias
    summed = scratch.ahead[scratch.summed[p] : scratch.summed[p] + size]
    if kick:
        draw_words(scratch.draws[: (size + 3) // 4], draw64(wiring.kick_key[p], t))
    small = 0 <= kick < SMALL_KICK and not population.memory_period and not bias
    draw, amplitude = scratch.draw[:size], np.int32(kick)
    if touched & SUMMED and (touched & CURRENT or not small):
        add_ahead(current, summed)
        touched |= CURRENT
    if not small:
        large_kicks(scratch.kicks[:size], scratch.draw, kick)
        if population.memory_period:
            memory_timers(t, population, live, scratch)
        above = integrate(u, current, a, scratch.kicks, threshold, factor, bias, floor)
    elif touched & (CURRENT | SUMMED):
        arriving = current if touched & CURRENT else summed
        above = integrate_small(u, arriving, a, draw, amplitude, threshold, factor, floor)
    else:
        above = drift_small(u, draw, amplitude, threshold, factor, floor)
    if touched & CURRENT:
        current[:] = 0
    if population.reset_period and t % population.reset_period == population.reset_phase:
        u[:] = 0
        above = count_above(u, threshold)
    return above
