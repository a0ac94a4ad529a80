// 2 Arrivals. Each adds to a neuron's working entries; the order of additions does not matter to integers.

struct Sources {
    const int* list;  // nodes of an input, or neurons counted inside their population
    int count;
};

// Who of the source of a projection spiked at step s.
INLINE Sources source_spikes(const Projection& projection, i64 s, const Net& net) {
    if (projection.from_input) {
        i64 line = s - net.base;
        if (line < 0 || line >= net.steps) return {net.node, 0};
        i64 at = projection.source * net.steps + line;
        return {net.node + net.feed_first[at], net.feed_count[at]};
    }
    int line = (int)s & net.turns, p = projection.source;
    return {net.fired + (i64)line * net.neurons + net.population[p].start, net.n_fired[line * net.populations + p]};
}

// Add four 32-bit words, eight 16-bit sums: no sum reaches 2^16, so nothing is carried between the halves.
INLINE void add_packed(uint4& sum, const uint4 row) {
    sum.x += row.x;
    sum.y += row.y;
    sum.z += row.z;
    sum.w += row.w;
}

INLINE void unpack(const Local& local, int first, int size, u32 pair, int offset, int extra) {
    if (offset < size) atomicAdd(&local.current(first + offset), (int)(pair & 0xFFFF) + extra);
    if (offset + 1 < size) atomicAdd(&local.current(first + offset + 1), (int)(pair >> 16) + extra);
}

// The row of weights that arrives with a spike; nothing, and not read, where the copy does not see its source.
template <bool PARTS>
INLINE uint4 row_of(const Projection& projection, const uint4* rows, int source, int lane, int& seen, const Net& net) {
    if (PARTS) {
        bool here = sees(projection, source, net);
        seen += here;
        if (!here) return {0, 0, 0, 0};
    }
    return rows[(i64)source * (projection.stride / 8) + lane];
}

// current += weight rows of the spiking sources. A thread adds eight neighbouring weights of every `groups`-th row.
// Weights are kept minus the least one, so they are >= 0 and `burst` rows of them can be added in 16 bits.
template <bool PARTS>
INLINE void add_rows(const Projection& projection, const Sources& from, const Net& net, const Local& local) {
    const Population& target = net.population[projection.target];
    int size = projection.target_size, base = target.weight_base, span = target.weight_top - base;
    int burst = span > 1 ? 0xFFFF / span : 0xFFFF;
    int lanes = projection.stride / 8, across = lanes < (int)blockDim.x ? lanes : (int)blockDim.x;
    int groups = blockDim.x / across, group = threadIdx.x / across;
    const uint4* rows = (const uint4*)(net.weight + projection.synapse);
    __builtin_assume(__isGlobal(rows));
    if (group >= groups) return;
    for (int lane = threadIdx.x - group * across; lane < lanes; lane += across) {
        int j = group;
        while (j < from.count) {
            uint4 sum = {0, 0, 0, 0};
            int added = 0, seen = 0;
            for (; j + 3 * groups < from.count && added + 4 <= burst; j += 4 * groups, added += 4) {
                uint4 a = row_of<PARTS>(projection, rows, from.list[j], lane, seen, net);
                uint4 b = row_of<PARTS>(projection, rows, from.list[j + groups], lane, seen, net);
                uint4 c = row_of<PARTS>(projection, rows, from.list[j + 2 * groups], lane, seen, net);
                uint4 d = row_of<PARTS>(projection, rows, from.list[j + 3 * groups], lane, seen, net);
                add_packed(a, b);
                add_packed(c, d);
                add_packed(sum, a);
                add_packed(sum, c);
            }
            for (; j < from.count && added < burst; j += groups, added++)
                add_packed(sum, row_of<PARTS>(projection, rows, from.list[j], lane, seen, net));
            int extra = (PARTS ? seen : added) * base, offset = 8 * lane;
            unpack(local, target.start, size, sum.x, offset, extra);
            unpack(local, target.start, size, sum.y, offset + 2, extra);
            unpack(local, target.start, size, sum.z, offset + 4, extra);
            unpack(local, target.start, size, sum.w, offset + 6, extra);
        }
    }
}

// One spike arrives at neuron i over the synapse at `position`.
INLINE void arrive(const Projection& projection, int i, int position, const Net& net, const Local& local) {
    int weight = projection.weight;
    switch (projection.kind) {
    case FIXED:
        atomicAdd(&local.current(i), weight);
        if (weight > 0) atomicOr(&local.work(i), (u32)FORCING);
        break;
    case PLASTIC:
        atomicAdd(&local.current(i), (int)net.weight[position] + net.population[projection.target].weight_base);
        break;
    case REWARD:
        atomicAdd((u64*)&local.reward(i), (u64)(i64)weight);
        break;
    default:
        if (weight > 0) atomicMax(&local.wake(i), weight);
        else atomicMin(&local.sleep(i), weight);
    }
}

// What a thread does of a projection that is not dense: the sources first, first + step, ..., and of each one's row
// every `lanes`-th synapse from `lane` on. A wide projection takes the whole block, another one a single warp.
struct Share {
    int first, step, lane, lanes;
};

INLINE Share share_of(const Projection& projection, int q) {
    int lanes = projection.lanes, warps = blockDim.x / WARP;
    int thread = projection.wide ? threadIdx.x : threadIdx.x % WARP, threads = projection.wide ? blockDim.x : WARP;
    bool idle = !projection.wide && q % warps != threadIdx.x / WARP;
    return {idle ? -1 : thread / lanes, threads / lanes, thread % lanes, lanes};
}

