/**
 * Questions to a fitted law that need quantiles, and the law file.
 *
 * Band        ln T = intercept + slope u -+ t_{df} sqrt(V(u)), u = ln base; V of the median or of a new run
 *             (ropelaw_fitted_law_variance). Simulated coverage: docs/simulation-law.md.
 */
#ifndef ROPELAW_LAW_PREDICT_H
#define ROPELAW_LAW_PREDICT_H

#include <ropelaw/law_fit.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ROPELAW_BAND_RUN,   /* where a new run breaks */
    ROPELAW_BAND_MEDIAN /* where the law lies */
} ropelaw_band;

/**
 * Two-sided interval for a base.
 *
 * In       law; base [1] > 1; tune_len_tok [token] >= 0: floor of all three numbers, 0: none; level in (0, 1)
 * Out      length_tok [token]; lo and hi are NAN if the law has no degrees of freedom (caveat FEW_POINTS)
 *          caveats: of ropelaw_fitted_law_predict, FEW_POINTS; may be NULL
 * Returns  OK; DOMAIN naming the argument.
 */
ROPELAW_API ropelaw_status ropelaw_fitted_law_interval(const ropelaw_fitted_law *law, double base,
                                                       double tune_len_tok, ropelaw_band band, double level,
                                                       ropelaw_range *length_tok, uint32_t *caveats,
                                                       ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Smallest base with which a new run (or the law) reaches a length at a one-sided confidence.
 *
 * Definition  smallest base with intercept + slope u - t_{confidence, df} sqrt(V(u)) >= ln target (Fieller: the lower
 *             band is concave in u, so the solutions are an interval, found from a quadratic)
 * In          confidence in [0.5, 1)
 * Out         base [1]; base_end: largest such base, INFINITY if the band rises for ever
 *             caveats: EXTRAPOLATED if base lies outside the fitted range; may be NULL
 * Returns     OK; DOMAIN naming the argument; UNSUPPORTED if no base does (UNSOLVABLE: the band turns down before it
 *             reaches the target, or the law has no degrees of freedom).
 */
ROPELAW_API ropelaw_status ropelaw_fitted_law_base_find(const ropelaw_fitted_law *law, double target_len_tok,
                                                        ropelaw_band band, double confidence, double *base,
                                                        double *base_end, uint32_t *caveats,
                                                        ropelaw_error *error) ROPELAW_MUST_USE;

/** Newest schema of law files that this version reads and writes. */
#define ROPELAW_LAW_FILE_SCHEMA 1

/** A law and where it came from, a phi, or both. */
typedef struct {
    ropelaw_fitted_law law; /* law.n_runs 0: none in the file, and of `law` only the writer is set */
    ropelaw_fitted_phi phi; /* of all models of the fit; n_models 0: none in the file */
    size_t n_runs;
    char **runs; /* names of the runs used */
} ropelaw_law_file;

/**
 * The law as JSON text (free with ropelaw_text_free in table.h); reading it back gives the same numbers.
 *
 * Returns  OK; INVALID where there is neither law nor phi; DOMAIN for a law that cannot be; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_law_file_write(const ropelaw_law_file *file, char **text, size_t *length,
                                                  ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Read a law file ("-": standard input).
 *
 * Out      file, free with ropelaw_law_file_clear
 * Returns  OK; IO; PARSE naming file, line and key; UNSUPPORTED for a newer schema; DOMAIN for a law that cannot be.
 */
ROPELAW_API ropelaw_status ropelaw_law_file_read(const char *path, ropelaw_law_file *file,
                                                 ropelaw_error *error) ROPELAW_MUST_USE;

/** Free what a law file holds and zero it. */
ROPELAW_API void ropelaw_law_file_clear(ropelaw_law_file *file);

#ifdef __cplusplus
}
#endif
#endif
