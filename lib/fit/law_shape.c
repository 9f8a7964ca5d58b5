/* Block elimination: given the three shared numbers, each run's alpha is a weighted mean and its psi a global minimum in
   one variable (law_curve.c), so runs without a break, and curves with several local minima, need no start values. What
   remains is a function of three variables, the sum of the runs' minima, whose gradient the envelope theorem gives; a
   change of branch in some run is a kink in it, which the minimiser's line search walks over.

   Objective (N/2) ln(rss): free of the scale of y, and its gradient is that of a likelihood. rise and width stay inside
   their bounds by a logistic map of their logarithms. The search starts from the best few of a grid. */
#include "fit/law_shape.h"
#include "num/minimize.h"
#include "num/quantile.h"
#include "num/root.h"
#include <math.h>
#include <string.h>

static const double rise_min = 1e-3, rise_max = 50, width_max = 1.5;
static const double start_rise[] = {0.3, 0.8, 2, 5, 12}, start_width[] = {0.03, 0.2, 0.6};
static const double sigma_floor = 1e-4; /* printed perplexities carry 3 to 5 digits */
static const double at_bound = 1e-3;
enum { STARTS = 4, BLOCK = 32 }; /* BLOCK: runs that one task adds up, in order */

typedef struct {
    double rss, by[3];
} block_sum;

typedef struct {
    const fit_curve *curves;
    size_t n;
    double width;                    /* > 0: given */
    double points, width_min, noise; /* weighted points; noise: rss of the rounding alone */
    const fit_watch *watch;          /* NULL: nobody watches */
    size_t calls;                    /* of the objective */
    bool stopped;
    const fit_shape *shape; /* being evaluated */
    block_sum *blocks;
} joint;

/* Most calls of the objective that a fit takes (grid, starts, differences): progress is measured by it. */
enum { CALLS = 250 };

/* logistic map of the whole line to (lo, hi) in the logarithm */
static double inside(double q, double lo, double hi, double *slope) {
    double e = exp(-fabs(q)), p = q > 0 ? 1 / (1 + e) : e / (1 + e), span = log(hi / lo);
    double value = lo * exp(span * p);
    *slope = value * span * e / ((1 + e) * (1 + e));
    return value;
}

static double outside(double value, double lo, double hi) {
    double p = log(value / lo) / log(hi / lo);
    p = fmin(fmax(p, 1e-6), 1 - 1e-6);
    return log(p / (1 - p));
}

static fit_shape shape_of(const joint *j, const double *v, double slope[2]) {
    fit_shape s = {v[0], 0, 0};
    s.rise = inside(v[1], rise_min, rise_max, &slope[0]);
    s.width = inside(v[2], j->width_min, width_max, &slope[1]);
    if (j->width > 0) s.width = j->width, slope[1] = 0; /* its variable moves nothing */
    return s;
}

static ropelaw_status add_block(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const joint *j = context;
    block_sum sum = {
        0, {0, 0, 0}
    };
    (void)thread, (void)error;
    for (size_t i = task * BLOCK; i < j->n && i < (task + 1) * BLOCK; i++) {
        fit_curve_value c;
        fit_curve_best(&j->curves[i], j->shape, &c);
        sum.rss += c.rss;
        sum.by[0] += c.d_pre, sum.by[1] += c.d_rise, sum.by[2] += c.d_width;
    }
    j->blocks[task] = sum;
    return ROPELAW_OK;
}

/* Whether whoever watches wants more. */
static bool goes_on(joint *j) {
    if (!j->watch || j->stopped) return !j->stopped;
    double done = fmin((double)++j->calls / CALLS, 1);
    j->stopped =
        core_progress(j->watch->progress, j->watch->from + done * (j->watch->to - j->watch->from), NULL);
    return !j->stopped;
}

static double evaluate(joint *j, const double *v, double *g) {
    double slope[2], rss = j->noise;
    size_t n_blocks = (j->n + BLOCK - 1) / BLOCK;
    fit_shape s = shape_of(j, v, slope);
    g[0] = g[1] = g[2] = 0;
    if (!(fabs(v[0]) < 1e3) || !goes_on(j)) return NAN;
    j->shape = &s;
    if (core_parallel(j->watch ? j->watch->threads : 1, n_blocks, add_block, j, NULL, NULL)) return NAN;
    for (size_t b = 0; b < n_blocks; b++) {
        rss += j->blocks[b].rss;
        g[0] += j->blocks[b].by[0];
        g[1] += j->blocks[b].by[1] * slope[0];
        g[2] += j->blocks[b].by[2] * slope[1];
    }
    for (int k = 0; k < 3; k++) g[k] *= j->points / 2 / rss;
    return j->points / 2 * log(rss);
}

static double objective(void *context, const double *v, double *g) {
    return evaluate(context, v, g);
}

typedef struct {
    double v[3], value;
} candidate;

