/* Bracketed roots and minima of functions of one variable (own Brent: GSL's raises when the ends do not
 * straddle). */
#ifndef ROPELAW_NUM_ROOT_H
#define ROPELAW_NUM_ROOT_H

#include "core/core.h"

typedef double (*num_function)(double x, void *context);

typedef struct {
    double lo, hi;
    double tolerance; /* wanted |error| in x relative to max(|x|, 1); rounding (4e-16) limits it */
} num_interval;

/* A point where f changes sign. OK; DOMAIN if f(lo) and f(hi) have the same sign or one is nan; NOCONV when
   200 steps do not reach the tolerance. `root` is untouched unless OK. */
ropelaw_status num_root(num_function f, void *context, num_interval interval, double *root);

/* A local minimum inside the interval (Brent's golden section with parabolas); always answers. The error in x
   is about the square root of the rounding of f, whatever the tolerance. Returns f at the minimum. */
double num_minimum(num_function f, void *context, num_interval interval, double *x);

#endif
