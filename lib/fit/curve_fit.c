#include "fit/curve_fit.h"
#include "stats/break_test.h"
#include <math.h>
#include <string.h>

const ropelaw_fit_options ropelaw_fit_options_default = {
    .level = 0.95,
    .n_eps = 2,
    .eps = {0.1, 0.5},
    .reference_value = NAN,
    .n_draws = 4999,
    .n_existence = 9999,
    .sigma = NAN,
    .seed = 1,
    .threads = 1,
    .width = NAN
};

ropelaw_estimate fit_no_estimate(ropelaw_fit_status status) {
    return (ropelaw_estimate){NAN, NAN, NAN, NAN, status, "", 0};
}

static ropelaw_status check_options(const ropelaw_fit_options *o, ropelaw_error *error) {
    if (!(o->level > 0.5 && o->level < 1))
        return core_fail_number(error, ROPELAW_DOMAIN, "level", o->level, "0.5 to 1");
    if (!o->n_eps || o->n_eps > ROPELAW_EPS_MAX)
        return core_fail_number(error, ROPELAW_DOMAIN, "n_eps", (double)o->n_eps, "1 to 8");
    for (size_t k = 0; k < o->n_eps; k++)
        if (!(o->eps[k] > 0 && o->eps[k] < 1e3))
            return core_fail_number(error, ROPELAW_DOMAIN, "eps", o->eps[k], "0 to 1000");
    bool needs = o->reference == ROPELAW_REFERENCE_LENGTH || o->reference == ROPELAW_REFERENCE_VALUE;
    if (needs && !(o->reference_value > 0 && isfinite(o->reference_value)))
        return core_fail_number(error, ROPELAW_DOMAIN, "reference_value", o->reference_value,
                                "finite and > 0");
    if (!isnan(o->sigma) && !(o->sigma > 0 && isfinite(o->sigma)))
        return core_fail_number(error, ROPELAW_DOMAIN, "sigma", o->sigma, "finite and > 0");
    if (!isnan(o->width) && !(o->width > 0 && o->width <= 10))
        return core_fail_number(error, ROPELAW_DOMAIN, "width", o->width, "0 to 10");
    if (!isnan(o->width) && o->robust)
        return core_fail(error, ROPELAW_INVALID, "width", "", "least squares",
                         "a given width and Huber's loss exclude each other");
    if (o->n_draws < 19 || o->n_existence < 19)
        return core_fail_number(error, ROPELAW_DOMAIN, "n_draws", (double)o->n_draws, ">= 19");
    return ROPELAW_OK;
}

/* What is said about errors must not contradict itself. */
static ropelaw_status check_metric(const ropelaw_fit_options *o, const fit_curve *c, ropelaw_error *error) {
    if (o->robust && c->lower)
        return core_fail(error, ROPELAW_INVALID, "robust", "", "independent points",
                         "Huber's loss and a covariance exclude each other");
    if ((o->robust || !isnan(o->width)) && c->documents.n)
        return core_fail(error, ROPELAW_INVALID, "documents", "", "average",
                         "%s and documents as clusters exclude each other: average the documents",
                         o->robust ? "Huber's loss" : "a given width");
    return ROPELAW_OK;
}

static void clear_fit(const fit_state *s, ropelaw_run_fit *fit) {
    const fit_curve *c = &s->curve;
    memset(fit, 0, sizeof *fit);
    fit->n = c->n;
    fit->n_lengths = s->m;
    fit->n_censored = c->n_censored;
    fit->len_min_tok = c->n_bracket ? c->bracket_len[0] : NAN;
    fit->len_max_tok = c->n_bracket ? c->bracket_len[c->n_bracket - 1] : NAN;
    fit->p_break_method = "";
    fit->huber_limit = NAN;
    fit->documents = (ropelaw_fit_documents){c->documents.n, NAN, NAN};
    fit->break_tok = fit->break_profile = fit->slope_before = fit->slope_after = fit->width =
        fit_no_estimate(ROPELAW_FIT_UNIDENTIFIED);
    fit->sup_f = fit->p_break = fit->p_davies = fit->sigma = fit->df = NAN;
    for (size_t k = 0; k < SOFT_P; k++) fit->soft[k] = NAN;
    fit->n_onsets = s->options->n_eps;
    for (size_t k = 0; k < fit->n_onsets; k++) {
        ropelaw_onset *o = &fit->onset[k];
        o->eps = s->options->eps[k];
        o->length_tok = fit_no_estimate(ROPELAW_FIT_UNIDENTIFIED);
        ropelaw_bracket_find(c->bracket_len, c->bracket_value, c->n_bracket, o->eps, &o->bracket_lo_tok,
                             &o->bracket_hi_tok);
    }
}

static ropelaw_status fit_soft(fit_state *s, ropelaw_error *error) {
    if (s->m < 6) return ROPELAW_OK;
    ropelaw_status status = stats_soft_solver_create(&s->curve.data, &s->solver, error);
    if (status) return status;
    status = stats_soft_solver_fit(s->solver, s->curve.y, &s->soft);
    s->straight = !status && !(s->curve.data.huber > 0) && s->line.rss <= s->soft.rss;
    if (status != ROPELAW_NOCONV) return status;
    stats_soft_solver_destroy(s->solver);
    s->solver = NULL;
    return ROPELAW_OK;
}

