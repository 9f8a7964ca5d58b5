/* Broken neural scaling laws with one and two breaks, in the logarithm: y = ln[A + e^q],
   q = ln_b - c0 x - sum_i c_i f_i sp((x - psi_i)/f_i). The slopes c may have either sign: the published procedure
   starts from c >= 0 only, where no rising curve lies. Given A, psi and f the rest is linear in ln(e^y - A). */
#include "stats/family.h"
#include <math.h>
#include <string.h>

/* theta: A, ln_b, c0, then c, psi, ln_f per break */
static double eval(const double *theta, double x, size_t breaks, double *g) {
    double q = theta[1] - theta[2] * x;
    for (size_t i = 0; i < breaks; i++) {
        const double *b = theta + 3 + 3 * i;
        double f = exp(b[2]);
        q -= b[0] * f * stats_softplus((x - b[1]) / f);
    }
    double e = exp(q), sum = theta[0] + e;
    double y = theta[0] > 0 ? log(sum) : theta[0] == 0 ? q : log(sum);
    if (!g) return y;
    double share = theta[0] == 0 ? 1 : e / sum;
    g[0] = theta[0] == 0 ? exp(-q) : 1 / sum;
    g[1] = share;
    g[2] = -share * x;
    for (size_t i = 0; i < breaks; i++) {
        const double *b = theta + 3 + 3 * i;
        double f = exp(b[2]), u = (x - b[1]) / f, p = stats_softplus(u), s = stats_sigmoid(u);
        g[3 + 3 * i] = -share * f * p;
        g[4 + 3 * i] = share * b[0] * s;
        g[5 + 3 * i] = -share * b[0] * f * (p - u * s);
    }
    return y;
}

static double eval1(const double *theta, double x, double *g) {
    return eval(theta, x, 1, g);
}

static double eval2(const double *theta, double x, double *g) {
    return eval(theta, x, 2, g);
}

typedef struct {
    const stats_data *data;
    double *memory; /* [6 n] */
    size_t breaks;
    double floor, psi[2], f[2];
} node;

/* Sum of squares of the whole curve at a node, the linear part solved in ln(e^y - A). */
static bool complete(const node *k, stats_start *s) {
    size_t n = k->data->n;
    double *y = k->memory + 5 * n, c[4];
    for (size_t i = 0; i < n; i++) {
        double x = k->data->x[i];
        k->memory[i] = 1;
        k->memory[n + i] = -x;
        for (size_t b = 0; b < k->breaks; b++)
            k->memory[(2 + b) * n + i] = -k->f[b] * stats_softplus((x - k->psi[b]) / k->f[b]);
        y[i] = k->floor > 0 ? log(exp(k->data->y[i]) - k->floor) : k->data->y[i];
    }
    if (!isfinite(stats_linear(k->data, 2 + k->breaks, k->memory, y, c))) return false;
    s->theta[0] = k->floor;
    s->theta[1] = c[0];
    s->theta[2] = c[1];
    for (size_t b = 0; b < k->breaks; b++) {
        const double part[] = {c[2 + b], k->psi[b], log(k->f[b])};
        memcpy(s->theta + 3 + 3 * b, part, sizeof part);
    }
    for (size_t i = 0; i < n; i++) y[i] = k->data->y[i] - eval(s->theta, k->data->x[i], k->breaks, NULL);
    stats_whiten(k->data, y);
    s->rss = 0;
    for (size_t i = 0; i < n; i++) s->rss += y[i] * y[i];
    return isfinite(s->rss);
}

static const double floors[] = {0, 0.3, 0.6, 0.8, 0.9, 0.97, 0.995}; /* of the smallest value */

static size_t start_breaks(const stats_data *data, size_t breaks, stats_start *starts) {
    enum { N_PSI = 20 };
    size_t n = data->n, count = 0;
    node k = {.data = data, .memory = core_malloc(6 * n, sizeof(double)), .breaks = breaks};
    if (!k.memory) return 0;
    double first = data->x[0], range = data->x[n - 1] - first, lowest = exp(stats_smallest(data));
    for (size_t a = 0; a < CORE_COUNT(floors); a++)
        for (int i = 1; i < N_PSI; i++)
            for (int w = 0; w < 3; w++)
                for (int j = breaks > 1 ? i + 2 : N_PSI - 1; j < N_PSI; j++) {
                    stats_start s;
                    k.floor = floors[a] * lowest;
                    k.psi[0] = first + range * i / N_PSI;
                    k.psi[1] = first + range * j / N_PSI;
                    k.f[0] = k.f[1] = range * (w == 0 ? 0.015 : w == 1 ? 0.06 : 0.25);
                    if (complete(&k, &s)) count = stats_keep(starts, count, 8, &s);
                }
    core_free(k.memory);
    return count;
}

static size_t start1(const stats_data *data, stats_start *starts) {
    return start_breaks(data, 1, starts);
}

static size_t start2(const stats_data *data, stats_start *starts) {
    return start_breaks(data, 2, starts);
}

static void bounds_breaks(const stats_data *data, size_t breaks, double *lo, double *hi) {
    double first = data->x[0], last = data->x[data->n - 1], range = last - first;
    lo[0] = 0;
    hi[0] = exp(stats_smallest(data)) * 2;
    lo[1] = lo[2] = -1e4;
    hi[1] = hi[2] = 1e4;
    for (size_t b = 0; b < breaks; b++) {
        lo[3 + 3 * b] = -1e3;
        hi[3 + 3 * b] = 1e3;
        lo[4 + 3 * b] = first;
        hi[4 + 3 * b] = last;
        lo[5 + 3 * b] = log(range * 1e-3);
        hi[5 + 3 * b] = log(range);
    }
}

static void bounds1(const stats_data *data, double *lo, double *hi) {
    bounds_breaks(data, 1, lo, hi);
}

static void bounds2(const stats_data *data, double *lo, double *hi) {
    bounds_breaks(data, 2, lo, hi);
}

const stats_family stats_family_bnsl1 = {
    .info = {"BNSL_1",
             "ln[ A + b e^(-c0 x) (1 + e^((x - psi)/f))^(-c1 f) ]", "Caballero et al. 2022 (arXiv:2210.14891)",
             "comparison with papers that fit broken neural scaling laws; n >= 8", 6,
             {"A", "ln_b", "c0", "c1", "psi", "ln_f"},
             {"ppl", "1", "1", "1", "ln token", "1"},
             8},
    .eval = eval1,
    .start = start1,
    .bounds = bounds1
};

const stats_family stats_family_bnsl2 = {
    .info = {"BNSL_2",
             "ln[ A + b e^(-c0 x) prod_i (1 + e^((x - psi_i)/f_i))^(-c_i f_i) ], i = 1, 2", "Caballero et al. 2022 (arXiv:2210.14891)",
             "the same with two breaks; n >= 11", 9,
             {"A", "ln_b", "c0", "c1", "psi1", "ln_f1", "c2", "psi2", "ln_f2"},
             {"ppl", "1", "1", "1", "ln token", "1", "1", "ln token", "1"},
             11},
    .eval = eval2,
    .start = start2,
    .bounds = bounds2
};
