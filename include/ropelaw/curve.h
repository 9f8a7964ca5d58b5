/**
 * Families of curves: what a measured perplexity curve may look like.
 *
 * Curves are fitted to y = ln(perplexity) = mean loss [nat] (or -logit(accuracy)) against x = ln(length/token). One
 * kernel covers most families: y = alpha + s1 (x - psi) + d w sp((x - psi)/w), sp(u) = ln(1 + e^u). Width w -> 0 is
 * the hinge; s1 = 0 and w = 1/d is a plateau with a power law above it; it is also the broken neural scaling law
 * with one break and no floor. alpha is the value at the break, not at x = 0, so that it hardly correlates with s1.
 * Parameters that cannot be negative are fitted as logarithms.
 */
#ifndef ROPELAW_CURVE_H
#define ROPELAW_CURVE_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROPELAW_FAMILY_PARAMETERS_MAX 9

/** One member of the registry. */
typedef struct {
    const char *name;    /* "HINGE" */
    const char *formula; /* in x and the parameters */
    const char *source;
    const char *use; /* what it is good for, one line */
    size_t n_parameters;
    const char *parameters[ROPELAW_FAMILY_PARAMETERS_MAX];
    const char *units[ROPELAW_FAMILY_PARAMETERS_MAX]; /* x is in ln token; slopes are nat per unit of x */
    size_t min_points;                                /* different lengths below which it is not fitted */
} ropelaw_family;

/** Number of families. Threads: pure. */
ROPELAW_API size_t ropelaw_family_count(void);

/** Family by index, NULL past the end. Threads: pure. */
ROPELAW_API const ropelaw_family *ropelaw_family_at(size_t index);

/** Family by name ("SOFT"), NULL if there is none. Threads: pure. */
ROPELAW_API const ropelaw_family *ropelaw_family_find(const char *name);

/**
 * A family's curve and its derivatives.
 *
 * In       family: from the registry; theta [n_parameters], finite; x [ln token]
 * Out      y [nat]; gradient [n_parameters] d y / d theta, may be NULL
 * Returns  OK; INVALID for NULL; DOMAIN naming the parameter that is not finite; UNSUPPORTED for ISO, which has no
 *          formula.
 * Accuracy few ulp of the largest term; gradients are analytic. At a hinge's break the derivative is the left one.
 */
ROPELAW_API ropelaw_status ropelaw_family_eval(const ropelaw_family *family, const double *theta, double x,
                                               double *y, double *gradient,
                                               ropelaw_error *error) ROPELAW_MUST_USE;

/** Points to fit a family to: x ascending (ties allowed), weight NULL for equal ones. */
typedef struct {
    size_t n;
    const double *x;      /* [ln token] */
    const double *y;      /* [nat] */
    const double *weight; /* [n] > 0: inverse variances up to one common factor; NULL */
} ropelaw_points;

typedef struct {
    double theta[ROPELAW_FAMILY_PARAMETERS_MAX];
    double rss;        /* weighted sum of squared residuals */
    uint32_t at_bound; /* bit k: parameter k ended on the edge of its range */
    int converged;     /* 0: no optimum was confirmed; theta is the best point seen */
    uint32_t caveats;  /* AT_EDGE, ILL_CONDITIONED */
} ropelaw_family_fit;

/**
 * Least squares of one family.
 *
 * In       family, points
 * Out      fit; fitted [n] fitted values, may be NULL (ISO has nothing else)
 * Returns  OK; INVALID for NULL or unsorted x; SHAPE below min_points; DOMAIN for values that are not finite or
 *          weights that are not positive; NOMEM.
 * Accuracy CONST, LINE, QUAD, HINGE, PLATEAU_HINGE, ISO: the global optimum by construction. Others: the best of
 *          several starts from a grid, each refined until |J'r| <= 1e-6 |J||r|. Threads: pure.
 */
ROPELAW_API ropelaw_status ropelaw_family_fit_eval(const ropelaw_family *family, const ropelaw_points *points,
                                                   ropelaw_family_fit *fit, double *fitted,
                                                   ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
