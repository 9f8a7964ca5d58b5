/* Brent, Algorithms for Minimization without Derivatives (1973), chapters 4 and 5. */
#include "num/root.h"
#include <float.h>
#include <math.h>

enum { MOST_STEPS = 200 };

typedef struct {
    double x, f;
} node;

/* State of the root search: b is the best point, c the other end of the bracket, a the previous b; `step` is
   the last step and `before` the one before it. */
typedef struct {
    node a, b, c;
    double step, before;
} bracket;

static double interpolate(const bracket *k, double half, double *q) {
    double s = k->b.f / k->a.f, p;
    if (k->a.x == k->c.x) {
        p = 2 * half * s;
        *q = 1 - s;
    } else {
        double r = k->b.f / k->c.f, t = k->a.f / k->c.f;
        p = s * (2 * half * t * (t - r) - (k->b.x - k->a.x) * (r - 1));
        *q = (t - 1) * (r - 1) * (s - 1);
    }
    if (p > 0) *q = -*q;
    return fabs(p);
}

/* By inverse quadratic interpolation or the secant if that stays well inside the bracket and shrinks faster
   than halving did, by bisection otherwise. */
static void choose_step(bracket *k, double half, double tolerance) {
    double q = 0, p = INFINITY, before = k->before;
    if (fabs(before) >= tolerance && fabs(k->a.f) > fabs(k->b.f)) p = interpolate(k, half, &q);
    if (2 * p < fmin(3 * half * q - fabs(tolerance * q), fabs(before * q))) {
        k->before = k->step;
        k->step = p / q;
    } else {
        k->before = k->step = half;
    }
}

/* Make b the better end, with the sign change between b and c. */
static void order(bracket *k) {
    if ((k->b.f > 0) == (k->c.f > 0)) {
        k->c = k->a;
        k->before = k->step = k->b.x - k->a.x;
    }
    if (fabs(k->c.f) < fabs(k->b.f)) {
        k->a = k->b;
        k->b = k->c;
        k->c = k->a;
    }
}

ropelaw_status num_root(num_function f, void *context, num_interval interval, double *root) {
    node lo = {interval.lo, f(interval.lo, context)}, hi = {interval.hi, f(interval.hi, context)};
    if (isnan(lo.f) || isnan(hi.f) || (lo.f > 0 && hi.f > 0) || (lo.f < 0 && hi.f < 0)) return ROPELAW_DOMAIN;
    bracket k = {.a = lo, .b = hi, .c = lo, .step = hi.x - lo.x, .before = hi.x - lo.x};
    for (int i = 0; i < MOST_STEPS; i++) {
        if (k.b.f != 0) order(&k);
        double half = 0.5 * (k.c.x - k.b.x);
        double tolerance = 2 * DBL_EPSILON * fabs(k.b.x) + 0.5 * interval.tolerance * fmax(fabs(k.b.x), 1);
        if (fabs(half) <= tolerance || k.b.f == 0) {
            *root = k.b.x;
            return ROPELAW_OK;
        }
        choose_step(&k, half, tolerance);
        k.a = k.b;
        k.b.x += fabs(k.step) > tolerance ? k.step : copysign(tolerance, half);
        k.b.f = f(k.b.x, context);
        if (isnan(k.b.f)) return ROPELAW_DOMAIN;
    }
    return ROPELAW_NOCONV;
}

/* x is the best point so far, w the second, v the third. */
typedef struct {
    node x, w, v;
    double lo, hi, step, before;
} section;

static double parabola_step(section *s, double tolerance) {
    double r = (s->x.x - s->w.x) * (s->x.f - s->v.f), q = (s->x.x - s->v.x) * (s->x.f - s->w.f);
    double p = (s->x.x - s->v.x) * q - (s->x.x - s->w.x) * r;
    q = 2 * (q - r);
    if (q > 0) p = -p;
    q = fabs(q);
    double before = s->before;
    if (fabs(before) <= tolerance || fabs(p) >= fabs(0.5 * q * before) || p <= q * (s->lo - s->x.x) ||
        p >= q * (s->hi - s->x.x))
        return NAN;
    double u = s->x.x + p / q;
    if (u - s->lo < 2 * tolerance || s->hi - u < 2 * tolerance)
        return s->x.x < 0.5 * (s->lo + s->hi) ? tolerance : -tolerance;
    return p / q;
}

static void take(section *s, node u) {
    if (u.f <= s->x.f) {
        *(u.x < s->x.x ? &s->hi : &s->lo) = s->x.x;
        s->v = s->w;
        s->w = s->x;
        s->x = u;
        return;
    }
    *(u.x < s->x.x ? &s->lo : &s->hi) = u.x;
    if (u.f <= s->w.f || s->w.x == s->x.x) {
        s->v = s->w;
        s->w = u;
    } else if (u.f <= s->v.f || s->v.x == s->x.x || s->v.x == s->w.x) {
        s->v = u;
    }
}

double num_minimum(num_function f, void *context, num_interval interval, double *x) {
    const double golden = 0.3819660112501051; /* 2 - (1 + sqrt 5)/2 */
    double start = interval.lo + golden * (interval.hi - interval.lo);
    node first = {start, f(start, context)};
    section s = {.x = first, .w = first, .v = first, .lo = interval.lo, .hi = interval.hi};
    for (int i = 0; i < MOST_STEPS; i++) {
        double middle = 0.5 * (s.lo + s.hi);
        double tolerance = 1e-9 * fabs(s.x.x) + interval.tolerance * fmax(fabs(s.x.x), 1) / 3 + DBL_MIN;
        if (fabs(s.x.x - middle) <= 2 * tolerance - 0.5 * (s.hi - s.lo)) break;
        double step = parabola_step(&s, tolerance);
        if (isnan(step)) {
            s.before = s.x.x < middle ? s.hi - s.x.x : s.lo - s.x.x;
            step = golden * s.before;
        } else {
            s.before = s.step;
        }
        s.step = step;
        double at = s.x.x + (fabs(step) >= tolerance ? step : copysign(tolerance, step));
        take(&s, (node){at, f(at, context)});
    }
    *x = s.x.x;
    return s.x.f;
}
