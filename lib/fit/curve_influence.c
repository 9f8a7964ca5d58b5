/* Leave-one-out: how far the break moves when a point is left out, under the metric that the run was fitted in. */
#include "fit/curve_fit.h"
#include "num/lsq.h"
#include "stats/family.h"
#include "stats/huber.h"
#include <math.h>
#include <string.h>

/* n fits of n points; under a covariance n factorisations as well, and Huber's break is searched on a grid. */
enum { MOST_POINTS = 500, MOST_COSTLY = 64 };

static ropelaw_status break_of(const stats_data *data, double *memory, double *psi) {
    ropelaw_family_fit fit = {.rss = 0};
    stats_hinge hinge;
    ropelaw_status status = ROPELAW_OK;
    if (data->huber > 0) {
        stats_huber_hinge_solve(data, data->huber, memory, &hinge);
        *psi = hinge.psi;
    } else {
        status = stats_family_solve(&stats_family_hinge, data, &fit, NULL, NULL);
        *psi = fit.theta[3];
    }
    return status;
}

/* L L' without one row and column, factored again. */
static ropelaw_status covariance_without(const fit_curve *c, size_t out, double *reduced) {
    size_t n = c->n, row = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == out) continue;
        size_t column = 0;
        for (size_t k = 0; k < n; k++) {
            if (k == out) continue;
            double sum = 0;
            for (size_t j = 0; j <= i && j <= k; j++) sum += c->lower[j * n + i] * c->lower[j * n + k];
            reduced[column++ * (n - 1) + row] = sum;
        }
        row++;
    }
    return num_cholesky(n - 1, reduced, NULL);
}

static ropelaw_status without(const fit_curve *c, size_t out, double *memory, double *psi) {
    size_t n = c->n, k = 0;
    double *x = memory, *y = x + n, *w = y + n, *reduced = w + n;
    for (size_t i = 0; i < n; i++) {
        if (i == out) continue;
        x[k] = c->x[i];
        y[k] = c->y[i];
        w[k++] = c->weight ? c->weight[i] : 1;
    }
    stats_data rest = {.n = n - 1, .x = x, .y = y, .weight = w, .huber = c->data.huber};
    if (stats_count_distinct(&rest) < 5) return ROPELAW_OK;
    ropelaw_status status = c->lower ? covariance_without(c, out, reduced) : ROPELAW_OK;
    if (c->lower) rest.lower = reduced;
    return status ? status : break_of(&rest, reduced, psi);
}

ropelaw_status fit_leave_one_out(const fit_curve *c, double *influence) {
    size_t n = c->n, costly = c->lower || c->data.huber > 0;
    for (size_t i = 0; i < n; i++) influence[i] = NAN;
    if (n > (costly ? MOST_COSTLY : MOST_POINTS)) return ROPELAW_OK;
    double all, *memory = core_malloc(n * (c->lower ? n + 9 : 9), sizeof(double));
    if (!memory) return ROPELAW_NOMEM;
    ropelaw_status status = break_of(&c->data, memory, &all);
    for (size_t out = 0; out < n && !status; out++) {
        double psi = NAN;
        status = without(c, out, memory, &psi);
        influence[out] = psi - all;
    }
    core_free(memory);
    return status;
}
