/* For the gap between u_k and u_(k+1) two free lines span four whitened columns; a break at the knot u leaves three of
   them, Z(u) = [1, x, (x - u)_+], and the fourth direction is r = (I - P_Z) of the right-hand indicator. The jump
   between the lines at u is D(u) = r'y/|r|^2, so that the sum of squares with the break at u exceeds that of the free
   lines by (r'y)^2/|r|^2; D changes sign in the gap exactly if the lines cross there. */
#include "stats/hinge_gls.h"
#include <math.h>
#include <string.h>

typedef struct {
    double *free;    /* [4][n] orthonormal: the free lines */
    double *jump[2]; /* [n] unit vectors along r at both ends of the gap */
    double scale[2]; /* D = scale * unit'y */
    size_t rank;
} gap;

struct stats_hinge_gls {
    size_t n, m;
    stats_data data; /* x and lower are copies; y is not kept */
    double *u, *x, *lower, *memory;
    gap *gaps; /* [m], for k = 1 .. m-3 */
};

void stats_hinge_gls_destroy(stats_hinge_gls *gls) {
    if (!gls) return;
    core_free(gls->u);
    core_free(gls->x);
    core_free(gls->lower);
    core_free(gls->memory);
    core_free(gls->gaps);
    core_free(gls);
}

/* [1, x, (x - u)_+] without x under plateau, then the indicator of x > edge. */
static size_t hinge_columns(const stats_data *data, bool plateau, double u, double edge, double *columns) {
    size_t n = data->n, p = plateau ? 2 : 3;
    for (size_t i = 0; i < n; i++) {
        columns[i] = 1;
        if (!plateau) columns[n + i] = data->x[i] - u;
        columns[(p - 1) * n + i] = data->x[i] > edge ? data->x[i] - u : 0;
        columns[p * n + i] = data->x[i] > edge;
    }
    for (size_t j = 0; j <= p; j++) stats_whiten(data, columns + j * n);
    return p;
}

static void prepare(stats_hinge_gls *gls, bool plateau, size_t k) {
    gap *g = &gls->gaps[k];
    size_t n = gls->n;
    for (int end = 0; end < 2; end++) {
        size_t p = hinge_columns(&gls->data, plateau, gls->u[k + (size_t)end], gls->u[k], g->free);
        size_t rank = stats_orthonormalise(n, p, g->free);
        double *r = g->jump[end], norm;
        memcpy(r, g->free + p * n, n * sizeof *r);
        stats_project_out(n, rank, g->free, r);
        norm = sqrt(stats_project_out(n, rank, g->free, r));
        for (size_t i = 0; i < n; i++) r[i] /= norm;
        g->scale[end] = 1 / norm;
        memcpy(g->free + rank * n, r, n * sizeof *r);
        g->rank = rank + 1;
    }
}

ropelaw_status stats_hinge_gls_create(const stats_data *data, size_t m, const double *u, bool plateau,
                                      stats_hinge_gls **gls, ropelaw_error *error) {
    size_t n = data->n;
    stats_hinge_gls *g = core_calloc(1, sizeof *g);
    if (!g) return core_fail_memory(error, 1, sizeof *g);
    g->u = core_malloc(m, sizeof(double));
    g->x = core_malloc(n, sizeof(double));
    g->lower = core_malloc(n * n, sizeof(double));
    g->gaps = core_calloc(m, sizeof(gap));
    g->memory = core_malloc(6 * n * m, sizeof(double));
    if (!g->u || !g->x || !g->lower || !g->gaps || !g->memory) {
        stats_hinge_gls_destroy(g);
        return core_fail_memory(error, 6 * n * m, sizeof(double));
    }
    memcpy(g->u, u, m * sizeof *u);
    memcpy(g->x, data->x, n * sizeof *u);
    memcpy(g->lower, data->lower, n * n * sizeof *u);
    g->n = n;
    g->m = m;
    g->data = (stats_data){.n = n, .x = g->x, .lower = g->lower};
    for (size_t k = 1; k + 2 < m; k++) {
        double *at = g->memory + 6 * n * k;
        g->gaps[k].free = at;
        g->gaps[k].jump[0] = at + 4 * n;
        g->gaps[k].jump[1] = at + 5 * n;
        prepare(g, plateau, k);
    }
    *gls = g;
    return ROPELAW_OK;
}

const stats_data *stats_hinge_gls_data(const stats_hinge_gls *gls) {
    return &gls->data;
}

double stats_hinge_gls_search(const stats_hinge_gls *gls, const double *y, double *scratch, double *psi,
                              bool *at_knot) {
    size_t n = gls->n;
    double best = INFINITY;
    memcpy(scratch, y, n * sizeof *y);
    stats_whiten(&gls->data, scratch);
    for (size_t k = 1; k + 2 < gls->m; k++) {
        const gap *g = &gls->gaps[k];
        memcpy(scratch + n, scratch, n * sizeof *y);
        double *v = scratch + n;
        double lo = stats_dot(n, g->jump[0], v), hi = stats_dot(n, g->jump[1], v);
        double rss = stats_project_out(n, g->rank, g->free, v);
        bool crosses = (lo < 0 && hi > 0) || (lo > 0 && hi < 0);
        double dl = lo * g->scale[0], dh = hi * g->scale[1], left = crosses ? rss : rss + lo * lo;
        if (left < best) {
            best = left;
            *at_knot = !crosses;
            *psi = crosses ? gls->u[k] + (gls->u[k + 1] - gls->u[k]) * dl / (dl - dh) : gls->u[k];
        }
        if (k + 3 != gls->m || crosses || !(rss + hi * hi < best)) continue;
        best = rss + hi * hi;
        *at_knot = true;
        *psi = gls->u[k + 1];
    }
    return best;
}
