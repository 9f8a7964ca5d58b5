/* The fit refines the best nodes of the grid and the exact hinge. For a profile one parameter is exchanged for the
   quantity in question (psi for an onset, s1 for the slope after the break), which is then held: the remaining problem
   is an ordinary fit with the Jacobian of the chain rule. */
#include "stats/soft_solver.h"
#include "num/lsq.h"
#include "num/nls.h"
#include "num/root.h"
#include "stats/huber.h"
#include <math.h>
#include <string.h>

struct stats_soft_solver {
    stats_data data;
    const double *y;
    stats_soft_plan *plan;
    stats_hinge_plan *hinge;
    num_nls_work *nls;
    double *scratch, *column;
    double lo[SOFT_P], hi[SOFT_P]; /* of the fit */
    const stats_target *target;    /* set during a profile */
    double held;
    double best_rss, best[SOFT_P]; /* of the last fit */
};

void stats_soft_solver_destroy(stats_soft_solver *s) {
    if (!s) return;
    stats_soft_destroy(s->plan);
    stats_hinge_destroy(s->hinge);
    num_nls_destroy(s->nls);
    core_free(s->scratch);
    core_free(s);
}

ropelaw_status stats_soft_solver_create(const stats_data *data, stats_soft_solver **solver,
                                        ropelaw_error *error) {
    stats_soft_solver *s = core_calloc(1, sizeof *s);
    if (!s) return core_fail_memory(error, 1, sizeof *s);
    s->data = *data;
    ropelaw_status status = stats_hinge_create(data, false, &s->hinge, error);
    if (!status) status = stats_soft_create(data, &s->plan, error);
    if (!status) {
        size_t hinge = stats_hinge_scratch(s->hinge), soft = 6 * data->n;
        s->nls = num_nls_create(data->n, SOFT_P);
        s->scratch = core_malloc((hinge > soft ? hinge : soft) + data->n, sizeof(double));
        s->column = s->scratch ? s->scratch + (hinge > soft ? hinge : soft) : NULL;
        if (!s->nls || !s->scratch) status = core_fail_memory(error, data->n, sizeof(double));
    }
    stats_soft_bounds(data, s->lo, s->hi);
    if (status)
        stats_soft_solver_destroy(s);
    else
        *solver = s;
    return status;
}

/* theta in the order of the problem: the slot of the exchanged parameter is not used while a quantity is held. */
static bool natural(const stats_soft_solver *s, const double *given, double *theta, double *chain) {
    memcpy(theta, given, SOFT_P * sizeof *theta);
    if (!s->target) return true;
    if (s->target->held == STATS_HOLD_ONSET)
        return stats_onset_place(s->target->onset, s->held, theta, chain);
    if (s->target->held == STATS_HOLD_S2) {
        theta[SOFT_S1] = s->held - exp(theta[SOFT_LN_D]);
        if (chain) {
            memset(chain, 0, SOFT_P * sizeof *chain);
            chain[SOFT_LN_D] = -exp(theta[SOFT_LN_D]);
        }
    }
    return true;
}

/* The parameter that a held quantity replaces. */
static size_t exchanged(const stats_target *target) {
    switch (target->held) {
    case STATS_HOLD_ONSET:
        return target->onset->reference == STATS_REF_ABS ? SOFT_ALPHA : SOFT_PSI;
    case STATS_HOLD_PSI:
        return SOFT_PSI;
    case STATS_HOLD_LN_W:
        return SOFT_LN_W;
    case STATS_HOLD_S1:
    case STATS_HOLD_S2:
        break;
    }
    return SOFT_S1;
}

static bool chained(const stats_soft_solver *s) {
    return s->target && (s->target->held == STATS_HOLD_ONSET || s->target->held == STATS_HOLD_S2);
}

