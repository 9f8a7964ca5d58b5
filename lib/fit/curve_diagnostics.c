/* Residuals, influence and the plausibility of an interval's length. */
#include "fit/curve_fit.h"
#include "num/quantile.h"
#include "stats/family.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Leave-one-out costs n fits of n points. */
enum { MOST_LEFT_OUT = 500 };

static double fitted_at(const double *soft, const ropelaw_family_row *hinge, double x) {
    return isnan(soft[0]) ? stats_family_hinge.eval(hinge->fit.theta, x, NULL)
                          : stats_soft_eval(soft, x, NULL);
}

static const ropelaw_family_row *hinge_row(const ropelaw_run_fit *fit) {
    for (size_t i = 0; i < fit->n_rows; i++)
        if (fit->rows[i].family == &stats_family_hinge.info && fit->rows[i].fitted) return &fit->rows[i];
    return NULL;
}

/* Change of the break when each point is left out. influence [n]. */
static ropelaw_status leave_one_out(const fit_curve *c, double *influence) {
    size_t n = c->n;
    double *memory = core_malloc(3 * n, sizeof(double));
    ropelaw_family_fit all = {.rss = 0}, one = {.rss = 0};
    stats_data data = c->data;
    ropelaw_status status =
        memory ? stats_family_solve(&stats_family_hinge, &data, &all, NULL, NULL) : ROPELAW_NOMEM;
    for (size_t out = 0; out < n && !status; out++) {
        size_t k = 0;
        for (size_t i = 0; i < n; i++) {
            if (i == out) continue;
            memory[k] = c->x[i];
            memory[n + k] = c->y[i];
            memory[2 * n + k++] = c->weight ? c->weight[i] : 1;
        }
        stats_data rest = {.n = n - 1, .x = memory, .y = memory + n, .weight = memory + 2 * n};
        influence[out] = NAN;
        if (stats_count_distinct(&rest) < 5) continue;
        status = stats_family_solve(&stats_family_hinge, &rest, &one, NULL, NULL);
        influence[out] = one.theta[3] - all.theta[3];
    }
    core_free(memory);
    return status;
}

static void moments(const double *r, size_t n, ropelaw_fit_diagnostics *d) {
    double mean = 0, m2 = 0, m3 = 0, m4 = 0, lag = 0;
    for (size_t i = 0; i < n; i++) mean += r[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double e = r[i] - mean;
        m2 += e * e / (double)n;
        m3 += e * e * e / (double)n;
        m4 += e * e * e * e / (double)n;
        if (i) lag += e * (r[i - 1] - mean) / (double)n;
    }
    if (!(m2 > 0)) return;
    d->skewness = m3 / pow(m2, 1.5);
    d->kurtosis_excess = m4 / (m2 * m2) - 3;
    d->lag1 = lag / m2;
}

/* Besiroglu et al. 2024: an interval of this length implies that many points. */
static void plausibility(const fit_state *s, ropelaw_fit_diagnostics *d) {
    const ropelaw_estimate *e = &s->fit->break_tok;
    if (!(e->se > 0) || !(e->lo > 0) || isinf(e->hi)) return;
    double t = num_t_quantile(0.5 + 0.5 * s->options->level, (double)s->curve.n - 4);
    double implied = (log(e->hi) - log(e->lo)) / (2 * t);
    d->n_implied = (double)s->curve.n * (e->se / implied) * (e->se / implied);
    d->too_narrow = d->n_implied > 4 * (double)s->curve.n;
}

