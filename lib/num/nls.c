/* GSL's Levenberg-Marquardt, guarded.

   What GSL 2.7 does unguarded, and what stands against it here:
   - a trial step whose residuals are nan is accepted (the rejection test compares with <): non-finite
   residuals are replaced by 1e100;
   - its gradient test is absolute (gtol * max(phi, 1)), so that a small loss scale ends the iteration early
   with success: residuals are divided by their scale, gtol is 0, and the gradient is judged here, relative to
   |J_k||r|;
   - a zero or dependent column (a parameter run off to where the model is flat) counts as convergence: the
   rank is judged here, and the start is tried again with geodesic acceleration;
   - bounds do not exist: a step across one is cut there and the parameter fixed (active set); it is released
   when the gradient points inwards;
   - wrong sizes raise through the process-wide error handler: they are refused before GSL sees them. */
#include "num/nls.h"
#include <float.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <string.h>

enum { LM, LMACCEL, N_METHODS };
static const char *const method_names[N_METHODS] = {"lm", "lmaccel"};
static const double huge_residual = 1e100;

const num_nls_options num_nls_options_default = {.max_iterations = 400, .xtol = 1e-12, .lm_only = false};

struct num_nls_work {
    size_t n, p;
    gsl_multifit_nlinear_workspace
        *gsl[N_METHODS][NUM_NLS_MOST_PARAMETERS + 1]; /* by number of free parameters */
    double *theta, *before, *r, *j, *q;
    size_t free_index[NUM_NLS_MOST_PARAMETERS];
    size_t n_free;
    const num_nls_problem *problem;
    double scale;
};

num_nls_work *num_nls_create(size_t n, size_t p) {
    if (!p || p > NUM_NLS_MOST_PARAMETERS) return NULL;
    num_nls_work *work = core_calloc(1, sizeof *work);
    if (!work) return NULL;
    work->n = n;
    work->p = p;
    work->theta = core_malloc(p, sizeof(double));
    work->before = core_malloc(p, sizeof(double));
    work->r = core_malloc(n, sizeof(double));
    work->j = core_malloc(n * p, sizeof(double));
    work->q = core_malloc(n * p, sizeof(double));
    if (work->theta && work->before && work->r && work->j && work->q) return work;
    num_nls_destroy(work);
    return NULL;
}

void num_nls_destroy(num_nls_work *work) {
    if (!work) return;
    for (size_t m = 0; m < N_METHODS; m++)
        for (size_t k = 0; k <= NUM_NLS_MOST_PARAMETERS; k++)
            if (work->gsl[m][k]) gsl_multifit_nlinear_free(work->gsl[m][k]);
    core_free(work->theta);
    core_free(work->before);
    core_free(work->r);
    core_free(work->j);
    core_free(work->q);
    core_free(work);
}

/* GSL's allocator raises when memory ends; ask for the same amount first. */
static gsl_multifit_nlinear_workspace *workspace(num_nls_work *work, size_t method) {
    gsl_multifit_nlinear_workspace **slot = &work->gsl[method][work->n_free];
    if (*slot) return *slot;
    void *probe = core_malloc(3 * work->n * work->n_free + 8 * work->n + 4096, sizeof(double));
    if (!probe) return NULL;
    core_free(probe);
    gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
    parameters.trs = method == LM ? gsl_multifit_nlinear_trs_lm : gsl_multifit_nlinear_trs_lmaccel;
    parameters.scale = gsl_multifit_nlinear_scale_more;
    parameters.solver = gsl_multifit_nlinear_solver_qr;
    return *slot = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, work->n, work->n_free);
}

static void expand(num_nls_work *work, const gsl_vector *x) {
    for (size_t k = 0; k < work->n_free; k++) work->theta[work->free_index[k]] = gsl_vector_get(x, k);
}

static double finite_residual(double r) {
    return isfinite(r) && fabs(r) < huge_residual ? r : huge_residual;
}

static int evaluate(const gsl_vector *x, void *argument, gsl_vector *f) {
    num_nls_work *work = argument;
    expand(work, x);
    work->problem->residual(work->problem->context, work->theta, work->r);
    for (size_t i = 0; i < work->n; i++) f->data[i * f->stride] = finite_residual(work->r[i] / work->scale);
    return GSL_SUCCESS;
}

