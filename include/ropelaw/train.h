/**
 * The experiment: pre-train small models, tune copies over a grid of bases and lengths, measure where they break, and
 * set the theory beside it.
 *
 * The recipe (docs/experiment.md) is fixed by a preset; seed, text and threads are the caller's. The result is a
 * series that ropelaw_law_fit reads, one summary per run, and the long CSV. Equal inputs give equal bytes for any
 * number of threads; times are kept apart.
 */
#ifndef ROPELAW_TRAIN_H
#define ROPELAW_TRAIN_H

#include <ropelaw/lm.h>
#include <ropelaw/series.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One tuned copy of a model. */
typedef struct {
    double base;     /* rotary base of tuning and evaluation */
    size_t tune_len; /* [token] */
    size_t n_steps;
} ropelaw_train_tuning;

/** One model and its copies. */
typedef struct {
    const char *name; /* "t128-b500-w64" */
    size_t width, train_len;
    double base;
    size_t n_steps;
    size_t n_tunings;
    const ropelaw_train_tuning *tunings;
} ropelaw_train_setup;

typedef struct {
    const char *name, *summary;
    size_t n_setups;
    const ropelaw_train_setup *const *setups;
    size_t n_seeds; /* every set-up is run with the seeds seed .. seed + n_seeds - 1 */
} ropelaw_train_preset;

/** Presets by index (NULL past the end) and by name (NULL if there is none). Threads: pure. */
ROPELAW_API size_t ropelaw_train_preset_count(void);
ROPELAW_API const ropelaw_train_preset *ropelaw_train_preset_at(size_t i);
ROPELAW_API const ropelaw_train_preset *ropelaw_train_preset_find(const char *name);

/** The preset whose name is nearest to a name that is none, case aside; NULL if half of it or more would have to change.
 */
ROPELAW_API const ropelaw_train_preset *ropelaw_train_preset_nearest(const char *name);

typedef struct {
    uint64_t seed; /* of the first repetition */
    size_t n_threads;
    const char *setup; /* run only the set-up of this name; NULL: all */
    const char
        *text; /* [n_bytes] training text; NULL: the generated language. The last sixteenth is held out */
    size_t n_bytes;
    uint64_t language;     /* which generated language (seed of ropelaw_lm_text); 42 */
    const char *text_name; /* named in the provenance; "" */
    const char
        *checkpoint_dir; /* pre-trained models are kept and found here; made if only its last part is missing;
                                   NULL: nowhere */
    double step_share;   /* 1: the recipe; less: that share of every number of steps, for trying out */
    size_t eval_len;     /* evaluated length [token]; 2048 */
    size_t eval_windows; /* held-out windows; 24 */
    ropelaw_progress progress;
} ropelaw_train_options;

/** Seed 1, one thread, generated text, whole recipe: 24 windows of 2048 tokens. */
ROPELAW_API extern const ropelaw_train_options ropelaw_train_options_default;

/** One tuned and evaluated copy. Lengths in tokens; NAN where there is none. */
typedef struct {
    char *run, *model; /* "t128-b500-w64-s1/b5000-l128", "t128-b500-w64-s1" */
    uint64_t seed;
    size_t width, head_dim, train_len, tune_len, n_pretrain_steps, n_tune_steps;
    double pretrain_base, base;
    double pretrain_loss_nats, tune_loss_nats;             /* at the end of each training */
    double reference_nats;                                 /* held-out loss with the truncated context */
    ropelaw_lm_onset_result onset;                         /* +0.2 nat */
    double closed_form, closed_form_16b, strict, coverage; /* theory: laws 16a-c, 16b, phi = 0, phi = 1 rad */
    double ratio_closed_form, ratio_strict,
        ratio_coverage;  /* onset over theory; NAN if the onset is censored */
    double plateau_nats; /* largest excess up to 0.8 strict; NAN if nothing is measured there */
    double wall_nats; /* mean excess at 2.5 to 3.2 times closed_form_16b; NAN beyond the evaluated length */
    double
        pedestal_nats; /* largest excess between tune_len and half of closed_form_16b; NAN if there is none */
    double final_ppl;  /* cumulative perplexity at the evaluated length */
} ropelaw_train_run;

typedef struct {
    size_t n_runs;
    ropelaw_train_run *runs;
    ropelaw_series
        series; /* loss_nats = reference + paired excess: the loss by length with the text's own ups and
                              downs taken out; lengths above tune_len */
    ropelaw_lm_text_information
        text_floor; /* of the generated held-out text: no model's loss is lower; NAN for a
                                               text of one's own */
    char *csv;      /* the long CSV with its provenance, NUL-terminated */
    char *figure;   /* excess by length of every run, drawn with characters; theory marked */
    char *svg;      /* the same drawn: one panel a model */
    char *tex;      /* and for LaTeX with pgfplots */
    char *times;    /* what took how long, as CSV; not part of what is promised equal */
} ropelaw_train_result;

/**
 * Run a preset.
 *
 * Out      result: initialised here, freed with ropelaw_train_result_clear
 * Returns  OK; INVALID (NULL, unknown set-up, a checkpoint that belongs to another model); SHAPE for a text too short;
 *          IO if checkpoint_dir cannot be made or written to (found before any training);
 *          what ropelaw_lm_train and ropelaw_lm_evaluate return; NOMEM; CANCELLED (checkpoints stay: calling again with
 *          the same checkpoint_dir continues to the same bytes).
 */
ROPELAW_API ropelaw_status ropelaw_train_experiment(const ropelaw_train_preset *preset,
                                                    const ropelaw_train_options *options,
                                                    ropelaw_train_result *result,
                                                    ropelaw_error *error) ROPELAW_MUST_USE;
ROPELAW_API void ropelaw_train_result_clear(ropelaw_train_result *result);

#ifdef __cplusplus
}
#endif
#endif
