#include "stats/family.h"
#include "num/nls.h"
#include <math.h>
#include <string.h>

const stats_family *const stats_families[] = {&stats_family_const,
                                              &stats_family_line,
                                              &stats_family_quad,
                                              &stats_family_plateau_hinge,
                                              &stats_family_hinge,
                                              &stats_family_plateau_power,
                                              &stats_family_soft,
                                              &stats_family_bnsl1,
                                              &stats_family_bnsl2,
                                              &stats_family_saturating,
                                              &stats_family_hinge2,
                                              &stats_family_iso,
                                              NULL};

size_t ropelaw_family_count(void) {
    return CORE_COUNT(stats_families) - 1;
}

const ropelaw_family *ropelaw_family_at(size_t index) {
    return index < ropelaw_family_count() ? &stats_families[index]->info : NULL;
}

const ropelaw_family *ropelaw_family_find(const char *name) {
    for (size_t i = 0; name && stats_families[i]; i++)
        if (!strcmp(stats_families[i]->info.name, name)) return &stats_families[i]->info;
    return NULL;
}

ropelaw_status ropelaw_family_eval(const ropelaw_family *family, const double *theta, double x, double *y,
                                   double *gradient, ropelaw_error *error) {
    if (!family || !theta || !y)
        return core_fail(error, ROPELAW_INVALID, "family", "", "not NULL",
                         "family, theta and y must not be NULL");
    const stats_family *f = (const stats_family *)(const void *)family;
    if (!f->eval)
        return core_fail(error, ROPELAW_UNSUPPORTED, "family", family->name, "", "%s has no formula",
                         family->name);
    for (size_t k = 0; k < family->n_parameters; k++)
        if (!isfinite(theta[k]))
            return core_fail_number(error, ROPELAW_DOMAIN, family->parameters[k], theta[k], "finite");
    if (!isfinite(x)) return core_fail_number(error, ROPELAW_DOMAIN, "x", x, "finite");
    *y = f->eval(theta, x, gradient);
    return ROPELAW_OK;
}

double stats_softplus(double u) {
    return u > 0 ? u + log1p(exp(-u)) : log1p(exp(u));
}

double stats_sigmoid(double u) {
    if (u >= 0) return 1 / (1 + exp(-u));
    double e = exp(u);
    return e / (1 + e);
}

double stats_smallest(const stats_data *data) {
    double y = data->y[0];
    for (size_t i = 1; i < data->n; i++) y = fmin(y, data->y[i]);
    return y;
}

double stats_largest(const stats_data *data) {
    double y = data->y[0];
    for (size_t i = 1; i < data->n; i++) y = fmax(y, data->y[i]);
    return y;
}

size_t stats_keep(stats_start *starts, size_t count, size_t most, const stats_start *start) {
    if (!isfinite(start->rss) || (count == most && start->rss >= starts[count - 1].rss)) return count;
    size_t at = count < most ? count : most - 1;
    while (at > 0 && starts[at - 1].rss > start->rss) {
        starts[at] = starts[at - 1];
        at--;
    }
    starts[at] = *start;
    return count < most ? count + 1 : count;
}

/* Gram-Schmidt that keeps the triangular factor: p is at most 4 and n small, so BLAS would cost more than it gives. */
double stats_linear(const stats_data *data, size_t p, double *columns, double *y, double *coefficients) {
    enum { MOST = 6 };
    size_t n = data->n;
    double r[MOST][MOST] = {{0}}, c[MOST];
    stats_whiten(data, y);
    for (size_t j = 0; j < p; j++) {
        double *v = columns + j * n, norm = 0, before = 0;
        stats_whiten(data, v);
        for (size_t i = 0; i < n; i++) before += v[i] * v[i];
        for (size_t k = 0; k < j; k++) {
            const double *q = columns + k * n;
            double u = 0;
            for (size_t i = 0; i < n; i++) u += q[i] * v[i];
            for (size_t i = 0; i < n; i++) v[i] -= u * q[i];
            r[k][j] = u;
        }
        for (size_t i = 0; i < n; i++) norm += v[i] * v[i];
        if (!(norm > 1e-24 * before)) return INFINITY;
        r[j][j] = norm = sqrt(norm);
        c[j] = 0;
        for (size_t i = 0; i < n; i++) c[j] += (v[i] /= norm) * y[i];
        for (size_t i = 0; i < n; i++) y[i] -= c[j] * v[i];
    }
    double rss = 0;
    for (size_t i = 0; i < n; i++) rss += y[i] * y[i];
    for (size_t j = p; j-- > 0;) {
        for (size_t k = j + 1; k < p; k++) c[j] -= r[j][k] * coefficients[k];
        coefficients[j] = c[j] / r[j][j];
    }
    return rss;
}

typedef struct {
    const stats_family *family;
    const stats_data *data;
    double *column; /* [n], for whitening by a covariance */
} problem_context;

static void residual(void *context, const double *theta, double *r) {
    const problem_context *c = context;
    for (size_t i = 0; i < c->data->n; i++)
        r[i] = c->family->eval(theta, c->data->x[i], NULL) - c->data->y[i];
    stats_whiten(c->data, r);
}