static void residual(void *context, const double *given, double *r) {
    const stats_soft_solver *s = context;
    double theta[SOFT_P];
    bool ok = natural(s, given, theta, NULL);
    for (size_t i = 0; i < s->data.n; i++)
        r[i] = ok ? stats_soft_eval(theta, s->data.x[i], NULL) - s->y[i] : NAN;
    stats_whiten(&s->data, r);
    double limit =
        s->data.huber; /* a loss is a square of its root: beyond the limit the root grows like sqrt(r) */
    for (size_t i = 0; limit > 0 && i < s->data.n; i++)
        r[i] = copysign(sqrt(stats_huber_square(r[i], limit)), r[i]);
}

/* d root / d r = clip(r) / root, 1 within the limit. */
static void robust_rows(const stats_soft_solver *s, const double *theta, double *j) {
    double limit = s->data.huber;
    for (size_t i = 0; i < s->data.n; i++) {
        double unit = s->data.weight ? sqrt(s->data.weight[i]) : 1;
        double r = unit * (stats_soft_eval(theta, s->data.x[i], NULL) - s->y[i]);
        if (fabs(r) <= limit) continue;
        double slope = limit / sqrt(stats_huber_square(r, limit));
        for (size_t k = 0; k < SOFT_P; k++) j[i * SOFT_P + k] *= slope;
    }
}

static void jacobian(void *context, const double *given, double *j) {
    const stats_soft_solver *s = context;
    size_t n = s->data.n;
    double theta[SOFT_P], chain[SOFT_P];
    bool ok = natural(s, given, theta, chain);
    for (size_t i = 0; i < n; i++) {
        double *row = j + i * SOFT_P;
        stats_soft_eval(theta, s->data.x[i], row);
        if (!ok) memset(row, 0, SOFT_P * sizeof *row);
        if (!chained(s)) continue;
        double through = row[exchanged(s->target)];
        for (size_t k = 0; k < SOFT_P; k++) row[k] += through * chain[k];
    }
    for (size_t k = 0; k < SOFT_P && (s->data.lower || s->data.weight); k++) {
        for (size_t i = 0; i < n; i++) s->column[i] = j[i * SOFT_P + k];
        stats_whiten(&s->data, s->column);
        for (size_t i = 0; i < n; i++) j[i * SOFT_P + k] = s->column[i];
    }
    if (s->data.huber > 0) robust_rows(s, theta, j);
}

static ropelaw_status descend(stats_soft_solver *s, const double *lo, const double *hi, double *theta,
                              num_nls_report *report) {
    num_nls_problem problem = {.n = s->data.n,
                               .p = SOFT_P,
                               .residual = residual,
                               .jacobian = jacobian,
                               .context = s,
                               .lo = lo,
                               .hi = hi};
    num_nls_options options = num_nls_options_default;
    options.max_iterations = 100;
    options.xtol = 1e-10;
    options.lm_only = s->target != NULL;
    return num_nls_fit(s->nls, &problem, &options, theta, report, NULL);
}

static bool hinge_start(stats_soft_solver *s, stats_start *start) {
    stats_hinge h;
    stats_huber_hinge robust;
    stats_data data = s->data;
    data.y = s->y;
    stats_hinge_solve(s->hinge, s->y, s->scratch, &h);
    if (s->data.huber > 0 && !stats_huber_hinge_fit(&data, &robust, NULL)) h = robust.hinge;
    double d = h.slope_right - h.slope_left;
    if (!(d > 0)) return false;
    const double theta[] = {h.alpha, h.slope_left, log(d), h.psi, log(stats_step(&s->data) / 10)};
    memcpy(start->theta, theta, sizeof theta);
    start->rss = h.rss;
    return true;
}

