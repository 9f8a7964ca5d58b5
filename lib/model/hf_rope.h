/* What the readers of one kind's rotary settings share: values of the rotary object, and of the top level. */
#ifndef ROPELAW_MODEL_HF_ROPE_H
#define ROPELAW_MODEL_HF_ROPE_H

#include "model/internal.h"

/* A rotary object with its path, for facts. */
typedef struct {
    model_builder *b;
    const json_value *object;
    const char *path, *layers;
} hf_rope_view;

/* A number of the rotary object under one of its names, and its fact; NAN. */
ropelaw_status hf_take(const hf_rope_view *v, const char *const *names, const char *fact, double *to);
/* A top-level value with its key as the place; the first name present wins, others that differ are noted (the id of
   that note says what the value is). */
ropelaw_status hf_top_number(model_builder *b, const char *const *names, const char *note, double *value,
                             model_place *place);
bool hf_slides(const ropelaw_layer_kind *kind);

ropelaw_status hf_base_of(const hf_rope_view *v, ropelaw_layer_kind *kind);
ropelaw_status hf_head_dim_of(model_builder *b, ropelaw_layer_kind *kind);
ropelaw_status hf_rotary_dim_of(const hf_rope_view *v, ropelaw_layer_kind *kind);

#endif
