// The kernels for x86-64 with AVX2, BMI1 and BMI2.
#include "CPostQuantumKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "tables.h"

#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt"))), \
                             apply_to = function)

#include "keccak.inc"

#define LANES 8
typedef int32_t vector __attribute__((vector_size(32), may_alias));
#define INLINE static inline __attribute__((always_inline))

INLINE vector multiply_even(vector a, vector b) {
    return (vector)_mm256_mul_epi32((__m256i)a, (__m256i)b);
}
INLINE vector odd_lanes(vector v) { return (vector)_mm256_srli_epi64((__m256i)v, 32); }
INLINE vector add64(vector a, vector b) {
    return (vector)_mm256_add_epi64((__m256i)a, (__m256i)b);
}
INLINE vector subtract64(vector a, vector b) {
    return (vector)_mm256_sub_epi64((__m256i)a, (__m256i)b);
}
INLINE vector high_halves(vector even, vector odd) {
    return (vector)_mm256_blend_epi32((__m256i)odd_lanes(even), (__m256i)odd, 0xaa);
}

INLINE void transpose(vector *v) {
    vector t[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = (vector)_mm256_unpacklo_epi32((__m256i)v[i], (__m256i)v[i + 1]);
        t[i + 1] = (vector)_mm256_unpackhi_epi32((__m256i)v[i], (__m256i)v[i + 1]);
    }
    vector u[8];
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            u[i + 2 * j] = (vector)_mm256_unpacklo_epi64((__m256i)t[i + j], (__m256i)t[i + j + 2]);
            u[i + 2 * j + 1] =
                (vector)_mm256_unpackhi_epi64((__m256i)t[i + j], (__m256i)t[i + j + 2]);
        }
    for (int i = 0; i < 4; i++) {
        v[i] = (vector)_mm256_permute2x128_si256((__m256i)u[i], (__m256i)u[i + 4], 0x20);
        v[i + 4] = (vector)_mm256_permute2x128_si256((__m256i)u[i], (__m256i)u[i + 4], 0x31);
    }
}

INLINE uint32_t sign_bits(vector v) { return (uint32_t)_mm256_movemask_ps((__m256)v); }

INLINE vector hint_lanes(const uint32_t *hints, int i) {
    const vector bits = {1, 2, 4, 8, 16, 32, 64, 128};
    vector all = (vector){0} + (int32_t)(hints[i / 4] >> (8 * (i % 4)) & 0xff);
    return (all & bits) == bits;
}

// Two lanes make a byte; byte j of every 64-bit lane is then one of vector j, and what is left is
// to transpose bytes.
INLINE void store_high(uint8_t *bytes, const vector *v) {
    __m256i all = _mm256_setzero_si256();
    for (int j = 3; j >= 0; j--) {
        __m256i pairs = _mm256_or_si256((__m256i)v[j], _mm256_srli_epi64((__m256i)v[j], 28));
        pairs = _mm256_and_si256(pairs, _mm256_set1_epi64x(0xff));
        all = _mm256_or_si256(_mm256_slli_epi64(all, 8), pairs);
    }
    const __m256i even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    __m128i words = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(all, even));
    const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm_storeu_si128((__m128i *)bytes, _mm_shuffle_epi8(words, order));
}

// 20 bytes: the upper half is read from 4 bytes on, so as not to read beyond the last.
INLINE vector load_mask(const uint8_t *bytes) {
    __m128i low = _mm_loadu_si128((const __m128i *)bytes);
    __m128i high = _mm_loadu_si128((const __m128i *)(bytes + 4));
    const __m256i order = _mm256_setr_epi8(
        0, 1, 2, -1, 2, 3, 4, -1, 5, 6, 7, -1, 7, 8, 9, -1,
        6, 7, 8, -1, 8, 9, 10, -1, 11, 12, 13, -1, 13, 14, 15, -1);
    __m256i spread = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), order);
    spread = _mm256_srlv_epi32(spread, _mm256_setr_epi32(0, 4, 0, 4, 0, 4, 0, 4));
    return (vector)spread & 0xfffff;
}

