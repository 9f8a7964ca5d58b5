/* config.json of Hugging Face, old style (rope_theta, rope_scaling) and new style (rope_parameters). The
   rules follow transformers (RotaryEmbeddingConfigMixin, 5.5.0.dev0): inside rope_parameters before a
   top-level key before the class default; a non-empty rope_scaling replaces rope_parameters. */
#include "model/internal.h"
#include <stdio.h>
#include <string.h>

static const char *const nesting[] = {"text_config",    "llm_config",     "language_config",
                                      "thinker_config", "language_model", "text_model_config",
                                      "decoder_config", "talker_config",  NULL};
static const char *const shape_keys[] = {"hidden_size",         "n_embd", "d_model",
                                         "num_attention_heads", "n_head", NULL};
static const char *const rope_keys[] = {"rope_theta",
                                        "rope_parameters",
                                        "rope_scaling",
                                        "rotary_emb_base",
                                        "rotary_pct",
                                        "partial_rotary_factor",
                                        "rotary_dim",
                                        "rope_ratio",
                                        "rope_freq_constant",
                                        "qk_rope_head_dim",
                                        "global_rope_theta",
                                        "rope_local_base_freq",
                                        NULL};

/* Some object one level down that describes a language model, whatever its name: it has sizes, and rotary keys. */
static model_found search_nested(const json_value *object) {
    for (size_t i = 0; i < object->n; i++) {
        const json_value *child = &object->items[i];
        if (child->kind == JSON_OBJECT && model_find(child, shape_keys).value &&
            model_find(child, rope_keys).value && !strstr(child->key, "vision") &&
            !strstr(child->key, "audio"))
            return (model_found){child, child->key};
    }
    return (model_found){NULL, NULL};
}

/* Multimodal files keep the language model one level down (two for thinker_config). */
static void enter_nested(model_builder *b) {
    const char *names[2] = {NULL, NULL};
    char *prefix = b->model->source->prefix;
    size_t size = sizeof b->model->source->prefix;
    for (int level = 0; level < 2; level++) {
        if (model_find(b->config, shape_keys).value && (level || !json_get(b->config, "text_config"))) return;
        model_found found = {NULL, NULL};
        for (const char *const *n = nesting; *n && !found.value; n++) {
            names[0] = *n;
            found = model_find(b->config, names);
            if (found.value && found.value->kind != JSON_OBJECT) found.value = NULL;
        }
        if (!found.value && !level && !model_find(b->config, rope_keys).value)
            found = search_nested(b->config);
        if (!found.value || !found.value->n) return;
        size_t used = strlen(prefix);
        snprintf(prefix + used, size - used, "%s.", found.key);
        b->config = found.value;
    }
}

static void identify(model_builder *b) {
    static const char *const no_type = "";
    ropelaw_model *m = b->model;
    const json_value *type = json_get_set(b->config, "model_type"),
                     *name = json_get_set(b->root, "_name_or_path");
    if (!type || type->kind != JSON_STRING) type = json_get_set(b->root, "model_type");
    const char *text = type && type->kind == JSON_STRING ? type->text : no_type;
    snprintf(m->format, sizeof m->format, "config.json");
    snprintf(m->architecture, sizeof m->architecture, "%s", text);
    if (name && name->kind == JSON_STRING) snprintf(m->name, sizeof m->name, "%s", name->text);
    if (text != no_type)
        model_fact(b, "", "architecture", text, (model_place){ROPELAW_ORIGIN_FILE, "model_type", type->line});
    const model_default *known = model_default_find(text);
    if (known) b->type = known;
    m->bidirectional = b->type->bidirectional;
}

