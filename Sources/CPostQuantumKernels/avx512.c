// The kernels for x86-64 with AVX-512 F, BW, VL, DQ, VBMI and VBMI2.
#include "CPostQuantumKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "tables.h"

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,"         \
                          "avx2,bmi,bmi2,lzcnt,popcnt"))), \
    apply_to = function)

#define HAS_AVX512
#include "keccak.inc"

#define LANES 16
typedef int32_t vector __attribute__((vector_size(64), may_alias));
#define INLINE static inline __attribute__((always_inline))

INLINE vector multiply_even(vector a, vector b) {
    return (vector)_mm512_mul_epi32((__m512i)a, (__m512i)b);
}
INLINE vector odd_lanes(vector v) { return (vector)_mm512_srli_epi64((__m512i)v, 32); }
INLINE vector add64(vector a, vector b) {
    return (vector)_mm512_add_epi64((__m512i)a, (__m512i)b);
}
INLINE vector subtract64(vector a, vector b) {
    return (vector)_mm512_sub_epi64((__m512i)a, (__m512i)b);
}
INLINE vector high_halves(vector even, vector odd) {
    return (vector)_mm512_mask_shuffle_epi32((__m512i)odd, 0x5555, (__m512i)even, 0xf5);
}

// Four exchanges of halves, quarters, eighths and sixteenths between pairs of vectors.
INLINE void transpose(vector *v) {
    vector t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = (vector)_mm512_unpacklo_epi32((__m512i)v[i], (__m512i)v[i + 1]);
        t[i + 1] = (vector)_mm512_unpackhi_epi32((__m512i)v[i], (__m512i)v[i + 1]);
    }
    vector u[16];
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 2; j++) {
            u[i + 2 * j] = (vector)_mm512_unpacklo_epi64((__m512i)t[i + j], (__m512i)t[i + j + 2]);
            u[i + 2 * j + 1] =
                (vector)_mm512_unpackhi_epi64((__m512i)t[i + j], (__m512i)t[i + j + 2]);
        }
    for (int i = 0; i < 16; i += 8)
        for (int j = 0; j < 4; j++) {
            __m512i x = (__m512i)u[i + j], y = (__m512i)u[i + j + 4];
            t[i + j] = (vector)_mm512_shuffle_i32x4(x, y, 0x88);
            t[i + j + 4] = (vector)_mm512_shuffle_i32x4(x, y, 0xdd);
        }
    for (int j = 0; j < 8; j++) {
        __m512i x = (__m512i)t[j], y = (__m512i)t[j + 8];
        v[j] = (vector)_mm512_shuffle_i32x4(x, y, 0x88);
        v[j + 8] = (vector)_mm512_shuffle_i32x4(x, y, 0xdd);
    }
}

INLINE uint32_t sign_bits(vector v) { return _mm512_movepi32_mask((__m512i)v); }

INLINE vector hint_lanes(const uint32_t *hints, int i) {
    return (vector)_mm512_movm_epi32((__mmask16)(hints[i / 2] >> (16 * (i % 2))));
}

INLINE void store_high(uint8_t *bytes, const vector *v) {
    for (int i = 0; i < 4; i++) {
        __m512i pairs = _mm512_or_si512((__m512i)v[i], _mm512_srli_epi64((__m512i)v[i], 28));
        _mm_storel_epi64((__m128i *)(bytes + 8 * i), _mm512_cvtepi64_epi8(pairs));
    }
}

INLINE vector load_mask(const uint8_t *bytes) {
    __m512i packed = _mm512_maskz_loadu_epi8((1ull << 40) - 1, bytes);
    const __m512i order = _mm512_set_epi8(
        0, 39, 38, 37, 0, 37, 36, 35, 0, 34, 33, 32, 0, 32, 31, 30, 0, 29, 28, 27, 0, 27, 26, 25,
        0, 24, 23, 22, 0, 22, 21, 20, 0, 19, 18, 17, 0, 17, 16, 15, 0, 14, 13, 12, 0, 12, 11, 10,
        0, 9, 8, 7, 0, 7, 6, 5, 0, 4, 3, 2, 0, 2, 1, 0);
    __m512i spread = _mm512_permutexvar_epi8(order, packed);
    spread = _mm512_srlv_epi32(spread, _mm512_set1_epi64(4ll << 32));
    return (vector)spread & 0xfffff;
}

