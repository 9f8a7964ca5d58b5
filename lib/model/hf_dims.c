/* Sizes of the model: heads, and the dimensions of one head. */
#include "model/internal.h"
#include <stdio.h>
#include <string.h>

typedef struct {
    double *to;
    const char *name;
    const char *const *keys;
} size_field;

static const char *const layers_keys[] = {"num_hidden_layers", "n_layer", "n_layers", "num_layers", NULL};
static const char *const hidden_keys[] = {"hidden_size", "n_embd", "d_model", "dim", "model_dim", NULL};
static const char *const heads_keys[] = {"num_attention_heads", "n_head", "n_heads", "num_heads", NULL};
static const char *const kv_keys[] = {
    "num_key_value_heads", "multi_query_group_num", "num_kv_heads", "n_head_kv", "n_kv_heads", NULL};
static const char *const rope_dim_keys[] = {"qk_rope_head_dim", NULL};
static const char *const nope_dim_keys[] = {"qk_nope_head_dim", NULL};

/* Some files (OpenELM, Nemotron-NAS) give a list per layer where others give a number. */
static bool is_list(const model_builder *b, const char *const *keys) {
    model_found found = model_find(b->config, keys);
    return found.value && found.value->kind == JSON_ARRAY;
}

ropelaw_status model_hf_dimensions(model_builder *b) {
    ropelaw_model *m = b->model;
    const size_field fields[] = {
        {&m->n_layers,         "n_layers",         layers_keys  },
        {&m->hidden_size,      "hidden_size",      hidden_keys  },
        {&m->n_heads,          "n_heads",          heads_keys   },
        {&m->n_kv_heads,       "n_kv_heads",       kv_keys      },
        {&m->qk_rope_head_dim, "qk_rope_head_dim", rope_dim_keys},
        {&m->qk_nope_head_dim, "qk_nope_head_dim", nope_dim_keys}
    };
    for (size_t i = 0; i < CORE_COUNT(fields); i++) {
        model_place place;
        if (is_list(b, fields[i].keys)) continue;
        ropelaw_status status = model_count(b, b->config, fields[i].keys, fields[i].to, &place);
        if (status) return status;
        model_fact_number(b, "", fields[i].name, *fields[i].to, place);
    }
    if (isnan(m->qk_rope_head_dim) && b->type->qk_rope_head_dim > 0) {
        m->qk_rope_head_dim = b->type->qk_rope_head_dim;
        model_fact_number(b, "", "qk_rope_head_dim", m->qk_rope_head_dim,
                          (model_place){ROPELAW_ORIGIN_DEFAULT, b->type->source, 0});
    }
    return ROPELAW_OK;
}
