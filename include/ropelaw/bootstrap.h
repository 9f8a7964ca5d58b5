/**
 * Other intervals for the break of a hinge, for comparison with papers: profile-F and bootstraps.
 *
 * The default of `fit` is the exact interval (fit.h). Measured coverage of nominal 95 % at 8 / 12 / 24 lengths (300 curves,
 * 399 draws): percentile .87 / .86 / .95, BCa .87 / .87 / .92, studentised .96 / .94 / .96, bootstrap-F .96 / .93 / .96.
 */
#ifndef ROPELAW_BOOTSTRAP_H
#define ROPELAW_BOOTSTRAP_H

#include <ropelaw/curve.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ROPELAW_BREAK_PROFILE_F,   /* residual sum cut at F(1, n-4); draws nothing */
    ROPELAW_BREAK_PERCENTILE,  /* quantiles of the resampled breaks; too short below 24 lengths */
    ROPELAW_BREAK_BCA,         /* bias-corrected and accelerated; likewise */
    ROPELAW_BREAK_STUDENTISED, /* quantiles of (break - estimate) / standard error */
    ROPELAW_BREAK_BOOTSTRAP_F  /* profile cut at the resampled quantile of F */
} ropelaw_break_method;

typedef enum {
    ROPELAW_RESAMPLE_RESIDUALS, /* fit + residuals, inflated by sqrt(n/(n-4)) */
    ROPELAW_RESAMPLE_NORMAL,    /* fit + normal noise */
    ROPELAW_RESAMPLE_CASES,     /* whole points */
    ROPELAW_RESAMPLE_DOCUMENTS  /* whole documents, of a run (run_bootstrap.h) */
} ropelaw_resample;

typedef struct {
    ropelaw_break_method method;
    ropelaw_resample resample;
    double level;                     /* 0.95 */
    size_t n_draws;                   /* 1999 */
    uint64_t seed;                    /* 1 */
    size_t threads;                   /* 1 */
    const ropelaw_progress *progress; /* NULL */
} ropelaw_break_options;

ROPELAW_API extern const ropelaw_break_options ropelaw_break_options_default; /* STUDENTISED, RESIDUALS */

typedef struct {
    double psi, lo, hi; /* [ln token]; lo, hi: +-INFINITY where the line itself is within the cut */
    uint32_t caveats;   /* FEW_POINTS: percentile or BCa below 24 lengths */
} ropelaw_break_interval;

/** "profile-F", "percentile", "BCa", "studentised", "bootstrap-F". Never NULL. */
ROPELAW_API const char *ropelaw_break_method_str(ropelaw_break_method method);

/**
 * Interval of the break.
 *
 * In       points: at least 5 different x; options (NULL: default)
 * Out      interval
 * Returns  OK; INVALID for NULL or unsorted x; SHAPE for too few points; DOMAIN naming what is out of range; NOMEM;
 *          CANCELLED.
 * Cost     n_draws * (1 us at n = 12). The same bytes for any number of threads.
 */
ROPELAW_API ropelaw_status ropelaw_break_interval_eval(const ropelaw_points *points,
                                                       const ropelaw_break_options *options,
                                                       ropelaw_break_interval *interval,
                                                       ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
