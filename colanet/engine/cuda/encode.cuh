// Input spikes on the device, once for all networks.

// Bit sets of spikes given as lists; one block a step.
INLINE void set_bits(const int* node, const i64* first, const int* count, u32* bits, i64 words) {
    i64 line = blockIdx.x;
    for (int j = threadIdx.x; j < count[line]; j += blockDim.x) {
        int p = node[first[line] + j];
        atomicOr(&bits[line * words + (p >> 5)], 1u << (p & 31));
    }
}

// Poisson coding of images: pixel b of an object fires with probability limit[b] / 65536 at a step of its
// presentation. One block a step; a warp makes a word of 32 nodes at a time. `order` has the row of the data of each
// object from `object` on, -1 for silence.
struct Coding {
    const u8* images;
    const int *limit, *order;
    i64 nodes, start, object, period, presentation;
    u64 key;
};

INLINE void poisson(const Coding& c, int* node, int* count, u32* bits, i64 words) {
    DYNAMIC_SHARED(scratch);
    i64 line = blockIdx.x, t = c.start + line, object = t / c.period;
    int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
    int used = (int)((c.nodes + 31) / 32), row = t - object * c.period < c.presentation ? c.order[object - c.object] : -1;
    u64 key = step_key(c.key, t);
    for (int w = warp; w < used; w += warps) {
        int p = 32 * w + lane;
        bool fires = row >= 0 && p < c.nodes && (int)draw16(key, p) < c.limit[c.images[(i64)row * c.nodes + p]];
        u32 word = __ballot_sync(0xFFFFFFFFu, fires);
        if (lane == 0) bits[line * words + w] = scratch[w] = word;
    }
    __syncthreads();
    for (int w = threadIdx.x; w < used; w += blockDim.x) {
        int place = 0;
        for (int v = 0; v < w; v++) place += __popc((u32)scratch[v]);
        u32 word = (u32)scratch[w];
        if (w == used - 1) count[line] = place + __popc(word);
        for (int bit = 0; bit < 32; bit++)
            if (word >> bit & 1) node[line * c.nodes + place++] = 32 * w + bit;
    }
}
