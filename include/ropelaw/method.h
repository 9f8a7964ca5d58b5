/**
 * RoPE methods: what each way of extending a context does to the rotary frequencies.
 *
 * A method takes the parameters of a model and gives the angular frequency of every pair and one
 * factor on cos and sin. The registry holds one entry a method with its formula, source and limits;
 * the law's quantities that need only frequencies (turns, phase coverage, long-range sums) work on
 * any of them. Frequencies come exact in double, and as an engine computes them in float.
 */
#ifndef ROPELAW_METHOD_H
#define ROPELAW_METHOD_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which formula an engine means by "dynamic"; they differ (laws of the engines, not of a paper). */
typedef enum {
    ROPELAW_DYNAMIC_HF = 0,   /* transformers: grows with eval_len, plain up to train_len */
    ROPELAW_DYNAMIC_VLLM_OLD, /* vLLM before 2026-05: the constant factor^2 - factor + 1, whatever the length
                               */
    ROPELAW_DYNAMIC_VLLM,     /* vLLM since: declared_len (served) in place of the length, no clamp */
    ROPELAW_DYNAMIC_ALPHA     /* "alpha" (ExLlama, Hunyuan): base * factor^(d/(d-2)) at every length */
} ropelaw_dynamic;

/** Where YaRN's ramp runs: over the pair index (every released code) or over the turns r (the paper, eq 18).
 */
typedef enum { ROPELAW_RAMP_INDEX = 0, ROPELAW_RAMP_TURNS } ropelaw_ramp;

/** Parameters that a method may read; bits of ropelaw_method.uses, and the names that options carry. */
enum {
    ROPELAW_USES_FACTOR = 1u << 0,
    ROPELAW_USES_TRAIN_LEN = 1u << 1,
    ROPELAW_USES_DECLARED_LEN = 1u << 2,
    ROPELAW_USES_HEAD_DIM = 1u << 3,
    ROPELAW_USES_NEW_BASE = 1u << 4,
    ROPELAW_USES_TUNE_LEN = 1u << 5,
    ROPELAW_USES_BETA = 1u << 6,
    ROPELAW_USES_ATTENTION = 1u << 7,
    ROPELAW_USES_FACTORS = 1u << 8,
    ROPELAW_USES_LOW_HIGH = 1u << 9,
    ROPELAW_USES_PARTIAL = 1u << 10,
    ROPELAW_USES_TAU = 1u << 11,
    ROPELAW_USES_CRITICAL = 1u << 13,
    ROPELAW_USES_EVAL_LEN = 1u << 12 /* the frequencies depend on the length in use */
};

/**
 * The model and the method's settings. Copy ropelaw_method_params_default and set what you know;
 * 0 means absent where the line says so. The arrays belong to the caller and are only read.
 */
typedef struct {
    double base;           /* rotary base, > 1 */
    size_t rotary_dim;     /* rotated dimensions, even >= 2 */
    size_t head_dim;       /* all dimensions of a head, even; 0: rotary_dim (only `proportional` reads it) */
    double train_len;      /* [token] original length: original_max_position_embeddings; >= 1 where used */
    double declared_len;   /* [token] max_position_embeddings after scaling; 0: absent */
    double tune_len;       /* [token] critical-base: the length to tune at; 0: factor * train_len */
    double factor;         /* scaling factor s, > 0; 0: absent, then declared_len / train_len, else 1 */
    double new_base;       /* abf: the base that replaces `base`, > 1; 0: absent, then `base` */
    double beta_fast;      /* yarn, ntk-by-parts: turns above which a pair is left alone */
    double beta_slow;      /* yarn, ntk-by-parts: turns below which a pair is interpolated wholly */
    double mscale;         /* yarn: 0: absent */
    double mscale_all_dim; /* yarn: 0: absent */
    double attention_factor;    /* 0: the method's own rule */
    double low_freq_factor;     /* llama3, > 0 */
    double high_freq_factor;    /* llama3, > 0; not above low_freq_factor: a step without a ramp */
    double partial;             /* proportional: fraction of the pairs that rotate, [0, 1] */
    double tau;                 /* evq-cosh: >= 0; negative: rotary_dim / sqrt(train_len) */
    const double *short_factor; /* longrope, [n_factors] divisors up to train_len */
    const double *long_factor;  /* longrope: beyond train_len; factors: at every length; [n_factors] */
    size_t n_factors;           /* rotary_dim / 2 */
    int truncate;               /* yarn: round the ramp's ends outwards to whole pairs (HF default 1) */
    int longrope_by_factor;     /* longrope: take long_factor iff factor > 1 (transformers before 4.48) */
    int resonance;              /* after any method: round every period to whole tokens */
    ropelaw_dynamic dynamic;    /* which dynamic formula */
    ropelaw_ramp ramp;          /* yarn: which ramp */
    size_t
        critical_pairs; /* longrope2: the first pair that gets the whole factor; 0: the critical pair of train_len */
} ropelaw_method_params;

ROPELAW_API extern const ropelaw_method_params ropelaw_method_params_default;

/** A registry entry as text. */
typedef struct {
    const char *name;    /* "yarn" */
    const char *aliases; /* other names seen in files, separated by blanks; "" if none */
    const char *title;   /* one line */
    const char *formula; /* in ASCII */
    const char *source;  /* paper or code */
    const char *limits;  /* where it stops being true, "" if nowhere */
    uint32_t uses;       /* ROPELAW_USES_ bits */
} ropelaw_method;

