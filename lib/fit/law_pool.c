/* Several models. In units of the theory's slope, x = u critical_dim / rotary_dim, each model's slope is its ratio
   rho_j = effective_dim / critical_dim, so one ratio for all is one column; intercepts stay the models' own.

   Random ratios, rho_j = mean + N(0, omega^2): the models' slopes and their variances are sufficient once the intercepts
   are eliminated, so the restricted likelihood of omega is one-dimensional; the mean gets the interval of Hartung and
   Knapp (2001), Student's with J - 1 degrees of freedom. */
#include "fit/law_data.h"
#include "num/quantile.h"
#include "num/root.h"
#include <math.h>

enum { RANDOM_FROM = 5, MAX_MODELS = 200 }; /* fewer than 5 models say nothing about their spread */

typedef struct {
    size_t j, n; /* models, runs */
    double *x;   /* [n][2 j]; the shared problem uses the first j + 1 columns of its own copy */
    double *shared, *zero;
    fit_term *terms; /* borrowed tables */
} pool_work;

static bool has_law(const ropelaw_law_model *m) {
    return !m->reason && !isnan(m->free.slope);
}

static ropelaw_status gather(const fit_law_data *data, const ropelaw_law *law, pool_work *w,
                             ropelaw_error *error) {
    size_t columns = 3 * w->j + 2;
    w->x = core_calloc(w->n, columns * sizeof *w->x);
    w->terms = core_malloc(w->n, sizeof *w->terms);
    if (!w->x || !w->terms) return core_fail_memory(error, w->n, columns * sizeof *w->x);
    w->shared = w->x + 2 * w->j * w->n;
    w->zero = w->shared + (w->j + 1) * w->n;
    for (size_t m = 0, j = 0, row = 0; m < law->n_models; m++) {
        if (!has_law(&law->models[m])) continue;
        double q = law->models[m].critical_dim / law->models[m].rotary_dim;
        for (size_t i = 0; i < data[m].n; i++, row++) {
            w->terms[row] = data[m].terms[i];
            w->x[row * 2 * w->j + j] = w->shared[row * (w->j + 1) + j] = 1;
            w->x[row * 2 * w->j + w->j + j] = w->shared[row * (w->j + 1) + w->j] = q * data[m].u[i];
        }
        j++;
    }
    return ROPELAW_OK;
}

typedef struct {
    size_t n;
    const double *rho, *variance;
    double mean, weight, q; /* at the last omega */
} spread;

/* Twice the negative restricted log likelihood. */
static double restricted(double omega, void *context) {
    spread *s = context;
    double weight = 0, sum = 0, logs = 0, q = 0;
    for (size_t j = 0; j < s->n; j++) {
        double v = s->variance[j] + omega * omega;
        weight += 1 / v, sum += s->rho[j] / v, logs += log(v);
    }
    s->mean = sum / weight, s->weight = weight;
    for (size_t j = 0; j < s->n; j++) {
        double d = s->rho[j] - s->mean;
        q += d * d / (s->variance[j] + omega * omega);
    }
    s->q = q;
    return logs + log(weight) + q;
}

static void fit_random(const fit_line *separate, size_t j, double level, ropelaw_law_pool *pool) {
    double n = (double)separate->n_bounded, inflation = n / (n - 2.0 * (double)j), variance[MAX_MODELS],
           reach = 0;
    for (size_t k = 0; k < j; k++) {
        variance[k] = inflation * separate->covariance[(j + k) * 2 * j + j + k];
        if (!(variance[k] > 0) || !isfinite(variance[k])) return;
        reach = fmax(reach, fabs(separate->theta[j + k] - separate->theta[j]));
    }
    spread s = {j, separate->theta + j, variance, 0, 0, 0};
    double omega, best = 0, value = restricted(0, &s);
    for (int k = 0; k < 20 && reach > 0;
         k++) { /* several intervals: the likelihood may have a mode at 0 and one inside */
        num_interval range = {reach * k / 10, reach * (k + 1) / 10, 1e-8};
        double v = num_minimum(restricted, &s, range, &omega);
        if (v < value) value = v, best = omega;
    }
    restricted(best, &s);
    double df = (double)j - 1, se = sqrt(fmax(s.q / df, 1) / s.weight),
           t = num_t_quantile((1 + level) / 2, df);
    pool->omega = best;
    pool->random_mean = (ropelaw_range){s.mean, s.mean - t * se, s.mean + t * se};
}

static ropelaw_status fit_shared(pool_work *w, double level, ropelaw_law_pool *pool, ropelaw_error *error) {
    size_t j = w->j;
    fit_line_problem apart = {w->n, 2 * j, w->x, w->zero, NULL, w->terms, 0, 0};
    fit_line_problem one = {w->n, j + 1, w->shared, w->zero, NULL, w->terms, 0, 0};
    fit_line separate = {0}, shared = {0};
    double interval[2];
    ropelaw_status s = fit_line_fit(&one, &shared, error);
    if (!s) s = fit_line_interval(&one, &shared, j, level, interval, error);
    if (!s) s = fit_line_fit(&apart, &separate, error);
    if (!s) {
        fit_test t = fit_line_test(&separate, 2 * j, shared.log_likelihood, j - 1);
        pool->rho = (ropelaw_range){shared.theta[j], interval[0], interval[1]};
        pool->one_ratio = (ropelaw_law_test){t.f, t.df1, t.df2, t.p};
        pool->tau = shared.tau;
        pool->n_models = j, pool->n_runs = w->n;
        if (j >= RANDOM_FROM && t.df2 >= 1) fit_random(&separate, j, level, pool);
    }
    fit_line_clear(&separate);
    fit_line_clear(&shared);
    return s;
}

ropelaw_status fit_law_pool(const fit_law_data *data, const ropelaw_law *law, ropelaw_law_pool *pool,
                            ropelaw_error *error) {
    const ropelaw_range unknown = {NAN, NAN, NAN};
    *pool = (ropelaw_law_pool){
        unknown, {NAN, NAN, NAN, NAN},
         unknown, NAN, NAN, 0, 0
    };
    pool_work w = {0};
    for (size_t m = 0; m < law->n_models; m++)
        if (has_law(&law->models[m])) w.j++, w.n += data[m].n;
    if (w.j < 2 || w.j > MAX_MODELS) return ROPELAW_OK;
    ropelaw_error detail = {0};
    ropelaw_status s = gather(data, law, &w, error);
    if (!s) {
        s = fit_shared(&w, law->level, pool, &detail);
        if (s == ROPELAW_NOCONV || s == ROPELAW_SINGULAR)
            s = ROPELAW_OK; /* the pool stays unknown */
        else if (s && error)
            *error = detail;
    }
    core_free(w.x);
    core_free(w.terms);
    return s;
}
