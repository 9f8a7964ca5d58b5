/**
 * The phase tolerance phi of the coverage bound (coverage.h), fitted to measured onsets.
 *
 * Model       ln onset_i = ln(distance_i(phi_j) + 1) + eta_i,  eta_i ~ N(0, tau^2),  phi_j ~ N(phi, spread^2) of model j;
 *             distance_i(phi_j) is the coverage of run i's own frequencies. An onset enters as a value with its error, as
 *             an interval or as a limit. phi, the mean of models, is the maximum of the likelihood over 0 .. pi (steps of
 *             0.01 rad, refined), where the phi_j are integrated out and tau and spread (to 0.86 rad) are free.
 * Interval    profile likelihood, its cut calibrated by F with (n_models - 1) degrees of freedom, of models that have more
 *             than limits: runs of one model share what makes them differ from theory, so models are the units.
 *             With one model its runs are the units: that says nothing of other models.
 * Error       every model predicted with the phi of the others: RMS of ln(observed / predicted), where observed is the
 *             nearer end of what is known, and 0 inside it.
 * Source      ropelaw (docs/law-fit.md). Simulated coverage: docs/simulation-law.md.
 */
#ifndef ROPELAW_PHI_FIT_H
#define ROPELAW_PHI_FIT_H

#include <ropelaw/fit.h>
#include <ropelaw/law_fit.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is known of one run's onset. Runs are one model if they agree in name, rotary_dim, pretrain_base, train_len. */
typedef struct {
    const ropelaw_run *run; /* its facts; its points are not read */
    double lo_tok, hi_tok;  /* the onset lies between; equal: known up to se; 0 or INFINITY: a limit */
    double se;              /* standard error of ln of the ends, >= 0 */
} ropelaw_phi_case;

typedef struct {
    double level;                     /* of the interval, in (0, 1) */
    size_t threads;                   /* models are spread over them */
    const ropelaw_progress *progress; /* NULL */
} ropelaw_phi_options;

/** 0.95, 1, NULL. */
ROPELAW_API extern const ropelaw_phi_options ropelaw_phi_options_default;

typedef struct {
    const char *name;
    double rotary_dim, pretrain_base, train_len_tok;
    size_t n_runs, n_bounded; /* used; of them not only a limit */
    double phi_rad;           /* fitted to this model alone; NAN if none of its runs is bounded */
    double
        phi_others_rad; /* fitted without it (above 64 models: without its 64th of them); NAN with one model */
    double rms_out;     /* RMS of ln(observed / predicted) with that phi; NAN likewise */
} ropelaw_phi_model;

typedef struct {
    ropelaw_fitted_phi fitted; /* what a law file carries; n_models 0 with a reason */
    const char *reason;        /* NULL */
    double tau;            /* [ln token] scatter of runs about their model's coverage, maximum likelihood */
    double spread_rad;     /* of phi between models, likewise; 0: below 0.01; NAN with one model */
    double rms;            /* RMS of ln(observed / predicted) with the fitted phi */
    double out_lo, out_hi; /* smallest and largest observed / predicted of models left out; NAN with one */
    double others_lo, others_hi; /* [rad] range of phi over the fits that leave one model out */
    size_t n_bounded;            /* runs that are not only limits */
    size_t n_models;
    ropelaw_phi_model *models; /* by name */
} ropelaw_phi;

/**
 * Fit phi to what is known of onsets.
 *
 * A run whose frequencies do not follow from its facts (rotary_dim, pretrain_base, train_len, base, method, factor;
 * rotary_dim at most 1024) is left out.
 *
 * In       cases [n]; options (NULL: default)
 * Out      phi, free with ropelaw_phi_destroy
 * Returns  OK, also where nothing could be fitted (phi->reason); INVALID; DOMAIN naming the member; NOMEM; CANCELLED.
 * Cost     0.5 ms per run with a value, 1 to 2 ms with a bracket, 5 ms per model; memory 100 bytes per run, 80
 *          per model and 0.8 MB per model up to 64. Threads: the same bytes for any number of them.
 */
ROPELAW_API ropelaw_status ropelaw_phi_fit(const ropelaw_phi_case *cases, size_t n,
                                           const ropelaw_phi_options *options, ropelaw_phi **phi,
                                           ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * The same from fitted runs: the break under the shape that a model's runs share where the law uses the run, else the
 * onset of the first eps (if it lies between the measured lengths that bracket it), else that bracket. Accuracies stay
 * out, and runs whose base is below that of pre-training (their curves rise slowly, without a wall).
 *
 * In       series; fits [series->n_runs] of ropelaw_series_fit; law of ropelaw_law_fit, or NULL
 * Returns  as ropelaw_phi_fit; SHAPE for a law of another series.
 */
ROPELAW_API ropelaw_status ropelaw_series_phi_fit(const ropelaw_series *series, const ropelaw_run_fit *fits,
                                                  const ropelaw_law *law, const ropelaw_phi_options *options,
                                                  ropelaw_phi **phi, ropelaw_error *error) ROPELAW_MUST_USE;

/** Free and null; NULL is fine. */
ROPELAW_API void ropelaw_phi_destroy(ropelaw_phi **phi);

#ifdef __cplusplus
}
#endif
#endif
