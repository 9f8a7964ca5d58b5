/* Replicate b draws from stream b of the seed and writes only its own slot, so that neither the number of threads nor
   their order shows in the result. Weighted residuals are resampled in units of equal variance. */
#include <ropelaw/bootstrap.h>
#include "num/quantile.h"
#include "stats/hinge_profile.h"
#include "stats/resample.h"
#include <math.h>
#include <ropelaw/random.h>
#include <string.h>

const ropelaw_break_options ropelaw_break_options_default = {.method = ROPELAW_BREAK_STUDENTISED,
                                                             .resample = ROPELAW_RESAMPLE_RESIDUALS,
                                                             .level = 0.95,
                                                             .n_draws = 1999,
                                                             .seed = 1,
                                                             .threads = 1};

const char *ropelaw_break_method_str(ropelaw_break_method method) {
    static const char *const names[] = {"profile-F", "percentile", "BCa", "studentised", "bootstrap-F"};
    return (size_t)method < CORE_COUNT(names) ? names[method] : "unknown";
}

enum { PER_TASK = 200, P = 4 };

typedef struct {
    stats_data data;
    const ropelaw_break_options *options;
    stats_hinge_plan *plan;
    stats_hinge hinge;
    double *fitted, *residual; /* [n] residuals whitened, centred and inflated */
    double *memory;            /* [threads][stride] */
    size_t stride;
    double *psi, *se, *f; /* [draws] */
} context;

static double standard_error(const stats_data *data, const stats_hinge *h, double *memory) {
    return sqrt(h->rss / (double)(data->n - P) * stats_hinge_influence(data, false, h, memory, NULL));
}

static bool resample_cases(const context *c, ropelaw_random *random, double *x, double *y, double *w) {
    size_t n = c->data.n, count[256] = {0}, k = 0, distinct = 0;
    if (n > CORE_COUNT(count)) return false;
    for (size_t i = 0; i < n; i++) count[ropelaw_random_below(random, n)]++;
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < count[i]; r++) {
            x[k] = c->data.x[i];
            y[k] = c->data.y[i];
            w[k] = c->data.weight ? c->data.weight[i] : 1;
            distinct += !k || x[k] != x[k - 1];
            k++;
        }
    return distinct >= 5;
}

static void resample_errors(const context *c, ropelaw_random *random, double *y) {
    size_t n = c->data.n;
    bool normal = c->options->resample == ROPELAW_RESAMPLE_NORMAL;
    double sigma = sqrt(c->hinge.rss / (double)(n - P));
    for (size_t i = 0; i < n; i++)
        y[i] = normal ? sigma * ropelaw_random_normal(random) : c->residual[ropelaw_random_below(random, n)];
    stats_unwhiten(&c->data, y);
    for (size_t i = 0; i < n; i++) y[i] += c->fitted[i];
}

static ropelaw_status replicate(const context *c, size_t b, double *memory, ropelaw_error *error) {
    size_t n = c->data.n;
    double *x = memory, *y = x + n, *w = y + n, *scratch = w + n;
    ropelaw_random random;
    ropelaw_random_init(&random, c->options->seed, b);
    stats_data data = c->data;
    stats_hinge_plan *own = NULL;
    if (c->options->resample == ROPELAW_RESAMPLE_CASES) {
        while (!resample_cases(c, &random, x, y, w)) {
        }
        data = (stats_data){.n = n, .x = x, .weight = w};
        ropelaw_status status = stats_hinge_create(&data, false, &own, error);
        if (status) return status;
    } else {
        resample_errors(c, &random, y);
    }
    data.y = y;
    stats_hinge h;
    stats_hinge_solve(own ? own : c->plan, y, scratch, &h);
    c->psi[b] = h.psi;
    c->se[b] = standard_error(&data, &h, scratch);
    c->f[b] = (stats_hinge_held(&data, false, c->hinge.psi, scratch) - h.rss) / (h.rss / (double)(n - P));
    stats_hinge_destroy(own);
    return ROPELAW_OK;
}

static ropelaw_status task(void *argument, size_t t, size_t thread, ropelaw_error *error) {
    const context *c = argument;
    ropelaw_status status = ROPELAW_OK;
    for (size_t b = t * PER_TASK; b < (t + 1) * PER_TASK && b < c->options->n_draws && !status; b++)
        status = replicate(c, b, c->memory + thread * c->stride, error);
    return status;
}

