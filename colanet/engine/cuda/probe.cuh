// What the machine allows, to be set beside what the networks reach.

// Each block reads its own `words` vectors of 16 bytes `rounds` times; how large they are decides from where.
INLINE void read_repeatedly(const uint4* data, i64 stride, i64 words, i64 rounds, u32* sink) {
    const uint4* own = data + blockIdx.x * stride;
    uint4 sum = {0, 0, 0, 0};
    for (i64 r = 0; r < rounds; r++) {
        for (i64 j = threadIdx.x; j < words; j += 4 * blockDim.x) {
            uint4 v[4];
#pragma unroll
            for (int k = 0; k < 4; k++) {
                i64 at = j + k * (i64)blockDim.x;
                // Bypasses the first-level cache, so that every round goes to the second level or beyond.
                v[k] = __ldcg(own + (at < words ? at : j));
            }
#pragma unroll
            for (int k = 0; k < 4; k++) add_packed(sum, v[k]);
        }
    }
    atomicAdd(sink, sum.x ^ sum.y ^ sum.z ^ sum.w);
}

// Eight independent chains of 32-bit additions a thread: 8 * rounds additions.
INLINE void add_repeatedly(i64 rounds, u32* sink) {
    u32 v[8];
#pragma unroll
    for (int k = 0; k < 8; k++) v[k] = threadIdx.x + k;
    u32 step = blockIdx.x | 1;
    for (i64 r = 0; r < rounds; r++) {
#pragma unroll
        for (int k = 0; k < 8; k++) v[k] = (v[k] ^ step) + v[(k + 1) & 7];
    }
    u32 sum = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) sum ^= v[k];
    atomicAdd(sink, sum);
}
