// 7 Plasticity. The whole block works on one neuron's synapses; thread 0 writes what is single about the neuron.
// Every function ends with a barrier after its last write.

// Sum of a and b over the block, valid in thread 0 until the next barrier.
INLINE void block_sum(Net& net, i64& a, i64& b) {
    int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
    for (int distance = WARP / 2; distance; distance /= 2) {
        a += __shfl_xor_sync(0xFFFFFFFFu, a, distance);
        b += __shfl_xor_sync(0xFFFFFFFFu, b, distance);
    }
    if (lane == 0) {
        net.partial[2 * warp] = a;
        net.partial[2 * warp + 1] = b;
    }
    __syncthreads();
    if (threadIdx.x) return;
    for (int w = 1; w < warps; w++) {
        a += net.partial[2 * w];
        b += net.partial[2 * w + 1];
    }
}

// Bit set `net.mask` of the slots of target neuron i over which it received a spike at steps since..t.
INLINE void received(i64 t, const Projection& projection, int i, i64 since, Net& net) {
    int words = projection.words, neurons = net.neurons;
    int neuron = net.population[projection.target].start + i;
    for (int w = threadIdx.x; w < words; w += blockDim.x) net.mask[w] = 0;
    __syncthreads();
    if (projection.dense && projection.from_input) {
        int delay = projection.delay_min;
        i64 first = most(since, delay);
        // At most 4096 steps of 2^19 words.
        u32 items = t < first ? 0 : (u32)(t - first + 1) * words;
        for (u32 k = threadIdx.x; k < items; k += blockDim.x) {
            i64 s = first + k / words;
            if (!net.awake[(i64)((int)s & net.turns) * neurons + neuron]) continue;
            u32 hit = net.bits[(s - delay - net.base) * net.bit_words + projection.bits + k % words];
            if (projection.seen >= 0) hit &= net.seen[projection.seen + k % words];
            if (hit) atomicOr(&net.mask[k % words], hit);
        }
    } else {
        int count, first = slots(projection, i, net, count);
        for (int slot = threadIdx.x; slot < count; slot += blockDim.x) {
            if (!sees(projection, slot, net)) continue;
            int source = slot, delay = projection.delay_min;
            if (!projection.dense) source = net.slot_source[first + slot], delay = net.slot_delay[first + slot];
            for (i64 s = most(since, delay); s <= t; s++) {
                if (!net.awake[(i64)((int)s & net.turns) * neurons + neuron]) continue;
                bool hit;
                if (projection.from_input)
                    hit = net.bits[(s - delay - net.base) * net.bit_words + projection.bits + (source >> 5)]
                          >> (source & 31) & 1;
                else
                    hit = net.spikes[(i64)((int)(s - delay) & net.turns) * neurons
                                     + net.population[projection.source].start + source];
                if (!hit) continue;
                atomicOr(&net.mask[slot >> 5], 1u << (slot & 31));
                break;
            }
        }
    }
    __syncthreads();
}

// Base threshold plus alpha times the sum of positive plastic weights.
INLINE void set_threshold(int neuron, const Population& population, const Net& net, const Local& local) {
    i64 above = (i64)population.alpha * net.positive[neuron] >> Q;
    local.threshold(neuron) = (int)least(BASE_THRESHOLD + above, POTENTIAL_LIMIT);
}

INLINE void set_debt(int neuron, i64 debt, const Population& population, const Net& net, const Local& local) {
    net.debt[neuron] = debt;
    if (size_of(debt) >= population.owes_from) local.work(neuron) |= OWES;
    else local.work(neuron) &= ~(u32)OWES;
}

// Move the resource of one slot by `step`; what was really added, and the change of the positive weights' sum.
INLINE void move(int* resource, u16* weight, i64 step, const Population& population, i64& added, i64& positive) {
    int base = population.weight_base, offset = population.w_min - base;
    u32 span = population.w_max - population.w_min;
    i64 old = *resource, now = clip(old + step, population.resource_limit);
    *resource = (int)now;
    added += now - old;
    int before = base + (int)*weight, level = (int)level_of(now, span, offset, population.weight_step);
    int after = base + level;
    *weight = (u16)level;
    positive += (after > 0 ? after : 0) - (before > 0 ? before : 0);
}

