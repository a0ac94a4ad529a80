// The kernels of colanet.cu on a CPU, for tests: one fiber a thread of a block, switched at barriers only.
//
// Between two barriers the threads run one after another, forwards, backwards or shuffled: a result that depends on
// the order shows a missing barrier. Shared memory begins as garbage. Threads that wait at different barriers, or
// leave while others wait, are an error.

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __device__
#define __global__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ static __attribute__((section("shim_shared")))
#define __builtin_assume(condition)
#define __ldcg(pointer) (*(pointer))
#define DYNAMIC_SHARED(name) u64* name = (u64*)shim::dynamic.data()
#define __syncthreads() shim::meet(shim::BLOCK, __LINE__, 0)
#define __syncthreads_or(value) (int)shim::meet(shim::BLOCK, __LINE__, (value) ? 1 : 0)
#define __shfl_xor_sync(mask, value, distance) shim::exchange(__LINE__, value, distance)
#define __ballot_sync(mask, value) shim::ballot(__LINE__, value)

struct uint4 {
    unsigned x, y, z, w;
};
struct Index {
    unsigned x, y, z;
};
static Index threadIdx, blockIdx, blockDim, gridDim;

extern char __start_shim_shared[], __stop_shim_shared[];

template <class T> static T atomicAdd(T* to, T value) { return std::exchange(*to, (T)(*to + value)); }
template <class T> static T atomicOr(T* to, T value) { return std::exchange(*to, (T)(*to | value)); }
template <class T> static T atomicMax(T* to, T value) { return std::exchange(*to, *to < value ? value : *to); }
template <class T> static T atomicMin(T* to, T value) { return std::exchange(*to, value < *to ? value : *to); }
static unsigned __popc(unsigned v) { return (unsigned)__builtin_popcount(v); }
static unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}

namespace shim {

enum Where { NOWHERE, BLOCK, WARP_WIDE };
enum Order { FORWARDS, BACKWARDS, SHUFFLED };
const int LANES = 32;
const size_t STACK = 1 << 17;

struct Fiber {
    ucontext_t context;
    jmp_buf resume;
    bool started, done;
    int where, site;       // which barrier it waits at
    long long value;       // what it brought there
    long long published;   // the same, as the others may read it once all have come
    std::vector<char> stack;
};

static std::vector<Fiber> fibers;
static std::vector<char> dynamic;
static jmp_buf scheduler;
static Fiber* running;
static long long any;
static void (*kernel)(const unsigned long long*);
static const unsigned long long* arguments;

static void pause() {
    if (!_setjmp(running->resume)) _longjmp(scheduler, 1);
}

static long long meet(int where, int site, long long value) {
    running->where = where;
    running->site = site;
    running->value = value;
    pause();
    return any;
}

static long long exchange(int site, long long value, int distance) {
    meet(WARP_WIDE, site, value);
    return fibers[threadIdx.x ^ (unsigned)distance].published;
}

static unsigned ballot(int site, bool value) {
    meet(WARP_WIDE, site, value);
    unsigned word = 0, first = threadIdx.x / LANES * LANES;
    for (int lane = 0; lane < LANES; lane++) word |= (unsigned)(fibers[first + lane].published != 0) << lane;
    return word;
}

static void body() {
    kernel(arguments);
    running->done = true;
    _longjmp(scheduler, 1);
}

static void start(Fiber& fiber) {
    fiber.started = true;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = STACK;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, body, 0);
    setcontext(&fiber.context);
}

static void run(unsigned thread) {
    running = &fibers[thread];
    threadIdx.x = thread;
    running->where = NOWHERE;
    if (_setjmp(scheduler)) return;
    if (running->started) _longjmp(running->resume, 1);
    start(*running);
}

// Let the threads first..last-1 go on if all of them wait at the same place.
static bool release(int where, unsigned first, unsigned last) {
    for (unsigned i = first; i < last; i++)
        if (fibers[i].done || fibers[i].where != where || fibers[i].site != fibers[first].site) return false;
    any = 0;
    for (unsigned i = first; i < last; i++) {
        fibers[i].published = fibers[i].value;
        any |= fibers[i].value;
        fibers[i].where = NOWHERE;
    }
    return true;
}

