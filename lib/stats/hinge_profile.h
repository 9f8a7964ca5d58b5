/* A hinge with its break held: sums of squares, intervals cut from them, and how the break follows the data. */
#ifndef ROPELAW_STATS_HINGE_PROFILE_H
#define ROPELAW_STATS_HINGE_PROFILE_H

#include "stats/hinge.h"

/* Sum of squares with the break held at psi (anywhere); memory [4n]. plateau: left slope known to be 0. */
double stats_hinge_held(const stats_data *data, bool plateau, double psi, double *memory);

/* Linear influence of the points on the break: psi moves by influence'dy. Returns the variance of psi for sigma 1,
   INFINITY if the break is not determined. memory [4n], influence [n] may be NULL; not under a covariance. */
double stats_hinge_influence(const stats_data *data, bool plateau, const stats_hinge *hinge, double *memory,
                             double *influence);

/* What is minimal at the estimate, as a function of the break. */
typedef double (*stats_held_sum)(double psi, void *context);

/* Hull of {psi : sum(psi) <= cut} around the estimate: the outermost crossing on a scan of every gap of x; -INFINITY and
   INFINITY where the line itself is within the cut. */
typedef struct {
    double lo, hi;
} stats_hull;
stats_hull stats_hinge_hull(const stats_data *data, stats_held_sum sum, void *context, double estimate,
                            double cut);

#endif
