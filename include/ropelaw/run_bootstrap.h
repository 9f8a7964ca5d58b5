/**
 * Bootstrap intervals of a run's break and onsets, for comparison with papers and where errors are not normal.
 *
 * The estimates are those of `fit` (fit.h): the hinge's break, the SOFT curve's onsets, Huber's of both where he is asked
 * for. One set of draws gives four intervals: percentile; BCa, the same corrected for bias and skewness; studentised, by
 * quantiles of (draw - estimate)/standard error; bootstrap-F, the profile cut at the drawn quantile of its F. Percentile
 * and BCa are too short below 24 lengths. A draw in which the curve never rises to an onset counts as one beyond every
 * length.
 *
 * What is drawn: residuals (inflated by sqrt(n/(n - p))), normal noise, whole points, or whole documents, whose deviations
 * are inflated by sqrt(n/(n-1)); with documents as clusters only the last one is right and allowed. Under a covariance
 * residuals and noise are drawn in units of equal variance.
 */
#ifndef ROPELAW_RUN_BOOTSTRAP_H
#define ROPELAW_RUN_BOOTSTRAP_H

#include <ropelaw/bootstrap.h>
#include <ropelaw/fit.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    ropelaw_resample resample; /* RESIDUALS */
    size_t n_draws;            /* 999 */
    uint64_t seed;             /* 1 */
    size_t threads;            /* 1 */
    const ropelaw_run_fit
        *fit; /* of this run under the same options: what it withholds is NAN; NULL: all is given */
    const ropelaw_progress *progress; /* NULL */
} ropelaw_run_bootstrap_options;

ROPELAW_API extern const ropelaw_run_bootstrap_options ropelaw_run_bootstrap_options_default;

/** Ends [token]: 0 and INFINITY for no limit on that side, NAN where the method gives none. */
typedef struct {
    double lo, hi;
} ropelaw_bootstrap_ends;

/** One estimate. */
typedef struct {
    double est_tok;
    ropelaw_bootstrap_ends percentile, bca, studentised, bootstrap_f;
    size_t n_lost; /* draws without such a length */
} ropelaw_bootstrap_target;

typedef struct {
    ropelaw_resample resample;
    size_t n_draws, n_units; /* units: points or documents that were drawn from */
    ropelaw_bootstrap_target break_tok;
    size_t n_onsets;
    ropelaw_bootstrap_target onset[ROPELAW_EPS_MAX];
    uint32_t caveats; /* FEW_POINTS: fewer than 24 lengths */
} ropelaw_run_bootstrap;

/** "residuals", "normal", "cases", "documents". Never NULL. */
ROPELAW_API const char *ropelaw_resample_str(ropelaw_resample resample);

/**
 * Draw and refit.
 *
 * In       run; options (NULL: default): level, eps, reference and all that fits the run; bootstrap (NULL: default)
 * Out      answer: the break wherever the run has a hinge (5 lengths), onsets from 6 lengths on
 * Returns  OK; as ropelaw_run_fit_eval; INVALID for a way of drawing that the run's errors do not allow; SHAPE for whole
 *          points of fewer than 8 different lengths; UNSUPPORTED for a run without a break to draw (below 5 lengths);
 *          CANCELLED; NOMEM.
 * Cost     n = 12: about 0.5 ms a draw with two onsets. The same bytes for any number of threads.
 */
ROPELAW_API ropelaw_status ropelaw_run_bootstrap_eval(const ropelaw_run *run,
                                                      const ropelaw_fit_options *options,
                                                      const ropelaw_run_bootstrap_options *bootstrap,
                                                      ropelaw_run_bootstrap *answer,
                                                      ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
