/* Is there a break, when points share documents? Under a straight line the mean of every document's deviations is zero at
   each length; if they are symmetric, turning the sign of whole documents gives curves as likely as the measured one,
   whatever the correlation between lengths. The p value is the share of sign patterns whose best hinge gains as much. */
#include "fit/curve_fit.h"
#include "stats/hinge.h"
#include <math.h>
#include <ropelaw/random.h>
#include <string.h>

enum { LEAST_DOCUMENTS = 6, LEAST_DRAWS = 999 };

typedef struct {
    const stats_data *data;
    stats_hinge_plan *plan;
    double *basis, *part, *y, *v,
        *scratch; /* part [documents][n]: what a document adds to the mean's deviation */
    size_t rank, n_documents;
} flips;

/* What the best hinge gains over the line. */
static double gain(const flips *f) {
    size_t n = f->data->n;
    memcpy(f->v, f->y, n * sizeof *f->v);
    stats_whiten(f->data, f->v);
    return stats_project_out(n, f->rank, f->basis, f->v) - stats_hinge_rss(f->plan, f->y, f->scratch);
}

static void project_line(const fit_state *s, flips *f) {
    const stats_data *data = f->data;
    size_t n = data->n;
    for (size_t i = 0; i < n; i++) {
        f->basis[i] = 1;
        f->basis[n + i] = data->x[i] - data->x[0];
        f->v[i] = data->y[i];
    }
    for (size_t j = 0; j < 2; j++) stats_whiten(data, f->basis + j * n);
    f->rank = stats_orthonormalise(n, 2, f->basis);
    stats_whiten(data, f->v);
    stats_project_out(n, f->rank, f->basis, f->v);
    stats_unwhiten(data, f->v); /* residuals of the line */
    const fit_documents *d = &s->curve.documents;
    for (size_t g = 0; g < d->n; g++)
        for (size_t i = 0; i < n; i++) {
            double value = d->value[g * n + i], line = data->y[i] - f->v[i];
            f->part[g * n + i] = isnan(value) ? 0 : (value - line) * d->share[i];
        }
}

static double flip(const fit_state *s, flips *f, size_t draws) {
    size_t n = f->data->n, count = 0;
    memcpy(f->y, f->data->y, n * sizeof *f->y);
    double observed = gain(f) * (1 - 1e-12);
    for (size_t b = 0; b < draws; b++) {
        ropelaw_random random;
        ropelaw_random_init(&random, s->options->seed ^ 0xf11bULL, b);
        memset(f->y, 0, n * sizeof *f->y);
        for (size_t g = 0; g < f->n_documents; g++) {
            double sign = ropelaw_random_bits(&random) & 1 ? 1 : -1;
            for (size_t i = 0; i < n; i++) f->y[i] += sign * f->part[g * n + i];
        }
        count += gain(f) >= observed;
    }
    return (1 + (double)count) / (1 + (double)draws);
}

ropelaw_status fit_documents_test(fit_state *s, double *p, ropelaw_error *error) {
    size_t n = s->curve.n, documents = s->curve.documents.n, draws = s->options->n_existence;
    if (documents < LEAST_DOCUMENTS) return ROPELAW_OK;
    size_t affordable = ((size_t)1 << 28) / (documents * n); /* about a second */
    if (draws > affordable) draws = affordable > LEAST_DRAWS ? affordable : LEAST_DRAWS;
    flips f = {.data = &s->curve.data, .n_documents = documents};
    ropelaw_status status = stats_hinge_create(f.data, false, &f.plan, error);
    if (status) return status;
    size_t size = (4 + documents) * n + stats_hinge_scratch(f.plan);
    f.basis = core_malloc(size, sizeof(double));
    if (f.basis) {
        f.y = f.basis + 2 * n;
        f.v = f.y + n;
        f.part = f.v + n;
        f.scratch = f.part + documents * n;
        project_line(s, &f);
        *p = flip(s, &f, draws);
    } else {
        status = core_fail_memory(error, size, sizeof(double));
    }
    core_free(f.basis);
    stats_hinge_destroy(f.plan);
    return status;
}
