/* Thin singular value decomposition. Matrices are stored by columns. */
#ifndef ROPELAW_NUM_SVD_H
#define ROPELAW_NUM_SVD_H

#include "core/core.h"

/* a = U diag(s) Vt for an m x n matrix, m >= n (dgesdd). In and out: a [m*n], U on return; out s [n], falling;
   vt [n*n], row k of Vt at vt + k with stride n (stored by columns). Returns OK; SHAPE for m < n or n = 0; DOMAIN
   for non-finite input; NOCONV; NOMEM. a, s and vt are lost on failure. */
ropelaw_status num_svd(size_t m, size_t n, double *a, double *s, double *vt, ropelaw_error *error)
    __attribute__((warn_unused_result));

#endif
