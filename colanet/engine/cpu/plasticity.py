"""7 Plasticity: every rule of a step, for one neuron and its synapses (see the methods of `reference.Network`)."""

from __future__ import annotations

import numpy as np

from colanet import hashing
from colanet.compiled import inlined, kernel, once
from colanet.encoding.kernels import count_bits
from colanet.engine.cpu.arrivals import look_again, note_change
from colanet.engine.cpu.clock import AGAIN, LOOP, OWN, RENORMALISE, REWARDED, tick
from colanet.engine.cpu.integers import (
    BIT,
    NO_BITS,
    WORD_BITS,
    fixmul,
    in_resources,
    larger,
    lowest_bit,
    scaled,
    smaller,
    weight_of,
)
from colanet.engine.cpu.neurons import doubt
from colanet.engine.cpu.seen import hide, mark_slots
from colanet.engine.cpu.shifts import shift_marked
from colanet.engine.cpu.tables import PLASTIC, REWARDS
from colanet.hash_kernels import draw32, draw64
from colanet.units import (
    BASE_THRESHOLD,
    FOREVER,
    ONE,
    POTENTIAL_LIMIT,
    STABILITY_LIMIT,
    Q,
)

OWN_SPIKE, REWARD, PRESYNAPTIC = map(int, hashing.Rounding)


@once
def join(mask, bits):
    for w in range(len(mask)):
        mask[w] |= bits[w]


@kernel
def received(t, q, i, since, wiring, live, scratch, feed):
    """Makes `scratch.mask` the slots of target neuron i over which it received a spike at steps since..t."""
    projection = wiring.projection[q]
    words = projection.words
    neuron = wiring.population[projection.target].start + i
    mask, turns = scratch.mask, live.n_fired.shape[0] - 1
    noted, awake_now = scratch.noted[projection.target], scratch.awake[neuron]
    for w in range(words):
        mask[w] = NO_BITS
    if projection.dense and projection.from_input:
        delay, at = projection.delay_min, projection.bits
        for s in range(larger(since, delay), t + 1):
            line = s - delay - feed.base
            spikes = feed.ptr[projection.source, line] != feed.ptr[projection.source, line + 1]
            if spikes and (awake_now if s >= noted else live.awake[s & turns, neuron]):
                join(mask[:words], feed.bits[line, at : at + words])
        if projection.seen >= 0:
            hide(mask, projection, wiring.seen)
        return
    if projection.dense:
        lo, hi = 0, projection.source_size
    else:
        lo = wiring.slot_ptr[projection.slot_ptr + i]
        hi = wiring.slot_ptr[projection.slot_ptr + i + 1]
    for slot in range(lo, hi):
        source, delay = np.int64(slot), projection.delay_min
        if not projection.dense:
            source, delay = np.int64(wiring.slot_source[slot]), np.int64(wiring.slot_delay[slot])
        for s in range(larger(since, delay), t + 1):
            if not (awake_now if s >= noted else live.awake[s & turns, neuron]):
                continue
            if projection.from_input:
                word = feed.bits[s - delay - feed.base, projection.bits + (source >> 6)]
                hit = (word >> np.uint64(source & 63)) & BIT
            else:
                first = wiring.population[projection.source].start
                hit = np.uint64(live.spikes[(s - delay) & turns, first + source])
            if hit:
                mask[(slot - lo) >> 6] |= BIT << np.uint64((slot - lo) & 63)
                break
    if projection.seen >= 0:
        hide(mask, projection, wiring.seen)


@inlined
def slots(projection, i, wiring):
    """First slot of target neuron i, and how many it has."""
    if projection.dense:
        return projection.slot + i * projection.source_size, projection.source_size
    lo = wiring.slot_ptr[projection.slot_ptr + i]
    return lo, wiring.slot_ptr[projection.slot_ptr + i + 1] - lo