static int differentiate(const gsl_vector *x, void *argument, gsl_matrix *j) {
    num_nls_work *work = argument;
    expand(work, x);
    work->problem->jacobian(work->problem->context, work->theta, work->j);
    for (size_t i = 0; i < work->n; i++)
        for (size_t k = 0; k < work->n_free; k++) {
            double d = work->j[i * work->p + work->free_index[k]] / work->scale;
            j->data[i * j->tda + k] = isfinite(d) ? d : 0;
        }
    return GSL_SUCCESS;
}

static double bound_lo(const num_nls_problem *problem, size_t k) {
    return problem->lo ? problem->lo[k] : -INFINITY;
}

static double bound_hi(const num_nls_problem *problem, size_t k) {
    return problem->hi ? problem->hi[k] : INFINITY;
}

/* Cut the step from `before` to `theta` where it first meets a bound and fix that parameter. */
static bool cut_at_bound(num_nls_work *work, const double *before, double *theta) {
    double shortest = 1;
    size_t hit = SIZE_MAX;
    for (size_t k = 0; k < work->n_free; k++) {
        size_t i = work->free_index[k];
        double lo = bound_lo(work->problem, i), hi = bound_hi(work->problem, i);
        double edge = theta[i] < lo ? lo : theta[i] > hi ? hi : NAN;
        if (isnan(edge)) continue;
        double fraction = (edge - before[i]) / (theta[i] - before[i]);
        if (hit != SIZE_MAX && fraction >= shortest) continue;
        shortest = fraction;
        hit = k;
    }
    if (hit == SIZE_MAX) return false;
    size_t fixed = work->free_index[hit];
    double edge = theta[fixed] < bound_lo(work->problem, fixed) ? bound_lo(work->problem, fixed)
                                                                : bound_hi(work->problem, fixed);
    for (size_t i = 0; i < work->p; i++) theta[i] = before[i] + shortest * (theta[i] - before[i]);
    theta[fixed] = edge;
    memmove(work->free_index + hit, work->free_index + hit + 1, (work->n_free - hit - 1) * sizeof(size_t));
    work->n_free--;
    return true;
}

/* One run of GSL on the free parameters, until it ends or meets a bound (true). */
static bool descend(num_nls_work *work, gsl_multifit_nlinear_workspace *gsl, const num_nls_options *options,
                    double *theta, num_nls_report *report) {
    gsl_multifit_nlinear_fdf fdf = {
        .f = evaluate, .df = differentiate, .n = work->n, .p = work->n_free, .params = work};
    double start[NUM_NLS_MOST_PARAMETERS];
    for (size_t k = 0; k < work->n_free; k++) start[k] = theta[work->free_index[k]];
    gsl_vector_const_view x = gsl_vector_const_view_array(start, work->n_free);
    memcpy(work->theta, theta, work->p * sizeof *theta);
    gsl_multifit_nlinear_init(&x.vector, &fdf, gsl);
    report->ending = NUM_NLS_MAXITER;
    for (size_t i = 0; i < options->max_iterations; i++) {
        report->iterations++;
        memcpy(work->before, theta, work->p * sizeof *theta);
        bool stalled = gsl_multifit_nlinear_iterate(gsl) != GSL_SUCCESS;
        for (size_t k = 0; k < work->n_free; k++) theta[work->free_index[k]] = gsl_vector_get(gsl->x, k);
        if (cut_at_bound(work, work->before, theta)) return true;
        if (stalled) {
            report->ending = NUM_NLS_STALLED;
            break;
        }
        int info = 0;
        if (gsl_multifit_nlinear_test(options->xtol, 0, 0, &info, gsl) == GSL_SUCCESS) {
            report->ending = NUM_NLS_XTOL;
            break;
        }
    }
    return false;
}

static double dot(size_t n, const double *a, const double *b) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Residuals and Jacobian at theta into work->r (scaled) and work->q (free columns, by columns). */
static double linearise(num_nls_work *work, const double *theta, double *norms) {
    const num_nls_problem *problem = work->problem;
    problem->residual(problem->context, theta, work->r);
    problem->jacobian(problem->context, theta, work->j);
    for (size_t i = 0; i < work->n; i++) work->r[i] = finite_residual(work->r[i] / work->scale);
    for (size_t k = 0; k < work->n_free; k++) {
        double *column = work->q + k * work->n;
        for (size_t i = 0; i < work->n; i++) {
            double d = work->j[i * work->p + work->free_index[k]] / work->scale;
            column[i] = isfinite(d) ? d : 0;
        }
        norms[k] = sqrt(dot(work->n, column, column));
        if (norms[k] > 0)
            for (size_t i = 0; i < work->n; i++) column[i] /= norms[k];
    }
    return sqrt(dot(work->n, work->r, work->r));
}

