// Time: one block runs one network from step to step.

// Thread 0 fills `net` with where this network's part of each array lies.
INLINE void open(Net& net, const u64* a, int k) {
    const NetworkRow& row = ((const NetworkRow*)a[A_NETWORK])[k];
    i64 n = a[A_NEURONS], populations = a[A_POPULATIONS], ring = (i64)a[A_RING] * n, own = k * n;
    net.neurons = (int)n;
    net.populations = (int)populations;
    net.projections = (int)a[A_PROJECTIONS];
    net.inputs = (int)a[A_INPUTS];
    net.turns = (int)row.history - 1;
    net.freeze = row.freeze;
    net.row = (const int*)a[A_ROW] + row.row;
    net.post = (const int*)a[A_POST] + row.post;
    net.span = (const int*)a[A_SPAN] + 4 * row.span;
    net.seen = (const u32*)a[A_SEEN] + row.seen;
    net.slot_ptr = (const int*)a[A_SLOT_PTR] + row.slot_ptr;
    net.slot_source = (const int*)a[A_SLOT_SOURCE] + row.slot;
    net.slot_delay = (const u8*)a[A_SLOT_DELAY] + row.slot;
    net.slot_position = (const int*)a[A_SLOT_POSITION] + row.slot;
    net.scale = (const int*)a[A_SCALE];
    net.memory_time = (const i64*)a[A_MEMORY_TIME] + own;
    net.input_reach = (const i64*)a[A_INPUT_REACH] + (i64)k * net.inputs;
    open_state(net, a, own, k * ring, k * (i64)a[A_SLOTS], k * (i64)a[A_WORDS]);
    net.weight = (u16*)a[A_WEIGHT] + k * (i64)a[A_WEIGHTS];
    net.positive = (i64*)a[A_POSITIVE] + own;
    net.n_fired = (int*)a[A_N_FIRED] + k * (i64)a[A_RING] * populations;
    net.fired = (int*)a[A_FIRED] + k * ring;
    net.pushes = a[A_PUSHES];
    net.future = (int*)a[A_FUTURE] + (net.pushes ? k * FUTURE * n : 0);
    net.future_forcing = (u32*)a[A_FUTURE_FORCING] + (net.pushes ? own : 0);
    net.todo[0] = net.todo[1] = 0;
}

// The rest of it, for a kernel that runs steps.
INLINE void open_run(Net& net, const u64* a, int k) {
    i64 feed = ((const NetworkRow*)a[A_NETWORK])[k].feed;
    net.base = a[A_BASE];
    net.steps = a[A_STEPS];
    net.feed_first = (const i64*)a[A_FEED_FIRST] + feed * net.inputs * net.steps;
    net.feed_count = (const int*)a[A_FEED_COUNT] + feed * net.inputs * net.steps;
    net.node = (const int*)a[A_NODE];
    net.bit_words = (int)a[A_BIT_WORDS];
    net.bits = (const u32*)a[A_BITS] + feed * net.steps * net.bit_words;
    net.begin = a[A_BEGIN];
    net.end = a[A_END];
    net.vote_population = (int)a[A_VOTE_POPULATION];
    net.vote_period = (int)a[A_VOTE_PERIOD];
    net.first_object = a[A_FIRST_OBJECT];
    net.classes = (int)a[A_CLASSES];
    net.votes = (int*)a[A_VOTES] + k * (i64)(a[A_OBJECTS] * a[A_CLASSES]);
    net.spike_counts = (u64*)a[A_SPIKE_COUNTS] + (i64)k * net.populations;
    net.record_words = (int)a[A_RECORD_WORDS];
    net.record = (u32*)a[A_RECORD] + k * (net.end - net.begin) * net.record_words;
}

// Copy this network's tables into shared memory at `to`; the first free byte behind them.
INLINE char* copy_tables(Net& net, const u64* a, int k, u64* to) {
    int populations = (int)a[A_POPULATIONS], projections = (int)a[A_PROJECTIONS];
    int rows = populations * (int)(sizeof(Population) / 4), links = projections * (int)(sizeof(Projection) / 4);
    const u64* kick_key = (const u64*)a[A_KICK_KEY] + (i64)k * populations;
    const u64* rounding_key = (const u64*)a[A_ROUNDING_KEY] + (i64)k * populations;
    i64* latest = (i64*)to + 2 * populations;
    int* population = (int*)(latest + populations);
    int* projection = population + rows;
    for (int j = threadIdx.x; j < populations; j += blockDim.x) {
        to[j] = kick_key[j];
        to[populations + j] = rounding_key[j];
        latest[j] = -FOREVER;
    }
    for (int j = threadIdx.x; j < rows; j += blockDim.x)
        population[j] = ((const int*)a[A_POPULATION])[(i64)k * rows + j];
    for (int j = threadIdx.x; j < links; j += blockDim.x)
        projection[j] = ((const int*)a[A_PROJECTION])[(i64)k * links + j];
    if (threadIdx.x == 0) {
        net.kick_key = to;
        net.rounding_key = to + populations;
        net.latest = latest;
        net.population = (const Population*)population;
        net.projection = (const Projection*)projection;
    }
    return (char*)to + (24 * populations + 4 * (rows + links) + 7) / 8 * 8;
}

