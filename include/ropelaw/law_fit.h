/**
 * The law from measured runs: effective dimension, intercept and scatter, with intervals that hold for few runs.
 *
 * Model       psi_i = intercept + slope * ln base_i + eta_i,  eta_i ~ N(0, tau^2);  psi_i = ln of the length at
 *             which run i leaves its plateau. slope = effective_dim / rotary_dim, intercept = ln(2 pi c). The theory:
 *             effective_dim = critical_dim, c = 1.
 * Curves      y = alpha_i + before (x - mean x) + rise * width * softplus((x - psi_i) / width), x = ln length,
 *             y = ln ppl; before, rise, width and the noise sigma are shared by the runs of a model.
 * Likelihood  every run enters as a likelihood of psi_i, so that runs which never broke, broke before their first
 *             length or between two lengths, and points that are only limits, need no special cases.
 * Intervals   profile likelihood, cut at n ln(1 + F_{1,df} / df), n = runs with a bounded likelihood,
 *             df = n - coefficients (Student's interval where every psi_i is known).
 * Source      statistics: docs/law-fit.md; theory: Liu et al. 2024 (arXiv:2310.05209), eq. 16.
 */
#ifndef ROPELAW_LAW_FIT_H
#define ROPELAW_LAW_FIT_H

#include <ropelaw/fitted_law.h>
#include <ropelaw/series.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ROPELAW_FLOOR_DROP,  /* runs whose base is below the critical base (16a) of their tuning stay out */
    ROPELAW_FLOOR_MODEL, /* they stay in, and no run breaks before the length it was tuned on */
    ROPELAW_FLOOR_IGNORE
} ropelaw_floor;

typedef struct {
    double level; /* of all intervals, in (0, 1) */
    ropelaw_floor floor;
    double floor_margin; /* with FLOOR_DROP: keep runs down to critical base * exp(-floor_margin), >= 0 */
    double
        rise_cap; /* points higher than this above a run's lowest [nat] count as limits only, because curves
                            saturate; > 0, INFINITY: none; NAN: half the largest rise if some run levels off */
    const ropelaw_progress *progress; /* NULL; told within the fit of a model as well, also to stop it */
    size_t threads;                   /* models, or the runs of one model, are spread over them */
    double width; /* of the bend of all runs [ln token], where it is known; NAN or 0: fitted */
} ropelaw_law_options;

/** 0.95, DROP, 0, NAN, NULL, 1, NAN. */
ROPELAW_API extern const ropelaw_law_options ropelaw_law_options_default;

/** An estimate with its interval; NAN: not known, +-INFINITY: unbounded. */
typedef struct {
    double est, lo, hi;
} ropelaw_range;

/** What became of a run. */
typedef enum {
    ROPELAW_RUN_BROKEN,      /* used; its likelihood is bounded on both sides */
    ROPELAW_RUN_RIGHT,       /* used; only a lower limit: it did not break within its lengths */
    ROPELAW_RUN_LEFT,        /* used; only an upper limit: it was broken at its first length */
    ROPELAW_RUN_FLAT,        /* used, says nothing */
    ROPELAW_RUN_BELOW_FLOOR, /* left out: its base is below the critical base */
    ROPELAW_RUN_NO_FACTS, /* left out: rotary_dim, pretrain_base, train_len or base is missing or impossible */
    ROPELAW_RUN_METHOD,   /* left out: its RoPE method is not a change of base */
    ROPELAW_RUN_KIND,     /* left out: accuracies have no shape in common with the model's curves */
    ROPELAW_RUN_FEW_POINTS, /* left out: fewer than two lengths, no measured value, or a value that is no number */
    ROPELAW_RUN_NO_LAW      /* its model has no law */
} ropelaw_run_use;

/** The state's name ("BELOW_FLOOR") and what it means in words. Never NULL. */
ROPELAW_API const char *ropelaw_run_use_str(ropelaw_run_use use);
ROPELAW_API const char *ropelaw_run_use_words(ropelaw_run_use use);

typedef struct {
    size_t model; /* index into models; SIZE_MAX if left out */
    ropelaw_run_use use;
    ropelaw_range
        break_tok;     /* under the shared shape; likelihood interval at 95 %, ends unbounded as `use` says */
    double law_tok;    /* what the fitted law gives; NAN */
    double theory_tok; /* closed form (16a-c); NAN */
} ropelaw_law_run;

/** One fit of the line. */
typedef struct {
    double intercept, slope, tau, log_likelihood;
    double covariance[3];           /* of (intercept, slope): var, cov, var; observed information */
    double df;                      /* bounded runs - coefficients */
    ropelaw_range effective_dim;    /* [1] slope * rotary_dim */
    ropelaw_range intercept_factor; /* c [1] */
    uint32_t caveats; /* AT_EDGE: tau on its floor; FEW_POINTS: df < 1, no interval; ILL_CONDITIONED */
} ropelaw_law_line;

typedef struct {
    double f, df1, df2, p; /* NAN where df2 < 1 */
} ropelaw_law_test;

typedef struct {
    double dim, weight;
} ropelaw_dim_weight;

/** The shape that a model's runs share. */
typedef struct {
    double before, rise, width; /* nat per e-fold of length, the same, ln length */
    double sigma;               /* noise of y [nat]; in units of the standard errors where those are given */
    double rss, df;
    double shift_se; /* [ln token] common error of all breaks that the error of the shape makes */
    double rise_cap; /* [nat] that was used; INFINITY: none */
    size_t n_points;
    uint32_t
        caveats; /* AT_EDGE: rise or width on the edge of its range; DEFAULTED: sigma taken from the standard
                         errors because too few points would estimate it; FEW_POINTS: df below 4 */
} ropelaw_law_shape;

