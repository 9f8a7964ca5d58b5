/* The hinge under a full covariance: the same enumeration with projections instead of running sums. */
#ifndef ROPELAW_STATS_HINGE_GLS_H
#define ROPELAW_STATS_HINGE_GLS_H

#include "stats/data.h"
#include "stats/hinge.h"

typedef struct stats_hinge_gls stats_hinge_gls;

/* u [m]: the distinct x; data as stats_hinge_create. */
ropelaw_status stats_hinge_gls_create(const stats_data *data, size_t m, const double *u, bool plateau,
                                      stats_hinge_gls **gls, ropelaw_error *error);
void stats_hinge_gls_destroy(stats_hinge_gls *gls);
const stats_data *stats_hinge_gls_data(const stats_hinge_gls *gls);
/* scratch [2n] */
double stats_hinge_gls_search(const stats_hinge_gls *gls, const double *y, double *scratch, double *psi,
                              bool *at_knot);

#endif
