/* The steps of a run's fit; each fills its part of the result. */
#ifndef ROPELAW_FIT_CURVE_FIT_H
#define ROPELAW_FIT_CURVE_FIT_H

#include "fit/curve_data.h"
#include "stats/soft_solver.h"
#include "stats/straight.h"

typedef struct {
    const ropelaw_run *run;
    const ropelaw_fit_options *options;
    fit_curve curve;
    size_t m;                  /* different lengths */
    stats_soft_solver *solver; /* NULL below 6 lengths */
    stats_soft soft;
    stats_straight line; /* from two different lengths on */
    bool straight;       /* the line fits no worse than SOFT, whose bend has a smallest size (curve_line.c) */
    ropelaw_family_fit hinge; /* the hinge that stands for the break: theta alpha, s1, d, psi */
    bool has_hinge, plateau;
    double *influence;            /* [n] memory */
    struct stats_null_laws *laws; /* of the test of a break, from other runs; or NULL */
    ropelaw_run_fit *fit;
} fit_state;

/* ---- What the rise of a profile is measured against (curve_scale.c) */

/* Rise of a sum of squares per unit of F(1, df). The second one counts where it gives more. */
typedef struct {
    double unit[2], df[2];
    const char *method;
} fit_scale;

/* One estimate: its variance for sigma 1 and its influence [n], the minimum and the number of parameters behind it. */
typedef struct {
    double variance;
    const double *influence;
    double rss;
    size_t p;
} fit_estimator;
fit_scale fit_scale_of(const fit_state *state, const fit_estimator *estimator);
double fit_rise(const fit_scale *scale, double level);
/* Standard error by the delta method. */
double fit_se(const fit_state *state, const fit_estimator *estimator);
/* Whether the residuals are larger than the documents explain. NOMEM. */
ropelaw_status fit_misfit(fit_state *state, ropelaw_error *error);

/* ---- The steps */

/* Points, memory and an empty `fit`; after OK fit_close must follow. */
ropelaw_status fit_open(fit_state *state, const ropelaw_run *run, const ropelaw_fit_options *options,
                        ropelaw_run_fit *fit, ropelaw_error *error) ROPELAW_MUST_USE;
void fit_close(fit_state *state);
/* The straight line. NOMEM. */
ropelaw_status fit_line(fit_state *state, ropelaw_error *error) ROPELAW_MUST_USE;
/* Sum of squares that stands for SOFT: the line's where it is no larger. */
double fit_soft_rss(const fit_state *state);
/* Slopes, noise and parameters (of a SOFT curve without a bend) of a straight curve. NOMEM. */
ropelaw_status fit_straight(fit_state *state, ropelaw_error *error) ROPELAW_MUST_USE;
/* Hinge and SOFT, without intervals. */
ropelaw_status fit_estimates(fit_state *state, ropelaw_error *error) ROPELAW_MUST_USE;

/* The measured length that x is the logarithm of, exp(x) if none is. */
double fit_length(const fit_state *state, double x);

ropelaw_estimate fit_no_estimate(ropelaw_fit_status status);

/* Families, AICc and weights; the preferred one. */
ropelaw_status fit_families(fit_state *state, ropelaw_error *error);
double fit_aicc(const stats_data *data, double rss, size_t p);
/* Leave out where the curve has levelled off. */
ropelaw_status fit_levelled(fit_state *state, ropelaw_error *error);
/* The hinge, Huber's where he is asked for. */
ropelaw_status fit_hinge(fit_state *state, ropelaw_error *error);
/* Sign-flip test of a break over documents; 1 below 6 documents is not given: NAN. */
ropelaw_status fit_documents_test(fit_state *state, double *p, ropelaw_error *error);
/* Test and interval of the break; its standard error. */
ropelaw_status fit_break(fit_state *state, ropelaw_error *error);
/* Onsets, slopes and width from SOFT. Needs the run's status. */
ropelaw_status fit_onsets(fit_state *state, ropelaw_error *error);
/* The run's status from what is known, and what it withholds. */
void fit_status(fit_state *state);
void fit_theory(fit_state *state);
/* Change of ln break when each point is left out [n]; NAN where too few are left, or the curve is too long. NOMEM. */
ropelaw_status fit_leave_one_out(const fit_curve *curve, double *influence);
ropelaw_status fit_diagnostics(fit_state *state, ropelaw_error *error);

/* The onset of one eps as the statistics folder sees it. */
stats_onset fit_onset_question(const fit_state *state, double eps);

/* All runs of a series. `laws`: of each thread (core_threads), what runs of the same lengths share; or NULL, or some NULL. */
ropelaw_status fit_series(const ropelaw_series *series, const ropelaw_fit_options *options,
                          struct stats_null_laws **laws, ropelaw_run_fit *fits,
                          ropelaw_error *error) ROPELAW_MUST_USE;

#endif
