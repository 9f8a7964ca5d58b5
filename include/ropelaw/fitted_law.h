/**
 * A law fitted to measured runs, as a plain value: prediction from it is arithmetic.
 *
 * Model       ln T = intercept + slope * ln base + eta,  eta ~ N(0, tau^2)
 *             T: length where the run leaves its plateau [token]; effective_dim = slope * rotary_dim;
 *             intercept_factor c = exp(intercept) / 2pi (1 in the theory).
 * Floor       a run does not break before the length it was tuned on: predictions are max(law, tune_len).
 * Made by     ropelaw_law_fit (law_fit.h), or read from a law file; intervals and the inverse question at a
 *             confidence are in law_fit.h, because they need quantiles.
 */
#ifndef ROPELAW_FITTED_LAW_H
#define ROPELAW_FITTED_LAW_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    char model[64];       /* the model the runs came from; "" if unnamed, cut if longer */
    char writer[32];      /* version of ropelaw that made the fit */
    double rotary_dim;    /* [1] */
    double pretrain_base; /* [1] */
    double train_len_tok; /* [token] */
    double critical_dim;  /* [1] what the theory says slope * rotary_dim should be */
    double intercept;     /* [ln token] at base 1 */
    double slope;         /* [1] per unit of ln base */
    double tau;           /* [ln token] scatter of runs about the law, maximum likelihood */
    double covariance[3]; /* of (intercept, slope): var, cov, var; maximum likelihood */
    double df;            /* degrees of freedom behind tau: uncensored runs minus fitted coefficients */
    double
        inflation; /* uncensored runs / df: turns the two maximum-likelihood variances into unbiased ones */
    double base_min, base_max; /* range of bases that the fit saw */
    size_t n_runs, n_censored; /* runs used; those of them that only gave a limit */
    uint32_t caveats;
} ropelaw_fitted_law;

/** The phase tolerance of the coverage bound, fitted to measured runs (phi_fit.h). n_models 0: not fitted. */
typedef struct {
    double phi_rad;          /* [rad] 0 .. pi */
    double lo_rad, hi_rad;   /* interval; NAN: too few runs for one */
    double level;            /* of the interval */
    double rms_out;          /* RMS of ln(observed / predicted) of models left out; NAN with one model */
    size_t n_models, n_runs; /* behind it */
    uint32_t caveats; /* AT_EDGE: phi at an end of 0 .. pi; FEW_POINTS: fewer than three models; DIGITISED */
} ropelaw_fitted_phi;

/**
 * Check that a law can be used: finite numbers, slope > 0, tau >= 0, a covariance that is none of indefinite
 * or negative.
 *
 * Returns  OK; DOMAIN naming the member.
 */
ROPELAW_API ropelaw_status ropelaw_fitted_law_check(const ropelaw_fitted_law *law,
                                                    ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Median length that the fitted law gives for a base.
 *
 * Definition  max(exp(intercept + slope * ln base), tune_len_tok)
 * In          base [1] > 1; tune_len_tok [token] >= 0 (0: no floor)
 * Out         length_tok [token]; caveats: EXTRAPOLATED outside [base_min, base_max], AT_EDGE where the floor
 * decides Returns     OK; DOMAIN naming the argument. Accuracy    2 ulp of exp(x) plus |x| ulp of its
 * argument. Cost O(1). Threads: pure.
 */
ROPELAW_API ropelaw_status ropelaw_fitted_law_predict(const ropelaw_fitted_law *law, double base,
                                                      double tune_len_tok, double *length_tok,
                                                      uint32_t *caveats,
                                                      ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Base at which the median of the law is target_len_tok (no confidence attached: half of all runs stay
 * below).
 *
 * Definition  exp((ln target_len_tok - intercept) / slope)
 * Returns     OK; DOMAIN naming the argument; UNSUPPORTED if the base would be outside (1, 1e300).
 */
ROPELAW_API ropelaw_status ropelaw_fitted_law_base(const ropelaw_fitted_law *law, double target_len_tok,
                                                   double *base, uint32_t *caveats,
                                                   ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Variance of ln T at a base: of the law's median, and of a new run (median + scatter).
 *
 * Definition  inflation * (var intercept + 2 u cov + u^2 var slope), u = ln base;  the same + inflation *
 * tau^2 In          law: as fitted; base [1] > 0 Out         median, run [ln token ^2]; NAN if the law has no
 * degrees of freedom (df <= 0)
 */
ROPELAW_API void ropelaw_fitted_law_variance(const ropelaw_fitted_law *law, double base, double *median,
                                             double *run);

#ifdef __cplusplus
}
#endif
#endif
