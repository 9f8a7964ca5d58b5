/* Internal to the sweep: eight checked rows at a time. */
#ifndef ROPELAW_LAW_SWEEP_H
#define ROPELAW_LAW_SWEEP_H

#include <ropelaw/sweep.h>

/* Eight rows as the kernels take them: all in range, lengths with tune_len >= train_len. */
typedef struct {
    double rotary_dim[8], base[8], train_len[8], tune_base[8], tune_len[8];
    int pretrained; /* 1: tuned as pre-trained, all eight */
} law_sweep_rows;

typedef struct {
    double critical_dim[8], bound[8], bound_16b[8];
    double ratio[8];     /* of neighbouring periods, tune_base^(2/rotary_dim) */
    double ratio8[8];    /* its eighth power */
    double huge[8];      /* not 0: periods are beyond this arithmetic */
    double undecided[8]; /* not 0: too near an edge for double, ask the scalar law */
} law_sweep_answers;

typedef struct {
    void (*rows)(const law_sweep_rows *rows, law_sweep_answers *answers);
    /* n periods of one row: 2 pi ratio^k */
    void (*periods)(double ratio, double ratio8, size_t n, double *period_tok);
} law_sweep_kernel;

extern const law_sweep_kernel law_sweep_portable, law_sweep_avx2, law_sweep_avx512;

#endif