/* Files that often stand beside config.json and are taken for it. */
static ropelaw_status refuse_other_files(model_builder *b) {
    static const struct {
        const char *key, *what;
    } others[] = {
        {"peft_type",            "an adapter configuration (LoRA): give the config.json of the base model"},
        {"added_tokens_decoder", "a tokenizer configuration: give config.json"                            },
        {"weight_map",           "an index of weight files: give config.json"                             },
        {"max_new_tokens",       "a generation configuration: give config.json"                           },
        {"image_processor_type", "an image processor configuration: give config.json"                     }
    };
    if (b->model->architecture[0] || model_find(b->config, shape_keys).value ||
        model_find(b->root, rope_keys).value)
        return ROPELAW_OK;
    const char *what = "no model configuration: neither model_type nor hidden_size nor a rotary key is there";
    for (size_t i = 0; i < CORE_COUNT(others); i++)
        if (json_get(b->root, others[i].key)) what = others[i].what;
    return core_fail(b->error, ROPELAW_PARSE, "model_type", "", "", "this is %s", what);
}

static bool is_true(const json_value *object, const char *key) {
    const json_value *value = json_get(object, key);
    return value && value->kind == JSON_BOOL && value->boolean;
}

/* What the positions seem to be where nothing rotates. */
static const char *other_positions(const model_builder *b) {
    const json_value *kind = json_get_set(b->config, "position_embedding_type");
    const json_value *attention = json_get_set(b->config, "attn_config");
    const char *text = kind && kind->kind == JSON_STRING ? kind->text : "";
    if (is_true(b->config, "alibi") || is_true(attention, "alibi") || !strcmp(text, "alibi"))
        return "ALiBi biases";
    if (is_true(attention, "rope") || !strncmp(text, "rope", 4) || !strcmp(text, "rotary")) return NULL;
    if (!strcmp(text, "nope")) return "no positions at all";
    if (model_find(b->config, rope_keys).value ||
        model_find(json_get(b->config, "attn_config"), rope_keys).value)
        return NULL;
    if (!strcmp(text, "absolute")) return "learned absolute positions";
    if (!strncmp(text, "relative", 8)) return "relative positions";
    if (b->type->positions) return b->type->positions;
    if (b->type->type[0]) return NULL; /* a known rotary type: its defaults hold */
    static const char *const state[] = {"ssm_cfg", "state_size", "d_state", "ssm_state_size", NULL};
    if (model_find(b->config, state).value) return "a state space model without positions";
    static const char *const relative[] = {"relative_attention_num_buckets", NULL};
    if (model_find(b->config, relative).value) return "relative position biases";
    static const char *const learned[] = {"n_positions", "type_vocab_size", NULL};
    if (model_find(b->config, learned).value) return "learned absolute positions";
    return "unknown: no rotary key, and the model type is not one that ropelaw knows";
}

static ropelaw_status each_kind(model_builder *b) {
    ropelaw_model *m = b->model;
    for (size_t i = 0; i < m->n_kinds; i++) {
        ropelaw_status status = m->kinds[i].rotates ? model_hf_rope(b, &m->kinds[i]) : ROPELAW_OK;
        if (!status && m->kinds[i].rotates) status = model_hf_remarks(b, &m->kinds[i]);
        if (status) return status;
    }
    return ROPELAW_OK;
}

ropelaw_status model_read_hf(model_builder *b) {
    ropelaw_model *m = b->model;
    enter_nested(b);
    identify(b);
    ropelaw_status status = refuse_other_files(b);
    if (!status) status = model_hf_dimensions(b);
    if (status) return status;
    const char *other = other_positions(b);
    if (other) {
        m->has_rope = 0;
        snprintf(m->positions, sizeof m->positions, "%s", other);
        model_note(b, ROPELAW_NOTE_WARNING, "no-rope", "", 0,
                   "nothing here says that this model rotates positions; it seems to use: %s", other);
        return model_hf_lengths(b);
    }
    status = model_hf_check_bases(b);
    if (!status) status = model_hf_layers(b);
    if (!status) status = each_kind(b);
    if (!status) model_hf_contradictions(b);
    return status ? status : model_hf_lengths(b);
}
