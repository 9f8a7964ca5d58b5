/* Knowles, Siegmund and Zhang (1991) without their approximations. If the break is at psi0 the curve is linear in
   Z = [1, x, (x - psi0)_+]; given the sufficient statistics P_Z y and |y - P_Z y|, the residual's direction is uniform
   on the unit sphere of Z's complement, and no unknown is left. So draw directions, refit each curve with the break
   free, and count those that fit at least as well as the data. With a known sigma the residual's length is drawn too
   and the statistic is what freeing the break gains.

   A SOFT curve of known width w is linear in [1, x, w sp((x - psi0)/w)] in the same way. Its free break is taken from a
   grid of N_NODES, for the data and for every draw alike: any statistic keeps the p value exact.

   The same normal deviates serve every psi0: p is then a smooth step function and its crossings can be bisected. */
#include "stats/exact.h"
#include "stats/family.h"
#include "num/root.h"
#include <math.h>
#include <ropelaw/random.h>
#include <string.h>

struct stats_exact {
    stats_data data;
    stats_exact_model model;
    size_t n_draws;
    uint64_t seed;
    stats_hinge_plan *plan;
    double *x, *y, *white; /* [n] copies; y whitened */
    double *basis, *fit, *curve, *direction, *scratch;
    double *memory, *draws; /* draws [n_draws][n], NULL if that would be too large */
    double *nodes, *line; /* given a width: [N_NODES][n] unit columns beside the line, and the line [2][n] */
    size_t line_rank;
    double rss, psi; /* of the free hinge */
};

enum { N_NODES = 400 };

/* 32 MB; longer curves draw again for every psi0 */
static const size_t most_stored = (size_t)1 << 22;

void stats_exact_destroy(stats_exact *exact) {
    if (!exact) return;
    stats_hinge_destroy(exact->plan);
    core_free(exact->memory);
    core_free(exact->draws);
    core_free(exact->nodes);
    core_free(exact);
}

static void draw(const stats_exact *e, size_t k, double *z) {
    ropelaw_random random;
    ropelaw_random_init(&random, e->seed, k);
    for (size_t i = 0; i < e->data.n; i++) z[i] = ropelaw_random_normal(&random);
}

static bool allocate(stats_exact *e, size_t n) {
    size_t scratch = stats_hinge_scratch(e->plan);
    e->memory = core_malloc(9 * n + scratch, sizeof(double));
    if (!e->memory) return false;
    e->x = e->memory;
    e->y = e->x + n;
    e->white = e->y + n;
    e->basis = e->white + n;
    e->fit = e->basis + 3 * n;
    e->curve = e->fit + n;
    e->direction = e->curve + n;
    e->scratch = e->direction + n;
    if (e->n_draws > most_stored / n) return true;
    e->draws = core_malloc(e->n_draws * n, sizeof(double));
    return e->draws != NULL;
}

static double node_of(const stats_exact *e, size_t k) {
    size_t n = e->data.n, i = 0, j = n - 1;
    while (e->x[i] == e->x[0]) i++;
    while (e->x[j] == e->x[n - 1]) j--;
    return e->x[i] + (e->x[j] - e->x[i]) * (double)k / (N_NODES - 1);
}

static void bend(const stats_exact *e, double psi0, double *column) {
    double w = e->model.width;
    for (size_t i = 0; i < e->data.n; i++)
        column[i] = w > 0 ? w * stats_softplus((e->x[i] - psi0) / w) : fmax(e->x[i] - psi0, 0);
}

