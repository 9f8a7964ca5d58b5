/* Linear least squares and covariances that know their rank, and whitening by a covariance. Matrices are
   stored by columns (column j of an m x n matrix starts at a + j*m). */
#ifndef ROPELAW_NUM_LSQ_H
#define ROPELAW_NUM_LSQ_H

#include "core/core.h"

typedef struct {
    size_t rank;
    double rss; /* sum of squared residuals */
} num_lsq_report;

/* Minimise |a x - b|: complete orthogonal factorisation with column pivoting (dgelsy), columns scaled to unit
   length first; below full rank the x of least (scaled) norm. In a [m*n], b [m]; out x [n]. Returns OK; SHAPE
   for m or n = 0; DOMAIN for non-finite input; NOMEM. */
ropelaw_status num_lsq(size_t m, size_t n, const double *a, const double *b, double *x,
                       num_lsq_report *report, ropelaw_error *error) ROPELAW_MUST_USE;

/* (J'J)^-1 of an m x n matrix through the singular values of J with unit columns (dgesdd); those below
   max(m,n)*eps*largest count as zero, and the pseudo-inverse is given. In j [m*n]; out cov [n*n], rank.
   Returns as num_lsq. */
ropelaw_status num_covariance(size_t m, size_t n, const double *j, double *cov, size_t *rank,
                              ropelaw_error *error) ROPELAW_MUST_USE;

/* Lower Cholesky factor of a symmetric positive definite n x n matrix, in place (upper triangle zeroed).
   Returns OK; SINGULAR naming `covariance` if it is not positive definite; DOMAIN for non-finite or
   asymmetric input (beyond 1e-10 of the diagonal). */
ropelaw_status num_cholesky(size_t n, double *a, ropelaw_error *error) ROPELAW_MUST_USE;

/* Solve lower * x = b for n_columns right sides, in place: whitening of b. Returns OK; SINGULAR for a zero
 * pivot. */
ropelaw_status num_whiten(size_t n, const double *lower, size_t n_columns, double *b,
                          ropelaw_error *error) ROPELAW_MUST_USE;

#endif
