/* Onsets, slopes and width from the SOFT curve, each with its profile interval. */
#include "fit/curve_fit.h"
#include "stats/onset_limit.h"
#include <math.h>
#include <string.h>

stats_onset fit_onset_question(const fit_state *s, double eps) {
    static const stats_reference references[] = {STATS_REF_LINE, STATS_REF_MIN, STATS_REF_AT, STATS_REF_ABS};
    const ropelaw_fit_options *o = s->options;
    stats_onset q = {.reference = references[o->reference], .excess = log1p(eps), .first = s->curve.x[0]};
    if (o->reference == ROPELAW_REFERENCE_LENGTH) q.value = log(o->reference_value);
    if (o->reference == ROPELAW_REFERENCE_VALUE) q.value = fit_curve_y(s->run->kind, o->reference_value, NAN);
    return q;
}

double fit_length(const fit_state *s, double x) {
    for (size_t i = 0; i < s->curve.n_bracket; i++)
        if (log(s->curve.bracket_len[i]) == x) return s->curve.bracket_len[i];
    return exp(x);
}

/* Standard error (may be NULL) and unit of a target, for a minimum of the sum of squares. Between documents the width's direction hardly varies, but what a
   profile with the width free would be measured by is then too small for the lengths: the larger of the units with the
   width free and held counts (docs/simulation-errors.md). */
static fit_scale scale_of(fit_state *s, const stats_target *target, double rss, double *se) {
    const stats_data *data = &s->curve.data;
    bool documents = s->curve.documents.n;
    double *influence = documents ? s->influence : NULL;
    fit_estimator e = {stats_soft_variance(data, &s->soft, target, influence), s->influence, rss, SOFT_P};
    fit_scale scale = fit_scale_of(s, &e);
    if (se) *se = fit_se(s, &e);
    if (!documents) return scale;
    stats_soft held = s->soft;
    held.at_bound |= 1u << SOFT_LN_W;
    e.variance = stats_soft_variance(data, &held, target, influence);
    if (e.variance > 0) scale.unit[0] = fmax(scale.unit[0], fit_scale_of(s, &e).unit[0]);
    return scale;
}

/* Of a limit where SOFT lies on its bounds, which hold its bend: then what is asked for does not follow the points, and
   the documents tell nothing by it. They tell how much a bend may be that is not there: the unit is the largest of a
   bend's at any length where one can be. Without any unit nothing is excluded (INFINITY). */
static fit_scale scale_of_bends(fit_state *s, double rss) {
    const stats_data *data = &s->curve.data;
    const stats_onset onset = {.reference = STATS_REF_LINE, .excess = 0.1, .first = s->curve.x[0]};
    const stats_target height = {STATS_HOLD_ONSET, &onset}; /* of a bend whose place and width are held */
    stats_soft bend = s->soft;
    double lo[SOFT_P], hi[SOFT_P];
    stats_soft_bounds(data, lo, hi);
    bend.theta[SOFT_LN_D] = log(0.1);
    bend.theta[SOFT_LN_W] = log(stats_step(data) / 2);
    bend.at_bound = 1u << SOFT_PSI | 1u << SOFT_LN_W;
    fit_scale largest = {
        {INFINITY,                         0},
        {(double)s->curve.documents.n - 1, 1},
        "documents-F"
    };
    bool found = false;
    for (size_t i = 0; i < data->n; i++) {
        double psi = data->x[i];
        if (psi < lo[SOFT_PSI] || psi > hi[SOFT_PSI] || (i && psi == data->x[i - 1])) continue;
        bend.theta[SOFT_PSI] = psi;
        fit_estimator e = {stats_soft_variance(data, &bend, &height, s->influence), s->influence, rss,
                           SOFT_P};
        if (!(e.variance > 0)) continue;
        fit_scale scale = fit_scale_of(s, &e);
        if (found) scale.unit[0] = fmax(scale.unit[0], largest.unit[0]);
        largest = scale;
        found = true;
    }
    return largest;
}