// A spike of a source neuron of a structural projection arrives. How many synapses were hit.
INLINE int arrive_span(const Projection& projection, int source, const Share& share, const Net& net, const Local& local) {
    const int* span = net.span + 4 * (projection.span + source);
    int low = span[0], high = span[1], gap = span[2], gap_end = span[3];
    for (int i = low + share.lane; i < high; i += share.lanes)
        if (i < gap || i >= gap_end) arrive(projection, i, 0, net, local);
    return high - low - (gap_end - gap);
}

// A spike of a source neuron arrives over its stored synapses of one delay; likewise.
INLINE int arrive_row(const Projection& projection, int place, const Share& share, const Net& net, const Local& local) {
    int first = net.row[projection.row + place], last = net.row[projection.row + place + 1];
    for (int k = first + share.lane; k < last; k += share.lanes) arrive(projection, net.post[k], k, net, local);
    return last - first;
}

// A spike emitted at step s goes into the ring of future arrivals, over the synapses with a delay of `soonest` steps
// above the shortest one or more. How many synapses will be hit; without `put` they are only counted.
INLINE int push(i64 s, const Projection& projection, int source, int soonest, bool put, const Share& share, const Net& net) {
    int delays = projection.delay_max - projection.delay_min + 1;
    const int* row = net.row + projection.row + source * delays;
    int first = row[soonest], last = row[delays], weight = projection.weight;
    // Unsigned: twice the size of the ring may pass 2^31.
    u32 neurons = net.neurons, size = FUTURE * neurons, begin = (u32)(s + 1) % FUTURE * neurons;
    bool forces = weight > 0 && net.population[projection.target].plastic;
    for (int k = first + share.lane; put && k < last; k += share.lanes) {
        u32 to = begin + net.post[k];
        if (to >= size) to -= size;
        atomicAdd(&net.future[to], weight);
        if (forces) atomicOr(&net.future_forcing[to % neurons], 1u << (to / neurons));
    }
    return last - first;
}

// Of the spikes emitted before step t - 1, those that arrive at step t or later: how many synapses this thread counts
// as hit. With `put` they go into the ring.
INLINE i64 in_flight(i64 t, bool put, const Net& net) {
    i64 events = 0;
    for (int q = 0; net.pushes && q < net.projections; q++) {
        const Projection& projection = net.projection[q];
        Share share = share_of(projection, q);
        if (!projection.pushed || share.first < 0) continue;
        for (i64 s = most(t - projection.delay_max, 0); s < t - 1; s++) {
            Sources from = source_spikes(projection, s, net);
            int soonest = (int)most(t - s - projection.delay_min, 0);
            for (int j = share.first; j < from.count; j += share.step) {
                int hit = push(s, projection, from.list[j], soonest, put, share, net);
                if (share.lane == 0) events += hit;
            }
        }
    }
    return events;
}

// What the ring holds for neuron i at step t joins its other arrivals; the ring is left empty.
INLINE void take_from_future(i64 t, int i, const Population& population, const Net& net, const Local& local) {
    int& current = net.future[(i64)((int)t & (FUTURE - 1)) * net.neurons + i];
    if (current) {
        local.current(i) += current;
        current = 0;
    }
    u32 now = 1u << ((int)t & (FUTURE - 1));
    if (population.plastic && net.future_forcing[i] & now) {
        local.work(i) |= FORCING;
        net.future_forcing[i] &= ~now;
    }
}

// Arrivals of a dense projection at step t; how many synapses this thread counts as hit.
INLINE i64 deliver_dense(i64 t, const Projection& projection, const Net& net, const Local& local) {
    int delay = projection.delay_min;
    if (delay > t) return 0;
    Sources from = source_spikes(projection, t - delay, net);
    if (projection.seen < 0) {
        if (from.count) add_rows<false>(projection, from, net, local);
        return threadIdx.x == 0 ? (i64)from.count * projection.target_size : 0;
    }
    if (from.count) add_rows<true>(projection, from, net, local);
    i64 events = 0;
    for (int j = threadIdx.x; j < from.count; j += blockDim.x)
        if (sees(projection, from.list[j], net)) events += projection.target_size;
    return events;
}

// Arrivals of projection q at step t, or, where they are pushed, of the spikes of the step before at all later steps;
// how many synapses this thread counts as hit.
INLINE i64 deliver(i64 t, int q, const Net& net, const Local& local) {
    const Projection& projection = net.projection[q];
    bool pushed = projection.pushed;
    int low = pushed ? 1 : projection.delay_min, high = pushed ? 1 : projection.delay_max;
    if (!projection.from_input && t - net.latest[projection.source] > high) return 0;
    if (projection.dense) return deliver_dense(t, projection, net, local);
    Share share = share_of(projection, q);
    if (share.first < 0) return 0;
    i64 events = 0;
    for (int lag = low; lag <= high && lag <= t; lag++) {
        Sources from = source_spikes(projection, t - lag, net);
        for (int j = share.first; j < from.count; j += share.step) {
            int source = from.list[j], hit;
            if (pushed) hit = push(t - 1, projection, source, 0, true, share, net);
            else if (projection.span >= 0) hit = arrive_span(projection, source, share, net, local);
            else hit = arrive_row(projection, source * (high - low + 1) + lag - low, share, net, local);
            if (share.lane == 0) events += hit;
        }
    }
    return events;
}