static bool prepare_nodes(stats_exact *e) {
    size_t n = e->data.n;
    e->nodes = core_malloc((N_NODES + 2) * n, sizeof(double));
    if (!e->nodes) return false;
    e->line = e->nodes + N_NODES * n;
    for (size_t i = 0; i < n; i++) {
        e->line[i] = 1;
        e->line[n + i] = e->x[i] - e->x[0];
    }
    for (size_t j = 0; j < 2; j++) stats_whiten(&e->data, e->line + j * n);
    e->line_rank = stats_orthonormalise(n, 2, e->line);
    for (size_t k = 0; k < N_NODES; k++) {
        double *c = e->nodes + k * n;
        bend(e, node_of(e, k), c);
        stats_whiten(&e->data, c);
        stats_project_out(n, e->line_rank, e->line, c);
        double norm = sqrt(stats_project_out(n, e->line_rank, e->line, c));
        for (size_t i = 0; i < n; i++) c[i] = norm > 0 ? c[i] / norm : 0;
    }
    return true;
}

/* Smallest sum of squares of a whitened curve over the nodes; v [n] is memory. */
static double soft_rss(const stats_exact *e, const double *white, double *v, size_t *best) {
    size_t n = e->data.n;
    double most = -1;
    memcpy(v, white, n * sizeof *v);
    double line = stats_project_out(n, e->line_rank, e->line, v);
    for (size_t k = 0; k < N_NODES; k++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) sum += e->nodes[k * n + i] * v[i];
        if (sum * sum > most) most = sum * sum, *best = k;
    }
    return line - most;
}

static void fit_free(stats_exact *e) {
    size_t best = 0;
    if (e->model.width > 0) {
        e->rss = soft_rss(e, e->white, e->scratch, &best);
        e->psi = node_of(e, best);
    } else {
        e->rss = stats_hinge_rss(e->plan, e->y, e->scratch);
        e->psi = stats_hinge_break(e->plan, e->y, e->scratch);
    }
}

double stats_exact_estimate(const stats_exact *e) {
    return e->psi;
}

ropelaw_status stats_exact_create(const stats_data *data, const stats_exact_model *model, size_t n_draws,
                                  uint64_t seed, stats_exact **exact, ropelaw_error *error) {
    stats_exact *e = core_calloc(1, sizeof *e);
    if (!e) return core_fail_memory(error, 1, sizeof *e);
    *e = (stats_exact){.data = *data, .model = *model, .n_draws = n_draws, .seed = seed};
    size_t n = data->n;
    ropelaw_status status = stats_hinge_create(data, model->plateau, &e->plan, error);
    if (!status && !allocate(e, n)) status = core_fail_memory(error, n_draws * n, sizeof(double));
    if (status) {
        stats_exact_destroy(e);
        return status;
    }
    memcpy(e->x, data->x, n * sizeof(double));
    memcpy(e->y, data->y, n * sizeof(double));
    memcpy(e->white, data->y, n * sizeof(double));
    e->data.x = e->x;
    e->data.y = e->y;
    stats_whiten(&e->data, e->white);
    for (size_t k = 0; e->draws && k < n_draws; k++) draw(e, k, e->draws + k * n);
    if (model->width > 0 && !prepare_nodes(e)) {
        stats_exact_destroy(e);
        return core_fail_memory(error, N_NODES * n, sizeof(double));
    }
    fit_free(e);
    *exact = e;
    return ROPELAW_OK;
}

static size_t linear_model(stats_exact *e, double psi0) {
    size_t n = e->data.n, p = e->model.plateau ? 2 : 3;
    for (size_t i = 0; i < n; i++) {
        e->basis[i] = 1;
        e->basis[2 * n + i] = e->x[i] - e->x[0];
    }
    bend(e, psi0, e->basis + n);
    for (size_t j = 0; j < p; j++) stats_whiten(&e->data, e->basis + j * n);
    return stats_orthonormalise(n, p, e->basis);
}

