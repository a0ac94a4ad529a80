"""3 gate, 4 leak, 5 integrate, 6 fire: what the neurons of a population do in a step, before any learning."""

from __future__ import annotations

import numpy as np

from colanet.compiled import kernel, once
from colanet.engine.cpu.arrivals import add_ahead
from colanet.engine.cpu.clock import FIRE, GATE, INTEGRATE, LOOP, tick
from colanet.engine.cpu.integers import larger, smaller
from colanet.engine.cpu.passes import MAY_REACH, REACHED, drift_small, integrate_small
from colanet.engine.cpu.tables import CURRENT, GATES, READY, SUMMED
from colanet.hash_kernels import draw32, draw64
from colanet.units import AWAKE, DRAW_BITS, FOREVER, LEAK_Q, MEMORY_KICK, POTENTIAL_LIMIT, RAMP_LIMIT

NO_LEAK, FRACTION, DRAW = 1 << LEAK_Q, (1 << LEAK_Q) - 1, np.uint64((1 << DRAW_BITS) - 1)
DRAW_32 = np.uint32((1 << DRAW_BITS) - 1)

# ----------------------------------------------------------------------- 3 gate


@kernel
def move_gates(a, awake, wake, sleep, steps):
    """So many times every activation counter moves by 1 towards 0; one that comes from -1 is awake for good.

    Then gating arrivals: the positive ones, then the negative ones. In how many steps the first counter arrives;
    AWAKE if none is moving.
    """
    least = np.int32(AWAKE)
    for i in range(len(a)):
        v = a[i]
        up, down = np.int32(v + steps), np.int32(v - steps)
        lasting = np.int32(AWAKE) if v >= AWAKE else larger(down, np.int32(0))
        v = (up if up < 0 else np.int32(AWAKE)) if v < 0 else lasting
        v = larger(v, wake[i]) if wake[i] > 0 else v
        v = smaller(v, sleep[i]) if sleep[i] < 0 else v
        a[i], awake[i], wake[i], sleep[i] = v, v > 0, 0, 0
        left = larger(v, np.int32(-v))
        least = smaller(least, left if left > 0 else np.int32(AWAKE))
    return least


@once
def copy_awake(now, line):
    for i in range(len(now)):
        line[i] = now[i]


@kernel
def note_awake(t, p, wiring, live, scratch):
    """Write who was awake until step t - 1 into the rows of the state."""
    start, stop = wiring.population[p].start, wiring.population[p].start + wiring.population[p].size
    turns = live.n_fired.shape[0]
    for s in range(larger(scratch.noted[p], t - turns), t):
        copy_awake(scratch.awake[start:stop], live.awake[s & (turns - 1), start:stop])


@kernel
def gate(t, p, noting, wiring, live, scratch):
    """Move the activation counters of a population up to step t and apply gating arrivals.

    Between two such steps nobody wakes or goes to sleep. With `noting`, who was awake until now is written into the
    rows of the state.
    """
    population = wiring.population[p]
    start, stop = population.start, population.start + population.size
    if population.plastic:
        if noting:
            note_awake(t, p, wiring, live, scratch)
        scratch.noted[p] = t
    moving, gating = scratch.moving[p], scratch.gating[p]
    low, high = smaller(moving[0], gating[0]), larger(moving[1], gating[1])
    gating[0], gating[1] = stop, start
    steps = np.int32(smaller(t - scratch.gate_at[p], AWAKE))
    left = move_gates(
        live.gate[low:high], scratch.awake[low:high], scratch.wake[low:high], scratch.sleep[low:high], steps
    )
    scratch.gate_at[p] = t
    scratch.gate_due[p] = t + left if left < AWAKE else FOREVER
    moving[0], moving[1] = (low, high) if left < AWAKE else (stop, start)


# ---------------------------------------------------------- 4 leak, 5 integrate


@kernel
def draw_kicks_32(kicks, key, amplitude):
    """`draw_kicks` by the 32-bit hash."""
    for i in range(len(kicks)):
        k = np.int64((draw32(key, i >> 1) >> np.uint32(16 * (i & 1))) & DRAW_32)
        kicks[i] = (k * amplitude) >> DRAW_BITS