/* Pivoted modified Gram-Schmidt on the unit columns in work->q: rank, and the coefficient of r on each
   direction, from which the Gauss-Newton step follows. Returns whether every component of that step is below
   1e-9. */
static size_t orthogonalise(num_nls_work *work, const double *norms, const double *theta, bool *settled) {
    size_t p = work->n_free, order[NUM_NLS_MOST_PARAMETERS], rank = 0;
    double upper[NUM_NLS_MOST_PARAMETERS][NUM_NLS_MOST_PARAMETERS], c[NUM_NLS_MOST_PARAMETERS];
    double *column[NUM_NLS_MOST_PARAMETERS];
    for (size_t k = 0; k < p; k++) {
        order[k] = k;
        column[k] = work->q + k * work->n;
    }
    for (; rank < p; rank++) {
        size_t best = rank;
        double largest = -1;
        for (size_t k = rank; k < p; k++) {
            double size = dot(work->n, column[order[k]], column[order[k]]);
            if (size > largest) {
                largest = size;
                best = k;
            }
        }
        if (!(sqrt(largest) > 10 * (double)work->n * DBL_EPSILON)) break;
        size_t swap = order[rank];
        order[rank] = order[best];
        order[best] = swap;
        for (size_t i = 0; i < rank && best != rank; i++) {
            double u = upper[i][rank];
            upper[i][rank] = upper[i][best];
            upper[i][best] = u;
        }
        double *q = column[order[rank]], norm = sqrt(largest);
        upper[rank][rank] = norm;
        for (size_t i = 0; i < work->n; i++) q[i] /= norm;
        c[rank] = dot(work->n, q, work->r);
        for (size_t k = rank + 1; k < p; k++) {
            double *v = column[order[k]], u = dot(work->n, q, v);
            upper[rank][k] = u;
            for (size_t i = 0; i < work->n; i++) v[i] -= u * q[i];
        }
    }
    *settled = rank == p;
    for (size_t k = rank; k-- > 0;) {
        for (size_t l = k + 1; l < rank; l++) c[k] -= upper[k][l] * c[l];
        c[k] /= upper[k][k];
        double value = theta[work->free_index[order[k]]];
        if (fabs(c[k] / norms[order[k]]) > 1e-9 * (fabs(value) + 1e-9)) *settled = false;
    }
    return rank;
}

/* Judge the answer from scratch. */
static void examine(num_nls_work *work, const double *theta, num_nls_report *report) {
    double norms[NUM_NLS_MOST_PARAMETERS], length = linearise(work, theta, norms);
    report->rss = length * length * work->scale * work->scale;
    report->gradient_cos = 0;
    bool settled = true;
    for (size_t k = 0; k < work->n_free && length > 0; k++)
        report->gradient_cos =
            fmax(report->gradient_cos, fabs(dot(work->n, work->q + k * work->n, work->r)) / length);
    report->rank = orthogonalise(work, norms, theta, &settled);
    report->converged = report->rank == work->n_free && (report->gradient_cos <= 1e-6 || settled);
}

static bool is_free(const num_nls_work *work, size_t parameter) {
    for (size_t k = 0; k < work->n_free; k++)
        if (work->free_index[k] == parameter) return true;
    return false;
}

/* A fixed parameter whose gradient points into the box goes free again, once. */
static bool release(num_nls_work *work, const double *theta, uint64_t *released) {
    const num_nls_problem *problem = work->problem;
    if (work->n_free == work->p) return false;
    problem->residual(problem->context, theta, work->r);
    problem->jacobian(problem->context, theta, work->j);
    double length = sqrt(dot(work->n, work->r, work->r));
    for (size_t k = 0; k < work->p; k++) {
        if (is_free(work, k) || *released >> k & 1 || bound_lo(problem, k) == bound_hi(problem, k)) continue;
        double g = 0, norm = 0;
        for (size_t i = 0; i < work->n; i++) {
            double d = work->j[i * work->p + k];
            g += d * work->r[i];
            norm += d * d;
        }
        double inwards = theta[k] <= bound_lo(problem, k) ? -g : g;
        if (!(inwards > 1e-9 * sqrt(norm) * length)) continue;
        *released |= (uint64_t)1 << k;
        work->free_index[work->n_free++] = k;
        return true;
    }
    return false;
}

