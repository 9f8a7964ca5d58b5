/* A straight line, and what rounding alone leaves of one. */
#ifndef ROPELAW_STATS_STRAIGHT_H
#define ROPELAW_STATS_STRAIGHT_H

#include "stats/data.h"

typedef struct {
    double alpha, slope, center; /* y = alpha + slope (x - center) */
    double rss;
    double variance; /* of the slope, for sigma 1; INFINITY with one length */
    bool exact;      /* rss is no more than rounding: the points lie on the line but for their last digits */
} stats_straight;

/* Least squares in the metric of the data, at two different x or more. influence [n] (may be NULL; not under a covariance): how the slope follows the
   points. NOMEM. */
ropelaw_status stats_straight_fit(const stats_data *data, double *influence,
                                  stats_straight *line) ROPELAW_MUST_USE;

/* The largest sum of squares that rounding leaves where a curve is right: a residual of 8 eps of the size of what made it,
   1 + |y| + |slope x| with the slope between the ends. y = ln v has half an eps from v and half an eps of itself, x half
   an eps of itself, and as much again for whoever made the values and for the projection. */
double stats_rounding_rss(const stats_data *data);

#endif
