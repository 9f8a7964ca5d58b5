/**
 * Onsets from measured curves: where a run leaves its plateau, with an interval and a status on every number.
 *
 * A curve is y = ln(perplexity) = mean loss [nat] against x = ln(length); an accuracy enters as -logit((k + 1/2)/(n + 1)),
 * so that worse is up. The onset T_eps is the length at which the fitted SOFT curve (curve.h; width of the break free)
 * exceeds its reference by ln(1 + eps); the break T = e^psi is the exact least-squares hinge's. Nothing is reported that
 * the number of lengths cannot carry:
 *
 *   different lengths   < 4     4 (sigma known)   4, 5          >= 6
 *   bracket             yes     yes               yes           yes
 *   break               -       plateau hinge     hinge (5)     hinge
 *   onset               -       -                 -             soft
 *
 * Status words, per run and per onset: ESTIMATED; INTERVAL (one point lies past the break: the onset is between the last
 * two lengths); RIGHT (no break seen: a lower limit); LEFT (the reference is exceeded at the first length); GRADUAL (a
 * slow rise: onsets stand, a break does not); NO_BREAK; UNIDENTIFIED (too few lengths: bracket only); NOT_CONVERGED.
 */
#ifndef ROPELAW_FIT_H
#define ROPELAW_FIT_H

#include <ropelaw/coverage.h>
#include <ropelaw/curve.h>
#include <ropelaw/law.h>
#include <ropelaw/series.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ROPELAW_FIT_ESTIMATED,
    ROPELAW_FIT_INTERVAL,
    ROPELAW_FIT_RIGHT,
    ROPELAW_FIT_LEFT,
    ROPELAW_FIT_GRADUAL,
    ROPELAW_FIT_NO_BREAK,
    ROPELAW_FIT_UNIDENTIFIED,
    ROPELAW_FIT_NOT_CONVERGED
} ropelaw_fit_status;

/** "ESTIMATED" ... Never NULL. Threads: pure. */
ROPELAW_API const char *ropelaw_fit_status_str(ropelaw_fit_status status);

/** What an onset is measured from. */
typedef enum {
    ROPELAW_REFERENCE_LINE,    /* the line before the break, continued (default) */
    ROPELAW_REFERENCE_MINIMUM, /* the smallest value of the fitted curve so far */
    ROPELAW_REFERENCE_LENGTH,  /* the fitted curve at reference_value tokens */
    ROPELAW_REFERENCE_VALUE /* reference_value itself, a perplexity (or loss, or accuracy, as the run's kind) */
} ropelaw_reference;

/** Rows that name documents (`doc`): one point a length, the mean over its documents. */
typedef enum {
    ROPELAW_DOCUMENTS_CLUSTER, /* intervals from the differences between documents, whose errors at different lengths
                                  are correlated; from 3 documents a length on, else as AVERAGE (default) */
    ROPELAW_DOCUMENTS_AVERAGE /* the means as independent points */
} ropelaw_documents;

typedef enum {
    ROPELAW_ROBUST_NONE, /* least squares */
    ROPELAW_ROBUST_HUBER /* Huber's loss, k = 1.345, scale from least absolute residuals, for break and onsets; from 8
                            points on. A few wild points then hardly move them; it is for outliers, not for noise that
                            grows with length. Families, their weights and p_break stay least squares */
} ropelaw_robust;

#define ROPELAW_EPS_MAX 8

typedef struct {
    double level;                /* of all intervals, in (0, 1): 0.95 */
    size_t n_eps;                /* 1 .. ROPELAW_EPS_MAX */
    double eps[ROPELAW_EPS_MAX]; /* excess over the reference [1] > 0: 0.1, 0.5 */
    ropelaw_reference reference;
    double reference_value; /* for LENGTH [token] and VALUE; else not read */
    size_t
        n_draws; /* simulated curves of the exact interval: 4999; (n_draws + 1)(1 - level) should be whole */
    size_t n_existence;       /* of the test of a break: 9999 */
    int all_families;         /* 1: compare BNSL_2 as well, 40 ms a run */
    double sigma;             /* residual standard deviation of y [nat] where it is known; NAN: estimated */
    const double *covariance; /* [n][n] covariance of the measured y of the one run fitted [nat^2]; NULL */
    size_t n_covariance;      /* n */
    uint64_t seed;            /* 1 */
    size_t threads;           /* 1; runs are spread over them */
    const ropelaw_progress *progress; /* NULL */
    ropelaw_documents documents;
    ropelaw_robust robust; /* not under a covariance or with documents as clusters */
    double
        width; /* the bend's width w [ln token] where it is known: the break is then the SOFT curve's, its interval
                     exact given w; NAN: the break of a sharp corner */
} ropelaw_fit_options;

