/**
 * A model and a plan: how far does it reach, and what should be done to reach further.
 *
 * The call behind `ropelaw predict` and `ropelaw design`: it joins what is known of a model with a tuning plan,
 * asks the law, phase coverage and every predictor, and gives one result with regime, caveats and sources. For
 * bidirectional models every length of the law is doubled (distances run both ways; UltraLLaDA) and the answers are
 * halved again: results are context lengths in both cases.
 */
#ifndef ROPELAW_PLAN_H
#define ROPELAW_PLAN_H

#include <ropelaw/method.h>
#include <ropelaw/model.h>
#include <ropelaw/preset.h>
#include <ropelaw/predictor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is known of a model. NAN, NULL and 0 (bidirectional) mean: not known. Start from ropelaw_plan_model_default. */
typedef struct {
    const char *name;     /* as given by the user; NULL */
    double rotary_dim;    /* d [1] */
    double head_dim;      /* [1] */
    double pretrain_base; /* [1] */
    double train_len;     /* pre-training length [token] */
    double tune_base;     /* base in use; NAN: pretrain_base [1] */
    double tune_len;      /* length of the last tuning; NAN: train_len [token] */
    const char *method;   /* RoPE method in use; NULL, "" or "default": plain RoPE with tune_base */
    double factor;        /* scaling factor of the method [1] */
    const ropelaw_method_params *params; /* further parameters of the method; NULL: its defaults */
    double declared_len;  /* what the model's file promises [token] */
    double n_layers;      /* [1] */
    int bidirectional;    /* 1: attends in both directions */
} ropelaw_plan_model;

ROPELAW_API extern const ropelaw_plan_model ropelaw_plan_model_default;

/**
 * A row of the preset table as a model.
 *
 * pretrain_base falls back to the base of the released file (caveat DEFAULTED); nothing else is inferred.
 * Out      model (strings stay the preset's); params: parameters of its method, which model->params points to
 * Returns  caveats: 0, or DEFAULTED. Threads: pure.
 */
ROPELAW_API uint32_t ropelaw_preset_to_plan_model(const ropelaw_preset *preset, ropelaw_plan_model *model,
                                                  ropelaw_method_params *params);

/**
 * A model file as a model: its full-attention layers that rotate.
 *
 * A file says which base is in use, not which one pre-training had: pretrain_base is that base, and file->caveats
 * tells what else was inferred.
 * Out      model (strings stay the file's: keep it); params: parameters of its method, which model->params points to
 * Returns  OK; UNSUPPORTED if the model has no rotary positions.
 */
ROPELAW_API ropelaw_status ropelaw_model_to_plan_model(const ropelaw_model *file, ropelaw_plan_model *model,
                                                       ropelaw_method_params *params,
                                                       ropelaw_error *error) ROPELAW_MUST_USE;

/** What is done to the model. NAN: as the model says. */
typedef struct {
    double tune_base;
    double tune_len;
} ropelaw_plan;

/** Frequencies of a method, for coverage; owned by the caller. n_pairs 0: plain RoPE. */
typedef struct {
    size_t n_pairs;
    const double *pretrain_freq; /* [n_pairs] rad per token */
    const double *tune_freq;     /* [n_pairs] rad per token */
} ropelaw_plan_freqs;

typedef struct {
    double phi_lo_rad, phi_hi_rad;    /* span of phase coverage (0 and 1) */
    double eps;                       /* phase modulation (0.9) */
    double critical_dim;              /* for real_critical_dim; NAN */
    const ropelaw_fitted_law *law;    /* for fitted; NULL */
    ropelaw_plan_freqs freqs;         /* zeroed: from the bases */
    int slow;                         /* 1: also the predictors that are slow (long_range) */
    const ropelaw_progress *progress; /* NULL */
} ropelaw_plan_options;

ROPELAW_API extern const ropelaw_plan_options ropelaw_plan_options_default;

