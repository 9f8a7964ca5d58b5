/* Nonlinear least squares with bounds: GSL's Levenberg-Marquardt behind guards. */
#ifndef ROPELAW_NUM_NLS_H
#define ROPELAW_NUM_NLS_H

#include "core/core.h"

enum { NUM_NLS_MOST_PARAMETERS = 64 };

/* minimise sum_i r_i(theta)^2 over lo <= theta <= hi. The callbacks see theta [p] and write r [n] and j [n*p]
   by rows (j[i*p + k] = d r_i / d theta_k); they may be called a step outside the bounds and may write
   non-finite values. */
typedef struct {
    size_t n, p;
    void (*residual)(void *context, const double *theta, double *r);
    void (*jacobian)(void *context, const double *theta, double *j);
    void *context;
    const double *lo, *hi; /* [p]; NULL: none */
    double scale;          /* typical size of a residual; 0: the root mean square at the start */
} num_nls_problem;

typedef enum {
    NUM_NLS_XTOL,    /* the last step was below the tolerance */
    NUM_NLS_STALLED, /* no step found that lowers the sum: rounding, or a kink */
    NUM_NLS_MAXITER
} num_nls_ending;

typedef struct {
    double rss;          /* sum of squares, recomputed at the answer */
    double gradient_cos; /* max_k |J_k'r| / (|J_k||r|) over the free parameters, recomputed at the answer */
    num_nls_ending ending;
    size_t iterations;  /* all attempts together */
    uint64_t at_bound;  /* bit k: parameter k ended on its bound */
    size_t rank;        /* of the free columns of J; = number of free parameters where all is well */
    bool converged;     /* gradient_cos <= 1e-6 (or the remaining step is below 1e-9), and full rank */
    const char *method; /* "lm" or "lmaccel" */
} num_nls_report;

typedef struct {
    size_t max_iterations; /* per attempt */
    double xtol;           /* relative size of the last step */
    bool lm_only;          /* no rescue by lmaccel: for inner loops that start near the answer */
} num_nls_options;
extern const num_nls_options num_nls_options_default; /* 400, 1e-12, false */

/* Memory for fits of up to (n, p), one per thread. NULL: no memory. destroy(NULL) is fine. */
typedef struct num_nls_work num_nls_work;
num_nls_work *num_nls_create(size_t n, size_t p);
void num_nls_destroy(num_nls_work *work);

/* In theta [p]: start; out theta: the best point found, report. n and p as given to create.
   OK also when the iteration did not converge: that is data in the report. SHAPE for n < p, p = 0 or a
   mismatch; DOMAIN if start or its residuals are not finite; NOMEM. */
ropelaw_status num_nls_fit(num_nls_work *work, const num_nls_problem *problem, const num_nls_options *options,
                           double *theta, num_nls_report *report, ropelaw_error *error) ROPELAW_MUST_USE;

#endif
