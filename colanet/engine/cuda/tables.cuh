// Numbers, names of table columns, the hash. Python reads the enumerations below out of this text.

typedef long long i64;
typedef unsigned long long u64;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

#define INLINE __device__ __forceinline__
#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(name) extern __shared__ u64 name[]
#endif

const int Q = 20, SCALE_Q = 30;
const i64 ONE = 1 << Q;
const int AWAKE = 1 << 30, LIMIT = 1 << 30, MEMORY_KICK = 30000, BASE_THRESHOLD = 8531, MILLI = 1000;
const i64 RESOURCE_LIMIT = 0x7FFFFFFFll - ONE;
const i64 FOREVER = 1ll << 62, STABILITY_LIMIT = 1ll << 62, RAMP_LIMIT = 0x7FFFFFFFll;
const int WARP = 32;

// One row a population, int32.
enum Population {
    P_START, P_SIZE, P_COLUMN, P_WTA, P_LEAK, P_FLOOR, P_KICK, P_RAMP, P_RAMP_PERIOD, P_ALPHA, P_RESET, P_PHASE,
    P_MEMORY, P_PLASTIC, P_HEBBIAN, P_WINDOW, P_ISI, P_DOPAMINE, P_THREE, P_STABLE3, P_RATE, P_WMIN, P_WMAX,
    P_VIRTUAL, P_PRE, P_PRE_PERIOD, P_BIAS, P_SUBTRACT, P_DRIVEN, P_REACH, P_RECORD, P_FIELDS
};

// One row a projection, int32. A plastic projection is dense if it joins all with all with one delay. Its weight of
// the synapse pre -> post lies at J_SYNAPSE + pre * J_STRIDE + post, its slot at J_SLOT + post * J_SOURCE_SIZE + pre.
enum Projection {
    J_KIND, J_INPUT, J_SOURCE, J_SOURCE_SIZE, J_TARGET, J_TARGET_SIZE, J_WEIGHT, J_DMIN, J_DMAX, J_DENSE, J_STRIDE,
    J_WIDE, J_ROW, J_SYNAPSE, J_SLOT, J_SLOT_PTR, J_WORD, J_WORDS, J_BITS, J_FIELDS
};

enum Kind { FIXED, PLASTIC, GATING, REWARD };

// One row a network (one copy of one plan), int64: its history, freezing step and input, where its wiring begins.
enum NetworkRow { N_HISTORY, N_FREEZE, N_FEED, N_ROW, N_TARGET, N_SLOT_PTR, N_SLOT, N_FIELDS };

// The kernels take one table of 64-bit entries: numbers, and addresses of arrays on the device.
enum Argument {
    // sizes, the same for all networks of a launch
    A_NEURONS, A_POPULATIONS, A_PROJECTIONS, A_INPUTS, A_RING, A_SLOTS, A_WORDS, A_WEIGHTS, A_MASK,
    // wiring
    A_NETWORK, A_POPULATION, A_PROJECTION, A_ROW, A_POST, A_SLOT_PTR, A_SLOT_SOURCE, A_SLOT_DELAY, A_SLOT_POSITION,
    A_INPUT_REACH, A_KICK_KEY, A_MEMORY_TIME, A_SCALE,
    // state
    A_POTENTIAL, A_RAMPS, A_GATE, A_SPIKES, A_AWAKE, A_MEMORY_END, A_MEMORY_NEXT, A_STABILITY, A_DEBT, A_HELD,
    A_SEQUENCE_START, A_LAST_SPIKE, A_FORCED, A_RESOURCE, A_CONTRIBUTES,
    // derived and working arrays
    A_WEIGHT, A_POSITIVE, A_N_FIRED, A_FIRED, A_LOCAL,
    // input spikes of the steps A_BASE .. A_BASE + A_STEPS - 1
    A_BASE, A_STEPS, A_FEED_FIRST, A_FEED_COUNT, A_NODE, A_BITS, A_BIT_WORDS,
    // this launch
    A_BEGIN, A_END, A_VOTE_POPULATION, A_VOTE_PERIOD, A_CLASSES, A_OBJECTS, A_FIRST_OBJECT, A_RECORD_WORDS,
    // what comes out
    A_VOTES, A_SPIKE_COUNTS, A_EVENTS, A_RECORD,
    A_FIELDS
};

// Columns of a network's working array, one entry a neuron: 64-bit ones first, then 32-bit ones.
enum Wide { C_REWARD, C_BEST, WIDE_COLUMNS };
enum Narrow {
    C_CURRENT, C_WAKE, C_SLEEP, C_POTENTIAL, C_GATE, C_THRESHOLD, C_RAMP, C_WORK, C_TODO, C_OWNER, NARROW_COLUMNS
};

// Bits of C_WORK: what a neuron met in this step. OWES stays: its debt is 1.0 or more.
enum Work { PUSHED = 1, FORCED = 2, CANDIDATE = 4, FIRED = 8, LISTED = 16, KICKED = 32, OWES = 64 };

// ------------------------------------------------------------------------ integers

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

