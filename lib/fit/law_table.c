/* In a cell [p0, p1] the log likelihood is a straight line of slope b, so the integrand is a normal density
   again, with mean m' = m + b tau^2 and the same tau, cut off at the ends: alpha, beta are the ends in units
   of tau from m'. Its mass is taken from the point of the cell where the integrand is largest (an end, or m'
   inside), never from the completed square, whose terms cancel when b tau is large. Cells that cannot reach
   1e-19 of the largest are skipped. */
#include "fit/law_table.h"
#include "num/log_normal.h"
#include <math.h>

static const double log_tolerance = 0.005, /* of the interpolation */
    relevant = 40,                         /* nats below the maximum: refined no further */
    negligible = 45,                       /* nats below the largest cell: not integrated */
    bounded_drop = 1.92; /* half the 95 % quantile of chi-square with one degree of freedom */
enum { MAX_TABLE = 16384, TABLE_RESERVE = 2000, MAX_MARKS = 400, DEPTH = 24 };

typedef struct {
    const fit_curve *curve;
    const fit_shape *shape;
    double scale, best_log; /* -1 / (2 sigma^2); the maximum */
    size_t n;
    double psi[MAX_TABLE], log[MAX_TABLE];
} builder;

static double log_at(const builder *b, double psi) {
    fit_curve_value v;
    fit_curve_eval(b->curve, b->shape, psi, &v);
    return b->scale * v.rss - b->best_log;
}

static void push(builder *b, double psi, double log) {
    b->psi[b->n] = psi, b->log[b->n++] = log;
}

/* Nodes strictly between two nodes, then the right one. */
static void refine(builder *b, double p0, double f0, double p1, double f1, int depth) {
    double middle = (p0 + p1) / 2, f = log_at(b, middle);
    bool straight = fabs(f - (f0 + f1) / 2) <= log_tolerance || b->n > MAX_TABLE - TABLE_RESERVE;
    if (depth > 0 && !straight && fmax(f, fmax(f0, f1)) > -relevant && middle > p0 && middle < p1) {
        refine(b, p0, f0, middle, f, depth - 1);
        refine(b, middle, f, p1, f1, depth - 1);
    } else {
        push(b, middle, f);
        push(b, p1, f1);
    }
}

/* Cells end at the marks: the ends of the range, lengths (not closer than 1/MAX_MARKS of their span), the
   maximum. A cell is no longer than 1. With MAX_MARKS cells of two nodes each left in reserve the table
   cannot overflow. */
static void build(builder *b, double best) {
    const fit_curve *c = b->curve;
    double p = fit_curve_low(c), f = log_at(b, p), least = (c->x[c->n - 1] - c->x[0]) / MAX_MARKS;
    push(b, p, f);
    for (size_t k = 0; k <= c->n; k++) {
        double goal = k < c->n ? c->x[k] : fit_curve_high(c);
        if (k > 0 && k < c->n && goal - p <= least) continue;
        while (p < goal) {
            double next = fmin(goal, p + 1);
            if (p < best && best < next) next = best;
            double g = log_at(b, next);
            refine(b, p, f, next, g, DEPTH);
            p = next, f = g;
        }
    }
}

/* Where the likelihood first exceeds the level from either side: the ends of the likelihood interval. */
static double crossing(const fit_term *t, double level, int from_left) {
    size_t n = t->n;
    for (size_t j = 0; j + 1 < n; j++) {
        size_t a = from_left ? j : n - 1 - j, b = from_left ? j + 1 : n - 2 - j;
        if (t->log[b] > level)
            return t->psi[a] + (level - t->log[a]) / (t->log[b] - t->log[a]) * (t->psi[b] - t->psi[a]);
    }
    return t->best;
}

static void describe(fit_term *t) {
    t->bounded_low = t->log[0] < -bounded_drop;
    t->bounded_high = t->log[t->n - 1] < -bounded_drop;
    t->lo = t->bounded_low ? crossing(t, -bounded_drop, 1) : -INFINITY;
    t->hi = t->bounded_high ? crossing(t, -bounded_drop, 0) : INFINITY;
}

ropelaw_status fit_term_tabulate(const fit_curve *curve, const fit_shape *shape, double sigma, fit_term *term,
                                 ropelaw_error *error) {
    builder *b = core_malloc(1, sizeof *b);
    if (!b) return core_fail_memory(error, 1, sizeof *b);
    fit_curve_value v;
    fit_term t = {.kind = FIT_TERM_TABLE};
    t.best = fit_curve_best(curve, shape, &v);
    b->curve = curve, b->shape = shape, b->n = 0;
    b->scale = -0.5 / (sigma * sigma), b->best_log = b->scale * v.rss;
    build(b, t.best);
    t.n = b->n;
    t.psi = core_malloc(2 * t.n, sizeof *t.psi);
    if (t.psi) {
        t.log = t.psi + t.n;
        for (size_t k = 0; k < t.n; k++) t.psi[k] = b->psi[k], t.log[k] = b->log[k];
        describe(&t);
        *term = t;
    }
    core_free(b);
    return t.psi ? ROPELAW_OK : core_fail_memory(error, 2 * t.n, sizeof *t.psi);
}

void fit_term_clear(fit_term *term) {
    core_free(term->psi);
    *term = (fit_term){0};
}

bool fit_term_is_bounded(const fit_term *t) {
    if (t->kind == FIT_TERM_TABLE) return t->bounded_low && t->bounded_high;
    return t->kind == FIT_TERM_POINT || t->kind == FIT_TERM_INTERVAL;
}

