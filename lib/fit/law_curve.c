/* alpha is linear and is eliminated exactly: the weighted mean residual of the active points. Active are the
   measured points and those limits that the curve violates. The sum of squares is convex and piecewise
   quadratic in alpha, so the iteration over active sets is Newton's method on it and ends after at most one
   step per limit.

   Over psi the sum of squares has a local minimum in each gap between lengths at worst (for a hinge it is
   quadratic in each gap), so four nodes in every gap and a local search around the two best find the global
   one. */
#include "fit/law_curve.h"
#include "num/root.h"
#include <math.h>

static const double pad_low = 2.5, pad_high = 6; /* statistics.md 2.2 */
enum { NODES_PER_GAP = 4, MAX_NODES = 240, ACTIVE_ROUNDS = 50 };

double fit_curve_low(const fit_curve *c) {
    return c->x[0] - pad_low;
}

double fit_curve_high(const fit_curve *c) {
    return c->x[c->n - 1] + pad_high;
}

/* width * softplus(t / width) and its derivatives by t and by width */
static inline double bend(double t, double width, double *by_t, double *by_width) {
    double u = t / width;
    if (u > 36 || u < -36) { /* exp(-36) is a rounding of 1 */
        *by_t = u > 0;
        *by_width = 0;
        return u > 0 ? t : 0;
    }
    double e = exp(-fabs(u)), l = log1p(e), soft = u > 0 ? u + l : l;
    *by_t = u > 0 ? 1 / (1 + e) : e / (1 + e);
    *by_width = soft - u * *by_t;
    return width * soft;
}

static inline bool is_active(const fit_curve *c, size_t k, double residual, double alpha) {
    return c->censored[k] == 0 || (c->censored[k] > 0 ? residual > alpha : residual < alpha);
}

static double residual(const fit_curve *c, const fit_shape *s, double psi, size_t k) {
    double t, w;
    return c->y[k] - s->pre * (c->x[k] - c->mean_x) - s->rise * bend(c->x[k] - psi, s->width, &t, &w);
}

static double best_alpha(const fit_curve *c, const fit_shape *s, double psi) {
    double alpha = 0;
    for (int round = 0; round < ACTIVE_ROUNDS; round++) {
        double sum = 0, weight = 0;
        for (size_t k = 0; k < c->n; k++) {
            double r = residual(c, s, psi, k);
            if (round == 0 ? c->censored[k] != 0 : !is_active(c, k, r, alpha)) continue;
            sum += c->weight[k] * r;
            weight += c->weight[k];
        }
        double next = sum / weight;
        if ((round > 0 && next == alpha) || c->n_measured == c->n) return next;
        alpha = next;
    }
    return alpha;
}

void fit_curve_eval(const fit_curve *c, const fit_shape *s, double psi, fit_curve_value *v) {
    fit_curve_value z = {0};
    z.alpha = best_alpha(c, s, psi);
    for (size_t k = 0; k < c->n; k++) {
        double by_t, by_width, h = bend(c->x[k] - psi, s->width, &by_t, &by_width);
        double r = c->y[k] - s->pre * (c->x[k] - c->mean_x) - s->rise * h;
        if (!is_active(c, k, r, z.alpha)) continue;
        double e = r - z.alpha, g = -2 * c->weight[k] * e;
        z.rss += c->weight[k] * e * e;
        z.d_pre += g * (c->x[k] - c->mean_x);
        z.d_rise += g * h;
        z.d_width += g * s->rise * by_width;
        z.d_psi -= g * s->rise * by_t;
    }
    *v = z;
}

typedef struct {
    const fit_curve *curve;
    const fit_shape *shape;
} search;

/* The rss alone; without limits in one pass, with residuals taken from the first one so that little cancels.
 */
static double rss_at(double psi, void *context) {
    const search *s = context;
    const fit_curve *c = s->curve;
    if (c->n_measured < c->n) {
        fit_curve_value v;
        fit_curve_eval(c, s->shape, psi, &v);
        return v.rss;
    }
    double first = residual(c, s->shape, psi, 0), weight = c->weight[0], sum = 0, squares = 0;
    for (size_t k = 1; k < c->n; k++) {
        double r = residual(c, s->shape, psi, k) - first, w = c->weight[k];
        weight += w;
        sum += w * r;
        squares += w * r * r;
    }
    return squares - sum * (sum / weight);
}

/* Nodes: the flat ends, some beyond either end, and NODES_PER_GAP in every gap (wider gaps where lengths
 * abound). */
static size_t place_nodes(const fit_curve *c, double *node) {
    size_t n = 0, last = 0;
    double end = c->x[c->n - 1], least = (end - c->x[0]) * NODES_PER_GAP / MAX_NODES;
    node[n++] = fit_curve_low(c);
    for (int k = 4; k > 0; k--) node[n++] = c->x[0] - 0.25 * k;
    for (size_t k = 1; k < c->n; k++) {
        double gap = c->x[k] - c->x[last];
        if (gap <= least) continue;
        for (int j = 0; j < NODES_PER_GAP; j++) node[n++] = c->x[last] + gap * j / NODES_PER_GAP;
        last = k;
    }
    for (int k = 0; k <= 8; k++) node[n++] = end + 0.25 * k;
    node[n++] = fit_curve_high(c);
    return n;
}

double fit_curve_best(const fit_curve *c, const fit_shape *s, fit_curve_value *value) {
    double node[MAX_NODES + 40], rss[MAX_NODES + 40], best_psi = 0, best = INFINITY;
    size_t n = place_nodes(c, node), tried[2] = {0, 0};
    search context = {c, s};
    for (size_t k = 0; k < n; k++) rss[k] = rss_at(node[k], &context);
    for (int round = 0; round < 2; round++) {
        size_t low = n;
        for (size_t k = 0; k < n;
             k++) { /* the lowest local minimum among the nodes that was not refined yet */
            bool is_low = (k == 0 || rss[k] <= rss[k - 1]) && (k + 1 == n || rss[k] <= rss[k + 1]);
            if (is_low && !(round == 1 && k == tried[0]) && (low == n || rss[k] < rss[low])) low = k;
        }
        if (low == n) break;
        tried[round] = low;
        double psi = node[low], v = rss[low], found;
        num_interval range = {node[low > 0 ? low - 1 : 0], node[low + 1 < n ? low + 1 : low], 1e-9};
        double w = num_minimum(rss_at, &context, range, &found);
        if (w < v) psi = found, v = w;
        if (v < best) best = v, best_psi = psi;
    }
    fit_curve_eval(c, s, best_psi, value);
    return best_psi;
}
