// 3 gate, 4 leak, 5 integrate, 6 fire: thread i owns the neurons i, i + threads, ...; only it writes their entries.

// Activation counter after this step, gating arrivals included: the positive ones, then the negative ones.
INLINE int gate(int a, int wake, int sleep) {
    a = a == -1 ? AWAKE : a + (a < 0) - (a > 0 && a < AWAKE);
    if (wake > 0 && a < wake) a = wake;
    if (sleep < 0 && a > sleep) a = sleep;
    return a;
}

INLINE i64 leak(i64 u, int factor) {
    i64 size = size_of(u) * factor >> 10;
    return u < 0 ? -size : size;
}

// A memory timer that expires; it is set anew.
INLINE bool memory_timer(i64 t, int i, const int* population, const Net& net) {
    if (net.memory_next[i] != t || t > net.memory_end[i]) return false;
    net.memory_next[i] = t + population[P_MEMORY];
    return true;
}

// Potential minus threshold.
INLINE i64 excess(int i, const int* population, const Local& local) {
    i64 threshold = local.threshold(i);
    if (population[P_RAMP_PERIOD] && local.ramp(i))
        threshold += (i64)local.ramp(i) * population[P_RAMP] / population[P_RAMP_PERIOD];
    return local.potential(i) - threshold;
}

// Winner-take-all: the largest excess, the lowest index on a tie.
INLINE u64 rank(i64 excess, int i) { return (u64)excess << 32 | (0xFFFFFFFFu - (u32)i); }

// The first neuron of the column of neuron i.
INLINE int column_of(int i, const int* population) {
    int inside = i - population[P_START];
    return i - inside % population[P_COLUMN];
}

// Count a vote and record a spike.
INLINE void harvest(i64 t, int p, int i, const int* population, const Net& net) {
    atomicAdd(&net.spike_counts[p], 1ull);
    if (p == net.vote_population) {
        i64 object = divided(t, net.vote_period) - net.first_object;
        int label = (int)((i64)(i - population[P_START]) * net.classes / population[P_SIZE]);
        atomicAdd(&net.votes[object * net.classes + label], 1);
    }
    if (population[P_RECORD] >= 0) {
        int bit = population[P_RECORD] + i - population[P_START];
        atomicOr(&net.record[(t - net.begin) * net.record_words + (bit >> 5)], 1u << (bit & 31));
    }
}

// Neuron i fires.
INLINE void fire(i64 t, int p, int i, const int* population, const Net& net, const Local& local) {
    int line = (int)t & net.turns;
    local.potential(i) = population[P_SUBTRACT] ? (int)excess(i, population, local) : 0;
    net.spikes[(i64)line * net.neurons + i] = 1;
    if (population[P_RAMP_PERIOD])
        local.ramp(i) = (int)least((i64)local.ramp(i) + population[P_RAMP_PERIOD], RAMP_LIMIT);
    if (population[P_MEMORY]) {
        net.memory_next[i] = t + population[P_MEMORY];
        if (!(local.work(i) & KICKED)) net.memory_end[i] = least(t + net.memory_time[i], FOREVER);
    }
    int place = atomicAdd(&net.n_fired[line * net.populations + p], 1);
    net.fired[(i64)line * net.neurons + population[P_START] + place] = i - population[P_START];
    if (place == 0) net.latest[p] = t;
    local.work(i) |= FIRED;
    harvest(t, p, i, population, net);
}

INLINE bool inside_sequence(i64 t, int i, const int* population, const Net& net) {
    return !net.forced[i] && t - net.last_spike[i] < population[P_ISI];
}

INLINE bool presynaptic_due(i64 t, const int* population) {
    return population[P_PRE_PERIOD] && t > 0 && modulo(t, population[P_PRE_PERIOD]) == 0;
}

// Put neuron i on the list of those that learn in this step, once.
INLINE void list(i64 t, int i, Net& net, const Local& local) {
    if (local.work(i) & LISTED) return;
    local.work(i) |= LISTED;
    local.todo(atomicAdd(&net.todo[t & 1], 1)) = i;
}

// Does neuron i have to learn, apart from a firing that winner-take-all has yet to decide?
INLINE bool learns(i64 t, int i, const int* population, const Net& net, const Local& local) {
    u32 work = local.work(i);
    if (work & FIRED || local.reward(i) || presynaptic_due(t, population)) return true;
    return work & OWES && !inside_sequence(t, i, population, net);
}

// Gate, leak, integrate and fire neuron i; whether it is a candidate of winner-take-all.
INLINE bool update(i64 t, int i, Net& net, const Local& local) {
    int p = local.owner(i), line = (int)t & net.turns;
    const int* population = population_of(net, p);
    u32 before = local.work(i), work = before & OWES;
    if (before & PUSHED) work |= FORCED;

    int a = gate(local.gate(i), local.wake(i), local.sleep(i));
    local.gate(i) = a;
    local.wake(i) = 0;
    local.sleep(i) = 0;

    i64 u = leak(local.potential(i), population[P_LEAK]) + population[P_BIAS];
    if (population[P_KICK])
        u += (i64)draw16(step_key(net.kick_key[p], t), i - population[P_START]) * population[P_KICK] >> 16;
    if (population[P_MEMORY] && memory_timer(t, i, population, net)) {
        u += MEMORY_KICK;
        work |= KICKED;
    }
    if (a > 0) u += local.current(i);
    local.current(i) = 0;
    u = least(most(u, population[P_FLOOR]), LIMIT);
    if (population[P_RESET] && modulo(t, population[P_RESET]) == population[P_PHASE]) u = 0;
    local.potential(i) = (int)u;
    if (local.ramp(i) > 0) local.ramp(i) -= 1;
    net.spikes[(i64)line * net.neurons + i] = 0;

    i64 over = a > 0 ? excess(i, population, local) : 0;
    bool candidate = over > 0 && population[P_WTA];
    if (candidate) work |= CANDIDATE;
    local.work(i) = work;
    if (candidate) atomicMax(&local.best(column_of(i, population)), rank(over, i));
    else if (over > 0) fire(t, p, i, population, net, local);

    if (population[P_PLASTIC]) {
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
    const int* population = population_of(net, p);
    if (local.best(column_of(i, population)) != rank(excess(i, population, local), i)) return;
    fire(t, p, i, population, net, local);
    if (population[P_PLASTIC] && t < net.freeze) list(t, i, net, local);
}
