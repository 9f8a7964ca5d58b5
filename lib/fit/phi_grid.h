/* Log likelihood of phi and of the scatter on a grid, summed over runs. */
#ifndef ROPELAW_FIT_PHI_GRID_H
#define ROPELAW_FIT_PHI_GRID_H

#include "fit/law_table.h"
#include "fit/run_arcs.h"

enum { FIT_PHI_STEPS = 315, FIT_PHI_TAUS = 24 };

typedef struct {
    double log[FIT_PHI_STEPS][FIT_PHI_TAUS];
} fit_phi_grid;

typedef struct {
    double phi, tau, log_likelihood;
} fit_phi_best;

/* ln of the length that coverage gives, distance + 1; INFINITY where no pair is unsafe. */
double fit_phi_length(const ropelaw_arcs *arcs, double phi_rad);

void fit_phi_add(fit_phi_grid *grid, const fit_term *term, const ropelaw_arcs *arcs);
void fit_phi_sum(fit_phi_grid *grid, const fit_phi_grid *more, double times);

/* Largest likelihood of grid - without (NULL: nothing taken off): the middle of a plateau, a parabola through the
   neighbours otherwise. */
fit_phi_best fit_phi_find(const fit_phi_grid *grid, const fit_phi_grid *without);

/* Ends of {phi: 2 (max - likelihood) <= cut}, to the next step of the grid outside. */
void fit_phi_profile(const fit_phi_grid *grid, double cut, double interval[2]);

#endif
