/* In a cell the log likelihood is a parabola of curvature h <= 0, so the integrand is a normal density again, cut off at the
   cell's ends: precision 1/tau^2 - h, and a centre that may lie inside the cell or far outside. Its mass is taken from
   the point of the cell where the integrand is largest (an end, or the centre), never from the completed square,
   whose terms cancel when the likelihood is steep. Cells that cannot reach 1e-16 of the largest are skipped.

   Between neighbouring lengths the rss of a hinge is a parabola in psi exactly, so few cells are needed. A cell whose
   likelihood is convex, or too small to matter, is two straight pieces instead: a parabola through three points
   would overshoot there. */
#include "fit/law_table.h"
#include "num/log_normal.h"
#include <math.h>
#include <string.h>

static const double log_tolerance = 0.003, /* of the interpolation */
    relevant = 40,                         /* nats below the maximum: refined no further */
    negligible = 37,                       /* nats below the largest cell: not integrated */
    bounded_drop = 1.92; /* half the 95 % quantile of chi-square with one degree of freedom */
enum { MAX_CELLS = 16384, CELL_RESERVE = 2000, MAX_MARKS = 400, DEPTH = 24 };

typedef struct {
    const fit_curve *curve;
    const fit_shape *shape;
    double scale, best_log; /* -1 / (2 sigma^2); the maximum */
    size_t n;
    fit_cell cells[MAX_CELLS];
} builder;

static double log_at(const builder *b, double psi) {
    fit_curve_value v;
    fit_curve_eval(b->curve, b->shape, psi, &v);
    return b->scale * v.rss - b->best_log;
}

static void push_line(builder *b, double p0, double f0, double p1, double f1) {
    b->cells[b->n++] = (fit_cell){p0, p1, (f0 + f1) / 2, (f1 - f0) / (p1 - p0), 0, fmax(f0, f1)};
}

static void push_parabola(builder *b, double p0, double f0, double f, double p1, double f1) {
    double half = (p1 - p0) / 2, g = (f1 - f0) / (2 * half), h = (f0 - 2 * f + f1) / (half * half);
    bool inside = fabs(g) < -h * half;
    b->cells[b->n++] = (fit_cell){p0, p1, f, g, h, inside ? f - g * g / (2 * h) : fmax(f0, f1)};
}

/* Cells from p0 to p1; f is the value at their middle. */
static void refine(builder *b, const double p[2], double f0, double f, double f1, int depth) {
    double middle = (p[0] + p[1]) / 2, left[2] = {p[0], middle}, right[2] = {middle, p[1]};
    bool matters = fmax(f, fmax(f0, f1)) > -relevant, splits = middle > p[0] && middle < p[1];
    if (!matters || depth == 0 || !splits || b->n > MAX_CELLS - CELL_RESERVE) {
        push_line(b, p[0], f0, middle, f);
        push_line(b, middle, f, p[1], f1);
        return;
    }
    double q0 = log_at(b, (p[0] + middle) / 2), q1 = log_at(b, (middle + p[1]) / 2);
    double bend = f0 - 2 * f + f1;
    double error = fmax(fabs(q0 - (3 * f0 + 6 * f - f1) / 8), fabs(q1 - (3 * f1 + 6 * f - f0) / 8));
    if (bend <= 0 && error <= log_tolerance) {
        push_parabola(b, p[0], f0, f, p[1], f1);
    } else if (bend > 0 && bend <= 8 * log_tolerance && error <= log_tolerance) {
        push_line(b, p[0], f0, middle, f);
        push_line(b, middle, f, p[1], f1);
    } else {
        refine(b, left, f0, q0, f, depth - 1);
        refine(b, right, f, q1, f1, depth - 1);
    }
}

/* Cells end at the marks: the ends of the range, lengths (not closer than 1/MAX_MARKS of their span), the maximum. A
   cell is no longer than 1. The reserve holds two straight pieces for every mark, so the table cannot overflow. */
static void build(builder *b, double best) {
    const fit_curve *c = b->curve;
    double p = fit_curve_low(c), f = log_at(b, p), least = (c->x[c->n - 1] - c->x[0]) / MAX_MARKS;
    b->cells[b->n++] = (fit_cell){-INFINITY, p, f, 0, 0, f};
    for (size_t k = 0; k <= c->n; k++) {
        double goal = k < c->n ? c->x[k] : fit_curve_high(c);
        if (k > 0 && k < c->n && goal - p <= least) continue;
        while (p < goal) {
            double next = fmin(goal, p + 1);
            if (p < best && best < next) next = best;
            double g = log_at(b, next), range[2] = {p, next};
            refine(b, range, f, log_at(b, (p + next) / 2), g, DEPTH);
            p = next, f = g;
        }
    }
    b->cells[b->n++] = (fit_cell){p, INFINITY, f, 0, 0, f};
}