// Add `step` to the resources of the slots in `bits`; weights and threshold follow, the debt is owed.
INLINE void change(const Projection& projection, int i, const u32* bits, i64 step, Net& net, const Local& local) {
    const Population& population = net.population[projection.target];
    int neuron = population.start + i;
    int count, first = slots(projection, i, net, count);
    i64 added = 0, positive = 0;
    for (int slot = threadIdx.x; slot < count; slot += blockDim.x) {
        if (!(bits[slot >> 5] >> (slot & 31) & 1)) continue;
        int place = place_of(projection, i, first, slot, net);
        move(&net.resource[first + slot], &net.weight[place], step, population, added, positive);
    }
    block_sum(net, added, positive);
    if (threadIdx.x == 0) {
        net.positive[neuron] += positive;
        set_threshold(neuron, population, net, local);
        if (population.virtual_synapses >= 0) set_debt(neuron, net.debt[neuron] - added, population, net, local);
    }
    __syncthreads();
}

// A non-positive stability can only increase. One change is below 2^44, stability at most 2^62.
INLINE void stabilise(int neuron, const Net& net, i64 delta) {
    if (net.stability[neuron] > 0 || delta > 0) net.stability[neuron] = clip(net.stability[neuron] + delta, STABILITY_LIMIT);
}

// The change of a rule: its rate by the neuron's stability, in whole grains of the resources.
INLINE i64 step_of(i64 t, int p, int i, i64 rate, Rounding rule, const Net& net) {
    const Population& population = net.population[p];
    i64 step = scaled(net.stability[population.start + i], rate, net.scale), grain = population.resource_grain;
    if (grain == 1) return step;
    i64 more = grain / 2;
    if (population.stochastic) {
        u64 key = net.rounding_key[p];
        u32 index = 4 * (u32)i + rule;
        more = (population.jenkins ? draw32(draw32(key, t), index) : draw64(step_key(key, t), index)) & (grain - 1);
    }
    i64 size = (size_of(step) + more) & -grain;
    return step < 0 ? -size : size;
}

// Hebbian rule and tight spike sequences.
INLINE void own_spike(i64 t, int p, int i, bool forced, Net& net, const Local& local) {
    const Population& population = net.population[p];
    int neuron = population.start + i;
    i64 last = net.last_spike[neuron];
    if (population.stability_lifetime) {
        if (threadIdx.x == 0 && net.stability[neuron] > 0) {
            i64 left = net.stability[neuron] - (t - last) * ONE / population.stability_lifetime;
            net.stability[neuron] = left > 0 ? left : 0;
        }
        __syncthreads();
    }
    bool continues = !forced && !net.forced[neuron] && t - last <= population.isi_max;
    i64 since = continues ? last + 1 : t - population.hebbian_window;
    i64 step = forced ? 0 : step_of(t, p, i, population.hebbian, ROUND_OWN_SPIKE, net);
    for (int q = 0; q < net.projections; q++) {
        const Projection& projection = net.projection[q];
        if (!is_plastic_into(projection, p)) continue;
        received(t, projection, i, since, net);
        u32* contributes = net.contributes + projection.word + i * projection.words;
        for (int w = threadIdx.x; w < projection.words; w += blockDim.x) {
            u32 old = continues ? contributes[w] : 0, hit = net.mask[w];
            contributes[w] = old | hit;
            net.mask[w] = hit & ~old;
        }
        __syncthreads();
        if (step) change(projection, i, net.mask, step, net, local);
    }
    if (threadIdx.x == 0) {
        if (!continues) {
            net.sequence_start[neuron] = t;
            stabilise(neuron, net, fixmul(population.stability_rate, population.hebbian, Q));
        }
        net.last_spike[neuron] = t;
        net.forced[neuron] = forced;
    }
    __syncthreads();
}

// Change of stability on reward R.
INLINE i64 stability_of_reward(i64 t, const Population& population, int neuron, i64 reward, bool forced, const Net& net) {
    i64 product = fixmul(population.stability_rate, reward, Q);
    if (forced) return reward > 0 ? -product : 0;
    if (reward < 0) return product;
    if (population.stability_three_factor) return 2 * product;
    // Without a gap: the limit for ISImax -> 0.
    i64 distance = size_of(t - net.sequence_start[neuron] - population.isi_max), factor = distance ? -ONE : ONE;
    // From three times isi_max on the factor is -1; the shifted distance stays below 2^34.
    if (population.isi_max)
        factor = most(2 * ONE - (least(distance, 3ll * population.isi_max) << Q) / population.isi_max, -ONE);
    return fixmul(product, factor, Q);
}

