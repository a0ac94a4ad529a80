// Integers: products, weights out of resources, step sizes, and the hash of colanet.hashing.

INLINE i64 least(i64 a, i64 b) { return a < b ? a : b; }
INLINE i64 most(i64 a, i64 b) { return a > b ? a : b; }
INLINE i64 size_of(i64 a) { return a < 0 ? -a : a; }
INLINE i64 clip(i64 v, i64 limit) { return v > limit ? limit : v < -limit ? -limit : v; }

// a / b and a mod b of numbers >= 0; divisions of 64 bits are slow, and steps seldom need them.
INLINE i64 divided(i64 a, int b) { return a >> 32 ? a / b : (i64)((u32)a / (u32)b); }
INLINE i64 modulo(i64 a, int b) { return a >> 32 ? a % b : (i64)((u32)a % (u32)b); }

// a * b / 2^shift, truncated towards zero; the product may have 128 bits.
INLINE i64 fixmul(i64 a, i64 b, int shift) {
    u64 x = size_of(a), y = size_of(b);
    u64 size = __umul64hi(x, y) << (64 - shift) | (x * y) >> shift;
    return (a < 0) != (b < 0) ? -(i64)size : (i64)size;
}

// rate * min(2^-stability, 1), truncated towards zero.
INLINE i64 scaled(i64 stability, i64 rate, const int* scale) {
    if (stability <= 0) return rate;
    i64 whole = stability >> Q;
    if (whole >= SCALE_Q) return 0;
    return fixmul(rate, scale[(stability & (ONE - 1)) >> (Q - 10)] >> whole, SCALE_Q);
}

// Weight of a resource minus the least one, `offset` more than that minus w_min, which is
// (w_max - w_min) W / (w_max - w_min + W) to the nearest, 0 for W <= 0; to the nearest multiple of a step.
INLINE u32 level_of(i64 resource, u32 span, int offset, u32 step) {
    if (resource <= 0) return 0;  // w_min, which lies less than half a step above the least weight
    u64 total = ((u64)span * ONE + MILLI / 2) / MILLI + resource;
    u64 above = 2ull * span * resource + total;
    bool wide = (above | 2 * total) >> 32;
    u32 level = wide ? (u32)(above / (2 * total)) : (u32)above / (u32)(2 * total);
    return step > 1 ? (level + offset + step / 2) / step * step : level;
}

// A potential within +-limit, cut towards zero to a multiple of a step.
INLINE i64 held(i64 u, int limit, int step) {
    i64 size = least(size_of(u), limit);
    if (step > 1) size = (i64)((u32)size / (u32)step * (u32)step);
    return u < 0 ? -size : size;
}

// ------------------------------------------------------------------------ hash (colanet.hashing)

INLINE u64 mix(u64 z) {
    z = (z ^ (z >> 30)) * MIX1;
    z = (z ^ (z >> 27)) * MIX2;
    return z ^ (z >> 31);
}
INLINE u64 step_key(u64 key, i64 step) { return mix(key + (u64)step * GOLDEN + GOLDEN); }
INLINE u64 draw64(u64 key, u32 index) { return mix(key + (u64)index * GOLDEN + GOLDEN); }
INLINE u32 draw16(u64 key, u32 index) { return (u32)(draw64(key, index >> 2) >> (16 * (index & 3))) & 0xFFFF; }

INLINE u32 jenkins(u32 a) {
    a = (a + JENKINS0) + (a << 12);
    a = (a ^ JENKINS1) ^ (a >> 19);
    a = (a + JENKINS2) + (a << 5);
    a = (a + JENKINS3) ^ (a << 9);
    a = (a + JENKINS4) + (a << 3);
    return (a ^ JENKINS5) ^ (a >> 16);
}
INLINE u32 draw32(u64 key, i64 index) { return jenkins((u32)key + (u32)index); }
INLINE u32 draw16_32(u32 key, u32 index) { return draw32(key, index >> 1) >> (16 * (index & 1)) & 0xFFFF; }
