/* Minima of smooth or piecewise smooth functions of a few variables. */
#ifndef ROPELAW_NUM_MINIMIZE_H
#define ROPELAW_NUM_MINIMIZE_H

#include "core/core.h"

/* The function at x [n]; fills gradient [n] too. A value that is not finite marks x as outside the domain. */
typedef double (*num_objective)(void *context, const double *x, double *gradient);

typedef enum {
    NUM_END_GRADIENT, /* the largest gradient component is below the tolerance */
    NUM_END_STALLED,  /* no step lowers the value by more than its rounding */
    NUM_END_MAXITER
} num_end;

typedef struct {
    double gradient_tolerance; /* on the largest component, in units of value / variable */
    double value_tolerance;    /* relative change of the value over two iterations that counts as none */
    int max_iterations;
} num_minimize_options;

typedef struct {
    double value;
    double gradient; /* largest component at the end */
    int iterations, evaluations;
    num_end end;
} num_minimize_report;

extern const num_minimize_options num_minimize_default;

/* Quasi-Newton descent from x [n] (in: start, out: minimum). INVALID if the value at the start is not finite;
   a run into max_iterations is an ending, not a failure. */
ropelaw_status num_minimize(num_objective f, void *context, size_t n, double *x,
                            const num_minimize_options *options, num_minimize_report *report,
                            ropelaw_error *error);

#endif
