/* The registry of probes and what they share. */
#ifndef ROPELAW_PROBE_PROBE_H
#define ROPELAW_PROBE_PROBE_H

#include "core/core.h"
#include <ropelaw/probe.h>

typedef struct {
    ropelaw_probe info;
    ropelaw_status (*run)(const ropelaw_probe_options *options, const ropelaw_progress *progress,
                          ropelaw_probe_report *report, ropelaw_error *error);
    int any_method; /* 1: takes options->rotation */
} probe_entry;

extern const probe_entry probe_spectrum, probe_leverage, probe_discrimination, probe_relative,
    probe_two_stage;

/* Append a comparison; the verdict follows from the relation. A measured figure that is not finite never agrees. */
typedef struct {
    ropelaw_probe_relation relation;
    double predicted, measured, tolerance;
    const char *reason;
} probe_comparison;
void probe_add(ropelaw_probe_report *report, const probe_comparison *comparison, const char *quantity, ...)
    __attribute__((format(printf, 3, 4)));

/* theta_n = base^(-2n/d), n = 0 .. d/2-1 */
void probe_frequencies(double base, size_t rotary_dim, double *theta);

/* The matrix of rows f(s) = [cos(s theta_0) .. cos(s theta_last), sin(s theta_0) ..], s = first .. first+n_rows-1, by
   columns with leading dimension ld, written from row `at` on. */
typedef struct {
    const double *theta;
    size_t n_pairs;
} probe_features;
void probe_features_row(const probe_features *features, double s, double *row);
void probe_features_fill(const probe_features *features, size_t n_rows, double *matrix, size_t ld, size_t at);

/* The singular value decomposition of a feature matrix, and what follows from it. */
typedef struct {
    size_t m, n;
    double *u, *s, *vt, *coefficients;
} probe_svd;
ropelaw_status probe_svd_create(probe_svd *svd, size_t m, size_t n,
                                ropelaw_error *error); /* u: the matrix to fill */
ropelaw_status probe_svd_factor(probe_svd *svd, ropelaw_error *error);
void probe_svd_clear(probe_svd *svd);
size_t probe_svd_rank(const probe_svd *svd, double level); /* singular values above it */
/* f' (F'F + lambda I)^-1 f over the singular values above `level` */
double probe_svd_leverage(const probe_svd *svd, const double *row, double level, double lambda);
/* w minimising |y - F w|^2 + lambda |w|^2 over the singular directions above `level`; y [m], w [n] */
void probe_svd_solve(const probe_svd *svd, const double *y, double level, double lambda, double *w);
double probe_dot(const double *x, const double *y, size_t n);

#endif
