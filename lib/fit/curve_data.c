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

/* ---- From rows to points. A document is a cluster: the rows of one length that name documents become one point, their
   mean over documents (of the means over each document's rows). Rows without a document are points of their own. */

typedef struct {
    const ropelaw_run *run;
    fit_curve *curve;
    double *sum, *count; /* [documents of the run] at the current length */
    bool weighted;
} collector;

static void add_point(collector *k, double len, double y, double weight) {
    fit_curve *c = k->curve;
    c->x[c->n] = log(len);
    c->y[c->n] = y;
    c->weight[c->n] = weight;
    k->weighted = k->weighted && isfinite(weight);
    c->n++;
}

/* A limit from above says nothing about an excess: it counts as zero. */
static void add_bracket(fit_curve *c, double len, double y, int censored) {
    c->bracket_len[c->n_bracket] = len;
    c->bracket_value[c->n_bracket++] = censored < 0 ? 0 : exp(fmin(y, 700));
}

static void take_row(collector *k, const ropelaw_point *p) {
    double y = fit_curve_y(k->run->kind, p->value, p->n_trials), se = se_of(k->run->kind, p);
    add_bracket(k->curve, p->eval_len_tok, y, p->censored);
    if (p->censored)
        k->curve->n_censored++;
    else
        add_point(k, p->eval_len_tok, y, 1 / (se * se));
}

/* The rows [from, end) of one length that name documents. A mean with a limit in it is a limit itself. */
static void take_documents(collector *k, size_t from, size_t end) {
    double y = 0, variance = 0, documents = 0, rows = 0;
    int above = 0, below = 0;
    for (size_t i = from; i < end; i++) {
        const ropelaw_point *p = &k->run->points[i];
        if (p->doc == SIZE_MAX) continue;
        double se = se_of(k->run->kind, p);
        documents += k->count[p->doc] == 0;
        k->count[p->doc]++;
        k->sum[p->doc] += fit_curve_y(k->run->kind, p->value, p->n_trials);
        variance += se * se;
        above += p->censored > 0;
        below += p->censored < 0;
        rows++;
    }
    for (size_t i = from; i < end; i++) {
        size_t d = k->run->points[i].doc;
        if (d == SIZE_MAX || !(k->count[d] > 0)) continue;
        y += k->sum[d] / k->count[d] / documents;
        k->sum[d] = k->count[d] = 0;
    }
    if (!(rows > 0)) return;
    double len = k->run->points[from].eval_len_tok;
    add_bracket(k->curve, len, y, below ? -1 : above);
    k->curve->n_censored += (size_t)(above + below);
    if (!above && !below) add_point(k, len, y, rows * rows / variance);
}

static void collect(collector *k) {
    const ropelaw_run *run = k->run;
    for (size_t i = 0, end; i < run->n_points; i = end) {
        for (end = i + 1; end < run->n_points; end++)
            if (run->points[end].eval_len_tok != run->points[i].eval_len_tok) break;
        take_documents(k, i, end);
        for (size_t r = i; r < end; r++)
            if (run->points[r].doc == SIZE_MAX) take_row(k, &run->points[r]);
    }
    if (!k->weighted) k->curve->weight = NULL;
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

static ropelaw_status take_covariance(const double *covariance, size_t n, fit_curve *c,
                                      ropelaw_error *error) {
    if (n != c->n)
        return core_fail(error, ROPELAW_SHAPE, "covariance", "", "one row per measured point",
                         "covariance is %zu x %zu, the run has %zu measured points", n, n, c->n);
    c->lower = core_malloc(n * n, sizeof(double));
    if (!c->lower) return core_fail_memory(error, n * n, sizeof(double));
    memcpy(c->lower, covariance, n * n * sizeof(double));
    return num_cholesky(n, c->lower, error);
}

void fit_curve_clear(fit_curve *c) {
    core_free(c->memory);
    core_free(c->lower);
    core_free(c->documents.value);
    memset(c, 0, sizeof *c);
}

size_t fit_count_documents(const ropelaw_run *run) {
    size_t n = 0;
    for (size_t i = 0; i < run->n_points; i++)
        if (run->points[i].doc != SIZE_MAX && run->points[i].doc >= n) n = run->points[i].doc + 1;
    return n;
}

static ropelaw_status allocate(const ropelaw_run *run, collector *k, fit_curve *c, ropelaw_error *error) {
    size_t n = run->n_points, documents = fit_count_documents(run);
    c->memory = core_malloc(5 * n, sizeof(double));
    k->sum = core_calloc(documents + 1, 2 * sizeof(double));
    if (!c->memory || !k->sum) {
        core_free(k->sum);
        return core_fail_memory(error, 5 * n, sizeof(double));
    }
    k->count = k->sum + documents;
    c->x = c->memory;
    c->y = c->x + n;
    c->weight = c->memory + 2 * n;
    c->bracket_len = c->weight + n;
    c->bracket_value = c->bracket_len + n;
    return ROPELAW_OK;
}

static ropelaw_status take_points(const ropelaw_run *run, fit_curve *c, bool whole, ropelaw_error *error) {
    collector k = {.run = run, .curve = c, .weighted = true};
    ropelaw_status status = allocate(run, &k, c, error);
    if (status) return status;
    double *weights = c->weight;
    collect(&k);
    core_free(k.sum);
    if (c->n > FIT_MOST_POINTS && !whole) bin(c, weights);
    normalise(c);
    return ROPELAW_OK;
}

ropelaw_status fit_curve_init(const ropelaw_run *run, const ropelaw_fit_options *options, fit_curve *c,
                              ropelaw_error *error) {
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < run->n_points; i++) {
        ropelaw_status status = check_point(run, i, error);
        if (status) return status;
    }
    const double *covariance = options->covariance ? options->covariance : run->covariance;
    size_t n = options->covariance ? options->n_covariance : run->n_covariance;
    ropelaw_status status = take_points(run, c, covariance != NULL, error);
    if (!status && covariance) status = take_covariance(covariance, n, c, error);
    if (!status && !covariance && options->documents == ROPELAW_DOCUMENTS_CLUSTER)
        status = fit_documents_init(run, c, error);
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