@kernel
def hold(u, limit, step):
    """Potentials within +-limit, cut towards zero to multiples of a step."""
    for i in range(len(u)):
        v = np.int64(u[i])
        size = smaller(larger(v, -v), limit)
        if step > 1:
            size -= size % step
        u[i] = size if v > 0 else -size


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
def integrate(u, current, awake, kicks, kicked, threshold, factor, bias, floor):
    """u := larger(u leak / 1024 + bias + kicks + arrivals, floor).

    How many awake neurons then lie above the constant part of their threshold. A sleeping neuron ignores what
    arrives.
    """
    above = 0
    for i in range(len(u)):
        arriving = np.int64(current[i]) if awake[i] else 0
        total = leak(np.int64(u[i]), factor) + bias + np.int64(kicks[i]) + MEMORY_KICK * kicked[i] + arriving
        u[i] = smaller(larger(total, floor), POTENTIAL_LIMIT)
        above += (u[i] > threshold[i]) & (awake[i] != 0)
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
def some_ready(u, awake, threshold):
    """Whether an awake neuron lies above the constant part of its threshold."""
    ready = np.int32(0)
    for i in range(len(u)):
        ready = np.int32(ready | np.int32((u[i] > threshold[i]) & (awake[i] != 0)))
    return ready


@once
def move_ramps(ramp, steps):
    for i in range(len(ramp)):
        ramp[i] = larger(ramp[i] - steps, 0)


@kernel
def excess(i, population, live, scratch):
    """Potential minus threshold of flat neuron i if it is awake, else 0."""
    if not scratch.awake[i]:
        return np.int64(0)
    threshold = np.int64(live.threshold[i])
    if population.ramp_period:
        threshold += live.ramp[i] * population.ramp_increment // population.ramp_period
    return live.potential[i] - threshold