typedef struct {
    const stats_data *data;
    double *memory;
} holder;

static double held(double psi, void *argument) {
    const holder *h = argument;
    return stats_hinge_held(h->data, false, psi, h->memory);
}

static ropelaw_status bca_levels(context *c, double level, double *p_lo, double *p_hi, ropelaw_error *error) {
    size_t n = c->data.n, below = 0, m = 0;
    double *jack = c->memory, *x = jack + n, *y = x + n, *w = y + n, *scratch = w + n, mean = 0;
    for (size_t b = 0; b < c->options->n_draws; b++) below += c->psi[b] < c->hinge.psi;
    for (size_t out = 0; out < n; out++) {
        size_t k = 0;
        for (size_t i = 0; i < n; i++) {
            if (i == out) continue;
            x[k] = c->data.x[i];
            y[k] = c->data.y[i];
            w[k++] = c->data.weight ? c->data.weight[i] : 1;
        }
        stats_data rest = {.n = n - 1, .x = x, .y = y, .weight = w};
        stats_hinge_plan *plan = NULL;
        if (stats_count_distinct(&rest) < 4) continue;
        ropelaw_status status = stats_hinge_create(&rest, false, &plan, error);
        if (status) return status;
        jack[m++] = stats_hinge_break(plan, y, scratch);
        stats_hinge_destroy(plan);
    }
    for (size_t i = 0; i < m; i++) mean += jack[i] / (double)m;
    for (size_t i = 0; i < m; i++) jack[i] = mean - jack[i];
    stats_levels levels = stats_bca_levels(below, c->options->n_draws, jack, m, level);
    *p_lo = levels.lo;
    *p_hi = levels.hi;
    return ROPELAW_OK;
}

static ropelaw_status conclude(context *c, ropelaw_break_interval *k, ropelaw_error *error) {
    size_t B = c->options->n_draws;
    double level = c->options->level, p_lo = 0.5 - 0.5 * level, p_hi = 0.5 + 0.5 * level;
    ropelaw_status status = ROPELAW_OK;
    if (c->options->method == ROPELAW_BREAK_STUDENTISED) {
        double se = standard_error(&c->data, &c->hinge, c->memory);
        for (size_t b = 0; b < B; b++) c->f[b] = (c->psi[b] - c->hinge.psi) / c->se[b];
        stats_sort(c->f, B);
        k->lo = c->hinge.psi - se * stats_quantile(c->f, B, p_hi);
        k->hi = c->hinge.psi - se * stats_quantile(c->f, B, p_lo);
        return status;
    }
    if (c->options->method == ROPELAW_BREAK_BOOTSTRAP_F || c->options->method == ROPELAW_BREAK_PROFILE_F) {
        double df = (double)c->data.n - P, q = num_f_quantile(level, 1, df);
        if (c->options->method == ROPELAW_BREAK_BOOTSTRAP_F) {
            stats_sort(c->f, B);
            q = stats_quantile(c->f, B, level);
        }
        double cut = c->hinge.rss * (1 + q / df);
        holder own = {&c->data, c->memory};
        stats_hull hull = stats_hinge_hull(&c->data, held, &own, c->hinge.psi, cut);
        k->lo = hull.lo;
        k->hi = hull.hi;
        return status;
    }
    if (c->options->method == ROPELAW_BREAK_BCA) status = bca_levels(c, level, &p_lo, &p_hi, error);
    stats_sort(c->psi, B);
    k->lo = stats_quantile(c->psi, B, p_lo);
    k->hi = stats_quantile(c->psi, B, p_hi);
    if (c->data.n < 24) k->caveats |= ROPELAW_CAVEAT_FEW_POINTS;
    return status;
}

static void prepare(context *c) {
    size_t n = c->data.n;
    double mean = 0, inflation = sqrt((double)n / (double)(n - P));
    for (size_t i = 0; i < n; i++) {
        double d = c->data.x[i] - c->hinge.psi;
        c->fitted[i] = c->hinge.alpha + (d > 0 ? c->hinge.slope_right : c->hinge.slope_left) * d;
        c->residual[i] = c->data.y[i] - c->fitted[i];
    }
    stats_whiten(&c->data, c->residual);
    for (size_t i = 0; i < n; i++) mean += c->residual[i] / (double)n;
    for (size_t i = 0; i < n; i++) c->residual[i] = (c->residual[i] - mean) * inflation;
}

