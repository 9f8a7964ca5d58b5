/* Standard errors of SOFT targets by the delta method. With J = U S V' over the free parameters and g the target's
   gradient, the target follows whitened points by U S^-1 V'g, whose squared length is the variance for sigma 1. */
#include "num/lsq.h"
#include "stats/huber.h"
#include "stats/soft_solver.h"
#include <math.h>
#include <string.h>

void stats_soft_residuals(const stats_data *data, const double *theta, double *residual) {
    for (size_t i = 0; i < data->n; i++) residual[i] = data->y[i] - stats_soft_eval(theta, data->x[i], NULL);
    stats_whiten(data, residual);
}

static size_t free_parameters(const stats_soft *fit, size_t *free_of) {
    size_t p = 0;
    for (size_t k = 0; k < SOFT_P; k++)
        if (!(fit->at_bound >> k & 1)) free_of[p++] = k;
    return p;
}

/* J (J'J)^-1 g back in the unit of y. */
static void follow(const stats_data *data, size_t p, const double *j, const double *coefficient,
                   double *influence) {
    for (size_t i = 0; i < data->n; i++) {
        influence[i] = 0;
        for (size_t k = 0; k < p; k++) influence[i] += j[k * data->n + i] * coefficient[k];
        if (data->weight) influence[i] *= sqrt(data->weight[i]);
    }
}

double stats_soft_variance(const stats_data *data, const stats_soft *fit, const stats_target *target,
                           double *influence) {
    size_t n = data->n, free_of[SOFT_P], rank, p = free_parameters(fit, free_of);
    double g[SOFT_P], gradient[SOFT_P], cov[SOFT_P * SOFT_P], coefficient[SOFT_P] = {0}, variance = 0;
    if (!p || n <= SOFT_P || isnan(stats_target_value(target, fit->theta, gradient))) return NAN;
    double *j = core_malloc(n * p, sizeof(double));
    if (!j) return NAN;
    for (size_t i = 0; i < n; i++) {
        stats_soft_eval(fit->theta, data->x[i], g);
        for (size_t k = 0; k < p; k++) j[k * n + i] = g[free_of[k]];
    }
    for (size_t k = 0; k < p; k++) stats_whiten(data, j + k * n);
    ropelaw_status status = num_covariance(n, p, j, cov, &rank, NULL);
    for (size_t a = 0; !status && a < p; a++) {
        for (size_t b = 0; b < p; b++) coefficient[a] += cov[b * p + a] * gradient[free_of[b]];
        variance += gradient[free_of[a]] * coefficient[a];
    }
    if (!status && rank == p && influence) follow(data, p, j, coefficient, influence);
    core_free(j);
    return status || rank < p ? NAN : variance;
}

static double spread_of(const stats_data *data, const stats_soft *fit) {
    if (data->sigma > 0) return data->sigma * data->sigma;
    if (!(data->huber > 0)) return fit->rss / (double)(data->n - SOFT_P);
    double spread = NAN, *residual = core_malloc(data->n, sizeof(double));
    if (!residual) return NAN;
    stats_soft_residuals(data, fit->theta, residual);
    stats_huber_unit(residual, data->n, SOFT_P, data->huber, &spread);
    core_free(residual);
    return spread;
}

double stats_soft_se(const stats_data *data, const stats_soft *fit, const stats_target *target) {
    double variance = stats_soft_variance(data, fit, target, NULL);
    return isnan(variance) ? NAN : sqrt(variance * spread_of(data, fit));
}
