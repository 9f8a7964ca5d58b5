/* Facts and points of runs. */
#include "fit/law_data.h"
#include "fit/run_arcs.h"
#include <math.h>

static const double least_rise = 1; /* nats; curves that rise less are not called saturated */

ropelaw_run_use fit_run_setting(const ropelaw_run *run, ropelaw_setting *s) {
    *s = (ropelaw_setting){0};
    double d = run->rotary_dim;
    if (!(d >= 2 && d <= 1e6) || d != floor(d)) return ROPELAW_RUN_NO_FACTS;
    s->rotary_dim = (size_t)d;
    s->pretrain_base = run->pretrain_base;
    s->train_len_tok = run->train_len_tok;
    s->tune_len_tok = isnan(run->tune_len_tok) ? run->train_len_tok : run->tune_len_tok;
    s->tune_base = run->base;
    if (ropelaw_setting_check(s, NULL)) return ROPELAW_RUN_NO_FACTS;
    if (!fit_method_is_plain(run->method)) return ROPELAW_RUN_METHOD;
    return run->kind == ROPELAW_VALUE_ACCURACY ? ROPELAW_RUN_KIND : ROPELAW_RUN_BROKEN;
}

ropelaw_run_use fit_setting_use(const ropelaw_setting *s, const ropelaw_law_options *options) {
    double critical;
    if (options->floor != ROPELAW_FLOOR_DROP) return ROPELAW_RUN_BROKEN;
    if (ropelaw_critical_base_eval(s->pretrain_base, s->train_len_tok,
                                   fmax(s->train_len_tok, s->tune_len_tok), &critical, NULL))
        return ROPELAW_RUN_NO_FACTS;
    /* a base on the critical base up to rounding is not below it */
    bool below = log(s->tune_base) < log(critical) - options->floor_margin - 1e-9;
    return below ? ROPELAW_RUN_BELOW_FLOOR : ROPELAW_RUN_BROKEN;
}

static bool transform(const ropelaw_run *run, const ropelaw_point *p, double *y, double *se) {
    bool ppl = run->kind == ROPELAW_VALUE_PPL;
    *y = ppl ? log(p->value) : p->value;
    *se = ppl ? p->se / p->value : p->se;
    return isfinite(*y) && p->eval_len_tok > 0 && isfinite(p->eval_len_tok);
}

/* Documents at one length become their mean; the spread between documents is not noise of the curve. */
static void average_documents(fit_curve *c) {
    size_t n = 0;
    for (size_t k = 0, end; k < c->n; k = end) {
        double sum = 0;
        for (end = k; end < c->n && c->x[end] == c->x[k]; end++) sum += c->y[end];
        c->x[n] = c->x[k], c->y[n] = sum / (double)(end - k), c->weight[n] = 0, c->censored[n] = 0;
        n++;
    }
    c->n = n;
}

static void count_points(fit_curve *c) {
    double sum = 0;
    c->n_measured = 0;
    c->n_distinct = c->n > 0;
    for (size_t k = 0; k < c->n; k++) {
        sum += c->x[k];
        c->n_distinct += k > 0 && c->x[k] != c->x[k - 1];
        c->n_measured += !c->censored[k];
    }
    c->mean_x = sum / (double)c->n;
}

static void summarise(fit_curve *c, bool *known) {
    double weight = 0;
    *known = true;
    count_points(c);
    for (size_t k = 0; k < c->n; k++) {
        if (c->censored[k]) continue;
        weight += c->weight[k];
        if (!(c->weight[k] > 0)) *known = false;
    }
    for (size_t k = 0; k < c->n; k++) { /* a limit weighs what the run's measurements weigh */
        if (!*known)
            c->weight[k] = 1;
        else if (c->censored[k])
            c->weight[k] = weight / (double)c->n_measured;
    }
}

/* A bin of neighbouring points: the weighted mean of the measured ones, and the strongest limit of either side. */
static void average_bin(fit_curve *c, size_t from, size_t to, size_t *n) {
    double sum_x = 0, sum_y = 0, weight = 0, all = 0;
    double limit[2] = {-INFINITY, INFINITY}, own[2] = {0, 0}, at[2] = {0, 0};
    for (size_t k = from; k < to; k++) {
        all += c->x[k] / (double)(to - from);
        if (c->censored[k]) {
            int side = c->censored[k] < 0;
            bool stronger = side ? c->y[k] < limit[1] : c->y[k] > limit[0];
            if (stronger) limit[side] = c->y[k], own[side] = c->weight[k], at[side] = c->x[k];
            continue;
        }
        sum_x += c->weight[k] * c->x[k], sum_y += c->weight[k] * c->y[k];
        weight += c->weight[k];
    }
    if (weight > 0) {
        c->x[*n] = sum_x / weight, c->y[*n] = sum_y / weight;
        c->weight[*n] = weight, c->censored[(*n)++] = 0;
    }
    for (int side = 0; side < 2; side++) {
        if (!at[side]) continue;
        c->x[*n] = weight > 0 ? sum_x / weight : all, c->y[*n] = limit[side]; /* lengths stay ascending */
        c->weight[*n] = own[side], c->censored[(*n)++] = (signed char)(side ? -1 : 1);
    }
}

