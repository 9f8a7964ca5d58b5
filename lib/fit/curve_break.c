/* The break: the hinge (exact least squares, or Huber's), its test and its intervals. */
#include "fit/curve_fit.h"
#include "stats/break_test.h"
#include "stats/exact.h"
#include "stats/family.h"
#include "stats/hinge_profile.h"
#include "stats/huber.h"
#include <math.h>
#include <string.h>

/* Long curves get fewer draws: the interval's end moves by about 1/sqrt(draws) of its distance, while a p value costs
   draws * n. */
static size_t draws_for(size_t wanted, size_t n) {
    const size_t few = 999;
    return n > 100 && wanted > few ? few : wanted;
}

/* A residual of weight 1 beyond the limit is clipped; every point beyond it is counted. */
static void clip(fit_state *s, double limit) {
    stats_data *data = &s->curve.data;
    data->huber = s->fit->huber_limit = limit;
    for (size_t i = 0; i < data->n; i++) {
        double unit = data->weight ? sqrt(data->weight[i]) : 1;
        double r = data->y[i] - stats_family_hinge.eval(s->hinge.theta, data->x[i], NULL);
        s->fit->n_clipped += fabs(unit * r) > limit;
    }
}

/* Huber's hinge in place of the least-squares one; not where too few points could tell which of them are wild. */
static ropelaw_status huber_hinge(fit_state *s, ropelaw_error *error) {
    enum { LEAST_POINTS = 8 };
    stats_huber_hinge huber;
    if (s->curve.n < LEAST_POINTS || s->m < 5 || s->line.exact) return ROPELAW_OK;
    ropelaw_status status = stats_huber_hinge_fit(&s->curve.data, &huber, error);
    if (status || !(huber.scale > 0)) return status;
    const stats_hinge *h = &huber.hinge;
    const double theta[] = {h->alpha, h->slope_left, h->slope_right - h->slope_left, h->psi};
    memcpy(s->hinge.theta, theta, sizeof theta);
    s->hinge.rss = h->rss;
    clip(s, stats_huber_k * huber.scale);
    return ROPELAW_OK;
}

ropelaw_status fit_hinge(fit_state *s, ropelaw_error *error) {
    const stats_data *data = &s->curve.data;
    bool known = data->sigma > 0 || s->curve.documents.n;
    s->plateau = s->m == 4;
    if (s->m < 4 || (s->m == 4 && !known)) return ROPELAW_OK;
    const stats_family *family = s->plateau ? &stats_family_plateau_hinge : &stats_family_hinge;
    ropelaw_family_fit found = {.rss = 0};
    ropelaw_status status = stats_family_solve(family, data, &found, NULL, error);
    if (status) return status;
    s->hinge = found;
    if (s->plateau) {
        const double theta[] = {found.theta[0], 0, found.theta[1], found.theta[2]};
        memcpy(s->hinge.theta, theta, sizeof theta);
    }
    s->has_hinge = true;
    return s->options->robust ? huber_hinge(s, error) : ROPELAW_OK;
}

typedef struct {
    const fit_state *state;
    double *memory; /* [6n] */
} holder;

static double held(double psi, void *context) {
    const holder *h = context;
    const stats_data *data = &h->state->curve.data;
    return data->huber > 0 ? stats_huber_held(data, data->huber, psi, h->memory)
                           : stats_hinge_held(data, h->state->plateau, psi, h->memory);
}

