/* One model's law: the line with a free and with the theory's intercept, the test of the theory, integer dimensions. */
#include "fit/law_data.h"
#include "fit/law_floor.h"
#include "num/quantile.h"
#include <math.h>
#include <string.h>

static const double log_2pi = 1.8378770664093454836;

typedef struct {
    const fit_law_data *data;
    const ropelaw_law_options *options;
    ropelaw_law_model *m;
    double *x, *zero, *offset; /* [n][2], [n], [n] */
    fit_line_problem free, unit, theory;
} model_work;

static void fill(model_work *w) {
    const fit_law_data *d = w->data;
    size_t n = d->n;
    const double *floor = w->options->floor == ROPELAW_FLOOR_MODEL ? d->floor : NULL;
    double s0 = w->m->critical_dim / w->m->rotary_dim, *theory = w->offset + n;
    for (size_t i = 0; i < n; i++) {
        w->x[2 * i] = 1, w->x[2 * i + 1] = d->u[i];
        w->zero[i] = 0, w->offset[i] = log_2pi;
        theory[i] = log_2pi + s0 * d->u[i];
    }
    w->free = (fit_line_problem){n, 2,    w->x, w->zero, floor,     d->terms, 0, d->shift_variance,
                                 0, NULL, NULL, false,   d->threads};
    w->unit = (fit_line_problem){n, 1,    d->u, w->offset, floor,     d->terms, 0, d->shift_variance,
                                 0, NULL, NULL, false,     d->threads};
    w->theory = (fit_line_problem){n, 0,    NULL, theory, floor,     d->terms, 0, d->shift_variance,
                                   0, NULL, NULL, false,  d->threads};
}

static void describe(const fit_line *l, size_t p, ropelaw_law_line *out) {
    out->tau = l->tau;
    out->log_likelihood = l->log_likelihood;
    out->df = (double)l->n_bounded - (double)p;
    out->caveats = (l->tau_at_floor ? ROPELAW_CAVEAT_AT_EDGE : 0u) |
                   (out->df < 1 ? ROPELAW_CAVEAT_FEW_POINTS : 0u) |
                   (l->converged && isfinite(l->covariance[p * p - 1]) ? 0u : ROPELAW_CAVEAT_ILL_CONDITIONED);
}

static ropelaw_range scaled(double est, const double interval[2], double factor) {
    return (ropelaw_range){est * factor, interval[0] * factor, interval[1] * factor};
}

static ropelaw_status fit_free(model_work *w, fit_line *line, ropelaw_error *error) {
    ropelaw_law_line *out = &w->m->free;
    double slope[2], intercept[2], level = w->options->level;
    ropelaw_status s = fit_line_fit(&w->free, line, error);
    if (s) return s;
    s = fit_line_interval(&w->free, line, 1, level, slope, error);
    if (!s) s = fit_line_interval(&w->free, line, 0, level, intercept, error);
    if (s) return s;
    describe(line, 2, out);
    out->intercept = line->theta[0], out->slope = line->theta[1];
    out->covariance[0] = line->covariance[0], out->covariance[1] = line->covariance[1];
    out->covariance[2] = line->covariance[3];
    out->effective_dim = scaled(out->slope, slope, w->m->rotary_dim);
    out->intercept_factor = (ropelaw_range){exp(out->intercept - log_2pi), exp(intercept[0] - log_2pi),
                                            exp(intercept[1] - log_2pi)};
    return ROPELAW_OK;
}

static ropelaw_status fit_unit(model_work *w, fit_line *line, ropelaw_error *error) {
    ropelaw_law_line *out = &w->m->unit;
    double slope[2];
    ropelaw_status s = fit_line_fit(&w->unit, line, error);
    if (!s) s = fit_line_interval(&w->unit, line, 0, w->options->level, slope, error);
    if (s) return s;
    describe(line, 1, out);
    out->intercept = log_2pi, out->slope = line->theta[0];
    out->covariance[2] = line->covariance[0];
    out->effective_dim = scaled(out->slope, slope, w->m->rotary_dim);
    out->intercept_factor = (ropelaw_range){1, 1, 1};
    return ROPELAW_OK;
}

static ropelaw_status test_theory(model_work *w, const fit_line *full, ropelaw_error *error) {
    fit_line fixed;
    double profile, s0 = w->m->critical_dim / w->m->rotary_dim;
    ropelaw_status s = fit_line_fit(&w->theory, &fixed, error);
    if (s) return s;
    fit_test t = fit_line_test(full, 2, fixed.log_likelihood, 2);
    fit_line_clear(&fixed);
    w->m->test_theory = (ropelaw_law_test){t.f, t.df1, t.df2, t.p};
    s = fit_line_profile(&w->free, 1, s0, &profile, error);
    if (s) return s;
    t = fit_line_test(full, 2, profile, 1);
    double root = copysign(sqrt(t.f), full->theta[1] - s0);
    w->m->p_smaller = isnan(root) ? NAN : num_t_tail(-root, t.df2);
    return ROPELAW_OK;
}

/* What is only beside the law stays unknown where it cannot be found, and takes nothing of the law away. */
static ropelaw_status unless_lost(ropelaw_status s, const ropelaw_error *detail, ropelaw_error *error) {
    if (!s || s == ROPELAW_NOCONV || s == ROPELAW_SINGULAR) return ROPELAW_OK;
    if (error) *error = *detail;
    return s;
}

