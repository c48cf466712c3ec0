#include "checksum.h"

#include <string.h>

#if defined(__x86_64__)

#include <nmmintrin.h>
#include <wmmintrin.h>

bool bft_crc32c_is_accelerated(void) {
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

// The instruction takes three cycles and can be begun in each. So three runs are checked side by
// side, and the states of the first two are then moved behind the zeros that stand for what
// follows them (Gopal et al., "Fast CRC computation for iSCSI polynomial using CRC32 instruction",
// Intel 2011).
#define BFT_RUN 1024

// Moving a state over n bits is multiplying it by x^n. A carry-less product of two 32-bit values,
// bits reversed, is one bit short of 64, and the instruction multiplies by x^32 and reduces; so the
// factor is x^(n - 33) modulo the polynomial, bits reversed, for n of one and of two runs.
#define BFT_OVER_ONE 0x170076fau
#define BFT_OVER_TWO 0xa51b6135u

static inline __attribute__((always_inline, target("sse4.2,pclmul"))) uint32_t bft_moved(
    uint32_t state, uint32_t factor) {
  __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi32_si128((int)state), _mm_cvtsi32_si128((int)factor), 0);
  return (uint32_t)_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

static inline __attribute__((always_inline, target("sse4.2"))) uint64_t bft_word(
    const uint8_t *from) {
  uint64_t word;
  memcpy(&word, from, 8);
  return word;
}

__attribute__((target("sse4.2,pclmul"))) uint32_t bft_crc32c_accelerated(
    uint32_t state, const void *bytes, size_t count) {
  const uint8_t *next = bytes;
  while (count >= 3 * BFT_RUN) {
    uint64_t first = state, second = 0, third = 0;
    for (size_t at = 0; at < BFT_RUN; at += 8) {
      first = _mm_crc32_u64(first, bft_word(next + at));
      second = _mm_crc32_u64(second, bft_word(next + BFT_RUN + at));
      third = _mm_crc32_u64(third, bft_word(next + 2 * BFT_RUN + at));
    }
    state = bft_moved((uint32_t)first, BFT_OVER_TWO) ^
            bft_moved((uint32_t)second, BFT_OVER_ONE) ^ (uint32_t)third;
    next += 3 * BFT_RUN;
    count -= 3 * BFT_RUN;
  }
  uint64_t running = state;
  while (count >= 8) {
    running = _mm_crc32_u64(running, bft_word(next));
    next += 8;
    count -= 8;
  }
  uint32_t narrow = (uint32_t)running;
  while (count > 0) {
    narrow = _mm_crc32_u8(narrow, *next);
    next += 1;
    count -= 1;
  }
  return narrow;
}

#else

bool bft_crc32c_is_accelerated(void) { return false; }

uint32_t bft_crc32c_accelerated(uint32_t state, const void *bytes, size_t count) {
  (void)bytes;
  (void)count;
  return state;
}

#endif
