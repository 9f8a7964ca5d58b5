/**
 * Plain RoPE: the rotary spectrum of one head.
 *
 * Pair n (0-based, n = 0 .. rotary_dim/2 - 1) turns by theta_n = base^(-2n/rotary_dim) per token, so it
 * comes round after period_n = 2*pi / theta_n tokens. rotary_dim is the denominator of the exponent: for
 * partial rotary that is int(head_dim * fraction).
 *
 * Source  Su et al. (arXiv:2104.09864); periods and turns as in Liu et al. (arXiv:2310.05209), Lemma 1.
 */
#ifndef ROPELAW_ROPE_H
#define ROPELAW_ROPE_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Largest rotary_dim that is accepted: far above any model, so that a typo does not ask for gigabytes. */
#define ROPELAW_ROTARY_DIM_MAX 65536

/** One rotated pair as pre-training saw it. */
typedef struct {
    double theta;          /* angular frequency [rad/token] */
    double period_tok;     /* 2*pi / theta [token] */
    double turns;          /* train_len / period [1] */
    double phase_seen_rad; /* arc of phases on distances 0 .. train_len-1, at most 2*pi [rad] */
    int critical;          /* 1 if it counts into critical_dim: its period fits into train_len */
} ropelaw_pair;

/**
 * Angular frequencies theta_n = base^(-2n/rotary_dim).
 *
 * In       base [1] > 1; rotary_dim [1] even, 2 .. ROPELAW_ROTARY_DIM_MAX
 * Out      theta [rotary_dim/2], rad per token, decreasing from 1
 * Returns  OK; INVALID for NULL; DOMAIN naming the argument.
 * Accuracy 1 ulp where long double is wider than double, else 1e-14 relative. Threads: pure.
 * Golden   base 1e4, d 128: theta_1 = 0.86596432336006535, theta_63 = 1.1547819846894582e-4.
 */
ROPELAW_API ropelaw_status ropelaw_freqs_eval(double base, size_t rotary_dim, double *theta,
                                              ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * The whole spectrum: frequency, period, turns and phase seen of every pair.
 *
 * In       base, rotary_dim as above; train_len_tok [token] >= 7
 * Out      pairs [rotary_dim/2]; the pairs with `critical` set are the first critical_dim/2 (see law.h)
 * Returns  OK; INVALID for NULL; DOMAIN naming the argument.
 * Accuracy as ropelaw_freqs_eval; `critical` is exact. Threads: pure.
 * Golden   base 1e4, d 128, 4096 tokens: period_45 = 4080.18512627 is critical, period_46 = 4711.72427802
 *          is not.
 */
ROPELAW_API ropelaw_status ropelaw_spectrum_eval(double base, size_t rotary_dim, double train_len_tok,
                                                 ropelaw_pair *pairs, ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
