/**
 * The scaling laws of RoPE-based extrapolation (Liu et al. 2024, arXiv:2310.05209).
 *
 * A model pre-trained with base b0 on sequences of T tokens and tuned with base b on T' tokens. With
 * raw = (d/2) ln(T/2pi) / ln(b0) the critical dimension is 2*ceil(raw): the rotary dimensions whose pairs saw
 * a full period in pre-training. Then
 *
 *   (16a) critical base   b_0 = b0 ^ ( ln(T'/2pi) / ln(T/2pi) )
 *   (16b) b >  b_0        bound = 2*pi * b^(critical_dim/d)
 *   (16c) b <= b_0        bound = T', and the critical dimension becomes 2*ceil((d/2) ln(T'/2pi)/ln(b))
 *   (16d) small bases     2*T'/pi, T'/pi, T'/(2*pi)
 *
 * Three things are called "the law" and are kept apart by name: `closed_form` is (16a-c) as printed, with its
 * jump at b_0; `closed_form_16b` is (16b) whatever the regime; `strict` is phase coverage with phi = 0
 * (coverage.h). The paper states the law for b0 = 10000; any other b0 is common practice, not its claim, and
 * carries the caveat OUTSIDE_THEORY. Logarithms are natural. Lengths are in tokens.
 */
#ifndef ROPELAW_LAW_H
#define ROPELAW_LAW_H

#include <ropelaw/rope.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Shortest length in the domain of the law: below 2*pi no pair completes a turn. */
#define ROPELAW_LEN_MIN 7.0

/** Where the paper took its stand: the pre-training base of LLaMA and LLaMA2. */
#define ROPELAW_PAPER_BASE 10000.0

typedef enum {
    ROPELAW_REGIME_TUNED,      /* (16c): the tuned length is the bound */
    ROPELAW_REGIME_LARGE_BASE, /* (16b): the base carries beyond the tuned length */
    ROPELAW_REGIME_SMALL_BASE  /* (16d): a tuned base below 2*T'/pi */
} ropelaw_regime;

/** "tuned", "large_base", "small_base". Threads: pure. */
ROPELAW_API const char *ropelaw_regime_str(ropelaw_regime regime);

/** Pre-training and tuning of one model. tune_base == pretrain_base and tune_len == train_len: as
 * pre-trained. */
typedef struct {
    size_t rotary_dim;    /* d [1], even, 2 .. ROPELAW_ROTARY_DIM_MAX */
    double pretrain_base; /* b0 [1] > 1 */
    double train_len_tok; /* T [token] >= 7 */
    double tune_base;     /* b [1] > 1 */
    double tune_len_tok;  /* T' [token] > 0; below train_len it counts as train_len, with a caveat */
} ropelaw_setting;

/** OK if every member lies in its range, else DOMAIN naming the first that does not. Threads: pure. */
ROPELAW_API ropelaw_status ropelaw_setting_check(const ropelaw_setting *setting,
                                                 ropelaw_error *error) ROPELAW_MUST_USE;

typedef struct {
    size_t dim;       /* 2*ceil(raw), at most d */
    double dim_real;  /* 2*raw, not limited to d */
    int full;         /* 1 if raw >= d/2: every pair saw a full period */
    uint32_t caveats; /* ILL_CONDITIONED if even 30 digits leave the count open; else 0 */
} ropelaw_critical;

/**
 * Number of leading rotary dimensions that saw a full period in pre-training.
 *
 * Definition  2 * #{ n >= 0 : 2*pi*base^(2n/d) <= train_len }, limited to d.
 * Source      Liu et al. 2024, Lemma 1; closed form 2*ceil(d/2 * ln(train_len/2pi)/ln(base)).
 * In          rotary_dim [1] even, 2 .. ROPELAW_ROTARY_DIM_MAX; base [1] > 1; train_len_tok [token] >= 7
 * Out         critical
 * Returns     OK; INVALID for NULL; DOMAIN naming the argument.
 * Accuracy    exact count (near an integer it is decided in double-double arithmetic). O(1). Threads: pure.
 * Golden      d 128, base 1e4, 4096 tokens -> 92 (real 90.05376254750910).
 */
