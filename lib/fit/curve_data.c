#include "fit/curve_data.h"
#include "num/lsq.h"
#include <math.h>
#include <string.h>

/* An accuracy becomes minus the empirical logit, which stays finite at 0 and 1; without a number of trials it is taken
   as one of 1000, so that 0 and 1 stay finite there too. */
double fit_curve_y(ropelaw_value_kind kind, double value, double n_trials) {
    if (kind == ROPELAW_VALUE_PPL) return value > 0 && isfinite(value) ? log(value) : NAN;
    if (kind == ROPELAW_VALUE_LOSS) return isfinite(value) ? value : NAN;
    if (!(value >= 0 && value <= 1)) return NAN;
    double n = n_trials > 0 ? n_trials : 1000, p = (value * n + 0.5) / (n + 1);
    return -log(p / (1 - p));
}

/* Standard error of y: by the derivative of its transformation; NAN if none is given. */
static double se_of(ropelaw_value_kind kind, const ropelaw_point *p) {
    if (kind == ROPELAW_VALUE_LOSS) return p->se;
    if (kind == ROPELAW_VALUE_PPL) return p->se / p->value;
    if (!(p->n_trials > 0)) return p->se / fmax(p->value * (1 - p->value), 1e-6);
    double k = p->value * p->n_trials;
    return sqrt(1 / (k + 0.5) + 1 / (p->n_trials - k + 0.5));
}

static ropelaw_status check_point(const ropelaw_run *run, size_t i, ropelaw_error *error) {
    static const struct {
        const char *name, *range;
    } kinds[] = {
        {"ppl",       "finite and > 0"},
        {"loss_nats", "finite"        },
        {"accuracy",  "0 to 1"        }
    };
    const ropelaw_point *p = &run->points[i];
    if (!(p->eval_len_tok > 0 && isfinite(p->eval_len_tok)))
        return core_fail_number(error, ROPELAW_DOMAIN, "eval_len_tok", p->eval_len_tok, "finite and > 0");
    if (isnan(fit_curve_y(run->kind, p->value, p->n_trials)))
        return core_fail_number(error, ROPELAW_DOMAIN, kinds[run->kind].name, p->value,
                                kinds[run->kind].range);
    if (p->se <= 0) return core_fail_number(error, ROPELAW_DOMAIN, "se", p->se, "> 0");
    if (i && p->eval_len_tok < run->points[i - 1].eval_len_tok)
        return core_fail(error, ROPELAW_INVALID, "points", "", "sorted by length",
                         "points must be sorted by length");
    return ROPELAW_OK;
}

/* A document's rows at one length are averaged into one point: documents are clusters, not replicates. */
static bool same_point(const ropelaw_run *run, size_t i, size_t k) {
    const ropelaw_point *a = &run->points[i], *b = &run->points[k];
    return a->eval_len_tok == b->eval_len_tok && a->doc != SIZE_MAX && b->doc != SIZE_MAX;
}

static void collect(const ropelaw_run *run, fit_curve *c) {
    bool weighted = true;
    for (size_t i = 0; i < run->n_points;) {
        const ropelaw_point *p = &run->points[i];
        size_t end = i + 1;
        double y = 0, se = 0, count = 0;
        while (end < run->n_points && same_point(run, i, end)) end++;
        for (size_t k = i; k < end; k++) {
            const ropelaw_point *q = &run->points[k];
            double v = fit_curve_y(run->kind, q->value, q->n_trials);
            c->bracket_len[c->n_bracket] = q->eval_len_tok;
            c->bracket_value[c->n_bracket++] = q->censored < 0 ? 0 : exp(fmin(v, 700));
            if (q->censored) {
                c->n_censored++;
                continue;
            }
            y += v;
            se += se_of(run->kind, q) * se_of(run->kind, q);
            count++;
        }
        if (end - i > 1) { /* one mean for the bracket as well */
            c->n_bracket -= end - i - 1;
            c->bracket_value[c->n_bracket - 1] = exp(fmin(y / count, 700));
        }
        if (count > 0) {
            c->x[c->n] = log(p->eval_len_tok);
            c->y[c->n] = y / count;
            c->weight[c->n] = count * count / se;
            weighted = weighted && isfinite(c->weight[c->n]);
            c->n++;
        }
        i = end;
    }
    if (!weighted) c->weight = NULL;
}

