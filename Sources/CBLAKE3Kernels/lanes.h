// One BLAKE3 kernel over LANES messages side by side, lane j holding message j.
//
// Included several times, each time with LANES (4, 8 or 16) and NAME(x), which makes a name of
// its own, newly defined, and with TARGET, the attribute that names the instruction set.
// Written in vector extensions, so that the compiler picks the instructions: a rotation by 16
// or 8 becomes a byte shuffle with AVX2 and every rotation one instruction with AVX-512.

#define INLINE static inline __attribute__((always_inline)) TARGET

typedef uint32_t NAME(vec) __attribute__((vector_size(4 * LANES)));
#define VEC NAME(vec)

INLINE VEC NAME(splat)(uint32_t word) {
    return (VEC){} + word;
}

INLINE VEC NAME(rotate)(VEC x, unsigned count) {
    return (x >> count) | (x << (32 - count));
}

// The quarter round G (BLAKE3 paper, section 2.2) in every lane.
INLINE void NAME(mix)(VEC *s, int a, int b, int c, int d, VEC first, VEC second) {
    s[a] = s[a] + first + s[b];
    s[d] = NAME(rotate)(s[d] ^ s[a], 16);
    s[c] = s[c] + s[d];
    s[b] = NAME(rotate)(s[b] ^ s[c], 12);
    s[a] = s[a] + second + s[b];
    s[d] = NAME(rotate)(s[d] ^ s[a], 8);
    s[c] = s[c] + s[d];
    s[b] = NAME(rotate)(s[b] ^ s[c], 7);
}

// Interleaves the low or the high halves of every 128-bit part, by words of 32 or of 64 bits.
#if LANES == 4
#define LANE_NUMBERS {0, 1, 2, 3}
#define CONCAT(p, g, at) cblake3_load(p[g] + (at))
#define LOW32(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH32(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define LOW64(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5)
#define HIGH64(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7)
#elif LANES == 8
#define LANE_NUMBERS {0, 1, 2, 3, 4, 5, 6, 7}
#define CONCAT(p, g, at) \
    cblake3_join8(cblake3_load(p[g] + (at)), cblake3_load(p[g + 4] + (at)))
#define LOW32(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH32(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define LOW64(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGH64(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#else
#define LANE_NUMBERS {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
#define CONCAT(p, g, at)                                                                      \
    cblake3_join16(                                                                           \
        cblake3_join8(cblake3_load(p[g] + (at)), cblake3_load(p[g + 4] + (at))),              \
        cblake3_join8(cblake3_load(p[g + 8] + (at)), cblake3_load(p[g + 12] + (at))))