/* At least three points a bin (n > FIT_LAW_MOST_POINTS), so what is written never overtakes what is read. */
void fit_curve_bin(fit_curve *c) {
    size_t all = c->n, n = 0;
    if (all <= FIT_LAW_MOST_POINTS) return;
    for (size_t b = 0; b < FIT_LAW_BINS; b++)
        average_bin(c, all * b / FIT_LAW_BINS, all * (b + 1) / FIT_LAW_BINS, &n);
    c->n = n;
    count_points(c);
}

ropelaw_status fit_run_curve(const ropelaw_run *run, fit_curve *curve, bool *known, bool *usable,
                             ropelaw_error *error) {
    size_t n = run->n_points;
    fit_curve c = {.n = n};
    *usable = false;
    *curve = c;
    c.x = core_malloc(n ? n : 1, 3 * sizeof *c.x + 1);
    if (!c.x) return core_fail_memory(error, n, 3 * sizeof *c.x + 1);
    c.y = c.x + n, c.weight = c.y + n, c.censored = (signed char *)(c.weight + n);
    bool good = true;
    for (size_t k = 0; k < n && good; k++) {
        double se;
        good = transform(run, &run->points[k], &c.y[k], &se) &&
               (k == 0 || run->points[k].eval_len_tok >= run->points[k - 1].eval_len_tok);
        c.x[k] = log(run->points[k].eval_len_tok);
        c.weight[k] = se > 0 && isfinite(se) ? 1 / (se * se) : 0;
        c.censored[k] = (signed char)run->points[k].censored;
    }
    if (good && run->n_docs > 0) average_documents(&c);
    if (good) summarise(&c, known);
    *usable = good && c.n_measured > 0 && c.n_distinct > 1;
    *curve = c;
    return ROPELAW_OK;
}

/* Steepest rise between neighbours, and whether the curve runs level afterwards: two neighbouring steps in a row with
   less than `level` of that slope, after at least half of the curve's rise. */
static bool runs_level(const fit_curve *c, double lowest, double highest) {
    static const double level = 0.3, shortest = 0.05; /* nearer lengths give no slope */
    double steepest = 0;
    int flat = 0;
    for (size_t k = 1; k < c->n; k++) {
        double dx = c->x[k] - c->x[k - 1];
        if (c->censored[k] || c->censored[k - 1] || dx < shortest) continue;
        double slope = (c->y[k] - c->y[k - 1]) / dx;
        flat = slope < level * steepest && c->y[k] > (lowest + highest) / 2 ? flat + 1 : 0;
        if (slope > steepest) steepest = slope;
        if (flat == 2) return true;
    }
    return false;
}

static void cap_rise(fit_curve *c, double lowest, double cap) {
    c->n_measured = 0;
    for (size_t k = 0; k < c->n; k++) {
        if (c->y[k] > lowest + cap && c->censored[k] >= 0) c->y[k] = lowest + cap, c->censored[k] = 1;
        c->n_measured += !c->censored[k];
    }
}

static void range_of(const fit_curve *c, double *lowest, double *highest) {
    *lowest = INFINITY, *highest = -INFINITY;
    for (size_t k = 0; k < c->n; k++)
        if (!c->censored[k]) *lowest = fmin(*lowest, c->y[k]), *highest = fmax(*highest, c->y[k]);
}

double fit_curves_cap(fit_curve *curves, size_t n, double rise_cap) {
    double widest = 0, lowest, highest;
    bool level = false;
    for (size_t i = 0; i < n; i++) {
        range_of(&curves[i], &lowest, &highest);
        widest = fmax(widest, highest - lowest);
        level = level || (highest - lowest > least_rise && runs_level(&curves[i], lowest, highest));
    }
    if (isnan(rise_cap)) rise_cap = level ? widest / 2 : INFINITY;
    for (size_t i = 0; i < n && rise_cap < INFINITY; i++) {
        range_of(&curves[i], &lowest, &highest);
        cap_rise(&curves[i], lowest, rise_cap);
    }
    return rise_cap;
}

void fit_curve_free(fit_curve *curve) {
    core_free(curve->x);
    *curve = (fit_curve){0};
}