typedef struct {
    const char *name; /* as the runs give it; "" */
    double rotary_dim, pretrain_base, train_len_tok, critical_dim;
    double base_min, base_max; /* of the runs used */
    size_t n_runs, n_censored; /* used; of them without a bounded likelihood */
    const char *reason;        /* why there is no law; NULL if there is one */
    ropelaw_law_shape shape;
    ropelaw_law_line free;        /* intercept fitted; slope NAN if fewer than two bases broke */
    ropelaw_law_line unit;        /* intercept ln 2 pi */
    ropelaw_law_test test_theory; /* (effective_dim, c) = (critical_dim, 1) against the free fit */
    double p_smaller; /* one-sided: of the data if effective_dim >= critical_dim (LongRoPE2's claim) */
    size_t n_weights;
    ropelaw_dim_weight weights[8]; /* of even dimensions with c = 1, likeliest first */
    uint32_t caveats;              /* DIGITISED, DEFAULTED (tune_len), OUTSIDE_THEORY */
    /* whether the law is exact, all runs on it (tau at its floor of 0.005) against a scatter of their own: twice the
       difference of the log likelihoods, and its p value with tau on the boundary, half of chi-square's with 1 df; NAN */
    double scatter_lr, p_exact;
    /* where the fitted law leaves its floor, with FLOOR_MODEL, one tune_len, and among the bases of the runs; NAN */
    ropelaw_range floor_base;
} ropelaw_law_model;

/** Several models: rho_j = effective_dim_j / critical_dim_j, intercepts of their own, one tau. */
typedef struct {
    ropelaw_range rho;          /* one ratio for all */
    ropelaw_law_test one_ratio; /* heterogeneity: a ratio for each model against one */
    ropelaw_range random_mean;  /* rho_j ~ N(mean, omega^2), REML; NAN with fewer than 5 models */
    double omega;               /* NAN likewise */
    double tau;
    size_t n_models, n_runs; /* with a law of their own */
    ropelaw_range
        intercept_factor; /* one c for all, ratios of their own; each model's shape adds a shift of its own */
    ropelaw_law_test one_c;              /* an intercept for each model against one */
    ropelaw_range both_factor, both_rho; /* one c and one ratio for all */
    ropelaw_law_test one_law;            /* separate lines against that */
    const char *reason; /* why there is no pool although two models or more have a law; NULL */
} ropelaw_law_pool;

typedef struct {
    size_t n_models, n_runs;
    ropelaw_law_model *models; /* in order of first appearance */
    ropelaw_law_run *runs;     /* one per run of the series, same order */
    ropelaw_law_pool pool;     /* n_models 0 unless 2 to 64 models have a law */
    double level;
} ropelaw_law;

/**
 * Fit the law to a series of runs.
 *
 * Runs are one model if they agree in model name, rotary_dim, pretrain_base and train_len. A run with a RoPE method
 * other than "", "default" or "ntk" is left out. Documents of a run are averaged at each length.
 *
 * In       series; options (NULL: default)
 * Out      law, free with ropelaw_law_destroy. A model whose runs cannot carry a law has a reason instead.
 * Returns  OK; INVALID; DOMAIN naming the option; NOMEM; CANCELLED.
 * Cost     about 5 ms per run of a dozen lengths; linear in points up to 3000 in a run, above which neighbours are
 *          averaged into 1000 groups. Memory about 40 bytes per point and 10 kB per run. Threads: the same bytes for any
 *          number of them.
 * Limits   shape and noise enter as if known, tau absorbs what runs do not share; simulated coverage of the 95 %
 *          interval of effective_dim: docs/simulation-law.md.
 */
ROPELAW_API ropelaw_status ropelaw_law_fit(const ropelaw_series *series, const ropelaw_law_options *options,
                                           ropelaw_law **law, ropelaw_error *error) ROPELAW_MUST_USE;

/** What is known of one run when its curve is not at hand. */
typedef struct {
    double base;           /* [1] > 1 */
    double tune_len_tok;   /* [token]; NAN: as pre-trained */
    double lo_tok, hi_tok; /* the break lies between; equal: known up to se; 0 or INFINITY: a limit */
    double se;             /* standard error of ln of the ends, >= 0 */
} ropelaw_law_bound;

/** The model the bounds belong to. */
typedef struct {
    const char *name; /* NULL: "" */
    double rotary_dim, pretrain_base, train_len_tok;
} ropelaw_law_facts;

/**
 * Fit the law to lengths and limits (Tobit likelihood).
 *
 * In       bounds [n]; facts; options (NULL: default)
 * Out      law: one model, runs as the bounds; no shape
 * Returns  OK; INVALID; DOMAIN naming the member; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_law_fit_bounds(const ropelaw_law_bound *bounds, size_t n,
                                                  const ropelaw_law_facts *facts,
                                                  const ropelaw_law_options *options, ropelaw_law **law,
                                                  ropelaw_error *error) ROPELAW_MUST_USE;

/** Free and null; NULL is fine. */
ROPELAW_API void ropelaw_law_destroy(ropelaw_law **law);

/**
 * One model's law as a value, for prediction.
 *
 * In       model: with reason NULL; unit: 1 takes the fit with c = 1, 0 the free one
 * Returns  OK; INVALID if the model has no such law.
 */
ROPELAW_API ropelaw_status ropelaw_law_model_export(const ropelaw_law_model *model, int unit,
                                                    ropelaw_fitted_law *fitted,
                                                    ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
