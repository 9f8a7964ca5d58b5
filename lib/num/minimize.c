/* BFGS on the inverse Hessian with the weak Wolfe line search of Lewis and Overton (2013): bisection on a
   bracket, no interpolation, which also descends where the function is only piecewise smooth (a minimum over
   branches has kinks). The first step is scaled to length one at most, the first update scales the unit
   matrix by y's/y'y. Updates without positive curvature are skipped, so the matrix stays positive definite.
 */
#include "num/minimize.h"
#include <math.h>
#include <string.h>

const num_minimize_options num_minimize_default = {1e-7, 1e-14, 200};

enum { MAX_TRIALS = 60 };
static const double armijo = 1e-4, curvature = 0.9;

typedef struct {
    num_objective f;
    void *context;
    size_t n;
    double *h;                                 /* inverse Hessian [n][n] */
    double *x, *g, *direction, *trial, *g_new; /* [n] */
    double *step, *change, *hy;
    double value;
    int evaluations;
} descent;

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static double largest(const double *a, size_t n) {
    double m = 0;
    for (size_t i = 0; i < n; i++)
        if (!(fabs(a[i]) <= m)) m = fabs(a[i]);
    return m;
}

static void reset(descent *d) {
    memset(d->h, 0, d->n * d->n * sizeof *d->h);
    double scale = largest(d->g, d->n);
    for (size_t i = 0; i < d->n; i++) d->h[i * d->n + i] = scale > 1 ? 1 / scale : 1;
}

/* A point along the direction that satisfies both conditions; the value there, or NAN if there is none. */
static double search(descent *d, double slope) {
    double low = 0, high = INFINITY, t = 1, best = NAN;
    for (int k = 0; k < MAX_TRIALS; k++) {
        for (size_t i = 0; i < d->n; i++) d->trial[i] = d->x[i] + t * d->direction[i];
        double v = d->f(d->context, d->trial, d->g_new);
        d->evaluations++;
        if (!(v <= d->value + armijo * t * slope) || !isfinite(largest(d->g_new, d->n))) {
            high = t;
            best = NAN;
        } else {
            best = v;
            if (dot(d->g_new, d->direction, d->n) >= curvature * slope) return best;
            low = t;
        }
        if (high - low <= 1e-15 * high) break;
        t = isfinite(high) ? (low + high) / 2 : 2 * t;
    }
    return best; /* the last trial lowered the value without meeting the curvature condition, or NAN */
}

static void update(descent *d, bool first) {
    size_t n = d->n;
    double sy = dot(d->step, d->change, n), yy = dot(d->change, d->change, n);
    if (!(sy > 1e-12 * sqrt(dot(d->step, d->step, n) * yy))) return;
    if (first)
        for (size_t i = 0; i < n; i++) d->h[i * n + i] = sy / yy;
    for (size_t i = 0; i < n; i++) d->hy[i] = dot(d->h + i * n, d->change, n);
    double factor = (1 + dot(d->change, d->hy, n) / sy) / sy;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            d->h[i * n + j] +=
                factor * d->step[i] * d->step[j] - (d->hy[i] * d->step[j] + d->step[i] * d->hy[j]) / sy;
}

static double aim(descent *d) {
    for (size_t i = 0; i < d->n; i++) d->direction[i] = -dot(d->h + i * d->n, d->g, d->n);
    return dot(d->direction, d->g, d->n);
}

static num_end descend(descent *d, const num_minimize_options *o, int *iterations) {
    int idle = 0;
    bool fresh = true;
    reset(d);
    for (*iterations = 0; *iterations < o->max_iterations; ++*iterations) {
        if (largest(d->g, d->n) <= o->gradient_tolerance) return NUM_END_GRADIENT;
        double slope = aim(d), v = slope < 0 ? search(d, slope) : NAN;
        if (!(v < d->value)) { /* once more along the gradient before giving up */
            if (fresh) return NUM_END_STALLED;
            reset(d);
            fresh = true;
            continue;
        }
        for (size_t i = 0; i < d->n; i++) {
            d->step[i] = d->trial[i] - d->x[i];
            d->change[i] = d->g_new[i] - d->g[i];
        }
        idle = d->value - v <= o->value_tolerance * (1 + fabs(v)) ? idle + 1 : 0;
        memcpy(d->x, d->trial, d->n * sizeof *d->x);
        memcpy(d->g, d->g_new, d->n * sizeof *d->g);
        d->value = v;
        update(d, fresh);
        fresh = false;
        if (idle == 2) return NUM_END_STALLED;
    }
    return NUM_END_MAXITER;
}

ropelaw_status num_minimize(num_objective f, void *context, size_t n, double *x,
                            const num_minimize_options *options, num_minimize_report *report,
                            ropelaw_error *error) {
    if (n == 0 || n > 10000) return core_fail_number(error, ROPELAW_SHAPE, "n", (double)n, "1 .. 10000");
    double *memory = core_malloc(n * (n + 8), sizeof *memory);
    if (!memory) return core_fail_memory(error, n * (n + 8), sizeof *memory);
    double *v = memory + n * n;
    descent d = {f,         context,   n,         memory,    v,         v + n, v + 2 * n,
                 v + 3 * n, v + 4 * n, v + 5 * n, v + 6 * n, v + 7 * n, 0,     1};
    memcpy(d.x, x, n * sizeof *x);
    d.value = f(context, d.x, d.g);
    if (!isfinite(d.value) || !isfinite(largest(d.g, n))) {
        core_free(memory);
        return core_fail_number(error, ROPELAW_INVALID, "x", d.value,
                                "a start with a finite value and gradient");
    }
    num_minimize_report r = {0};
    r.end = descend(&d, options ? options : &num_minimize_default, &r.iterations);
    r.value = d.value;
    r.gradient = largest(d.g, n);
    r.evaluations = d.evaluations;
    memcpy(x, d.x, n * sizeof *x);
    if (report) *report = r;
    core_free(memory);
    return ROPELAW_OK;
}