/* est, lo, hi, se of a target in its own unit (ln token for lengths). */
static ropelaw_estimate measure(fit_state *s, const stats_target *target, double lo_limit, double hi_limit) {
    ropelaw_estimate e = fit_no_estimate(s->fit->status);
    const double limits[] = {lo_limit, hi_limit};
    stats_profile_interval k;
    e.est = stats_target_value(target, s->soft.theta, NULL);
    if (isnan(e.est)) return e;
    fit_scale scale = scale_of(s, target, s->soft.rss, &e.se);
    stats_soft_solver_interval(s->solver, &s->soft, target, limits, fit_rise(&scale, s->options->level), &k);
    e.lo = k.lo;
    e.hi = k.hi;
    e.method = scale.method;
    if (isinf(k.lo) || isinf(k.hi)) e.caveats |= ROPELAW_CAVEAT_AT_EDGE;
    if (s->curve.n == SOFT_P + 1) e.caveats |= ROPELAW_CAVEAT_FEW_POINTS;
    return e;
}

/* Of other onsets, and under Huber's loss: along the profile, not below the first length, where nothing is exceeded. */
static double along_profile(fit_state *s, const stats_target *target, double rise) {
    double first = s->curve.x[0], last = s->curve.x[s->curve.n - 1], theta[SOFT_P];
    const double limits[] = {first - 2, last + 6};
    stats_profile_interval k;
    stats_soft soft = s->soft;
    soft.rss = fit_soft_rss(s);
    memcpy(theta, soft.theta, sizeof theta);
    if (s->straight && stats_soft_solver_profile(s->solver, target, last, theta) > soft.rss + rise)
        return last;
    stats_soft_solver_interval(s->solver, &soft, target, limits, rise, &k);
    return fmin(fmax(k.lo, first), last);
}

/* Lower one-sided limit of an onset that was not reached: the two-sided cut at 2 level - 1, never above the longest
   measured length nor below the first, because beyond them nothing was seen. */
static ropelaw_status lower_limit(fit_state *s, const stats_target *target, double *limit,
                                  const char **method) {
    double rss = fit_soft_rss(s), first = s->curve.x[0];
    fit_scale scale = scale_of(s, target, rss, NULL);
    if (s->curve.documents.n && !strcmp(scale.method, "profile-F")) scale = scale_of_bends(s, rss);
    double rise = fit_rise(&scale, 2 * s->options->level - 1);
    *method = scale.method;
    if (isnan(stats_target_value(target, s->soft.theta, NULL))) return ROPELAW_OK;
    ropelaw_status status = ROPELAW_OK;
    if (isinf(rise)) {
        *limit = first;
    } else if (target->onset->reference == STATS_REF_LINE && !(s->curve.data.huber > 0)) {
        stats_limit_question q = {&s->curve.data, &s->soft, target->onset->excess, rss + rise};
        status = stats_onset_limit(s->solver, &q, limit);
    } else {
        *limit = along_profile(s, target, rise);
    }
    *limit = fmax(*limit, first);
    return status;
}

static ropelaw_status right_censored(fit_state *s, const stats_target *target, ropelaw_estimate *e) {
    double limit = s->curve.x[s->curve.n - 1];
    *e = fit_no_estimate(ROPELAW_FIT_RIGHT);
    ropelaw_status status = s->solver ? lower_limit(s, target, &limit, &e->method) : ROPELAW_OK;
    e->lo = fit_length(s, limit);
    e->hi = INFINITY;
    e->caveats = ROPELAW_CAVEAT_CENSORED;
    return status;
}

