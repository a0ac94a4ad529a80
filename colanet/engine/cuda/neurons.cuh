// 3 gate, 4 leak, 5 integrate, 6 fire: thread i owns the neurons i, i + threads, ...; only it writes their entries.

// Activation counter after this step, gating arrivals included: the positive ones, then the negative ones.
INLINE int gate(int a, int wake, int sleep) {
    a = a == -1 ? AWAKE : a + (a < 0) - (a > 0 && a < AWAKE);
    if (wake > 0 && a < wake) a = wake;
    if (sleep < 0 && a > sleep) a = sleep;
    return a;
}

INLINE i64 leak(i64 u, int factor) {
    i64 size = size_of(u) * factor >> LEAK_Q;
    return u < 0 ? -size : size;
}

// The random kick of neuron i of a population.
INLINE i64 kick(i64 t, int i, u64 key, const Population& population) {
    u32 draw = population.jenkins ? draw16_32(draw32(key, t), i) : draw16(step_key(key, t), i);
    return (i64)draw * population.kick >> DRAW_BITS;
}

// Potential of neuron i after its arrivals, which are taken away; floor, what its bits hold, and periodic reset.
INLINE i64 integrate(i64 t, i64 u, bool awake, int i, const Population& population, const Local& local) {
    if (awake) u += local.current(i);
    local.current(i) = 0;
    u = held(most(u, population.floor), population.potential_limit, population.potential_step);
    return population.reset_period && modulo(t, population.reset_period) == population.reset_phase ? 0 : u;
}

// A memory timer that expires; it is set anew.
INLINE bool memory_timer(i64 t, int i, const Population& population, const Net& net) {
    if (net.memory_next[i] != t || t > net.memory_end[i]) return false;
    net.memory_next[i] = t + population.memory_period;
    return true;
}

// Potential minus threshold.
INLINE i64 excess(int i, const Population& population, const Local& local) {
    i64 threshold = local.threshold(i);
    if (population.ramp_period && local.ramp(i))
        threshold += (i64)local.ramp(i) * population.ramp_increment / population.ramp_period;
    return local.potential(i) - threshold;
}

// Winner-take-all: the largest excess, the lowest index on a tie.
INLINE u64 rank(i64 excess, int i) { return (u64)excess << 32 | (0xFFFFFFFFu - (u32)i); }

// The first neuron of the column of neuron i.
INLINE int column_of(int i, const Population& population) {
    int inside = i - population.start;
    return i - inside % population.column_size;
}

// Count a vote and record a spike.
INLINE void harvest(i64 t, int p, int i, const Population& population, const Net& net) {
    atomicAdd(&net.spike_counts[p], 1ull);
    if (p == net.vote_population) {
        i64 object = divided(t, net.vote_period) - net.first_object;
        int label = (int)((i64)(i - population.start) * net.classes / population.size);
        atomicAdd(&net.votes[object * net.classes + label], 1);
    }
    if (population.record >= 0) {
        int bit = population.record + i - population.start;
        atomicOr(&net.record[(t - net.begin) * net.record_words + (bit >> 5)], 1u << (bit & 31));
    }
}

// Neuron i fires.
INLINE void fire(i64 t, int p, int i, const Population& population, const Net& net, const Local& local) {
    int line = (int)t & net.turns;
    i64 over = population.subtract ? excess(i, population, local) : 0;
    local.potential(i) = (int)held(over, population.potential_limit, population.potential_step);
    net.spikes[(i64)line * net.neurons + i] = 1;
    if (population.ramp_period)
        local.ramp(i) = (int)least((i64)local.ramp(i) + population.ramp_period, RAMP_LIMIT);
    if (population.memory_period) {
        net.memory_next[i] = t + population.memory_period;
        if (!(local.work(i) & KICKED)) net.memory_end[i] = least(t + net.memory_time[i], FOREVER);
    }
    int place = atomicAdd(&net.n_fired[line * net.populations + p], 1);
    net.fired[(i64)line * net.neurons + population.start + place] = i - population.start;
    if (place == 0) net.latest[p] = t;
    local.work(i) |= FIRED;
    harvest(t, p, i, population, net);
}

INLINE bool inside_sequence(i64 t, int i, const Population& population, const Net& net) {
    return !net.forced[i] && t - net.last_spike[i] < population.isi_max;
}

INLINE bool presynaptic_due(i64 t, const Population& population) {
    return population.presynaptic_period && t > 0 && modulo(t, population.presynaptic_period) == 0;
}

// Put neuron i on the list of those that learn in this step, once.
INLINE void list(i64 t, int i, Net& net, const Local& local) {
    if (local.work(i) & LISTED) return;
    local.work(i) |= LISTED;
    local.todo(atomicAdd(&net.todo[t & 1], 1)) = i;
}

// Does neuron i have to learn, apart from a firing that winner-take-all has yet to decide?
INLINE bool learns(i64 t, int i, const Population& population, const Net& net, const Local& local) {
    u32 work = local.work(i);
    if (work & FIRED || local.reward(i) || presynaptic_due(t, population)) return true;
    return work & OWES && !inside_sequence(t, i, population, net);
}

// Gate, leak, integrate and fire neuron i; whether it is a candidate of winner-take-all.
INLINE bool update(i64 t, int i, Net& net, const Local& local) {
    int p = local.owner(i), line = (int)t & net.turns;
    const Population& population = net.population[p];
    if (net.pushes) take_from_future(t, i, population, net, local);
    u32 before = local.work(i), work = before & OWES;
    if (before & FORCING) work |= FORCED;

    int a = gate(local.gate(i), local.wake(i), local.sleep(i));
    local.gate(i) = a;
    local.wake(i) = 0;
    local.sleep(i) = 0;

    i64 u = leak(local.potential(i), population.leak) + population.bias;
    if (population.kick) u += kick(t, i - population.start, net.kick_key[p], population);
    if (population.memory_period && memory_timer(t, i, population, net)) {
        u += MEMORY_KICK;
        work |= KICKED;
    }
    local.potential(i) = (int)integrate(t, u, a > 0, i, population, local);
    if (local.ramp(i) > 0) local.ramp(i) -= 1;
    net.spikes[(i64)line * net.neurons + i] = 0;

    i64 over = a > 0 ? excess(i, population, local) : 0;
    bool candidate = over > 0 && population.winner_take_all;
    if (candidate) work |= CANDIDATE;
    local.work(i) = work;
    if (candidate) atomicMax(&local.best(column_of(i, population)), rank(over, i));
    else if (over > 0) fire(t, p, i, population, net, local);

    if (population.plastic) {
        net.awake[(i64)line * net.neurons + i] = a > 0;
        bool learning = t < net.freeze;
        if (local.reward(i) && (a <= 0 || !learning)) local.reward(i) = 0;
        if (learning && learns(t, i, population, net, local)) list(t, i, net, local);
    } else if (local.reward(i)) {
        local.reward(i) = 0;
    }
    return candidate;
}

// A candidate fires if it is the best of its column.
INLINE void take_all(i64 t, int i, Net& net, const Local& local) {
    if (!(local.work(i) & CANDIDATE)) return;
    int p = local.owner(i);
    const Population& population = net.population[p];
    if (local.best(column_of(i, population)) != rank(excess(i, population, local), i)) return;
    fire(t, p, i, population, net, local);
    if (population.plastic && t < net.freeze) list(t, i, net, local);
}
