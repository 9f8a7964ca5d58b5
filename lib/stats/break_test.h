/* Is there a break at all? */
#ifndef ROPELAW_STATS_BREAK_TEST_H
#define ROPELAW_STATS_BREAK_TEST_H

#include "stats/hinge.h"

/* Laws of F that were simulated before, for tests of many curves at the same lengths: the same answers, sooner. Not shared
   between threads. NULL without memory. */
typedef struct stats_null_laws stats_null_laws;
stats_null_laws *stats_null_laws_create(void);
void stats_null_laws_destroy(stats_null_laws *laws);
/* How many laws were simulated, because none of those at hand was the one. */
size_t stats_null_laws_simulated(const stats_null_laws *laws);

typedef struct {
    size_t n_draws; /* simulated curves */
    uint64_t seed;
    size_t threads;
    const ropelaw_progress *progress;
    stats_null_laws *laws; /* NULL: simulate every time */
} stats_simulation;

typedef struct {
    double f; /* ((RSS_line - RSS_hinge)/2) / (RSS_hinge/(n-4)), or over sigma^2 where sigma is known */
    double p; /* share of simulated lines with at least this F, (1 + count)/(draws + 1) */
} stats_sup_f;

/* Exact under normal errors of the data's metric: the law of sup F under a line depends on x alone. The same answer
   for any number of threads. n >= 5 (or sigma known), 4 different x. */
ropelaw_status stats_sup_f_test(const stats_data *data, const stats_simulation *simulation, stats_sup_f *test,
                                ropelaw_error *error) ROPELAW_MUST_USE;

/* The value of F that simulated lines exceed with probability alpha. */
ropelaw_status stats_sup_f_critical(const stats_data *data, double alpha, const stats_simulation *simulation,
                                    double *critical, ropelaw_error *error) ROPELAW_MUST_USE;

/* Davies' (1987, 2002) upper bound of the two-sided p value from k breaks evenly spaced from the second to the last
   but one point (as R's segmented does). NAN if n < 5. */
double stats_davies(const stats_data *data, size_t k, ropelaw_status *status);

#endif