INLINE int owner_of(const Net& net, int i) {
    int p = 0;
    while (i >= net.population[p].start + net.population[p].size) p++;
    return p;
}

// Fill the working array, and lists of the spikes of the past out of their rings; empty the ring of the future.
INLINE void load(Net& net, const Local& local) {
    int n = net.neurons, lines = net.turns + 1;
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        int p = owner_of(net, i);
        const Population& population = net.population[p];
        local.owner(i) = p;
        local.reward(i) = 0;
        local.best(i) = 0;
        local.current(i) = local.wake(i) = local.sleep(i) = 0;
        local.potential(i) = net.potential[i];
        local.gate(i) = net.gate[i];
        local.ramp(i) = net.ramp[i];
        bool owes = population.plastic && population.virtual_synapses >= 0 && size_of(net.debt[i]) >= population.owes_from;
        local.work(i) = owes ? OWES : 0;
        set_threshold(i, population, net, local);
        if (net.pushes) net.future_forcing[i] = 0;
    }
    for (int k = threadIdx.x; net.pushes && k < FUTURE * n; k += blockDim.x) net.future[k] = 0;
    for (int k = threadIdx.x; k < lines * net.populations; k += blockDim.x) net.n_fired[k] = 0;
    __syncthreads();
    for (int k = threadIdx.x; k < lines * n; k += blockDim.x) {
        int line = k / n, i = k - line * n, p = local.owner(i), start = net.population[p].start;
        i64 back = (net.begin - line) & net.turns;  // 0: the line that step `begin` will overwrite
        if (!back || !net.spikes[k]) continue;
        int place = atomicAdd(&net.n_fired[line * net.populations + p], 1);
        net.fired[(i64)line * n + start + place] = i - start;
        atomicMax(&net.latest[p], net.begin - back);
    }
    __syncthreads();
}

// Activation counter after m steps without gating arrivals.
INLINE int gate_after(int a, i64 m) {
    if (a > 0 && a < AWAKE) return (int)most(a - m, 0);
    if (a < 0) return m >= -(i64)a ? AWAKE : (int)(a + m);
    return a;
}

// What steps first..after-1 do to neuron i when nothing arrives and nobody fires: leaks, ramps, gates, rings.
INLINE void pass_time(i64 first, i64 after, int i, const Net& net, const Local& local) {
    const Population& population = net.population[local.owner(i)];
    i64 u = local.potential(i), period = population.reset_period;
    if (period) {
        i64 wait = (population.reset_phase - first) % period;
        if (first + (wait < 0 ? wait + period : wait) < after) u = 0;
    }
    if (population.leak < 1 << LEAK_Q)
        for (i64 s = first; s < after && u; s++)
            u = held(leak(u, population.leak), population.potential_limit, population.potential_step);
    local.potential(i) = (int)u;
    local.ramp(i) = (int)most(local.ramp(i) - (after - first), 0);
    int a = local.gate(i);
    local.gate(i) = gate_after(a, after - first);
    for (i64 s = most(first, after - net.turns - 1); s < after; s++) {
        i64 at = (i64)((int)s & net.turns) * net.neurons + i;
        net.spikes[at] = 0;
        if (population.plastic) net.awake[at] = gate_after(a, s - first + 1) > 0;
    }
}

// With no spike on its way after step t: the next step at which anything can happen, at most `end`. Everything up to
// it is done by `pass_time`.
INLINE i64 skip(i64 t, Net& net, const Local& local) {
    bool learning = t < net.freeze, busy = false;
    i64 next = net.end;
    for (int i = threadIdx.x; i < net.neurons; i += blockDim.x) {
        const Population& population = net.population[local.owner(i)];
        busy |= local.potential(i) > local.threshold(i) || (learning && local.work(i) & OWES);
        if (population.memory_period && t < net.memory_next[i] && net.memory_next[i] <= net.memory_end[i])
            next = least(next, net.memory_next[i]);
        if (learning && population.presynaptic_period)
            next = least(next, (divided(t, population.presynaptic_period) + 1) * population.presynaptic_period);
    }
    if (threadIdx.x == 0) net.next = net.end;
    if (__syncthreads_or(busy)) return t + 1;
    if (next < net.end) atomicMin(&net.next, next);
    for (i64 s = t + 1 + threadIdx.x; s < next && s < *(volatile i64*)&net.next; s += blockDim.x) {
        int spikes = 0;
        for (int source = 0; source < net.inputs; source++) spikes |= net.feed_count[source * net.steps + s - net.base];
        if (spikes) atomicMin(&net.next, next = s);
    }
    __syncthreads();
    next = net.next;
    if (next == t + 1) return next;
    for (int i = threadIdx.x; i < net.neurons; i += blockDim.x) pass_time(t + 1, next, i, net, local);
    i64 recent = most(t + 1, next - net.turns);
    int lines = (int)(next - recent) + 1;
    for (int k = threadIdx.x; k < lines * net.populations; k += blockDim.x)
        net.n_fired[((int)(recent + k / net.populations) & net.turns) * net.populations + k % net.populations] = 0;
    if (threadIdx.x == 0) net.todo[0] = net.todo[1] = 0;
    __syncthreads();
    return next;
}

