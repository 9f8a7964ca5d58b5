/* Rotary settings of one kind of layers. Order of precedence for each value: inside the rotary object
   (rope_scaling, rope_parameters or its part for this kind), then a top-level key, then the model type's
   default. */
#include "model/internal.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

bool model_hf_nested(const json_value *parameters) {
    if (!parameters || parameters->kind != JSON_OBJECT) return false;
    for (size_t i = 0; i < parameters->n; i++)
        if (parameters->items[i].kind == JSON_OBJECT) return true;
    return false;
}

static bool slides(const ropelaw_layer_kind *kind) {
    return kind->attention == ROPELAW_ATTENTION_SLIDING;
}

/* The part of nested rope_parameters for a kind; `key` is its name. */
static const json_value *nested_part(const json_value *parameters, const ropelaw_layer_kind *kind,
                                     const char **key) {
    static const char *const full[] = {"full_attention", "global", "main", NULL};
    static const char *const sliding[] = {"sliding_attention", "local", "swa", NULL};
    static const char *const chunked[] = {"chunked_attention", "full_attention", NULL};
    const char *const *names = slides(kind) ? sliding : full;
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
        if (slides(kind) && b->type->scaling_full_only) return NULL;
        return scaling;
    }
    if (scaling && model_hf_nested(scaling)) parameters = scaling;
    *path = "rope_parameters";
    if (!model_hf_nested(parameters)) {
        if (slides(kind) && b->type->scaling_full_only) return NULL;
        return parameters && parameters->n ? parameters : NULL;
    }
    const char *key;
    const json_value *part = nested_part(parameters, kind, &key);
    *path = key;
    *null_kind = part && part->kind == JSON_NULL;
    return part && part->kind == JSON_OBJECT ? part : NULL;
}

/* A number of the rotary object with its full path in the fact. */
typedef struct {
    model_builder *b;
    const json_value *object;
    const char *path, *layers;
} rope_view;

static ropelaw_status take(const rope_view *v, const char *const *names, const char *fact, double *to) {
    model_place place;
    char from[256];
    ropelaw_status status = model_number(v->b, v->object, names, to, &place);
    if (status || isnan(*to)) return status;
    snprintf(from, sizeof from, "%s%s.%s", v->b->model->source->prefix, v->path, place.from);
    place.from = from;
    model_fact_number(v->b, v->layers, fact, *to, place);
    return ROPELAW_OK;
}

