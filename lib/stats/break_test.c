/* Under a line, y = X b + sigma e, both sums of squares are sigma^2 times functions of e alone, so that the ratio is
   free of b and sigma: simulating standard normal e gives the exact law for these x. */
#include "stats/break_test.h"
#include "num/quantile.h"
#include "stats/family.h"
#include "stats/resample.h"
#include "stats/straight.h"
#include <math.h>
#include <ropelaw/random.h>
#include <string.h>

enum { DRAWS_PER_TASK = 250 };

typedef struct {
    const stats_data *data;
    const stats_hinge_plan *plan;
    double *line; /* [2][n] orthonormal */
    size_t rank;
    double *memory; /* [threads][stride] */
    size_t stride;
    const stats_simulation *simulation;
    double observed;
    size_t *count;  /* [tasks] draws at or above `observed` */
    double *values; /* [draws] or NULL */
} context;

static double ratio(const stats_data *data, double line, double hinge) {
    if (data->sigma > 0) return (line - hinge) / (2 * data->sigma * data->sigma);
    return 0.5 * (line - hinge) / (hinge / (double)(data->n - 4));
}

/* F of a raw curve; v [n] and scratch are memory. */
static double statistic(const context *c, const double *y, double *v, double *scratch) {
    memcpy(v, y, c->data->n * sizeof *v);
    stats_whiten(c->data, v);
    double line = stats_project_out(c->data->n, c->rank, c->line, v);
    double hinge = stats_hinge_rss(c->plan, y, scratch);
    return ratio(c->data, line, fmin(line, hinge));
}

static ropelaw_status simulate(void *argument, size_t task, size_t thread, ropelaw_error *error) {
    (void)error;
    const context *c = argument;
    size_t n = c->data->n, first = task * DRAWS_PER_TASK, count = 0;
    double *y = c->memory + thread * c->stride, *v = y + n, *scratch = v + n;
    double scale = c->data->sigma > 0 ? c->data->sigma : 1;
    for (size_t d = first; d < first + DRAWS_PER_TASK && d < c->simulation->n_draws; d++) {
        ropelaw_random random;
        ropelaw_random_init(&random, c->simulation->seed, d);
        for (size_t i = 0; i < n; i++) y[i] = scale * ropelaw_random_normal(&random);
        stats_unwhiten(c->data, y);
        double f = statistic(c, y, v, scratch);
        count += f >= c->observed;
        if (c->values) c->values[d] = f;
    }
    c->count[task] = count;
    return ROPELAW_OK;
}

static void line_basis(const stats_data *data, double *line, size_t *rank) {
    for (size_t i = 0; i < data->n; i++) {
        line[i] = 1;
        line[data->n + i] = data->x[i] - data->x[0];
    }
    stats_whiten(data, line);
    stats_whiten(data, line + data->n);
    *rank = stats_orthonormalise(data->n, 2, line);
}

/* ---- Laws by lengths, weights and noise; the oldest gives way. */

enum { LAWS = 8 };

typedef struct {
    size_t n, n_draws;
    uint64_t seed;
    double sigma;
    double *x, *weight, *f; /* [n], [n] (ones if none are given), [n_draws]; one allocation */
} null_law;

struct stats_null_laws {
    null_law law[LAWS];
    size_t oldest, n_simulated;
};

stats_null_laws *stats_null_laws_create(void) {
    return core_calloc(1, sizeof(stats_null_laws));
}

void stats_null_laws_destroy(stats_null_laws *laws) {
    for (size_t k = 0; laws && k < LAWS; k++) core_free(laws->law[k].x);
    core_free(laws);
}

size_t stats_null_laws_simulated(const stats_null_laws *laws) {
    return laws->n_simulated;
}

static bool same_weights(const stats_data *data, const null_law *law) {
    for (size_t i = 0; i < data->n; i++)
        if (law->weight[i] != (data->weight ? data->weight[i] : 1)) return false;
    return true;
}

