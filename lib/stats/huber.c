/* With the break held the loss is convex in the three linear coefficients, and the step Q'clip(r) along orthonormal columns
   Q never raises it (Huber 1981, section 7.8); the break itself is searched on a grid over all gaps and then refined.
   The scale comes from the fit of least absolute residuals, which one wild point cannot move: its four zero residuals
   are left out of the median. */
#include "stats/huber.h"
#include "num/root.h"
#include "stats/family.h"
#include "stats/resample.h"
#include <math.h>
#include <string.h>

const double stats_huber_k = 1.345;

enum { P = 3, MOST_STEPS = 400, L1_STEPS = 40, L1_NODES = 60, NODES = 1200, PER_GAP = 16 };

double stats_huber_square(double r, double limit) {
    double a = fabs(r);
    return a <= limit ? r * r : limit * (2 * a - limit);
}

double stats_huber_clip(double r, double limit) {
    return fmin(fmax(r, -limit), limit);
}

static void fill(const stats_data *data, double psi, double *columns) {
    size_t n = data->n;
    for (size_t i = 0; i < n; i++) {
        columns[i] = 1;
        columns[n + i] = data->x[i] - psi;
        columns[2 * n + i] = fmax(data->x[i] - psi, 0);
    }
    for (size_t j = 0; j < P; j++) stats_whiten(data, columns + j * n);
}

static double total(const double *r, size_t n, double limit) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += stats_huber_square(r[i], limit);
    return sum;
}

/* One step of the residuals along the columns; the largest movement of a residual. */
static double advance(const double *q, size_t n, size_t rank, double limit, double *r, double *clipped) {
    double most = 0;
    for (size_t i = 0; i < n; i++) clipped[i] = stats_huber_clip(r[i], limit);
    for (size_t j = 0; j < rank; j++) {
        double c = 0;
        for (size_t i = 0; i < n; i++) c += q[j * n + i] * clipped[i];
        for (size_t i = 0; i < n; i++) {
            r[i] -= c * q[j * n + i];
            most = fmax(most, fabs(c * q[j * n + i]));
        }
    }
    return most;
}

/* memory [5n]: columns, residuals (left there, whitened), clipped residuals. */
double stats_huber_held(const stats_data *data, double limit, double psi, double *memory) {
    size_t n = data->n;
    double *r = memory + P * n;
    fill(data, psi, memory);
    size_t rank = stats_orthonormalise(n, P, memory);
    memcpy(r, data->y, n * sizeof *r);
    stats_whiten(data, r);
    stats_project_out(n, rank, memory, r); /* the least-squares start */
    for (int step = 0; step < MOST_STEPS; step++)
        if (advance(memory, n, rank, limit, r, r + n) <= 1e-9 * limit) break;
    return total(r, n, limit);
}

/* Least absolute residuals with the break held, by reweighting; residuals (whitened) are left in memory + 3n. */
static double least_absolute(const stats_data *data, double psi, double *memory) {
    size_t n = data->n;
    double *r = memory + P * n, *y = r + n, sum = 0, previous = INFINITY;
    memcpy(y, data->y, n * sizeof *y);
    stats_whiten(data, y);
    for (size_t i = 0; i < n; i++) r[i] = 1;
    for (int step = 0; step < L1_STEPS; step++) {
        double *w = y + n;
        fill(data, psi, memory);
        for (size_t i = 0; i < n; i++) {
            w[i] = step ? 1 / sqrt(fmax(fabs(r[i]), 1e-3 * sum / (double)n + 1e-300)) : 1;
            for (size_t j = 0; j < P; j++) memory[j * n + i] *= w[i];
            r[i] = y[i] * w[i];
        }
        size_t rank = stats_orthonormalise(n, P, memory);
        stats_project_out(n, rank, memory, r);
        sum = 0;
        for (size_t i = 0; i < n; i++) {
            r[i] /= w[i];
            sum += fabs(r[i]);
        }
        if (fabs(previous - sum) <= 1e-6 * sum) break;
        previous = sum;
    }
    return sum;
}

/* Node k of m over [x_(2), x_(n-1)] of different lengths. */
static double node(const double range[2], size_t k, size_t m) {
    return range[0] + (range[1] - range[0]) * (double)k / (double)(m - 1);
}

static void inner_range(const stats_data *data, double range[2]) {
    size_t n = data->n, i = 0, k = n - 1;
    while (data->x[i] == data->x[0]) i++;
    while (data->x[k] == data->x[n - 1]) k--;
    range[0] = data->x[i];
    range[1] = data->x[k];
}

typedef struct {
    const stats_data *data;
    double limit, *memory;
} holder;

static double held(double psi, void *context) {
    const holder *h = context;
    return stats_huber_held(h->data, h->limit, psi, h->memory);
}

