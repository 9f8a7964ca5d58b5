/* What is known of one run's break, as a likelihood of psi = ln length: a curve's profile likelihood
   tabulated, or a limit, an interval or a value with its error. Convolved with the scatter of runs about the
   law it gives the run's term in the likelihood of the law. */
#ifndef ROPELAW_FIT_LAW_TABLE_H
#define ROPELAW_FIT_LAW_TABLE_H

#include "fit/law_curve.h"

typedef enum {
    FIT_TERM_TABLE,
    FIT_TERM_POINT, /* lo == hi: a value with standard error se */
    FIT_TERM_RIGHT, /* above lo */
    FIT_TERM_LEFT,  /* below hi */
    FIT_TERM_INTERVAL
} fit_term_kind;

/* One cell of a table: log likelihood = f + g t + h t^2 / 2, t = psi - (p0 + p1) / 2, h <= 0. */
typedef struct {
    double p0, p1, f, g, h;
    double top; /* no value in the cell is above this */
} fit_cell;

typedef struct {
    fit_term_kind kind;
    double lo, hi,
        se;   /* ln token; of a table: where the likelihood is exp(-1.92) of its maximum, or infinite */
    size_t n; /* cells of the table, from left to right; the first and the last are constant and unbounded */
    fit_cell *cells;
    double best; /* psi at the maximum; the log likelihood is 0 there */
    bool bounded_low, bounded_high;
} fit_term;

/* Tabulate exp(-rss(psi) / (2 sigma^2)) so finely that its logarithm is good to 0.003 wherever it matters. Free the table with fit_term_clear. */
ropelaw_status fit_term_tabulate(const fit_curve *curve, const fit_shape *shape, double sigma, fit_term *term,
                                 ropelaw_error *error);
void fit_term_clear(fit_term *term);

/* ln of the integral of L(psi) N(psi; mean, tau^2), and its derivatives by mean and by ln tau. */
double fit_term_log(const fit_term *term, double mean, double tau, double *by_mean, double *by_log_tau);

/* Whether the likelihood falls on both sides: the run says where its break is, not only where it is not. */
bool fit_term_is_bounded(const fit_term *term);

#endif
