#include "CBLAKE3Kernels.h"

#if defined(__x86_64__)

#include <string.h>

// The order of the message words in each round: the permutation of the BLAKE3 paper's table 2,
// applied once more per round.
static const uint8_t cblake3_order[7][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8},
    {3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1},
    {10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6},
    {12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4},
    {9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7},
    {11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13},
};

// The first four words of the initial value (BLAKE3 paper, table 1).
static const uint32_t cblake3_initial_value[4] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a};

typedef uint32_t cblake3_vec4 __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) cblake3_vec4 cblake3_load(const uint8_t *from) {
    cblake3_vec4 v;
    memcpy(&v, from, sizeof v);
    return v;
}

// Macros, because a function that takes or returns a wide vector has another calling convention
// where the instruction set is not there.
#define cblake3_join8(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7)
#define cblake3_join16(a, b)                                                                  \
    __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

#define TARGET __attribute__((target("avx2")))
#define LANES 4
#define NAME(x) cblake3_avx2_4_##x
#include "lanes.h"
#define LANES 8
#define NAME(x) cblake3_avx2_8_##x
#include "lanes.h"
#undef TARGET

#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq")))
#define LANES 4
#define NAME(x) cblake3_avx512_4_##x
#include "lanes.h"
#define LANES 8
#define NAME(x) cblake3_avx512_8_##x
#include "lanes.h"
#define LANES 16
#define NAME(x) cblake3_avx512_16_##x
#include "lanes.h"
#undef TARGET

int cblake3_has_avx2(void) { return __builtin_cpu_supports("avx2") != 0; }

int cblake3_has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}

// A vector that is half empty costs about as much as a full one, and a narrower one a little
// less: the last messages go into the narrowest vector that holds them.

// Messages that lie here and there are asked for so many messages ahead, while those before are
// hashed: far enough for the memory, near enough for the nearest cache.
#define CBLAKE3_AHEAD 64

static inline void cblake3_look_ahead(
    const cblake3_run *run, size_t first, size_t count, const uint8_t *output) {
    if (!run->ways) return;
    for (size_t i = first; i < first + count && i < run->count; i++) {
        __builtin_prefetch(run->start + (size_t)run->ways[i].from * run->blocks * 64);
        __builtin_prefetch(output + (size_t)run->ways[i].to * 32, 1);
    }
}

// How much of what the caller wants is asked for with each block of a vector of `width` messages:
// no more than the memory has waiting at a time.
static inline size_t cblake3_share(const cblake3_run *run, size_t width) {
    size_t blocks = (run->count + width - 1) / width * run->blocks;
    return blocks ? (run->wanted_count + blocks - 1) / blocks : 0;
}

void cblake3_hash_avx2(const cblake3_run *run, uint8_t *output) {
    size_t share = cblake3_share(run, 8);
    cblake3_look_ahead(run, 0, CBLAKE3_AHEAD, output);
    for (size_t done = 0; done < run->count;) {
        size_t left = run->count - done;
        size_t asked = done / 8 * run->blocks * share;
        cblake3_look_ahead(run, done + CBLAKE3_AHEAD, 8, output);
        if (left > 4) {
            size_t taken = left < 8 ? left : 8;
            cblake3_avx2_8_hash(run, done, taken, output, asked, share);
            done += taken;
        } else {
            cblake3_avx2_4_hash(run, done, left, output, asked, share);
            done += left;
        }
    }
}

void cblake3_hash_avx512(const cblake3_run *run, uint8_t *output) {
    size_t share = cblake3_share(run, 16);
    cblake3_look_ahead(run, 0, CBLAKE3_AHEAD, output);
    for (size_t done = 0; done < run->count;) {
        size_t left = run->count - done;
        size_t asked = done / 16 * run->blocks * share;
        cblake3_look_ahead(run, done + CBLAKE3_AHEAD, 16, output);
        if (left > 8) {
            size_t taken = left < 16 ? left : 16;
            cblake3_avx512_16_hash(run, done, taken, output, asked, share);
            done += taken;
        } else if (left > 4) {
            cblake3_avx512_8_hash(run, done, left, output, asked, share);
            done += left;
        } else {
            cblake3_avx512_4_hash(run, done, left, output, asked, share);
            done += left;
        }
    }
}

#else

// Elsewhere there is nothing to compile; a translation unit may not be empty.
typedef int cblake3_no_kernels;

#endif
