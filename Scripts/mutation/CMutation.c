#include "CMutation.h"

#include <stdio.h>
#include <stdlib.h>

int32_t mutation_active;
uint8_t mutation_reached[MUTATION_COUNT];

static void write_reached(void) {
    FILE *file = fopen(getenv("MUTANTS_REACHED"), "w");
    if (!file) return;
    for (int number = 0; number < MUTATION_COUNT; number++) {
        if (mutation_reached[number]) fprintf(file, "%d\n", number);
    }
    fclose(file);
}

__attribute__((constructor)) static void begin(void) {
    const char *number = getenv("MUTANT");
    if (number) mutation_active = atoi(number);
    if (getenv("MUTANTS_REACHED")) atexit(write_reached);
}
