/* Given (psi, w) the curve is linear in alpha, s1 and d. With [1, x] projected out of the third column and the column
   scaled to length one, the sum of squares at a node is |y|^2 less the square of one inner product: 480 nodes cost
   480 n multiplications. All columns depend on x alone. */
#include "stats/soft.h"
#include <math.h>
#include <string.h>

enum { N_PSI = 60, N_W = 8, N_NODES = N_PSI * N_W };

struct stats_soft_plan {
    stats_data data;
    double *memory, *column, *line; /* column [N_NODES][n]; line [2][n] */
    size_t rank;
    double psi[N_PSI], ln_w[N_W];
    double lo[SOFT_P], hi[SOFT_P];
};

double stats_step(const stats_data *data) {
    size_t m = stats_count_distinct(data);
    return m > 1 ? (data->x[data->n - 1] - data->x[0]) / (double)(m - 1) : 1;
}

double stats_soft_eval(const double *theta, double x, double *g) {
    double d = exp(theta[SOFT_LN_D]), w = exp(theta[SOFT_LN_W]), t = x - theta[SOFT_PSI], u = t / w;
    double p = stats_softplus(u);
    if (g) {
        double s = stats_sigmoid(u);
        g[SOFT_ALPHA] = 1;
        g[SOFT_S1] = t;
        g[SOFT_LN_D] = d * w * p;
        g[SOFT_PSI] = -theta[SOFT_S1] - d * s;
        g[SOFT_LN_W] = d * w * (p - u * s);
    }
    return theta[SOFT_ALPHA] + theta[SOFT_S1] * t + d * w * p;
}

void stats_soft_bounds(const stats_data *data, double *lo, double *hi) {
    double second = data->x[0], before = data->x[data->n - 1], step = stats_step(data);
    for (size_t i = 0; i < data->n && second == data->x[0]; i++) second = data->x[i];
    for (size_t i = data->n; i-- > 0 && before == data->x[data->n - 1];) before = data->x[i];
    const double low[] = {-1e6, -1e6, log(1e-3), second, log(step / 50)};
    const double high[] = {1e6, 1e6, log(50), before, log(fmax(1.5, step))};
    memcpy(lo, low, sizeof low);
    memcpy(hi, high, sizeof high);
}

void stats_soft_destroy(stats_soft_plan *plan) {
    if (!plan) return;
    core_free(plan->memory);
    core_free(plan);
}

/* Widths below a quarter step look alike on the grid; the refinement finds them. */
static void place_nodes(stats_soft_plan *plan) {
    double lo = plan->lo[SOFT_PSI], hi = plan->hi[SOFT_PSI], step = stats_step(&plan->data);
    double w_lo = log(0.15 * step), w_hi = fmax(plan->hi[SOFT_LN_W], w_lo + 0.1);
    for (int i = 0; i < N_PSI; i++) plan->psi[i] = lo + (hi - lo) * i / (N_PSI - 1);
    for (int k = 0; k < N_W; k++) plan->ln_w[k] = w_lo + (w_hi - w_lo) * k / (N_W - 1);
}

static void fill_columns(stats_soft_plan *plan) {
    size_t n = plan->data.n;
    for (size_t i = 0; i < n; i++) {
        plan->line[i] = 1;
        plan->line[n + i] = plan->data.x[i] - plan->lo[SOFT_PSI];
    }
    stats_whiten(&plan->data, plan->line);
    stats_whiten(&plan->data, plan->line + n);
    plan->rank = stats_orthonormalise(n, 2, plan->line);
    for (size_t node = 0; node < N_NODES; node++) {
        double *c = plan->column + node * n, w = exp(plan->ln_w[node % N_W]);
        for (size_t i = 0; i < n; i++) c[i] = stats_softplus((plan->data.x[i] - plan->psi[node / N_W]) / w);
        stats_whiten(&plan->data, c);
        stats_project_out(n, plan->rank, plan->line, c);
        double norm = sqrt(stats_project_out(n, plan->rank, plan->line, c));
        for (size_t i = 0; i < n; i++) c[i] = norm > 1e-12 ? c[i] / norm : 0;
    }
}

