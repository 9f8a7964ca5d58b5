/* One run's curve under the shape that all runs of a model share:
   y = alpha + pre (x - mean x) + rise * width * softplus((x - psi) / width), x = ln length, y = ln ppl. */
#ifndef ROPELAW_FIT_LAW_CURVE_H
#define ROPELAW_FIT_LAW_CURVE_H

#include "core/core.h"

typedef struct {
    size_t n, n_measured, n_distinct; /* points; those that are not limits; distinct lengths */
    double *x, *y, *weight;           /* x ascending; weight = 1 / se^2, or 1 */
    signed char *censored;            /* +1: the true y is above, -1: below, 0: measured */
    double mean_x;
} fit_curve;

typedef struct {
    double pre;   /* slope before the break, nats per e-fold of length */
    double rise;  /* change of slope at the break, > 0 */
    double width; /* of the bend, in ln length */
} fit_shape;

/* Sum of weighted squared residuals at the best alpha, and its derivatives at that alpha (envelope theorem).
 */
typedef struct {
    double rss, alpha;
    double d_pre, d_rise, d_width, d_psi;
} fit_curve_value;

/* A limit counts like a measurement while the curve is on its wrong side, and not at all otherwise. */
void fit_curve_eval(const fit_curve *curve, const fit_shape *shape, double psi, fit_curve_value *value);

/* The psi in the search range with the smallest rss: every gap between lengths is looked into. */
double fit_curve_best(const fit_curve *curve, const fit_shape *shape, fit_curve_value *value);

/* Ends of the search range: beyond them the curve is one straight line as far as its points can tell. */
double fit_curve_low(const fit_curve *curve);
double fit_curve_high(const fit_curve *curve);

#endif