static ropelaw_status take_factors(const rope_view *v, const char *key, double **to, size_t *n) {
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
static ropelaw_status take_method(const rope_view *v, ropelaw_rope_settings *rope) {
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
    if (!name)
        model_note(b, ROPELAW_NOTE_ERROR, "unknown-method", now ? "rope_type" : "type", value->line,
                   "\"%.60s\" is no RoPE method that ropelaw knows", value->text);
    snprintf(from, sizeof from, "%s%s.%s", b->model->source->prefix, v->path, now ? "rope_type" : "type");
    model_fact(b, v->layers, "method", rope->method, (model_place){ROPELAW_ORIGIN_FILE, from, value->line});
    return ROPELAW_OK;
}

static ropelaw_status take_all(const rope_view *v, ropelaw_rope_settings *r) {
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
        status = take(v, fields[i].keys, fields[i].fact, fields[i].to);
    if (!status) status = take_factors(v, "short_factor", &r->short_factor, &r->n_short);
    if (!status) status = take_factors(v, "long_factor", &r->long_factor, &r->n_long);
    const json_value *truncate = json_get_set(v->object, "truncate");
    if (truncate && truncate->kind == JSON_BOOL) r->truncate = truncate->boolean;
    return status;
}

/* A top-level value with its key as the place; the first name present wins, others that differ are noted. */
static ropelaw_status top_number(model_builder *b, const char *const *names, double *value,
                                 model_place *place) {
    ropelaw_status status = model_number(b, b->config, names, value, place);
    if (status || isnan(*value)) return status;
    for (const char *const *name = names; *name; name++) {
        const json_value *other = json_get_set(b->config, *name);
        char a[ROPELAW_NUMBER_SIZE], c[ROPELAW_NUMBER_SIZE];
        if (!other || other->kind != JSON_NUMBER || other->number == *value) continue;
        model_note(b, ROPELAW_NOTE_WARNING, "contradiction", *name, other->line,
                   "%s is %s and %s is %s: %s wins, it is the key that loaders of this model type read",
                   place->from, model_num(*value, a), *name, model_num(other->number, c), place->from);
    }
    return ROPELAW_OK;
}

static ropelaw_status base_elsewhere(model_builder *b, const ropelaw_layer_kind *kind, double *base,
                                     model_place *place) {
    static const char *const local[] = {"rope_local_base_freq", "local_rope_theta", "swa_rope_theta", NULL};
    static const char *const global[] = {"global_rope_theta",  "rope_theta",  "rotary_emb_base",
                                         "rope_freq_constant", "rotary_base", NULL};
    static const char *const ratio[] = {"rope_ratio", NULL}, *const nested[] = {"rope_theta", NULL};
    ropelaw_status status = ROPELAW_OK;
    *base = NAN;
    if (slides(kind)) status = top_number(b, local, base, place);
    if (status || !isnan(*base)) return status;
    if (slides(kind) && b->type->base_local > 0) return ROPELAW_OK;
    status = top_number(b, global, base, place);
    if (status || !isnan(*base)) return status;
    status = model_number(b, json_get_set(b->config, "attn_config"), nested, base, place);
    if (!isnan(*base)) place->from = "attn_config.rope_theta";
    if (status || !isnan(*base)) return status;
    const json_value *flat =
        json_get_set(b->config, "rope_parameters"); /* Olmo-3: scaling is not for these layers */
    if (slides(kind) && !model_hf_nested(flat)) status = model_number(b, flat, nested, base, place);
    if (status || !isnan(*base)) return status;
    status = model_number(b, b->config, ratio, base, place);
    if (status || isnan(*base)) return status;
    *base *= 10000;
    *place = (model_place){ROPELAW_ORIGIN_DERIVED, "10000 * rope_ratio", place->line};
    return ROPELAW_OK;
}

static void default_base(model_builder *b, ropelaw_layer_kind *kind) {
    const json_value *null_theta = json_get(b->config, "rope_theta");
    double base = slides(kind) && b->type->base_local > 0 ? b->type->base_local : b->type->base;
    char from[256], text[ROPELAW_NUMBER_SIZE];
    if (!(base > 0)) base = 10000;
    snprintf(from, sizeof from, "%s",
             b->type->source ? b->type->source : "the usual default; model type unknown");
    kind->rope.base = base;
    model_fact_number(b, kind->name, "base", base, (model_place){ROPELAW_ORIGIN_DEFAULT, from, 0});
    if (null_theta && null_theta->kind == JSON_NULL)
        model_note(b, ROPELAW_NOTE_ERROR, "null-theta", "rope_theta", null_theta->line,
                   "rope_theta is null, which is not the same as absent: transformers passes the null on; %s "
                   "assumed",
                   model_num(base, text));
}

static ropelaw_status base_of(const rope_view *v, ropelaw_layer_kind *kind) {
    static const char *const names[] = {"rope_theta", "base", "theta", NULL};
    model_place place;
    double elsewhere;
    model_builder *b = v->b;
    ropelaw_status status = take(v, names, "base", &kind->rope.base);
    if (!status) status = base_elsewhere(b, kind, &elsewhere, &place);
    if (status) return status;
    char x[ROPELAW_NUMBER_SIZE], y[ROPELAW_NUMBER_SIZE];
    if (!isnan(kind->rope.base)) {
        if (!isnan(elsewhere) && elsewhere != kind->rope.base &&
            !model_hf_nested(json_get(b->config, "rope_parameters")))
            model_note(b, ROPELAW_NOTE_WARNING, "contradiction", place.from, place.line,
                       "rope_theta is %s inside %s and %s at %s: the inner one wins, as in transformers 5; "
                       "transformers 4 reads the outer one",
                       model_num(kind->rope.base, x), v->path, model_num(elsewhere, y), place.from);
    } else if (!isnan(elsewhere)) {
        char from[256];
        snprintf(from, sizeof from, "%s%s", b->model->source->prefix, place.from);
        if (place.origin == ROPELAW_ORIGIN_FILE) place.from = from;
        kind->rope.base = elsewhere;
        model_fact_number(b, kind->name, "base", elsewhere, place);
    } else
        default_base(b, kind);
    if (kind->rope.base > 1) return ROPELAW_OK;
    (void)core_fail_number(b->error, ROPELAW_DOMAIN, "rope_theta", kind->rope.base, "> 1");
    return ROPELAW_DOMAIN;
}

static ropelaw_status head_dim_of(model_builder *b, ropelaw_layer_kind *kind) {
    static const char *const global[] = {"global_head_dim",    "head_dim", "kv_channels",
                                         "attention_head_dim", "d_head",   NULL};
    const char *const *names = slides(kind) ? global + 1 : global;
    ropelaw_model *m = b->model;
    model_place place;
    char text[96];
    ropelaw_status status = model_count(b, b->config, names, &kind->rope.head_dim, &place);
    if (status) return status;
    if (!isnan(m->qk_rope_head_dim)) {
        if (!isnan(m->qk_nope_head_dim)) {
            kind->rope.head_dim = m->qk_nope_head_dim + m->qk_rope_head_dim;
            place = (model_place){ROPELAW_ORIGIN_DERIVED, "qk_nope_head_dim + qk_rope_head_dim", 0};
        } else if (isnan(kind->rope.head_dim))
            return ROPELAW_OK;
    } else if (isnan(kind->rope.head_dim) && b->type->head_dim > 0) {
        kind->rope.head_dim = b->type->head_dim;
        place = (model_place){ROPELAW_ORIGIN_DEFAULT, b->type->source, 0};
    } else if (isnan(kind->rope.head_dim)) {
        kind->rope.head_dim = floor(m->hidden_size / m->n_heads); /* NAN if either is unknown */
        snprintf(text, sizeof text, "hidden_size / num_attention_heads");
        place = (model_place){ROPELAW_ORIGIN_DERIVED, text, 0};
    }
    model_fact_number(b, kind->name, "head_dim", kind->rope.head_dim, place);
    return ROPELAW_OK;
}

static ropelaw_status partial_of(const rope_view *v, ropelaw_layer_kind *kind) {
    static const char *const inner[] = {"partial_rotary_factor", NULL};
    static const char *const names[] = {"partial_rotary_factor", "rotary_pct",     "rope_pct", "rope_percent",
                                        "rotary_emb_fraction",   "rotary_percent", NULL};
    model_builder *b = v->b;
    ropelaw_rope_settings *r = &kind->rope;
    model_place place;
    ropelaw_status status = take(v, inner, "partial", &r->partial);
    if (status || !isnan(r->partial)) return status;
    status = top_number(b, names, &r->partial, &place);
    if (status) return status;
    if (isnan(r->partial) && b->type->partial > 0) {
        r->partial = b->type->partial;
        place = (model_place){ROPELAW_ORIGIN_DEFAULT, b->type->source, 0};
    }
    if (!isnan(r->partial)) model_fact_number(b, kind->name, "partial", r->partial, place);
    return ROPELAW_OK;
}

static ropelaw_status check_rotary(model_builder *b, const ropelaw_layer_kind *kind) {
    const ropelaw_rope_settings *r = &kind->rope;
    char text[ROPELAW_NUMBER_SIZE];
    if (!isnan(r->partial) && !(r->partial > 0 && r->partial <= 1)) {
        (void)core_fail_number(b->error, ROPELAW_DOMAIN, "partial_rotary_factor", r->partial, "in (0, 1]");
        return ROPELAW_DOMAIN;
    }
    if (!isnan(r->rotary_dim) && fmod(r->rotary_dim, 2) != 0)
        model_note(b, ROPELAW_NOTE_ERROR, "odd-rotary-dim", "", 0,
                   "rotary_dim comes out as %s: pairs need an even number; engines round differently here",
                   model_num(r->rotary_dim, text));
    return ROPELAW_OK;
}

static ropelaw_status rotary_dim_of(const rope_view *v, ropelaw_layer_kind *kind) {
    static const char *const names[] = {"rotary_dim", "rotary_ndims", NULL};
    ropelaw_rope_settings *r = &kind->rope;
    ropelaw_model *m = v->b->model;
    model_place place;
    ropelaw_status status = partial_of(v, kind);
    if (!status) status = model_count(v->b, v->b->config, names, &r->rotary_dim, &place);
    if (status) return status;
    if (!isnan(m->qk_rope_head_dim)) {
        r->rotary_dim = m->qk_rope_head_dim;
        place = (model_place){ROPELAW_ORIGIN_DERIVED, "qk_rope_head_dim (MLA)", 0};
    } else if (isnan(r->rotary_dim) && !isnan(r->partial) && strcmp(r->method, "proportional") != 0) {
        r->rotary_dim = floor(r->head_dim * r->partial); /* int(), as every engine but TransformerLens */
        place = (model_place){ROPELAW_ORIGIN_DERIVED, "int(head_dim * partial)", 0};
    } else if (isnan(r->rotary_dim)) {
        r->rotary_dim = r->head_dim;
        place = (model_place){ROPELAW_ORIGIN_DERIVED, "head_dim", 0};
    }
    model_fact_number(v->b, kind->name, "rotary_dim", r->rotary_dim, place);
    return check_rotary(v->b, kind);
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
    rope_view view = {b, object ? object : &nothing, full, kind->name};
    if (object)
        status = take_all(&view, &kind->rope);
    else
        class_default_rope(b, kind);
    if (!status) status = legacy_condense(b, kind);
    if (!status) status = base_of(&view, kind);
    if (!status) status = head_dim_of(b, kind);
    return status ? status : rotary_dim_of(&view, kind);
}
