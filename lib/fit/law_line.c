/* Coefficients are fitted in an orthonormal basis of the columns (Gram-Schmidt), where each has a standard
   error of about tau, and tau as tau^2 = floor^2 + exp(2 v): smooth, unbounded, never below the floor. The
   gradient is exact.

   The covariance is the inverse of the observed information, by central differences of the gradient with
   steps of 1e-3 standard errors; the error of the difference is about 1e-6 relative. */
#include "fit/law_line.h"
#include "num/minimize.h"
#include "num/quantile.h"
#include "num/root.h"
#include <math.h>
#include <string.h>

static const double tau_starts[] = {0.25, 0.03}, least_start = 0.02;
static const double no_tau =
    -40; /* of ln tau: floor^2 + e^-80 is floor^2, and its derivative moves nothing */

typedef struct {
    const fit_line_problem *problem;
    double *q;  /* orthonormal columns [n][p] */
    double *r;  /* x = q r, upper triangular [p][p] */
    double *v;  /* point: coefficients of q, ln tau, shifts in units of their standard deviations */
    double *sd; /* [n_shifts] those standard deviations; a shift of 0 stays where its prior has it */
    size_t n_shifts;
    double *g, *h, *best;
    const double *at; /* the point that blocks of runs are added up at */
    double *blocks;   /* [blocks][1 + variables] minus log likelihood, and its gradient */
} work;

/* Runs that one task adds up, in order; from how many runs on threads pay. */
enum { BLOCK = 256, SPREAD_FROM = 2048 };

/* Twice-applied modified Gram-Schmidt: orthogonal to rounding for any conditioning that passes the rank
 * check. */
static bool orthonormalise(const fit_line_problem *a, double *q, double *r) {
    size_t n = a->n, p = a->p;
    for (size_t i = 0; i < n * p; i++) q[i] = a->x[i];
    memset(r, 0, (p * p + 1) * sizeof *r);
    for (size_t j = 0; j < p; j++) {
        double before = 0, after = 0;
        for (size_t i = 0; i < n; i++) before += q[i * p + j] * q[i * p + j];
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = 0; k < j; k++) {
                double s = 0;
                for (size_t i = 0; i < n; i++) s += q[i * p + k] * q[i * p + j];
                for (size_t i = 0; i < n; i++) q[i * p + j] -= s * q[i * p + k];
                r[k * p + j] += s;
            }
        for (size_t i = 0; i < n; i++) after += q[i * p + j] * q[i * p + j];
        if (!(after > 1e-20 * before) || !isfinite(before)) return false;
        r[j * p + j] = sqrt(after);
        for (size_t i = 0; i < n; i++) q[i * p + j] /= r[j * p + j];
    }
    return true;
}

static double tau_of(double v) {
    return hypot(FIT_TAU_FLOOR, exp(v));
}

/* Which shift a run has; n_shifts: none. */
static size_t shift_of(const work *w, size_t i) {
    return w->problem->n_groups ? w->problem->group[i] : 0;
}

static double mean_of(const work *w, const double *v, size_t i) {
    double m = w->problem->offset[i];
    for (size_t j = 0; j < w->problem->p; j++) m += v[j] * w->q[i * w->problem->p + j];
    size_t k = shift_of(w, i);
    return k < w->n_shifts ? m + w->sd[k] * v[w->problem->p + 1 + k] : m;
}

static size_t variables(const work *w) {
    return w->problem->p + 1 + w->n_shifts;
}

static size_t count_blocks(const fit_line_problem *a) {
    return (a->n + BLOCK - 1) / BLOCK;
}

static ropelaw_status add_block(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const work *w = context;
    const fit_line_problem *a = w->problem;
    size_t p = a->p, stride = 1 + variables(w), end = (task + 1) * BLOCK < a->n ? (task + 1) * BLOCK : a->n;
    double *sum = w->blocks + task * stride, *g = sum + 1, tau = tau_of(w->at[p]);
    (void)thread, (void)error;
    memset(sum, 0, stride * sizeof *sum);
    for (size_t i = task * BLOCK; i < end; i++) {
        double m = mean_of(w, w->at, i), by_mean, by_log_tau;
        bool floored = a->floor && m < a->floor[i];
        *sum -= fit_term_log(&a->terms[i], floored ? a->floor[i] : m, tau, &by_mean, &by_log_tau);
        for (size_t j = 0; j < p && !floored; j++) g[j] -= by_mean * w->q[i * p + j];
        size_t k = shift_of(w, i);
        if (!floored && k < w->n_shifts) g[p + 1 + k] -= w->sd[k] * by_mean;
        g[p] -= by_log_tau;
    }
    return ROPELAW_OK;
}

