/* A measured run as points to fit, and where an estimate stands. */
#ifndef ROPELAW_FIT_CURVE_DATA_H
#define ROPELAW_FIT_CURVE_DATA_H

#include "stats/data.h"
#include <ropelaw/fit.h>

/* Documents behind the points: their values are what the means are made of. */
typedef struct {
    size_t n;      /* documents; 0: the run has none, or too few for a variance */
    double *value; /* [n][points] a document's mean at a length; NAN where it has none */
    double *share; /* [points] 1 / number of documents at the length */
} fit_documents;

typedef struct {
    size_t n, n_censored;
    double *x, *y, *weight; /* [n] ln token, worse is up; weight NULL if equal */
    double *lower;          /* Cholesky factor of a given covariance; or NULL */
    size_t n_bracket;       /* all points, limits included */
    double *bracket_len,
        *bracket_value; /* exp(y): limits from below count with their value, from above with 0 */
    bool binned;        /* more than FIT_MOST_POINTS points were averaged in neighbouring groups */
    double *memory;
    fit_documents documents;
    stats_data data;
} fit_curve;

enum { FIT_MOST_POINTS = 2000, FIT_BINS = 1000 };

ropelaw_status fit_curve_init(const ropelaw_run *run, const ropelaw_fit_options *options, fit_curve *curve,
                              ropelaw_error *error);
void fit_curve_clear(fit_curve *curve);
/* Keep the first n points (curve_level.c). */
void fit_curve_truncate(fit_curve *curve, size_t n);

/* y of a value of the run's kind; NAN outside its range. n_trials: NAN for unknown. */
double fit_curve_y(ropelaw_value_kind kind, double value, double n_trials);

/* Documents that the points name. */
size_t fit_count_documents(const ropelaw_run *run);

/* curve_documents.c. Gather the documents of a run whose points all come from documents; leaves documents->n at 0 below
   three documents at some length, or where the table would be large beside the run. NOMEM. */
ropelaw_status fit_documents_init(const ropelaw_run *run, fit_curve *curve, ropelaw_error *error);

/* Means of the points over drawn documents (indices [documents.n]) and 1 / their number at each length. false: a length
   had none. */
bool fit_documents_mean(const fit_curve *curve, const size_t *drawn, double *mean, double *share);

/* Variance of sum_i influence_i y_i as the drawn documents tell it, around their means; drawn NULL: all documents, with
   the curve's own means. part [documents.n] (may be NULL): what each document adds to the sum. */
typedef struct {
    const size_t *drawn;
    const double *mean, *share;
} fit_drawn;
double fit_documents_variance(const fit_curve *curve, const fit_drawn *drawn, const double *influence,
                              double *part);

#endif