ropelaw_status fit_diagnostics(fit_state *s, ropelaw_error *error) {
    ropelaw_fit_diagnostics *d = &s->fit->diagnostics;
    size_t n = s->curve.n;
    *d = (ropelaw_fit_diagnostics){NAN, 0, NAN, NAN, NAN, NAN, 0};
    const ropelaw_family_row *hinge = hinge_row(s->fit);
    if (!hinge || s->curve.lower) return ROPELAW_OK;
    double *memory = core_malloc(2 * n, sizeof(double));
    if (!memory) return core_fail_memory(error, 2 * n, sizeof(double));
    for (size_t i = 0; i < n; i++) memory[i] = s->curve.y[i] - fitted_at(s->fit->soft, hinge, s->curve.x[i]);
    moments(memory, n, d);
    plausibility(s, d);
    ropelaw_status status = n <= MOST_LEFT_OUT ? leave_one_out(&s->curve, memory + n) : ROPELAW_OK;
    for (size_t i = 0; i < n && n <= MOST_LEFT_OUT && !status; i++) {
        if (isnan(memory[n + i]) || fabs(memory[n + i]) <= d->largest_influence) continue;
        d->largest_influence = fabs(memory[n + i]);
        d->most_influential = i;
    }
    core_free(memory);
    return status ? core_fail_memory(error, n, sizeof(double)) : ROPELAW_OK;
}

typedef struct {
    double value;
    size_t index;
} ranked;

static int ascending(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static ropelaw_status scores(size_t n, const double *residual, double *score) {
    ranked *order = core_malloc(n, sizeof *order);
    if (!order) return ROPELAW_NOMEM;
    for (size_t i = 0; i < n; i++) order[i] = (ranked){residual[i], i};
    qsort(order, n, sizeof *order, ascending);
    for (size_t i = 0; i < n; i++) /* Blom's plotting positions */
        score[order[i].index] = num_normal_quantile(((double)i + 1 - 0.375) / ((double)n + 0.25));
    core_free(order);
    return ROPELAW_OK;
}

static void copy_out(double *out, const double *from, size_t n) {
    if (out) memcpy(out, from, n * sizeof *out);
}

ropelaw_status ropelaw_run_residuals(const ropelaw_run *run, const ropelaw_run_fit *fit,
                                     const ropelaw_residual_rows *rows, ropelaw_error *error) {
    if (!run || !fit || !rows)
        return core_fail(error, ROPELAW_INVALID, "run", "", "not NULL", "NULL argument");
    const ropelaw_family_row *hinge = hinge_row(fit);
    if (!hinge)
        return core_fail(error, ROPELAW_UNSUPPORTED, "run", run->name, "",
                         "run %s has too few lengths for a fit", run->name);
    fit_curve c;
    ropelaw_status status = fit_curve_init(run, &ropelaw_fit_options_default, &c, error);
    if (status) return status;
    size_t all = c.n, n = all == fit->n ? all - fit->n_levelled : 0;
    double *memory = n ? core_malloc(4 * all, sizeof(double)) : NULL;
    if (!memory) {
        fit_curve_clear(&c);
        return n
                   ? core_fail_memory(error, n, 4 * sizeof(double))
                   : core_fail(error, ROPELAW_INVALID, "fit", "", "of this run", "the fit is of another run");
    }
    for (size_t i = 0; i < 4 * all; i++) memory[i] = NAN; /* what it stays where the curve levels off */
    for (size_t i = 0; i < n; i++) {
        memory[i] = fitted_at(fit->soft, hinge, c.x[i]);
        memory[all + i] = c.y[i] - memory[i];
    }
    fit_curve_truncate(&c, n);
    status = scores(n, memory + all, memory + 2 * all);
    if (!status && rows->influence && n <= MOST_LEFT_OUT) status = leave_one_out(&c, memory + 3 * all);
    if (!status) {
        copy_out(rows->x, c.x, all);
        copy_out(rows->y, c.y, all);
        copy_out(rows->fitted, memory, all);
        copy_out(rows->residual, memory + all, all);
        copy_out(rows->normal_score, memory + 2 * all, all);
        copy_out(rows->influence, memory + 3 * all, all);
    }
    core_free(memory);
    fit_curve_clear(&c);
    return status ? core_fail_memory(error, n, sizeof(double)) : ROPELAW_OK;
}
