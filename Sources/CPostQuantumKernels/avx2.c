#include "CPostQuantumKernels.h"
#if defined(__x86_64__)
const pq_kernels *pq_kernels_avx2(void) { return NULL; }
const pq_kernels *pq_kernels_avx512(void) { return NULL; }
#endif