/* No bend upwards anywhere: a line with the smallest rise allowed. */
static void line_start(const stats_soft_solver *s, stats_start *start) {
    double mean = 0, x = 0, sxy = 0, sxx = 0;
    size_t n = s->data.n;
    for (size_t i = 0; i < n; i++) {
        mean += s->y[i] / (double)n;
        x += s->data.x[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        sxy += (s->data.x[i] - x) * (s->y[i] - mean);
        sxx += (s->data.x[i] - x) * (s->data.x[i] - x);
    }
    const double theta[] = {mean, sxy / sxx, log(1e-2), x, log(stats_step(&s->data))};
    memcpy(start->theta, theta, sizeof theta);
}

ropelaw_status stats_soft_solver_fit(stats_soft_solver *s, const double *y, stats_soft *fit) {
    stats_start starts[4];
    s->y = y;
    s->target = NULL;
    size_t count = stats_soft_starts(s->plan, y, 2, s->scratch, starts);
    count += hinge_start(s, &starts[count]);
    if (!count) line_start(s, &starts[count++]);
    stats_soft best = {.rss = INFINITY};
    for (size_t k = 0; k < count; k++) {
        num_nls_report report;
        ropelaw_status status = descend(s, s->lo, s->hi, starts[k].theta, &report);
        if (status == ROPELAW_NOMEM) return status;
        if (status || !(report.rss < best.rss)) continue;
        best = (stats_soft){
            .rss = report.rss, .at_bound = (uint32_t)report.at_bound, .converged = report.converged};
        memcpy(best.theta, starts[k].theta, sizeof best.theta);
    }
    if (!isfinite(best.rss)) return ROPELAW_NOCONV;
    s->best_rss = best.rss;
    memcpy(s->best, best.theta, sizeof s->best);
    *fit = best;
    return ROPELAW_OK;
}

double stats_target_value(const stats_target *target, const double *theta, double *g) {
    if (target->held == STATS_HOLD_ONSET) return stats_onset_find(target->onset, theta, g);
    size_t k = exchanged(target);
    double d = exp(theta[SOFT_LN_D]);
    if (g) {
        memset(g, 0, SOFT_P * sizeof *g);
        g[k] = 1;
        if (target->held == STATS_HOLD_S2) g[SOFT_LN_D] = d;
    }
    return theta[k] + (target->held == STATS_HOLD_S2 ? d : 0);
}

/* Starts for an onset above the line: with the distance between break and onset and the width given, d follows from
   d = c/(w sp(distance/w)), and only [1, x] is left to fit. */
static bool onset_start(stats_soft_solver *s, double x0, double *theta) {
    enum { N_DISTANCE = 10, N_WIDTH = 5 };
    size_t n = s->data.n;
    double best = INFINITY, c = s->target->onset->excess, step = stats_step(&s->data);
    for (int i = 0; i < N_DISTANCE; i++)
        for (int k = 0; k < N_WIDTH; k++) {
            double w = step * 0.1 * pow(12, k / (double)(N_WIDTH - 1)), distance = step * (-0.5 + 0.35 * i);
            double d = c / (w * stats_softplus(distance / w)), psi = x0 - distance, coefficient[2];
            if (!(d > 1e-3 && d < 50)) continue;
            double *v = s->scratch + 2 * n;
            for (size_t m = 0; m < n; m++) {
                double t = s->data.x[m] - psi;
                s->scratch[m] = 1;
                s->scratch[n + m] = t;
                v[m] = s->y[m] - d * w * stats_softplus(t / w);
            }
            double rss = stats_linear(&s->data, 2, s->scratch, v, coefficient);
            if (!(rss < best)) continue;
            best = rss;
            const double found[] = {coefficient[0], coefficient[1], log(d), psi, log(w)};
            memcpy(theta, found, sizeof found);
        }
    return isfinite(best);
}

/* The best descent from several starts with a quantity held. */
static double held_minimum(stats_soft_solver *s, const stats_target *target, double value,
                           double (*starts)[SOFT_P], size_t n_starts, double *theta) {
    double lo[SOFT_P], hi[SOFT_P], best = INFINITY, answer[SOFT_P] = {0};
    size_t k = exchanged(target);
    memcpy(lo, s->lo, sizeof lo);
    memcpy(hi, s->hi, sizeof hi);
    lo[SOFT_PSI] = s->data.x[0] - 1;
    hi[SOFT_PSI] = s->data.x[s->data.n - 1] + 2;
    s->target = target;
    s->held = value;
    bool fixed_slot = target->held == STATS_HOLD_ONSET || target->held == STATS_HOLD_S2;
    lo[k] = hi[k] = fixed_slot ? 0 : value;
    for (size_t i = 0; i < n_starts; i++) {
        num_nls_report report;
        double full[SOFT_P];
        if (i == 1 && !memcmp(starts[0], starts[1], sizeof starts[0])) continue;
        if (descend(s, lo, hi, starts[i], &report) || !(report.rss < best)) continue;
        if (!natural(s, starts[i], full, NULL)) continue;
        best = report.rss;
        memcpy(answer, full, sizeof answer);
    }
    s->target = NULL;
    if (isfinite(best)) memcpy(theta, answer, sizeof answer);
    return best;
}

double stats_soft_solver_profile(stats_soft_solver *s, const stats_target *target, double value,
                                 double *theta) {
    double starts[3][SOFT_P];
    size_t n_starts = 2;
    memcpy(starts[0], theta, sizeof starts[0]);
    memcpy(starts[1], s->best, sizeof starts[1]);
    s->target = target;
    if (target->held == STATS_HOLD_ONSET && target->onset->reference == STATS_REF_LINE)
        n_starts += onset_start(s, value, starts[2]);
    return held_minimum(s, target, value, starts, n_starts, theta);
}

double stats_soft_solver_refine(stats_soft_solver *s, const stats_target *target, double value,
                                double *theta) {
    double start[1][SOFT_P];
    memcpy(start[0], theta, sizeof start[0]);
    return held_minimum(s, target, value, start, 1, theta);
}

typedef struct {
    stats_soft_solver *solver;
    const stats_target *target;
    double theta[SOFT_P];
    double cut, lowest;
} walk;

static double above_cut(double value, void *context) {
    walk *w = context;
    double rss = stats_soft_solver_profile(w->solver, w->target, value, w->theta);
    w->lowest = fmin(w->lowest, rss);
    return fmin(rss, 1e300) - w->cut;
}

/* Walk from the estimate until the profile exceeds the cut, then find the crossing. */
static double end_of(walk *w, double from, double limit, double step) {
    double inside = from, sign = limit > from ? 1 : -1;
    for (int i = 0; i < 60; i++) {
        double at = inside + sign * step;
        bool last = sign * (at - limit) >= 0;
        if (last) at = limit;
        double start[SOFT_P];
        memcpy(start, w->theta, sizeof start);
        if (above_cut(at, w) > 0) {
            double root = at;
            memcpy(w->theta, start, sizeof start);
            if (num_root(above_cut, w, (num_interval){inside, at, 1e-6}, &root)) root = at;
            return root;
        }
        if (last) break;
        inside = at;
        step *= 1.6;
    }
    return sign * INFINITY;
}

void stats_soft_solver_interval(stats_soft_solver *s, const stats_soft *fit, const stats_target *target,
                                const double limits[2], double rise, stats_profile_interval *interval) {
    double estimate = stats_target_value(target, fit->theta, NULL);
    stats_data data = s->data;
    data.y = s->y;
    double se = stats_soft_se(&data, fit, target), span = limits[1] - limits[0];
    double step = isfinite(se) && se > 0 ? fmin(fmax(se, 1e-4 * span), span / 8) : span / 20;
    *interval = (stats_profile_interval){-INFINITY, INFINITY, false};
    double base = fit->rss;
    for (int round = 0; round < 3; round++) {
        walk w = {.solver = s, .target = target, .lowest = INFINITY};
        w.cut = base + (s->data.sigma > 0 || !(fit->rss > 0) ? rise : rise * base / fit->rss);
        double from = fmin(fmax(estimate, limits[0]), limits[1]);
        memcpy(w.theta, fit->theta, sizeof w.theta);
        interval->lo = end_of(&w, from, limits[0], step);
        memcpy(w.theta, fit->theta, sizeof w.theta);
        interval->hi = end_of(&w, from, limits[1], step);
        if (w.lowest >= base * (1 - 1e-4) - 1e-300) break;
        /* the held problem has wider bounds than the fit: what it found counts as the minimum */
        interval->lower_fit = true;
        base = w.lowest;
    }
}