static double negative_log(void *context, const double *v, double *g) {
    work *w = context;
    const fit_line_problem *a = w->problem;
    size_t p = a->p, all = variables(w), n_blocks = count_blocks(a);
    double tau = tau_of(v[p]), sum = 0;
    memset(g, 0, all * sizeof *g);
    if (!(tau < 1e6)) return NAN;
    w->at = v;
    if (core_parallel(a->n < SPREAD_FROM ? 1 : a->threads, n_blocks, add_block, w, NULL, NULL)) return NAN;
    for (size_t b = 0; b < n_blocks; b++) {
        const double *part = w->blocks + b * (1 + all);
        sum += part[0];
        for (size_t j = 0; j < all; j++) g[j] += part[1 + j];
    }
    g[p] *= exp(2 * v[p]) / (tau * tau);
    for (size_t k = 0; k < w->n_shifts; k++) {
        double z = v[p + 1 + k];
        sum += z * z / 2;
        g[p + 1 + k] += z;
    }
    return sum;
}

/* A number for what a term says: its best value, or just beyond its limit. */
static double guess(const fit_term *t) {
    if (t->kind == FIT_TERM_TABLE) return t->best;
    if (t->kind == FIT_TERM_RIGHT) return t->lo + 0.3;
    if (t->kind == FIT_TERM_LEFT) return t->hi - 0.3;
    return (t->lo + t->hi) / 2;
}

/* Least squares on the guesses, bounded terms only if there are more of them than coefficients. */
static void start(const work *w, double *v) {
    const fit_line_problem *a = w->problem;
    size_t bounded = 0;
    for (size_t i = 0; i < a->n; i++) bounded += fit_term_is_bounded(&a->terms[i]);
    for (size_t j = 0; j < a->p; j++) v[j] = 0;
    for (int sweep = 0; sweep < (bounded > a->p ? 60 : 1); sweep++) /* Gauss-Seidel when rows are left out */
        for (size_t j = 0; j < a->p; j++) {
            double s = 0, d = 0;
            for (size_t i = 0; i < a->n; i++) {
                if (bounded > a->p && !fit_term_is_bounded(&a->terms[i])) continue;
                double q = w->q[i * a->p + j];
                s += q * (guess(&a->terms[i]) - mean_of(w, v, i));
                d += q * q;
            }
            if (d > 1e-12) v[j] += s / d;
        }
}

static ropelaw_status work_create(const fit_line_problem *a, work *w, ropelaw_error *error) {
    size_t shifts = a->n_groups ? a->n_groups : a->shift_variance > 0;
    size_t n = a->n, p = a->p, most = p + 2 + shifts,
           count = n * p + p * p + 1 + most * (most + 4 + count_blocks(a));
    double *m = core_calloc(count, sizeof *m);
    if (!m) return core_fail_memory(error, count, sizeof *m);
    *w = (work){.problem = a, .q = m, .n_shifts = shifts};
    w->r = m + n * p;
    w->v = w->r + p * p + 1;
    w->g = w->v + most;
    w->best = w->g + most;
    w->sd = w->best + most;
    w->h = w->sd + most;
    w->blocks = w->h + most * most;
    for (size_t k = 0; k < shifts; k++)
        w->sd[k] = sqrt(a->n_groups ? a->group_variance[k] : a->shift_variance);
    if (orthonormalise(a, w->q, w->r)) return ROPELAW_OK;
    core_free(m);
    w->q = NULL;
    return core_fail(error, ROPELAW_SINGULAR, "base", "", "",
                     "the bases of the runs do not tell the coefficients apart");
}

/* The best end over the starts; w->best holds it. */
static ropelaw_status maximise(work *w, num_minimize_report *best, ropelaw_error *error) {
    size_t p = w->problem->p;
    double hint = w->problem->tau_hint;
    best->value = INFINITY;
    bool exact = w->problem->exact;
    for (size_t k = 0; k < (hint > 0 || exact ? 1 : CORE_COUNT(tau_starts)); k++) {
        num_minimize_report r;
        memset(w->v + p + 1, 0, (w->n_shifts + 1) * sizeof *w->v);
        start(w, w->v);
        w->v[p] = exact ? no_tau : log(hint > 0 ? fmax(hint, least_start) : tau_starts[k]);
        num_minimize_options o = {1e-7 * (double)(w->problem->n + 1), 1e-13, 300};
        ropelaw_status s = num_minimize(negative_log, w, variables(w), w->v, &o, &r, error);
        if (s && s != ROPELAW_INVALID) return s;
        if (!s && r.value < best->value - 1e-9) {
            *best = r;
            memcpy(w->best, w->v, variables(w) * sizeof *w->v);
        }
    }
    if (isfinite(best->value)) return ROPELAW_OK;
    return core_fail(error, ROPELAW_NOCONV, "", "", "",
                     "the likelihood of the law is not finite at any start");
}