/* Weights with mean 1, so that sigma is that of an average point. */
static void normalise(fit_curve *c) {
    double mean = 0;
    for (size_t i = 0; c->weight && i < c->n; i++) mean += c->weight[i] / (double)c->n;
    for (size_t i = 0; c->weight && i < c->n; i++) c->weight[i] /= mean;
}

/* Neighbouring points of equal number become their mean. */
static void bin(fit_curve *c, double *weights) {
    size_t per = (c->n + FIT_BINS - 1) / FIT_BINS, bins = 0;
    for (size_t i = 0; i < c->n; i += per, bins++) {
        size_t end = i + per < c->n ? i + per : c->n;
        double x = 0, y = 0, total = 0;
        for (size_t k = i; k < end; k++) {
            double w = c->weight ? c->weight[k] : 1;
            x += w * c->x[k];
            y += w * c->y[k];
            total += w;
        }
        c->x[bins] = x / total;
        c->y[bins] = y / total;
        weights[bins] = total;
    }
    c->n = bins;
    c->weight = weights;
    c->binned = true;
}

static ropelaw_status take_covariance(const ropelaw_fit_options *options, fit_curve *c,
                                      ropelaw_error *error) {
    size_t n = options->n_covariance;
    if (n != c->n)
        return core_fail(error, ROPELAW_SHAPE, "covariance", "", "one row per measured point",
                         "covariance is %zu x %zu, the run has %zu measured points", n, n, c->n);
    c->lower = core_malloc(n * n, sizeof(double));
    if (!c->lower) return core_fail_memory(error, n * n, sizeof(double));
    memcpy(c->lower, options->covariance, n * n * sizeof(double));
    return num_cholesky(n, c->lower, error);
}

void fit_curve_clear(fit_curve *c) {
    core_free(c->memory);
    core_free(c->lower);
    memset(c, 0, sizeof *c);
}

ropelaw_status fit_curve_init(const ropelaw_run *run, const ropelaw_fit_options *options, fit_curve *c,
                              ropelaw_error *error) {
    size_t n = run->n_points;
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < n; i++) {
        ropelaw_status status = check_point(run, i, error);
        if (status) return status;
    }
    c->memory = core_malloc(5 * n, sizeof(double));
    if (!c->memory) return core_fail_memory(error, 5 * n, sizeof(double));
    double *weights = c->memory + 2 * n;
    c->x = c->memory;
    c->y = c->x + n;
    c->weight = weights;
    c->bracket_len = weights + n;
    c->bracket_value = c->bracket_len + n;
    collect(run, c);
    if (c->n > FIT_MOST_POINTS && !options->covariance) bin(c, weights);
    normalise(c);
    ropelaw_status status = options->covariance ? take_covariance(options, c, error) : ROPELAW_OK;
    c->data = (stats_data){.n = c->n, .x = c->x, .y = c->y, .weight = c->weight, .lower = c->lower};
    if (options->sigma > 0) c->data.sigma = options->sigma;
    if (c->lower) c->data.sigma = 1; /* a covariance is absolute */
    if (status) fit_curve_clear(c);
    return status;
}

void ropelaw_bracket_find(const double *len_tok, const double *value, size_t n, double eps, double *lo,
                          double *hi) {
    double smallest = INFINITY, before = NAN;
    *lo = *hi = NAN;
    for (size_t i = 0; i < n; i++) {
        if (value[i] > (1 + eps) * smallest) {
            *lo = before;
            *hi = len_tok[i];
            return;
        }
        if (value[i] > 0) smallest = fmin(smallest, value[i]);
        if (i + 1 == n || len_tok[i + 1] != len_tok[i]) before = len_tok[i];
    }
    *lo = before;
}
