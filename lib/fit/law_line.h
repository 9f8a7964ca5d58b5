/* Maximum likelihood of a law: psi_i ~ N(offset_i + x_i' theta, tau^2) seen through one term per run. */
#ifndef ROPELAW_FIT_LAW_LINE_H
#define ROPELAW_FIT_LAW_LINE_H

#include "fit/law_table.h"

/* tau is kept above this: data that are intervals alone would drive it to 0 (statistics.md 2.2). */
#define FIT_TAU_FLOOR 0.005

typedef struct {
    size_t n, p;           /* runs, coefficients; p may be 0 */
    const double *x;       /* [n][p] */
    const double *offset;  /* [n] */
    const double *floor;   /* [n] ln of the length below which a run cannot break; -inf; NULL: none */
    const fit_term *terms; /* [n] */
    double tau_hint;       /* start here; 0: try several starts */
    double
        shift_variance; /* of an error that all psi share (the shape's): a shift with a normal prior; 0: none */
    /* the same for each of several models: run i belongs to group[i], whose shift has group_variance[group[i]] */
    size_t n_groups;              /* 0: none */
    const size_t *group;          /* [n] */
    const double *group_variance; /* [n_groups] */
    bool exact;                   /* tau is held at its floor */
    size_t threads; /* over which the runs are spread where they are many; the same bytes for any number */
} fit_line_problem;

typedef struct {
    double *theta;      /* [p] */
    double *covariance; /* [p][p] from the observed information, tau included; NAN where it is not positive
                           definite */
    double tau, log_likelihood;
    size_t n_bounded; /* runs with a bounded likelihood and not on the floor */
    bool tau_at_floor, converged;
} fit_line;

/* Several starts in tau, the best end is kept. SINGULAR if a coefficient cannot be told from the others. */
ropelaw_status fit_line_fit(const fit_line_problem *problem, fit_line *line, ropelaw_error *error);
void fit_line_clear(fit_line *line);

/* Maximum over everything else with theta[k] held at a value. */
ropelaw_status fit_line_profile(const fit_line_problem *problem, size_t k, double value,
                                double *log_likelihood, ropelaw_error *error);

/* {v : 2 (max - profile(v)) <= n ln(1 + F_{1, df} / df)}, n bounded runs, df = n - p; an end that is not
   reached is infinite, all is NAN if df < 1. */
ropelaw_status fit_line_interval(const fit_line_problem *problem, const fit_line *line, size_t k,
                                 double level, double interval[2], ropelaw_error *error);

/* F statistic of a likelihood ratio: (exp(D/n) - 1) df2 / df1, D = 2 (full - restricted), df2 = n - p of the
   full fit; and its p value; NAN if df2 < 1. Exact for complete normal data. */
typedef struct {
    double f, df1, df2, p;
} fit_test;
fit_test fit_line_test(const fit_line *full, size_t p_full, double restricted, size_t df1);

#endif