#define LOW32(a, b)                                                                           \
    __builtin_shufflevector(                                                                  \
        a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH32(a, b)                                                                          \
    __builtin_shufflevector(                                                                  \
        a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define LOW64(a, b)                                                                           \
    __builtin_shufflevector(                                                                  \
        a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define HIGH64(a, b)                                                                          \
    __builtin_shufflevector(                                                                  \
        a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#endif

// Transposes four vectors as a 4x4 matrix of words in each 128-bit part.
INLINE void NAME(transpose)(VEC v[4]) {
    VEC low01 = LOW32(v[0], v[1]), high01 = HIGH32(v[0], v[1]);
    VEC low23 = LOW32(v[2], v[3]), high23 = HIGH32(v[2], v[3]);
    v[0] = LOW64(low01, low23);
    v[1] = HIGH64(low01, low23);
    v[2] = LOW64(high01, high23);
    v[3] = HIGH64(high01, high23);
}

// Word i of the block at `offset` of every message, to m[i].
INLINE void NAME(load)(const uint8_t *const *messages, size_t offset, VEC m[16]) {
    for (int quarter = 0; quarter < 4; quarter++) {
        size_t at = offset + 16 * (size_t)quarter;
        VEC *four = m + 4 * quarter;
        four[0] = CONCAT(messages, 0, at);
        four[1] = CONCAT(messages, 1, at);
        four[2] = CONCAT(messages, 2, at);
        four[3] = CONCAT(messages, 3, at);
        NAME(transpose)(four);
    }
}

// The first `count` lanes of the chaining values h, each to its output. After the transposition
// part k of h[g] and of h[4 + g] are the two halves of message 4 * k + g.
INLINE void NAME(store)(VEC h[8], size_t count, uint8_t *const *outputs) {
    NAME(transpose)(h);
    NAME(transpose)(h + 4);
    const uint8_t *parts = (const uint8_t *)h;
    for (size_t lane = 0; lane < count; lane++) {
        const uint8_t *low = parts + (lane % 4) * sizeof(VEC) + (lane / 4) * 16;
        memcpy(outputs[lane], low, 16);
        memcpy(outputs[lane] + 16, low + 4 * sizeof(VEC), 16);
    }
}

// Hashes the `count` messages, 1 to LANES, that start with message `first` of the run. Lanes
// without a message repeat the last one, so that nothing beyond it is read. With each block it asks
// for `share` addresses that the caller wants, from number `asked` on.
static TARGET void NAME(hash)(
    const cblake3_run *run, size_t first, size_t count, uint8_t *output, size_t asked,
    size_t share) {
    const uint8_t *messages[LANES];
    uint8_t *outputs[LANES];
    for (size_t lane = 0; lane < LANES; lane++) {
        size_t index = first + (lane < count ? lane : count - 1);
        size_t from = run->ways ? run->ways[index].from : index;
        size_t to = run->ways ? run->ways[index].to : index;
        messages[lane] = run->start + from * run->blocks * 64;
        outputs[lane] = output + to * 32;
    }
    // The step is 0 or 1. A low half that wrapped around carries: the comparison is -1 there.
    uint64_t counter = run->counter + first * run->counter_step;
    VEC lane_numbers = LANE_NUMBERS;
    VEC counter_low = (uint32_t)counter + lane_numbers * (uint32_t)run->counter_step;
    VEC counter_high = (uint32_t)(counter >> 32) - (VEC)(counter_low < (uint32_t)counter);
    VEC h[8];
    for (int i = 0; i < 8; i++) h[i] = NAME(splat)(run->key[i]);
    for (size_t block = 0; block < run->blocks; block++) {
        uint32_t flags = run->flags;
        if (block == 0) flags |= run->first_flags;
        if (block == run->blocks - 1) flags |= run->last_flags;
        VEC m[16], s[16];
        NAME(load)(messages, block * 64, m);
        for (size_t end = asked + share; asked < end && asked < run->wanted_count; asked++) {
            cblake3_ask_for(run->wanted[asked]);
        }
        for (int i = 0; i < 8; i++) s[i] = h[i];
        for (int i = 0; i < 4; i++) s[8 + i] = NAME(splat)(cblake3_initial_value[i]);
        s[12] = counter_low;
        s[13] = counter_high;
        s[14] = NAME(splat)(64);
        s[15] = NAME(splat)(flags);
#pragma clang loop unroll(full)
        for (int round = 0; round < 7; round++) {
            const uint8_t *order = cblake3_order[round];
            NAME(mix)(s, 0, 4, 8, 12, m[order[0]], m[order[1]]);
            NAME(mix)(s, 1, 5, 9, 13, m[order[2]], m[order[3]]);
            NAME(mix)(s, 2, 6, 10, 14, m[order[4]], m[order[5]]);
            NAME(mix)(s, 3, 7, 11, 15, m[order[6]], m[order[7]]);
            NAME(mix)(s, 0, 5, 10, 15, m[order[8]], m[order[9]]);
            NAME(mix)(s, 1, 6, 11, 12, m[order[10]], m[order[11]]);
            NAME(mix)(s, 2, 7, 8, 13, m[order[12]], m[order[13]]);
            NAME(mix)(s, 3, 4, 9, 14, m[order[14]], m[order[15]]);
        }
        for (int i = 0; i < 8; i++) h[i] = s[i] ^ s[8 + i];
    }
    NAME(store)(h, count, outputs);
}

#undef INLINE
#undef VEC
#undef LANE_NUMBERS
#undef LANES
#undef NAME
#undef CONCAT
#undef LOW32
#undef HIGH32
#undef LOW64
#undef HIGH64