static void keep(candidate *best, candidate c) {
    for (int k = 0; k < STARTS; k++)
        if (c.value < best[k].value) {
            candidate t = best[k];
            best[k] = c;
            c = t;
        }
}

static void try_grid(joint *j, candidate *best) {
    for (int k = 0; k < STARTS; k++) best[k].value = INFINITY;
    for (size_t a = 0; a < CORE_COUNT(start_rise); a++)
        for (size_t b = 0; b < (j->width > 0 ? 1 : CORE_COUNT(start_width)); b++) {
            double g[3];
            candidate c = {
                {0, outside(start_rise[a], rise_min, rise_max),
                 outside(fmax(start_width[b], 2 * j->width_min), j->width_min, width_max)},
                0
            };
            c.value = objective(j, c.v, g);
            keep(best, c);
        }
}

static double shortest_gap(const fit_curve *curves, size_t n) {
    double gap = INFINITY;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 1; k < curves[i].n; k++) {
            double d = curves[i].x[k] - curves[i].x[k - 1];
            if (d > 1e-9) gap = fmin(gap, d);
        }
    return gap;
}

/* Counts behind sigma: points that pull, and runs whose psi they determine. */
static void count(const joint *j, fit_shape_fit *f, bool *broken) {
    f->rss = 0, f->n_points = 0, f->n_broken = 0;
    for (size_t i = 0; i < j->n; i++) {
        const fit_curve *c = &j->curves[i];
        fit_curve_value v, far;
        double psi = fit_curve_best(c, &f->shape, &v);
        fit_curve_eval(c, &f->shape, fit_curve_high(c), &far);
        f->rss += v.rss;
        f->n_points += c->n_measured;
        broken[i] = psi < c->x[c->n - 1] && psi > c->x[0] && far.rss > v.rss;
        f->n_broken += broken[i];
    }
    f->df = (double)f->n_points - (double)j->n - (double)f->n_broken - (j->width > 0 ? 2 : 3);
}

static ropelaw_status settle_sigma(bool known, fit_shape_fit *f, ropelaw_error *error) {
    if (f->df >= (known ? FIT_DF_GOOD : 1)) {
        f->sigma = sqrt(f->rss / f->df);
        if (!known) f->sigma = fmax(f->sigma, sigma_floor);
        return ROPELAW_OK;
    }
    f->sigma_given = true;
    f->sigma = 1;
    if (known) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_NOCONV, "points", (double)f->n_points,
                            "more than runs, breaks and 3 shared parameters, or standard errors");
}

/* Mean psi of the runs that break within their lengths under the fitted shape. */
static double mean_break(const joint *j, const fit_shape *shape, const bool *broken) {
    double sum = 0, n = 0;
    for (size_t i = 0; i < j->n; i++) {
        fit_curve_value v;
        if (!broken[i]) continue;
        sum += fit_curve_best(&j->curves[i], shape, &v);
        n++;
    }
    return n > 0 ? sum / n : 0;
}

/* Inverse of a symmetric 3 x 3 matrix by cofactors. */
static void invert3(double h[3][3], double inverse[3][3]) {
    double det = 0;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            int a = (i + 1) % 3, b = (i + 2) % 3, c = (k + 1) % 3, d = (k + 2) % 3;
            inverse[k][i] = h[a][c] * h[b][d] - h[a][d] * h[b][c];
        }
    for (int k = 0; k < 3; k++) det += h[0][k] * inverse[k][0];
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) inverse[i][k] /= det;
}

/* An error of the shape moves every psi by nearly the same amount (rise and width set where on the bend psi lies): the
   variance of that amount, by the delta method. The bounds of rise and width act as a wide prior on the mapped
   variables (standard deviation 3), which keeps the information regular when one of them sits on a bound. */
static double shift_variance(joint *j, const double *at, const bool *broken, double per_df) {
    double h[3][3], c[3][3], by[3], v[3], g[3], slope[2], variance = 0;
    for (int k = 0; k < 3; k++) {
        double step = k == 0 ? 1e-3 : 1e-2, psi[2];
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < 3; i++) v[i] = at[i];
            v[k] += side ? step : -step;
            evaluate(j, v, g);
            for (int i = 0; i < 3; i++) h[k][i] = side ? (h[k][i] + g[i]) / (2 * step) : -g[i];
            fit_shape s = shape_of(j, v, slope);
            psi[side] = mean_break(j, &s, broken);
        }
        by[k] = (psi[1] - psi[0]) / (2 * step);
    }
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < i; k++) h[i][k] = h[k][i] = (h[i][k] + h[k][i]) / 2;
    h[1][1] += 1.0 / 9, h[2][2] += 1.0 / 9;
    invert3(h, c);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) variance += by[i] * c[i][k] * by[k];
    variance *= per_df;
    return variance > 0 && isfinite(variance) ? variance : 0;
}