// Is every spike of the populations delivered after step t?
INLINE bool all_arrived(i64 t, const Net& net) {
    for (int p = 0; p < net.populations; p++)
        if (t < net.latest[p] + net.population[p].reach) return false;
    return true;
}

// One step; how many synapses this thread counted as hit.
INLINE i64 step(i64 t, Net& net, const Local& local) {
    i64 events = 0;
    for (int q = 0; q < net.projections; q++) events += deliver(t, q, net, local);
    __syncthreads();

    bool candidate = false;
    for (int i = threadIdx.x; i < net.neurons; i += blockDim.x) candidate |= update(t, i, net, local);
    int after = (int)(t + 1) & net.turns;
    for (int p = threadIdx.x; p < net.populations; p += blockDim.x) net.n_fired[after * net.populations + p] = 0;
    if (threadIdx.x == 0) net.todo[(t + 1) & 1] = 0;
    if (__syncthreads_or(candidate)) {
        for (int i = threadIdx.x; i < net.neurons; i += blockDim.x) take_all(t, i, net, local);
        __syncthreads();
        for (int i = threadIdx.x; i < net.neurons; i += blockDim.x) local.best(i) = 0;
    }
    int todo = net.todo[t & 1];
    for (int k = 0; k < todo; k++) learn(t, local.todo(k), net, local);
    return events;
}

// Run one network from step A_BEGIN to A_END.
template <bool SHARED> __device__ void run_network(const u64* a) {
    DYNAMIC_SHARED(scratch);
    __shared__ Net net;
    int k = blockIdx.x;
    if (threadIdx.x == 0) {
        open(net, a, k);
        open_run(net, a, k);
    }
    char* free = copy_tables(net, a, k, scratch);
    i64 columns = (8 * WIDE_COLUMNS + 4 * NARROW_COLUMNS) * (i64)a[A_NEURONS];
    Local local;
    local.bytes = SHARED ? free : (char*)a[A_LOCAL] + k * (columns + 8 * (((i64)a[A_MASK] + 1) / 2));
    local.neurons = (int)a[A_NEURONS];
    if (threadIdx.x == 0) net.mask = (u32*)(local.bytes + columns);
    __syncthreads();
    load(net, local);

    bool restless = false;
    for (int p = 0; p < net.populations; p++) restless |= net.population[p].driven > 0;
    i64 events = in_flight(net.begin, true, net), none = 0, arriving = net.begin + WARP, t = net.begin;
    while (t < net.end) {
        events += step(t, net, local);
        if (restless) {
            t++;
            continue;
        }
        for (int source = 0; source < net.inputs; source++)
            if (net.feed_count[source * net.steps + t - net.base]) arriving = most(arriving, t + net.input_reach[source]);
        t = t >= arriving && t + 1 < net.end && all_arrived(t, net) ? skip(t, net, local) : t + 1;
    }

    events -= in_flight(net.end, false, net);
    for (int i = threadIdx.x; i < net.neurons; i += blockDim.x) {
        net.potential[i] = local.potential(i);
        net.ramp[i] = local.ramp(i);
        net.gate[i] = local.gate(i);
    }
    block_sum(net, events, none);
    if (threadIdx.x == 0) ((u64*)a[A_EVENTS])[k] += events;
}

// Weights, and sums of the positive ones, out of the resources.
INLINE void derive_weights(const u64* a) {
    DYNAMIC_SHARED(scratch);
    __shared__ Net net;
    int k = blockIdx.x;
    if (threadIdx.x == 0) open(net, a, k);
    copy_tables(net, a, k, scratch);
    __syncthreads();
    for (int i = threadIdx.x; i < net.neurons; i += blockDim.x) net.positive[i] = 0;
    __syncthreads();
    for (int q = 0; q < net.projections; q++) {
        const Projection& projection = net.projection[q];
        if (projection.kind != PLASTIC) continue;
        const Population& population = net.population[projection.target];
        int base = population.weight_base, offset = population.w_min - base;
        int span = population.w_max - population.w_min;
        for (int i = 0; i < projection.target_size; i++) {
            int count, first = slots(projection, i, net, count);
            i64 positive = 0;
            for (int slot = threadIdx.x; slot < count; slot += blockDim.x) {
                int level = (int)level_of(net.resource[first + slot], span, offset, population.weight_step);
                net.weight[place_of(projection, i, first, slot, net)] = (u16)level;
                positive += most(base + level, 0);  // of what is not seen the least weight, which is never positive
            }
            if (positive) atomicAdd((u64*)&net.positive[population.start + i], (u64)positive);
        }
    }
}