/* Gauss-Jordan on a symmetric positive definite matrix, in place; false if a pivot is not positive. */
static bool invert(double *a, size_t n) {
    for (size_t k = 0; k < n; k++) {
        double pivot = a[k * n + k];
        if (!(pivot > 0)) return false;
        a[k * n + k] = 1;
        for (size_t j = 0; j < n; j++) a[k * n + j] /= pivot;
        for (size_t i = 0; i < n; i++) {
            double f = a[i * n + k];
            if (i == k) continue;
            a[i * n + k] = 0;
            for (size_t j = 0; j < n; j++) a[i * n + j] -= f * a[k * n + j];
        }
    }
    return true;
}

/* Information of the variables, tau left out where it sits on its floor, in the orthonormal basis; w->h gets the inverse. */
static bool information(work *w, bool tau_free, size_t *size) {
    size_t p = w->problem->p, all = variables(w), n = 0;
    double tau = tau_of(w->best[p]);
    memcpy(w->v, w->best, all * sizeof *w->v);
    for (size_t j = 0; j < all; j++) {
        if (j == p && !tau_free) continue;
        double step = j < p ? 1e-3 * tau : (j == p ? 1e-4 : 1e-3), *row = w->h + n++ * all;
        for (int side = -1; side <= 1; side += 2) {
            w->v[j] = w->best[j] + side * step;
            negative_log(w, w->v, w->g);
            for (size_t i = 0; i < all; i++) row[i] = side < 0 ? -w->g[i] : (row[i] + w->g[i]) / (2 * step);
        }
        w->v[j] = w->best[j];
    }
    for (size_t i = 0; i < n; i++) /* close the column of tau where it is left out */
        for (size_t j = 0, from = 0; j < n; j++, from++) {
            if (from == p && !tau_free) from++;
            w->h[i * n + j] = w->h[i * all + from];
        }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            w->h[i * n + j] = w->h[j * n + i] = (w->h[i * n + j] + w->h[j * n + i]) / 2;
    *size = n;
    return invert(w->h, n);
}

/* theta = r^-1 v and its covariance r^-1 H r^-T. */
static void back_transform(const work *w, fit_line *line, bool known, size_t size) {
    size_t p = w->problem->p;
    for (size_t j = p; j-- > 0;) {
        double s = w->best[j];
        for (size_t k = j + 1; k < p; k++) s -= w->r[j * p + k] * line->theta[k];
        line->theta[j] = s / w->r[j * p + j];
    }
    double *c = line->covariance;
    for (size_t i = 0; i < p; i++) /* rows: r^-1 H */
        for (size_t j = 0; j < p; j++) c[i * p + j] = known ? w->h[i * size + j] : NAN;
    for (size_t i = p; i-- > 0;)
        for (size_t j = 0; j < p; j++) {
            for (size_t k = i + 1; k < p; k++) c[i * p + j] -= w->r[i * p + k] * c[k * p + j];
            c[i * p + j] /= w->r[i * p + i];
        }
    for (size_t i = 0; i < p; i++) /* columns: times r^-T */
        for (size_t j = p; j-- > 0;) {
            for (size_t k = j + 1; k < p; k++) c[i * p + j] -= w->r[j * p + k] * c[i * p + k];
            c[i * p + j] /= w->r[j * p + j];
        }
}

