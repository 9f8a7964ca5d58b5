/**
 * Phase coverage: how far every pair stays near phases it was trained on.
 *
 * Pair n was pre-trained with frequency a_n on distances 0 .. train_len-1 and is used (and was tuned on
 * distances 0 .. tune_len-1) with frequency w_n. It saw the arc [0, arc_n],
 * arc_n = max((train_len-1) a_n, (tune_len-1) w_n). With tolerance phi the pair is safe if
 * arc_n + 2 phi >= 2 pi; the other pairs are good up to the distance
 * max((train_len-1) a_n/w_n, tune_len-1) + phi/w_n. The smallest of these decides; the bound in tokens is
 * floor(distance) + 1. Nothing is assumed about where the frequencies came from (base change, YaRN, LongRoPE,
 * partial rotary, per-layer bases), and there is no ceiling in it.
 *
 * Limits  phi = 0 is the strict reading, phi = 1 rad describes small models trained for this project; large
 *         models lie between, and not even phi = 0 is always safe (base 1e6 tuned at 4096: strict bound
 * 112138, raised perplexity already at 49152). Without a fit, read the span phi 0 .. 1 and no single number.
 */
#ifndef ROPELAW_COVERAGE_H
#define ROPELAW_COVERAGE_H

#include <ropelaw/law.h>

#ifdef __cplusplus
extern "C" {
#endif

/** No pair: what `pair` says when none is unsafe. */
#define ROPELAW_NO_PAIR ((size_t)-1)

typedef struct {
    size_t n_pairs;
    const double *pretrain_freq; /* a_n [n_pairs], rad per token, >= 0 */
    const double
        *tune_freq;       /* w_n [n_pairs], rad per token, >= 0; pairs with 0 do not rotate and are skipped */
    double train_len_tok; /* [token] >= 1 */
    double tune_len_tok;  /* [token] >= 1; 1: never tuned with tune_freq */
} ropelaw_arcs;

typedef struct {
    double
        bound_tok; /* tokens of the longest good context, floor(distance_tok) + 1; NAN if no pair is unsafe */
    double distance_tok; /* last good distance, not rounded; NAN likewise. Figures of the literature and of
                            docs/laws.md for phase coverage are such distances, rounded */
    size_t pair;         /* the deciding pair, the lowest on ties; ROPELAW_NO_PAIR likewise */
    uint32_t caveats;    /* UNBOUNDED if no pair is unsafe */
} ropelaw_coverage;

/**
 * Coverage bound of arbitrary frequencies.
 *
 * In       arcs; phi_rad [rad] 0 .. pi
 * Out      coverage
 * Returns  OK; INVALID for NULL or no pairs; DOMAIN naming the argument.
 * Source   ropelaw (docs/laws.md, "Phase coverage").
 * Accuracy distance 4 ulp. Cost O(n_pairs). Threads: pure.
 * Golden   LLaMA2 (d 128, 1e4, 4096) with base 1e6: last good distance 112138 for phi 0 (pair 46, bound
 *          112139) and 161118 for phi 1 (pair 48).
 */
ROPELAW_API ropelaw_status ropelaw_coverage_eval(const ropelaw_arcs *arcs, double phi_rad,
                                                 ropelaw_coverage *coverage,
                                                 ropelaw_error *error) ROPELAW_MUST_USE;

/** What one pair of arcs saw in training, and how far it stays near it. */
typedef struct {
    double theta;      /* frequency in use [rad/token] */
    double period_tok; /* 2*pi / theta [token]; INFINITY for a pair that does not rotate */
    double turns;      /* train_len / period: turns of the frequency in use on the pre-training length [1] */
    double pretrain_turns; /* the same of the pre-training frequency [1] */
    double phase_seen_rad; /* arc_n, at most 2*pi; 0 for a pair that does not rotate */
    int critical;    /* 1: it came round in training, train_len * a_n >= 2*pi or tune_len * w_n >= 2*pi */
    double good_tok; /* last good distance of this pair with the tolerance; NAN if it is safe at any */
} ropelaw_pair_arc;

/**
 * Every pair of arbitrary frequencies by itself: turns, phases seen, and its own coverage.
 *
 * The pairs with `critical` set are the critical dimension of any method: for plain RoPE as pre-trained twice their
 * number is ropelaw_critical_dim_count's, after a change of base the larger one of pre-training and of (16c).
 *
 * In       arcs; phi_rad [rad] 0 .. pi
 * Out      pairs [n_pairs]: the smallest good_tok is ropelaw_coverage_eval's distance
 * Returns  as ropelaw_coverage_eval.
 * Accuracy 4 ulp; `critical` is decided on the frequencies as given, so that a period within 2 ulp of a length may
 *          fall on either side. Threads: pure.
 * Golden   LLaMA2 as pre-trained: 46 pairs critical; with NTK factor 4 (base 40890) tuned on 16384 tokens: 48.
 */
ROPELAW_API ropelaw_status ropelaw_arcs_eval(const ropelaw_arcs *arcs, double phi_rad,
                                             ropelaw_pair_arc *pairs, ropelaw_error *error) ROPELAW_MUST_USE;

/** The same for plain RoPE before and after a change of base; tune_len < train_len counts as train_len. */
ROPELAW_API ropelaw_status ropelaw_coverage_base_eval(const ropelaw_setting *setting, double phi_rad,
                                                      ropelaw_coverage *coverage,
                                                      ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
