/* SOFT fits and profiles of one x: memory and grids are made once. One solver per thread. */
#ifndef ROPELAW_STATS_SOFT_SOLVER_H
#define ROPELAW_STATS_SOFT_SOLVER_H

#include "stats/onset.h"

typedef struct {
    double theta[SOFT_P];
    double rss;
    uint32_t at_bound; /* bit per parameter */
    bool converged;
} stats_soft;

typedef struct stats_soft_solver stats_soft_solver;
/* n >= 6. x and the metric of data are used in place and must outlive the solver. */
ropelaw_status stats_soft_solver_create(const stats_data *data, stats_soft_solver **solver,
                                        ropelaw_error *error) ROPELAW_MUST_USE;
void stats_soft_solver_destroy(stats_soft_solver *solver);

/* Fit y [n]; kept by reference for profiles until the next fit. NOMEM, or NOCONV if no start can be refined. */
ropelaw_status stats_soft_solver_fit(stats_soft_solver *solver, const double *y,
                                     stats_soft *fit) ROPELAW_MUST_USE;

/* A quantity of the curve to be held at a value. */
typedef enum { STATS_HOLD_ONSET, STATS_HOLD_PSI, STATS_HOLD_LN_W, STATS_HOLD_S1, STATS_HOLD_S2 } stats_held;

typedef struct {
    stats_held held;
    const stats_onset *onset; /* for ONSET */
} stats_target;

/* The quantity at theta and its gradient [SOFT_P] or NULL. S2 is the slope after the break, s1 + d. */
double stats_target_value(const stats_target *target, const double *theta, double *gradient);

/* Smallest sum of squares of the fitted y with the target held at `value`; theta: a start near the answer (in), the
   answer (out). INFINITY if nothing could be fitted. */
double stats_soft_solver_profile(stats_soft_solver *solver, const stats_target *target, double value,
                                 double *theta);

/* The same from this one start: the minimum nearest to it. */
double stats_soft_solver_refine(stats_soft_solver *solver, const stats_target *target, double value,
                                double *theta);

typedef struct {
    double lo, hi;  /* -INFINITY, INFINITY where the profile never rises to the cut */
    bool lower_fit; /* the profile found a smaller sum than the fit; the cut was lowered */
} stats_profile_interval;

/* {value : profile(value) <= rss + rise}, searched from the fit's own value in steps of its standard error up to the
   limits. Without a known sigma a better minimum found on the way scales the rise with it. */
void stats_soft_solver_interval(stats_soft_solver *solver, const stats_soft *fit, const stats_target *target,
                                const double limits[2], double rise, stats_profile_interval *interval);

/* Variance of a target for sigma 1 by the delta method; parameters on their bounds are held there. NAN if it is not
   identified. influence [n] (may be NULL; not under a covariance): how the target follows the points. */
double stats_soft_variance(const stats_data *data, const stats_soft *fit, const stats_target *target,
                           double *influence);

/* Its standard error, with sigma^2 = rss/(n - 5) unless known, and Huber's factor under his loss. */
double stats_soft_se(const stats_data *data, const stats_soft *fit, const stats_target *target);

/* Whitened residuals [n] of a parameter vector. */
void stats_soft_residuals(const stats_data *data, const double *theta, double *residual);

#endif
