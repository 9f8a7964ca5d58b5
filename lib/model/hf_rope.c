/* Rotary settings of one kind of layers. Order of precedence for each value: inside the rotary object
   (rope_scaling, rope_parameters or its part for this kind), then a top-level key, then the model type's
   default. */
#include "model/hf_rope.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

bool model_hf_nested(const json_value *parameters) {
    if (!parameters || parameters->kind != JSON_OBJECT) return false;
    for (size_t i = 0; i < parameters->n; i++)
        if (parameters->items[i].kind == JSON_OBJECT) return true;
    return false;
}

/* The part of nested rope_parameters for a kind; `key` is its name. */
static const json_value *nested_part(const json_value *parameters, const ropelaw_layer_kind *kind,
                                     const char **key) {
    static const char *const full[] = {"full_attention", "global", "main", NULL};
    static const char *const sliding[] = {"sliding_attention", "local", "swa", NULL};
    static const char *const chunked[] = {"chunked_attention", "full_attention", NULL};
    const char *const *names = hf_slides(kind) ? sliding : full;
    if (kind->attention == ROPELAW_ATTENTION_CHUNKED) names = chunked;
    for (; *names; names++) {
        const json_value *part = json_get(parameters, *names);
        *key = *names;
        if (part) return part;
    }
    return NULL;
}

const json_value *model_hf_rope_object(const model_builder *b, const ropelaw_layer_kind *kind,
                                       const char **path, bool *null_kind) {
    const json_value *scaling = json_get_set(b->config, "rope_scaling");
    const json_value *parameters = json_get_set(b->config, "rope_parameters");
    *null_kind = false;
    *path = "rope_scaling";
    if (scaling && scaling->n && !model_hf_nested(scaling) && !model_hf_nested(parameters)) {
        if (hf_slides(kind) && b->type->scaling_full_only) return NULL;
        return scaling;
    }
    if (scaling && model_hf_nested(scaling)) parameters = scaling;
    *path = "rope_parameters";
    if (!model_hf_nested(parameters)) {
        if (hf_slides(kind) && b->type->scaling_full_only) return NULL;
        return parameters && parameters->n ? parameters : NULL;
    }
    const char *key;
    const json_value *part = nested_part(parameters, kind, &key);
    *path = key;
    *null_kind = part && part->kind == JSON_NULL;
    return part && part->kind == JSON_OBJECT ? part : NULL;
}

static ropelaw_status take_factors(const hf_rope_view *v, const char *key, double **to, size_t *n) {
    const json_value *list = json_get_set(v->object, key);
    if (!list) return ROPELAW_OK;
    if (list->kind != JSON_ARRAY)
        return json_refuse(v->b->document, list, key, "a list of numbers", v->b->error);
    double *values = core_malloc(list->n, sizeof *values);
    if (!values) return core_fail_memory(v->b->error, list->n, sizeof *values);
    core_free(*to);
    *to = values;
    *n = list->n;
    for (size_t i = 0; i < list->n; i++) {
        double x = 0;
        if (!json_as_number(&list->items[i], &x) || !isfinite(x))
            return json_refuse(v->b->document, &list->items[i], key, "a list of finite numbers", v->b->error);
        values[i] = x;
    }
    char text[64], from[256];
    snprintf(text, sizeof text, "%zu numbers", list->n);
    snprintf(from, sizeof from, "%s%s.%s", v->b->model->source->prefix, v->path, key);
    model_fact(v->b, v->layers, key, text, (model_place){ROPELAW_ORIGIN_FILE, from, list->line});
    return ROPELAW_OK;
}

/* rope_type, or type of older files; rope_type wins where both stand. */
static ropelaw_status take_method(const hf_rope_view *v, ropelaw_rope_settings *rope) {
    const json_value *now = json_get_set(v->object, "rope_type"), *then = json_get_set(v->object, "type");
    const json_value *value = now ? now : then;
    model_builder *b = v->b;
    char from[256];
    if (!value) {
        model_fact(b, v->layers, "method", rope->method,
                   (model_place){ROPELAW_ORIGIN_DERIVED, "no rope_type", 0});
        return ROPELAW_OK;
    }
    if (value->kind != JSON_STRING)
        return json_refuse(b->document, value, now ? "rope_type" : "type", "the name of a method", b->error);
    if (now && then && then->kind == JSON_STRING && strcmp(now->text, then->text) != 0)
        model_note(b, ROPELAW_NOTE_ERROR, "type-and-rope-type", v->path, then->line,
                   "rope_type is \"%.40s\" and type is \"%.40s\": transformers takes rope_type, older "
                   "loaders take type",
                   now->text, then->text);
    const char *name = model_method_name(value->text, b->model->architecture);
    rope->known = name != NULL;
    snprintf(rope->written, sizeof rope->written, "%s", value->text);
    snprintf(rope->method, sizeof rope->method, "%s", name ? name : value->text);
    snprintf(from, sizeof from, "%s%s.%s", b->model->source->prefix, v->path, now ? "rope_type" : "type");
    model_place place = {ROPELAW_ORIGIN_FILE, from, value->line};
    if (!name) model_note_unknown_method(b, value->text, place);
    model_fact(b, v->layers, "method", rope->method, place);
    return ROPELAW_OK;
}