// Dopamine plasticity, three-factor or two-factor, and what it does to stability.
INLINE void rewarded(i64 t, int p, int i, i64 reward, Net& net, const Local& local) {
    const Population& population = net.population[p];
    int neuron = population.start + i;
    bool forced = net.forced[neuron], recent = t - net.last_spike[neuron] <= population.dopamine_window;
    i64 step = step_of(t, p, i, reward, ROUND_REWARD, net);
    __syncthreads();
    if (population.three_factor && !recent) return;
    for (int q = 0; step && !(forced && reward <= 0) && q < net.projections; q++) {
        const Projection& projection = net.projection[q];
        if (!is_plastic_into(projection, p)) continue;
        const u32* bits = net.mask;
        if (population.three_factor) bits = net.contributes + projection.word + i * projection.words;
        else received(t, projection, i, t - population.dopamine_window + 1, net);
        change(projection, i, bits, step, net, local);
    }
    if (threadIdx.x == 0)
        stabilise(neuron, net, stability_of_reward(t, population, neuron, reward, forced, net));
    __syncthreads();
}

// One-factor plasticity.
INLINE void presynaptic(i64 t, int p, int i, Net& net, const Local& local) {
    const Population& population = net.population[p];
    i64 step = step_of(t, p, i, population.presynaptic, ROUND_PRESYNAPTIC, net);
    for (int q = 0; step && q < net.projections; q++) {
        const Projection& projection = net.projection[q];
        if (!is_plastic_into(projection, p)) continue;
        received(t, projection, i, t - population.presynaptic_period + 1, net);
        change(projection, i, net.mask, step, net, local);
    }
}

// Share out a debt of 1.0 or more of a neuron that is not inside a spike sequence.
INLINE void renormalise(i64 t, int p, int i, Net& net, const Local& local) {
    const Population& population = net.population[p];
    int neuron = population.start + i;
    i64 owed = net.debt[neuron], sharers = population.virtual_synapses;
    if (size_of(owed) < population.owes_from || inside_sequence(t, neuron, population, net)) return;
    for (int q = 0; q < net.projections; q++) {
        const Projection& projection = net.projection[q];
        if (!is_plastic_into(projection, p)) continue;
        int count = projection.fan;
        if (!projection.dense) slots(projection, i, net, count);
        sharers += count;
    }
    if (sharers == 0) return;
    i64 share = owed / (sharers * population.resource_grain) * population.resource_grain, added = 0, positive = 0;
    for (int q = 0; q < net.projections; q++) {
        const Projection& projection = net.projection[q];
        if (!is_plastic_into(projection, p)) continue;
        int count, first = slots(projection, i, net, count);
        for (int slot = threadIdx.x; slot < count; slot += blockDim.x) {
            if (!sees(projection, slot, net)) continue;
            int place = place_of(projection, i, first, slot, net);
            move(&net.resource[first + slot], &net.weight[place], share, population, added, positive);
        }
    }
    block_sum(net, added, positive);
    if (threadIdx.x == 0) {
        i64 given = share * population.virtual_synapses;
        net.virtual_resource[neuron] += given;
        net.positive[neuron] += positive;
        set_threshold(neuron, population, net, local);
        set_debt(neuron, owed - added - given, population, net, local);
    }
    __syncthreads();
}

// All rules of one step for one neuron.
INLINE void learn(i64 t, int neuron, Net& net, const Local& local) {
    int p = local.owner(neuron), i = neuron - net.population[p].start;
    u32 work = local.work(neuron);
    i64 reward = local.reward(neuron);
    __syncthreads();  // what was read here the next step's arrivals change
    if (work & FIRED) own_spike(t, p, i, work & FORCED, net, local);
    if (reward) {
        rewarded(t, p, i, reward, net, local);
        if (threadIdx.x == 0) local.reward(neuron) = 0;
        __syncthreads();
    }
    if (presynaptic_due(t, net.population[p])) presynaptic(t, p, i, net, local);
    if (net.population[p].virtual_synapses >= 0) renormalise(t, p, i, net, local);
}
