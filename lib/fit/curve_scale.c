/* Four ways to know the noise: a given sigma (or covariance), the differences between documents, Huber's clipped residuals,
   the residuals themselves. Each gives the unit in which the rise of a profile is an F(1, df). */
#include "fit/curve_fit.h"
#include "num/quantile.h"
#include "stats/family.h"
#include "stats/huber.h"
#include <math.h>

enum { MISFIT_MOST = 200 };
static const double misfit_level = 0.01;

/* Clipped residuals of the curve that the estimator belongs to. */
static double huber_unit(const fit_state *s, size_t p, double *spread) {
    const stats_data *data = &s->curve.data;
    double unit = NAN, *r = core_malloc(data->n, sizeof(double));
    if (!r) return NAN;
    if (p == SOFT_P) {
        stats_soft_residuals(data, s->soft.theta, r);
    } else {
        for (size_t i = 0; i < data->n; i++)
            r[i] = data->y[i] - stats_family_hinge.eval(s->hinge.theta, data->x[i], NULL);
        stats_whiten(data, r);
    }
    unit = stats_huber_unit(r, data->n, p, data->huber, spread);
    core_free(r);
    return unit;
}

fit_scale fit_scale_of(const fit_state *s, const fit_estimator *e) {
    const stats_data *data = &s->curve.data;
    double df = (double)data->n - (double)e->p, own = df > 0 ? e->rss / df : INFINITY;
    if (data->sigma > 0)
        return (fit_scale){
            {data->sigma * data->sigma, 0},
            {INFINITY,                  1},
            "profile-chi2"
        };
    if (s->curve.documents.n && e->variance > 0) {
        double documents = (double)s->curve.documents.n - 1;
        bool misfit = s->fit->documents.misfit_p < misfit_level;
        /* of an infinite variance there is no influence */
        double unit = isfinite(e->variance)
                          ? fit_documents_variance(&s->curve, NULL, e->influence, NULL) / e->variance
                          : 0;
        return (fit_scale){
            {unit,      misfit ? own : 0},
            {documents, df > 0 ? df : 1 },
            "documents-F"
        };
    }
    if (data->huber > 0)
        return (fit_scale){
            {huber_unit(s, e->p, NULL), 0},
            {df,           1              },
            "Huber-F"
        };
    return (fit_scale){
        {own,             0},
        {df > 0 ? df : 1, 1},
        "profile-F"
    };
}

double fit_rise(const fit_scale *scale, double level) {
    double rise = 0;
    for (int k = 0; k < 2; k++)
        if (scale->unit[k] > 0) rise = fmax(rise, scale->unit[k] * num_f_quantile(level, 1, scale->df[k]));
    return rise;
}

double fit_se(const fit_state *s, const fit_estimator *e) {
    fit_scale scale = fit_scale_of(s, e);
    double spread = fmax(scale.unit[0], scale.unit[1]);
    if (s->curve.data.huber > 0) huber_unit(s, e->p, &spread);
    return isfinite(e->variance) && isfinite(spread) ? sqrt(e->variance * spread) : NAN;
}

/* Orthonormal columns of the fitted curve's derivatives: SOFT, below 6 lengths the hinge. */
static size_t tangent(const fit_state *s, double *columns) {
    const stats_data *data = &s->curve.data;
    size_t n = data->n, p = s->solver ? SOFT_P : s->plateau ? 3 : 4;
    for (size_t i = 0; i < n; i++) {
        double g[STATS_P], plateau[3] = {s->hinge.theta[0], s->hinge.theta[2], s->hinge.theta[3]};
        if (s->solver)
            stats_soft_eval(s->soft.theta, data->x[i], g);
        else if (s->plateau)
            stats_family_plateau_hinge.eval(plateau, data->x[i], g);
        else
            stats_family_hinge.eval(s->hinge.theta, data->x[i], g);
        for (size_t k = 0; k < p; k++) columns[k * n + i] = g[k];
    }
    for (size_t k = 0; k < p; k++) stats_whiten(data, columns + k * n);
    return stats_orthonormalise(n, p, columns);
}

/* Covariance of the residuals that the documents tell, by columns. */
static void residual_covariance(const fit_state *s, const double *basis, size_t rank, double *v, double *a) {
    const fit_documents *d = &s->curve.documents;
    size_t n = s->curve.n;
    double factor = (double)d->n / ((double)d->n - 1);
    for (size_t g = 0; g < d->n; g++) {
        for (size_t i = 0; i < n; i++) {
            double value = d->value[g * n + i];
            v[i] = isnan(value) ? 0 : (value - s->curve.y[i]) * d->share[i];
        }
        stats_whiten(&s->curve.data, v);
        stats_project_out(n, rank, basis, v);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < n; k++) a[i * n + k] += factor * v[i] * v[k];
    }
}

/* The sum of squares against its expectation E = tr A: both are quadratic forms with E^2 / tr A^2 degrees of freedom
   (Satterthwaite), the expectation from (documents - 1) of them. */
ropelaw_status fit_misfit(fit_state *s, ropelaw_error *error) {
    ropelaw_fit_documents *d = &s->fit->documents;
    size_t n = s->curve.n;
    if (!d->n || !s->has_hinge) return ROPELAW_OK;
    if (n > MISFIT_MOST) { /* not worth n^2 documents: taken for a misfit, which makes intervals longer */
        d->misfit_p = 0;
        return ROPELAW_OK;
    }
    double *a = core_calloc(n * n + 6 * n, sizeof(double));
    if (!a) return core_fail_memory(error, n * n + 6 * n, sizeof(double));
    double *basis = a + n * n, *v = basis + SOFT_P * n, trace = 0, squares = 0;
    size_t rank = tangent(s, basis);
    residual_covariance(s, basis, rank, v, a);
    for (size_t i = 0; i < n; i++) trace += a[i * n + i];
    for (size_t i = 0; i < n * n; i++) squares += a[i] * a[i];
    core_free(a);
    double rss = s->solver ? s->soft.rss : s->hinge.rss;
    if (n <= rank) return ROPELAW_OK;
    if (!(trace > 1e-12 * rss)) { /* parallel documents explain no residual at all */
        d->sigma = d->misfit_p = 0;
        return ROPELAW_OK;
    }
    double df = trace * trace / squares;
    d->sigma = sqrt(trace / (double)(n - rank));
    d->misfit_p = num_f_tail(rss / trace, df, df * ((double)d->n - 1));
    return ROPELAW_OK;
}
