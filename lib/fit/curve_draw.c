#include "fit/curve_draw.h"
#include "stats/family.h"
#include <math.h>
#include <string.h>

enum { CASES_LENGTHS = 8, CASES_LEFT = 6 };

static double value_at(const fit_state *s, fit_drawn_curve curve, double x) {
    return curve == FIT_OF_SOFT ? stats_soft_eval(s->soft.theta, x, NULL)
                                : stats_family_hinge.eval(s->hinge.theta, x, NULL);
}

/* Raw residuals are those of least squares or Huber's, unclipped: the wild points are drawn as well. */
static void prepare(fit_draws *d, fit_drawn_curve curve) {
    const stats_data *data = &d->state->curve.data;
    size_t n = data->n, p = curve == FIT_OF_SOFT ? SOFT_P : 4;
    double mean = 0, squares = 0, *r = d->residual[curve], *f = d->fitted[curve];
    for (size_t i = 0; i < n; i++) {
        f[i] = value_at(d->state, curve, data->x[i]);
        r[i] = data->y[i] - f[i];
    }
    stats_whiten(data, r);
    for (size_t i = 0; i < n; i++) mean += r[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        squares += r[i] * r[i];
        r[i] = (r[i] - mean) * sqrt((double)n / (double)(n > p ? n - p : 1));
    }
    double huber = d->state->fit->huber_limit / 1.345;
    d->sigma[curve] = data->sigma > 0   ? data->sigma
                      : data->huber > 0 ? huber
                                        : sqrt(squares / (double)(n > p ? n - p : 1));
}

static ropelaw_status check(const fit_state *s, ropelaw_resample resample, ropelaw_error *error) {
    bool documents = resample == ROPELAW_RESAMPLE_DOCUMENTS;
    const char *word = ropelaw_resample_str(resample);
    if (documents && !s->curve.documents.n)
        return core_fail(error, ROPELAW_INVALID, "resample", word, "residuals, normal or cases",
                         "run %s has no documents to draw (three at every length are needed)", s->run->name);
    if (!documents && s->curve.documents.n)
        return core_fail(error, ROPELAW_INVALID, "resample", word, "documents",
                         "the points of run %s share documents: draw documents, or average them",
                         s->run->name);
    if (resample == ROPELAW_RESAMPLE_CASES && s->curve.lower)
        return core_fail(error, ROPELAW_INVALID, "resample", word, "residuals or normal",
                         "points with a covariance cannot be drawn one by one");
    if (resample == ROPELAW_RESAMPLE_CASES && s->m < CASES_LENGTHS)
        return core_fail(error, ROPELAW_SHAPE, "resample", word, ">= 8 different lengths",
                         "whole points need 8 different lengths, run %s has %zu", s->run->name, s->m);
    return ROPELAW_OK;
}

ropelaw_status fit_draws_init(const fit_state *s, ropelaw_resample resample, fit_draws *d,
                              ropelaw_error *error) {
    size_t n = s->curve.n;
    *d = (fit_draws){.state = s, .resample = resample};
    ropelaw_status status = check(s, resample, error);
    if (status) return status;
    d->memory = core_malloc(4 * n, sizeof(double));
    if (!d->memory) return core_fail_memory(error, 4 * n, sizeof(double));
    for (int k = 0; k < FIT_CURVES; k++) {
        d->fitted[k] = d->memory + (size_t)(2 * k) * n;
        d->residual[k] = d->fitted[k] + n;
        if (k == FIT_OF_HINGE || s->solver) prepare(d, (fit_drawn_curve)k);
    }
    return ROPELAW_OK;
}

void fit_draws_clear(fit_draws *d) {
    core_free(d->memory);
    d->memory = NULL;
}

size_t fit_units(const fit_draws *d) {
    return d->resample == ROPELAW_RESAMPLE_DOCUMENTS ? d->state->curve.documents.n : d->state->curve.n;
}

bool fit_sample_init(const fit_draws *d, fit_sample *sample) {
    size_t n = d->state->curve.n;
    *sample = (fit_sample){.data = d->state->curve.data};
    sample->memory = core_malloc(5 * n, sizeof(double));
    sample->drawn = core_malloc(fit_units(d), sizeof(size_t));
    if (!sample->memory || !sample->drawn) return false;
    sample->x = sample->memory;
    sample->y = sample->x + n;
    sample->weight = sample->y + n;
    sample->mean = sample->weight + n;
    sample->share = sample->mean + n;
    memcpy(sample->x, sample->data.x, n * sizeof(double));
    sample->data.x = sample->x;
    sample->data.y = sample->y;
    return true;
}

void fit_sample_clear(fit_sample *sample) {
    core_free(sample->memory);
    core_free(sample->drawn);
    sample->memory = NULL;
    sample->drawn = NULL;
}

static void draw_errors(const fit_draws *d, fit_drawn_curve curve, ropelaw_random *random, double *y) {
    const stats_data *data = &d->state->curve.data;
    for (size_t i = 0; i < data->n; i++)
        y[i] = d->resample == ROPELAW_RESAMPLE_NORMAL
                   ? d->sigma[curve] * ropelaw_random_normal(random)
                   : d->residual[curve][ropelaw_random_below(random, data->n)];
    stats_unwhiten(data, y);
    for (size_t i = 0; i < data->n; i++) y[i] += d->fitted[curve][i];
}

/* Points keep their order by counting how often each was drawn. */
static bool draw_cases(const fit_draws *d, ropelaw_random *random, fit_sample *s) {
    const stats_data *data = &d->state->curve.data;
    size_t k = 0, distinct = 0;
    memset(s->drawn, 0, data->n * sizeof *s->drawn);
    for (size_t i = 0; i < data->n; i++) s->drawn[ropelaw_random_below(random, data->n)]++;
    for (size_t i = 0; i < data->n; i++)
        for (size_t r = 0; r < s->drawn[i]; r++) {
            s->x[k] = data->x[i];
            s->y[k] = data->y[i];
            s->weight[k] = data->weight ? data->weight[i] : 1;
            distinct += !k || s->x[k] != s->x[k - 1];
            k++;
        }
    s->data.weight = data->weight ? s->weight : NULL;
    return distinct >= CASES_LEFT;
}

static bool draw_documents(const fit_draws *d, ropelaw_random *random, fit_sample *s) {
    const fit_curve *c = &d->state->curve;
    size_t units = c->documents.n;
    double inflation = sqrt((double)units / (double)(units - 1));
    for (size_t k = 0; k < units; k++) s->drawn[k] = ropelaw_random_below(random, units);
    if (!fit_documents_mean(c, s->drawn, s->mean, s->share)) return false;
    for (size_t i = 0; i < c->n; i++) s->y[i] = c->y[i] + inflation * (s->mean[i] - c->y[i]);
    return true;
}

void fit_draw(const fit_draws *d, fit_drawn_curve curve, ropelaw_random *random, fit_sample *s) {
    if (d->resample == ROPELAW_RESAMPLE_CASES) {
        while (curve == FIT_OF_HINGE && !draw_cases(d, random, s)) {
        }
    } else if (d->resample == ROPELAW_RESAMPLE_DOCUMENTS) {
        while (curve == FIT_OF_HINGE && !draw_documents(d, random, s)) {
        }
    } else {
        draw_errors(d, curve, random, s->y);
    }
}
