/* The one source of chance: the same seed, the same numbers. */
#ifndef PEDILUVE_TESTS_SIMULATION_DICE_H
#define PEDILUVE_TESTS_SIMULATION_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_roll(struct dice *d) { /* splitmix64 */
    uint64_t z = d->state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/* 0 to below - 1; below 0: 0. */
static inline int32_t dice_below(struct dice *d, int32_t below) {
    return below > 0 ? (int32_t)((dice_roll(d) >> 32) % (uint64_t)below) : 0;
}

/* Once in n; never when n is 0. */
static inline bool dice_once_in(struct dice *d, int32_t n) { return n > 0 && dice_below(d, n) == 0; }

#endif