ropelaw_status fit_line_fit(const fit_line_problem *a, fit_line *line, ropelaw_error *error) {
    work w = {0};
    num_minimize_report report;
    size_t p = a->p, size;
    fit_line l = {0};
    ropelaw_status s = work_create(a, &w, error);
    if (!s) {
        s = maximise(&w, &report, error);
        if (!s && !(l.theta = core_calloc(p + p * p + 1, sizeof *l.theta)))
            s = core_fail_memory(error, p + p * p + 1, sizeof *l.theta);
    }
    if (!s) {
        l.covariance = l.theta + p;
        l.tau = tau_of(w.best[p]);
        l.tau_at_floor = l.tau < 1.05 * FIT_TAU_FLOOR;
        l.log_likelihood = -report.value;
        l.converged = report.end != NUM_END_MAXITER;
        for (size_t i = 0; i < a->n; i++)
            l.n_bounded +=
                fit_term_is_bounded(&a->terms[i]) && !(a->floor && mean_of(&w, w.best, i) < a->floor[i]);
        bool known = information(&w, !l.tau_at_floor, &size);
        back_transform(&w, &l, known, size);
        *line = l;
    }
    core_free(w.q);
    return s;
}

void fit_line_clear(fit_line *line) {
    core_free(line->theta);
    *line = (fit_line){0};
}

ropelaw_status fit_line_profile(const fit_line_problem *a, size_t k, double value, double *log_likelihood,
                                ropelaw_error *error) {
    size_t n = a->n, p = a->p, count = n * p + n;
    double *memory = core_malloc(count, sizeof *memory);
    if (!memory) return core_fail_memory(error, count, sizeof *memory);
    double *x = memory + n;
    for (size_t i = 0; i < n; i++) {
        memory[i] = a->offset[i] + value * a->x[i * p + k];
        for (size_t j = 0, to = 0; j < p; j++)
            if (j != k) x[i * (p - 1) + to++] = a->x[i * p + j];
    }
    fit_line_problem b = {n,
                          p - 1,
                          x,
                          memory,
                          a->floor,
                          a->terms,
                          a->tau_hint,
                          a->shift_variance,
                          a->n_groups,
                          a->group,
                          a->group_variance,
                          a->exact,
                          a->threads};
    work w;
    num_minimize_report report;
    ropelaw_status s = work_create(&b, &w, error);
    if (!s) {
        s = maximise(&w, &report, error);
        if (!s) *log_likelihood = -report.value;
        core_free(w.q);
    }
    core_free(memory);
    return s;
}

typedef struct {
    const fit_line_problem *problem;
    size_t k;
    double threshold; /* log likelihood at the ends */
    ropelaw_status status;
    ropelaw_error *error;
} cut;

static double above(double value, void *context) {
    cut *c = context;
    double l;
    ropelaw_status s = fit_line_profile(c->problem, c->k, value, &l, c->error);
    if (s) c->status = s;
    return s ? NAN : l - c->threshold;
}

/* Walk outwards in doubling steps until the profile is below the threshold. */
static double end_of(cut *c, double from, double step) {
    double inside = from;
    for (int j = 0; j < 12; j++, step *= 2) {
        double v = from + step, f = above(v, c), root = NAN;
        if (c->status) return NAN;
        if (f < 0) {
            num_interval range = {inside, v, 1e-6};
            return num_root(above, c, range, &root) == ROPELAW_OK ? root : NAN;
        }
        inside = v;
    }
    return step > 0 ? INFINITY : -INFINITY;
}

ropelaw_status fit_line_interval(const fit_line_problem *a, const fit_line *line, size_t k, double level,
                                 double interval[2], ropelaw_error *error) {
    double n = (double)line->n_bounded, df = n - (double)a->p;
    interval[0] = interval[1] = NAN;
    if (!(df >= 1)) return ROPELAW_OK;
    double drop = 0.5 * n * log1p(num_f_quantile(level, 1, df) / df);
    double se = sqrt(line->covariance[k * a->p + k] * n / df);
    if (!(se > 0) || !isfinite(se)) se = 1e-3 * (fabs(line->theta[k]) + 1);
    fit_line_problem near = *a;
    near.tau_hint = line->tau;
    cut c = {&near, k, line->log_likelihood - drop, ROPELAW_OK, error};
    double lo = end_of(&c, line->theta[k], -2 * se), hi = c.status ? NAN : end_of(&c, line->theta[k], 2 * se);
    if (c.status) return c.status;
    interval[0] = lo, interval[1] = hi;
    return ROPELAW_OK;
}

fit_test fit_line_test(const fit_line *full, size_t p_full, double restricted, size_t df1) {
    double n = (double)full->n_bounded, df2 = n - (double)p_full;
    fit_test t = {NAN, (double)df1, df2, NAN};
    if (!(df2 >= 1)) return t;
    double d = 2 * (full->log_likelihood - restricted);
    t.f = expm1(fmax(d, 0) / n) * df2 / t.df1;
    t.p = num_f_tail(t.f, t.df1, t.df2);
    return t;
}
