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

// current += weight rows of the spiking sources. A thread adds eight neighbouring weights of every `groups`-th row.
// Weights are kept minus w_min, so they are >= 0 and `burst` rows of them can be added in 16 bits.
INLINE void add_rows(const Projection& projection, const Sources& from, const Net& net, const Local& local) {
    const Population& target = net.population[projection.target];
    int size = projection.target_size, w_min = target.w_min, span = target.w_max - w_min;
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
            int added = 0;
            for (; j + 3 * groups < from.count && added + 4 <= burst; j += 4 * groups, added += 4) {
                uint4 a = rows[(i64)from.list[j] * lanes + lane];
                uint4 b = rows[(i64)from.list[j + groups] * lanes + lane];
                uint4 c = rows[(i64)from.list[j + 2 * groups] * lanes + lane];
                uint4 d = rows[(i64)from.list[j + 3 * groups] * lanes + lane];
                add_packed(a, b);
                add_packed(c, d);
                add_packed(sum, a);
                add_packed(sum, c);
            }
            for (; j < from.count && added < burst; j += groups, added++)
                add_packed(sum, rows[(i64)from.list[j] * lanes + lane]);
            int extra = added * w_min, offset = 8 * lane;
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
        atomicAdd(&local.current(i), (int)net.weight[position] + net.population[projection.target].w_min);
        break;
    case REWARD:
        atomicAdd((u64*)&local.reward(i), (u64)(i64)weight);
        break;
    default:
        if (weight > 0) atomicMax(&local.wake(i), weight);
        else atomicMin(&local.sleep(i), weight);
    }
}

// A spike of a source neuron of a structural projection arrives; this warp's part. How many synapses were hit.
INLINE int arrive_span(const Projection& projection, int source, int lane, const Net& net, const Local& local) {
    const int* span = net.span + 4 * (projection.span + source);
    int low = span[0], high = span[1], gap = span[2], gap_end = span[3];
    for (int i = low + lane; i < high; i += WARP)
        if (i < gap || i >= gap_end) arrive(projection, i, 0, net, local);
    return high - low - (gap_end - gap);
}

// A spike of a source neuron arrives over its stored synapses of one delay; likewise.
INLINE int arrive_row(const Projection& projection, int place, int lane, const Net& net, const Local& local) {
    int first = net.row[projection.row + place], last = net.row[projection.row + place + 1];
    for (int k = first + lane; k < last; k += WARP) arrive(projection, net.post[k], k, net, local);
    return last - first;
}

// Arrivals of projection q at step t; how many synapses this thread counts as hit. A dense projection, or a wide
// one (many synapses), takes the whole block; the warps share the others among them.
INLINE i64 deliver(i64 t, int q, const Net& net, const Local& local) {
    const Projection& projection = net.projection[q];
    int warp = threadIdx.x / WARP, warps = blockDim.x / WARP, lane = threadIdx.x % WARP;
    bool dense = projection.dense, wide = projection.wide;
    if (!dense && !wide && q % warps != warp) return 0;
    int low = projection.delay_min, high = projection.delay_max;
    if (!projection.from_input && t - net.latest[projection.source] > high) return 0;
    i64 events = 0;
    for (int delay = low; delay <= high && delay <= t; delay++) {
        Sources from = source_spikes(projection, t - delay, net);
        if (dense) {
            if (from.count) add_rows(projection, from, net, local);
            if (threadIdx.x == 0) events += (i64)from.count * projection.target_size;
            continue;
        }
        for (int j = wide ? warp : 0; j < from.count; j += wide ? warps : 1) {
            int source = from.list[j], place = source * (high - low + 1) + delay - low;
            int hit = projection.span < 0 ? arrive_row(projection, place, lane, net, local)
                                          : arrive_span(projection, source, lane, net, local);
            if (lane == 0) events += hit;
        }
    }
    return events;
}