static const null_law *find_law(const context *c) {
    const stats_data *data = c->data;
    const stats_simulation *s = c->simulation;
    for (size_t k = 0; s->laws && !data->lower && k < LAWS; k++) {
        const null_law *law = &s->laws->law[k];
        if (law->x && law->n == data->n && law->n_draws == s->n_draws && law->seed == s->seed &&
            law->sigma == data->sigma && !memcmp(law->x, data->x, data->n * sizeof(double)) &&
            same_weights(data, law))
            return law;
    }
    return NULL;
}

/* Room for the law that is simulated now; NULL: it is not kept. */
static null_law *open_law(const context *c) {
    const stats_data *data = c->data;
    const stats_simulation *s = c->simulation;
    size_t n = data->n;
    if (!s->laws || data->lower) return NULL;
    double *memory = core_malloc(2 * n + s->n_draws, sizeof(double));
    if (!memory) return NULL;
    null_law *law = &s->laws->law[s->laws->oldest];
    s->laws->oldest = (s->laws->oldest + 1) % LAWS;
    core_free(law->x);
    *law = (null_law){n, s->n_draws, s->seed, data->sigma, memory, memory + n, memory + 2 * n};
    memcpy(law->x, data->x, n * sizeof(double));
    for (size_t i = 0; i < n; i++) law->weight[i] = data->weight ? data->weight[i] : 1;
    return law;
}

/* Run all draws; total of those at or above the observed F. */
static ropelaw_status run(context *c, const null_law *known, size_t *total, ropelaw_error *error) {
    size_t n = c->data->n, tasks = known ? 0 : (c->simulation->n_draws + DRAWS_PER_TASK - 1) / DRAWS_PER_TASK,
           threads = core_threads(c->simulation->threads, tasks);
    c->stride = 2 * n + stats_hinge_scratch(c->plan);
    c->line = core_malloc(2 * n, sizeof(double));
    c->memory = core_malloc(threads * c->stride, sizeof(double));
    c->count = core_calloc(tasks + 1, sizeof(size_t));
    ropelaw_status status = ROPELAW_NOMEM;
    if (c->line && c->memory && c->count) {
        line_basis(c->data, c->line, &c->rank);
        if (isnan(c->observed)) c->observed = statistic(c, c->data->y, c->memory, c->memory + n);
        status = core_parallel(threads, tasks, simulate, c, c->simulation->progress, error);
        *total = 0;
        for (size_t t = 0; t < tasks; t++) *total += c->count[t];
        for (size_t d = 0; known && d < known->n_draws; d++) *total += known->f[d] >= c->observed;
    } else {
        core_fail_memory(error, threads * c->stride, sizeof(double));
    }
    core_free(c->line);
    core_free(c->memory);
    core_free(c->count);
    return status;
}

/* The p value of the data's own F; the law is taken from those at hand, or simulated and kept with them. */
static ropelaw_status test_observed(context *c, size_t *total, ropelaw_error *error) {
    const null_law *known = find_law(c);
    null_law *kept = known ? NULL : open_law(c);
    if (kept) c->values = kept->f;
    if (!known && c->simulation->laws) c->simulation->laws->n_simulated++;
    ropelaw_status status = run(c, known, total, error);
    if (status && kept) { /* half a law is none */
        core_free(kept->x);
        *kept = (null_law){0};
    }
    return status;
}

static ropelaw_status check(const stats_data *data, ropelaw_error *error) {
    if (data->n >= 5 || data->sigma > 0) return ROPELAW_OK;
    return core_fail(error, ROPELAW_SHAPE, "points", "", ">= 5",
                     "a test of a break needs 5 points, here are %zu", data->n);
}

ropelaw_status stats_sup_f_test(const stats_data *data, const stats_simulation *simulation, stats_sup_f *test,
                                ropelaw_error *error) {
    stats_hinge_plan *plan = NULL;
    stats_straight line;
    ropelaw_status status = check(data, error);
    if (!status) status = stats_hinge_create(data, false, &plan, error);
    if (!status && stats_straight_fit(data, NULL, &line)) status = core_fail_memory(error, data->n, 24);
    context c = {.data = data, .plan = plan, .simulation = simulation, .observed = NAN};
    size_t total = 0;
    if (!status && !line.exact) status = test_observed(&c, &total, error);
    stats_hinge_destroy(plan);
    if (status) return status;
    *test = (stats_sup_f){c.observed, (1 + (double)total) / (1 + (double)simulation->n_draws)};
    if (line.exact) *test = (stats_sup_f){0, 1}; /* F would be a quotient of roundings */
    return ROPELAW_OK;
}