ropelaw_status stats_soft_create(const stats_data *data, stats_soft_plan **plan, ropelaw_error *error) {
    size_t n = data->n;
    stats_soft_plan *k = core_calloc(1, sizeof *k);
    if (k) k->memory = core_malloc((N_NODES + 3) * n, sizeof(double));
    if (!k || !k->memory) {
        stats_soft_destroy(k);
        return core_fail_memory(error, (N_NODES + 3) * n, sizeof(double));
    }
    k->column = k->memory;
    k->line = k->column + N_NODES * n;
    k->data = *data;
    memcpy(k->line + 2 * n, data->x, n * sizeof(double));
    k->data.x = k->line + 2 * n;
    k->data.y = NULL;
    stats_soft_bounds(data, k->lo, k->hi);
    place_nodes(k);
    fill_columns(k);
    *plan = k;
    return ROPELAW_OK;
}

static double score(const double *score_of, int i, int k) {
    if (i < 0 || k < 0 || i >= N_PSI || k >= N_W) return -1;
    return score_of[i * N_W + k];
}

static bool is_peak(const double *score_of, int i, int k) {
    double s = score(score_of, i, k);
    return s > 0 && s >= score(score_of, i - 1, k) && s > score(score_of, i + 1, k) &&
           s >= score(score_of, i, k - 1) && s > score(score_of, i, k + 1);
}

/* The three linear parameters at a node. */
static bool complete(const stats_soft_plan *plan, const double *y, double *scratch, int i, int k,
                     stats_start *s) {
    size_t n = plan->data.n;
    double w = exp(plan->ln_w[k]), psi = plan->psi[i], c[3], *v = scratch + 3 * n;
    for (size_t m = 0; m < n; m++) {
        double t = plan->data.x[m] - psi;
        scratch[m] = 1;
        scratch[n + m] = t;
        scratch[2 * n + m] = w * stats_softplus(t / w);
    }
    memcpy(v, y, n * sizeof *y);
    s->rss = stats_linear(&plan->data, 3, scratch, v, c);
    if (!isfinite(s->rss) || !(c[2] > 0)) return false;
    const double theta[] = {c[0], c[1], log(c[2]), psi, plan->ln_w[k]};
    memcpy(s->theta, theta, sizeof theta);
    return true;
}

size_t stats_soft_starts(const stats_soft_plan *plan, const double *y, size_t most, double *scratch,
                         stats_start *starts) {
    size_t n = plan->data.n, count = 0;
    double score_of[N_NODES], *v = scratch;
    memcpy(v, y, n * sizeof *y);
    stats_whiten(&plan->data, v);
    stats_project_out(n, plan->rank, plan->line, v);
    for (size_t node = 0; node < N_NODES; node++) {
        const double *c = plan->column + node * n;
        double sum = 0;
        for (size_t i = 0; i < n; i++) sum += c[i] * v[i];
        score_of[node] = sum; /* > 0: the curve bends upwards */
    }
    int peak[STATS_MOST_STARTS];
    stats_start ranked[STATS_MOST_STARTS];
    size_t n_peaks = 0;
    for (int node = 0; node < N_NODES; node++) {
        if (!is_peak(score_of, node / N_W, node % N_W)) continue;
        stats_start s = {.theta = {node}, .rss = -score_of[node]};
        n_peaks = stats_keep(ranked, n_peaks, most, &s);
    }
    for (size_t p = 0; p < n_peaks; p++) {
        peak[p] = (int)ranked[p].theta[0];
        count += complete(plan, y, scratch, peak[p] / N_W, peak[p] % N_W, &starts[count]);
    }
    return count;
}
