/* Documents as clusters. The points of a curve are means over the same documents, so that their errors are correlated in
   an unknown way; but whatever is estimated from the points is, near the estimate, a sum c'y, and c'y is the mean over
   documents of c'(values of the document). Its variance between documents therefore needs no covariance to be inverted,
   is right for any correlation and any growth of the scatter with length, and has (documents - 1) degrees of freedom,
   also where documents are fewer than lengths. A profile keeps its shape and is measured in units of that variance
   (Chandler and Bate 2007). */
#include "fit/curve_data.h"
#include <math.h>
#include <string.h>

enum { LEAST = 3 };
static const size_t most_cells = (size_t)1 << 24;

/* All points are means over documents, one a length. */
static bool usable(const ropelaw_run *run, const fit_curve *c, size_t documents) {
    if (documents < LEAST || c->binned || !c->n || documents > most_cells / c->n) return false;
    if (documents * c->n > 1000 + 16 * run->n_points) return false; /* hardly any document has two lengths */
    for (size_t i = 0; i < run->n_points; i++)
        if (run->points[i].doc == SIZE_MAX && !run->points[i].censored) return false;
    return true;
}

static void fill(const ropelaw_run *run, fit_curve *c, size_t cells, double *count) {
    size_t point = 0, n = c->n;
    for (size_t i = 0; i < run->n_points && point < n; i++) {
        const ropelaw_point *p = &run->points[i];
        while (point < n && c->x[point] < log(p->eval_len_tok)) point++;
        if (point == n || c->x[point] != log(p->eval_len_tok) || p->doc == SIZE_MAX) continue;
        size_t cell = p->doc * n + point;
        double y = fit_curve_y(run->kind, p->value, p->n_trials);
        count[cell]++;
        c->documents.value[cell] += (y - c->documents.value[cell]) / count[cell];
    }
    for (size_t k = 0; k < cells; k++)
        if (count[k] == 0) c->documents.value[k] = NAN;
}

ropelaw_status fit_documents_init(const ropelaw_run *run, fit_curve *c, ropelaw_error *error) {
    size_t n = c->n, documents = fit_count_documents(run), cells = documents * n;
    if (!usable(run, c, documents)) return ROPELAW_OK;
    double *count = core_calloc(cells, sizeof(double));
    c->documents.value = core_calloc(cells + n, sizeof(double));
    if (!count || !c->documents.value) {
        core_free(count);
        return core_fail_memory(error, cells, sizeof(double));
    }
    fill(run, c, cells, count);
    core_free(count);
    c->documents.share = c->documents.value + cells;
    c->documents.n = documents;
    for (size_t i = 0; i < n; i++) {
        double there = 0;
        for (size_t g = 0; g < documents; g++) there += !isnan(c->documents.value[g * n + i]);
        c->documents.share[i] = 1 / there;
        if (there < LEAST) c->documents.n = 0;
    }
    return ROPELAW_OK;
}

double fit_documents_variance(const fit_curve *c, const fit_drawn *drawn, const double *influence,
                              double *part) {
    const fit_documents *d = &c->documents;
    const fit_drawn all = {NULL, c->y, d->share};
    if (!drawn) drawn = &all;
    double documents = (double)d->n, sum = 0;
    for (size_t k = 0; k < d->n; k++) {
        const double *value = d->value + (drawn->drawn ? drawn->drawn[k] : k) * c->n;
        double own = 0;
        for (size_t i = 0; i < c->n; i++)
            if (!isnan(value[i])) own += influence[i] * (value[i] - drawn->mean[i]) * drawn->share[i];
        if (part) part[k] = own;
        sum += own * own;
    }
    return sum * documents / (documents - 1);
}

bool fit_documents_mean(const fit_curve *c, const size_t *drawn, double *mean, double *share) {
    const fit_documents *d = &c->documents;
    for (size_t i = 0; i < c->n; i++) {
        double sum = 0, count = 0;
        for (size_t k = 0; k < d->n; k++) {
            double v = d->value[drawn[k] * c->n + i];
            if (!isnan(v)) sum += v, count++;
        }
        if (!(count > 0)) return false;
        mean[i] = sum / count;
        share[i] = 1 / count;
    }
    return true;
}
