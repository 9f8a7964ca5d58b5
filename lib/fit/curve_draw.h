/* Resampled curves of a run. */
#ifndef ROPELAW_FIT_CURVE_DRAW_H
#define ROPELAW_FIT_CURVE_DRAW_H

#include "fit/curve_fit.h"
#include <ropelaw/random.h>
#include <ropelaw/run_bootstrap.h>

/* The curves that noise is put on. */
typedef enum { FIT_OF_HINGE, FIT_OF_SOFT, FIT_CURVES } fit_drawn_curve;

typedef struct {
    const fit_state *state;
    ropelaw_resample resample;
    double *fitted[FIT_CURVES], *residual[FIT_CURVES]; /* [n]; residuals whitened, centred and inflated */
    double sigma[FIT_CURVES];
    double *memory;
} fit_draws;

/* NOMEM; INVALID or SHAPE where the run cannot be drawn so. */
ropelaw_status fit_draws_init(const fit_state *state, ropelaw_resample resample, fit_draws *draws,
                              ropelaw_error *error);
void fit_draws_clear(fit_draws *draws);

/* One thread's sample: data point at its arrays; documents drawn and their means beside it. */
typedef struct {
    stats_data data;
    double *x, *y, *weight, *mean, *share; /* [n] */
    size_t *drawn;                         /* [units] */
    double *memory;
} fit_sample;
bool fit_sample_init(const fit_draws *draws, fit_sample *sample);
void fit_sample_clear(fit_sample *sample);

/* Fill the sample. Whole points and documents give the same for both curves, so they are drawn once. */
void fit_draw(const fit_draws *draws, fit_drawn_curve curve, ropelaw_random *random, fit_sample *sample);

/* Points or documents that are drawn from. */
size_t fit_units(const fit_draws *draws);

#endif