#define ROPELAW_PLAN_PREDICTORS_MAX 24

typedef struct {
    const ropelaw_predictor *predictor;
    ropelaw_prediction prediction; /* lengths are context lengths (halved for bidirectional models) */
} ropelaw_plan_row;

/** Long-range answers, filled with options.slow; NAN where there is none, the caveats say why. */
typedef struct {
    double base_min_train; /* smallest base for train_len */
    double base_min_bound; /* smallest base for the bound */
    double len_max;        /* longest length of tune_base; NAN beyond 2^24 (CENSORED) */
    uint32_t caveats;
} ropelaw_plan_long_range;

typedef struct {
    ropelaw_setting setting; /* the question as understood: in context lengths, tune_len as given; tune_base is the
                                one that a method like NTK amounts to */
    int bidirectional;
    int is_method;           /* 1: the RoPE method is more than a change of base, the closed form is outside it */
    ropelaw_bound law;       /* lengths as context lengths */
    ropelaw_coverage lo, hi; /* coverage at phi_lo and phi_hi; NAN where the method lacks its parameters */
    size_t n_rows;
    ropelaw_plan_row rows[ROPELAW_PLAN_PREDICTORS_MAX];
    ropelaw_plan_long_range long_range;
    uint32_t caveats; /* of the closed form and of how the question was understood */
} ropelaw_plan_result;

/**
 * Predict how far a model reaches under a plan.
 *
 * In       model; plan (NULL: as the model says); options (NULL: default)
 * Out      result
 * Returns  OK; INVALID naming the first of rotary_dim, pretrain_base, train_len that is not known; DOMAIN naming
 *          the argument; NOMEM.
 * Cost     0.1 ms without options.slow.
 */
ROPELAW_API ropelaw_status ropelaw_plan_predict(const ropelaw_plan_model *model, const ropelaw_plan *plan,
                                                const ropelaw_plan_options *options,
                                                ropelaw_plan_result *result,
                                                ropelaw_error *error) ROPELAW_MUST_USE;

/** One way to reach a target. */
typedef struct {
    const char *kind; /* "critical_base", "bound_base", "small_base", or the name of a RoPE method */
    double base;      /* base to set [1] */
    double tune_len;  /* length to tune on [token] */
    double factor;    /* scaling factor of a method; NAN for a change of base */
    double
        predicted_bound; /* closed form for a change of base, strict coverage for a method; NAN if UNBOUNDED */
    ropelaw_coverage lo, hi; /* coverage at phi 0 and phi 1 */
    int reaches;             /* 1 if predicted_bound >= target_len or UNBOUNDED */
    const char *source;      /* where the recipe comes from */
    uint32_t caveats;
} ropelaw_plan_option;

#define ROPELAW_PLAN_OPTIONS_MAX 32

typedef struct {
    ropelaw_setting setting; /* as pre-trained */
    double target_len;
    size_t n_options;
    ropelaw_plan_option options[ROPELAW_PLAN_OPTIONS_MAX]; /* best first */
} ropelaw_plan_design;

/**
 * Options for a wanted context.
 *
 * `critical_base` tunes on the target (or tune_len) with the largest base for which (16a) keeps the bound there;
 * `bound_base` takes the smallest base with which the closed form reaches the target from tune_len (train_len if not
 * given); `small_base` takes (16d)'s T'/2pi. RoPE methods follow with factor = target_len / train_len, tuned on the
 * target (or tune_len). Best first: what reaches the target before what does not; a change of base inside the theory
 * before a method, a method before a small base; then the strict coverage; then the shorter tuning.
 *
 * In       model; target_len [token] >= 7; tune_len [token], NAN: free
 * Out      design
 * Returns  as ropelaw_plan_predict.
 */
ROPELAW_API ropelaw_status ropelaw_plan_design_find(const ropelaw_plan_model *model, double target_len,
                                                    double tune_len, ropelaw_plan_design *design,
                                                    ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