INLINE void store_mask(uint8_t *bytes, vector v) {
    // 40 bits in each 64-bit lane, then 80 in each half.
    __m256i even = _mm256_and_si256((__m256i)v, _mm256_set1_epi64x(0xfffff));
    __m256i pairs = _mm256_or_si256(even, _mm256_slli_epi64((__m256i)odd_lanes(v), 20));
    const __m256i order = _mm256_setr_epi8(
        0, 1, 2, 3, 4, 8, 9, 10, 11, 12, -1, -1, -1, -1, -1, -1,
        0, 1, 2, 3, 4, 8, 9, 10, 11, 12, -1, -1, -1, -1, -1, -1);
    __m256i packed = _mm256_shuffle_epi8(pairs, order);
    __m128i low = _mm256_castsi256_si128(packed), high = _mm256_extracti128_si256(packed, 1);
    memcpy(bytes, &low, 10);
    memcpy(bytes + 10, &high, 10);
}

#include "mldsa.inc"

static void dsa_ntt(int32_t *polynomials, size_t count) {
    const vector *zetas = (const vector *)dsa_forward_lanes8;
    const vector *zetas_q = (const vector *)dsa_forward_lanes8_q;
    for (size_t i = 0; i < count; i++) {
        vector *p = (vector *)(polynomials + 256 * i);
        for (int c = 0; c < 4; c++) {
            vector v[8];
            for (int j = 0; j < 8; j++) v[j] = p[4 * j + c];
            dsa_forward_vectors(v, 8, 4, 1);
            for (int j = 0; j < 8; j++) p[4 * j + c] = v[j];
        }
        for (int block = 0; block < 4; block++) {
            vector v[8];
            for (int j = 0; j < 8; j++) v[j] = p[8 * block + j];
            dsa_forward_vectors(v, 8, 2, 8 + 2 * block);
            transpose(v);
            dsa_forward_lanes(v, zetas + 7 * block, zetas_q + 7 * block);
            for (int j = 0; j < 8; j++) p[8 * block + j] = v[j];
        }
    }
}

static void dsa_inverse_ntt(int32_t *polynomials, size_t count) {
    const vector *zetas = (const vector *)dsa_backward_lanes8;
    const vector *zetas_q = (const vector *)dsa_backward_lanes8_q;
    for (size_t i = 0; i < count; i++) {
        vector *p = (vector *)(polynomials + 256 * i);
        for (int block = 0; block < 4; block++) {
            vector v[8];
            for (int j = 0; j < 8; j++) v[j] = p[8 * block + j];
            dsa_backward_lanes(v, zetas + 7 * block, zetas_q + 7 * block);
            transpose(v);
            dsa_backward_vectors(v, 8, 2, 31 - 4 * block);
            for (int j = 0; j < 8; j++) p[8 * block + j] = v[j];
        }
        for (int c = 0; c < 4; c++) {
            vector v[8];
            for (int j = 0; j < 8; j++) v[j] = p[4 * j + c];
            dsa_backward_vectors(v, 8, 2, 7);
            dsa_backward_last(v, 8);
            for (int j = 0; j < 8; j++) p[4 * j + c] = v[j];
        }
    }
}

static size_t dsa_sample_uniform(
    int32_t *polynomial, size_t have, const uint8_t *bytes, size_t length) {
    const __m256i order = _mm256_setr_epi8(
        0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1,
        4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1);
    size_t position = 0;
    while (have < 256 && position + 24 <= length) {
        __m128i low = _mm_loadu_si128((const __m128i *)(bytes + position));
        __m128i high = _mm_loadu_si128((const __m128i *)(bytes + position + 8));
        __m256i spread = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), order);
        vector candidates = (vector)spread & 0x7fffff;
        uint64_t kept = sign_bits(candidates - DSA_Q);
        // The numbers of the lanes that are kept, one a byte, moved together.
        uint64_t lanes = _pdep_u64(kept, 0x0101010101010101) * 0xff;
        uint64_t together = _pext_u64(0x0706050403020100, lanes);
        __m256i moves = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)together));
        __m256i packed = _mm256_permutevar8x32_epi32((__m256i)candidates, moves);
        _mm256_storeu_si256((__m256i *)(polynomial + have), packed);
        have += (size_t)__builtin_popcountll(kept);
        position += 24;
    }
    while (have < 256 && position < length) {
        int32_t candidate = bytes[position] | bytes[position + 1] << 8 |
                            (bytes[position + 2] & 0x7f) << 16;
        polynomial[have] = candidate;
        have += candidate < DSA_Q;
        position += 3;
    }
    return have < 256 ? have : 256;
}

#include "mlkem.inc"

#pragma clang attribute pop

#include "table.inc"

const pq_kernels *pq_kernels_avx2(void) {
    __builtin_cpu_init();
    int supported = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
    return supported ? &table : NULL;
}
#endif
