// Vector kernels for Keccak, ML-DSA and ML-KEM, and the table through which they are called.
//
// The Swift target PostQuantum fills one table with its portable kernels. This target fills one
// for AVX2 and one for AVX-512. The tables agree on every result; only the order of coefficients
// in the number-theoretic domain of ML-DSA is a table's own business.
#ifndef CPOSTQUANTUMKERNELS_H
#define CPOSTQUANTUMKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

// Polynomials of ML-DSA are 256 int32_t, those of ML-KEM 256 int16_t. Memory of polynomials is
// 64-byte aligned; memory of bytes need not be. Nothing here branches on or indexes by the value
// of a coefficient, save the two samplers of public matrices.
typedef struct pq_kernels {
    // Keccak-f[1600]; lane i of way w stands at state[ways * i + w].
    void (*keccak_x1)(uint64_t *state);
    void (*keccak_x4)(uint64_t *state);
    void (*keccak_x8)(uint64_t *state);

    // ML-DSA, q = 8380417.
    // In: |c| < q. Out: |c| < 9q, in this table's order.
    void (*dsa_ntt)(int32_t *polynomials, size_t count);
    // In: |c| < q, in this table's order. Out: |c| < q, times 2^32.
    void (*dsa_inverse_ntt)(int32_t *polynomials, size_t count);
    // From the order of FIPS 204 to this table's order.
    void (*dsa_reorder)(int32_t *polynomials, size_t count);
    // The sum of `terms` (at most 8) products, times 2^-32. Out: |c| < q.
    void (*dsa_dot)(int32_t *result, const int32_t *a, const int32_t *b, size_t terms);
    // Appends to the `have` coefficients those that `length` (a multiple of 3) bytes of SHAKE128
    // give (FIPS 204, RejNTTPoly); returns how many there are now, at most 256. The memory holds
    // 16 coefficients more than 256.
    size_t (*dsa_sample_uniform)(
        int32_t *polynomial, size_t have, const uint8_t *bytes, size_t length);
    // 640 bytes against one polynomial with coefficients in (-2^19, 2^19].
    void (*dsa_unpack_mask)(int32_t *polynomial, const uint8_t *bytes);
    void (*dsa_pack_mask)(uint8_t *bytes, const int32_t *polynomial);
    // Nonzero where some |c| >= bound.
    uint32_t (*dsa_exceeds)(const int32_t *polynomials, size_t count, int32_t bound);
    // sum = sum + addend or sum - subtrahend, centred. In: |sum| < 2^20, |other| < q.
    void (*dsa_add)(int32_t *sum, const int32_t *addend, size_t count);
    void (*dsa_subtract)(int32_t *sum, const int32_t *subtrahend, size_t count);
    // Decompose of FIPS 204 with gamma2 = (q - 1) / 32: low and high parts and the 128 bytes
    // that encode the high parts. In: |c| < q.
    void (*dsa_decompose)(
        int32_t *low, int32_t *high, uint8_t *packed_high, const int32_t *polynomial);
    // UseHint, then the 128 bytes that encode the result. In: |c| < q; bit i of `hints` is h[i].
    void (*dsa_use_hint)(uint8_t *packed_high, const int32_t *polynomial, const uint32_t *hints);
    // The 256 hint bits for low parts that moved; returns how many are set.
    uint32_t (*dsa_make_hint)(uint32_t *hints, const int32_t *low, const int32_t *high);

    // ML-KEM, q = 3329.
    // In: |c| < q. Out: |c| < q, in the order of FIPS 203.
    void (*kem_ntt)(int16_t *polynomials, size_t count);
    // In: |c| < q. Out: |c| < q, times 2^16.
    void (*kem_inverse_ntt)(int16_t *polynomials, size_t count);
    // The sum of `terms` (at most 4) products, times 2^-16. Out: |c| < q.
    void (*kem_dot)(int16_t *result, const int16_t *a, const int16_t *b, size_t terms);
    // As dsa_sample_uniform, for SampleNTT of FIPS 203, with 32 coefficients to spare.
    size_t (*kem_sample_uniform)(
        int16_t *polynomial, size_t have, const uint8_t *bytes, size_t length);
} pq_kernels;

// The table for the instruction set, or null where the processor or the system lacks it.
const pq_kernels *_Nullable pq_kernels_avx2(void);
const pq_kernels *_Nullable pq_kernels_avx512(void);

// Overwrites memory with zeros in a way that no optimiser removes.
void pq_wipe(void *memory, size_t length);

// Hides a value from the optimiser, so that it cannot turn arithmetic on it into a branch.
static inline uint64_t pq_opaque(uint64_t value) {
    __asm__("" : "+r"(value));
    return value;
}

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#endif
