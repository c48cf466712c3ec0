// Asks the processor for memory before it is needed. Changes nothing that a program can see, and
// asking for an address that isn't there is harmless.
#ifndef CPREFETCH_H
#define CPREFETCH_H

static inline void bft_prefetch(const void *address) { __builtin_prefetch(address); }

#endif