ROPELAW_API ropelaw_status ropelaw_critical_dim_count(size_t rotary_dim, double base, double train_len_tok,
                                                      ropelaw_critical *critical,
                                                      ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Critical base (16a): the base up to which the tuned length is the bound; no ceiling in it.
 *
 * In       pretrain_base [1] > 1; train_len_tok, tune_len_tok [token] >= 7
 * Out      base [1]; exactly pretrain_base if the lengths are equal; INFINITY beyond the largest double
 * Returns  OK; INVALID for NULL; DOMAIN naming the argument.
 * Accuracy 1 ulp where long double is wider than double, else 1e-13 relative. Threads: pure.
 * Golden   1e4, 4096 -> 16384: 71738.4362; 1e6, 32768 -> 131072: 9370821.043 (Mistral-Large).
 */
ROPELAW_API ropelaw_status ropelaw_critical_base_eval(double pretrain_base, double train_len_tok,
                                                      double tune_len_tok, double *base,
                                                      ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * The other "base for a length": inverse of (16b), base = (length/2pi)^(d/critical_dim).
 *
 * In       rotary_dim, pretrain_base, train_len_tok: of the pre-trained model (only these members are read);
 *          length_tok [token] >= 7
 * Out      base [1]; NAN if every pair saw a full period (the law then gives no bound); INFINITY on overflow
 * Returns  OK; INVALID for NULL; DOMAIN naming the argument.
 * Source   survey 2502.17129 eq 4; LongLLaDA (2506.14429) eq 6, where base/b0 is rounded up to an integer.
 * Golden   LLaMA2 (d 128, 1e4, 4096) for 16384: 56627.7967.
 */
ROPELAW_API ropelaw_status ropelaw_bound_base_eval(const ropelaw_setting *setting, double length_tok,
                                                   double *base, ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Small-base thresholds (16d): 2*T'/pi, T'/pi, T'/(2*pi).
 *
 * In       tune_len_tok [token] > 0
 * Out      base [3], falling
 * Limits   Men et al. (2405.14591) show that small bases keep perplexity and lose retrieval.
 * Golden   4096: 2607.59, 1303.80, 651.90.
 */
ROPELAW_API ropelaw_status ropelaw_small_base_eval(double tune_len_tok, double *base,
                                                   ropelaw_error *error) ROPELAW_MUST_USE;

/** Everything that the law says about one setting. */
typedef struct {
    ropelaw_regime regime;
    ropelaw_critical critical; /* of pre-training */
    ropelaw_critical
        tuned; /* (16c) critical dimension of (tune_base, tune_len); what it means needs regime TUNED */
    double tune_len_tok;  /* the length computed with: max(train_len, tune_len) */
    double critical_base; /* (16a) */
    double bound_base;    /* inverse of (16b) for tune_len_tok; NAN if critical.full */
    double small_base[3]; /* (16d) */
    double bound_tok;     /* closed_form; NAN with the caveat UNBOUNDED */
    double
        bound_real_tok;   /* closed form without the ceiling, continuous at critical_base; NAN as bound_tok */
    double bound_16b_tok; /* closed_form_16b: 2*pi*b^(critical_dim/d); NAN if critical.full */
    double drop_len_tok;  /* tuned length at which tune_base becomes critical; NAN if tune_base <= b0 */
    uint32_t caveats;     /* OUTSIDE_THEORY, REGIME_SMALL_BASE, TUNE_BELOW_TRAIN, NOT_MONOTONE, UNBOUNDED,
                             AT_EDGE, ILL_CONDITIONED */
} ropelaw_bound;

/**
 * Extrapolation bound in all regimes.
 *
 * In       setting
 * Out      bound
 * Returns  OK; INVALID for NULL; DOMAIN naming the argument.
 * Limits   as pre-trained the bound is train_len exactly. Never drops with base or train_len; may drop with
 *          tune_len (caveat NOT_MONOTONE when tune_len lies between drop_len_tok/2 and the end of the drop).
 *          Where every pair saw a full period a large base has no bound. Measured errors: docs/laws.md.
 * Accuracy regime exact; lengths 4 ulp where long double is wider than double, else 1e-13. Threads: pure.
 * Golden   d 128, 1e4 -> 1e6, 4096 -> 16384: LARGE_BASE, 129026.78; base 1e4, 4096: TUNED, 4096.
 */
ROPELAW_API ropelaw_status ropelaw_bound_eval(const ropelaw_setting *setting, ropelaw_bound *bound,
                                              ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Smallest tuned length with which setting->tune_base reaches a wanted bound.
 *
 * The bound is not monotone in the tuned length, so this goes by cases: train_len if (16b) already reaches
 * the wanted bound there, else the wanted bound itself, which then lies in the regime TUNED.
 *
 * In       setting (tune_len_tok is not read); bound_tok [token] >= 7
 * Out      tune_len_tok [token] >= train_len
 * Returns  OK; INVALID for NULL; DOMAIN naming the argument.
 * Golden   LLaMA2, base 1e6: 128000 tokens need 4096; 131072 need 131072.
 */
ROPELAW_API ropelaw_status ropelaw_tune_len_find(const ropelaw_setting *setting, double bound_tok,
                                                 double *tune_len_tok, ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Smallest base with which setting->tune_len_tok reaches a wanted bound by the closed form.
 *
 * Any base reaches tune_len; beyond it the base must exceed critical_base and (16b) must reach the bound.
 *
 * In       setting (tune_base is not read); bound_tok [token] >= 7
 * Out      base [1]: ropelaw_bound_eval gives at least bound_tok with it; pretrain_base where that is enough;
 *          NAN if every pair saw a full period and bound_tok > tune_len
 * Returns  OK; INVALID for NULL; DOMAIN naming the argument.
 */
ROPELAW_API ropelaw_status ropelaw_tune_base_find(const ropelaw_setting *setting, double bound_tok,
                                                  double *base, ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
