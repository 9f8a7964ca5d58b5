/* Several models. In units of the theory's slope, x = u critical_dim / rotary_dim, each model's slope is its ratio
   rho_j = effective_dim / critical_dim, so one ratio for all is one column; intercepts stay the models' own.

   Random ratios, rho_j = mean + N(0, omega^2): the models' slopes and their variances are sufficient once the intercepts
   are eliminated, so the restricted likelihood of omega is one-dimensional; the mean gets the interval of Hartung and
   Knapp (2001), Student's with J - 1 degrees of freedom. */
#include "fit/law_data.h"
#include "num/quantile.h"
#include "num/root.h"
#include <math.h>

/* fewer than 5 models say nothing about their spread; the cost grows with the fourth power of their number */
enum { RANDOM_FROM = 5, MAX_MODELS = 64 };

static const double log_2pi = 1.8378770664093454836;

typedef struct {
    size_t j, n; /* models, runs */
    double *x;   /* [n][2 j]; the shared problem uses the first j + 1 columns of its own copy */
    double *shared, *zero;
    double *one_c, *both; /* [n][j + 1]: one intercept; [n][2]: one intercept and one ratio */
    double *floor, *variance;
    bool with_floor;
    size_t *group;
    fit_term *terms; /* borrowed tables */
} pool_work;

static bool has_law(const ropelaw_law_model *m) {
    return !m->reason && !isnan(m->free.slope);
}

