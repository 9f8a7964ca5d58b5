/* Each replicate has its own random stream and its own slot, so the figures do not depend on the number of threads. */
#include "law_gates.h"
#include "fit/law_line.h"
#include "fit/law_shape.h"
#include "num/quantile.h"
#include <math.h>
#include <ropelaw/law_predict.h>
#include <ropelaw/random.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 10, POINTS = 12, MOST = 16, SLOTS = 8 };

static const double log_2pi = 1.8378770664093454836;

typedef struct {
    const void *design;
    const gate_options *options;
    double (*slot)[SLOTS];
} gate;

static double soft(double t, double w) {
    if (w == 0) return fmax(t, 0);
    return t > 0 ? t + w * log1p(exp(-t / w)) : w * log1p(exp(t / w));
}

typedef struct {
    double x[RUNS][POINTS], y[RUNS][POINTS], weight[POINTS], design[2 * RUNS], offset[RUNS], truth[RUNS];
    signed char measured[POINTS];
    fit_curve curves[RUNS];
    fit_term terms[RUNS];
    double censored;
} sample;

static void draw_curves(const slope_design *d, ropelaw_random *r, sample *s) {
    memset(s, 0, sizeof *s);
    for (int i = 0; i < d->runs; i++) {
        double u = log(1e4) + 2.4 * log(10) * i / (d->runs - 1);
        double psi = log_2pi + 0.72 * u + 0.05 * ropelaw_random_normal(r), mean = 0;
        for (int k = 0; k < POINTS; k++) {
            double x = d->last - (POINTS - 1 - k) * log(2);
            s->x[i][k] = x, mean += x / POINTS, s->weight[k] = 1;
            s->y[i][k] = 2.3 - 0.05 * x + 2 * soft(x - psi, d->width) +
                         d->sd * (x > psi ? d->late : 1) * ropelaw_random_normal(r);
        }
        s->curves[i] = (fit_curve){POINTS, POINTS, POINTS, s->x[i], s->y[i], s->weight, s->measured, mean};
        s->design[2 * i] = 1, s->design[2 * i + 1] = u;
        s->truth[i] = log_2pi + 0.72 * u;
        s->censored += psi > d->last ? 1.0 / d->runs : 0;
    }
}

static ropelaw_status fit_sample(sample *s, size_t runs, double slot[SLOTS], ropelaw_error *error) {
    fit_shape_fit shape = {0};
    fit_line line = {0}, theory = {0}, unit = {0};
    double profile = 0, unit_profile = 0;
    ropelaw_status status = fit_shape_joint(s->curves, runs, false, &shape, error);
    for (size_t i = 0; i < runs && !status; i++)
        status = fit_term_tabulate(&s->curves[i], &shape.shape, shape.sigma, &s->terms[i], error);
    fit_line_problem free = {runs, 2,    s->design, s->offset, NULL, s->terms, 0, shape.shift_variance,
                             0,    NULL, NULL,      false,     1};
    fit_line_problem fixed = {runs, 0,    NULL, s->truth, NULL, s->terms, 0, shape.shift_variance,
                              0,    NULL, NULL, false,    1};
    double u[RUNS], ln_2pi[RUNS];
    for (size_t i = 0; i < runs; i++) u[i] = s->design[2 * i + 1], ln_2pi[i] = log_2pi;
    fit_line_problem one = {runs, 1,    u,    ln_2pi, NULL, s->terms, 0, shape.shift_variance,
                            0,    NULL, NULL, false,  1};
    if (!status) status = fit_line_fit(&free, &line, error);
    if (!status) status = fit_line_profile(&free, 1, 0.72, &profile, error);
    if (!status) status = fit_line_fit(&fixed, &theory, error);
    if (!status) status = fit_line_fit(&one, &unit, error);
    if (!status) status = fit_line_profile(&one, 0, 0.72, &unit_profile, error);
    if (!status) {
        slot[0] = 1;
        slot[1] = 128 * (line.theta[1] - 0.72);
        slot[2] = fit_line_test(&line, 2, profile, 1).p > 0.05;
        slot[3] = 2 * (line.log_likelihood - profile) <= num_chi2_quantile(0.95, 1);
        slot[4] = s->censored;
        slot[6] = 128 * (unit.theta[0] - 0.72);
        slot[7] = fit_line_test(&unit, 1, unit_profile, 1).p > 0.05;
        slot[5] = fit_line_test(&line, 2, theory.log_likelihood, 2).p < 0.05;
    }
    fit_line_clear(&line), fit_line_clear(&theory), fit_line_clear(&unit);
    for (size_t i = 0; i < runs; i++) fit_term_clear(&s->terms[i]);
    return status == ROPELAW_NOMEM ? status : ROPELAW_OK;
}

static ropelaw_status slope_replicate(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const gate *g = context;
    ropelaw_random r;
    (void)thread;
    sample *s = malloc(sizeof *s);
    if (!s) return ROPELAW_NOMEM;
    ropelaw_random_init(&r, g->options->seed, task);
    draw_curves(g->design, &r, s);
    ropelaw_status status =
        fit_sample(s, (size_t)((const slope_design *)g->design)->runs, g->slot[task], error);
    free(s);
    return status;
}

static double (*run(const void *design, const gate_options *o, core_task task))[SLOTS] {
    double(*slot)[SLOTS] = calloc(o->reps, sizeof *slot);
    gate g = {design, o, slot};
    if (!slot || core_parallel(o->threads, o->reps, task, &g, NULL, NULL)) abort();
    return slot;
}

