/**
 * The preset table: RoPE facts of published models, each with its source.
 *
 * The table is data/models.csv, compiled into the library, so that an installed program needs no file. What the
 * sources do not say is NAN or "": nothing is guessed. Pre-training and tuning are told apart: Code Llama is
 * pre-trained with base 1e4 at 4096 tokens and tuned with base 1e6 at 16384.
 */
#ifndef ROPELAW_PRESET_H
#define ROPELAW_PRESET_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One model. All strings are static; NAN and "" mean: not known. */
typedef struct {
    const char *name;
    const char *aliases; /* other names, separated by ';' */
    const char *organisation, *architecture;
    double head_dim, rotary_dim; /* [1] */
    double base;             /* of the released file [1]; where pretrain_base is not known it may be that of a
                                    later stage */
    double base_local;       /* of the sliding-window layers, where they have their own [1] */
    double pretrain_base;    /* [1] */
    double train_len_tok;    /* pre-training length [token] */
    double tune_base;        /* of a later stage [1] */
    double tune_len_tok;     /* of a later stage [token] */
    const char *method;      /* RoPE method of the released file: "default", "linear", "yarn", ... */
    double factor;           /* its factor [1] */
    const char *parameters;  /* its other parameters, "key=value" separated by ';' */
    double window_tok;       /* sliding attention window of some or all layers [token] */
    double declared_len_tok; /* context as advertised [token] */
    double max_position_embeddings; /* as in the file: before, after or without scaling, see notes */
    const char *notes;
    const char *source;   /* never empty */
    const char *source_2; /* further sources; where they disagree, notes says how */
} ropelaw_preset;

/** Number of presets. */
ROPELAW_API size_t ropelaw_preset_count(void);

/** A preset by index, in the order of the table; NULL past the end. */
ROPELAW_API const ropelaw_preset *ropelaw_preset_get(size_t index);

/**
 * A preset by name or alias.
 *
 * Case, an owner in front ("meta-llama/") and the choice of separator do not matter ("llama 2 7b",
 * "LLaMA2-7B"); digits that a separator keeps apart stay apart (Qwen2-57B is not Qwen2.5-7B).
 *
 * Out      preset: static, do not free
 * Returns  OK; INVALID for an unknown name, with the nearest known one in the message and in error->range.
 */
ROPELAW_API ropelaw_status ropelaw_preset_find(const char *name, const ropelaw_preset **preset,
                                               ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * The preset whose name or alias is nearest (smallest number of inserted, dropped, changed or swapped
 * characters relative to the length; ties go to the first); NULL if none is near.
 */
ROPELAW_API const ropelaw_preset *ropelaw_preset_nearest(const char *name);

#ifdef __cplusplus
}
#endif
#endif
