/* Where a law leaves its floor. */
#ifndef ROPELAW_FIT_LAW_FLOOR_H
#define ROPELAW_FIT_LAW_FLOOR_H

#include "fit/law_line.h"

/* u = ln base at which intercept + slope u is the floor, for a problem with both as coefficients and one floor for all runs,
   and its profile interval, cut as fit_line_interval's; `at` is all NAN where there is no such u or no degree of freedom. */
ropelaw_status fit_law_floor(const fit_line_problem *problem, const fit_line *line, double level,
                             double at[3], ropelaw_error *error);

#endif