static ropelaw_status attempt(num_nls_work *work, size_t method, const num_nls_options *options,
                              double *theta, num_nls_report *report) {
    uint64_t released = 0;
    work->n_free = 0;
    for (size_t k = 0; k < work->p; k++)
        if (bound_lo(work->problem, k) < bound_hi(work->problem, k)) work->free_index[work->n_free++] = k;
    report->method = method_names[method];
    for (size_t round = 0; round < 4 * work->p + 4; round++) {
        if (work->n_free) {
            gsl_multifit_nlinear_workspace *gsl = workspace(work, method);
            if (!gsl) return ROPELAW_NOMEM;
            if (descend(work, gsl, options, theta, report)) continue;
        }
        if (!release(work, theta, &released)) break;
    }
    examine(work, theta, report);
    report->at_bound = 0;
    for (size_t k = 0; k < work->p; k++)
        if (theta[k] <= bound_lo(work->problem, k) || theta[k] >= bound_hi(work->problem, k))
            report->at_bound |= (uint64_t)1 << k;
    return ROPELAW_OK;
}

static ropelaw_status check_start(num_nls_work *work, const num_nls_problem *problem, double *theta,
                                  ropelaw_error *error) {
    if (problem->n != work->n || problem->p != work->p || problem->n < problem->p || !problem->n)
        return core_fail(error, ROPELAW_SHAPE, "points", "", "at least one per parameter",
                         "%zu residuals for %zu parameters (memory for %zu and %zu)", problem->n, problem->p,
                         work->n, work->p);
    double sum = 0;
    for (size_t k = 0; k < problem->p; k++) {
        if (!isfinite(theta[k])) return core_fail_number(error, ROPELAW_DOMAIN, "start", theta[k], "finite");
        theta[k] = fmin(fmax(theta[k], bound_lo(problem, k)), bound_hi(problem, k));
    }
    problem->residual(problem->context, theta, work->r);
    for (size_t i = 0; i < problem->n; i++) sum += work->r[i] * work->r[i];
    if (!isfinite(sum))
        return core_fail_number(error, ROPELAW_DOMAIN, "residuals at the start", sum, "finite");
    work->problem = problem;
    work->scale = problem->scale > 0 ? problem->scale : sqrt(sum / (double)problem->n);
    if (!(work->scale > 0)) work->scale = 1;
    return ROPELAW_OK;
}

static bool better(const num_nls_report *a, const num_nls_report *b) {
    if (a->converged != b->converged && fabs(a->rss - b->rss) <= 1e-6 * fmin(a->rss, b->rss))
        return a->converged;
    return a->rss < b->rss;
}

ropelaw_status num_nls_fit(num_nls_work *work, const num_nls_problem *problem, const num_nls_options *options,
                           double *theta, num_nls_report *report, ropelaw_error *error) {
    double first[NUM_NLS_MOST_PARAMETERS], second[NUM_NLS_MOST_PARAMETERS];
    memcpy(first, theta, work->p * sizeof *theta);
    ropelaw_status status = check_start(work, problem, first, error);
    if (status) return status;
    memcpy(second, first, work->p * sizeof *first);
    num_nls_report lm = {0}, accelerated = {0};
    if (attempt(work, LM, options, first, &lm))
        return core_fail_memory(error, work->n, work->p * sizeof(double));
    bool use_second = false;
    if (!lm.converged && !options->lm_only) {
        if (attempt(work, LMACCEL, options, second, &accelerated))
            return core_fail_memory(error, work->n, work->p * sizeof(double));
        accelerated.iterations += lm.iterations;
        use_second = better(&accelerated, &lm);
    }
    memcpy(theta, use_second ? second : first, work->p * sizeof *theta);
    *report = use_second ? accelerated : lm;
    return ROPELAW_OK;
}