@kernel
def fire(t, p, low, high, wiring, live, scratch):
    """Neurons above threshold fire, at most one a column under winner-take-all; how many did.

    All that may lie above it are among the neurons low..high-1 of the population.
    """
    population = wiring.population[p]
    line = t & (live.n_fired.shape[0] - 1)
    start, stop = population.start, population.start + population.size
    n = 0
    width = population.column_size if population.winner_take_all else READY
    for first in range(start + low // width * width, smaller(start + high, stop), width):
        end = smaller(first + width, stop)
        if not some_ready(live.potential[first:end], scratch.awake[first:end], live.threshold[first:end]):
            continue
        best, winner = np.int64(0), -1
        for i in range(first, end):
            e = excess(i, population, live, scratch)
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
        i = np.int64(live.fired[line, k])
        live.potential[i] = excess(i, population, live, scratch) if population.subtract else 0
        if population.holds:
            hold(live.potential[i : i + 1], population.potential_limit, population.potential_step)
        live.spikes[line, i] = 1
        if population.ramp_period:
            live.ramp[i] = smaller(live.ramp[i] + population.ramp_period, RAMP_LIMIT)
        if population.memory_period:
            live.memory_next[i] = t + population.memory_period
            if not scratch.kicked[i]:
                live.memory_end[i] = smaller(t + wiring.memory_time[i], FOREVER)
    return n


# ------------------------------------------------------------ one population


@kernel
def may_reach(u, threshold, keep, gain):
    """Whether a potential may come above its threshold; see `drift_bounds`."""
    found = False
    for i in range(len(u)):
        v = np.int64(u[i])
        found |= larger(v, ((larger(v, 0) * keep) >> LEAK_Q) + gain) > threshold[i]
    return found


@once
def next_reset(t, population):
    """The first step from t on at which potentials are zeroed."""
    period = population.reset_period
    return t + (population.reset_phase - t) % period if period else FOREVER


@kernel
def calm_until(t, population, live):
    """Where no potential can reach its threshold without arrivals: the step at which that may no longer hold."""
    busy = next_reset(t + 1, population) if population.kick else FOREVER
    if population.memory_period:
        for i in range(population.start, population.start + population.size):
            if t < live.memory_next[i] <= live.memory_end[i]:
                busy = smaller(busy, live.memory_next[i])
    return busy


@once
def bound_of(p, steps, wiring):
    """`keep` and `gain` of a population over so many steps."""
    n = smaller(steps, wiring.keeps.shape[1] - 1)
    return np.int64(wiring.keeps[p, n]), np.int64(wiring.gains[p, n])


@kernel
def doubt(t, p, wiring, live, scratch):
    """Thresholds have changed at step t: a population that was calm may have to be looked at."""
    population = wiring.population[p]
    start, stop = population.start, population.start + population.size
    keep, gain = bound_of(p, scratch.busy[p] - 1 - scratch.settled[p], wiring)
    if may_reach(live.potential[start:stop], live.threshold[start:stop], keep, gain):
        scratch.busy[p] = t + 1


@kernel
def catch_up(p, stop, last, wiring, live, scratch):
    """What the steps before `stop` do to potentials and ramps when nothing arrives and no neuron can fire.

    Potentials that are zeroed at step `last` or before are zero.
    """
    population = wiring.population[p]
    first = scratch.settled[p] + 1
    start, end = population.start, population.start + population.size
    u = live.potential[start:end]
    if next_reset(first, population) <= last:
        u[:] = 0
    elif population.kick:
        kick, factor, floor = population.kick, population.leak, population.floor
        for t in range(first, stop):
            key = draw64(wiring.kick_key[p], t)
            drift_small(live.potential, live.threshold, start, population.size, key, kick, factor, floor, 0, 0)
            if population.holds:
                hold(u, population.potential_limit, population.potential_step)
    elif population.leak < NO_LEAK:
        for _ in range(first, stop):
            left = np.int32(0)
            for i in range(len(u)):
                u[i] = leak(u[i], np.int32(population.leak))
                left |= u[i]
            if population.holds:
                hold(u, population.potential_limit, population.potential_step)
            if left == 0:
                break
    if population.ramp_period:
        move_ramps(live.ramp[start:end], stop - first)


@once
def update(t, p, noting, wiring, live, scratch):
    """Gate, leak, integrate and fire one population; how many of its neurons fired.

    With `noting` it is noted who is awake.
    """
    population = wiring.population[p]
    start, stop = population.start, population.start + population.size
    fired = 0
    if population.gated and (scratch.touched[p] & GATES or scratch.gate_due[p] <= t):
        tick(LOOP, scratch.clock)
        gate(t, p, noting, wiring, live, scratch)
        tick(GATE, scratch.clock)
    calm = not scratch.touched[p] & (CURRENT | SUMMED)
    if t >= scratch.busy[p] or not calm:
        tick(LOOP, scratch.clock)
        if scratch.settled[p] < t - 1:
            catch_up(p, t, t, wiring, live, scratch)
        found, low, high = settle(t, p, population, wiring, live, scratch)
        scratch.settled[p] = t
        scratch.busy[p] = t + 1 if found & MAY_REACH or not calm else calm_until(t, population, live)
        tick(INTEGRATE, scratch.clock)
        if population.ramp_period:
            move_ramps(live.ramp[start:stop], 1)
        if found & REACHED:
            fired = fire(t, p, low, high, wiring, live, scratch)
            tick(FIRE, scratch.clock)
    return fired


@kernel
def settle(t, p, population, wiring, live, scratch):
    """Leak, bias, kick, integrate and reset.

    `REACHED`, unless certainly no neuron can fire, and without arrivals `MAY_REACH`, unless certainly none can fire
    before `calm_until`; then the range of those that may fire.
    """
    start, size, touched = population.start, population.size, scratch.touched[p]
    u, current = live.potential[start : start + size], scratch.current[start : start + size]
    threshold = live.threshold[start : start + size]
    kick, factor, floor, key = population.kick, population.leak, population.floor, draw64(wiring.kick_key[p], t)
    following = next_reset(t, population)
    summed = scratch.ahead[scratch.summed[p] :]
    if touched & SUMMED and (touched & CURRENT or not population.small):
        add_ahead(current, summed)
        touched |= CURRENT
    found, low, high = np.int64(0), np.int64(0), size
    if not population.small:
        kicks, kicked = scratch.kicks[:size], scratch.kicked[start : start + size]
        if kick:
            if population.jenkins:
                draw_kicks_32(kicks, draw32(wiring.kick_key[p], t), kick)
            else:
                draw_kicks(kicks, key, kick)
        if population.memory_period:
            memory_timers(t, population, live, scratch)
        awake, bias = scratch.awake[start : start + size], population.bias
        above = integrate(u, current, awake, kicks, kicked, threshold, factor, bias, floor)
        found = REACHED if above else 0
        if kick:
            kicks[:] = 0
    elif following == t:
        pass
    elif touched & (CURRENT | SUMMED):
        arriving = scratch.current[start:] if touched & CURRENT else summed
        found, low, high = integrate_small(
            live.potential, live.threshold, arriving, scratch.awake, start, size, key, kick, factor, floor
        )
    else:
        keep, gain = bound_of(p, following - 1 - t, wiring)
        found, low, high = drift_small(
            live.potential, live.threshold, start, size, key, kick, factor, floor, keep, gain
        )
    if touched & CURRENT:
        current[:] = 0
    if population.holds:
        hold(u, population.potential_limit, population.potential_step)
    if following == t:
        u[:] = 0
        found = REACHED | MAY_REACH if count_above(u, threshold) else MAY_REACH
        low, high = np.int64(0), size
    elif not population.small and not touched & (CURRENT | SUMMED):
        keep, gain = bound_of(p, following - 1 - t, wiring)
        found |= MAY_REACH if may_reach(u, threshold, keep, gain) else 0
    return found, low, high
