/**
 * Long-range discrimination: which base keeps similar tokens ahead of random ones at every distance.
 *
 * B(m) = sum_n cos(m theta_n) is, up to a positive factor, by how much the expected score of a similar token
 * exceeds that of a random one at distance m. A length L asks for B(m) >= 0 at the distances m = 0 .. L-1.
 *
 * Source  Men et al. 2024 (arXiv:2405.14591), eq 9-11; Su Jianlin, kexue.fm/archives/10122 (distances to L-1,
 *         and the warning that the feasible bases are no interval, so that bisection gives wrong answers).
 * Limits  a necessary condition for retrieval derived from random vectors; it says nothing of perplexity.
 */
#ifndef ROPELAW_LONG_RANGE_H
#define ROPELAW_LONG_RANGE_H

#include <ropelaw/law.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where the search for the longest length stops. */
#define ROPELAW_LONG_RANGE_LEN_MAX 16777216.0

/**
 * B(m) = sum_n cos(m theta_n).
 *
 * In       theta [n_pairs], rad per token; distance_tok [token]
 * Returns  the sum. Accuracy n_pairs * distance * 2^-53 from the rounding of theta. Threads: pure.
 */
ROPELAW_API double ropelaw_long_range_eval(const double *theta, size_t n_pairs, double distance_tok);

/**
 * How many of the distances 0 .. n_distances-1 have B(m) < 0, and the first of them.
 *
 * In       theta [n_pairs], finite; n_distances <= 2^24
 * Out      n_negative; first (n_distances if there is none); either may be NULL
 * Returns  OK; INVALID; DOMAIN.
 * Golden   1e4^(-2n/128)/8 for n >= 44, (1e4 * 8^(128/88))^(-2n/128) below: 2554 negative among 0 .. 30720
 *          (Men et al., Table 4); base (5e6): none.
 */
ROPELAW_API ropelaw_status ropelaw_long_range_count(const double *theta, size_t n_pairs, size_t n_distances,
                                                    size_t *n_negative, size_t *first,
                                                    ropelaw_error *error) ROPELAW_MUST_USE;

typedef struct {
    double len_tok;   /* tokens: the first negative distance; NAN if none below 2^24 */
    uint32_t caveats; /* CENSORED: longer than 2^24 */
} ropelaw_long_range_len;

/**
 * Longest length of a base: B(m) >= 0 for m = 0 .. len-1, searched up to 2^24.
 *
 * In       base [1] > 1; rotary_dim [1] even
 * Out      len
 * Returns  OK; INVALID; DOMAIN; NOMEM.
 * Golden   d 4: base 100 -> 3, base 1e4 -> 22 (first negative distances; Men's L is one less).
 */
ROPELAW_API ropelaw_status ropelaw_long_range_len_find(double base, size_t rotary_dim,
                                                       ropelaw_long_range_len *len,
                                                       ropelaw_error *error) ROPELAW_MUST_USE;

/** A question for the smallest base. */
typedef struct {
    double length_tok;                /* L [token] 2 .. 2^24 */
    size_t rotary_dim;                /* d [1] even, 2 .. ROPELAW_ROTARY_DIM_MAX */
    double base_max;                  /* where the search gives up [1] > 1; 1e12 is plenty for 2^24 */
    const ropelaw_progress *progress; /* NULL: none */
} ropelaw_long_range_query;

typedef struct {
    double base; /* smallest feasible base, 1 if every base is; NAN if none up to base_max */
    double
        resolution;   /* of ln(base) where a step was not proven (GRID); 0: every smaller base is ruled out */
    size_t n_evals;   /* evaluations of B by the search */
    size_t witness;   /* the distance that rules out the bases just below; 0 if there are none */
    uint32_t caveats; /* GRID: some steps were not proven; CENSORED: none up to base_max */
} ropelaw_long_range_base;

/**
 * Smallest base for a length.
 *
 * The feasible set is no interval: the search walks upwards, carries a distance with B < 0 from base to base
 * and looks for another only when that one fails; its steps are those for which Lipschitz bounds of B and B' in
 * ln(base) prove that B stays negative.
 *
 * In       query
 * Out      found
 * Returns  OK; INVALID; DOMAIN; NOMEM; CANCELLED.
 * Accuracy the base at which min B crosses minus the rounding error of B (n_pairs * (4e-12 + 4e-16 L)): about 1e-10
 *          relative for 1024 tokens, 1e-12 for a million. Cost: 1M tokens with d = 128 in about a second.
 * Golden   d 128: 1024 -> 4293.44, 2048 -> 11587.24, 4096 -> 26952.34, 8192 -> 83763.84.
 */
ROPELAW_API ropelaw_status ropelaw_long_range_base_find(const ropelaw_long_range_query *query,
                                                        ropelaw_long_range_base *found,
                                                        ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
