/// The parts of BLAKE3 that need instructions a baseline build may not use.
///
/// Each kernel is compiled for its own instruction set, whatever the rest of the package is
/// compiled for, and is called only on a machine that has it.
#ifndef CBLAKE3_KERNELS_H
#define CBLAKE3_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/// Asks for the memory at `address`, which needn't be there.
static inline void cblake3_ask_for(uintptr_t address) {
    __builtin_prefetch((const void *)address);
}

#if defined(__x86_64__)

/// Which message is hashed, counted in messages from the start, and where its value goes, counted
/// in values from the output: MessageRun.Way.
typedef struct {
    uint32_t from;
    uint32_t to;
} cblake3_way;

/// A run of equally long messages: MessageRun, field by field.
typedef struct {
    /// Where the first message starts; the next one starts `blocks` * 64 bytes later.
    const uint8_t *_Nonnull start;
    /// `count` of them, or null: message i's value is the i-th.
    const cblake3_way *_Nullable ways;
    size_t count;
    size_t blocks;
    /// Eight words.
    const uint32_t *_Nonnull key;
    uint64_t counter;
    uint64_t counter_step;
    uint32_t flags;
    uint32_t first_flags;
    uint32_t last_flags;
    /// Addresses of memory that the caller needs next, asked for while the messages are hashed.
    const uintptr_t *_Nullable wanted;
    size_t wanted_count;
} cblake3_run;

/// Whether this machine and its system have AVX2.
int cblake3_has_avx2(void);

/// Whether this machine and its system have the AVX-512 subsets F, VL, BW and DQ.
int cblake3_has_avx512(void);

/// Hashes every message of `run` to its 32-byte chaining value at `output`, eight at a time.
/// `output` may be `run->start` if messages are single blocks and there are no ways. The counter's
/// step is 0 or 1. Not to be called where cblake3_has_avx2() is 0.
void cblake3_hash_avx2(const cblake3_run *_Nonnull run, uint8_t *_Nonnull output);

/// The same, sixteen at a time. Not to be called where cblake3_has_avx512() is 0.
void cblake3_hash_avx512(const cblake3_run *_Nonnull run, uint8_t *_Nonnull output);

#endif

#endif
