/* Internal to the sweep: blocks of checked rows at a time. */
#ifndef ROPELAW_LAW_SWEEP_H
#define ROPELAW_LAW_SWEEP_H

#include <ropelaw/sweep.h>

enum {
    LAW_SWEEP_LANES = 16, /* a block has a multiple of this many rows */
    LAW_SWEEP_BLOCK = 64  /* and at most this many */
};

typedef struct {
    double critical_dim[LAW_SWEEP_BLOCK], bound[LAW_SWEEP_BLOCK], bound_16b[LAW_SWEEP_BLOCK];
    double ratio[LAW_SWEEP_BLOCK];  /* of neighbouring periods, tune_base^(2/rotary_dim); only if asked for */
    double ratio8[LAW_SWEEP_BLOCK]; /* its eighth power; only if asked for */
    double huge[LAW_SWEEP_BLOCK];   /* not 0: periods are beyond this arithmetic */
    double undecided[LAW_SWEEP_BLOCK]; /* not 0: too near an edge for double, ask the scalar law */
} law_sweep_answers;

typedef struct {
    /* Are rows first .. first + n - 1, n a multiple of LAW_SWEEP_LANES, all in range, and is rotary_dim/2 <= stride? */
    int (*fine)(const ropelaw_sweep *sweep, size_t first, size_t n, size_t stride);
    /* The n rows from `first` on, all in range; n a multiple of LAW_SWEEP_LANES, at most a block. 1: a row is huge or undecided. */
    int (*rows)(const ropelaw_sweep *sweep, size_t first, size_t n, int with_ratio,
                law_sweep_answers *answers);
    /* n periods of one row: 2 pi ratio^k; with `stream` past the caches, period_tok on 64 bytes then */
    void (*periods)(double ratio, double ratio8, size_t n, int stream, double *period_tok);
} law_sweep_kernel;

extern const law_sweep_kernel law_sweep_portable, law_sweep_avx2, law_sweep_avx512;

#endif
