/**
 * Small language models: a byte-level decoder-only transformer with rotary positions, made to watch the
 * extrapolation law happen on an ordinary processor.
 *
 * Architecture  pre-norm RMSNorm (learned gain, eps 1e-6), no biases, untied output, feed-forward width
 *               4 x width with squared ReLU, full multi-head attention with scale 1/sqrt(head_dim), RoPE
 *               (half-split pairs) on the whole head.
 * Bytes         training and evaluation give the same bytes for any number of threads, on one machine with
 *               one BLAS thread. Nothing here prints; progress goes through ropelaw_progress.
 *
 * ropelaw/train.h runs whole experiments with these calls.
 */
#ifndef ROPELAW_LM_H
#define ROPELAW_LM_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- text ---- */

/** Bytes of one generated document. */
#define ROPELAW_LM_DOC_BYTES 8192
/** Number of the first document that is kept for evaluation: training uses documents below it. */
#define ROPELAW_LM_HELD_OUT_DOC (UINT64_C(1) << 32)

/**
 * Generated text with long-range structure and no licence: documents first_doc .. first_doc + n_docs - 1.
 *
 * Definition  A lexicon of 400 distinct words of 1-3 consonant-vowel syllables; each word has 6 fixed
 *             successors, drawn with probability ~ 1/rank, each document 12 topic words. Next word: with
 *             probability 0.60 a successor of the last one, 0.25 a topic word, 0.15 any word with probability
 *             ~ 1/rank. A sentence ends after a word with probability 0.08.
 * In          seed: names the language (lexicon, successors); a document is a function of (seed, its number)
 * Out         text [n_docs * ROPELAW_LM_DOC_BYTES], no NUL; ASCII letters, space, '.' and newline
 * Returns     OK; INVALID for NULL; NOMEM. Threads: pure.
 */
ROPELAW_API ropelaw_status ropelaw_lm_text(uint64_t seed, uint64_t first_doc, size_t n_docs, char *text,
                                           ropelaw_error *error) ROPELAW_MUST_USE;

/** What generated text costs an observer who knows the language, per byte. */
typedef struct {
    double
        topics_known_nats; /* who is also told the topics of each document: no model does better in the mean */
    double topics_unknown_nats; /* who predicts every word from the one before alone */
} ropelaw_lm_text_information;

/**
 * The floor under every model's loss on documents first_doc .. first_doc + n_docs - 1 of ropelaw_lm_text.
 *
 * Definition  -ln P of the words and sentence ends that were drawn, over their bytes; P from the generator's own
 *             probabilities given the word before. The word that a document's end cuts counts whole.
 * Returns     OK; INVALID for NULL or no documents; NOMEM. Threads: pure.
 */
