/* Draw b uses stream b of the seed and writes its own slots only, so that neither the number of threads nor their order
   shows. Each draw is refitted as the run was; from every refit come the estimate, its standard error and the F of the
   run's own estimate, and from these the four intervals. */
#include "fit/curve_draw.h"
#include "stats/hinge_profile.h"
#include "stats/huber.h"
#include "stats/resample.h"
#include <math.h>
#include <string.h>

const ropelaw_run_bootstrap_options ropelaw_run_bootstrap_options_default = {
    .resample = ROPELAW_RESAMPLE_RESIDUALS, .n_draws = 999, .seed = 1, .threads = 1};

const char *ropelaw_resample_str(ropelaw_resample resample) {
    static const char *const names[] = {"residuals", "normal", "cases", "documents"};
    return (size_t)resample < CORE_COUNT(names) ? names[resample] : "unknown";
}

enum { PER_TASK = 10, HINGE_P = 4, TARGETS = 1 + ROPELAW_EPS_MAX };

/* Estimate, its standard error and the unit of F. */
typedef struct {
    double value, se, unit;
} measured;

typedef struct {
    fit_sample sample;
    stats_soft_solver *solver; /* for the run's own lengths; whole points make one per draw */
    stats_hinge_plan *plan;
    double *memory; /* [6n + scratch]: hinges; then influence [n], residuals [n] */
    double *influence, *residual;
} worker;

typedef struct {
    fit_state *state;
    const ropelaw_run_bootstrap_options *options;
    fit_draws draws;
    size_t n_targets; /* the break, then onsets */
    stats_onset question[ROPELAW_EPS_MAX];
    measured own[TARGETS];
    double *value[TARGETS], *studentised[TARGETS], *f[TARGETS]; /* [draws] */
    worker *workers;
    size_t n_workers;
    double *memory;
} bootstrap;

/* ---- One curve: the run's own or a drawn one */

/* Unit of F and standard error of an estimate whose variance for sigma 1 and influence are known. */
static void take_spread(const bootstrap *b, const worker *w, const fit_estimator *e, bool own, measured *m) {
    const stats_data *data = &w->sample.data;
    double df = (double)data->n - (double)e->p, spread;
    if (data->sigma > 0)
        m->unit = spread = data->sigma * data->sigma;
    else if (b->draws.resample == ROPELAW_RESAMPLE_DOCUMENTS) {
        fit_drawn drawn = {w->sample.drawn, w->sample.mean, w->sample.share};
        double variance = fit_documents_variance(&b->state->curve, own ? NULL : &drawn, e->influence, NULL);
        m->unit = spread = variance / e->variance;
    } else if (data->huber > 0)
        m->unit = stats_huber_unit(w->residual, data->n, e->p, data->huber, &spread);
    else
        m->unit = spread = e->rss / df;
    m->se = sqrt(spread * e->variance);
}

static stats_hinge solve_hinge(const worker *w) {
    const stats_data *data = &w->sample.data;
    stats_hinge h;
    if (data->huber > 0)
        stats_huber_hinge_solve(data, data->huber, w->memory, &h);
    else
        stats_hinge_solve(w->plan, data->y, w->memory, &h);
    return h;
}

static measured measure_break(const bootstrap *b, worker *w, const stats_hinge *h, bool own) {
    const stats_data *data = &w->sample.data;
    measured m = {h->psi, NAN, NAN};
    double variance = stats_hinge_influence(data, false, h, w->memory, data->lower ? NULL : w->influence);
    for (size_t i = 0; i < data->n; i++) {
        double d = data->x[i] - h->psi;
        w->residual[i] = data->y[i] - h->alpha - (d > 0 ? h->slope_right : h->slope_left) * d;
    }
    stats_whiten(data, w->residual);
    take_spread(b, w, &(fit_estimator){variance, w->influence, h->rss, HINGE_P}, own, &m);
    return m;
}

static double held_break(double psi, void *context) {
    const worker *w = context;
    const stats_data *data = &w->sample.data;
    return data->huber > 0 ? stats_huber_held(data, data->huber, psi, w->memory)
                           : stats_hinge_held(data, false, psi, w->memory);
}

static measured measure_onset(const bootstrap *b, worker *w, const stats_soft *fit, size_t k, bool own) {
    const stats_data *data = &w->sample.data;
    stats_target target = {STATS_HOLD_ONSET, &b->question[k]};
    measured m = {stats_target_value(&target, fit->theta, NULL), NAN, NAN};
    double variance = stats_soft_variance(data, fit, &target, data->lower ? NULL : w->influence);
    stats_soft_residuals(data, fit->theta, w->residual);
    take_spread(b, w, &(fit_estimator){variance, w->influence, fit->rss, SOFT_P}, own, &m);
    return m;
}