static double cell_log(const fit_cell *c, double psi) {
    double t = c->g == 0 && c->h == 0 ? 0 : psi - (c->p0 + c->p1) / 2;
    return c->f + t * (c->g + c->h * t / 2);
}

/* Where the likelihood first exceeds the level, coming from one side: an end of the likelihood interval. */
static double crossing(const fit_term *t, double level, bool from_left) {
    enum { STEPS = 8 };
    double before = from_left ? t->cells[0].p1 : t->cells[t->n - 1].p0;
    for (size_t j = 1; j + 1 < t->n; j++) {
        const fit_cell *c = &t->cells[from_left ? j : t->n - 1 - j];
        for (int k = 1; k <= STEPS; k++) {
            double share = (double)k / STEPS, psi = c->p0 + (c->p1 - c->p0) * (from_left ? share : 1 - share);
            if (cell_log(c, psi) <= level) {
                before = psi;
                continue;
            }
            for (int i = 0; i < 50; i++) {
                double middle = (before + psi) / 2;
                if (cell_log(c, middle) > level)
                    psi = middle;
                else
                    before = middle;
            }
            return psi;
        }
    }
    return t->best;
}

static void describe(fit_term *t) {
    t->bounded_low = t->cells[0].f < -bounded_drop;
    t->bounded_high = t->cells[t->n - 1].f < -bounded_drop;
    t->lo = t->bounded_low ? crossing(t, -bounded_drop, true) : -INFINITY;
    t->hi = t->bounded_high ? crossing(t, -bounded_drop, false) : INFINITY;
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
    t.cells = core_malloc(t.n, sizeof *t.cells);
    if (t.cells) {
        memcpy(t.cells, b->cells, t.n * sizeof *t.cells);
        describe(&t);
        *term = t;
    }
    core_free(b);
    return t.cells ? ROPELAW_OK : core_fail_memory(error, t.n, sizeof *t.cells);
}

void fit_term_clear(fit_term *term) {
    core_free(term->cells);
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

/* From the nearer end, at `a` > 0 standard deviations from the centre, to the farther one: mass relative to the density at
   the nearer end. */
static double tail_log(double a, double far, double mills) {
    double w = far - a;
    if (w * (1 + a) < 1e-6) return log(w) - w / 2 * (a + w / 4); /* density at the middle times the width */
    if (isinf(far)) return mills;
    return mills + log(-expm1(num_log_mills(-far) - mills - w * (far + a) / 2));
}

/* The normal density of mean m and deviation tau times the cell's likelihood. */
static mass cell_mass(const fit_cell *c, double m, double tau) {
    bool flat = c->g == 0 && c->h == 0;
    double precision = 1 / (tau * tau) - c->h, sd = flat ? tau : 1 / sqrt(precision);
    double middle = flat ? 0 : (c->p0 + c->p1) / 2;
    double centre = flat ? m : middle + ((m - middle) / (tau * tau) + c->g) / precision;
    double low = (c->p0 - centre) / sd, high = (c->p1 - centre) / sd, lz, first, second;
    mass r;
    if (low <= 0 && high >= 0) {
        double z = (centre - m) / tau;
        lz = num_log_between(low, high);
        r.log = cell_log(c, centre) - z * z / 2 + log(sd / tau) + lz;
    } else {
        double end = low > 0 ? c->p0 : c->p1, a = low > 0 ? low : -high, far = low > 0 ? high : -low;
        double z = (end - m) / tau, tail = tail_log(a, far, num_log_mills(-a));
        lz = num_log_density(a) + tail;
        r.log = cell_log(c, end) + num_log_density(z) + log(sd / tau) + tail;
    }
    moments(low, high, lz, &first, &second);
    double shift = centre - m;
    r.first = shift + sd * first;
    r.second = shift * shift + 2 * shift * sd * first + sd * sd * second;
    return r;
}

/* No cell's integral exceeds this, in nats. */
static double ceiling(const fit_cell *c, double m, double tau) {
    double d = m < c->p0 ? c->p0 - m : (m > c->p1 ? m - c->p1 : 0);
    return c->top - d * d / (2 * tau * tau);
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
    double high = -INFINITY;
    for (size_t k = 0; k < t->n; k++) {
        double c = ceiling(&t->cells[k], m, tau);
        if (c > high) high = c;
    }
    total sum = {-INFINITY, 0, 0, 0};
    for (size_t k = 0; k < t->n; k++) {
        if (ceiling(&t->cells[k], m, tau) < high - negligible) continue;
        mass c = cell_mass(&t->cells[k], m, tau);
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
