/* The steps of a run's fit; each fills its part of the result. */
#ifndef ROPELAW_FIT_CURVE_FIT_H
#define ROPELAW_FIT_CURVE_FIT_H

#include "fit/curve_data.h"
#include "stats/soft_solver.h"

typedef struct {
    const ropelaw_run *run;
    const ropelaw_fit_options *options;
    fit_curve curve;
    size_t m;                  /* different lengths */
    stats_soft_solver *solver; /* NULL below 6 lengths */
    stats_soft soft;
    ropelaw_family_fit hinge; /* the hinge that stands for the break: theta alpha, s1, d, psi */
    bool has_hinge, plateau;
    ropelaw_run_fit *fit;
} fit_state;

ropelaw_estimate fit_no_estimate(ropelaw_fit_status status);

/* Families, AICc and weights; the preferred one. */
ropelaw_status fit_families(fit_state *state, ropelaw_error *error);
/* Exact test and interval of the break; its standard error. */
ropelaw_status fit_break(fit_state *state, ropelaw_error *error);
/* Onsets, slopes and width from SOFT. Needs the run's status. */
ropelaw_status fit_onsets(fit_state *state, ropelaw_error *error);
/* The run's status from what is known, and what it withholds. */
void fit_status(fit_state *state);
void fit_theory(fit_state *state);
ropelaw_status fit_diagnostics(fit_state *state, ropelaw_error *error);

/* The onset of one eps as the statistics folder sees it. */
stats_onset fit_onset_question(const fit_state *state, double eps);

#endif
