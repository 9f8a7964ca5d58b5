/**
 * Numerical rank of rotary features: how many directions of query-key scores the trained positions can tell apart.
 *
 * The scores of a head over distances s are combinations of cos(s w_n) and sin(s w_n). On the trained positions the
 * features of pairs that came round are nearly orthogonal, those of the others collapse onto a few directions, so that
 * the rank at a tolerance lies near the critical dimension. It needs nothing but frequencies: any RoPE method will do.
 */
#ifndef ROPELAW_RANK_H
#define ROPELAW_RANK_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most positions of ropelaw_rank_eval: the matrix of n_tok rows is held in memory. */
#define ROPELAW_RANK_TOK_MAX 16384

/** The matrix with the rows [cos(s w_0) .. cos(s w_last), sin(s w_0) ..], s = 0 .. n_tok-1. */
typedef struct {
    const double *freq; /* w_n [n_pairs] rad per token, >= 0 */
    size_t n_pairs;     /* 1 .. 2048 */
    size_t n_tok;       /* positions, 2*n_pairs .. ROPELAW_RANK_TOK_MAX */
} ropelaw_rotary_features;

/**
 * Singular values above tolerance * sqrt(n_tok/2), the norm of a column that comes round many times.
 *
 * In       features; tolerance [n] > 0
 * Out      rank [n]
 * Returns  OK; INVALID for NULL; DOMAIN naming the argument; NOMEM; NOCONV.
 * Cost     the singular values (LAPACK dgesdd) of n_tok x 2*n_pairs: 0.3 s for 4096 x 128. Threads: pure.
 * Golden   d 128, base 1e4, 4096 tokens: 48 at 1, 80 at 0.1, 85 at 1e-6 (critical dimension 92).
 */
ROPELAW_API ropelaw_status ropelaw_rank_eval(const ropelaw_rotary_features *features, const double *tolerance,
                                             size_t n, size_t *rank, ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
