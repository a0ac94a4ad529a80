// Tables, arguments and working arrays. Python reads the enumerations below out of this text.

typedef long long i64;
typedef unsigned long long u64;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

#define INLINE __device__ __forceinline__
#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(name) extern __shared__ u64 name[]
#endif

// Numbers and structures come out of the plan: see generated.py.
#include "constants.cuh"
#include "plan.cuh"

const int WARP = 32;

// The kernels take one table of 64-bit entries: numbers, and addresses of arrays on the device.
enum Argument {
    // sizes, the same for all networks of a launch
    A_NEURONS, A_POPULATIONS, A_PROJECTIONS, A_INPUTS, A_RING, A_SLOTS, A_WORDS, A_WEIGHTS, A_MASK,
    // wiring
    A_NETWORK, A_POPULATION, A_PROJECTION, A_ROW, A_POST, A_SPAN, A_SEEN, A_SLOT_PTR, A_SLOT_SOURCE, A_SLOT_DELAY, A_SLOT_POSITION,
    A_INPUT_REACH, A_KICK_KEY, A_ROUNDING_KEY, A_MEMORY_TIME, A_SCALE,
    // state
#include "state_arguments.cuh"
    // derived and working arrays
    A_WEIGHT, A_POSITIVE, A_N_FIRED, A_FIRED, A_LOCAL, A_FUTURE, A_FUTURE_FORCING, A_PUSHES,
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
enum Work { FORCING = 1, FORCED = 2, CANDIDATE = 4, FIRED = 8, LISTED = 16, KICKED = 32, OWES = 64 };

// Rows of the ring of future arrivals, a power of two above the longest delay, and no more than a word has bits.
enum Future { FUTURE = 32 };
static_assert(FUTURE > MAX_DELAY, "a step's row is empty again before it is used for another");

#include "state.cuh"

// ------------------------------------------------------------------------ a network

// Everything of one network, in shared memory; pointers are to this network's part of each array.
struct Net : State {
    const Population* population;        // tables, in shared memory
    const Projection* projection;        // likewise
    const u64* kick_key;                 // likewise
    const u64* rounding_key;             // likewise
    i64* latest;                         // likewise: last step at which each population fired
    int neurons, populations, projections, inputs, words, turns;  // turns: history - 1
    i64 base, freeze;
    const int *row, *post, *span, *slot_ptr, *slot_source, *slot_position, *scale, *feed_count, *node;
    const u8* slot_delay;
    const u32* seen;        // bit sets over source neurons
    const i64 *memory_time, *feed_first, *input_reach;
    const u32* bits;
    i64 steps;
    int bit_words;
    int *n_fired, *fired;
    i64* positive;
    u32* mask;
    u16* weight;
    int* future;            // ring of current to come: row t mod FUTURE arrives at step t
    u32* future_forcing;    // bit t mod FUTURE: who will be forced at step t
    bool pushes;            // some projection uses them
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

INLINE bool is_plastic_into(const Projection& projection, int p) {
    return projection.kind == PLASTIC && projection.target == p;
}

// First slot of target neuron i of a plastic projection, and how many it has.
INLINE int slots(const Projection& projection, int i, const Net& net, int& count) {
    if (projection.dense) {
        count = projection.source_size;
        return projection.slot + i * count;
    }
    int lo = net.slot_ptr[projection.slot_ptr + i];
    count = net.slot_ptr[projection.slot_ptr + i + 1] - lo;
    return lo;
}

// Does the copy see this source neuron of a dense projection?
INLINE bool sees(const Projection& projection, int source, const Net& net) {
    return projection.seen < 0 || net.seen[projection.seen + (source >> 5)] >> (source & 31) & 1;
}

// Where in `weight` the slot `first + slot` of target neuron i lies.
INLINE int place_of(const Projection& projection, int i, int first, int slot, const Net& net) {
    if (projection.dense) return projection.synapse + slot * projection.stride + i;
    return net.slot_position[first + slot];
}
