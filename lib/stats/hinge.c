/* Hudson (1966): the optimum is either two free lines that cross inside a gap between neighbouring data
   points, or a hinge whose break is a data point. Enumerating both over all gaps gives the global minimum; an
   iterative search gets stuck where the optimum is at a data point.

   Both ends grow one line each by recursive least squares around the running mean of x. Every term added to
   the sums of squares is positive, so nothing cancels; and all coefficients of the recursion depend on x
   alone, so they are made once for bootstraps and simulations. A hinge with its break at the knot u is the
   pair of free lines under the one linear constraint D(u) = right(u) - left(u) = 0, which costs D(u)^2 / Var
   D(u). Ties in x are replaced by their weighted mean; the scatter within them is a constant. */
#include "stats/family.h"
#include "stats/hinge.h"
#include "stats/hinge_gls.h"
#include <math.h>
#include <string.h>

/* One step of the recursion: a line with value c at the mean and slope b meets the next point. */
typedef struct {
    double distance;   /* of the point from the mean so far */
    double shift;      /* of the mean by this point */
    double gain;       /* weight of the squared prediction error */
    double gain_value; /* correction of c and b per unit of prediction error */
    double gain_slope;
} step;

/* A line after its last point. */
typedef struct {
    double mean, inverse_weight, inverse_sxx; /* of the points it has seen */
} spread;

struct stats_hinge_plan {
    size_t n, m;
    bool plateau;
    double origin;        /* subtracted from x */
    double *x, *weight;   /* [n] as given, x as given */
    double *u, *w;        /* [m] distinct x minus origin, and their weights */
    size_t *group;        /* [n] */
    step *left, *right;   /* [m] */
    spread *to, *from;    /* [m] lines through 0..k and k..m-1 */
    stats_hinge_gls *gls; /* set under a covariance: then u alone of the members below counts */
    double *inverse_knot; /* [m] 1 / Var D(u_k) for the split after k; index m-1: knot m-2 for the split after
                             m-3 */
};

void stats_hinge_destroy(stats_hinge_plan *plan) {
    if (!plan) return;
    core_free(plan->x);
    core_free(plan->weight);
    core_free(plan->u);
    core_free(plan->w);
    core_free(plan->group);
    core_free(plan->left);
    core_free(plan->right);
    core_free(plan->to);
    core_free(plan->from);
    core_free(plan->inverse_knot);
    stats_hinge_gls_destroy(plan->gls);
    core_free(plan);
}

static bool allocate(stats_hinge_plan *plan, size_t n) {
    plan->x = core_malloc(n, sizeof(double));
    plan->weight = core_malloc(n, sizeof(double));
    plan->u = core_malloc(n, sizeof(double));
    plan->w = core_malloc(n, sizeof(double));
    plan->group = core_malloc(n, sizeof(size_t));
    plan->left = core_malloc(n, sizeof(step));
    plan->right = core_malloc(n, sizeof(step));
    plan->to = core_malloc(n, sizeof(spread));
    plan->from = core_malloc(n, sizeof(spread));
    plan->inverse_knot = core_calloc(n, sizeof(double));
    return plan->x && plan->weight && plan->u && plan->w && plan->group && plan->left && plan->right &&
           plan->to && plan->from && plan->inverse_knot;
}

static void group_ties(stats_hinge_plan *plan) {
    double sum = 0;
    for (size_t i = 0; i < plan->n; i++) sum += plan->x[i] / (double)plan->n;
    plan->origin = sum;
    size_t m = 0;
    for (size_t i = 0; i < plan->n; i++) {
        if (!i || plan->x[i] != plan->x[i - 1]) {
            plan->u[m] = plan->x[i] - plan->origin;
            plan->w[m++] = 0;
        }
        plan->group[i] = m - 1;
        plan->w[m - 1] += plan->weight[i];
    }
    plan->m = m;
}

/* The recursion over the distinct points in one direction. */
static void grow(const stats_hinge_plan *plan, bool forward, bool flat, step *steps, spread *spreads) {
    double weight = 0, mean = 0, sxx = 0;
    for (size_t k = 0; k < plan->m; k++) {
        size_t i = forward ? k : plan->m - 1 - k;
        double w = plan->w[i], d = k ? plan->u[i] - mean : 0, total = weight + w,
               shift = k ? d * w / total : plan->u[i];
        step *s = &steps[i];
        memset(s, 0, sizeof *s);
        if (k && flat) {
            s->gain = w * weight / total;
            s->gain_value = w / total;
        } else if (k == 1) {
            *s = (step){.distance = d, .shift = shift, .gain_slope = 1 / d};
        } else if (k) {
            double h = 1 / weight + d * d / sxx, gain = w / (1 + w * h);
            *s = (step){d, shift, gain, gain / weight, gain * d / sxx};
        }
        sxx += k ? d * d * w * weight / total : 0;
        mean += shift;
        weight = total;
        spreads[i] = (spread){flat ? 0 : mean, 1 / weight, flat || sxx == 0 ? 0 : 1 / sxx};
    }
}