/* Half the mass of the ratio is at 0 where tau = 0 is the truth (Self and Liang 1987). */
static ropelaw_status test_scatter(model_work *w, const fit_line_problem *problem, const fit_line *full,
                                   ropelaw_error *error) {
    fit_line_problem exact = *problem;
    fit_line line;
    if (full->n_bounded <= problem->p) return ROPELAW_OK;
    exact.exact = true;
    ropelaw_error detail = {0};
    ropelaw_status s = fit_line_fit(&exact, &line, &detail);
    if (s) return unless_lost(s, &detail, error);
    w->m->scatter_lr = fmax(2 * (full->log_likelihood - line.log_likelihood), 0);
    w->m->p_exact = w->m->scatter_lr > 0 ? num_chi2_tail(w->m->scatter_lr, 1) / 2 : 1;
    fit_line_clear(&line);
    return ROPELAW_OK;
}

/* Only among the bases of the runs: a floor that no run is on, or none leaves, is not seen. */
static ropelaw_status leave_floor(model_work *w, const fit_line *full, ropelaw_error *error) {
    double at[3];
    ropelaw_error detail = {0};
    ropelaw_status s = fit_law_floor(&w->free, full, w->options->level, at, &detail);
    if (!s && exp(at[0]) >= w->m->base_min && exp(at[0]) <= w->m->base_max)
        w->m->floor_base = (ropelaw_range){exp(at[0]), exp(at[1]), exp(at[2])};
    return unless_lost(s, &detail, error);
}

static void insert_weight(ropelaw_law_model *m, ropelaw_dim_weight v) {
    size_t room = CORE_COUNT(m->weights), k = m->n_weights;
    while (k > 0 && m->weights[k - 1].weight < v.weight) {
        if (k < room) m->weights[k] = m->weights[k - 1];
        k--;
    }
    if (k < room) m->weights[k] = v;
    if (m->n_weights < room) m->n_weights++;
}

/* exp(-D/2) with c = 1 is the Student density that a flat prior gives; walk both ways until it is negligible. */
static ropelaw_status weigh_dimensions(model_work *w, const fit_line *unit, ropelaw_error *error) {
    ropelaw_law_model *m = w->m;
    double d = m->rotary_dim, nearest = 2 * round(m->unit.slope * d / 2), total = 0;
    for (int side = 0; side < 2; side++)
        for (double k = fmin(fmax(nearest, 2), d) + (side ? 2 : 0); k >= 2 && k <= d; k += side ? 2 : -2) {
            double log_likelihood;
            ropelaw_status s = fit_line_profile(&w->unit, 0, k / d, &log_likelihood, error);
            if (s) return s;
            double weight = exp(log_likelihood - unit->log_likelihood);
            insert_weight(m, (ropelaw_dim_weight){k, weight});
            total += weight;
            if (weight < 1e-4 * total) break;
        }
    for (size_t k = 0; k < m->n_weights; k++) m->weights[k].weight /= total;
    while (m->n_weights > 1 && m->weights[m->n_weights - 1].weight < 0.0005) m->n_weights--;
    return ROPELAW_OK;
}

static void nothing_known(ropelaw_law_model *m) {
    const ropelaw_range unknown = {NAN, NAN, NAN};
    const ropelaw_law_line none = {
        NAN, NAN, NAN, NAN, {0, 0, 0},
            NAN, unknown, unknown, 0
    };
    m->free = m->unit = none;
    m->test_theory = (ropelaw_law_test){NAN, NAN, NAN, NAN};
    m->floor_base = unknown;
    m->p_smaller = m->scatter_lr = m->p_exact = NAN;
    m->n_weights = 0;
}

/* How many different bases have a run whose break is bounded: 0, 1, or 2 for two and more. */
static int count_broken_bases(const fit_law_data *d) {
    double first = NAN;
    for (size_t i = 0; i < d->n; i++) {
        if (!fit_term_is_bounded(&d->terms[i])) continue;
        if (isnan(first))
            first = d->u[i];
        else if (d->u[i] != first)
            return 2;
    }
    return isnan(first) ? 0 : 1;
}

static ropelaw_status fit_both(model_work *w, bool two_bases, ropelaw_error *error) {
    fit_line full = {0}, unit = {0};
    ropelaw_status s = fit_unit(w, &unit, error);
    w->unit.tau_hint = unit.tau;
    if (!s) s = weigh_dimensions(w, &unit, error);
    if (!s && two_bases) s = fit_free(w, &full, error);
    w->free.tau_hint = full.tau;
    if (!s && two_bases) s = test_theory(w, &full, error);
    if (!s && two_bases) s = leave_floor(w, &full, error);
    if (!s) s = two_bases ? test_scatter(w, &w->free, &full, error) : test_scatter(w, &w->unit, &unit, error);
    fit_line_clear(&full);
    fit_line_clear(&unit);
    return s;
}

ropelaw_status fit_law_model(const fit_law_data *d, const ropelaw_law_options *options, ropelaw_law_model *m,
                             ropelaw_error *error) {
    int bases = count_broken_bases(d);
    nothing_known(m);
    if (m->reason) return ROPELAW_OK;
    if (bases == 0) {
        m->reason =
            d->n ? "no run of this model broke within its lengths" : "no run of this model can be used";
        return ROPELAW_OK;
    }
    double *memory = core_malloc(5 * d->n, sizeof *memory);
    if (!memory) return core_fail_memory(error, 5 * d->n, sizeof *memory);
    model_work w = {d, options, m, memory, memory + 2 * d->n, memory + 3 * d->n, {0}, {0}, {0}};
    fill(&w);
    ropelaw_error detail = {0};
    ropelaw_status s = fit_both(&w, bases == 2, &detail);
    core_free(memory);
    if (s == ROPELAW_NOCONV || s == ROPELAW_SINGULAR) {
        nothing_known(m);
        m->reason = "the likelihood of the law has no maximum that could be found";
        return ROPELAW_OK;
    }
    if (s && error) *error = detail;
    return s;
}
