#include "checksum.h"

#include <string.h>

#if defined(__x86_64__)

#include <nmmintrin.h>

bool bft_crc32c_is_accelerated(void) { return __builtin_cpu_supports("sse4.2"); }

__attribute__((target("sse4.2"))) uint32_t bft_crc32c_accelerated(
    uint32_t state, const void *bytes, size_t count) {
  const uint8_t *next = bytes;
  uint64_t running = state;
  while (count >= 8) {
    uint64_t word;
    memcpy(&word, next, 8);
    running = _mm_crc32_u64(running, word);
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