/* ---- Draws */

static void store(bootstrap *b, size_t target, size_t draw, const measured *m, double rise) {
    double lost = isnan(m->value) ? INFINITY : m->value;
    b->value[target][draw] = lost;
    b->studentised[target][draw] = isinf(lost) ? INFINITY : (lost - b->own[target].value) / m->se;
    b->f[target][draw] = fmax(rise, 0) / m->unit;
}

static ropelaw_status draw_break(bootstrap *b, worker *w, size_t draw, ropelaw_error *error) {
    bool cases = b->draws.resample == ROPELAW_RESAMPLE_CASES;
    stats_hinge_plan *plan = w->plan;
    if (cases) {
        ropelaw_status status = stats_hinge_create(&w->sample.data, false, &w->plan, error);
        if (status) {
            w->plan = plan;
            return status;
        }
    }
    stats_hinge h = solve_hinge(w);
    measured m = measure_break(b, w, &h, false);
    store(b, 0, draw, &m, held_break(b->own[0].value, w) - h.rss);
    if (cases) stats_hinge_destroy(w->plan);
    w->plan = plan;
    return ROPELAW_OK;
}

static ropelaw_status draw_onsets(bootstrap *b, worker *w, size_t draw, ropelaw_error *error) {
    bool cases = b->draws.resample == ROPELAW_RESAMPLE_CASES;
    stats_soft_solver *solver = w->solver;
    stats_soft fit;
    if (cases) {
        ropelaw_status status = stats_soft_solver_create(&w->sample.data, &solver, error);
        if (status) return status;
    }
    ropelaw_status status = stats_soft_solver_fit(solver, w->sample.y, &fit);
    for (size_t k = 0; k + 1 < b->n_targets && status != ROPELAW_NOMEM; k++) {
        measured m = {NAN, NAN, NAN};
        double rise = NAN, theta[SOFT_P];
        if (!status) {
            stats_target target = {STATS_HOLD_ONSET, &b->question[k]};
            m = measure_onset(b, w, &fit, k, false);
            memcpy(theta, fit.theta, sizeof theta);
            rise = stats_soft_solver_profile(solver, &target, b->own[k + 1].value, theta) - fit.rss;
        }
        store(b, k + 1, draw, &m, rise);
    }
    if (cases) stats_soft_solver_destroy(solver);
    return status == ROPELAW_NOMEM ? core_fail_memory(error, w->sample.data.n, sizeof(double)) : ROPELAW_OK;
}

static ropelaw_status task(void *argument, size_t t, size_t thread, ropelaw_error *error) {
    bootstrap *b = argument;
    worker *w = &b->workers[thread];
    ropelaw_status status = ROPELAW_OK;
    for (size_t d = t * PER_TASK; d < (t + 1) * PER_TASK && d < b->options->n_draws && !status; d++) {
        ropelaw_random random;
        ropelaw_random_init(&random, b->options->seed, d);
        fit_draw(&b->draws, FIT_OF_HINGE, &random, &w->sample);
        status = draw_break(b, w, d, error);
        if (status || b->n_targets == 1) continue;
        fit_draw(&b->draws, FIT_OF_SOFT, &random, &w->sample);
        status = draw_onsets(b, w, d, error);
    }
    return status;
}

/* ---- Intervals */

/* Values that are numbers or infinite to the front; how many. */
static size_t gather(double *values, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) values[count++] = values[i];
    stats_sort(values, count);
    return count;
}

static ropelaw_bootstrap_ends ends(double lo, double hi) {
    return (ropelaw_bootstrap_ends){exp(lo), exp(hi)};
}

/* What every drawn unit adds to the estimate. */
static size_t unit_influences(bootstrap *b, worker *w, double *part) {
    const fit_curve *c = &b->state->curve;
    if (b->draws.resample == ROPELAW_RESAMPLE_DOCUMENTS) {
        fit_documents_variance(c, NULL, w->influence, part);
        return c->documents.n;
    }
    double limit = c->data.huber > 0 ? c->data.huber : INFINITY;
    for (size_t i = 0; i < c->n;
         i++) { /* influence times residual, which are whitened; a covariance mixes the points */
        double unit = c->weight ? sqrt(c->weight[i]) : 1;
        part[i] = c->lower ? 0 : w->influence[i] / unit * stats_huber_clip(w->residual[i], limit);
    }
    return c->n;
}