/** What comes beside the frequencies. */
typedef struct {
    size_t n_pairs;
    double attention_factor; /* multiplies cos and sin, so q and k each and the logits twice */
    double base;             /* the base in use after the method changed it, before any per-pair factor */
    double factor;           /* the scaling factor in use; 1 where the method has none */
} ropelaw_method_facts;

/** Engines whose float arithmetic is followed operation by operation. */
typedef enum {
    ROPELAW_ENGINE_HF = 0, /* transformers: float32 tensors, pow, then one division */
    ROPELAW_ENGINE_GGML /* llama.cpp: running float product base^(-2/d), divisors, YaRN mix in the kernel */
} ropelaw_engine;

/** The methods in registry order, n < ropelaw_method_count(); NULL beyond. Threads: pure. */
ROPELAW_API size_t ropelaw_method_count(void);
ROPELAW_API const ropelaw_method *ropelaw_method_at(size_t n);

/**
 * A method by name or alias ("su" is longrope, "mrope" is default), case ignored.
 *
 * Returns  the entry, NULL if there is none. Threads: pure.
 */
ROPELAW_API const ropelaw_method *ropelaw_method_find(const char *name);

/**
 * Number of frequencies: rotary_dim / 2, head_dim / 2 for `proportional` (whose tail is zero).
 *
 * Returns  OK; DOMAIN naming rotary_dim or head_dim.
 */
ROPELAW_API ropelaw_status ropelaw_method_pairs(const ropelaw_method *method,
                                                const ropelaw_method_params *params, size_t *n_pairs,
                                                ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Frequencies and attention factor at a length, exact to a few units in the last place of a double.
 *
 * In       eval_len [token] longest sequence in use, >= 1; 0: train_len (as the engines initialise)
 * Out      inv_freq [n_pairs], rad per token; 0 for pairs that do not rotate
 *          facts, NULL allowed
 * Returns  OK; DOMAIN or SHAPE naming the parameter; INVALID for a NULL that is needed.
 * Accuracy relative error below 8e-16 plain (x87 long double), 2e-15 elsewhere. Cost O(n_pairs). Threads:
 * pure. Golden   yarn, base 1e4, d 128, train_len 4096, factor 4: pair 30 is 0.711538 of plain.
 */
ROPELAW_API ropelaw_status ropelaw_method_eval(const ropelaw_method *method,
                                               const ropelaw_method_params *params, double eval_len,
                                               double *inv_freq, ropelaw_method_facts *facts,
                                               ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * The same in float, with the operations and roundings of an engine.
 *
 * Where the engine knows no such method: HF, the exact value rounded once; ggml, the method as per-pair
 * divisors (the tensor rope_freqs.weight), which is how llama.cpp carries llama3 and longrope.
 *
 * Out      inv_freq [n_pairs] float
 * Accuracy within 2 units in the last place of torch's own on the stored vectors (tests/golden/hf_rope.csv).
 * Returns  as ropelaw_method_eval.
 */
ROPELAW_API ropelaw_status ropelaw_method_eval_engine(const ropelaw_method *method,
                                                      const ropelaw_method_params *params,
                                                      ropelaw_engine engine, double eval_len, float *inv_freq,
                                                      ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * The factor on cos and sin in float, as an engine applies it.
 *
 * transformers multiplies by the double rounded to float; ggml's YaRN computes attn_factor * (1 + 0.1 ln(1/freq_scale))
 * in float inside the kernel, with attn_factor set so that a given attention_factor comes out.
 * Returns  as ropelaw_method_eval_engine.
 */
ROPELAW_API ropelaw_status ropelaw_method_attention_engine(const ropelaw_method *method,
                                                           const ropelaw_method_params *params,
                                                           ropelaw_engine engine, double eval_len,
                                                           float *attention,
                                                           ropelaw_error *error) ROPELAW_MUST_USE;

/** One pair of a method, exact and in both engines' float. */
typedef struct {
    double inv_freq;   /* [rad/token] */
    double period_tok; /* 2 pi / inv_freq; inf for a pair that does not rotate */
    double turns;      /* train_len / period; NAN if train_len is 0 */
    double ratio;      /* inv_freq over that of plain RoPE with params->base */
    float hf, ggml;    /* ropelaw_method_eval_engine */
} ropelaw_method_pair;

/**
 * All pairs at a length with their periods and floats: what `ropelaw freqs` prints.
 *
 * Out      pairs [n_pairs]; facts, NULL allowed
 * Returns  as ropelaw_method_eval; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_method_eval_pairs(const ropelaw_method *method,
                                                     const ropelaw_method_params *params, double eval_len,
                                                     ropelaw_method_pair *pairs, ropelaw_method_facts *facts,
                                                     ropelaw_error *error) ROPELAW_MUST_USE;

/** The largest |engine / exact - 1| over the rotating pairs. Out  deviation; pair, NULL allowed. */
ROPELAW_API ropelaw_status ropelaw_method_deviation(const ropelaw_method *method,
                                                    const ropelaw_method_params *params,
                                                    ropelaw_engine engine, double eval_len, double *deviation,
                                                    size_t *pair, ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