/* Estimate, standard error and profile interval of the break. */
static ropelaw_status profile_break(fit_state *s, ropelaw_estimate *b, ropelaw_error *error) {
    const double *theta = s->hinge.theta;
    size_t n = s->curve.n;
    holder h = {s, core_malloc(6 * n, sizeof(double))};
    if (!h.memory) return core_fail_memory(error, 6 * n, sizeof(double));
    stats_hinge hinge = {.psi = theta[3], .slope_left = theta[1], .slope_right = theta[1] + theta[2]};
    double *influence = s->curve.lower ? NULL : s->influence;
    double variance = stats_hinge_influence(&s->curve.data, s->plateau, &hinge, h.memory, influence);
    fit_estimator estimator = {variance, s->influence, s->hinge.rss, s->plateau ? 3 : 4};
    fit_scale scale = fit_scale_of(s, &estimator);
    b->est = exp(theta[3]);
    b->se = fit_se(s, &estimator);
    double rise = fit_rise(&scale, s->options->level);
    if (isfinite(variance) && isfinite(rise)) {
        stats_hull hull = stats_hinge_hull(&s->curve.data, held, &h, theta[3], s->hinge.rss + rise);
        b->lo = exp(hull.lo);
        b->hi = exp(hull.hi);
        b->method = scale.method;
        if (isinf(hull.lo) || isinf(hull.hi)) b->caveats |= ROPELAW_CAVEAT_AT_EDGE;
    }
    core_free(h.memory);
    return ROPELAW_OK;
}

static ropelaw_status exact_interval(fit_state *s, ropelaw_error *error) {
    const ropelaw_fit_options *o = s->options;
    ropelaw_estimate *b = &s->fit->break_tok;
    stats_exact *exact = NULL;
    stats_exact_model model = {s->plateau, o->width > 0 && s->m >= 6 ? o->width : 0};
    ropelaw_status status =
        stats_exact_create(&s->curve.data, &model, draws_for(o->n_draws, s->curve.n), o->seed, &exact, error);
    if (status) return status;
    stats_exact_interval k;
    stats_exact_interval_find(exact, o->level, &k);
    if (model.width > 0) {
        b->est = exp(stats_exact_estimate(exact));
        b->se = NAN;
    }
    stats_exact_destroy(exact);
    b->lo = exp(k.lo);
    b->hi = exp(k.hi);
    b->method = model.width > 0 ? "exact given the width" : "exact";
    if (k.at_edge) b->caveats |= ROPELAW_CAVEAT_AT_EDGE;
    return ROPELAW_OK;
}

static ropelaw_status test_break(fit_state *s, ropelaw_error *error) {
    const stats_data *data = &s->curve.data;
    ropelaw_run_fit *fit = s->fit;
    if (data->n >= 5 || data->sigma > 0) {
        stats_simulation simulation = {.n_draws = s->options->n_existence,
                                       .seed = s->options->seed ^ 0x5eedULL,
                                       .threads = 1,
                                       .laws = s->laws};
        stats_sup_f test = {NAN, NAN};
        ropelaw_status status = stats_sup_f_test(data, &simulation, &test, error);
        if (status) return status;
        fit->sup_f = test.f;
        fit->p_break = test.p;
        fit->p_break_method = "sup-F";
        fit->p_davies = stats_davies(data, 10, &status);
        if (status) return core_fail_memory(error, data->n, 4 * sizeof(double));
    }
    if (s->line.exact) return ROPELAW_OK; /* documents that are parallel lines differ by roundings as well */
    double p = NAN;
    ropelaw_status status = fit_documents_test(s, &p, error);
    if (status || isnan(p)) return status;
    fit->p_break = p;
    fit->p_break_method = "sign flips of documents";
    return ROPELAW_OK;
}

ropelaw_status fit_break(fit_state *s, ropelaw_error *error) {
    const stats_data *data = &s->curve.data;
    ropelaw_run_fit *fit = s->fit;
    if (!s->has_hinge) return ROPELAW_OK;
    ropelaw_status status = profile_break(s, &fit->break_profile, error);
    if (status) return status;
    fit->break_tok = fit->break_profile;
    fit->df = (double)data->n - (s->plateau ? 3 : 4);
    fit->sigma = data->sigma > 0   ? data->sigma
                 : data->huber > 0 ? data->huber / stats_huber_k
                 : fit->df > 0     ? sqrt(s->hinge.rss / fit->df)
                                   : NAN;
    status = test_break(s, error);
    if (status || s->curve.documents.n || data->huber > 0) return status;
    return data->n >= 5 || data->sigma > 0 ? exact_interval(s, error) : ROPELAW_OK;
}