static unsigned long long random_state;
static unsigned draw(unsigned below) {
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)((random_state >> 33) % below);
}

static std::string describe_stuck() {
    std::string text = "threads do not meet:";
    for (size_t i = 0; i < fibers.size(); i++)
        if (i == 0 || fibers[i].site != fibers[i - 1].site || fibers[i].done != fibers[i - 1].done)
            text += " thread " + std::to_string(i) + (fibers[i].done ? " has left" : " waits at line " + std::to_string(fibers[i].site));
    return text;
}

// Run one block; an empty text, or what went wrong.
static std::string run_block(unsigned threads, int order) {
    std::vector<unsigned> turn(threads);
    for (unsigned i = 0; i < threads; i++) turn[i] = order == BACKWARDS ? threads - 1 - i : i;
    for (Fiber& fiber : fibers) fiber.started = fiber.done = false, fiber.where = NOWHERE, fiber.site = 0;
    while (true) {
        if (order == SHUFFLED)
            for (unsigned i = threads; i > 1; i--) std::swap(turn[i - 1], turn[draw(i)]);
        bool all_done = true, moved = false;
        for (unsigned i : turn)
            if (!fibers[i].done && fibers[i].where == NOWHERE) run(i);
        for (Fiber& fiber : fibers) all_done &= fiber.done;
        if (all_done) return "";
        for (unsigned first = 0; first < threads; first += LANES) moved |= release(WARP_WIDE, first, first + LANES);
        if (!moved && !release(BLOCK, 0, threads)) return describe_stuck();
    }
}

}  // namespace shim

#define __isGlobal(pointer) true
#include "colanet.cu"

// ------------------------------------------------------------------------ the way in

struct Kernel {
    const char* name;
    void (*call)(const u64*);
};

static const Kernel KERNELS[] = {
    {"run_shared", [](const u64* a) { run_shared((const u64*)a[0]); }},
    {"run_global", [](const u64* a) { run_global((const u64*)a[0]); }},
    {"derive", [](const u64* a) { derive((const u64*)a[0]); }},
    {"fill_bits", [](const u64* a) { fill_bits((const int*)a[0], (const i64*)a[1], (const int*)a[2], (u32*)a[3], a[4]); }},
    {"encode_poisson",
     [](const u64* a) {
         encode_poisson((const u8*)a[0], (const int*)a[1], (const int*)a[2], a[3], a[4], a[5], a[6], a[7], a[8],
                        (int*)a[9], (int*)a[10], (u32*)a[11], a[12]);
     }},
    {"read_rows", [](const u64* a) { read_rows((const uint4*)a[0], a[1], a[2], a[3], (u32*)a[4]); }},
    {"add_integers", [](const u64* a) { add_integers(a[0], (u32*)a[1]); }},
};

// 0, or 1 with a message in `error`.
extern "C" int shim_launch(const char* name, int blocks, int threads, int shared_bytes, const u64* arguments, int order,
                           u64 seed, char* error, int room) {
    const Kernel* chosen = nullptr;
    for (const Kernel& kernel : KERNELS)
        if (!strcmp(kernel.name, name)) chosen = &kernel;
    std::string problem = chosen ? "" : std::string("no kernel is called ") + name;
    if (threads % shim::LANES) problem = "threads must be a multiple of 32";
    if (problem.empty()) {
        shim::kernel = chosen->call;
        shim::arguments = arguments;
        shim::random_state = seed;
        if (shim::fibers.size() != (size_t)threads) {
            shim::fibers = std::vector<shim::Fiber>(threads);
            for (shim::Fiber& fiber : shim::fibers) fiber.stack.resize(shim::STACK);
        }
        blockDim = {(unsigned)threads, 1, 1};
        gridDim = {(unsigned)blocks, 1, 1};
        for (int b = 0; b < blocks && problem.empty(); b++) {
            blockIdx.x = order == shim::BACKWARDS ? blocks - 1 - b : b;
            shim::dynamic.assign(shared_bytes, (char)0xA5);
            memset(__start_shim_shared, 0xA5, __stop_shim_shared - __start_shim_shared);
            problem = shim::run_block(threads, order);
        }
    }
    snprintf(error, room, "%s", problem.c_str());
    return !problem.empty();
}
