"""7 Plasticity: every rule of a step, for one neuron and its synapses (see the methods of `reference.Network`)."""

from __future__ import annotations

import numpy as np

from colanet.compiled import inlined, kernel, once
from colanet.engine.cpu.arrivals import look_again, note_change
from colanet.engine.cpu.clock import AGAIN, LOOP, OWN, RENORMALISE, REWARDED, tick
from colanet.engine.cpu.integers import (
    BIT,
    BOUND,
    BUCKET,
    BUCKETS,
    IN_BUCKET,
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
from colanet.engine.cpu.tables import PLASTIC, REWARDS
from colanet.units import (
    BASE_THRESHOLD,
    FOREVER,
    ONE,
    POTENTIAL_LIMIT,
    RESOURCE_LIMIT,
    STABILITY_LIMIT,
    Q,
)


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


@kernel
def change(q, i, mask, step, wiring, live, scratch):
    """Add `step` to the resources of the slots in `mask`; weights and threshold follow, the debt is owed."""
    note_change(q, i, wiring, scratch)
    projection = wiring.projection[q]
    population = wiring.population[projection.target]
    neuron, dense = population.start + i, projection.dense
    first, n = slots(projection, i, wiring)
    w_min, span = population.w_min, population.w_max - population.w_min
    span_q = in_resources(span)
    level = wiring.level[projection.target]
    resource = live.resource[first : first + n]
    # The weights of a dense projection are changed in the neuron's own list; `refresh` takes them to their rows.
    weight = live.own[first : first + n] if dense else live.weight
    added, positive = np.int64(0), np.int64(0)
    word, before_word = np.uint64(projection.word + i * projection.words), NO_BITS
    for w in range(projection.words):
        bits = mask[w]
        if dense:
            scratch.stale[word] |= bits
            word += BIT
        while bits:
            slot = before_word + lowest_bit(bits)
            bits &= bits - BIT
            old = np.int64(resource[slot])
            new = smaller(larger(old + step, -RESOURCE_LIMIT), RESOURCE_LIMIT)
            resource[slot] = new
            added += new - old
            at = slot if dense else np.uint64(wiring.slot_position[np.uint64(first) + slot])
            before = np.int64(weight[at])
            after = w_min + weight_of(new, span, span_q, level)
            weight[at] = after
            positive += larger(after, 0) - larger(before, 0)
        before_word += WORD_BITS
    live.positive[neuron] += positive
    set_threshold(neuron, population, live)
    if population.virtual_synapses >= 0:
        live.debt[neuron] -= added
        if abs(live.debt[neuron]) >= ONE:
            live.owing[projection.target] = 0


@kernel
def shift_small(resource, share):
    """Add `share` to resources where no sum leaves int32; the smallest and the largest."""
    least, most = np.int32(RESOURCE_LIMIT), np.int32(-RESOURCE_LIMIT)
    for slot in range(len(resource)):
        new = np.int32(resource[slot] + share)
        resource[slot] = new
        least, most = smaller(least, new), larger(most, new)
    return least, most


@kernel
def look_up(weight, resource, level, w_min):
    """Weights of resources that all lie in the table, and the sum of the positive ones, within int32."""
    positive = np.int32(0)
    for slot in range(len(resource)):
        above = larger(resource[slot], np.int32(0))
        entry = level[above >> np.int32(BUCKET)]
        beyond = np.int32(above & np.int32(IN_BUCKET)) >= np.int32(entry & np.int32(BOUND))
        w = np.int32(np.int32(np.int32(entry >> np.int32(BUCKET + 1)) + np.int32(beyond)) + w_min)
        weight[slot] = w
        positive = np.int32(positive + larger(w, np.int32(0)))
    return positive


@kernel
def shift_slots(q, i, share, wiring, live):
    """Add `share` to the resources of all slots of neuron i one by one; what was really added, and the sum of
    positive weights."""
    projection = wiring.projection[q]
    population = wiring.population[projection.target]
    first, n = slots(projection, i, wiring)
    w_min, span = population.w_min, population.w_max - population.w_min
    span_q, level = in_resources(span), wiring.level[projection.target]
    added, positive = np.int64(0), np.int64(0)
    for slot in range(first, first + n):
        old = np.int64(live.resource[slot])
        new = smaller(larger(old + share, -RESOURCE_LIMIT), RESOURCE_LIMIT)
        live.resource[slot] = new
        added += new - old
        w = w_min + weight_of(new, span, span_q, level)
        if projection.dense:
            live.own[slot] = w
        else:
            live.weight[wiring.slot_position[slot]] = w
        positive += larger(w, 0)
    return added, positive


@kernel
def shift_all(q, i, share, wiring, live, scratch):
    """Add `share` to the resources of all slots of neuron i; what was really added, sum of positive weights."""
    note_change(q, i, wiring, scratch)
    projection = wiring.projection[q]
    if not projection.dense or abs(share) > ONE:
        if projection.dense:
            mark_all(scratch.stale, projection.word + i * projection.words, projection.source_size)
        return shift_slots(q, i, share, wiring, live)
    first, n = slots(projection, i, wiring)
    w_min = wiring.population[projection.target].w_min
    level = wiring.level[projection.target]
    mark_all(scratch.stale, projection.word + i * projection.words, n)
    resource = live.resource[first : first + n]
    least, most = shift_small(resource, np.int32(share))
    if least >= -RESOURCE_LIMIT and most < BUCKETS << BUCKET:
        return share * n, np.int64(look_up(live.own[first : first + n], resource, level, np.int32(w_min)))
    # Some saturate, or lie beyond the table: again, one by one.
    for slot in range(first, first + n):
        live.resource[slot] -= share
    return shift_slots(q, i, share, wiring, live)


@once
def mark_all(bits, first, n):
    """Set the first n bits of the bit set that begins at word `first`."""
    for w in range(n >> 6):
        bits[first + w] = ~NO_BITS
    if n & 63:
        bits[first + (n >> 6)] = (BIT << np.uint64(n & 63)) - BIT


@once
def stabilise(neuron, live, delta):
    """A non-positive stability can only increase. One change is below 2^44, stability at most 2^62."""
    if live.stability[neuron] > 0 or delta > 0:
        live.stability[neuron] = smaller(larger(live.stability[neuron] + delta, -STABILITY_LIMIT), STABILITY_LIMIT)


@kernel
def own_spike(t, p, i, forced, wiring, live, scratch, feed):
    """Hebbian rule and tight spike sequences."""
    population, mask = wiring.population[p], scratch.mask
    neuron = population.start + i
    last = live.last_spike[neuron]
    continues = not forced and not live.forced[neuron] and t - last <= population.isi_max
    since = last + 1 if continues else t - population.hebbian_window
    step = 0 if forced else scaled(live.stability[neuron], population.hebbian, wiring.scale)
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
    step = scaled(live.stability[neuron], reward, wiring.scale)
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
        step = scaled(live.stability[population.start + i], population.presynaptic, wiring.scale)
        for q in range(len(wiring.projection)):
            projection = wiring.projection[q]
            if step and projection.kind == PLASTIC and projection.target == p:
                received(t, q, i, t - population.presynaptic_period + 1, wiring, live, scratch, feed)
                change(q, i, mask, step, wiring, live, scratch)


@kernel
def first_owing(debt):
    """Index of the first neuron with a debt of 1.0 or more; how many neurons there are if there is none."""
    n = len(debt)
    for first in range(0, n, 32):
        part = debt[first : first + 32]
        most = np.int64(0)
        for i in range(len(part)):
            most = larger(most, abs(part[i]))
        if most >= ONE:
            for i in range(len(part)):
                if abs(part[i]) >= ONE:
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
        i += 1 + first_owing(live.debt[start + i + 1 : start + size])
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
                sharers += slots(projection, i, wiring)[1]
        if sharers == 0:
            continue
        share = owed // sharers if owed >= 0 else -(-owed // sharers)
        given = share * population.virtual_synapses
        live.virtual_resource[neuron] += given
        positive = 0
        for q in range(len(wiring.projection)):
            projection = wiring.projection[q]
            if projection.kind == PLASTIC and projection.target == p:
                added, above = shift_all(q, i, share, wiring, live, scratch)
                given += added
                positive += above
        live.positive[neuron] = positive
        set_threshold(neuron, population, live)
        live.debt[neuron] = owed - given
        if abs(owed - given) >= ONE:
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
