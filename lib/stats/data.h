/* Points in a metric: weights or a full covariance. */
#ifndef ROPELAW_STATS_DATA_H
#define ROPELAW_STATS_DATA_H

#include "core/core.h"

typedef struct {
    size_t n;
    const double *x, *y;  /* x ascending */
    const double *weight; /* [n] or NULL: ones. Ignored if `lower` is set */
    const double *lower;  /* Cholesky factor of the covariance, n x n by columns; or NULL */
    double sigma;         /* residual standard deviation of weight 1 where it is known; else 0 */
    double huber;         /* limit of Huber's loss on whitened residuals, for SOFT fits; 0: least squares */
} stats_data;

/* v := W v with W W' = inverse covariance up to sigma^2, and back. In place, [n]. */
void stats_whiten(const stats_data *data, double *v);
void stats_unwhiten(const stats_data *data, double *v);

/* Number of different x. */
size_t stats_count_distinct(const stats_data *data);

double stats_dot(size_t n, const double *a, const double *b);

/* Orthonormal basis of the span of p whitened columns (n x p by columns, in place; Gram-Schmidt twice). Dependent
   columns are dropped. Returns the rank. */
size_t stats_orthonormalise(size_t n, size_t p, double *columns);

/* Squared length of v minus its projection on rank orthonormal columns; the remainder is left in v. */
double stats_project_out(size_t n, size_t rank, const double *basis, double *v);

#endif
