/* How early an onset may lie that was not reached. */
#ifndef ROPELAW_STATS_ONSET_LIMIT_H
#define ROPELAW_STATS_ONSET_LIMIT_H

#include "stats/soft_solver.h"

typedef struct {
    const stats_data *data; /* y that the solver has fitted */
    const stats_soft *fit;
    double excess; /* above the line before the break */
    double cut;
} stats_limit_question;

/* The smallest X up to the last length with a SOFT curve that exceeds its line before the break by `excess` at X and whose sum
   of squares is <= cut; the last length if there is none. Where the fit itself exceeds its line earlier, its own X, which may
   lie left of the first length (what is left of it was not measured: the caller's to cut off). The break is held at the second length or later: left of it there
   is no line to be seen that the excess could be measured from, and any straight curve would do for the line after the
   break. No Huber. NOMEM. */
ropelaw_status stats_onset_limit(stats_soft_solver *solver, const stats_limit_question *question,
                                 double *lower) ROPELAW_MUST_USE;

#endif
