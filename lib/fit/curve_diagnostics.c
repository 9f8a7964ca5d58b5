/* Residuals, influence and the plausibility of an interval's length. */
#include "fit/curve_fit.h"
#include "num/quantile.h"
#include "stats/family.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double fitted_at(const double *soft, const ropelaw_family_row *hinge, double x) {
    return isnan(soft[0]) ? stats_family_hinge.eval(hinge->fit.theta, x, NULL)
                          : stats_soft_eval(soft, x, NULL);
}

static const ropelaw_family_row *hinge_row(const ropelaw_run_fit *fit) {
    for (size_t i = 0; i < fit->n_rows; i++)
        if (fit->rows[i].family == &stats_family_hinge.info && fit->rows[i].fitted) return &fit->rows[i];
    return NULL;
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

/* Besiroglu et al. 2024: an interval of this length implies that many points, n (se / se implied by the interval)^2. Only of
   the break: where the width is not identified the delta method's error of an onset is itself of no use. */
static void plausibility(const fit_state *s, ropelaw_fit_diagnostics *d) {
    const ropelaw_estimate *e = &s->fit->break_tok;
    double documents = (double)s->curve.documents.n, n = documents > 0 ? documents : (double)s->curve.n;
    double df = s->curve.data.sigma > 0 ? INFINITY : documents > 0 ? documents - 1 : n - 4;
    if (isnan(e->est) || !(e->se > 0) || !(e->lo > 0) || isinf(e->hi)) return;
    double implied = (log(e->hi) - log(e->lo)) / (2 * num_t_quantile(0.5 + 0.5 * s->options->level, df));
    d->n_implied = n * (e->se / implied) * (e->se / implied);
    d->too_narrow = d->n_implied > 4 * n;
}

static ropelaw_status largest_influence(const fit_state *s, double *influence, ropelaw_fit_diagnostics *d) {
    ropelaw_status status = fit_leave_one_out(&s->curve, influence);
    for (size_t i = 0; i < s->curve.n && !status; i++) {
        if (isnan(influence[i]) || fabs(influence[i]) <= d->largest_influence) continue;
        d->largest_influence = fabs(influence[i]);
        d->most_influential = i;
    }
    return status;
}

ropelaw_status fit_diagnostics(fit_state *s, ropelaw_error *error) {
    ropelaw_run_fit *fit = s->fit;
    ropelaw_fit_diagnostics *d = &fit->diagnostics;
    size_t n = s->curve.n;
    *d = (ropelaw_fit_diagnostics){NAN, 0, NAN, NAN, NAN, NAN, 0};
    const ropelaw_family_row *hinge = hinge_row(fit);
    if (!hinge || s->line.exact) return ROPELAW_OK;
    double *memory = core_malloc(2 * n, sizeof(double));
    if (!memory) return core_fail_memory(error, 2 * n, sizeof(double));
    for (size_t i = 0; i < n; i++) memory[i] = s->curve.y[i] - fitted_at(fit->soft, hinge, s->curve.x[i]);
    if (s->curve.lower) stats_whiten(&s->curve.data, memory); /* else neighbours are correlated by right */
    moments(memory, n, d);
    plausibility(s, d);
    ropelaw_status status = largest_influence(s, memory + n, d);
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
        return n ? core_fail_memory(error, n, 4 * sizeof(double))
                 : core_fail(error, ROPELAW_INVALID, "fit", "", "of this run", "the fit is of another run");
    }
    for (size_t i = 0; i < 4 * all; i++) memory[i] = NAN; /* what it stays where the curve levels off */
    for (size_t i = 0; i < n; i++) {
        memory[i] = fitted_at(fit->soft, hinge, c.x[i]);
        memory[all + i] = c.y[i] - memory[i];
    }
    fit_curve_truncate(&c, n);
    status = scores(n, memory + all, memory + 2 * all);
    if (fit->huber_limit > 0) c.data.huber = fit->huber_limit;
    if (!status && rows->influence) status = fit_leave_one_out(&c, memory + 3 * all);
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
