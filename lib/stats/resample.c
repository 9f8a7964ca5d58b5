#include "stats/resample.h"
#include "num/quantile.h"
#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void stats_sort(double *values, size_t n) {
    qsort(values, n, sizeof *values, ascending);
}

double stats_quantile(const double *sorted, size_t n, double p) {
    double rank = fmin(fmax(p * (double)(n + 1) - 1, 0), (double)(n - 1));
    size_t below = (size_t)rank;
    double part = rank - (double)below;
    if (!(part > 0) || below + 1 == n) return sorted[below];
    if (isinf(sorted[below]) || isinf(sorted[below + 1])) return sorted[below + (part > 0.5)];
    return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

stats_levels stats_bca_levels(size_t below, size_t n_draws, const double *influence, size_t n, double level) {
    double s2 = 0, s3 = 0, z = num_normal_quantile(0.5 + 0.5 * level);
    for (size_t i = 0; i < n; i++) {
        s2 += influence[i] * influence[i];
        s3 += influence[i] * influence[i] * influence[i];
    }
    double a = s2 > 0 ? s3 / (6 * pow(s2, 1.5)) : 0;
    double z0 = num_normal_quantile(((double)below + 0.5) / ((double)n_draws + 1));
    return (stats_levels){num_normal_cdf(z0 + (z0 - z) / (1 - a * (z0 - z))),
                          num_normal_cdf(z0 + (z0 + z) / (1 - a * (z0 + z)))};
}
