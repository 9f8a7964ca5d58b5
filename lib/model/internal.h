/* What the readers of lib/model share: building a model fact by fact. */
#ifndef ROPELAW_MODEL_INTERNAL_H
#define ROPELAW_MODEL_INTERNAL_H

#include "json/json.h"
#include <ropelaw/model.h>
#include <math.h>

struct ropelaw_model_source {
    json_document *document;  /* NULL for GGUF */
    const json_value *config; /* the object that holds the model's own keys: root or text_config */
    char prefix[64];          /* "text_config." or "" */
};

/* How the layers of a model type alternate when the file lists no layer types. */
typedef enum {
    MODEL_LAYERS_PLAIN = 0,    /* all alike; all sliding if a window is set */
    MODEL_LAYERS_EVERY,        /* every `period`-th layer is full, the others slide */
    MODEL_LAYERS_FIRST,        /* layers 0, period, 2 period ... are full, the others slide */
    MODEL_LAYERS_NOPE_EVERY,   /* every period-th layer does not rotate */
    MODEL_LAYERS_LINEAR_EVERY, /* every period-th layer is full attention, the others linear */
    MODEL_LAYERS_MAX_WINDOW    /* layers from max_window_layers on slide (Qwen) */
} model_layers;

/* What a model type implies where its config.json is silent. 0 = nothing. */
typedef struct {
    const char *type;
    double base, base_local;
    double partial, rotary_dim, head_dim, max_len, window, qk_rope_head_dim;
    model_layers layers;
    int period;
    bool full_is_nope;      /* full-attention layers do not rotate where others slide */
    bool scaling_full_only; /* rope_scaling belongs to the full-attention layers */
    bool bidirectional;
    const char *positions; /* not rotary: what it is; NULL: rotary */
    const char *source;
} model_default;

/* NULL for a type that is not in the table. */
const model_default *model_default_find(const char *type);
size_t model_default_count(void);
const model_default *model_default_at(size_t n);

/* Facts and notes. They never fail: exhaustion is remembered in the builder and reported at the end. */
typedef struct {
    ropelaw_model *model;
    const json_document *document; /* NULL for GGUF */
    const json_value *root, *config;
    const model_default *type; /* never NULL: an empty entry for unknown types */
    ropelaw_error *error;
    bool nomem;
} model_builder;

typedef struct {
    ropelaw_origin origin;
    const char *from; /* key or derivation */
    size_t line;
} model_place;

/* A zeroed model called `name`, and its builder. */
void model_start(model_builder *b, ropelaw_model *model, const char *name, ropelaw_error *error);

void model_fact(model_builder *b, const char *layers, const char *name, const char *value, model_place place);
void model_fact_number(model_builder *b, const char *layers, const char *name, double value,
                       model_place place);
void model_note(model_builder *b, ropelaw_severity severity, const char *id, const char *key, size_t line,
                const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A new layer kind with nothing known; NULL on exhaustion. The pointer lives until the next call. */
ropelaw_layer_kind *model_kind_add(model_builder *b, const char *name);
void model_rope_init(ropelaw_rope_settings *rope);
/* Registry name of a method as files spell it; NULL if unknown. `architecture` decides phi3's "yarn". */
const char *model_method_name(const char *written, const char *architecture);
/* The complaint about a name that is not known, read at `place`. */
void model_note_unknown_method(model_builder *b, const char *written, model_place place);
/* Full attention that rotates first; then collect caveats as well. */
void model_order_kinds(ropelaw_model *model);
void model_finish(model_builder *b);
/* "NUM" of a double for messages; `text` has ROPELAW_NUMBER_SIZE bytes. Returns text. */
char *model_num(double value, char *text);

/* Config values, found under the first of several names (NULL-terminated), null counting as absent. */
typedef struct {
    const json_value *value; /* NULL: absent */
    const char *key;         /* name under which it was found */
} model_found;
model_found model_find(const json_value *object, const char *const *names);
/* A finite number under one of the names, or NAN; PARSE if it is there and no number. Also fills the place.
 */
ropelaw_status model_number(model_builder *b, const json_value *object, const char *const *names,
                            double *number, model_place *place);
/* Whole number of a size (>= 0, <= 2^53) else DOMAIN naming the key. */
ropelaw_status model_count(model_builder *b, const json_value *object, const char *const *names,
                           double *number, model_place *place);

ropelaw_status model_read_hf(model_builder *b);
ropelaw_status model_read_params(model_builder *b);
bool model_is_params(const json_value *root);
/* Parts of model_read_hf. */
ropelaw_status model_hf_dimensions(model_builder *b);
ropelaw_status model_hf_layers(model_builder *b);
ropelaw_status model_hf_rope(model_builder *b, ropelaw_layer_kind *kind);
ropelaw_status model_hf_check_bases(model_builder *b);
ropelaw_status model_hf_remarks(model_builder *b, ropelaw_layer_kind *kind);
void model_hf_contradictions(model_builder *b);
ropelaw_status model_hf_lengths(model_builder *b);
/* The rotary object of a kind: from rope_scaling, or rope_parameters, flat or nested. `null_kind` is set when
   the file gives null for this kind, which means no rotation. NULL: none. */
const json_value *model_hf_rope_object(const model_builder *b, const ropelaw_layer_kind *kind,
                                       const char **path, bool *null_kind);
bool model_hf_nested(const json_value *parameters);

/* Which old-style keys hold the bases of a model type. NULL: no key. */
typedef struct {
    const char *base, *local, *partial;
} model_old_names;
model_old_names model_old_names_of(const ropelaw_model *model);
/* NULL if the old style can say what this model says, else why not. */
const char *model_beyond_old_style(const ropelaw_model *model, const model_old_names *names);

ropelaw_status model_read_gguf(model_builder *b, const void *bytes, size_t length);
ropelaw_status model_read_gguf_file(model_builder *b, const char *path);

#endif
