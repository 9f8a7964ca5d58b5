/**
 * Writing RoPE settings for engines, and converting config.json between its two styles.
 */
#ifndef ROPELAW_EXPORT_H
#define ROPELAW_EXPORT_H

#include <ropelaw/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An engine that settings can be written for. All strings are static. */
typedef struct {
    const char *name;   /* "vllm" */
    const char *title;  /* what comes out */
    const char *source; /* where the syntax is documented */
} ropelaw_engine_format;

/** The engines in order, n < ropelaw_export_count(); NULL beyond. Threads: pure. */
ROPELAW_API size_t ropelaw_export_count(void);
ROPELAW_API const ropelaw_engine_format *ropelaw_export_at(size_t n);

/** What to change on the way. NAN and NULL: as the model says. */
typedef struct {
    const char
        *method; /* name of a RoPE method; ntk and critical-base are written as the plain base that they are;
                      methods that no engine has a name for are refused */
    double base; /* [1] */
    double factor;         /* [1]; for a new method: NAN means target_len / train_len */
    double target_len_tok; /* length to serve or train [token]; NAN: the declared length */
} ropelaw_export_options;

ROPELAW_API extern const ropelaw_export_options ropelaw_export_options_default;

/**
 * Settings for an engine, ready to paste: command line flags, YAML or a JSON patch.
 *
 * In       model; options (NULL: default); engine: a name of the registry
 * Out      text: NUL-terminated, ends with a newline; free with ropelaw_text_free (table.h)
 * Returns  OK; INVALID for an unknown engine; UNSUPPORTED for a model without rotary positions, or if the engine
 *          has no way to say it, with the reason; NOMEM.
 *          INVALID for an unknown method; DOMAIN for a factor below 1.
 * Limits   for models whose layers rotate differently (Gemma-3) vLLM and new-style patches get every kind of layers;
 *          engines that can be told one setting get that of the full-attention layers, where the others keep theirs,
 *          and an error where they would not (see ropelaw_export_notes). Windows come from the model's config.
 */
ROPELAW_API ropelaw_status ropelaw_export_write(const ropelaw_model *model,
                                                const ropelaw_export_options *options, const char *engine,
                                                char **text, ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * What to know beside the text of ropelaw_export_write: kinds of layers that it leaves alone, windows, what a method
 * was written as. One sentence a line; "" if there is nothing.
 *
 * In, Out, Returns as ropelaw_export_write.
 */
ROPELAW_API ropelaw_status ropelaw_export_notes(const ropelaw_model *model,
                                                const ropelaw_export_options *options, const char *engine,
                                                char **text, ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * A config.json in the other style; everything that is not about RoPE stays as it was, spelling of numbers included.
 *
 * In       model: read from a config.json; to: "hf-v4" (rope_theta, rope_scaling) or "hf-v5" (rope_parameters)
 * Out      text: JSON; free with ropelaw_text_free
 * Returns  OK; INVALID for another target; UNSUPPORTED for another format than config.json, for a model that does not
 *          rotate, and where the old style has no place for what the new one says (different settings per layer type, but for Gemma-3 and ModernBERT); NOMEM.
 * Invariant reading the result gives the same layer kinds with the same settings.
 */
ROPELAW_API ropelaw_status ropelaw_config_convert(const ropelaw_model *model, const char *to, char **text,
                                                  ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
