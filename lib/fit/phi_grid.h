/* Log likelihood of phi and of the scatter on a grid, summed over runs. */
#ifndef ROPELAW_FIT_PHI_GRID_H
#define ROPELAW_FIT_PHI_GRID_H

#include "fit/law_table.h"
#include "fit/run_arcs.h"

enum { FIT_PHI_STEPS = 315, FIT_PHI_TAUS = 24 };
#define FIT_PHI_STEP 0.01 /* [rad] */

typedef struct {
    double log[FIT_PHI_STEPS][FIT_PHI_TAUS];
} fit_phi_grid;

typedef struct {
    double phi, tau, log_likelihood;
} fit_phi_best;

/* Values of the grid; tau between its nodes too. */
double fit_phi_at(int k);
double fit_phi_tau_at(double m);

/* Parabola through three equidistant values: where its top lies from the middle, in steps, and how high. */
double fit_phi_top(double a, double b, double c, double *height);

/* phi of the largest of value [FIT_PHI_STEPS], which is value[best]: the middle of a plateau, a parabola otherwise. */
double fit_phi_peak(const double *value, int best);

/* Ends of {phi: value >= level}, to the next step of the grid outside. */
void fit_phi_cut(const double *value, double level, double interval[2]);

/* ln of the length that coverage gives, distance + 1; INFINITY where no pair is unsafe. */
double fit_phi_length(const ropelaw_arcs *arcs, double phi_rad);

void fit_phi_add(fit_phi_grid *grid, const fit_term *term, const ropelaw_arcs *arcs);

/* Largest likelihood. */
fit_phi_best fit_phi_find(const fit_phi_grid *grid);

/* Ends of {phi: 2 (max - likelihood) <= cut}, to the next step of the grid outside. */
void fit_phi_profile(const fit_phi_grid *grid, double cut, double interval[2]);

#endif