static double variance_of_gap(const stats_hinge_plan *plan, size_t k, double u) {
    const spread *l = &plan->to[k], *r = &plan->from[k + 1];
    double dl = u - l->mean, dr = u - r->mean;
    return l->inverse_weight + dl * dl * l->inverse_sxx + r->inverse_weight + dr * dr * r->inverse_sxx;
}

static ropelaw_status prepare(stats_hinge_plan *plan, const stats_data *data, ropelaw_error *error) {
    size_t m = plan->m;
    if (m < 4)
        return core_fail(error, ROPELAW_SHAPE, "eval_len_tok", "", ">= 4 different lengths",
                         "a hinge needs 4 different lengths, here are %zu", m);
    if (data->lower) {
        for (size_t i = 0; i < m; i++) plan->u[i] += plan->origin;
        for (size_t i = 0; i < plan->n; i++) plan->u[plan->group[i]] = plan->x[i];
        plan->origin = 0;
        return stats_hinge_gls_create(data, m, plan->u, plan->plateau, &plan->gls, error);
    }
    grow(plan, true, plan->plateau, plan->left, plan->to);
    grow(plan, false, false, plan->right, plan->from);
    for (size_t i = 1; i + 2 < m; i++) plan->inverse_knot[i] = 1 / variance_of_gap(plan, i, plan->u[i]);
    plan->inverse_knot[m - 1] = 1 / variance_of_gap(plan, m - 3, plan->u[m - 2]);
    return ROPELAW_OK;
}

ropelaw_status stats_hinge_create(const stats_data *data, bool plateau, stats_hinge_plan **plan,
                                  ropelaw_error *error) {
    stats_hinge_plan *k = core_calloc(1, sizeof *k);
    size_t n = data->n;
    if (!k || !allocate(k, n)) {
        stats_hinge_destroy(k);
        return core_fail_memory(error, n, 24 * sizeof(double));
    }
    k->n = n;
    k->plateau = plateau;
    if (n) memcpy(k->x, data->x, n * sizeof *k->x);
    for (size_t i = 0; i < n; i++) k->weight[i] = data->weight ? data->weight[i] : 1;
    group_ties(k);
    ropelaw_status status = prepare(k, data, error);
    if (status)
        stats_hinge_destroy(k);
    else
        *plan = k;
    return status;
}

size_t stats_hinge_scratch(const stats_hinge_plan *plan) {
    return plan->gls ? 5 * plan->n : 4 * plan->m;
}

typedef struct {
    double c, b, rss;
} line;

/* Weighted means of ties into `means`; their inner scatter as the return value. */
static const double *condense(const stats_hinge_plan *plan, const double *y, double *means, double *scatter) {
    *scatter = 0;
    if (plan->n == plan->m) return y;
    memset(means, 0, plan->m * sizeof *means);
    for (size_t i = 0; i < plan->n; i++) means[plan->group[i]] += plan->weight[i] * y[i];
    for (size_t g = 0; g < plan->m; g++) means[g] /= plan->w[g];
    for (size_t i = 0; i < plan->n; i++) {
        double d = y[i] - means[plan->group[i]];
        *scatter += plan->weight[i] * d * d;
    }
    return means;
}

static inline line extend(line l, const step *s, double y) {
    double e = y - l.c - l.b * s->distance;
    l.rss += e * e * s->gain;
    l.b += e * s->gain_slope;
    l.c += e * s->gain_value + l.b * s->shift;
    return l;
}

/* The first point of a line only sets its value. */
static inline line begin(double y) {
    return (line){y, 0, 0};
}

typedef struct {
    double rss;
    size_t split; /* left line: points 0..split */
    size_t knot;  /* SIZE_MAX: the lines cross inside the gap */
    line l, r;
} optimum;

