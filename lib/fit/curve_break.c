/* The break: the exact hinge, its test and its interval by conditional simulation. */
#include "fit/curve_fit.h"
#include "num/lsq.h"
#include "num/quantile.h"
#include "stats/break_test.h"
#include "stats/exact.h"
#include "stats/family.h"
#include <math.h>
#include <string.h>

/* Long curves get fewer draws: the interval's end moves by about 1/sqrt(draws) of its distance, while a p value costs
   draws * n. */
static size_t draws_for(size_t wanted, size_t n) {
    const size_t few = 999;
    return n > 100 && wanted > few ? few : wanted;
}

static ropelaw_status solve_hinge(fit_state *s, ropelaw_error *error) {
    const stats_data *data = &s->curve.data;
    bool known = data->sigma > 0;
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
    return ROPELAW_OK;
}

/* Gauss-Newton standard error of psi, from the derivative on the side of x > psi. */
static double standard_error(const fit_state *s) {
    const stats_data *data = &s->curve.data;
    size_t n = data->n, p = s->plateau ? 3 : 4, rank = 0;
    double cov[16], *j = core_malloc(n * p, sizeof(double));
    if (!j) return NAN;
    for (size_t i = 0; i < n; i++) {
        double g[STATS_P], theta[3] = {s->hinge.theta[0], s->hinge.theta[2], s->hinge.theta[3]};
        if (s->plateau)
            stats_family_plateau_hinge.eval(theta, data->x[i], g);
        else
            stats_family_hinge.eval(s->hinge.theta, data->x[i], g);
        for (size_t k = 0; k < p; k++) j[k * n + i] = g[k];
    }
    for (size_t k = 0; k < p; k++) stats_whiten(data, j + k * n);
    ropelaw_status status = num_covariance(n, p, j, cov, &rank, NULL);
    core_free(j);
    if (status || rank < p || (n <= p && !(data->sigma > 0))) return NAN;
    double sigma2 = data->sigma > 0 ? data->sigma * data->sigma : s->hinge.rss / (double)(n - p);
    return sqrt(sigma2 * cov[p * p - 1]);
}

static ropelaw_status exact_interval(fit_state *s, ropelaw_error *error) {
    const ropelaw_fit_options *o = s->options;
    ropelaw_estimate *b = &s->fit->break_tok;
    stats_exact *exact = NULL;
    ropelaw_status status = stats_exact_create(&s->curve.data, s->plateau, draws_for(o->n_draws, s->curve.n),
                                               o->seed, &exact, error);
    if (status) return status;
    stats_exact_interval k;
    stats_exact_interval_find(exact, o->level, &k);
    stats_exact_destroy(exact);
    b->lo = exp(k.lo);
    b->hi = exp(k.hi);
    b->method = "exact";
    if (k.at_edge) b->caveats |= ROPELAW_CAVEAT_AT_EDGE;
    return ROPELAW_OK;
}

ropelaw_status fit_break(fit_state *s, ropelaw_error *error) {
    const stats_data *data = &s->curve.data;
    ropelaw_run_fit *fit = s->fit;
    ropelaw_status status = solve_hinge(s, error);
    if (status || !s->has_hinge) return status;
    size_t p = s->plateau ? 3 : 4;
    fit->break_tok.est = exp(s->hinge.theta[3]);
    fit->break_tok.se = standard_error(s);
    fit->df = (double)data->n - (double)p;
    fit->sigma = data->sigma > 0 ? data->sigma : fit->df > 0 ? sqrt(s->hinge.rss / fit->df) : NAN;
    if (data->n < 5 && !(data->sigma > 0)) return ROPELAW_OK;
    stats_simulation simulation = {
        .n_draws = s->options->n_existence, .seed = s->options->seed ^ 0x5eedULL, .threads = 1};
    stats_sup_f test = {NAN, NAN};
    status = stats_sup_f_test(data, &simulation, &test, error);
    if (status) return status;
    fit->sup_f = test.f;
    fit->p_break = test.p;
    ropelaw_status davies = ROPELAW_OK;
    fit->p_davies = stats_davies(data, 10, &davies);
    return davies ? core_fail_memory(error, data->n, 4 * sizeof(double)) : exact_interval(s, error);
}
