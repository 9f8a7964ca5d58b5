/* Exact interval of a hinge's break by conditional Monte Carlo. */
#ifndef ROPELAW_STATS_EXACT_H
#define ROPELAW_STATS_EXACT_H

#include "stats/hinge.h"

typedef struct {
    double lo, hi;  /* -INFINITY, INFINITY: not bounded on that side (the line itself is not rejected) */
    bool connected; /* false: the set has gaps, and lo and hi are its hull */
    bool at_edge;   /* an end reaches the range of x */
} stats_exact_interval;

typedef struct {
    bool plateau; /* left slope known to be 0; not with a width */
    double width; /* > 0: a SOFT curve whose bend has this known width; 0: a hinge */
} stats_exact_model;

/* p values of psi0 for one curve. One per thread. n_draws: (draws + 1)(1 - level) should be whole; the curve is
   copied. */
typedef struct stats_exact stats_exact;
ropelaw_status stats_exact_create(const stats_data *data, const stats_exact_model *model, size_t n_draws,
                                  uint64_t seed, stats_exact **exact, ropelaw_error *error) ROPELAW_MUST_USE;
void stats_exact_destroy(stats_exact *exact);

/* P(a curve with its break at psi0 deviates at least as much as this one); any psi0, also outside the range of x. */
double stats_exact_p(stats_exact *exact, double psi0);

/* The break that fits best (given the width: to 1/400 of the range). */
double stats_exact_estimate(const stats_exact *exact);

/* {psi0 : p > 1 - level}. */
void stats_exact_interval_find(stats_exact *exact, double level, stats_exact_interval *interval);

#endif
