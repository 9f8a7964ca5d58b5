/* With u0 held the law is floor + slope (u - u0): one coefficient, and the floor as offset. */
#include "fit/law_floor.h"
#include "num/quantile.h"
#include "num/root.h"
#include <math.h>

typedef struct {
    fit_line_problem problem; /* of the slope alone */
    const double *u;
    double *x;        /* [n] u - u0 */
    double threshold; /* log likelihood at the ends */
    ropelaw_status status;
    ropelaw_error *error;
} held;

static double above(double u0, void *context) {
    held *h = context;
    fit_line line;
    for (size_t i = 0; i < h->problem.n; i++) h->x[i] = h->u[2 * i + 1] - u0;
    ropelaw_status s = fit_line_fit(&h->problem, &line, h->error);
    if (s) {
        h->status = s;
        return NAN;
    }
    double l = line.log_likelihood - h->threshold;
    fit_line_clear(&line);
    return l;
}

/* Outwards in doubling steps until the profile is below the threshold. */
static double end_of(held *h, double from, double step) {
    double inside = from;
    for (int k = 0; k < 12; k++, step *= 2) {
        double at = inside + step, root = NAN, f = above(at, h);
        if (h->status) return NAN;
        if (f < 0) {
            num_interval range = {inside, at, 1e-6};
            return num_root(above, h, range, &root) == ROPELAW_OK ? root : NAN;
        }
        inside = at;
    }
    return step > 0 ? INFINITY : -INFINITY;
}

static bool one_floor(const fit_line_problem *a) {
    for (size_t i = 0; a->floor && i < a->n; i++)
        if (a->floor[i] != a->floor[0]) return false;
    return a->floor && a->n && isfinite(a->floor[0]);
}

ropelaw_status fit_law_floor(const fit_line_problem *a, const fit_line *line, double level, double at[3],
                             ropelaw_error *error) {
    double n = (double)line->n_bounded, df = n - (double)a->p;
    at[0] = at[1] = at[2] = NAN;
    if (!one_floor(a) || !(df >= 1) || !(line->theta[1] > 0)) return ROPELAW_OK;
    double *x = core_malloc(a->n, 2 * sizeof *x), *offset = x + a->n;
    if (!x) return core_fail_memory(error, a->n, 2 * sizeof *x);
    for (size_t i = 0; i < a->n; i++) offset[i] = a->floor[0];
    held h = {*a,         a->x, x, line->log_likelihood - 0.5 * n * log1p(num_f_quantile(level, 1, df) / df),
              ROPELAW_OK, error};
    h.problem.p = 1, h.problem.x = x, h.problem.offset = offset, h.problem.tau_hint = line->tau;
    double u0 = (a->floor[0] - line->theta[0]) / line->theta[1],
           step = fmax(line->tau, 0.01) / line->theta[1];
    double lo = end_of(&h, u0, -step), hi = h.status ? NAN : end_of(&h, u0, step);
    core_free(x);
    /* a held base from which no slope can be told, or no end, is no bound */
    if (h.status && h.status != ROPELAW_NOMEM) return ROPELAW_OK;
    if (h.status) return h.status;
    at[0] = u0, at[1] = lo, at[2] = hi;
    return ROPELAW_OK;
}
