/* A measured run as points to fit, and where an estimate stands. */
#ifndef ROPELAW_FIT_CURVE_DATA_H
#define ROPELAW_FIT_CURVE_DATA_H

#include "stats/data.h"
#include <ropelaw/fit.h>

typedef struct {
    size_t n, n_censored;
    double *x, *y, *weight; /* [n] ln token, worse is up; weight NULL if equal */
    double *lower;          /* Cholesky factor of a given covariance; or NULL */
    size_t n_bracket;       /* all points, limits included */
    double *bracket_len,
        *bracket_value; /* exp(y): limits from below count with their value, from above with 0 */
    bool binned;        /* more than FIT_MOST_POINTS points were averaged in neighbouring groups */
    double *memory;
    stats_data data;
} fit_curve;

enum { FIT_MOST_POINTS = 2000, FIT_BINS = 1000 };

ropelaw_status fit_curve_init(const ropelaw_run *run, const ropelaw_fit_options *options, fit_curve *curve,
                              ropelaw_error *error);
void fit_curve_clear(fit_curve *curve);

/* y of a value of the run's kind; NAN outside its range. n_trials: NAN for unknown. */
double fit_curve_y(ropelaw_value_kind kind, double value, double n_trials);

#endif
