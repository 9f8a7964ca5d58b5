/* The shape that all runs of a model share, fitted to all their curves at once. */
#ifndef ROPELAW_FIT_LAW_SHAPE_H
#define ROPELAW_FIT_LAW_SHAPE_H

#include "fit/law_curve.h"

typedef struct {
    fit_shape shape;
    double sigma;    /* residual standard deviation in units of 1/sqrt(weight) */
    double rss, df;  /* df: active points - runs - broken runs - 3 */
    double gradient; /* largest component of the gradient of (N/2) ln rss at the end */
    size_t n_points, n_broken;
    double p_break;        /* of the breaks, against straight lines of one slope */
    double shift_variance; /* of the mean psi of the broken runs, from the covariance of the shape */
    bool at_bound;         /* rise or width on a bound */
    bool sigma_given;      /* sigma is 1: df is below the least that would estimate it */
    bool converged;
} fit_shape_fit;

/* Below this many degrees of freedom an estimate of sigma is hardly one. */
#define FIT_DF_GOOD 4

/* How a fit is spread over threads and watched. */
typedef struct {
    size_t threads;                   /* the same bytes for any number */
    const ropelaw_progress *progress; /* NULL; called by the thread that called */
    double from, to;                  /* share of the whole that this fit is */
} fit_watch;

typedef struct {
    bool known;             /* the weights are 1/se^2 */
    double width;           /* > 0: of the bend; else it is fitted */
    const fit_watch *watch; /* NULL: one thread, nobody watches */
} fit_shape_given;

/* sigma is estimated where df >= 4, or >= 1 if the weights are not 1/se^2 (`known`); else it is 1 if known, or NOCONV.
   INVALID without a curve whose points could show a break. */
ropelaw_status fit_shape_joint(const fit_curve *curves, size_t n, bool known, fit_shape_fit *fit,
                               ropelaw_error *error);
ropelaw_status fit_shape_watched(const fit_curve *curves, size_t n, const fit_shape_given *given,
                                 fit_shape_fit *fit, ropelaw_error *error);

#endif