static void jacobian(void *context, const double *theta, double *j) {
    const problem_context *c = context;
    size_t n = c->data->n, p = c->family->info.n_parameters;
    for (size_t i = 0; i < n; i++) c->family->eval(theta, c->data->x[i], j + i * p);
    if (!c->data->lower && !c->data->weight) return;
    for (size_t k = 0; k < p; k++) {
        for (size_t i = 0; i < n; i++) c->column[i] = j[i * p + k];
        stats_whiten(c->data, c->column);
        for (size_t i = 0; i < n; i++) j[i * p + k] = c->column[i];
    }
}

static void accept(const num_nls_report *report, const double *theta, size_t p, ropelaw_family_fit *fit) {
    memcpy(fit->theta, theta, p * sizeof *theta);
    fit->rss = report->rss;
    fit->at_bound = (uint32_t)report->at_bound;
    fit->converged = report->converged;
    fit->caveats = report->at_bound ? ROPELAW_CAVEAT_AT_EDGE : 0;
    if (!report->converged) fit->caveats |= ROPELAW_CAVEAT_ILL_CONDITIONED;
}

static ropelaw_status refine(const stats_family *family, const stats_data *data, stats_start *starts,
                             size_t n_starts, ropelaw_family_fit *fit) {
    size_t p = family->info.n_parameters;
    double lo[STATS_P], hi[STATS_P];
    family->bounds(data, lo, hi);
    num_nls_work *work = num_nls_create(data->n, p);
    double *column = core_malloc(data->n, sizeof(double));
    problem_context context = {family, data, column};
    num_nls_problem problem = {.n = data->n,
                               .p = p,
                               .residual = residual,
                               .jacobian = jacobian,
                               .context = &context,
                               .lo = lo,
                               .hi = hi};
    ropelaw_status status = work && column ? ROPELAW_OK : ROPELAW_NOMEM;
    *fit = (ropelaw_family_fit){.rss = INFINITY};
    for (size_t s = 0; s < n_starts && !status; s++) {
        num_nls_report report;
        ropelaw_error ignored; /* a start outside the model's domain is only a start less */
        status = num_nls_fit(work, &problem, &num_nls_options_default, starts[s].theta, &report, &ignored);
        if (!status && report.rss < fit->rss) accept(&report, starts[s].theta, p, fit);
        if (status == ROPELAW_DOMAIN) status = ROPELAW_OK;
    }
    num_nls_destroy(work);
    core_free(column);
    return status;
}

ropelaw_status stats_family_solve(const stats_family *family, const stats_data *data, ropelaw_family_fit *fit,
                                  double *fitted, ropelaw_error *error) {
    if (family->solve) return family->solve(data, fit, fitted, error);
    stats_start starts[STATS_MOST_STARTS];
    size_t n_starts = family->start(data, starts);
    ropelaw_status status = refine(family, data, starts, n_starts, fit);
    if (status) return core_fail_memory(error, data->n, sizeof(double));
    if (!isfinite(fit->rss))
        return core_fail(error, ROPELAW_NOCONV, "family", family->info.name, "", "no start for %s",
                         family->info.name);
    for (size_t i = 0; fitted && i < data->n; i++) fitted[i] = family->eval(fit->theta, data->x[i], NULL);
    return ROPELAW_OK;
}

static ropelaw_status check_points(const ropelaw_points *points, ropelaw_error *error) {
    for (size_t i = 0; i < points->n; i++) {
        if (!isfinite(points->x[i]))
            return core_fail_number(error, ROPELAW_DOMAIN, "x", points->x[i], "finite");
        if (!isfinite(points->y[i]))
            return core_fail_number(error, ROPELAW_DOMAIN, "y", points->y[i], "finite");
        if (points->weight && !(points->weight[i] > 0 && isfinite(points->weight[i])))
            return core_fail_number(error, ROPELAW_DOMAIN, "weight", points->weight[i], "finite and > 0");
        if (i && points->x[i] < points->x[i - 1])
            return core_fail(error, ROPELAW_INVALID, "x", "", "ascending", "x must ascend; x[%zu] does not",
                             i);
    }
    return ROPELAW_OK;
}

ropelaw_status ropelaw_family_fit_eval(const ropelaw_family *family, const ropelaw_points *points,
                                       ropelaw_family_fit *fit, double *fitted, ropelaw_error *error) {
    if (!family || !points || !fit || (points->n && (!points->x || !points->y)))
        return core_fail(error, ROPELAW_INVALID, "points", "", "not NULL",
                         "family, points and fit must not be NULL");
    ropelaw_status status = check_points(points, error);
    if (status) return status;
    stats_data data = {.n = points->n, .x = points->x, .y = points->y, .weight = points->weight};
    size_t m = stats_count_distinct(&data);
    if (m < family->min_points)
        return core_fail(error, ROPELAW_SHAPE, "points", "", "",
                         "%s needs %zu different lengths, here are %zu", family->name, family->min_points, m);
    ropelaw_family_fit answer;
    memset(&answer, 0, sizeof answer);
    status = stats_family_solve((const stats_family *)(const void *)family, &data, &answer, fitted, error);
    if (!status) *fit = answer;
    return status;
}