static double mean_of(double (*slot)[SLOTS], size_t reps, size_t n, int k) {
    double sum = 0;
    for (size_t i = 0; i < reps; i++) sum += slot[i][0] > 0 ? slot[i][k] : 0;
    return sum / (double)n;
}

static size_t count_done(double (*slot)[SLOTS], size_t reps) {
    size_t n = 0;
    for (size_t i = 0; i < reps; i++) n += slot[i][0] > 0;
    return n;
}

slope_result gate_slope(const slope_design *design, const gate_options *o) {
    double(*slot)[SLOTS] = run(design, o, slope_replicate), squares = 0;
    slope_result r = {.n = count_done(slot, o->reps)};
    r.failed = o->reps - r.n;
    r.bias = mean_of(slot, o->reps, r.n, 1);
    for (size_t i = 0; i < o->reps; i++) squares += slot[i][0] > 0 ? pow(slot[i][1] - r.bias, 2) : 0;
    r.sd = sqrt(squares / ((double)r.n - 1));
    r.covers = mean_of(slot, o->reps, r.n, 2), r.chi2 = mean_of(slot, o->reps, r.n, 3);
    r.censored = mean_of(slot, o->reps, r.n, 4), r.rejects_theory = mean_of(slot, o->reps, r.n, 5);
    r.unit_bias = mean_of(slot, o->reps, r.n, 6), r.unit_covers = mean_of(slot, o->reps, r.n, 7);
    free(slot);
    return r;
}

/* Bases over 3 decades; runs above the limit are censored there; the target is the median law three quarters up. */
static ropelaw_status bound_replicate(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const gate *g = context;
    const bound_design *d = g->design;
    double *slot = g->slot[task], x[2 * MOST], offset[MOST] = {0}, span = 3 * log(10), first = log(1e4);
    double limit = d->censored > 0 ? log_2pi + 0.7 * (first + (1 - d->censored) * span) : INFINITY, profile;
    double new_u, new_z, lower = NAN, base = NAN, z_target = log_2pi + 0.7 * (first + 0.75 * span);
    fit_term terms[MOST];
    fit_line line = {0};
    ropelaw_random r;
    (void)thread;
    ropelaw_random_init(&r, g->options->seed, task);
    for (size_t i = 0; i < d->n; i++) {
        double u = first + span * (double)i / (double)(d->n - 1),
               z = log_2pi + 0.7 * u + d->tau * ropelaw_random_normal(&r);
        x[2 * i] = 1, x[2 * i + 1] = u;
        terms[i] = (fit_term){.kind = z > limit ? FIT_TERM_RIGHT : FIT_TERM_POINT,
                              .lo = fmin(z, limit),
                              .hi = z > limit ? INFINITY : z};
    }
    new_u = first + span * ropelaw_random_uniform(&r);
    new_z = log_2pi + 0.7 * new_u + d->tau * ropelaw_random_normal(&r);
    fit_line_problem a = {d->n, 2, x, offset, NULL, terms, 0, 0, 0, NULL, NULL, false, 1};
    ropelaw_status s = fit_line_fit(&a, &line, error);
    if (!s) s = fit_line_profile(&a, 1, 0.7, &profile, error);
    if (!s && (double)line.n_bounded - 2 >= 1) {
        double df = (double)line.n_bounded - 2;
        ropelaw_fitted_law law = {
            .rotary_dim = 128,
            .intercept = line.theta[0],
            .slope = line.theta[1],
            .tau = line.tau,
            .covariance = {line.covariance[0], line.covariance[1], line.covariance[3]},
            .df = df,
            .inflation = (df + 2) / df,
            .base_min = 1e4,
            .base_max = 1e7
        };
        ropelaw_range band;
        slot[0] = 1;
        slot[1] = line.theta[1] - 0.7;
        slot[2] = fit_line_test(&line, 2, profile, 1).p > 0.05;
        if (!ropelaw_fitted_law_interval(&law, exp(new_u), 0, ROPELAW_BAND_RUN, 0.8, &band, NULL, NULL))
            lower = log(band.lo);
        slot[3] = new_z >= lower;
        bool solved = !ropelaw_fitted_law_base_find(&law, exp(z_target), ROPELAW_BAND_RUN, 0.9, &base, NULL,
                                                    NULL, NULL);
        slot[4] = solved;
        /* chance that a run at this base reaches the target */
        slot[5] = solved ? num_normal_cdf((log_2pi + 0.7 * log(base) - z_target) / d->tau) : 0;
        slot[6] = solved ? log10(base) : INFINITY;
    }
    fit_line_clear(&line);
    return s == ROPELAW_NOMEM ? s : ROPELAW_OK;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bound_result gate_bounds(const bound_design *design, const gate_options *o) {
    double(*slot)[SLOTS] = run(design, o, bound_replicate), *bases = malloc(o->reps * sizeof *bases);
    bound_result r = {.n = count_done(slot, o->reps)};
    if (!bases) abort();
    r.failed = o->reps - r.n;
    r.bias = mean_of(slot, o->reps, r.n, 1);
    r.covers = mean_of(slot, o->reps, r.n, 2);
    r.predicts = mean_of(slot, o->reps, r.n, 3);
    double solved = mean_of(slot, o->reps, r.n, 4);
    r.unsolvable = (size_t)lround((1 - solved) * (double)r.n);
    r.inverts = mean_of(slot, o->reps, r.n, 5) / solved;
    size_t n = 0;
    for (size_t i = 0; i < o->reps; i++)
        if (slot[i][0] > 0) bases[n++] = slot[i][6];
    qsort(bases, n, sizeof *bases, ascending);
    r.log10_base = bases[n / 2];
    r.log10_true = 4 + 0.75 * 3;
    free(bases), free(slot);
    return r;
}
