/* Internal to model: the text of an export, and what its engines share. */
#ifndef ROPELAW_MODEL_EXPORT_H
#define ROPELAW_MODEL_EXPORT_H

#include "model/internal.h"
#include <ropelaw/export.h>

typedef struct {
    char *text;
    size_t n;
} export_text;

typedef struct {
    const ropelaw_model *model;
    const ropelaw_layer_kind *kind; /* the one that is written */
    ropelaw_rope_settings rope;     /* as wanted; its arrays belong to the model */
    double target_len, train_len;
    bool base_changed;
    bool kinds_differ; /* other layers rotate with another base or method */
    export_text out, notes;
    bool nomem;
    ropelaw_error *error;
} export_writer;

typedef struct {
    ropelaw_engine_format format;
    ropelaw_status (*write)(export_writer *w);
} export_engine;
extern const export_engine export_engines[];
extern const size_t export_n_engines;

void export_add(export_writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void export_add_number(export_writer *w, const char *before, double value);
void export_add_json(export_writer *w, const json_value *object, int indent);
void export_add_yaml(export_writer *w, const json_value *object, int depth);
/* One sentence beside the text. */
void export_note(export_writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* UNSUPPORTED with the reason. */
ropelaw_status export_cannot(const export_writer *w, const char *engine, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool export_is(const export_writer *w, const char *method);

/* The rotary object of Hugging Face, without the base. */
bool export_put_rope(const export_writer *w, const ropelaw_rope_settings *rope, json_value *object);
/* {"rope_parameters": {...}}, one object per kind of layers where they differ. whole: it replaces what the file says;
   else it is merged into it. */
bool export_put_new(const export_writer *w, bool whole, json_value *object);
/* {"rope_theta": .., "rope_scaling": {...}} under the names of the model type. */
bool export_put_old(const export_writer *w, json_value *object);
/* Whether the model's own keys lie under text_config; whether the file keeps settings per kind of layers. */
bool export_is_nested(const export_writer *w);
bool export_is_per_kind(const export_writer *w);

#endif
