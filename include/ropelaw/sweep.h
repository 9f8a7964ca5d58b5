/**
 * Sweeps: the law over arrays of (base, train_len, rotary_dim), with vector instructions.
 */
#ifndef ROPELAW_SWEEP_H
#define ROPELAW_SWEEP_H

#include <ropelaw/cpu.h>
#include <ropelaw/law.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Row i is (rotary_dim[i], base[i], train_len_tok[i]), tuned as the last two say. */
typedef struct {
    size_t n_rows;
    const double *base;          /* [n_rows] pre-training base > 1 */
    const double *train_len_tok; /* [n_rows] [token] >= 7 */
    const size_t *rotary_dim;    /* [n_rows] even, 2 .. ROPELAW_ROTARY_DIM_MAX */
    const double *tune_base;     /* [n_rows] > 1; NULL: as pre-trained */
    const double *tune_len_tok;  /* [n_rows] [token] > 0; NULL: as train_len */
} ropelaw_sweep;

/** What is wanted: arrays that are NULL are left out. */
typedef struct {
    double *critical_dim;  /* [n_rows] of pre-training, at most rotary_dim */
    double *bound_tok;     /* [n_rows] closed_form, NAN where UNBOUNDED */
    double *bound_16b_tok; /* [n_rows] closed_form_16b, NAN where every pair saw a full period */
    double *
        period_tok; /* [n_rows][period_stride] periods at tune_base; a row's first rotary_dim/2 are written */
    size_t period_stride; /* doubles from row to row, >= rotary_dim/2 of every row */
} ropelaw_sweep_out;

/**
 * The law over arrays, with the newest instructions that `isa` and the processor allow.
 *
 * In       sweep; isa: ROPELAW_ISA_AVX512 for the best there is, lower to cap it
 * Out      the arrays in `out` that are not NULL; may not overlap the inputs
 * Returns  OK; INVALID; SHAPE if period_stride is too small; DOMAIN naming the argument and the row (nothing is
 *          written then).
 * Accuracy critical_dim and the regime are those of ropelaw_bound_eval, exactly; lengths and periods 3e-14 relative
 *          for bases up to 1e12, 64 (1 + ln base) 2^-53 beyond. Threads: pure. Cost: bench/sweep.c.
 */
ROPELAW_API ropelaw_status ropelaw_sweep_eval(const ropelaw_sweep *sweep, ropelaw_isa isa,
                                              const ropelaw_sweep_out *out,
                                              ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
