#ifndef BFT_CHECKSUM_H
#define BFT_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Whether this processor has the CRC32 instruction of SSE 4.2.
bool bft_crc32c_is_accelerated(void);

// Continues a CRC-32C (Castagnoli) over `count` bytes. `state` is the running value before the
// final inversion. Only to be called where `bft_crc32c_is_accelerated()`.
uint32_t bft_crc32c_accelerated(uint32_t state, const void *bytes, size_t count);

#endif
