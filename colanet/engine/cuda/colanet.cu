// colanet on a GPU: one block runs one network through thousands of steps in a single launch.
//
// Read colanet/engine/reference.py first: the functions in these files bear the names of its methods and give the same
// integers. No headers, no floating point. The same text runs on the CPU under shim.cpp, thread by thread between
// barriers, in any order of the threads.

#include "tables.cuh"
#include "integers.cuh"
#include "arrivals.cuh"
#include "neurons.cuh"
#include "plasticity.cuh"
#include "run.cuh"
#include "encode.cuh"
#include "probe.cuh"

// Blocks of 512 threads that must fit a multiprocessor: 2 halves the registers of a thread.
#ifndef MIN_BLOCKS
#define MIN_BLOCKS 1
#endif

// Steps A_BEGIN .. A_END - 1 of all networks, one block each; working arrays in shared or in global memory.
extern "C" __global__ void __launch_bounds__(512, MIN_BLOCKS) run_shared(const u64* table) { run_network<true>(table); }
extern "C" __global__ void __launch_bounds__(512, MIN_BLOCKS) run_global(const u64* table) { run_network<false>(table); }

// Weights out of resources, after a state was loaded; one block a network.
extern "C" __global__ void derive(const u64* table) { derive_weights(table); }

// Lists of spikes as bit sets: bits[step * words + (node >> 5)]; one block a step.
extern "C" __global__ void fill_bits(const int* node, const i64* first, const int* count, u32* bits, i64 words) {
    set_bits(node, first, count, bits, words);
}

// Poisson coding of steps start, start + 1, ...; one block a step. `node` has room for all nodes of every step.
extern "C" __global__ void encode_poisson(const u8* images, const int* limit, const int* order, i64 nodes, i64 start,
                                          i64 object, i64 period, i64 presentation, u64 key, int* node, int* count,
                                          u32* bits, i64 words) {
    Coding coding = {images, limit, order, nodes, start, object, period, presentation, key};
    poisson(coding, node, count, bits, words);
}

// What the memory allows: see probe.cuh.
extern "C" __global__ void read_rows(const uint4* data, i64 stride, i64 words, i64 rounds, u32* sink) {
    read_repeatedly(data, stride, words, rounds, sink);
}
extern "C" __global__ void add_integers(i64 rounds, u32* sink) { add_repeatedly(rounds, sink); }