ROPELAW_API extern const ropelaw_fit_options ropelaw_fit_options_default;

/** An estimate with its interval. NAN: not given; 0 and INFINITY (-INFINITY for slopes): no bound on that side. */
typedef struct {
    double est, lo, hi;
    double
        se; /* standard error by the delta method, of ln est for lengths and widths, of est for slopes; NAN */
    ropelaw_fit_status status;
    const char *
        method; /* "exact", "profile-F", "profile-chi2", "documents-F", "Huber-F", "bracket"; "": no interval */
    uint32_t caveats; /* AT_EDGE: an end reaches the search range; FEW_POINTS; CENSORED; ILL_CONDITIONED */
} ropelaw_estimate;

typedef struct {
    double eps;
    ropelaw_estimate length_tok;
    double
        bracket_lo_tok; /* last measured length before the first exceedance; NAN: exceeded from the start */
    double bracket_hi_tok; /* first measured length above (1 + eps) * running minimum; NAN: never */
} ropelaw_onset;

typedef struct {
    const ropelaw_family *family;
    int fitted; /* 0: too few lengths, or not converged */
    ropelaw_family_fit fit;
    double aicc;   /* n ln(rss/n) + 2k + 2k(k+1)/(n-k-1), k = parameters + 1 (sigma) */
    double weight; /* Akaike weight among the fitted families */
} ropelaw_family_row;

#define ROPELAW_FAMILY_ROWS_MAX 16

/** What theory says of the run, and how it compares. */
typedef struct {
    double bound_tok;   /* closed form; NAN with `reason` */
    const char *reason; /* why there is none; "" */
    ropelaw_coverage lo,
        hi;       /* phase coverage, phi 0 and 1 rad, of any method whose frequencies follow from the run's
                                 facts; NAN where they do not, or where no pair is unsafe (UNBOUNDED) */
    double ratio; /* onset of the last eps (or the break where there is none) / bound; NAN */
    const char *ratio_reason; /* why there is none; "" */
    double ratio_lo,
        ratio_hi; /* bracket of the first eps / bound: what the measured lengths alone say; NAN for an
                                  open end */
    uint32_t caveats;
} ropelaw_fit_theory;

/** Documents as clusters. */
typedef struct {
    size_t n;     /* documents behind the intervals; 0: not used */
    double sigma; /* deviation of a residual that the differences between documents explain [nat] */
    double
        misfit_p; /* P(residuals this large if the curve were right); below 0.01 intervals are at least as long as
                            the residuals make them; NAN */
} ropelaw_fit_documents;

/** Checks of a fit that a reader should see. NAN where there are too few points. */
typedef struct {
    double largest_influence;         /* largest |change of ln break| when one point is left out */
    size_t most_influential;          /* its index among the measured points */
    double skewness, kurtosis_excess; /* of the residuals */
    double lag1;                      /* autocorrelation of neighbouring residuals */
    double
        n_implied;  /* points (or documents) that would explain the length of the break's interval: n (se / se
                         implied by the interval)^2 */
    int too_narrow; /* 1: n_implied > 4 n: the interval is too short for n points */
} ropelaw_fit_diagnostics;