/* Least sum over breaks: the best of `nodes`, refined between its neighbours. */
static double least_over(num_function sum_of, void *context, const double range[2], size_t nodes,
                         double *psi) {
    size_t best = 0;
    double least = INFINITY, refined;
    for (size_t k = 0; k < nodes; k++) {
        double sum = sum_of(node(range, k, nodes), context);
        if (sum < least) least = sum, best = k;
    }
    num_interval around = {node(range, best ? best - 1 : 0, nodes),
                           node(range, best + 1 < nodes ? best + 1 : best, nodes), 1e-9};
    *psi = node(range, best, nodes);
    double sum = num_minimum(sum_of, context, around, &refined);
    if (sum < least) *psi = refined;
    return fmin(sum, least);
}

static double absolute(double psi, void *context) {
    const holder *h = context;
    return least_absolute(h->data, psi, h->memory);
}

static double robust_scale(const stats_data *data, const double range[2], double *memory) {
    size_t n = data->n;
    holder h = {data, 0, memory};
    double at, lowest = INFINITY, highest = -INFINITY, *r = memory + P * n;
    least_over(absolute, &h, range, L1_NODES, &at);
    least_absolute(data, at, memory);
    for (size_t i = 0; i < n; i++) {
        r[i] = fabs(r[i]);
        lowest = fmin(lowest, data->y[i]);
        highest = fmax(highest, data->y[i]);
    }
    stats_sort(r, n);
    size_t zeros = P + 1, rest = n - zeros;
    const double *m = r + zeros;
    double median = rest % 2 ? m[rest / 2] : 0.5 * (m[rest / 2 - 1] + m[rest / 2]);
    return median > 1e-6 * (highest - lowest) ? median / 0.6744897501960817 : 0;
}

static double search(holder *h, const double range[2], double *psi) {
    size_t nodes = PER_GAP * h->data->n;
    return least_over(held, h, range, nodes < NODES ? nodes : NODES, psi);
}

/* The coefficients at the break: least squares on the values that the clipped residuals stand for. */
static void complete(const stats_data *data, double limit, double psi, double *memory, stats_hinge *hinge) {
    size_t n = data->n;
    double c[P] = {0, 0, 0}, *r = memory + P * n, *y = r + 2 * n;
    stats_huber_held(data, limit, psi, memory);
    for (size_t i = 0; i < n; i++) { /* y - r + clip(r), back in its own unit */
        double unit = data->weight ? sqrt(data->weight[i]) : 1;
        y[i] = data->y[i] - (r[i] - stats_huber_clip(r[i], limit)) / unit;
        memory[i] = 1;
        memory[n + i] = data->x[i] - psi;
        memory[2 * n + i] = fmax(data->x[i] - psi, 0);
    }
    stats_linear(data, P, memory, y, c);
    hinge->alpha = c[0];
    hinge->slope_left = c[1];
    hinge->slope_right = c[1] + c[2];
}

void stats_huber_hinge_solve(const stats_data *data, double limit, double *memory, stats_hinge *hinge) {
    holder h = {data, limit, memory};
    double range[2];
    inner_range(data, range);
    hinge->rss = search(&h, range, &hinge->psi);
    hinge->at_knot = false;
    complete(data, limit, hinge->psi, memory, hinge);
}

ropelaw_status stats_huber_hinge_fit(const stats_data *data, stats_huber_hinge *fit, ropelaw_error *error) {
    size_t n = data->n;
    stats_hinge_plan *plan = NULL;
    ropelaw_status status = stats_hinge_create(data, false, &plan, error);
    if (status) return status;
    size_t scratch = stats_hinge_scratch(plan);
    double range[2], *memory = core_malloc(6 * n + scratch, sizeof(double));
    stats_huber_hinge f = {.scale = 0};
    if (memory) {
        inner_range(data, range);
        if (n > P + 1) f.scale = robust_scale(data, range, memory);
        stats_hinge_solve(plan, data->y, memory + 6 * n, &f.hinge);
        if (f.scale > 0) stats_huber_hinge_solve(data, stats_huber_k * f.scale, memory, &f.hinge);
        *fit = f;
    }
    core_free(memory);
    stats_hinge_destroy(plan);
    return memory ? ROPELAW_OK : core_fail_memory(error, 6 * n + scratch, sizeof(double));
}

double stats_huber_unit(const double *residual, size_t n, size_t p, double limit, double *spread) {
    double squares = 0, within = 0;
    for (size_t i = 0; i < n; i++) {
        double clipped = stats_huber_clip(residual[i], limit);
        squares += clipped * clipped;
        within += fabs(residual[i]) <= limit;
    }
    double share = within / (double)n, unit = n > p && share > 0 ? squares / (double)(n - p) / share : NAN;
    if (spread) *spread = unit / share;
    return unit;
}
