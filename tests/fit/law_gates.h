/* Simulation gates of the law: simulate, fit, count. Used small as a test, large as the program simulate_law. */
#ifndef TESTS_FIT_LAW_GATES_H
#define TESTS_FIT_LAW_GATES_H

#include <stddef.h>
#include <stdint.h>

/* Curves of ten runs (or fewer): d 128, slope 0.72, tau 0.05, bases over 2.4 decades, twelve lengths an octave apart up to `last`. */
typedef struct {
    double width, sd;
    double last; /* ln of the longest length: 14 none censored, 11.46 a quarter, 10.82 41 % */
    double late; /* noise beyond the break over noise before it */
    int runs;    /* at most 10 */
} slope_design;

typedef struct {
    size_t n, failed;
    double censored;               /* share of runs that break beyond their last length */
    double bias, sd;               /* of the effective dimension */
    double covers, chi2;           /* of the truth, at 95 %, by F(1, n_u - 2) and by chi-square */
    double rejects_theory;         /* size of the 5 % test of (slope, c) = truth */
    double unit_bias, unit_covers; /* with c = 1 */
} slope_result;

/* Lengths and limits alone: slope 0.7 over 3 standard deviations' worth of bases. */
typedef struct {
    size_t n;
    double censored, tau;
} bound_design;

typedef struct {
    size_t n, failed, unsolvable;
    double bias;   /* of the slope */
    double covers; /* slope at 95 % */
    double predicts,
        inverts; /* one-sided 90 %: a new run beyond the lower band; the base found reaches the target */
    double log10_base; /* median base found, and that of the true median law */
    double log10_true;
} bound_result;

typedef struct {
    uint64_t seed;
    size_t reps, threads;
} gate_options;

slope_result gate_slope(const slope_design *design, const gate_options *options);
bound_result gate_bounds(const bound_design *design, const gate_options *options);

#endif
