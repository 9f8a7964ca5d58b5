/* Log likelihood of the mean phi of models that differ. */
#ifndef ROPELAW_FIT_PHI_MODELS_H
#define ROPELAW_FIT_PHI_MODELS_H

#include "fit/phi_grid.h"
#include <stdbool.h>

enum { FIT_PHI_SPREADS = 12 };

/* by the spread of phi between models, the scatter tau of runs, and the mean phi */
typedef struct {
    double log[FIT_PHI_SPREADS][FIT_PHI_TAUS][FIT_PHI_STEPS];
} fit_phi_marginal;

/* Integrals of the normal density over the steps of the grid, made once. */
typedef struct {
    double step[FIT_PHI_SPREADS]
               [2 * FIT_PHI_STEPS - 1]; /* over the step that lies k - (FIT_PHI_STEPS - 1) steps away */
    double below[FIT_PHI_SPREADS][FIT_PHI_STEPS]; /* up to the end of the first step */
    double above[FIT_PHI_SPREADS][FIT_PHI_STEPS]; /* from the start of the last step on */
} fit_phi_kernel;

void fit_phi_kernel_init(fit_phi_kernel *kernel);

/* Adds the model whose runs are in `runs`: ln of the integral of its likelihood over phi ~ N(mean, spread^2). */
void fit_phi_marginal_add(fit_phi_marginal *m, const fit_phi_kernel *kernel, const fit_phi_grid *runs);
void fit_phi_marginal_sum(fit_phi_marginal *m, const fit_phi_marginal *more);

typedef struct {
    double phi, spread, tau, log_likelihood;
    bool at_edge; /* the spread is the largest of the grid */
} fit_phi_mean;

/* Largest likelihood of m - without (NULL: nothing taken off). A spread below the smallest of the grid counts as 0. */
fit_phi_mean fit_phi_mean_find(const fit_phi_marginal *m, const fit_phi_marginal *without);

/* Ends of {mean: 2 (max - likelihood) <= cut}, to the next step of the grid outside. */
void fit_phi_mean_profile(const fit_phi_marginal *m, double cut, double interval[2]);

#endif