static void conclude(bootstrap *b, size_t k, double *part, ropelaw_bootstrap_target *t) {
    const measured *own = &b->own[k];
    double level = b->state->options->level, lo = 0.5 - 0.5 * level, hi = 0.5 + 0.5 * level;
    size_t draws = b->options->n_draws, below = 0;
    for (size_t i = 0; i < draws; i++) {
        below += b->value[k][i] < own->value;
        t->n_lost += isinf(b->value[k][i]);
    }
    size_t units = unit_influences(b, &b->workers[0], part);
    stats_levels bca = stats_bca_levels(below, draws, part, units, level);
    stats_sort(b->value[k], draws);
    const double *v = b->value[k];
    t->est_tok = exp(own->value);
    t->percentile = ends(stats_quantile(v, draws, lo), stats_quantile(v, draws, hi));
    if (!isnan(bca.lo) && !isnan(bca.hi))
        t->bca = ends(stats_quantile(v, draws, bca.lo), stats_quantile(v, draws, bca.hi));
    size_t count = gather(b->studentised[k], draws);
    const double *s = b->studentised[k];
    if (count && own->se > 0)
        t->studentised = ends(own->value - own->se * stats_quantile(s, count, hi),
                              own->value - own->se * stats_quantile(s, count, lo));
}

static double drawn_rise(bootstrap *b, size_t k) {
    size_t count = gather(b->f[k], b->options->n_draws);
    return count ? b->own[k].unit * stats_quantile(b->f[k], count, b->state->options->level) : NAN;
}

static void cut_break(bootstrap *b, const stats_hinge *h, ropelaw_bootstrap_target *t) {
    worker *w = &b->workers[0];
    memcpy(w->sample.y, b->state->curve.y, b->state->curve.n * sizeof(double));
    memcpy(w->sample.x, b->state->curve.x, b->state->curve.n * sizeof(double));
    w->sample.data.weight = b->state->curve.data.weight;
    double rise = drawn_rise(b, 0);
    if (!isfinite(rise)) return;
    stats_hull hull = stats_hinge_hull(&w->sample.data, held_break, w, h->psi, h->rss + rise);
    t->bootstrap_f = ends(hull.lo, hull.hi);
}

static void cut_onset(bootstrap *b, size_t k, ropelaw_bootstrap_target *t) {
    const fit_curve *c = &b->state->curve;
    const double limits[] = {c->x[0] - 2, c->x[c->n - 1] + 6};
    stats_target target = {STATS_HOLD_ONSET, &b->question[k]};
    stats_profile_interval interval;
    double rise = drawn_rise(b, k + 1);
    if (!isfinite(rise)) return;
    stats_soft_solver_interval(b->state->solver, &b->state->soft, &target, limits, rise, &interval);
    t->bootstrap_f = ends(interval.lo, interval.hi);
}

static ropelaw_bootstrap_target no_target(void) {
    const ropelaw_bootstrap_ends none = {NAN, NAN};
    return (ropelaw_bootstrap_target){NAN, none, none, none, none, 0};
}

/* The run's own estimates, measured as the draws are; then draws; then intervals. Influences of worker 0 are those of the
   run again when an interval is made. */
static void measure_own(bootstrap *b, size_t k, const stats_hinge *h) {
    worker *w = &b->workers[0];
    const fit_curve *c = &b->state->curve;
    memcpy(w->sample.x, c->x, c->n * sizeof(double));
    memcpy(w->sample.y, c->y, c->n * sizeof(double));
    w->sample.data.weight = c->data.weight;
    b->own[k] = k ? measure_onset(b, w, &b->state->soft, k - 1, true) : measure_break(b, w, h, true);
}

static ropelaw_status run_draws(bootstrap *b, double *part, ropelaw_run_bootstrap *answer,
                                ropelaw_error *error) {
    const double *theta = b->state->hinge.theta;
    stats_hinge h = {.psi = theta[3],
                     .alpha = theta[0],
                     .slope_left = theta[1],
                     .slope_right = theta[1] + theta[2],
                     .rss = b->state->hinge.rss};
    for (size_t k = 0; k < b->n_targets; k++) measure_own(b, k, &h);
    size_t tasks = (b->options->n_draws + PER_TASK - 1) / PER_TASK;
    ropelaw_status status = core_parallel(b->n_workers, tasks, task, b, b->options->progress, error);
    const ropelaw_run_fit *fit = b->options->fit;
    for (size_t k = 0; k < b->n_targets && !status; k++) {
        ropelaw_bootstrap_target *t = k ? &answer->onset[k - 1] : &answer->break_tok;
        bool withheld = fit && isnan(k ? fit->onset[k - 1].length_tok.est : fit->break_tok.est);
        if (withheld || isnan(b->own[k].value)) continue;
        measure_own(b, k, &h);
        conclude(b, k, part, t);
        if (k)
            cut_onset(b, k - 1, t);
        else
            cut_break(b, &h, t);
    }
    return status;
}

/* ---- Memory */