/* rss of straight lines with one slope for all runs. */
static double straight(double pre, void *context) {
    const joint *j = context;
    fit_shape line = {pre, 0, 1};
    double rss = 0;
    for (size_t i = 0; i < j->n; i++) {
        fit_curve_value v;
        fit_curve_eval(&j->curves[i], &line, 0, &v);
        rss += v.rss;
    }
    return rss;
}

/* p value of the breaks against straight lines: F with the rise, the width and a psi for each broken run. Noise alone
   is fitted better by bends as well, and a law of such bends would be one of noise. */
static double p_of_breaks(joint *j, const fit_shape_fit *f) {
    num_interval slopes = {-10, 10, 1e-6};
    double pre, rss = num_minimum(straight, j, slopes, &pre),
                df1 = (double)f->n_broken + (j->width > 0 ? 1 : 2);
    double variance = f->sigma_given ? 1 : f->sigma * f->sigma;
    return num_f_tail(fmax(rss - f->rss, 0) / df1 / variance, df1, f->sigma_given ? INFINITY : f->df);
}

static ropelaw_status stopped(ropelaw_error *error) {
    return core_fail(error, ROPELAW_CANCELLED, "", "", "", "stopped on request");
}

/* The best end over the starts. */
static ropelaw_status search(joint *j, fit_shape_fit *f, double end[3], ropelaw_error *error) {
    candidate start[STARTS];
    double best = INFINITY, slope[2];
    try_grid(j, start);
    for (int k = 0; k < STARTS && !j->stopped; k++) {
        num_minimize_options o = {1e-5 * j->points, 1e-12, 120};
        num_minimize_report r;
        ropelaw_status s = num_minimize(objective, j, 3, start[k].v, &o, &r, error);
        if (s == ROPELAW_INVALID) continue;
        if (s) return s;
        if (r.value >= best) continue;
        best = r.value;
        f->shape = shape_of(j, start[k].v, slope);
        memcpy(end, start[k].v, 3 * sizeof *end);
        f->gradient = r.gradient;
        f->converged = r.end != NUM_END_MAXITER;
    }
    if (j->stopped) return stopped(error);
    if (isfinite(best)) return ROPELAW_OK;
    return core_fail(error, ROPELAW_NOCONV, "", "", "", "no start of the joint fit is finite");
}

static ropelaw_status describe(joint *j, bool known, const double end[3], fit_shape_fit *f,
                               ropelaw_error *error) {
    bool *broken = core_calloc(j->n ? j->n : 1, sizeof *broken);
    if (!broken) return core_fail_memory(error, j->n, sizeof *broken);
    f->at_bound = f->shape.rise < rise_min * (1 + at_bound) || f->shape.rise > rise_max * (1 - at_bound);
    if (!(j->width > 0))
        f->at_bound |=
            f->shape.width < j->width_min * (1 + at_bound) || f->shape.width > width_max * (1 - at_bound);
    count(j, f, broken);
    ropelaw_status s = settle_sigma(known, f, error);
    /* the objective estimates the noise as rss / points; what sigma says is rss / df, or 1 */
    if (!s)
        f->shift_variance =
            shift_variance(j, end, broken, f->sigma * f->sigma * j->points / (f->rss + j->noise));
    if (!s) f->p_break = p_of_breaks(j, f);
    core_free(broken);
    return !s && j->stopped ? stopped(error) : s;
}

ropelaw_status fit_shape_watched(const fit_curve *curves, size_t n, const fit_shape_given *given,
                                 fit_shape_fit *fit, ropelaw_error *error) {
    joint j = {.curves = curves,
               .n = n,
               .width = given->width,
               .width_min = shortest_gap(curves, n) / 50,
               .watch = given->watch};
    bool known = given->known;
    fit_shape_fit f = {.rss = INFINITY};
    double end[3] = {0, 0, 0};
    if (!isfinite(j.width_min))
        return core_fail(error, ROPELAW_INVALID, "runs", "", "", "no run has two different lengths");
    j.width_min = fmin(j.width_min, 0.1);
    for (size_t i = 0; i < n; i++) {
        j.points += (double)curves[i].n_measured;
        for (size_t k = 0; k < curves[i].n; k++) j.noise += known ? 1e-6 : sigma_floor * sigma_floor;
    }
    j.blocks = core_malloc(n / BLOCK + 1, sizeof *j.blocks);
    if (!j.blocks) return core_fail_memory(error, n / BLOCK + 1, sizeof *j.blocks);
    ropelaw_status s = search(&j, &f, end, error);
    if (!s) s = describe(&j, known, end, &f, error);
    if (!s) *fit = f;
    core_free(j.blocks);
    return s;
}

ropelaw_status fit_shape_joint(const fit_curve *curves, size_t n, bool known, fit_shape_fit *fit,
                               ropelaw_error *error) {
    return fit_shape_watched(curves, n, &(fit_shape_given){known, NAN, NULL}, fit, error);
}
