/* SATURATING: lo and hi are linear once the middle and the width are given. */
#include "stats/family.h"
#include <math.h>
#include <string.h>

static double eval(const double *theta, double x, double *g) {
    double v = exp(theta[3]), u = (x - theta[2]) / v, s = stats_sigmoid(u),
           slope = s * (1 - s) * (theta[1] - theta[0]);
    if (g) {
        g[0] = 1 - s;
        g[1] = s;
        g[2] = -slope / v;
        g[3] = -slope * u;
    }
    return theta[0] + (theta[1] - theta[0]) * s;
}

static size_t start(const stats_data *data, stats_start *starts) {
    size_t n = data->n, count = 0;
    double first = data->x[0], range = data->x[n - 1] - first, *memory = core_malloc(3 * n, sizeof(double));
    if (!memory) return 0;
    for (int j = 0; j <= 24; j++)
        for (int k = 0; k < 6; k++) {
            stats_start s = {
                .theta = {0, 0, first + range * j / 24, log(range) + log(0.02) + k * log(20) / 5}
            };
            double v = exp(s.theta[3]), c[2];
            for (size_t i = 0; i < n; i++) {
                double t = stats_sigmoid((data->x[i] - s.theta[2]) / v);
                memory[i] = 1 - t;
                memory[n + i] = t;
                memory[2 * n + i] = data->y[i];
            }
            s.rss = stats_linear(data, 2, memory, memory + 2 * n, c);
            s.theta[0] = c[0];
            s.theta[1] = c[1];
            count = stats_keep(starts, count, 4, &s);
        }
    core_free(memory);
    return count;
}

/* the two levels may lie one span of the data outside: without data on a level it is not known better */
static void bounds(const stats_data *data, double *lo, double *hi) {
    double range = data->x[data->n - 1] - data->x[0], low = stats_smallest(data), high = stats_largest(data);
    lo[0] = lo[1] = low - (high - low) - 1e-6;
    hi[0] = hi[1] = high + (high - low) + 1e-6;
    lo[2] = data->x[0] - 0.5 * range;
    hi[2] = data->x[data->n - 1] + 0.5 * range;
    lo[3] = log(range) + log(1e-3);
    hi[3] = log(range);
}

const stats_family stats_family_saturating = {
    .info = {"SATURATING",
             "lo + (hi - lo) / (1 + e^(-(x - m)/v))", "statistics: logistic in ln length",
             "accuracy, and perplexity that saturates; n >= 6", 4,
             {"lo", "hi", "m", "ln_v"},
             {"nat", "nat", "ln token", "1"},
             6},
    .eval = eval,
    .start = start,
    .bounds = bounds
};