static bool open_worker(bootstrap *b, worker *w, ropelaw_error *error) {
    size_t n = b->state->curve.n;
    if (!fit_sample_init(&b->draws, &w->sample)) return false;
    if (stats_hinge_create(&w->sample.data, false, &w->plan, error)) return false;
    if (b->state->solver && stats_soft_solver_create(&w->sample.data, &w->solver, error)) return false;
    size_t hinge = stats_hinge_scratch(w->plan), size = hinge > 6 * n ? hinge : 6 * n;
    w->memory = core_malloc(size + 2 * n, sizeof(double));
    if (!w->memory) return false;
    w->influence = w->memory + size;
    w->residual = w->influence + n;
    return true;
}

static void close_all(bootstrap *b) {
    for (size_t i = 0; b->workers && i < b->n_workers; i++) {
        worker *w = &b->workers[i];
        fit_sample_clear(&w->sample);
        stats_soft_solver_destroy(w->solver);
        stats_hinge_destroy(w->plan);
        core_free(w->memory);
    }
    core_free(b->workers);
    core_free(b->memory);
    fit_draws_clear(&b->draws);
}

static ropelaw_status open_all(bootstrap *b, ropelaw_error *error) {
    size_t draws = b->options->n_draws, tasks = (draws + PER_TASK - 1) / PER_TASK;
    b->n_workers = core_threads(b->options->threads, tasks);
    b->memory = core_malloc(draws, 3 * b->n_targets * sizeof(double));
    b->workers = core_calloc(b->n_workers, sizeof *b->workers);
    bool ok = b->memory && b->workers;
    for (size_t k = 0; ok && k < b->n_targets; k++) {
        b->value[k] = b->memory + 3 * k * draws;
        b->studentised[k] = b->value[k] + draws;
        b->f[k] = b->studentised[k] + draws;
    }
    for (size_t i = 0; ok && i < b->n_workers; i++) ok = open_worker(b, &b->workers[i], error);
    return ok ? ROPELAW_OK : core_fail_memory(error, draws, 3 * b->n_targets * sizeof(double));
}

static ropelaw_status eval(fit_state *s, const ropelaw_run_bootstrap_options *o,
                           ropelaw_run_bootstrap *answer, ropelaw_error *error) {
    if (!s->has_hinge || s->plateau)
        return core_fail(error, ROPELAW_UNSUPPORTED, "run", s->run->name, ">= 5 different lengths",
                         "a bootstrap needs 5 different lengths, run %s has %zu", s->run->name, s->m);
    bootstrap b = {.state = s, .options = o, .n_targets = s->solver ? 1 + s->options->n_eps : 1};
    ropelaw_status status = fit_draws_init(s, o->resample, &b.draws, error);
    if (status) return status;
    for (size_t k = 0; k < s->options->n_eps; k++) b.question[k] = fit_onset_question(s, s->options->eps[k]);
    size_t units = fit_units(&b.draws);
    double *part = core_malloc(units, sizeof(double));
    status = part ? open_all(&b, error) : core_fail_memory(error, units, sizeof(double));
    *answer = (ropelaw_run_bootstrap){.resample = o->resample,
                                      .n_draws = o->n_draws,
                                      .n_units = units,
                                      .break_tok = no_target(),
                                      .n_onsets = s->options->n_eps,
                                      .caveats = s->m < 24 ? ROPELAW_CAVEAT_FEW_POINTS : 0};
    for (size_t k = 0; k < answer->n_onsets; k++) answer->onset[k] = no_target();
    if (!status) status = run_draws(&b, part, answer, error);
    core_free(part);
    close_all(&b);
    return status;
}

ropelaw_status ropelaw_run_bootstrap_eval(const ropelaw_run *run, const ropelaw_fit_options *options,
                                          const ropelaw_run_bootstrap_options *o,
                                          ropelaw_run_bootstrap *answer, ropelaw_error *error) {
    if (!run || !answer)
        return core_fail(error, ROPELAW_INVALID, "run", "", "not NULL", "run and answer must not be NULL");
    if (!o) o = &ropelaw_run_bootstrap_options_default;
    if (!options) options = &ropelaw_fit_options_default;
    if (o->n_draws < 19 || o->n_draws > 10000000)
        return core_fail_number(error, ROPELAW_DOMAIN, "n_draws", (double)o->n_draws, "19 to 1e7");
    if (options->width > 0)
        return core_fail(error, ROPELAW_INVALID, "width", "", "not given",
                         "a bootstrap is of the corner's break, not of a given width");
    ropelaw_run_fit fit;
    ropelaw_run_bootstrap made;
    fit_state s;
    ropelaw_status status = fit_open(&s, run, options, &fit, error);
    if (status) return status;
    status = fit_estimates(&s, error);
    if (!status) status = eval(&s, o, &made, error);
    fit_close(&s);
    if (!status) *answer = made;
    return status;
}
