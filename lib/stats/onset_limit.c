/* With psi and w given the height of the bend follows from the excess at X, d w = c / sp((X - psi)/w), and only the line is
   left to fit: with the line projected out of y and of the bend's column the sum of squares is a parabola in d w. Its three
   coefficients do not depend on X, so that one table of nodes serves every X. The best node is then refined; a refinement that
   leaves the range of the break does not count, and the nodes on the range's end stand for the minimum there. */
#include "stats/onset_limit.h"
#include <math.h>
#include <string.h>

enum { N_PSI = 80, N_W = 10, N_NODES = N_PSI * N_W, PARTS = 4, MOST_STEPS = 100, BISECTIONS = 20 };

typedef struct {
    double psi, w;
    double along,
        square; /* of the bend's column: its product with what the line leaves of y, its squared length */
} node;

typedef struct {
    stats_soft_solver *solver;
    const stats_limit_question *question;
    double rss; /* of the line */
    double lo[SOFT_P], hi[SOFT_P];
    node nodes[N_NODES];
} table;

static void fill(table *t, double *memory) {
    const stats_data *data = t->question->data;
    size_t n = data->n;
    double *line = memory, *y = memory + 2 * n, *c = memory + 3 * n;
    for (size_t i = 0; i < n; i++) {
        line[i] = 1;
        line[n + i] = data->x[i] - t->lo[SOFT_PSI];
        y[i] = data->y[i] - data->y[0];
    }
    for (size_t k = 0; k < 3; k++) stats_whiten(data, memory + k * n);
    size_t rank = stats_orthonormalise(n, 2, line);
    t->rss = stats_project_out(n, rank, line, y);
    double first = t->lo[SOFT_PSI], end = data->x[n - 1] + exp(t->hi[SOFT_LN_W]);
    for (size_t k = 0; k < N_NODES; k++) {
        node *o = &t->nodes[k];
        o->psi = first + (end - first) * (double)(k / N_W) / (N_PSI - 1);
        o->w = exp(t->lo[SOFT_LN_W] + (t->hi[SOFT_LN_W] - t->lo[SOFT_LN_W]) * (double)(k % N_W) / (N_W - 1));
        for (size_t i = 0; i < n; i++) c[i] = stats_softplus((data->x[i] - o->psi) / o->w);
        stats_whiten(data, c);
        stats_project_out(n, rank, line, c);
        o->square = stats_project_out(n, rank, line, c);
        o->along = 0;
        for (size_t i = 0; i < n; i++) o->along += c[i] * y[i];
    }
}

/* All of SOFT's parameters at a node; memory [4n]. */
static void complete(const table *t, const node *o, double height, double *memory, double *theta) {
    const stats_data *data = t->question->data;
    size_t n = data->n;
    double c[2] = {0, 0}, *v = memory + 2 * n;
    for (size_t i = 0; i < n; i++) {
        double u = data->x[i] - o->psi;
        memory[i] = 1;
        memory[n + i] = u;
        v[i] = data->y[i] - height * stats_softplus(u / o->w);
    }
    stats_linear(data, 2, memory, v, c);
    const double found[] = {c[0], c[1], log(height / o->w), o->psi, log(o->w)};
    memcpy(theta, found, sizeof found);
}

/* Whether some curve with its onset at x stays within the cut; one whose best node is `hopeless` cuts away is not refined. */
static bool allows(const table *t, double x, double hopeless, double *memory) {
    double best = INFINITY, best_height = NAN, cut = t->question->cut, theta[SOFT_P];
    const node *start = NULL;
    for (size_t k = 0; k < N_NODES; k++) {
        const node *o = &t->nodes[k];
        double height = t->question->excess / stats_softplus((x - o->psi) / o->w), ln_d = log(height / o->w);
        if (!(ln_d >= t->lo[SOFT_LN_D] && ln_d <= t->hi[SOFT_LN_D])) continue;
        double rss = t->rss + height * (height * o->square - 2 * o->along);
        if (rss <= cut) return true;
        if (!(rss < best)) continue;
        best = rss;
        best_height = height;
        start = o;
    }
    if (!start || best > hopeless * cut) return false;
    stats_onset onset = {.reference = STATS_REF_LINE, .excess = t->question->excess};
    stats_target target = {STATS_HOLD_ONSET, &onset};
    complete(t, start, best_height, memory, theta);
    return stats_soft_solver_refine(t->solver, &target, x, theta) <= cut &&
           theta[SOFT_PSI] >= t->lo[SOFT_PSI];
}

/* Far from the answer: the sum at a node is the minimum's within a few tens of percent. */
static const double scan = 100;

static double search(const table *t, double *memory) {
    const stats_data *data = t->question->data;
    stats_onset onset = {.reference = STATS_REF_LINE, .excess = t->question->excess};
    double first = t->lo[SOFT_PSI], last = data->x[data->n - 1], outside = first;
    double own = fmin(stats_onset_find(&onset, t->question->fit->theta, NULL), last);
    size_t steps = PARTS * stats_count_distinct(data);
    if (steps > MOST_STEPS) steps = MOST_STEPS;
    for (size_t k = 0; k <= steps; k++) {
        double x = fmin(first + (last - first) * (double)k / (double)steps, own);
        if (x < own && !allows(t, x, scan, memory)) {
            outside = x;
            continue;
        }
        if (x == last && !allows(t, x, scan, memory)) return last;
        for (int i = 0; i < BISECTIONS && k; i++) {
            double middle = 0.5 * (outside + x);
            *(allows(t, middle, INFINITY, memory) ? &x : &outside) = middle;
        }
        return x;
    }
    return own;
}

ropelaw_status stats_onset_limit(stats_soft_solver *solver, const stats_limit_question *question,
                                 double *lower) {
    double *memory = core_malloc(4 * question->data->n, sizeof *memory);
    table *t = core_malloc(1, sizeof *t);
    if (memory && t) {
        t->solver = solver;
        t->question = question;
        stats_soft_bounds(question->data, t->lo, t->hi);
        fill(t, memory);
        *lower = search(t, memory);
    }
    core_free(memory);
    core_free(t);
    return memory && t ? ROPELAW_OK : ROPELAW_NOMEM;
}