/* Whether simulated curve k deviates from psi0 at least as much as the data (whose residual sum is rss0). */
static bool as_extreme(stats_exact *e, size_t k, size_t rank, double rss0) {
    size_t n = e->data.n;
    double sigma = e->data.sigma, *u = e->direction;
    if (e->draws)
        memcpy(u, e->draws + k * n, n * sizeof *u);
    else
        draw(e, k, u);
    double length = stats_project_out(n, rank, e->basis, u), scale = sigma > 0 ? sigma : sqrt(rss0 / length);
    for (size_t i = 0; i < n; i++) e->curve[i] = e->fit[i] + scale * u[i];
    double rss;
    if (e->model.width > 0) {
        size_t best;
        rss = soft_rss(e, e->curve, e->scratch, &best);
    } else {
        stats_unwhiten(&e->data, e->curve);
        rss = stats_hinge_rss(e->plan, e->curve, e->scratch);
    }
    if (sigma > 0) return sigma * sigma * length - rss >= rss0 - e->rss;
    return rss <= e->rss;
}

/* How many of the draws are as extreme; where only `enough` of them matters (0: all) not counted further than that, nor when
   the rest cannot make it enough. */
static size_t count_extreme(stats_exact *e, double psi0, size_t enough) {
    size_t n = e->data.n, rank = linear_model(e, psi0), count = 0;
    memcpy(e->direction, e->white, n * sizeof(double));
    double rss0 = stats_project_out(n, rank, e->basis, e->direction);
    for (size_t i = 0; i < n; i++) e->fit[i] = e->white[i] - e->direction[i];
    for (size_t k = 0; k < e->n_draws; k++) {
        if (enough && (count >= enough || count + (e->n_draws - k) < enough)) break;
        count += as_extreme(e, k, rank, rss0);
    }
    return count;
}

static double share(const stats_exact *e, size_t count) {
    return (1 + (double)count) / (1 + (double)e->n_draws);
}

double stats_exact_p(stats_exact *e, double psi0) {
    return share(e, count_extreme(e, psi0, 0));
}

/* p > alpha, which is known as soon as enough draws, or too few of the rest, are as extreme. */
static bool accepts(stats_exact *e, double psi0, double alpha) {
    size_t enough = 0;
    while (enough <= e->n_draws && share(e, enough) <= alpha) enough++;
    return enough <= e->n_draws && (!enough || count_extreme(e, psi0, enough) >= enough);
}

enum { SCAN = 24 };

/* Outermost accepted point on one side: scan from the edge inwards in steps, then bisect the first crossing. */
static double search(stats_exact *e, double alpha, double edge, bool *at_edge, bool *connected) {
    double accepted = e->psi, inside = e->psi, outside = NAN;
    bool gap = false;
    if (accepts(e, edge, alpha)) {
        *at_edge = true;
        return edge;
    }
    double rejected = edge;
    for (int i = 1; i < SCAN; i++) { /* outwards, so that gaps are seen */
        double psi0 = e->psi + (edge - e->psi) * i / SCAN;
        if (accepts(e, psi0, alpha)) {
            if (gap) *connected = false;
            accepted = psi0;
            rejected = edge;
            gap = false;
        } else if (!gap) {
            gap = true;
            rejected = psi0;
        }
    }
    inside = accepted;
    outside = rejected;
    for (int i = 0; i < 16; i++) { /* 2^-16 of a scan step: 1e-6 of the range */
        double middle = 0.5 * (inside + outside);
        *(accepts(e, middle, alpha) ? &inside : &outside) = middle;
    }
    return 0.5 * (inside + outside);
}

void stats_exact_interval_find(stats_exact *e, double level, stats_exact_interval *interval) {
    double alpha = 1 - level + 1e-12, first = e->x[0], last = e->x[e->data.n - 1], out = 1 + last - first;
    *interval = (stats_exact_interval){.connected = true};
    interval->lo = search(e, alpha, first, &interval->at_edge, &interval->connected);
    interval->hi = search(e, alpha, last, &interval->at_edge, &interval->connected);
    /* beyond the data a hinge is a line (or a plateau): accepted there means not bounded */
    if (interval->lo == first && accepts(e, first - out, alpha)) interval->lo = -INFINITY;
    if (interval->hi == last && accepts(e, last + out, alpha)) interval->hi = INFINITY;
}
