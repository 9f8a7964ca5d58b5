/**
 * Model files: what a config.json, a GGUF file or a params.json says about rotary positions, and what it
 * means.
 *
 * Every value says where it came from: a key of the file, the default of the model type (flagged
 * DEFAULTED, because engines disagree on those), or a derivation. Layers that attend differently
 * (sliding window, no rotation, linear attention, another base) are reported apart: the law speaks
 * about full-attention layers that rotate.
 */
#ifndef ROPELAW_MODEL_H
#define ROPELAW_MODEL_H

#include <ropelaw/preset.h>
#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a value came from. */
typedef enum {
    ROPELAW_ORIGIN_NONE = 0, /* absent */
    ROPELAW_ORIGIN_FILE,     /* a key of the file */
    ROPELAW_ORIGIN_DEFAULT,  /* the default of the model type or of the format: inferred */
    ROPELAW_ORIGIN_DERIVED   /* computed from other values; `from` says how */
} ropelaw_origin;

/** One value as text, for people. Strings are cut, never overrun. */
typedef struct {
    char name[32];   /* "base", "rotary_dim", "train_len" ... */
    char layers[32]; /* the layer kind that it belongs to; "" for the whole model */
    char value[64];
    ropelaw_origin origin;
    char from[160]; /* key in the file ("rope_scaling.factor"), table, or derivation */
    size_t line;    /* 0 if none */
} ropelaw_fact;

/** How grave a note is: an error makes an engine fail or compute something else than was meant. */
typedef enum { ROPELAW_NOTE_INFO = 0, ROPELAW_NOTE_WARNING, ROPELAW_NOTE_ERROR } ropelaw_severity;

/** Something a reader of the file should be told: a contradiction and who wins, an inference, a trap. */
typedef struct {
    char id[40];
    ropelaw_severity severity;
    char key[64];
    size_t line;
    char text[320];
} ropelaw_note;

typedef enum {
    ROPELAW_ATTENTION_FULL = 0,
    ROPELAW_ATTENTION_SLIDING, /* sees the last window_tok tokens */
    ROPELAW_ATTENTION_CHUNKED, /* sees its own chunk of window_tok tokens */
    ROPELAW_ATTENTION_LINEAR   /* no softmax attention: linear attention, state space, convolution */
} ropelaw_attention_kind;

/** Rotary settings of one kind of layers. NAN: not given. */
typedef struct {
    char method[32];   /* name in the method registry; "default" is plain RoPE */
    char written[32];  /* the name in the file; "" if there was none */
    int known;         /* 0: `method` is no name that ropelaw knows */
    double base;       /* [1] */
    double head_dim;   /* [1] */
    double rotary_dim; /* [1]; NAN if it could not be found */
    double partial;    /* fraction of head_dim that rotates */
    double factor;
    double original_len_tok; /* length before scaling [token] */
    double beta_fast, beta_slow;
    double mscale, mscale_all_dim;
    double attention_factor;
    double low_freq_factor, high_freq_factor;
    int truncate; /* yarn; 1 unless the file says false */
    size_t n_short, n_long;
    double *short_factor; /* divisors per pair; longrope; owned */
    double *long_factor;  /* also the divisors of llama.cpp's rope_freqs.weight; owned */
} ropelaw_rope_settings;

/** Layers that treat positions alike. */
typedef struct {
    char name[32]; /* "full_attention", "sliding_attention", "full_attention (no rotation)" ... */
    ropelaw_attention_kind attention;
    int rotates;                /* 0: no rotary positions (NoPE), or no attention at all */
    size_t n_layers;            /* 0: unknown */
    double window_tok;          /* [token]; NAN */
    ropelaw_rope_settings rope; /* meaningful where rotates is 1 */
} ropelaw_layer_kind;

typedef struct ropelaw_model_source ropelaw_model_source;