// Weight of a resource minus w_min: (w_max - w_min) W / (w_max - w_min + W) to the nearest, 0 for W <= 0.
INLINE u32 level_of(i64 resource, u32 span) {
    if (resource <= 0) return 0;
    u64 total = ((u64)span * ONE + MILLI / 2) / MILLI + resource;
    u64 above = 2ull * span * resource + total;
    if ((above | 2 * total) >> 32) return (u32)(above / (2 * total));
    return (u32)above / (u32)(2 * total);
}

// ------------------------------------------------------------------------ hash (colanet.hashing)

const u64 GOLDEN = 0x9E3779B97F4A7C15ull, MIX1 = 0xBF58476D1CE4E5B9ull, MIX2 = 0x94D049BB133111EBull;

INLINE u64 mix(u64 z) {
    z = (z ^ (z >> 30)) * MIX1;
    z = (z ^ (z >> 27)) * MIX2;
    return z ^ (z >> 31);
}
INLINE u64 step_key(u64 key, i64 step) { return mix(key + (u64)step * GOLDEN + GOLDEN); }
INLINE u32 draw16(u64 key, u32 index) {
    return (u32)(mix(key + (u64)(index >> 2) * GOLDEN + GOLDEN) >> (16 * (index & 3))) & 0xFFFF;
}

// ------------------------------------------------------------------------ a network

// Everything of one network, in shared memory; pointers are to this network's part of each array.
struct Net {
    const int *population, *projection;  // tables, in shared memory
    const u64* kick_key;                 // likewise
    i64* latest;                         // likewise: last step at which each population fired
    int neurons, populations, projections, inputs, words, turns;  // turns: history - 1
    i64 base, freeze;
    const int *row, *post, *slot_ptr, *slot_source, *slot_position, *scale, *feed_count, *node;
    const u8* slot_delay;
    const i64 *memory_time, *feed_first, *input_reach;
    const u32* bits;
    i64 steps;
    int bit_words;
    int *potential, *ramp, *gate, *resource, *n_fired, *fired;
    u8 *spikes, *awake, *forced;
    i64 *memory_end, *memory_next, *stability, *debt, *held, *sequence_start, *last_spike, *positive;
    u32 *contributes, *mask;
    u16* weight;
    int vote_population, vote_period, classes, record_words;
    i64 begin, end, first_object;
    int* votes;
    u64* spike_counts;
    u32* record;
    int todo[2];            // neurons that learn in a step, by the step's parity
    i64 next;               // step at which something happens again
    i64 partial[2 * WARP];  // of block_sum
};

// The working array, in shared memory where it fits.
struct Local {
    char* bytes;
    int neurons;
    INLINE i64& wide(int column, int i) const { return ((i64*)bytes)[(i64)column * neurons + i]; }
    INLINE int& narrow(int column, int i) const {
        return ((int*)(bytes + 8ll * WIDE_COLUMNS * neurons))[(i64)column * neurons + i];
    }
    INLINE i64& reward(int i) const { return wide(C_REWARD, i); }
    INLINE u64& best(int i) const { return (u64&)wide(C_BEST, i); }
    INLINE int& current(int i) const { return narrow(C_CURRENT, i); }
    INLINE int& wake(int i) const { return narrow(C_WAKE, i); }
    INLINE int& sleep(int i) const { return narrow(C_SLEEP, i); }
    INLINE int& potential(int i) const { return narrow(C_POTENTIAL, i); }
    INLINE int& gate(int i) const { return narrow(C_GATE, i); }
    INLINE int& threshold(int i) const { return narrow(C_THRESHOLD, i); }
    INLINE int& ramp(int i) const { return narrow(C_RAMP, i); }
    INLINE u32& work(int i) const { return (u32&)narrow(C_WORK, i); }
    INLINE int& todo(int i) const { return narrow(C_TODO, i); }
    INLINE int& owner(int i) const { return narrow(C_OWNER, i); }
};

INLINE const int* population_of(const Net& net, int p) { return net.population + p * P_FIELDS; }
INLINE const int* projection_of(const Net& net, int q) { return net.projection + q * J_FIELDS; }
INLINE bool is_plastic_into(const int* projection, int p) {
    return projection[J_KIND] == PLASTIC && projection[J_TARGET] == p;
}

// First slot of target neuron i of a plastic projection, and how many it has.
INLINE int slots(const int* projection, int i, const Net& net, int& count) {
    if (projection[J_DENSE]) {
        count = projection[J_SOURCE_SIZE];
        return projection[J_SLOT] + i * count;
    }
    int lo = net.slot_ptr[projection[J_SLOT_PTR] + i];
    count = net.slot_ptr[projection[J_SLOT_PTR] + i + 1] - lo;
    return lo;
}

// Where in `weight` the slot `first + slot` of target neuron i lies.
INLINE int place_of(const int* projection, int i, int first, int slot, const Net& net) {
    if (projection[J_DENSE]) return projection[J_SYNAPSE] + slot * projection[J_STRIDE] + i;
    return net.slot_position[first + slot];
}
