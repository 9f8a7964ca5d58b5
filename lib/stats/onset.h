/* Onsets: where a SOFT curve has risen by c = ln(1 + eps) above a reference. */
#ifndef ROPELAW_STATS_ONSET_H
#define ROPELAW_STATS_ONSET_H

#include "stats/soft.h"

typedef enum {
    STATS_REF_LINE, /* the line before the break, continued */
    STATS_REF_MIN,  /* the smallest value of the curve so far, from x = first */
    STATS_REF_AT,   /* the curve's value at x = value */
    STATS_REF_ABS   /* y = value */
} stats_reference;

typedef struct {
    stats_reference reference;
    double excess; /* c > 0 */
    double value;  /* for AT and ABS */
    double first;  /* smallest length, for MIN */
} stats_onset;

/* x of the onset, NAN if the curve never rises that far; gradient [SOFT_P] dX/dtheta or NULL. */
double stats_onset_find(const stats_onset *onset, const double *theta, double *gradient);

/* The inverse for profiles: complete theta so that its onset is at x. Solves for psi (for alpha if the reference is
   ABS); theta's other members stay. gradient [SOFT_P]: d(solved)/d(other), 0 at the solved one. False if no value does. */
bool stats_onset_place(const stats_onset *onset, double x, double *theta, double *gradient);

#endif
