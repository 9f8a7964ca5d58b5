/* CONST, LINE and QUAD: the curves without a break. Solved in x centred and scaled to its range. */
#include "stats/family.h"
#include <math.h>
#include <string.h>

static double eval_const(const double *theta, double x, double *g) {
    (void)x;
    if (g) g[0] = 1;
    return theta[0];
}

static double eval_line(const double *theta, double x, double *g) {
    if (g) {
        g[0] = 1;
        g[1] = x;
    }
    return theta[0] + theta[1] * x;
}

static double eval_quad(const double *theta, double x, double *g) {
    if (g) {
        g[0] = 1;
        g[1] = x;
        g[2] = x * x;
    }
    return theta[0] + x * (theta[1] + x * theta[2]);
}

static ropelaw_status polynomial(const stats_data *data, size_t p, ropelaw_family_fit *fit, double *fitted,
                                 ropelaw_error *error) {
    size_t n = data->n;
    double *columns = core_malloc((p + 1) * n, sizeof(double)), c[3] = {0, 0, 0};
    if (!columns) return core_fail_memory(error, n, (p + 1) * sizeof(double));
    double *y = columns + p * n, mean = 0, range = data->x[n - 1] - data->x[0];
    for (size_t i = 0; i < n; i++) mean += data->x[i] / (double)n;
    if (!(range > 0)) range = 1;
    for (size_t i = 0; i < n; i++) {
        double u = (data->x[i] - mean) / range;
        columns[i] = 1;
        if (p > 1) columns[n + i] = u;
        if (p > 2) columns[2 * n + i] = u * u;
    }
    memcpy(y, data->y, n * sizeof *y);
    fit->rss = stats_linear(data, p, columns, y, c);
    core_free(columns);
    if (!isfinite(fit->rss))
        return core_fail(error, ROPELAW_SINGULAR, "eval_len_tok", "", "", "too few different lengths");
    double s = c[1] / range, q = c[2] / (range * range);
    for (size_t i = 0; fitted && i < n; i++) {
        double d = data->x[i] - mean;
        fitted[i] = c[0] + d * (s + d * q);
    }
    fit->theta[0] = c[0] - mean * (s - mean * q);
    if (p > 1) fit->theta[1] = s - 2 * mean * q;
    if (p > 2) fit->theta[2] = q;
    fit->converged = 1;
    return ROPELAW_OK;
}

static ropelaw_status solve_const(const stats_data *data, ropelaw_family_fit *fit, double *fitted,
                                  ropelaw_error *error) {
    return polynomial(data, 1, fit, fitted, error);
}

static ropelaw_status solve_line(const stats_data *data, ropelaw_family_fit *fit, double *fitted,
                                 ropelaw_error *error) {
    return polynomial(data, 2, fit, fitted, error);
}

static ropelaw_status solve_quad(const stats_data *data, ropelaw_family_fit *fit, double *fitted,
                                 ropelaw_error *error) {
    return polynomial(data, 3, fit, fitted, error);
}

const stats_family stats_family_const = {
    .info = {"CONST",
             "a", "statistics: no change at all",
             "a curve that does not react to length", 1,
             {"a"},
             {"nat"},
             1},
    .eval = eval_const,
    .solve = solve_const
};

const stats_family stats_family_line = {
    .info = {"LINE",
             "a + s1 x", "statistics: power law in length",
             "a steady trend without a break", 2,
             {"a", "s1"},
             {"nat", "nat"},
             2},
    .eval = eval_line,
    .solve = solve_line
};

const stats_family stats_family_quad = {
    .info = {"QUAD",
             "a + s1 x + q x^2", "statistics: curvature without a break",
             "q > 0: the slow steady rise of small bases, which is no break", 3,
             {"a", "s1", "q"},
             {"nat", "nat", "nat"},
             3},
    .eval = eval_quad,
    .solve = solve_quad
};