/* A normal density cut off to [p0, p1]: log mass, and first two moments about `mean`. */
typedef struct {
    double log, first, second;
} mass;

/* Moments of a standard normal cut off to [a, b] of log probability lz. */
static void moments(double a, double b, double lz, double *first, double *second) {
    if (b - a < 1e-4) {
        *first = (a + b) / 2;
        *second = *first * *first + (b - a) * (b - a) / 12;
        return;
    }
    double at_a = isinf(a) ? 0 : exp(num_log_density(a) - lz),
           at_b = isinf(b) ? 0 : exp(num_log_density(b) - lz);
    *first = at_a - at_b;
    *second = 1 + (isinf(a) ? 0 : a * at_a) - (isinf(b) ? 0 : b * at_b);
}

/* The normal of mean m and deviation tau times exp(f(psi)), f linear from f0 at p0 with slope b; infinite
 * ends need b = 0. */
static mass cell(double p0, double p1, double f0, double b, double m, double tau) {
    double centre = m + b * tau * tau, low = (p0 - centre) / tau, high = (p1 - centre) / tau, lz, first,
           second;
    mass r;
    if (low <= 0 && high >= 0) {
        double z = b * tau;
        lz = num_log_between(low, high);
        r.log = lz - z * z / 2 + (b == 0 ? f0 : f0 + b * (centre - p0));
    } else { /* mirrored so that the largest end is `a`, at distance a > 0 from the centre */
        double end = low > 0 ? p0 : p1, a = low > 0 ? low : -high, far = low > 0 ? high : -low;
        double z = (end - m) / tau, mills = num_log_mills(-a);
        double w = far - a, fraction = 0;
        if (w * (1 + a) < 1e-6) /* density at the middle times the width */
            fraction = log(w) - w / 2 * (a + w / 4) - mills;
        else if (!isinf(far))
            fraction = log(-expm1(num_log_mills(-far) - mills - w * (far + a) / 2));
        lz = num_log_density(a) + mills + fraction;
        r.log = f0 + (b == 0 ? 0 : b * (end - p0)) + num_log_density(z) + mills + fraction;
    }
    moments(low, high, lz, &first, &second);
    double shift = centre - m;
    r.first = shift + tau * first;
    r.second = shift * shift + 2 * shift * tau * first + tau * tau * second;
    return r;
}

/* No cell's integral exceeds this, in nats. */
static double ceiling(double p0, double p1, double f0, double f1, double m, double tau) {
    double d = m < p0 ? p0 - m : (m > p1 ? m - p1 : 0);
    return fmax(f0, f1) - d * d / (2 * tau * tau);
}

typedef struct {
    double log, weight, first, second;
} total;

static void add(total *t, mass c) {
    if (c.log > t->log) {
        double shrink = exp(t->log - c.log);
        t->weight *= shrink, t->first *= shrink, t->second *= shrink;
        t->log = c.log;
    }
    double w = exp(c.log - t->log);
    t->weight += w, t->first += w * c.first, t->second += w * c.second;
}

static double table_log(const fit_term *t, double m, double tau, double *first, double *second) {
    size_t n = t->n;
    double high = fmax(ceiling(-INFINITY, t->psi[0], t->log[0], t->log[0], m, tau),
                       ceiling(t->psi[n - 1], INFINITY, t->log[n - 1], t->log[n - 1], m, tau));
    for (size_t k = 0; k + 1 < n; k++)
        high = fmax(high, ceiling(t->psi[k], t->psi[k + 1], t->log[k], t->log[k + 1], m, tau));
    total sum = {-INFINITY, 0, 0, 0};
    for (size_t k = 0; k <= n; k++) {
        double p0 = k ? t->psi[k - 1] : -INFINITY, p1 = k < n ? t->psi[k] : INFINITY;
        double f0 = t->log[k ? k - 1 : 0], f1 = t->log[k < n ? k : n - 1];
        if (ceiling(p0, p1, f0, f1, m, tau) < high - negligible) continue;
        mass c = cell(p0, p1, f0, k && k < n ? (f1 - f0) / (p1 - p0) : 0, m, tau);
        if (c.log > -INFINITY) add(&sum, c);
    }
    *first = sum.first / sum.weight;
    *second = sum.second / sum.weight;
    return sum.log + log(sum.weight);
}

/* Limits and values: s^2 = tau^2 + se^2, ends cut a normal of deviation s; by s and then by ln tau. */
static double bound_log(const fit_term *t, double m, double tau, double *by_mean, double *by_log_tau) {
    double s = sqrt(tau * tau + t->se * t->se), share = tau * tau / (s * s);
    if (t->kind == FIT_TERM_POINT) {
        double z = (t->lo - m) / s;
        *by_mean = z / s;
        *by_log_tau = (z * z - 1) * share;
        return num_log_density(z) - log(s);
    }
    double a = t->kind == FIT_TERM_LEFT ? -INFINITY : (t->lo - m) / s;
    double b = t->kind == FIT_TERM_RIGHT ? INFINITY : (t->hi - m) / s, lz = num_log_between(a, b), first,
           second;
    moments(a, b, lz, &first, &second);
    *by_mean = first / s;
    *by_log_tau = (second - 1) * share;
    return lz;
}

double fit_term_log(const fit_term *t, double mean, double tau, double *by_mean, double *by_log_tau) {
    if (t->kind != FIT_TERM_TABLE) return bound_log(t, mean, tau, by_mean, by_log_tau);
    double first, second, log = table_log(t, mean, tau, &first, &second);
    *by_mean = first / (tau * tau);
    *by_log_tau = second / (tau * tau) - 1;
    return log;
}