@once
def set_threshold(neuron, population, live):
    """Base threshold plus alpha times the sum of positive plastic weights."""
    if population.alpha:
        above = (population.alpha * live.positive[neuron]) >> Q
        live.threshold[neuron] = smaller(BASE_THRESHOLD + above, POTENTIAL_LIMIT)


@once
def weights_of(projection, live):
    """Weights that learning changes: those of a dense projection in lists of the neurons' own, from which `refresh`
    takes them to their rows."""
    return live.own if projection.dense else live.weight


@kernel
def shift_each(projection, first, mask, step, wiring, live):
    """`shift` slot by slot; how much was really added, and by how much the sum of positive weights has grown."""
    population, level = wiring.population[projection.target], wiring.level[projection.target]
    base, span, limit = population.weight_base, population.w_max - population.w_min, population.resource_limit
    offset = population.w_min - base
    span_q, weight = in_resources(span), weights_of(projection, live)
    added, positive, place = np.int64(0), np.int64(0), np.uint64(first)
    for w in range(projection.words):
        bits = mask[w]
        while bits:
            slot = place + lowest_bit(bits)
            bits &= bits - BIT
            old = np.int64(live.resource[slot])
            new = smaller(larger(old + step, -limit), limit)
            live.resource[slot] = new
            added += new - old
            at = slot if projection.dense else np.uint64(wiring.slot_position[slot])
            before = np.int64(weight[at])
            after = base + weight_of(new, span, span_q, level, population.weight_step, offset)
            weight[at] = after
            positive += larger(after, 0) - larger(before, 0)
        place += WORD_BITS
    return added, positive


@kernel
def shift(q, i, mask, step, wiring, live, scratch):
    """Add `step` to the resources of the slots of neuron i that are in `mask`; weights follow, and their sum.

    How much was really added.
    """
    note_change(q, i, wiring, scratch)
    projection = wiring.projection[q]
    population = wiring.population[projection.target]
    first = slots(projection, i, wiring)[0]
    added, positive, left = np.int64(0), np.int64(0), True
    if projection.dense:
        words, marked, stale = projection.words, NO_BITS, projection.word + i * projection.words
        for w in range(words):
            marked += count_bits(mask[w])
        if abs(step) <= ONE:
            level, base = wiring.level[projection.target], population.weight_base
            positive, left = shift_marked(
                live.resource, live.own, level, first, mask, scratch.stale, stale, words, step, base,
                population.weight_step, population.resource_limit,
            )  # fmt: skip
            added = step * np.int64(marked)
            if left:
                # Some saturate, or lie beyond the table: back, and one by one.
                for w in range(words):
                    bits = mask[w]
                    while bits:
                        live.resource[np.uint64(first + 64 * w) + lowest_bit(bits)] -= step
                        bits &= bits - BIT
        for w in range(words if left else 0):
            scratch.stale[stale + w] |= mask[w]
    if left:
        added, more = shift_each(projection, first, mask, step, wiring, live)
        positive += more
    live.positive[population.start + i] += positive
    return added


@kernel
def change(q, i, mask, step, wiring, live, scratch):
    """`shift`; the threshold follows, and what was added is owed."""
    added = shift(q, i, mask, step, wiring, live, scratch)
    projection = wiring.projection[q]
    population = wiring.population[projection.target]
    neuron = population.start + i
    set_threshold(neuron, population, live)
    if population.virtual_synapses >= 0:
        live.debt[neuron] -= added
        if abs(live.debt[neuron]) >= population.owes_from:
            live.owing[projection.target] = 0


@once
def stabilise(neuron, live, delta):
    """A non-positive stability can only increase. One change is below 2^44, stability at most 2^62."""
    if live.stability[neuron] > 0 or delta > 0:
        live.stability[neuron] = smaller(larger(live.stability[neuron] + delta, -STABILITY_LIMIT), STABILITY_LIMIT)