static ropelaw_status gather(const fit_law_data *data, const ropelaw_law *law, pool_work *w,
                             ropelaw_error *error) {
    size_t columns = 4 * w->j + 6;
    w->x = core_calloc(w->n + 1, columns * sizeof *w->x);
    w->terms = core_malloc(w->n, sizeof *w->terms);
    w->group = core_malloc(w->n, sizeof *w->group);
    if (!w->x || !w->terms || !w->group) return core_fail_memory(error, w->n, columns * sizeof *w->x);
    w->shared = w->x + 2 * w->j * w->n;
    w->one_c = w->shared + (w->j + 1) * w->n;
    w->both = w->one_c + (w->j + 1) * w->n;
    w->zero = w->both + 2 * w->n;
    w->floor = w->zero + w->n;
    w->variance = w->floor + w->n; /* [j], j <= n */
    for (size_t m = 0, j = 0, row = 0; m < law->n_models; m++) {
        if (!has_law(&law->models[m])) continue;
        double q = law->models[m].critical_dim / law->models[m].rotary_dim;
        for (size_t i = 0; i < data[m].n; i++, row++) {
            w->terms[row] = data[m].terms[i];
            w->group[row] = j, w->floor[row] = data[m].floor[i];
            w->one_c[row * (w->j + 1)] = w->both[row * 2] = 1;
            w->one_c[row * (w->j + 1) + 1 + j] = w->both[row * 2 + 1] = q * data[m].u[i];
            w->x[row * 2 * w->j + j] = w->shared[row * (w->j + 1) + j] = 1;
            w->x[row * 2 * w->j + w->j + j] = w->shared[row * (w->j + 1) + w->j] = q * data[m].u[i];
        }
        w->variance[j++] = data[m].shift_variance;
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

static fit_line_problem problem(const pool_work *w, const double *x, size_t p, bool shifts) {
    fit_line_problem a = {w->n, p,    x,     w->zero, w->with_floor ? w->floor : NULL, w->terms, 0, 0, 0,
                          NULL, NULL, false, 1};
    if (!shifts) return a;
    a.n_groups = w->j, a.group = w->group, a.group_variance = w->variance;
    return a;
}

static ropelaw_range factor(double intercept, const double interval[2]) {
    return (ropelaw_range){exp(intercept - log_2pi), exp(interval[0] - log_2pi), exp(interval[1] - log_2pi)};
}

static ropelaw_law_test test_of(const fit_line *separate, size_t j, const fit_line *restricted, size_t df) {
    fit_test t = fit_line_test(separate, 2 * j, restricted->log_likelihood, df);
    return (ropelaw_law_test){t.f, t.df1, t.df2, t.p};
}

/* One intercept for all: then the error of each model's shape, which an intercept of its own takes up, is a shift. */
static ropelaw_status fit_one_c(pool_work *w, const fit_line *separate, double level, ropelaw_law_pool *pool,
                                ropelaw_error *error) {
    size_t j = w->j;
    fit_line_problem own = problem(w, w->one_c, j + 1, true), one = problem(w, w->both, 2, true);
    fit_line ratios = {0}, both = {0};
    double c[2], rho[2];
    ropelaw_status s = fit_line_fit(&own, &ratios, error);
    if (!s) s = fit_line_interval(&own, &ratios, 0, level, c, error);
    if (!s) {
        pool->intercept_factor = factor(ratios.theta[0], c);
        pool->one_c = test_of(separate, j, &ratios, j - 1);
        s = fit_line_fit(&one, &both, error);
    }
    if (!s) s = fit_line_interval(&one, &both, 0, level, c, error);
    if (!s) s = fit_line_interval(&one, &both, 1, level, rho, error);
    if (!s) {
        pool->both_factor = factor(both.theta[0], c);
        pool->both_rho = (ropelaw_range){both.theta[1], rho[0], rho[1]};
        pool->one_law = test_of(separate, j, &both, 2 * j - 2);
    }
    fit_line_clear(&ratios), fit_line_clear(&both);
    return s;
}

static ropelaw_status fit_shared(pool_work *w, double level, ropelaw_law_pool *pool, ropelaw_error *error) {
    size_t j = w->j;
    fit_line_problem apart = problem(w, w->x, 2 * j, false), one = problem(w, w->shared, j + 1, false);
    fit_line separate = {0}, shared = {0};
    double interval[2];
    ropelaw_status s = fit_line_fit(&one, &shared, error);
    if (!s) s = fit_line_interval(&one, &shared, j, level, interval, error);
    if (!s) s = fit_line_fit(&apart, &separate, error);
    if (!s) {
        pool->rho = (ropelaw_range){shared.theta[j], interval[0], interval[1]};
        pool->one_ratio = test_of(&separate, j, &shared, j - 1);
        pool->tau = shared.tau;
        pool->n_models = j, pool->n_runs = w->n;
        if (j >= RANDOM_FROM && pool->one_ratio.df2 >= 1) fit_random(&separate, j, level, pool);
        s = fit_one_c(w, &separate, level, pool, error);
    }
    fit_line_clear(&separate);
    fit_line_clear(&shared);
    return s;
}

static const ropelaw_range unknown = {NAN, NAN, NAN};
static const ropelaw_law_test untested = {NAN, NAN, NAN, NAN};

ropelaw_status fit_law_pool(const fit_law_data *data, const ropelaw_law *law,
                            const ropelaw_law_options *options, ropelaw_law_pool *pool,
                            ropelaw_error *error) {
    *pool = (ropelaw_law_pool){unknown, untested, unknown, NAN,     NAN,      0,   0,
                               unknown, untested, unknown, unknown, untested, NULL};
    pool_work w = {.with_floor = options->floor == ROPELAW_FLOOR_MODEL};
    for (size_t m = 0; m < law->n_models; m++)
        if (has_law(&law->models[m])) w.j++, w.n += data[m].n;
    if (w.j > MAX_MODELS) pool->reason = "at most 64 models are pooled: fit fewer at a time";
    if (w.j < 2 || pool->reason) return ROPELAW_OK;
    ropelaw_error detail = {0};
    ropelaw_status s = gather(data, law, &w, error);
    if (!s) {
        s = fit_shared(&w, law->level, pool, &detail);
        if (s == ROPELAW_NOCONV || s == ROPELAW_SINGULAR) {
            pool->reason = "the likelihood of the pooled models has no maximum that could be found";
            s = ROPELAW_OK;
        }
        if (s && error) *error = detail;
    }
    core_free(w.x);
    core_free(w.terms);
    core_free(w.group);
    return s;
}