static ropelaw_status take_all(const hf_rope_view *v, ropelaw_rope_settings *r) {
    const struct {
        const char *keys[4], *fact;
        double *to;
    } fields[] = {
        {{"factor", NULL},                                               "factor",           &r->factor          },
        {{"original_max_position_embeddings", "original_seq_len", NULL},
         "original_len",                                                                     &r->original_len_tok},
        {{"beta_fast", NULL},                                            "beta_fast",        &r->beta_fast       },
        {{"beta_slow", NULL},                                            "beta_slow",        &r->beta_slow       },
        {{"mscale", NULL},                                               "mscale",           &r->mscale          },
        {{"mscale_all_dim", NULL},                                       "mscale_all_dim",   &r->mscale_all_dim  },
        {{"attention_factor", "attn_factor", NULL},                      "attention_factor", &r->attention_factor},
        {{"low_freq_factor", NULL},                                      "low_freq_factor",  &r->low_freq_factor },
        {{"high_freq_factor", NULL},                                     "high_freq_factor", &r->high_freq_factor},
    };
    ropelaw_status status = take_method(v, r);
    for (size_t i = 0; !status && i < CORE_COUNT(fields); i++)
        status = hf_take(v, fields[i].keys, fields[i].fact, fields[i].to);
    if (!status) status = take_factors(v, "short_factor", &r->short_factor, &r->n_short);
    if (!status) status = take_factors(v, "long_factor", &r->long_factor, &r->n_long);
    const json_value *truncate = json_get_set(v->object, "truncate");
    if (truncate && truncate->kind == JSON_BOOL) r->truncate = truncate->boolean;
    return status;
}

/* gpt_oss without any rotary object: its class brings YaRN (GptOssConfig). */
static void class_default_rope(model_builder *b, ropelaw_layer_kind *kind) {
    ropelaw_rope_settings *r = &kind->rope;
    model_place place = {ROPELAW_ORIGIN_DEFAULT, b->type->source, 0};
    if (strcmp(b->type->type, "gpt_oss") != 0 || json_get(b->config, "rope_theta")) {
        model_fact(b, kind->name, "method", "default",
                   (model_place){ROPELAW_ORIGIN_DERIVED, "no rope_scaling", 0});
        return;
    }
    snprintf(r->method, sizeof r->method, "yarn");
    r->factor = 32;
    r->beta_fast = 32;
    r->beta_slow = 1;
    r->truncate = 0;
    r->original_len_tok = 4096;
    model_fact(b, kind->name, "method", r->method, place);
    model_fact_number(b, kind->name, "factor", r->factor, place);
    model_fact_number(b, kind->name, "original_len", r->original_len_tok, place);
}

/* rope_condense_ratio of LongChat: position interpolation under an older name. */
static ropelaw_status legacy_condense(model_builder *b, ropelaw_layer_kind *kind) {
    static const char *const names[] = {"rope_condense_ratio", NULL};
    double ratio;
    model_place place;
    ropelaw_status status = model_number(b, b->config, names, &ratio, &place);
    if (status || isnan(ratio) || ratio == 1 || strcmp(kind->rope.method, "default") != 0) return status;
    snprintf(kind->rope.method, sizeof kind->rope.method, "linear");
    kind->rope.factor = ratio;
    model_fact_number(b, kind->name, "factor", ratio, place);
    return ROPELAW_OK;
}

static ropelaw_status check_object(model_builder *b, const char *key) {
    const json_value *value = json_get_set(b->config, key);
    if (!value || value->kind == JSON_OBJECT) return ROPELAW_OK;
    return json_refuse(b->document, value, key, "an object or null", b->error);
}

/* Both styles in one file: transformers 5 lets a non-empty rope_scaling replace rope_parameters, transformers 4 does
   not know rope_parameters; so rope_scaling wins everywhere. */
static void note_both_styles(model_builder *b) {
    const json_value *scaling = json_get_set(b->config, "rope_scaling");
    const json_value *parameters = json_get_set(b->config, "rope_parameters");
    if (scaling && scaling->n && parameters && parameters->n)
        model_note(b, ROPELAW_NOTE_WARNING, "scaling-and-parameters", "rope_scaling", scaling->line,
                   "rope_scaling and rope_parameters are both there: rope_scaling wins, transformers 5 lets "
                   "it replace "
                   "rope_parameters and older loaders know nothing else");
}

ropelaw_status model_hf_rope(model_builder *b, ropelaw_layer_kind *kind) {
    static const json_value nothing = {.kind = JSON_OBJECT};
    const char *path;
    bool null_kind;
    ropelaw_status status = check_object(b, "rope_scaling");
    if (!status) status = check_object(b, "rope_parameters");
    if (status) return status;
    const json_value *object = model_hf_rope_object(b, kind, &path, &null_kind);
    note_both_styles(b);
    if (null_kind) {
        kind->rotates = 0;
        model_note(b, ROPELAW_NOTE_INFO, "null-layer-type", path, 0,
                   "rope_parameters.%s is null: these layers do not rotate", path);
        return ROPELAW_OK;
    }
    char full[80];
    bool nested = strcmp(path, "rope_scaling") != 0 && strcmp(path, "rope_parameters") != 0;
    snprintf(full, sizeof full, "%s%s", nested ? "rope_parameters." : "", path);
    hf_rope_view view = {b, object ? object : &nothing, full, kind->name};
    if (object)
        status = take_all(&view, &kind->rope);
    else
        class_default_rope(b, kind);
    if (!status) status = legacy_condense(b, kind);
    if (!status) status = hf_base_of(&view, kind);
    if (!status) status = hf_head_dim_of(b, kind);
    return status ? status : hf_rotary_dim_of(&view, kind);
}
