/* y is taken from its first point on, so that the projection rounds by the range of y instead of its size. */
#include "stats/straight.h"
#include <float.h>
#include <math.h>

double stats_rounding_rss(const stats_data *data) {
    size_t n = data->n;
    if (!n) return 0;
    double range = data->x[n - 1] - data->x[0], sum = 0;
    double slope = range > 0 ? (data->y[n - 1] - data->y[0]) / range : 0;
    for (size_t i = 0; i < n; i++) {
        double size = 1 + fabs(data->y[i]) + fabs(slope * data->x[i]), unit = 1;
        if (data->lower)
            unit = 1 / (data->lower[i * n + i] * data->lower[i * n + i]);
        else if (data->weight)
            unit = data->weight[i];
        sum += unit * size * size;
    }
    return 64 * DBL_EPSILON * DBL_EPSILON * sum;
}

ropelaw_status stats_straight_fit(const stats_data *data, double *influence, stats_straight *line) {
    size_t n = data->n;
    double *one = core_malloc(3 * n + 1, sizeof(double)), *x = one + n, *y = x + n, mean = 0;
    if (!one) return ROPELAW_NOMEM;
    for (size_t i = 0; i < n; i++) mean += data->x[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        one[i] = 1;
        x[i] = data->x[i] - mean;
        y[i] = data->y[i] - data->y[0];
    }
    for (size_t k = 0; k < 3; k++) stats_whiten(data, one + k * n);
    double weight = stats_dot(n, one, one), shift = stats_dot(n, one, x) / weight,
           level = stats_dot(n, one, y) / weight;
    for (size_t i = 0; i < n; i++) {
        x[i] -= shift * one[i];
        y[i] -= level * one[i];
    }
    double sxx = stats_dot(n, x, x), slope = sxx > 0 ? stats_dot(n, x, y) / sxx : 0;
    for (size_t i = 0; i < n; i++) y[i] -= slope * x[i];
    *line = (stats_straight){.alpha = n ? data->y[0] + level : NAN, .slope = slope, .center = mean + shift};
    line->rss = stats_dot(n, y, y);
    line->variance = 1 / sxx;
    line->exact = line->rss <= stats_rounding_rss(data);
    for (size_t i = 0; influence && i < n; i++)
        influence[i] = x[i] * (data->weight ? sqrt(data->weight[i]) : 1) / sxx;
    core_free(one);
    return ROPELAW_OK;
}