ROPELAW_API ropelaw_status ropelaw_lm_text_floor(uint64_t seed, uint64_t first_doc, size_t n_docs,
                                                 ropelaw_lm_text_information *floor,
                                                 ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Read a text file as training material.
 *
 * Out      text, n_bytes: allocated, freed with ropelaw_lm_text_free
 * Returns  OK; IO; PARSE for a file that is no text (a NUL byte; the place is named); SHAPE for one that is
 * empty; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_lm_text_read(const char *path, char **text, size_t *n_bytes,
                                                ropelaw_error *error) ROPELAW_MUST_USE;
ROPELAW_API void ropelaw_lm_text_free(char *text);

/** 128 if every byte is ASCII, else 256. Threads: pure. */
ROPELAW_API size_t ropelaw_lm_text_vocab(const char *text, size_t n_bytes);

/* ---- models ---- */

typedef struct {
    size_t n_layers;  /* [1] 1 .. 64 */
    size_t width;     /* [1] a multiple of head_dim */
    size_t head_dim;  /* [1] even; the rotary dimension */
    size_t vocab;     /* byte values known: 128 or 256 */
    size_t train_len; /* window of pre-training [token] >= 8 */
    double base;      /* rotary base of pre-training [1] > 1 */
    uint64_t seed;    /* of the initial weights and of the order of the training windows */
} ropelaw_lm_config;

/** 2 layers, width 64, head_dim 32, ASCII, 128 tokens, base 500, seed 1: 115 thousand parameters. */
ROPELAW_API extern const ropelaw_lm_config ropelaw_lm_config_default;

/** Weights, optimizer state and the rotary frequencies in use. Not for two threads at once. */
typedef struct ropelaw_lm ropelaw_lm;

/**
 * A model with initial weights: N(0, 1/fan_in); embedding 0.5 N, output 0.02 N, the two projections back into
 * the residual stream divided by sqrt(2 n_layers), gains 1.
 *
 * Out      model: freed with ropelaw_lm_destroy
 * Returns  OK; INVALID for NULL; DOMAIN or SHAPE naming the member of config; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_lm_create(const ropelaw_lm_config *config, ropelaw_lm **model,
                                             ropelaw_error *error) ROPELAW_MUST_USE;
/** An independent copy, optimizer state included. */
ROPELAW_API ropelaw_status ropelaw_lm_copy(const ropelaw_lm *model, ropelaw_lm **copy,
                                           ropelaw_error *error) ROPELAW_MUST_USE;
ROPELAW_API void ropelaw_lm_destroy(ropelaw_lm **model);

ROPELAW_API ropelaw_lm_config ropelaw_lm_config_get(const ropelaw_lm *model);
ROPELAW_API size_t ropelaw_lm_n_params(const ropelaw_lm *model);
/** The weights, in the order of the file format [ropelaw_lm_n_params]; valid while the model lives unchanged.
 */
ROPELAW_API const float *ropelaw_lm_params(const ropelaw_lm *model);

/**
 * Change the rotary frequencies; they hold in training and evaluation from here on.
 *
 * In       inv_freq [head_dim / 2, rad per token], copied, and the factor on cos and sin, as ropelaw_method_eval gives
 *          them for any method (method.h)
 * Returns  OK; INVALID for NULL; DOMAIN for a frequency that is negative or a value that is not finite.
 */
ROPELAW_API ropelaw_status ropelaw_lm_set_inv_freq(ropelaw_lm *model, const double *inv_freq,
                                                   double attention_factor,
                                                   ropelaw_error *error) ROPELAW_MUST_USE;
/** The same with plain RoPE of this base. DOMAIN unless base > 1. */
ROPELAW_API ropelaw_status ropelaw_lm_set_base(ropelaw_lm *model, double base,
                                               ropelaw_error *error) ROPELAW_MUST_USE;
/** Frequencies in use [head_dim / 2]; valid while the model lives. */
ROPELAW_API const double *ropelaw_lm_inv_freq(const ropelaw_lm *model);

/* ---- training ---- */

typedef struct {
    size_t n_steps;    /* of this phase */
    size_t window_tok; /* training length [token] >= 8; batch_tok / window_tok windows a step, at least one */
    size_t batch_tok;  /* [token] */
    size_t n_warmup;   /* steps of linear warm-up */
    double lr;         /* peak learning rate */
    double lr_end;     /* fraction of lr at the end of the cosine; 1 keeps it constant */
    double weight_decay; /* decoupled, on matrices only */
    double beta1, beta2, eps;
    double clip;      /* largest gradient norm */
    uint64_t order;   /* names the order of windows, with the model's seed: give each phase its own */
    size_t n_threads; /* any number gives the same bytes */
    const char *checkpoint_path; /* NULL: none */
    size_t checkpoint_every;     /* steps between checkpoints; 0: only at the end */
    ropelaw_progress progress;
} ropelaw_lm_train_options;

/** AdamW (0.9, 0.98, 1e-8), decay 0.05, 2000 steps of 2048 tokens, lr 3e-3, 100 warm-up, cosine to 10 %,
 * clip 1. */
ROPELAW_API extern const ropelaw_lm_train_options ropelaw_lm_pretrain_options;
/** 150 steps, constant lr 5e-4 after 100 warm-up, no decay. */
ROPELAW_API extern const ropelaw_lm_train_options ropelaw_lm_tune_options;

typedef struct {
    size_t n_steps; /* done in this phase, resumed ones included */
    double
        loss_nats; /* mean over the last tenth of the steps of this call (at least one); NAN if it ran none */
    double n_tokens; /* seen by this call */
} ropelaw_lm_train_report;

/**
 * Train from the model's step (0, or where a checkpoint was written) to options->n_steps.
 *
 * A resumed run gives the bytes of an uninterrupted one. A step whose loss or gradient is not finite is not
 * applied: training stops and the model, like the last checkpoint, stays as it was after the step before.
 *
 * In       text [n_bytes]: windows start anywhere in it
 * Out      report: may be NULL
 * Returns  OK; SHAPE if text is shorter than window_tok + 1; DOMAIN naming the option, or the byte outside
 * the vocab; NOCONV naming the step for a loss that is not finite; IO if a checkpoint cannot be written (the
 * one before stays); CANCELLED (a checkpoint is written first, if there is a path); NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_lm_train(ropelaw_lm *model, const char *text, size_t n_bytes,
                                            const ropelaw_lm_train_options *options,
                                            ropelaw_lm_train_report *report,
                                            ropelaw_error *error) ROPELAW_MUST_USE;

/** Forget the optimizer state and set the step to 0: the next training is a new phase. */
ROPELAW_API void ropelaw_lm_new_phase(ropelaw_lm *model);
/** Steps done in the present phase. */
ROPELAW_API size_t ropelaw_lm_step(const ropelaw_lm *model);

/**
 * Checkpoints: weights, optimizer state, frequencies and step, versioned and checksummed, written beside and
 * renamed.
 *
 * Returns  save: OK; IO; NOMEM. load: OK; IO; PARSE for a file that is no checkpoint or is damaged;
 * UNSUPPORTED for one of another version; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_lm_save(const ropelaw_lm *model, const char *path,
                                           ropelaw_error *error) ROPELAW_MUST_USE;
ROPELAW_API ropelaw_status ropelaw_lm_load(const char *path, ropelaw_lm **model,
                                           ropelaw_error *error) ROPELAW_MUST_USE;

/* ---- evaluation ---- */

/**
 * Loss of every token of one window: loss_nats[p] = -ln P(text[p+1] | text[0..p]).
 *
 * In       text [n_tok + 1]
 * Out      loss_nats [n_tok]
 * Returns  OK; INVALID; DOMAIN for a byte outside the vocab; NOMEM. Threads: pure.
 */
ROPELAW_API ropelaw_status ropelaw_lm_loss(const ropelaw_lm *model, const char *text, size_t n_tok,
                                           double *loss_nats, ropelaw_error *error) ROPELAW_MUST_USE;

typedef struct {
    size_t n_windows;  /* held-out windows, spread evenly over the text */
    size_t window_tok; /* evaluated length [token] */
    size_t
        context_tok; /* the truncated context is context_tok / 2 .. context_tok; normally the tuning length */
    double bin_ratio; /* width of a length bin: 1.08 */
    size_t n_threads;
    ropelaw_progress progress;
} ropelaw_lm_eval_options;

/** 24 windows of 2048 tokens, context 128, bins of 8 %. */
ROPELAW_API extern const ropelaw_lm_eval_options ropelaw_lm_eval_options_default;

/** One bin of lengths; a length counts the token that is predicted from it: position p has context length p
 * + 1. */
typedef struct {
    double length_tok;     /* geometric middle of the bin [token] */
    double loss_nats;      /* mean loss in the bin, full context */
    double excess_nats;    /* mean paired difference: full context minus truncated context, same tokens */
    double excess_se;      /* of excess_nats, over windows; 0 where both contexts are the same */
    double cumulative_ppl; /* exp(mean loss of all tokens up to the end of the bin), as papers report it */
    double n_tokens;
} ropelaw_lm_bin;

typedef struct {
    size_t n_bins, n_windows;
    ropelaw_lm_bin *bins;
    double *window_excess; /* [n_windows][n_bins]: the clusters behind the standard errors */
    double reference_nats; /* mean truncated-context loss of all tokens */
} ropelaw_lm_curve;

/**
 * The paired excess loss by length. The difference cancels how hard the text is, which makes a wall
 * measurable to a few percent with few tokens.
 *
 * In       text [n_bytes]
 * Out      curve: initialised here, freed with ropelaw_lm_curve_clear
 * Returns  OK; SHAPE if the text is shorter than one window + 1; DOMAIN naming the option; CANCELLED; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_lm_evaluate(const ropelaw_lm *model, const char *text, size_t n_bytes,
                                               const ropelaw_lm_eval_options *options,
                                               ropelaw_lm_curve *curve,
                                               ropelaw_error *error) ROPELAW_MUST_USE;
ROPELAW_API void ropelaw_lm_curve_clear(ropelaw_lm_curve *curve);

typedef struct {
    double onset_tok;      /* where the excess crosses the threshold [token]; window length if censored */
    double lo_tok, hi_tok; /* 95 % bootstrap interval over windows; hi is NAN where it is beyond the window */
    int censored;          /* the excess stays below the threshold up to the evaluated length */
} ropelaw_lm_onset_result;

/**
 * Onset: the length where the excess first exceeds threshold_nats in two consecutive bins, interpolated in
 * the logarithm of length between the first of them and the bin before.
 *
 * Source   the rule of docs/experiment.md; threshold 0.2 nat is a factor 1.22 in perplexity
 * In       n_bootstrap: replicates of the interval, 0 for none; seed: of the bootstrap
 * Returns  OK; DOMAIN; NOMEM. Threads: pure.
 */
ROPELAW_API ropelaw_status ropelaw_lm_onset(const ropelaw_lm_curve *curve, double threshold_nats,
                                            size_t n_bootstrap, uint64_t seed, ropelaw_lm_onset_result *onset,
                                            ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
