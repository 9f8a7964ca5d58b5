/* Exact least squares of the hinge a + s1 (x - psi) + d (x - psi)_+ for many right sides over the same x. */
#ifndef ROPELAW_STATS_HINGE_H
#define ROPELAW_STATS_HINGE_H

#include "stats/data.h"

/* What depends on x and the weights only. Made once, read by any number of threads. */
typedef struct stats_hinge_plan stats_hinge_plan;

typedef struct {
    double psi;        /* the break */
    double alpha;      /* the curve at psi */
    double slope_left; /* 0 under plateau */
    double slope_right;
    double rss;
    bool at_knot; /* psi is a data point: one-sided derivatives differ there */
} stats_hinge;

/* x and the metric of data (y is not read), copied; plateau fixes the left slope at 0. Under a covariance the plan
   takes 6 n m doubles and a search 6 n m steps, else 20 n and 20 n.
   OK; SHAPE with fewer than 4 distinct x; NOMEM. */
ropelaw_status stats_hinge_create(const stats_data *data, bool plateau, stats_hinge_plan **plan,
                                  ropelaw_error *error) ROPELAW_MUST_USE;
void stats_hinge_destroy(stats_hinge_plan *plan);

/* Doubles of scratch that the two calls below need. */
size_t stats_hinge_scratch(const stats_hinge_plan *plan);

/* The smallest weighted residual sum of squares over all breaks in [x_(2), x_(m-1)]; m distinct values. O(n).
 */
double stats_hinge_rss(const stats_hinge_plan *plan, const double *y, double *scratch);

/* The whole solution, its rss recomputed from the residuals. */
void stats_hinge_solve(const stats_hinge_plan *plan, const double *y, double *scratch, stats_hinge *hinge);

/* Only the break of the solution. */
double stats_hinge_break(const stats_hinge_plan *plan, const double *y, double *scratch);

#endif
