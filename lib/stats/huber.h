/* Huber's loss for hinges: a few wild points count by their sign instead of their square. */
#ifndef ROPELAW_STATS_HUBER_H
#define ROPELAW_STATS_HUBER_H

#include "stats/hinge.h"

/* Residuals within the limit count as in least squares. 1.345 standard deviations: 95 % efficient under normal errors. */
extern const double stats_huber_k;

/* Twice the loss of a whitened residual, r^2 within the limit and 2 limit |r| - limit^2 beyond, so that sums read as
   sums of squares; and the residual clipped to the limit. */
double stats_huber_square(double r, double limit);
double stats_huber_clip(double r, double limit);

typedef struct {
    stats_hinge hinge; /* rss: the sum of stats_huber_square */
    double
        scale; /* robust standard deviation of a residual of weight 1, from the fit of least absolute residuals */
} stats_huber_hinge;

/* Robust scale and Huber's hinge; data->huber is not read. No covariance. OK; SHAPE below 4 different x; NOMEM.
   scale 0: more than half of the points are fitted exactly, and the hinge is the least-squares one. */
ropelaw_status stats_huber_hinge_fit(const stats_data *data, stats_huber_hinge *fit,
                                     ropelaw_error *error) ROPELAW_MUST_USE;

/* The same with a limit that is given; memory [6n]. */
void stats_huber_hinge_solve(const stats_data *data, double limit, double *memory, stats_hinge *hinge);

/* Sum with the break held; memory [5n]. */
double stats_huber_held(const stats_data *data, double limit, double psi, double *memory);

/* What a rise of a Huber sum over its minimum is measured against, with p parameters fitted: sum(clip^2)/(n - p) over
   the share of points within the limit. The rise over it is about F(1, n - p). `spread` (may be NULL) is the factor of
   a variance, this over that share once more. residual [n] whitened. */
double stats_huber_unit(const double *residual, size_t n, size_t p, double limit, double *spread);

#endif
