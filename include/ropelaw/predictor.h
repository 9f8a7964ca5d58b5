/**
 * Predictors: every rule that says how far a model reaches, side by side under its own name.
 *
 * A predictor takes a setting (and, where it can, the frequencies themselves) and gives one value: a length in
 * tokens, a base, or a pair index, as its `kind` says. The registry carries the formula, the source and the limits
 * of each, so that a table of them can be read without this header.
 */
#ifndef ROPELAW_PREDICTOR_H
#define ROPELAW_PREDICTOR_H

#include <ropelaw/coverage.h>
#include <ropelaw/fitted_law.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ROPELAW_PREDICTS_LENGTH, /* tokens */
    ROPELAW_PREDICTS_BASE,   /* a smallest base for tune_len */
    ROPELAW_PREDICTS_INDEX   /* a pair index */
} ropelaw_predictor_kind;

/** "length", "base", "index". Threads: pure. */
ROPELAW_API const char *ropelaw_predictor_kind_str(ropelaw_predictor_kind kind);

/** What a predictor may read. Start from ropelaw_predictor_input_default and set what you have. */
typedef struct {
    ropelaw_setting setting;
    const ropelaw_arcs *arcs; /* frequencies of a method; NULL: plain RoPE with the bases of the setting */
    double phi_rad;           /* tolerance of phase_coverage [rad] */
    double eps;               /* phase_modulation: attenuation that still counts as stable, 0 < eps < 1 */
    double n_layers;          /* phase_modulation: depth [1]; NAN: one layer */
    double critical_dim;      /* real_critical_dim: found by search or fit [1]; NAN: none given */
    const ropelaw_fitted_law *law; /* fitted; NULL: none */
} ropelaw_predictor_input;

ROPELAW_API extern const ropelaw_predictor_input ropelaw_predictor_input_default;

typedef struct {
    double value;     /* in the unit of the kind; NAN if there is none, see caveats and missing */
    size_t pair;      /* the deciding pair; ROPELAW_NO_PAIR where that has no meaning */
    uint32_t caveats; /* UNBOUNDED, OUTSIDE_THEORY, METHOD, ... */
} ropelaw_prediction;

typedef struct {
    const char *name;    /* "closed_form" */
    const char *title;   /* one line */
    const char *formula; /* ASCII */
    const char *source;  /* paper or document */
    const char *limits;  /* where it stops being true */
    ropelaw_predictor_kind kind;
    int slow; /* 1: may take more than a millisecond */
    ropelaw_status (*predict)(const ropelaw_predictor_input *input, ropelaw_prediction *prediction,
                              ropelaw_error *error);
} ropelaw_predictor;

/** The registry in order, n < ropelaw_predictor_count(); NULL beyond. Threads: pure. */
ROPELAW_API size_t ropelaw_predictor_count(void);
ROPELAW_API const ropelaw_predictor *ropelaw_predictor_at(size_t n);
/** A predictor by name; NULL if there is none. Threads: pure. */
ROPELAW_API const ropelaw_predictor *ropelaw_predictor_find(const char *name);

/**
 * Evaluate one predictor.
 *
 * Out      prediction; a value of NAN is an answer: nothing was given to predict from (no law, no critical_dim), or
 *          the rule gives no bound (UNBOUNDED)
 * Returns  OK; INVALID for NULL; DOMAIN naming the member of the input.
 */
ROPELAW_API ropelaw_status ropelaw_predictor_eval(const ropelaw_predictor *predictor,
                                                  const ropelaw_predictor_input *input,
                                                  ropelaw_prediction *prediction,
                                                  ropelaw_error *error) ROPELAW_MUST_USE;

/** Bases that RoPE as phase modulation asks for at a length. */
typedef struct {
    double alias;     /* above it no aliasing: L / 2pi */
    double stable;    /* one layer keeps eps of the DC component: L / arccos(eps) */
    double deep;      /* n_layers layers keep it: L / arccos(eps^(1/n_layers)) */
    double precision; /* below it the slowest pair is still resolved in float: 2^23 */
} ropelaw_phase_modulation;

/**
 * In       length_tok [token] >= 7; eps 0 < eps < 1; n_layers >= 1
 * Source   F. Liu (arXiv:2602.10959), read in abstract only: the value of eps used there was not available, so
 *          eps is a parameter and the answer carries that caveat. The slowest pair is taken as 1/base.
 * Golden   eps 0.9: 4096 -> stable 9081.5, 32 layers 50503.3.
 */
ROPELAW_API ropelaw_status ropelaw_phase_modulation_eval(double length_tok, double eps, double n_layers,
                                                         ropelaw_phase_modulation *bases,
                                                         ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Index of the pair whose cosine varies most over the trained length: (d/2) ln(train_len/x) / ln(base), x = 3.65721
 * the smallest positive root of V', V(x) = 1/2 + sin(2x)/(4x) - (sin(x)/x)^2.
 *
 * In       rotary_dim, base, train_len_tok as in law.h
 * Source   Oka et al. (ICLR 2026, OpenReview PR1PPxvG9Q), read in notes.
 * Golden   d 128, 1e4, 4096 -> 48.79; d 128, 5e5, 8192 -> 37.62.
 */
ROPELAW_API ropelaw_status ropelaw_band_eval(size_t rotary_dim, double base, double train_len_tok,
                                             double *pair, ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