/** One run. */
typedef struct {
    size_t run;          /* index in the series */
    size_t n, n_lengths; /* measured points used (documents averaged), different lengths among them */
    size_t n_censored;
    double len_min_tok, len_max_tok;
    ropelaw_fit_status status;
    const ropelaw_family *family; /* preferred by AICc; NULL */
    ropelaw_estimate break_tok;
    ropelaw_estimate break_profile; /* the same break, its interval a profile cut at F instead of exact */
    size_t n_onsets;
    ropelaw_onset onset[ROPELAW_EPS_MAX];
    /* where a line fits no worse than SOFT: both slopes are its slope, no width, and ln d = -INFINITY in `soft` */
    ropelaw_estimate slope_before, slope_after; /* [nat per e-fold of length] */
    ropelaw_estimate width;                     /* w [ln token] */
    double sup_f, p_break,
        p_davies; /* p_break: of a test that is exact for normal errors, or, from 6 documents as clusters on, for errors
                     symmetric between documents; NAN */
    double sigma, df; /* residual deviation [nat] of SOFT (or HINGE, or the line), its degrees of freedom */
    size_t n_rows;
    ropelaw_family_row rows[ROPELAW_FAMILY_ROWS_MAX];
    ropelaw_fit_theory theory;
    ropelaw_fit_diagnostics diagnostics;
    double soft[5]; /* alpha, s1, ln d, psi, ln w of the SOFT fit; NAN */
    uint32_t caveats;
    ropelaw_fit_documents documents;
    const char *p_break_method; /* "sup-F", "sign flips of documents"; "" */
    double huber_limit;         /* residuals beyond it are clipped [nat]; NAN under least squares */
    size_t n_clipped;           /* points beyond it */
    size_t n_levelled; /* longest points, where the curve has levelled off after its rise: left out of all but
                          families and bracket */
} ropelaw_run_fit;

/**
 * Fit one run.
 *
 * Equal lengths are replicates. Documents (rows of one length with `doc`) are averaged, and intervals come from the
 * differences between them (ropelaw_documents). A covariance kept with the run (series.h) is used. Rows that are only
 * limits (`censored`) do not enter the fit but count for brackets. Standard errors, if every point has one, weight the
 * points; their scale is estimated.
 *
 * In       run; options (NULL: default)
 * Out      fit
 * Returns  OK, also where little can be said; INVALID for NULL, covariance of the wrong size; DOMAIN naming what is out
 *          of range (perplexity <= 0, accuracy outside [0, 1], not finite, standard error <= 0); SINGULAR for a covariance
 *          that is not positive definite; NOMEM; CANCELLED.
 * Cost     n = 12: about 0.1 s, n = 64 about 0.6 s with the defaults; above 100 points the exact interval takes 999
 *          draws at most; above 2000 points neighbours are averaged into 1000 groups (caveat GRID). Memory O(n), O(n^2)
 *          under a covariance.
 * Threads  the same bytes for any number of them.
 */
ROPELAW_API ropelaw_status ropelaw_run_fit_eval(const ropelaw_run *run, const ropelaw_fit_options *options,
                                                ropelaw_run_fit *fit, ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Fit every run of a series, spread over options->threads.
 *
 * Out      fits [series->n_runs]
 * Returns  as ropelaw_run_fit_eval, the run named in the message; INVALID for a covariance with more than one run.
 */
ROPELAW_API ropelaw_status ropelaw_series_fit(const ropelaw_series *series,
                                              const ropelaw_fit_options *options, ropelaw_run_fit *fits,
                                              ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Residual rows of a run for plots: measured points, the SOFT fit (HINGE below 6 lengths) and leave-one-out influence.
 *
 * In       fit: of this run
 * Out      x, y, fitted, residual, normal_score (quantile a normal sample would have at the residual's rank), influence
 *          [fit->n], each may be NULL
 * Returns  OK; INVALID; UNSUPPORTED if the run has no fit; NOMEM.
 */
typedef struct {
    double *x, *y, *fitted, *residual, *normal_score, *influence;
} ropelaw_residual_rows;
ROPELAW_API ropelaw_status ropelaw_run_residuals(const ropelaw_run *run, const ropelaw_run_fit *fit,
                                                 const ropelaw_residual_rows *rows,
                                                 ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * The assumption-free bracket of an onset.
 *
 * In       len_tok ascending, value (perplexity, rising is worse) [n]; eps [1]
 * Out      lo: last length before the first one whose value exceeds (1 + eps) * smallest value so far (NAN if none is
 *          before it); hi: that length (NAN if none exceeds)
 */
ROPELAW_API void ropelaw_bracket_find(const double *len_tok, const double *value, size_t n, double eps,
                                      double *lo, double *hi);

#ifdef __cplusplus
}
#endif
#endif