static optimum search(const stats_hinge_plan *plan, const double *y, double *scratch) {
    size_t m = plan->m;
    double scatter;
    const double *v = condense(plan, y, scratch + 3 * m, &scatter);
    line *right = (line *)(void *)scratch, r = begin(v[m - 1]);
    for (size_t k = m - 1; k-- > 2;) right[k] = r = extend(r, &plan->right[k], v[k]);
    optimum best = {.rss = INFINITY, .knot = SIZE_MAX};
    line l = begin(v[0]);
    for (size_t k = 1; k + 2 < m; k++) {
        l = extend(l, &plan->left[k], v[k]);
        r = right[k + 1];
        double gap =
            r.c - l.c + r.b * (plan->u[k] - plan->from[k + 1].mean) - l.b * (plan->u[k] - plan->to[k].mean);
        double next = gap + (r.b - l.b) * (plan->u[k + 1] - plan->u[k]);
        bool crosses = (gap < 0 && next > 0) || (gap > 0 && next < 0);
        double rss = l.rss + r.rss + (crosses ? 0 : gap * gap * plan->inverse_knot[k]);
        if (rss < best.rss) best = (optimum){rss, k, crosses ? SIZE_MAX : k, l, r};
        if (k + 3 != m || crosses) continue;
        rss = l.rss + r.rss + next * next * plan->inverse_knot[m - 1];
        if (rss < best.rss) best = (optimum){rss, k, m - 2, l, r};
    }
    best.rss += scatter;
    return best;
}

double stats_hinge_rss(const stats_hinge_plan *plan, const double *y, double *scratch) {
    double psi;
    bool at_knot;
    return plan->gls ? stats_hinge_gls_search(plan->gls, y, scratch, &psi, &at_knot)
                     : search(plan, y, scratch).rss;
}

/* Break and lines of an optimum in centred x; at a knot the lines move by their share of the constraint. */
static double join(const stats_hinge_plan *plan, optimum *best) {
    const spread *l = &plan->to[best->split], *r = &plan->from[best->split + 1];
    line *a = &best->l, *b = &best->r;
    if (best->knot == SIZE_MAX) {
        double u = plan->u[best->split];
        double gap = b->c - a->c + b->b * (u - r->mean) - a->b * (u - l->mean);
        return u - gap / (b->b - a->b);
    }
    double u = plan->u[best->knot], gap = b->c - a->c + b->b * (u - r->mean) - a->b * (u - l->mean);
    double lambda = gap / variance_of_gap(plan, best->split, u);
    a->c += lambda * l->inverse_weight;
    a->b += lambda * (u - l->mean) * l->inverse_sxx;
    b->c -= lambda * r->inverse_weight;
    b->b -= lambda * (u - r->mean) * r->inverse_sxx;
    return u;
}

double stats_hinge_break(const stats_hinge_plan *plan, const double *y, double *scratch) {
    double psi = NAN;
    bool at_knot;
    if (plan->gls) {
        stats_hinge_gls_search(plan->gls, y, scratch, &psi, &at_knot);
        return psi;
    }
    optimum best = search(plan, y, scratch);
    return plan->origin + join(plan, &best);
}

/* The break comes from the enumeration; the lines are then linear least squares. */
static void solve_gls(const stats_hinge_plan *plan, const double *y, double *scratch, stats_hinge *hinge) {
    size_t n = plan->n, p = plan->plateau ? 2 : 3;
    stats_hinge h = {.slope_left = 0};
    stats_hinge_gls_search(plan->gls, y, scratch, &h.psi, &h.at_knot);
    double *columns = scratch + n, c[3] = {0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        scratch[i] = y[i];
        columns[i] = 1;
        columns[n + i] = fmax(plan->x[i] - h.psi, 0);
        columns[2 * n + i] = plan->x[i] - h.psi;
    }
    h.rss = stats_linear(stats_hinge_gls_data(plan->gls), p, columns, scratch, c);
    h.alpha = c[0];
    h.slope_left = c[2];
    h.slope_right = c[1] + c[2];
    *hinge = h;
}

void stats_hinge_solve(const stats_hinge_plan *plan, const double *y, double *scratch, stats_hinge *hinge) {
    if (plan->gls) {
        solve_gls(plan, y, scratch, hinge);
        return;
    }
    optimum best = search(plan, y, scratch);
    double u = join(plan, &best);
    *hinge = (stats_hinge){.psi = best.knot == SIZE_MAX ? plan->origin + u : NAN,
                           .alpha = best.l.c + best.l.b * (u - plan->to[best.split].mean),
                           .slope_left = best.l.b,
                           .slope_right = best.r.b,
                           .at_knot = best.knot != SIZE_MAX};
    core_sum rss = {0, 0};
    for (size_t i = 0; i < plan->n; i++) {
        if (plan->group[i] == best.knot) hinge->psi = plan->x[i]; /* the given x, not the recentred one */
        double d = plan->u[plan->group[i]] - u, slope = d > 0 ? hinge->slope_right : hinge->slope_left;
        double e = y[i] - hinge->alpha - slope * d;
        core_sum_add(&rss, plan->weight[i] * e * e);
    }
    hinge->rss = core_sum_value(&rss);
}
