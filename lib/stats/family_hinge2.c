/* HINGE2: a rise and its saturation. Both breaks on a grid of knots and gap middles, the rest linear; the best pairs
   are refined with both breaks free. */
#include "stats/family.h"
#include <math.h>
#include <string.h>

static double eval(const double *theta, double x, double *g) {
    double u = x - theta[3], v = x - theta[5], pu = u > 0 ? u : 0, pv = v > 0 ? v : 0;
    if (g) {
        g[0] = 1;
        g[1] = u;
        g[2] = pu;
        g[3] = -theta[1] - (u > 0 ? theta[2] : 0);
        g[4] = pv;
        g[5] = v > 0 ? -theta[4] : 0;
    }
    return theta[0] + theta[1] * u + theta[2] * pu + theta[4] * pv;
}

enum { MOST_NODES = 64 };

/* distinct x from the 2nd to the 2nd last and the middles between them, thinned to MOST_NODES */
static size_t nodes(const stats_data *data, double *node) {
    size_t m = stats_count_distinct(data), stride = 1 + m / (MOST_NODES / 2), count = 0, g = 0;
    double before = data->x[0];
    for (size_t i = 1; i < data->n; i++) {
        if (data->x[i] == before) continue;
        g++;
        if (g > 1 && g < m - 1 && g % stride == 0 && count + 1 < MOST_NODES) {
            node[count++] = 0.5 * (before + data->x[i]);
            node[count++] = data->x[i];
        }
        before = data->x[i];
    }
    return count;
}

static size_t start(const stats_data *data, stats_start *starts) {
    size_t n = data->n, count = 0;
    double node[MOST_NODES], *memory = core_malloc(5 * n, sizeof(double));
    if (!memory) return 0;
    size_t n_nodes = nodes(data, node);
    for (size_t a = 0; a < n_nodes; a++)
        for (size_t b = a + 2; b < n_nodes; b++) {
            stats_start s;
            double c[4], *y = memory + 4 * n;
            for (size_t i = 0; i < n; i++) {
                double u = data->x[i] - node[a];
                memory[i] = 1;
                memory[n + i] = u;
                memory[2 * n + i] = fmax(u, 0);
                memory[3 * n + i] = fmax(data->x[i] - node[b], 0);
                y[i] = data->y[i];
            }
            s.rss = stats_linear(data, 4, memory, y, c);
            if (!(c[3] < 0)) continue;
            const double theta[] = {c[0], c[1], c[2], node[a], c[3], node[b]};
            memcpy(s.theta, theta, sizeof theta);
            count = stats_keep(starts, count, 6, &s);
        }
    core_free(memory);
    return count;
}

static void bounds(const stats_data *data, double *lo, double *hi) {
    double first = data->x[0], last = data->x[data->n - 1];
    for (size_t k = 0; k < 6; k++) {
        lo[k] = -1e6;
        hi[k] = 1e6;
    }
    lo[3] = lo[5] = first;
    hi[3] = hi[5] = last;
    hi[4] = 0;
}

const stats_family stats_family_hinge2 = {
    .info = {"HINGE2",
             "alpha + s1 (x - psi) + d (x - psi)_+ + d2 (x - psi2)_+, d2 < 0", "Hudson 1966, two breaks",
             "a rise and its saturation; n >= 9", 6,
             {"alpha", "s1", "d", "psi", "d2", "psi2"},
             {"nat", "nat", "nat", "ln token", "nat", "ln token"},
             9},
    .eval = eval,
    .start = start,
    .bounds = bounds
};
