#include "CPostQuantumKernels.h"

#include <string.h>

void pq_wipe(void *memory, size_t length) {
    memset(memory, 0, length);
    __asm__ volatile("" : : "r"(memory) : "memory");
}

#if !defined(__x86_64__)
const pq_kernels *pq_kernels_avx2(void) { return NULL; }
const pq_kernels *pq_kernels_avx512(void) { return NULL; }
#endif
