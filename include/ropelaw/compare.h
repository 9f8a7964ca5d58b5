/**
 * Which rule predicts better? Rules of extrapolation against measured onsets or brackets, fairly: each rule as it
 * stands, with its one free number fitted, and with that number fitted on the other models only.
 */
#ifndef ROPELAW_COMPARE_H
#define ROPELAW_COMPARE_H

#include <ropelaw/law.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is known of one run: its onset lies in [lo, hi] (equal: measured; hi INFINITY: it never broke). */
typedef struct {
    const char *model; /* runs of one model are left out together */
    ropelaw_setting setting;
    double lo_tok, hi_tok;
} ropelaw_compare_case;

typedef struct {
    const char *rule;      /* "closed_form", "strict", "coverage", "band", "real_critical_dim" */
    const char *parameter; /* what is fitted: "factor" on the length, "phi_rad", or "dim_ratio" */
    size_t n_cases;        /* cases for which the rule gives a length */
    size_t n_models;
    double as_is; /* the parameter unfitted: factor 1, phi 1 rad, ratio 30/35 (LLaMA3-8B in LongRoPE2) */
    double rms, lo,
        hi; /* as it stands: RMS of ln(observed/predicted), smallest and largest observed/predicted */
    double fitted, rms_fitted;      /* the parameter that minimises the RMS over all cases */
    double rms_out, out_lo, out_hi; /* each model predicted from the others */
    double fitted_lo, fitted_hi;    /* range of the parameter over the left-out fits */
} ropelaw_compare_row;

enum { ROPELAW_COMPARE_RULES = 5 };

/**
 * The length that a rule predicts.
 *
 * In       rule: index of its row below (0 closed_form, 1 strict, 2 coverage, 3 band, 4 real_critical_dim); parameter:
 *          its number (factor, phi [rad], or ratio)
 * Out      length_tok; NAN where the rule gives no bound
 * Returns  OK; INVALID for NULL or no such rule; DOMAIN. Threads: pure.
 */
ROPELAW_API ropelaw_status ropelaw_compare_length(size_t rule, const ropelaw_setting *setting,
                                                  double parameter, double *length_tok,
                                                  ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Compare the rules on the cases.
 *
 * Definition  the error of a case is ln(observed/predicted), where observed is the end of [lo, hi] nearer to the
 *             prediction, and 0 inside it; models count by their cases. phi is searched on 0 .. 3.1 rad in steps of
 *             0.01, the factor on exp(-1) .. exp(1) in steps of 0.005 of its logarithm, the ratio on 0.5 .. 1.5 in
 *             steps of 0.0025. `band` (Oka et al. name a pair, not a length) is the length up to which the pair that
 *             varies most stays the same: train_len (base/pretrain_base)^(2 pair/d). `real_critical_dim` (LongRoPE2)
 *             is 2 pi base^(ratio critical_dim/d). Both give tune_len where that is longer.
 * Out         rows [ROPELAW_COMPARE_RULES]; rms_out NAN with fewer than two models
 * Returns     OK; INVALID for NULL or no cases; DOMAIN for a case outside the law; NOMEM. Threads: pure.
 */
ROPELAW_API ropelaw_status ropelaw_compare_rules(const ropelaw_compare_case *cases, size_t n_cases,
                                                 ropelaw_compare_row *rows,
                                                 ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