/** Numbers are NAN where the file does not say and nothing could be inferred. */
typedef struct {
    char file[256];
    char format[16];       /* "config.json", "params.json", "gguf" */
    char architecture[64]; /* model_type, general.architecture; "" unknown */
    char name[128];        /* what the file calls itself; "" */
    char positions[96];    /* "rotary", "learned", "alibi", ... with words where it is inferred */
    int has_rope;          /* 0: no rotary positions, `positions` says what it seems to be */
    int bidirectional;     /* 1: the model type attends in both directions */
    double n_layers, hidden_size, n_heads, n_kv_heads;
    double qk_rope_head_dim, qk_nope_head_dim; /* MLA; NAN elsewhere */
    double train_len_tok;                      /* pre-training length before any scaling [token] */
    double declared_len_tok;                   /* the length that the file promises after scaling [token] */
    size_t n_kinds;
    ropelaw_layer_kind *kinds; /* the one that the law speaks about first */
    size_t n_facts;
    ropelaw_fact *facts;
    size_t n_notes;
    ropelaw_note *notes;
    uint32_t caveats;             /* DEFAULTED, WINDOW, METHOD */
    ropelaw_model_source *source; /* the file as read: for lint and convert */
} ropelaw_model;

/**
 * Read a model file; the format is recognised by its content.
 *
 * In       path: config.json (Hugging Face, old and new style), Meta params.json and its relatives, or GGUF
 *          (version 1 to 3, either byte order); "-" is standard input
 * Out      model: initialised here, free with ropelaw_model_clear
 * Returns  OK, also for a model without rotary positions (has_rope 0); IO; PARSE naming file, line and key;
 * SHAPE for sizes beyond the bounds (64 MiB of JSON, 64 levels, GGUF lengths beyond the file); UNSUPPORTED.
 * Limits   of a GGUF only the metadata, the tensor list and three rope tensors are read; from standard input
 * not.
 */
ROPELAW_API ropelaw_status ropelaw_model_read(const char *path, ropelaw_model *model,
                                              ropelaw_error *error) ROPELAW_MUST_USE;

/** The same from memory; `name` stands for the file in errors. The bytes are copied where needed. */
ROPELAW_API ropelaw_status ropelaw_model_parse(const void *bytes, size_t length, const char *name,
                                               ropelaw_model *model, ropelaw_error *error) ROPELAW_MUST_USE;

/** A preset in the shape of a model file: every fact names the preset's source. Free with ropelaw_model_clear. */
ROPELAW_API ropelaw_status ropelaw_model_from_preset(const ropelaw_preset *preset, ropelaw_model *model,
                                                     ropelaw_error *error) ROPELAW_MUST_USE;

/** Free what a model holds and zero it. A zeroed model is fine. */
ROPELAW_API void ropelaw_model_clear(ropelaw_model *model);

/** The layer kind that the law speaks about: full attention that rotates, else any that rotates; NULL if
 * none. */
ROPELAW_API const ropelaw_layer_kind *ropelaw_model_kind(const ropelaw_model *model);

/**
 * Whether the file names a RoPE method for these layers that ropelaw knows.
 *
 * Returns  OK, also for layers that do not rotate and for NULL; UNSUPPORTED naming file, line, key and the known methods.
 */
ROPELAW_API ropelaw_status ropelaw_layer_kind_check(const ropelaw_model *model,
                                                    const ropelaw_layer_kind *kind,
                                                    ropelaw_error *error) ROPELAW_MUST_USE;

/** A fact by name, of a layer kind or ("") of the model; NULL if there is none. */
ROPELAW_API const ropelaw_fact *ropelaw_model_fact(const ropelaw_model *model, const char *name,
                                                   const char *layers);

/** "absent", "file", "default", "derived". Threads: pure. */
ROPELAW_API const char *ropelaw_origin_str(ropelaw_origin origin);
/** "info", "warning", "error". Threads: pure. */
ROPELAW_API const char *ropelaw_severity_str(ropelaw_severity severity);
/** "full", "sliding", "chunked", "linear". Threads: pure. */
ROPELAW_API const char *ropelaw_attention_kind_str(ropelaw_attention_kind kind);

#ifdef __cplusplus
}
#endif
#endif