INLINE void store_mask(uint8_t *bytes, vector v) {
    __m512i even = _mm512_and_si512((__m512i)v, _mm512_set1_epi64(0xfffff));
    __m512i pairs = _mm512_or_si512(even, _mm512_slli_epi64((__m512i)odd_lanes(v), 20));
    __m512i packed = _mm512_maskz_compress_epi8(0x1f1f1f1f1f1f1f1f, pairs);
    _mm512_mask_storeu_epi8(bytes, (1ull << 40) - 1, packed);
}

#include "mldsa.inc"

static void dsa_ntt(int32_t *polynomials, size_t count) {
    const vector *zetas = (const vector *)dsa_forward_lanes16;
    const vector *zetas_q = (const vector *)dsa_forward_lanes16_q;
    for (size_t i = 0; i < count; i++) {
        vector *p = (vector *)(polynomials + 256 * i);
        vector v[16];
        for (int j = 0; j < 16; j++) v[j] = p[j];
        dsa_forward_vectors(v, 16, 8, 1);
        transpose(v);
        dsa_forward_lanes(v, zetas, zetas_q);
        for (int j = 0; j < 16; j++) p[j] = v[j];
    }
}

static void dsa_inverse_ntt(int32_t *polynomials, size_t count) {
    const vector *zetas = (const vector *)dsa_backward_lanes16;
    const vector *zetas_q = (const vector *)dsa_backward_lanes16_q;
    for (size_t i = 0; i < count; i++) {
        vector *p = (vector *)(polynomials + 256 * i);
        vector v[16];
        for (int j = 0; j < 16; j++) v[j] = p[j];
        dsa_backward_lanes(v, zetas, zetas_q);
        transpose(v);
        dsa_backward_vectors(v, 16, 4, 15);
        dsa_backward_last(v, 16);
        for (int j = 0; j < 16; j++) p[j] = v[j];
    }
}

static size_t dsa_sample_uniform(
    int32_t *polynomial, size_t have, const uint8_t *bytes, size_t length) {
    const __m512i order = _mm512_set_epi8(
        0, 47, 46, 45, 0, 44, 43, 42, 0, 41, 40, 39, 0, 38, 37, 36, 0, 35, 34, 33, 0, 32, 31, 30,
        0, 29, 28, 27, 0, 26, 25, 24, 0, 23, 22, 21, 0, 20, 19, 18, 0, 17, 16, 15, 0, 14, 13, 12,
        0, 11, 10, 9, 0, 8, 7, 6, 0, 5, 4, 3, 0, 2, 1, 0);
    for (size_t position = 0; have < 256 && position < length; position += 48) {
        size_t left = length - position < 48 ? length - position : 48;
        __m512i packed = _mm512_maskz_loadu_epi8((1ull << left) - 1, bytes + position);
        vector candidates = (vector)_mm512_permutexvar_epi8(order, packed) & 0x7fffff;
        uint32_t kept = sign_bits(candidates - DSA_Q) & ((1u << left / 3) - 1);
        __m512i together = _mm512_maskz_compress_epi32((__mmask16)kept, (__m512i)candidates);
        _mm512_storeu_si512(polynomial + have, together);
        have += (size_t)__builtin_popcount(kept);
    }
    return have < 256 ? have : 256;
}

#include "mlkem.inc"

#pragma clang attribute pop

#include "table.inc"

const pq_kernels *pq_kernels_avx512(void) {
    __builtin_cpu_init();
    int supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
    return supported && pq_kernels_avx2() ? &table : NULL;
}
#endif
