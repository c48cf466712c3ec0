/* Measures the official BLAKE3 implementation the way blake3-bench measures ours: the minimum
 * of many short runs, cycles taken from a chain of dependent one-cycle operations. */
#define _POSIX_C_SOURCE 200809L
#include "blake3.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds per cycle: a step of this generator is six dependent one-cycle operations. */
static double nanoseconds_per_cycle(void) {
    const int steps = 20000;
    double best = 1e30;
    volatile uint64_t seed = 88172645463325252u;
    for (int run = 0; run < 400; run++) {
        uint64_t x = seed;
        double start = now();
        for (int i = 0; i < steps; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
        }
        double taken = now() - start;
        seed = x;
        if (taken < best) best = taken;
    }
    return best / (6.0 * steps);
}

static volatile uint8_t sink;

static double fastest(const uint8_t *input, size_t size) {
    size_t repeats = 65536 / (size + 64) + 1;
    double best = 1e30;
    int runs = size > 10000000 ? 40 : size > 100000 ? 400 : 2000;
    for (int run = 0; run < runs; run++) {
        double start = now();
        for (size_t i = 0; i < repeats; i++) {
            uint8_t out[BLAKE3_OUT_LEN];
            blake3_hasher hasher;
            blake3_hasher_init(&hasher);
            blake3_hasher_update(&hasher, input, size);
            blake3_hasher_finalize(&hasher, out, BLAKE3_OUT_LEN);
            sink ^= out[0];
        }
        double taken = (now() - start) / (double)repeats;
        if (taken < best) best = taken;
    }
    return best;
}

int main(int argc, char **argv) {
    static const size_t sizes[] = {64, 1024, 16384, 1048576, 16777216};
    const size_t largest = 16777216;
    uint8_t *input = malloc(largest);
    if (input == NULL) return 1;
    for (size_t i = 0; i < largest; i++) input[i] = (uint8_t)(i % 251);
    double cycle = nanoseconds_per_cycle();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double taken = fastest(input, sizes[i]);
        printf("%-18s %9zu B %10.1f ns %8.2f GB/s %7.2f cycles/byte\n",
               argc > 1 ? argv[1] : "official", sizes[i], taken, (double)sizes[i] / taken,
               taken / cycle / (double)sizes[i]);
    }
    free(input);
    return 0;
}
