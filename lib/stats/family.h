/* The registry of curve families: one file per family, one line in family.c. */
#ifndef ROPELAW_STATS_FAMILY_H
#define ROPELAW_STATS_FAMILY_H

#include "stats/data.h"
#include <ropelaw/curve.h>

enum { STATS_P = ROPELAW_FAMILY_PARAMETERS_MAX, STATS_MOST_STARTS = 12 };

typedef struct {
    double theta[STATS_P];
    double rss; /* of the start, where it is known: the smallest are tried */
} stats_start;

typedef struct stats_family {
    ropelaw_family info; /* first: ropelaw_family pointers are pointers to this */
    /* value, and gradient [p] unless NULL */
    double (*eval)(const double *theta, double x, double *gradient);
    /* Either a direct solution ... */
    ropelaw_status (*solve)(const stats_data *data, ropelaw_family_fit *fit, double *fitted,
                            ropelaw_error *error);
    /* ... or starts (at most STATS_MOST_STARTS, returns how many) and the box of the parameters. */
    size_t (*start)(const stats_data *data, stats_start *starts);
    void (*bounds)(const stats_data *data, double *lo, double *hi);
} stats_family;

extern const stats_family stats_family_const, stats_family_line, stats_family_quad,
    stats_family_plateau_hinge, stats_family_hinge, stats_family_plateau_power, stats_family_soft,
    stats_family_bnsl1, stats_family_bnsl2, stats_family_saturating, stats_family_hinge2, stats_family_iso;

extern const stats_family *const stats_families[]; /* NULL-terminated */

/* Least squares over the starts of a family; data need no check. `fitted` may be NULL. */
ropelaw_status stats_family_solve(const stats_family *family, const stats_data *data, ropelaw_family_fit *fit,
                                  double *fitted, ropelaw_error *error) ROPELAW_MUST_USE;

/* Helpers for the family files. ln(1 + e^u), and 1/(1 + e^-u). */
double stats_softplus(double u);
double stats_sigmoid(double u);

/* Least squares of p <= 4 columns (n x p, raw: whitened inside, destroyed) to y; coefficients [p]; the rss, or
   INFINITY if the columns are dependent. `y` [n] raw, destroyed. */
double stats_linear(const stats_data *data, size_t p, double *columns, double *y, double *coefficients);

/* Insert a start into a list kept sorted by rss, at most `most` long. Returns the new count. */
size_t stats_keep(stats_start *starts, size_t count, size_t most, const stats_start *start);

double stats_smallest(const stats_data *data);
double stats_largest(const stats_data *data);

#endif
