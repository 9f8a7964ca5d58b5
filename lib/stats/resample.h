/* From resampled values to intervals. */
#ifndef ROPELAW_STATS_RESAMPLE_H
#define ROPELAW_STATS_RESAMPLE_H

#include "core/core.h"

/* Ascending, infinities at their ends. */
void stats_sort(double *values, size_t n);

/* The p quantile of n sorted values, at rank p (n + 1), interpolated. */
double stats_quantile(const double *sorted, size_t n, double p);

/* Probabilities between which BCa takes its quantiles. below: draws below the estimate, of n_draws; influence [n]: how
   much each resampled unit moves the estimate, up to a factor. */
typedef struct {
    double lo, hi;
} stats_levels;
stats_levels stats_bca_levels(size_t below, size_t n_draws, const double *influence, size_t n, double level);

#endif