ropelaw_status stats_sup_f_critical(const stats_data *data, double alpha, const stats_simulation *simulation,
                                    double *critical, ropelaw_error *error) {
    stats_hinge_plan *plan = NULL;
    ropelaw_status status = check(data, error);
    if (!status) status = stats_hinge_create(data, false, &plan, error);
    if (status) return status;
    size_t draws = simulation->n_draws, total;
    context c = {.data = data, .plan = plan, .simulation = simulation, .observed = INFINITY};
    c.values = core_malloc(draws, sizeof(double));
    status = c.values ? run(&c, NULL, &total, error) : core_fail_memory(error, draws, sizeof(double));
    if (!status) {
        stats_sort(c.values, draws);
        size_t rank = (size_t)((1 - alpha) * (double)(draws + 1));
        *critical = c.values[rank < draws ? rank : draws - 1];
    }
    core_free(c.values);
    stats_hinge_destroy(plan);
    return status;
}

/* t statistic of the column (x - psi)_+ beside a line. */
static double t_statistic(const stats_data *data, double psi, double *memory) {
    size_t n = data->n;
    double *q = memory, *v = memory + 3 * n;
    for (size_t i = 0; i < n; i++) {
        q[i] = 1;
        q[n + i] = data->x[i] - data->x[0];
        q[2 * n + i] = fmax(data->x[i] - psi, 0);
        v[i] = data->y[i];
    }
    for (size_t j = 0; j < 4; j++) stats_whiten(data, memory + j * n);
    size_t rank = stats_orthonormalise(n, 3, q);
    if (rank < 3) return 0;
    double rss_line = stats_project_out(n, 2, q, v), sum = 0;
    for (size_t i = 0; i < n; i++) sum += q[2 * n + i] * v[i];
    return sum / sqrt((rss_line - sum * sum) / (double)(n - 3));
}

/* p <= 2 [P(t > M) + V (1-v)^((nu-1)/2) G((nu+1)/2) / (2 G(nu/2) sqrt pi)], v = M^2/(nu + M^2); lgamma, because
   Gamma itself overflows for long curves. */
double stats_davies(const stats_data *data, size_t k, ropelaw_status *status) {
    size_t n = data->n, m = stats_count_distinct(data);
    stats_straight line;
    *status = ROPELAW_OK;
    if (n < 5 || m < 4 || k < 2) return NAN;
    double *memory = core_malloc(4 * n, sizeof(double));
    if (!memory || stats_straight_fit(data, NULL, &line)) {
        core_free(memory);
        *status = ROPELAW_NOMEM;
        return NAN;
    }
    if (line.exact) {
        core_free(memory);
        return 1;
    }
    double lo = data->x[1], hi = data->x[n - 2], nu = (double)(n - 3), most = 0, variation = 0, before = NAN;
    for (size_t i = 0; i < k; i++) {
        double psi = lo + (hi - lo) * (double)i / (double)(k - 1);
        if (psi <= data->x[0] || psi >= data->x[n - 1])
            continue; /* ties at an end: the column is a line there */
        double t = t_statistic(data, psi, memory), angle = asin(t / sqrt(nu + t * t));
        if (!isnan(before)) variation += fabs(angle - before);
        before = angle;
        most = fmax(most, fabs(t));
    }
    core_free(memory);
    double rest = nu / (nu + most * most);
    double bound = num_t_tail(most, nu) + 0.5 * variation * pow(rest, 0.5 * (nu - 1)) *
                                              exp(lgamma(0.5 * (nu + 1)) - lgamma(0.5 * nu)) / sqrt(M_PI);
    return fmin(1, 2 * bound);
}
