#include "probe/probe.h"
#include "num/svd.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const probe_entry *const probes[] = {&probe_spectrum, &probe_leverage, &probe_discrimination,
                                            &probe_relative, &probe_two_stage};

const ropelaw_probe_options ropelaw_probe_options_default = {
    .rotary_dim = 128, .base = 10000, .train_len_tok = 4096, .seed = 1, .damage = 1};

const ropelaw_probe *ropelaw_probe_at(size_t i) {
    return i < CORE_COUNT(probes) ? &probes[i]->info : NULL;
}

static ropelaw_status check_options(const ropelaw_probe_options *o, ropelaw_error *error) {
    if (o->rotary_dim < 8 || o->rotary_dim > 256 || o->rotary_dim % 2)
        return core_fail_number(error, ROPELAW_DOMAIN, "rotary_dim", (double)o->rotary_dim, "even, 8 .. 256");
    if (!(o->base > 1 && o->base <= 1e12))
        return core_fail_number(error, ROPELAW_DOMAIN, "base", o->base, "> 1, at most 1e12");
    if (!(o->train_len_tok >= 64 && o->train_len_tok <= 16384) || o->train_len_tok != floor(o->train_len_tok))
        return core_fail_number(error, ROPELAW_DOMAIN, "train_len", o->train_len_tok, "whole, 64 .. 16384");
    if (!(o->base * o->damage > 1 && o->base * o->damage <= 1e15))
        return core_fail_number(error, ROPELAW_DOMAIN, "damage", o->damage, "base * damage > 1");
    return ROPELAW_OK;
}

ropelaw_status ropelaw_probe_run(const char *name, const ropelaw_probe_options *options,
                                 const ropelaw_progress *progress, ropelaw_probe_report *report,
                                 ropelaw_error *error) {
    for (size_t i = 0; i < CORE_COUNT(probes); i++) {
        if (strcmp(probes[i]->info.name, name) != 0) continue;
        ropelaw_status status = check_options(options, error);
        if (status) return status;
        if (options->rotation && !probes[i]->any_method)
            return core_fail(error, ROPELAW_UNSUPPORTED, "rotation", name, "the probe spectrum",
                             "the probe %s is about plain RoPE; of the probes only spectrum takes a method",
                             name);
        ropelaw_probe_report fresh = {.agrees = 1};
        status = probes[i]->run(options, progress, &fresh, error);
        if (!status) *report = fresh;
        return status;
    }
    return core_fail(error, ROPELAW_INVALID, "name", name,
                     "spectrum, leverage, discrimination, relative, two_stage", "unknown probe \"%s\"", name);
}

static int agrees(const probe_comparison *c) {
    switch (c->relation) {
    case ROPELAW_PROBE_EQUAL:
        return fabs(c->measured - c->predicted) <= c->tolerance;
    case ROPELAW_PROBE_AT_MOST:
        return c->measured <= c->predicted + c->tolerance;
    case ROPELAW_PROBE_AT_LEAST:
        return c->measured >= c->predicted - c->tolerance;
    default:
        return 1;
    }
}

void probe_add(ropelaw_probe_report *report, const probe_comparison *c, const char *quantity, ...) {
    if (report->n_checks == ROPELAW_PROBE_CHECKS_MAX) return;
    ropelaw_probe_check *check = &report->checks[report->n_checks++];
    va_list list;
    va_start(list, quantity);
    vsnprintf(check->quantity, sizeof check->quantity, quantity, list);
    va_end(list);
    snprintf(check->reason, sizeof check->reason, "%s", c->reason);
    check->relation = c->relation;
    check->predicted = c->predicted;
    check->measured = c->measured;
    check->tolerance = c->relation == ROPELAW_PROBE_REPORT ? NAN : c->tolerance;
    check->agrees = agrees(c);
    report->agrees = report->agrees && check->agrees;
}

void probe_frequencies(double base, size_t rotary_dim, double *theta) {
    for (size_t n = 0; n < rotary_dim / 2; n++) theta[n] = pow(base, -2.0 * (double)n / (double)rotary_dim);
}

void probe_features_row(const probe_features *f, double s, double *row) {
    for (size_t n = 0; n < f->n_pairs; n++) {
        row[n] = cos(s * f->theta[n]);
        row[f->n_pairs + n] = sin(s * f->theta[n]);
    }
}

void probe_features_fill(const probe_features *f, size_t n_rows, double *matrix, size_t ld, size_t at) {
    for (size_t n = 0; n < f->n_pairs; n++) {
        double *cosine = matrix + n * ld + at, *sine = matrix + (f->n_pairs + n) * ld + at;
        for (size_t s = 0; s < n_rows; s++) {
            cosine[s] = cos((double)s * f->theta[n]);
            sine[s] = sin((double)s * f->theta[n]);
        }
    }
}

ropelaw_status probe_svd_create(probe_svd *svd, size_t m, size_t n, ropelaw_error *error) {
    *svd = (probe_svd){.m = m, .n = n};
    svd->u = core_malloc(m * n, sizeof(double));
    svd->s = core_malloc(n, sizeof(double));
    svd->vt = core_malloc(n * n, sizeof(double));
    svd->coefficients = core_malloc(n, sizeof(double));
    if (svd->u && svd->s && svd->vt && svd->coefficients) return ROPELAW_OK;
    probe_svd_clear(svd);
    return core_fail_memory(error, m * n, sizeof(double));
}

ropelaw_status probe_svd_factor(probe_svd *svd, ropelaw_error *error) {
    return num_svd(svd->m, svd->n, svd->u, svd->s, svd->vt, error);
}

void probe_svd_clear(probe_svd *svd) {
    core_free(svd->u);
    core_free(svd->s);
    core_free(svd->vt);
    core_free(svd->coefficients);
    *svd = (probe_svd){0};
}

size_t probe_svd_rank(const probe_svd *svd, double level) {
    size_t rank = 0;
    while (rank < svd->n && svd->s[rank] > level) rank++;
    return rank;
}

double probe_dot(const double *x, const double *y, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

double probe_svd_leverage(const probe_svd *svd, const double *row, double level, double lambda) {
    double sum = 0;
    for (size_t k = 0; k < svd->n && svd->s[k] > level; k++) {
        double x = 0;
        for (size_t j = 0; j < svd->n; j++) x += svd->vt[j * svd->n + k] * row[j];
        sum += x * x / (svd->s[k] * svd->s[k] + lambda);
    }
    return sum;
}

void probe_svd_solve(const probe_svd *svd, const double *y, double level, double lambda, double *w) {
    memset(svd->coefficients, 0, svd->n * sizeof(double));
    for (size_t k = 0; k < svd->n && svd->s[k] > level; k++)
        svd->coefficients[k] =
            probe_dot(svd->u + k * svd->m, y, svd->m) * svd->s[k] / (svd->s[k] * svd->s[k] + lambda);
    for (size_t j = 0; j < svd->n; j++) w[j] = probe_dot(svd->vt + j * svd->n, svd->coefficients, svd->n);
}
