/* Distribution functions and quantiles. No call reaches a path of GSL that raises: outside its domain a
   function returns nan. Relative accuracy 1e-12 for degrees of freedom up to 1e4, 1e-11 up to 1e5 (tested
   against multi-precision values). */
#ifndef ROPELAW_NUM_QUANTILE_H
#define ROPELAW_NUM_QUANTILE_H

/* Standard normal: P(Z <= x), and the x with P(Z <= x) = p (logarithms: log_normal.h). */
double num_normal_cdf(double x);
double num_normal_quantile(double p);

/* Upper tails P(X > x) and quantiles (P(X <= x) = p). Degrees of freedom are real and > 0; an infinite `df`
   of t and an infinite `df2` of F are their limits, normal and chi-square over df1. */
double num_t_tail(double x, double df);
double num_t_quantile(double p, double df);
double num_f_tail(double x, double df1, double df2);
double num_f_quantile(double p, double df1, double df2);
double num_chi2_tail(double x, double df);
double num_chi2_quantile(double p, double df);

#endif
