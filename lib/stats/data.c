#include "stats/data.h"
#include <math.h>

void stats_whiten(const stats_data *data, double *v) {
    size_t n = data->n;
    if (data->lower) {
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < i; k++) v[i] -= data->lower[k * n + i] * v[k];
            v[i] /= data->lower[i * n + i];
        }
    } else if (data->weight) {
        for (size_t i = 0; i < n; i++) v[i] *= sqrt(data->weight[i]);
    }
}

void stats_unwhiten(const stats_data *data, double *v) {
    size_t n = data->n;
    if (data->lower) {
        for (size_t i = n; i-- > 0;) {
            v[i] *= data->lower[i * n + i];
            for (size_t k = 0; k < i; k++) v[i] += data->lower[k * n + i] * v[k];
        }
    } else if (data->weight) {
        for (size_t i = 0; i < n; i++) v[i] /= sqrt(data->weight[i]);
    }
}

size_t stats_count_distinct(const stats_data *data) {
    size_t m = data->n > 0;
    for (size_t i = 1; i < data->n; i++) m += data->x[i] != data->x[i - 1];
    return m;
}

double stats_dot(size_t n, const double *a, const double *b) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void subtract_projection(size_t n, const double *q, double *v) {
    double c = stats_dot(n, q, v);
    for (size_t i = 0; i < n; i++) v[i] -= c * q[i];
}

size_t stats_orthonormalise(size_t n, size_t p, double *columns) {
    size_t rank = 0;
    for (size_t j = 0; j < p; j++) {
        double *v = columns + j * n, *q = columns + rank * n, before = stats_dot(n, v, v);
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = 0; k < rank; k++) subtract_projection(n, columns + k * n, v);
        double after = stats_dot(n, v, v);
        if (!(after > 1e-22 * before)) continue;
        double norm = sqrt(after);
        for (size_t i = 0; i < n; i++) q[i] = v[i] / norm;
        rank++;
    }
    return rank;
}

double stats_project_out(size_t n, size_t rank, const double *basis, double *v) {
    for (size_t k = 0; k < rank; k++) subtract_projection(n, basis + k * n, v);
    return stats_dot(n, v, v);
}
