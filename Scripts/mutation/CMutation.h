#pragma once
#include <stdbool.h>
#include <stdint.h>

// Which bug is on: the number in MUTANT, read before anything runs, or 0 for none.
extern int32_t mutation_active;
// Which bugs' places were reached, for the list that the process leaves in MUTANTS_REACHED.
extern uint8_t mutation_reached[MUTATION_COUNT];

static inline bool mutation_is_on(int32_t number) {
    // Not written again and again: threads share the line of the cache.
    if (!mutation_reached[number]) mutation_reached[number] = 1;
    return mutation_active == number;
}