@kernel
def step_of(t, p, i, rate, number, wiring, live):
    """The change of rule `number`: its rate by the neuron's stability, in whole grains of the resources."""
    population = wiring.population[p]
    step, grain = scaled(live.stability[population.start + i], rate, wiring.scale), population.resource_grain
    if grain == 1 or step == 0:
        return step
    more = grain >> 1
    if population.stochastic:
        key, index = wiring.rounding_key[p], 4 * i + number
        if population.jenkins:
            draw = np.int64(draw32(draw32(key, t), index))
        else:
            draw = np.int64(draw64(draw64(key, t), index) & np.uint64(ONE - 1))
        more = draw & (grain - 1)
    size = (abs(step) + more) & -grain
    return size if step > 0 else -size


@kernel
def own_spike(t, p, i, forced, wiring, live, scratch, feed):
    """Hebbian rule and tight spike sequences."""
    population, mask = wiring.population[p], scratch.mask
    neuron = population.start + i
    last = live.last_spike[neuron]
    if population.stability_lifetime and live.stability[neuron] > 0:
        loss = (t - last) * ONE // population.stability_lifetime
        live.stability[neuron] = larger(live.stability[neuron] - loss, np.int64(0))
    continues = not forced and not live.forced[neuron] and t - last <= population.isi_max
    since = last + 1 if continues else t - population.hebbian_window
    step = np.int64(0) if forced else step_of(t, p, i, population.hebbian, OWN_SPIKE, wiring, live)
    for q in range(len(wiring.projection)):
        projection = wiring.projection[q]
        if projection.kind != PLASTIC or projection.target != p:
            continue
        received(t, q, i, since, wiring, live, scratch, feed)
        at = projection.word + i * projection.words
        for w in range(projection.words):
            old = live.contributes[at + w] if continues else NO_BITS
            live.contributes[at + w] = old | mask[w]
            mask[w] &= ~old
        if step:
            change(q, i, mask, step, wiring, live, scratch)
    if not continues:
        live.sequence_start[neuron] = t
        stabilise(neuron, live, fixmul(population.stability_rate, population.hebbian, Q))
    live.last_spike[neuron] = t
    live.forced[neuron] = forced
    if forced:
        live.owing[p] = 0


@kernel
def rewarded(t, p, i, reward, wiring, live, scratch, feed):
    """Dopamine plasticity, three-factor or two-factor, and what it does to stability."""
    population, mask = wiring.population[p], scratch.mask
    neuron = population.start + i
    forced = live.forced[neuron] == 1
    if population.three_factor and t - live.last_spike[neuron] > population.dopamine_window:
        return
    step = step_of(t, p, i, reward, REWARD, wiring, live)
    if step and not (forced and reward <= 0):
        for q in range(len(wiring.projection)):
            projection = wiring.projection[q]
            if projection.kind != PLASTIC or projection.target != p:
                continue
            if population.three_factor:
                at = projection.word + i * projection.words
                change(q, i, live.contributes[at : at + projection.words], step, wiring, live, scratch)
            else:
                received(t, q, i, t - population.dopamine_window + 1, wiring, live, scratch, feed)
                change(q, i, mask, step, wiring, live, scratch)
    stabilise(neuron, live, stability_of_reward(t, population, neuron, reward, forced, live))


