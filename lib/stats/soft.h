/* SOFT, alpha + s1 (x - psi) + d w sp((x - psi)/w): starts from a grid on which three parameters are linear. */
#ifndef ROPELAW_STATS_SOFT_H
#define ROPELAW_STATS_SOFT_H

#include "stats/family.h"

/* theta in the order of the registry */
enum { SOFT_ALPHA, SOFT_S1, SOFT_LN_D, SOFT_PSI, SOFT_LN_W, SOFT_P };

/* The grid for one x and metric; read by any number of threads. */
typedef struct stats_soft_plan stats_soft_plan;
ropelaw_status stats_soft_create(const stats_data *data, stats_soft_plan **plan,
                                 ropelaw_error *error) ROPELAW_MUST_USE;
void stats_soft_destroy(stats_soft_plan *plan);

/* The best local minima on the grid for y (at most `most`), as full parameter vectors, best first. scratch [6n]. */
size_t stats_soft_starts(const stats_soft_plan *plan, const double *y, size_t most, double *scratch,
                         stats_start *starts);

/* Value and gradient [SOFT_P] or NULL. */
double stats_soft_eval(const double *theta, double x, double *gradient);

/* The box: psi between the second and the last but one length, w from 1/50 of the mean step to 1.5. */
void stats_soft_bounds(const stats_data *data, double *lo, double *hi);

/* Mean distance of neighbouring lengths [ln token]. */
double stats_step(const stats_data *data);

#endif