static ropelaw_status run(context *c, ropelaw_break_interval *interval, ropelaw_error *error) {
    size_t n = c->data.n, draws = c->options->n_draws, tasks = (draws + PER_TASK - 1) / PER_TASK,
           threads = core_threads(c->options->threads, tasks);
    c->stride = 8 * n;
    size_t size = 2 * n + threads * c->stride + 3 * draws;
    double *memory = core_malloc(size, sizeof(double));
    if (!memory) return core_fail_memory(error, size, sizeof(double));
    c->fitted = memory;
    c->residual = c->fitted + n;
    c->memory = c->residual + n;
    c->psi = c->memory + threads * c->stride;
    c->se = c->psi + draws;
    c->f = c->se + draws;
    stats_hinge_solve(c->plan, c->data.y, c->memory, &c->hinge);
    prepare(c);
    ropelaw_status status = ROPELAW_OK;
    if (c->options->method != ROPELAW_BREAK_PROFILE_F)
        status = core_parallel(threads, tasks, task, c, c->options->progress, error);
    ropelaw_break_interval k = {.psi = c->hinge.psi};
    if (!status) status = conclude(c, &k, error);
    if (!status) *interval = k;
    core_free(memory);
    return status;
}

static ropelaw_status check(const ropelaw_points *p, const ropelaw_break_options *o, ropelaw_error *error) {
    if (!(o->level > 0.5 && o->level < 1))
        return core_fail_number(error, ROPELAW_DOMAIN, "level", o->level, "0.5 to 1");
    if (o->n_draws < 19 || o->n_draws > 10000000)
        return core_fail_number(error, ROPELAW_DOMAIN, "n_draws", (double)o->n_draws, "19 to 1e7");
    if (o->resample == ROPELAW_RESAMPLE_DOCUMENTS)
        return core_fail(error, ROPELAW_INVALID, "resample", "documents", "residuals, normal or cases",
                         "points alone have no documents");
    if (o->resample == ROPELAW_RESAMPLE_CASES && p->n > 256)
        return core_fail_number(error, ROPELAW_DOMAIN, "points", (double)p->n,
                                "at most 256 for resampled cases");
    for (size_t i = 0; i < p->n; i++) {
        if (!isfinite(p->x[i])) return core_fail_number(error, ROPELAW_DOMAIN, "x", p->x[i], "finite");
        if (!isfinite(p->y[i])) return core_fail_number(error, ROPELAW_DOMAIN, "y", p->y[i], "finite");
        if (p->weight && !(p->weight[i] > 0 && isfinite(p->weight[i])))
            return core_fail_number(error, ROPELAW_DOMAIN, "weight", p->weight[i], "finite and > 0");
        if (i && p->x[i] < p->x[i - 1])
            return core_fail(error, ROPELAW_INVALID, "x", "", "ascending", "x must ascend; x[%zu] does not",
                             i);
    }
    return ROPELAW_OK;
}

ropelaw_status ropelaw_break_interval_eval(const ropelaw_points *points, const ropelaw_break_options *options,
                                           ropelaw_break_interval *interval, ropelaw_error *error) {
    if (!points || !interval || (points->n && (!points->x || !points->y)))
        return core_fail(error, ROPELAW_INVALID, "points", "", "not NULL",
                         "points and interval must not be NULL");
    if (!options) options = &ropelaw_break_options_default;
    ropelaw_status status = check(points, options, error);
    if (status) return status;
    context c = {
        .data = {.n = points->n, .x = points->x, .y = points->y, .weight = points->weight},
        .options = options
    };
    size_t m = stats_count_distinct(&c.data);
    if (m < 5)
        return core_fail(error, ROPELAW_SHAPE, "points", "", ">= 5 different x",
                         "an interval of a break needs 5 different "
                         "lengths, here are %zu",
                         m);
    status = stats_hinge_create(&c.data, false, &c.plan, error);
    if (!status) status = run(&c, interval, error);
    stats_hinge_destroy(c.plan);
    return status;
}
