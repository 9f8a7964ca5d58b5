/* With the break held the hinge is linear, [1, x, (x - psi)_+]. The derivative in psi is -slope, and what it keeps beside
   the other columns says how well the break is determined: psi moves by q'dy/|q|^2. */
#include "stats/hinge_profile.h"
#include "num/root.h"
#include <math.h>

static size_t linear_columns(const stats_data *data, bool plateau, double psi, double *columns) {
    size_t n = data->n, p = plateau ? 2 : 3;
    for (size_t i = 0; i < n; i++) {
        columns[i] = 1;
        columns[n + i] = fmax(data->x[i] - psi, 0);
        if (!plateau) columns[2 * n + i] = data->x[i] - data->x[0];
    }
    for (size_t j = 0; j < p; j++) stats_whiten(data, columns + j * n);
    return stats_orthonormalise(n, p, columns);
}

double stats_hinge_held(const stats_data *data, bool plateau, double psi, double *memory) {
    size_t n = data->n, rank = linear_columns(data, plateau, psi, memory);
    double *y = memory + 3 * n;
    for (size_t i = 0; i < n; i++) y[i] = data->y[i];
    stats_whiten(data, y);
    return stats_project_out(n, rank, memory, y);
}

double stats_hinge_influence(const stats_data *data, bool plateau, const stats_hinge *h, double *memory,
                             double *influence) {
    size_t n = data->n, rank = linear_columns(data, plateau, h->psi, memory);
    double *q = memory + 3 * n, before = 0;
    for (size_t i = 0; i < n; i++) q[i] = data->x[i] > h->psi ? -h->slope_right : -h->slope_left;
    stats_whiten(data, q);
    for (size_t i = 0; i < n; i++) before += q[i] * q[i];
    double length = stats_project_out(n, rank, memory, q);
    if (!(length > 1e-22 * before)) return INFINITY;
    for (size_t i = 0; influence && i < n; i++)
        influence[i] = q[i] * (data->weight ? sqrt(data->weight[i]) : 1) / length;
    return 1 / length;
}

typedef struct {
    stats_held_sum sum;
    void *context;
    double cut;
} crossing;

static double above(double psi, void *argument) {
    const crossing *k = argument;
    return k->sum(psi, k->context) - k->cut;
}

static double end_of(const stats_data *data, crossing *k, double estimate, bool upper) {
    enum { PARTS = 8 };
    size_t n = data->n;
    double outside = upper ? data->x[n - 1] : data->x[0], root = NAN;
    if (above(outside, k) <= 0) return upper ? INFINITY : -INFINITY;
    for (size_t g = 0; g + 1 < n; g++) {
        size_t i = upper ? n - 1 - g : g, next = upper ? i - 1 : i + 1;
        for (int part = 1; part <= PARTS; part++) {
            double at = data->x[i] + (data->x[next] - data->x[i]) * part / PARTS;
            if (upper ? at < estimate : at > estimate) at = estimate;
            if (above(at, k) <= 0) {
                num_interval interval = {outside, at, 1e-12};
                return num_root(above, k, interval, &root) ? at : root;
            }
            outside = at;
        }
    }
    return estimate;
}

stats_hull stats_hinge_hull(const stats_data *data, stats_held_sum sum, void *context, double estimate,
                            double cut) {
    crossing k = {sum, context, cut};
    return (stats_hull){end_of(data, &k, estimate, false), end_of(data, &k, estimate, true)};
}