static ropelaw_status place_onset(fit_state *s, ropelaw_onset *o) {
    ropelaw_estimate *e = &o->length_tok;
    *e = fit_no_estimate(s->fit->status);
    if (!s->curve.n) return ROPELAW_OK;
    stats_onset question = fit_onset_question(s, o->eps);
    stats_target target = {STATS_HOLD_ONSET, &question};
    double first = s->curve.x[0], last = s->curve.x[s->curve.n - 1];
    bool external = s->options->reference >= ROPELAW_REFERENCE_LENGTH;
    if (s->options->reference == ROPELAW_REFERENCE_VALUE &&
        s->curve.y[0] > question.value + question.excess) {
        *e = fit_no_estimate(ROPELAW_FIT_LEFT);
        e->lo = 0;
        e->hi = exp(first);
        e->caveats = ROPELAW_CAVEAT_CENSORED;
        return ROPELAW_OK;
    }
    if (s->fit->status == ROPELAW_FIT_UNIDENTIFIED || s->fit->status == ROPELAW_FIT_NOT_CONVERGED)
        return ROPELAW_OK;
    bool unseen =
        external ? !(stats_target_value(&target, s->soft.theta, NULL) <= last) : isnan(o->bracket_hi_tok);
    if (!s->solver) return unseen && !external ? right_censored(s, &target, e) : ROPELAW_OK;
    if (s->fit->status == ROPELAW_FIT_RIGHT || unseen) return right_censored(s, &target, e);
    if (s->fit->status == ROPELAW_FIT_NO_BREAK && !external) return ROPELAW_OK;
    *e = measure(s, &target, first - 2, last + 6);
    if (e->est > last) return right_censored(s, &target, e);
    e->est = exp(e->est);
    e->lo = exp(e->lo);
    e->hi = exp(e->hi);
    return ROPELAW_OK;
}

/* One point lies past the break: the fit has nothing to say between the last two lengths. */
static void limit_to_bracket(fit_state *s) {
    ropelaw_run_fit *fit = s->fit;
    double last = s->curve.x[s->curve.n - 1], before = last;
    for (size_t i = s->curve.n; i-- > 0 && before == last;) before = s->curve.x[i];
    for (size_t k = 0; k < fit->n_onsets; k++) {
        ropelaw_estimate *e = &fit->onset[k].length_tok;
        if (isnan(fit->onset[k].bracket_hi_tok)) continue;
        *e = fit_no_estimate(ROPELAW_FIT_INTERVAL);
        e->lo = fit_length(s, before);
        e->hi = fit_length(s, last);
        e->method = "bracket";
        e->caveats = ROPELAW_CAVEAT_CENSORED;
    }
}

ropelaw_status fit_onsets(fit_state *s, ropelaw_error *error) {
    ropelaw_run_fit *fit = s->fit;
    for (size_t k = 0; k < fit->n_onsets; k++)
        if (place_onset(s, &fit->onset[k])) return core_fail_memory(error, s->curve.n, 4 * sizeof(double));
    if (fit->status == ROPELAW_FIT_INTERVAL) limit_to_bracket(s);
    if (!s->solver) return ROPELAW_OK;
    if (s->straight) return fit_straight(s, error);
    memcpy(fit->soft, s->soft.theta, sizeof fit->soft);
    fit->slope_before = measure(s, &(stats_target){STATS_HOLD_S1, NULL}, -60, 60);
    fit->slope_after = measure(s, &(stats_target){STATS_HOLD_S2, NULL}, -60, 60);
    double step = stats_step(&s->curve.data);
    fit->width = measure(s, &(stats_target){STATS_HOLD_LN_W, NULL}, log(step / 50), log(fmax(1.5, step)));
    fit->width.est = exp(fit->width.est);
    fit->width.lo = exp(fit->width.lo);
    fit->width.hi = exp(fit->width.hi);
    fit->df = (double)s->curve.n - SOFT_P;
    if (!(s->curve.data.sigma > 0 || s->curve.data.huber > 0)) fit->sigma = sqrt(s->soft.rss / fit->df);
    return ROPELAW_OK;
}
