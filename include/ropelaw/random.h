/**
 * Counter-based random numbers: Philox4x32-10.
 *
 * A stream is a value: (seed, stream) names it, no state is shared, and stream k is the same
 * whatever the number of threads or the order in which streams are used.
 *
 * Source  Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
 */
#ifndef ROPELAW_RANDOM_H
#define ROPELAW_RANDOM_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    uint32_t used;      /* words of block already given out */
    int has_normal;     /* a second normal deviate waits in `normal` */
    double normal;
} ropelaw_random;

/** Stream number `stream` of `seed`. Threads: pure. */
ROPELAW_API void ropelaw_random_init(ropelaw_random *random, uint64_t seed, uint64_t stream);

/** The next 32 random bits. */
ROPELAW_API uint32_t ropelaw_random_bits(ropelaw_random *random);

/** Uniform on (0, 1) in steps of 2^-52, never 0 or 1. */
ROPELAW_API double ropelaw_random_uniform(ropelaw_random *random);

/** Standard normal (Box-Muller). */
ROPELAW_API double ropelaw_random_normal(ropelaw_random *random);

/** Uniform on 0 .. n-1 without bias; n >= 1. */
ROPELAW_API uint64_t ropelaw_random_below(ropelaw_random *random, uint64_t n);

#ifdef __cplusplus
}
#endif
#endif