@once
def stability_of_reward(t, population, neuron, reward, forced, live):
    product = fixmul(population.stability_rate, reward, Q)
    if forced:
        return -product if reward > 0 else np.int64(0)
    if reward < 0:
        return product
    if population.stability_three_factor:
        return 2 * product
    distance = abs(t - live.sequence_start[neuron] - population.isi_max)
    if population.isi_max:
        # From three times isi_max on the factor is -1; the shifted distance stays below 2^34.
        distance = smaller(distance, 3 * population.isi_max)
        factor = larger(2 * ONE - (distance << Q) // population.isi_max, -ONE)
    else:
        factor = ONE if distance == 0 else -ONE  # the limit for ISImax -> 0
    return fixmul(product, factor, Q)


@kernel
def presynaptic(t, p, wiring, live, scratch, feed):
    """One-factor plasticity of every neuron of a population."""
    population, mask = wiring.population[p], scratch.mask
    for i in range(population.size):
        step = step_of(t, p, i, population.presynaptic, PRESYNAPTIC, wiring, live)
        for q in range(len(wiring.projection)):
            projection = wiring.projection[q]
            if step and projection.kind == PLASTIC and projection.target == p:
                received(t, q, i, t - population.presynaptic_period + 1, wiring, live, scratch, feed)
                change(q, i, mask, step, wiring, live, scratch)


@kernel
def first_owing(debt, least):
    """Index of the first neuron with a debt of `least` or more; how many neurons there are if there is none."""
    n = len(debt)
    for first in range(0, n, 32):
        part = debt[first : first + 32]
        most = np.int64(0)
        for i in range(len(part)):
            most = larger(most, abs(part[i]))
        if most >= least:
            for i in range(len(part)):
                if abs(part[i]) >= least:
                    return first + i
    return n


@kernel
def renormalise(t, p, wiring, live, scratch):
    """Share out debts of 1.0 or more of neurons that are not inside a spike sequence."""
    population = wiring.population[p]
    start, size = population.start, population.size
    due = FOREVER
    i = -1
    while True:
        i += 1 + first_owing(live.debt[start + i + 1 : start + size], population.owes_from)
        if i >= size:
            break
        neuron = start + i
        owed = live.debt[neuron]
        if not live.forced[neuron] and t - live.last_spike[neuron] < population.isi_max:
            due = smaller(due, live.last_spike[neuron] + population.isi_max)
            continue
        sharers = population.virtual_synapses
        for q in range(len(wiring.projection)):
            projection = wiring.projection[q]
            if projection.kind == PLASTIC and projection.target == p:
                sharers += projection.fan if projection.dense else slots(projection, i, wiring)[1]
        if sharers == 0:
            continue
        share = abs(owed) // (sharers * population.resource_grain) * population.resource_grain
        share = share if owed >= 0 else -share
        given = share * population.virtual_synapses
        live.virtual_resource[neuron] += given
        for q in range(len(wiring.projection)):
            projection = wiring.projection[q]
            if projection.kind == PLASTIC and projection.target == p:
                mark_slots(scratch.mask, projection, slots(projection, i, wiring)[1], wiring.seen)
                given += shift(q, i, scratch.mask, share, wiring, live, scratch)
        set_threshold(neuron, population, live)
        live.debt[neuron] = owed - given
        if abs(owed - given) >= population.owes_from:
            due = t + 1
    live.owing[p] = due


@once
def learn(t, p, wiring, live, scratch, feed):
    """All rules of one step for one population."""
    population = wiring.population[p]
    start = population.start
    line = t & (live.n_fired.shape[0] - 1)
    tick(LOOP, scratch.clock)
    for k in range(start, start + live.n_fired[line, p]):
        i = np.int64(live.fired[line, k])
        own_spike(t, p, i - start, scratch.forcing[i] == 1, wiring, live, scratch, feed)
    tick(OWN, scratch.clock)
    if scratch.touched[p] & REWARDS:
        for j in range(population.size):
            reward = scratch.reward[start + j]
            if reward != 0 and scratch.awake[start + j]:
                rewarded(t, p, j, reward, wiring, live, scratch, feed)
    tick(REWARDED, scratch.clock)
    period = population.presynaptic_period
    if period and t > 0 and t % period == 0:
        presynaptic(t, p, wiring, live, scratch, feed)
    if live.owing[p] <= t:
        renormalise(t, p, wiring, live, scratch)
        tick(RENORMALISE, scratch.clock)
    if scratch.n_changed[p]:
        look_again(t, p, wiring, live, scratch, feed)
        tick(AGAIN, scratch.clock)
    if scratch.busy[p] > t + 1:
        doubt(t, p, wiring, live, scratch)
