#ifndef BFT_SYSTEM_H
#define BFT_SYSTEM_H

#include <stdint.h>

// `fallocate` without flags, which Swift's Glibc module lacks: room for `byteCount` bytes that
// read as zeros. Returns 0, or -1 and sets errno.
int bft_reserve(int descriptor, int64_t byteCount);

// Opens a file that exists for writing past the kernel's cache. Returns the descriptor, or -1 and
// sets errno.
int bft_open_direct(const char *path);

// Names the calling thread, at most 15 bytes, for debuggers and `top -H`.
void bft_name_thread(const char *name);

#endif