ropelaw_status fit_open(fit_state *s, const ropelaw_run *run, const ropelaw_fit_options *options,
                        ropelaw_run_fit *fit, ropelaw_error *error) {
    *s = (fit_state){.run = run, .options = options, .fit = fit};
    ropelaw_status status = check_options(options, error);
    if (!status) status = fit_curve_init(run, options, &s->curve, error);
    if (status) return status;
    s->m = stats_count_distinct(&s->curve.data);
    clear_fit(s, fit);
    s->influence = core_malloc(s->curve.n, sizeof(double));
    if (!s->influence) status = core_fail_memory(error, s->curve.n, sizeof(double));
    if (!status) status = check_metric(options, &s->curve, error);
    if (status) fit_close(s);
    return status;
}

void fit_close(fit_state *s) {
    core_free(s->influence);
    s->influence = NULL;
    stats_soft_solver_destroy(s->solver);
    s->solver = NULL;
    fit_curve_clear(&s->curve);
}

ropelaw_status fit_estimates(fit_state *s, ropelaw_error *error) {
    ropelaw_status status = fit_levelled(s, error);
    if (status) return status;
    s->m = stats_count_distinct(&s->curve.data);
    s->fit->n_levelled = s->fit->n - s->curve.n;
    if (s->fit->n_levelled) s->fit->caveats |= ROPELAW_CAVEAT_LEVELLED;
    status = fit_line(s, error);
    if (!status) status = fit_hinge(s, error);
    if (!status) status = fit_soft(s, error);
    return status ? status : fit_misfit(s, error);
}

static ropelaw_status fit_rest(fit_state *s, ropelaw_error *error) {
    fit_status(s);
    ropelaw_status status = fit_onsets(s, error);
    if (status) return status;
    fit_theory(s);
    return fit_diagnostics(s, error);
}

/* The parts of one fit with their share of its time, told to whoever watches (a series of several runs counts runs). */
static ropelaw_status fit_steps(fit_state *s, ropelaw_error *error) {
    static ropelaw_status (*const steps[])(fit_state *, ropelaw_error *) = {fit_families, fit_estimates,
                                                                            fit_break, fit_rest};
    static const double share[] = {.1, .3, .9, 1};
    for (size_t k = 0; k < CORE_COUNT(steps); k++) {
        ropelaw_status status = steps[k](s, error);
        if (!status) status = core_progress(s->options->progress, share[k], error);
        if (status) return status;
    }
    return ROPELAW_OK;
}

static ropelaw_status fit_run(const ropelaw_run *run, const ropelaw_fit_options *options,
                              stats_null_laws *laws, ropelaw_run_fit *fit, ropelaw_error *error) {
    ropelaw_run_fit answer;
    fit_state s;
    ropelaw_status status = fit_open(&s, run, options, &answer, error);
    if (status) return status;
    s.laws = laws;
    status = fit_steps(&s, error);
    fit_close(&s);
    if (!status) *fit = answer;
    return status;
}

ropelaw_status ropelaw_run_fit_eval(const ropelaw_run *run, const ropelaw_fit_options *options,
                                    ropelaw_run_fit *fit, ropelaw_error *error) {
    if (!run || !fit)
        return core_fail(error, ROPELAW_INVALID, "run", "", "not NULL", "run and fit must not be NULL");
    return fit_run(run, options ? options : &ropelaw_fit_options_default, NULL, fit, error);
}

typedef struct {
    const ropelaw_series *series;
    const ropelaw_fit_options *options;
    ropelaw_run_fit *fits;
    stats_null_laws **laws; /* [threads] or NULL */
} work;

static ropelaw_status fit_one(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const work *w = context;
    const ropelaw_run *run = &w->series->runs[task];
    ropelaw_fit_options options = *w->options;
    if (w->series->n_runs > 1) options.progress = NULL; /* then whole runs are counted */
    ropelaw_status status = fit_run(run, &options, w->laws ? w->laws[thread] : NULL, &w->fits[task], error);
    w->fits[task].run = task;
    if (!status || status == ROPELAW_NOMEM) return status;
    ropelaw_error inner = *error;
    return core_fail(error, status, inner.argument, inner.value, inner.range, "run %s: %s", run->name,
                     inner.message);
}

ropelaw_status fit_series(const ropelaw_series *series, const ropelaw_fit_options *options,
                          stats_null_laws **laws, ropelaw_run_fit *fits, ropelaw_error *error) {
    work w = {series, options, fits, laws};
    return core_parallel(options->threads, series->n_runs, fit_one, &w,
                         series->n_runs > 1 ? options->progress : NULL, error);
}

ropelaw_status ropelaw_series_fit(const ropelaw_series *series, const ropelaw_fit_options *options,
                                  ropelaw_run_fit *fits, ropelaw_error *error) {
    if (!series || (series->n_runs && !fits))
        return core_fail(error, ROPELAW_INVALID, "series", "", "not NULL",
                         "series and fits must not be NULL");
    if (!options) options = &ropelaw_fit_options_default;
    if (options->covariance && series->n_runs > 1)
        return core_fail(error, ROPELAW_INVALID, "covariance", "", "one run",
                         "a covariance belongs to one run, here are %zu", series->n_runs);
    size_t threads = core_threads(options->threads, series->n_runs);
    stats_null_laws **laws = series->n_runs > 1 ? core_calloc(threads, sizeof *laws) : NULL;
    for (size_t t = 0; laws && t < threads; t++) laws[t] = stats_null_laws_create();
    ropelaw_status status = fit_series(series, options, laws, fits, error);
    for (size_t t = 0; laws && t < threads; t++) stats_null_laws_destroy(laws[t]);
    core_free(laws);
    return status;
}
