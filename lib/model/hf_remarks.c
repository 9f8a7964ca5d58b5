/* What a configuration says beside base, method and dimensions of a layer kind, and what the method itself supplies:
   defaults of llama3's thresholds, of GPT-J's rotary_dim; the layout of pairs; DeepSeek-V4's second base; longrope's own
   attention factors. */
#include "model/internal.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

static void defaulted(model_builder *b, const ropelaw_layer_kind *kind, const char *fact, double *to,
                      double value, const char *from) {
    *to = value;
    model_fact_number(b, kind->name, fact, value, (model_place){ROPELAW_ORIGIN_DEFAULT, from, 0});
}

/* Every key that may give a base is a number, also where another one wins: else the same settings written in the other
   style would be refused. */
ropelaw_status model_hf_check_bases(model_builder *b) {
    static const char *const keys[] = {"rope_theta",           "rotary_emb_base",
                                       "rope_freq_constant",   "rotary_base",
                                       "global_rope_theta",    "local_rope_theta",
                                       "swa_rope_theta",       "rope_ratio",
                                       "rope_local_base_freq", NULL};
    static const char *const nested[] = {"rope_theta", NULL};
    double value;
    model_place place;
    ropelaw_status status = model_number(b, json_get_set(b->config, "attn_config"), nested, &value, &place);
    for (const char *const *key = keys; !status && *key; key++) {
        const char *const names[] = {*key, NULL};
        status = model_number(b, b->config, names, &value, &place);
    }
    return status;
}

static void thresholds(model_builder *b, ropelaw_layer_kind *kind) {
    static const char from[] = "Llama-3.1's values: the file leaves them out, transformers refuses it";
    ropelaw_rope_settings *r = &kind->rope;
    if (strcmp(r->method, "llama3") != 0) return;
    if (isnan(r->low_freq_factor)) defaulted(b, kind, "low_freq_factor", &r->low_freq_factor, 1, from);
    if (isnan(r->high_freq_factor)) defaulted(b, kind, "high_freq_factor", &r->high_freq_factor, 4, from);
}

/* GPT-J, CodeGen and the first Phi rotate a fixed number of dimensions. */
static void rotary_dim(model_builder *b, ropelaw_layer_kind *kind) {
    double dim = b->type->rotary_dim;
    if (!(dim > 0) || json_get_set(b->config, "rotary_dim") || !isnan(kind->rope.partial)) return;
    if (kind->rope.head_dim < dim) dim = kind->rope.head_dim;
    defaulted(b, kind, "rotary_dim", &kind->rope.rotary_dim, dim, b->type->source);
}

/* Which components form a pair: neighbours (GPT-J, GLM, DeepSeek) or halves. No frequency depends on it. */
static void layout(model_builder *b, const ropelaw_layer_kind *kind) {
    static const char *const keys[] = {"rope_interleave", "rope_interleaved", "original_rope"};
    for (size_t i = 0; i < CORE_COUNT(keys); i++) {
        const json_value *value = json_get(b->config, keys[i]);
        char from[160];
        if (!value || value->kind != JSON_BOOL) continue;
        snprintf(from, sizeof from, "%s%s", b->model->source->prefix, keys[i]);
        model_fact(b, kind->name, "pairs", value->boolean ? "neighbours (interleaved)" : "halves",
                   (model_place){ROPELAW_ORIGIN_FILE, from, value->line});
        return;
    }
}

/* YaRN without floor and ceiling of its ramp. */
static void truncation(model_builder *b, const ropelaw_layer_kind *kind) {
    const char *path;
    bool null_kind;
    char from[200];
    const json_value *object = model_hf_rope_object(b, kind, &path, &null_kind),
                     *value = json_get_set(object, "truncate");
    model_place place = {ROPELAW_ORIGIN_DEFAULT, b->type->source ? b->type->source : "", 0};
    if (strcmp(kind->rope.method, "yarn") != 0 || (!value && kind->rope.truncate)) return;
    snprintf(from, sizeof from, "%s%s.truncate", b->model->source->prefix, path);
    if (value) place = (model_place){ROPELAW_ORIGIN_FILE, from, value->line};
    model_fact(b, kind->name, "truncate", kind->rope.truncate ? "true" : "false", place);
}

static ropelaw_status top(model_builder *b, const ropelaw_layer_kind *kind, const char *key, const char *fact,
                          double *value) {
    const char *const names[] = {key, NULL};
    char from[160];
    model_place place;
    ropelaw_status status = model_number(b, b->config, names, value, &place);
    if (status || isnan(*value)) return status;
    snprintf(from, sizeof from, "%s%s", b->model->source->prefix, key);
    place.from = from;
    model_fact_number(b, kind->name, fact, *value, place);
    return ROPELAW_OK;
}

static ropelaw_status compressed(model_builder *b, const ropelaw_layer_kind *kind) {
    double base;
    char text[ROPELAW_NUMBER_SIZE];
    ropelaw_status status = top(b, kind, "compress_rope_theta", "compress_base", &base);
    if (!status && !isnan(base))
        model_note(
            b, ROPELAW_NOTE_INFO, "compressed-attention", "compress_rope_theta",
            json_get(b->config, "compress_rope_theta")->line,
            "compressed attention (DeepSeek-V4) rotates with its own base %s; what is said here is about the "
            "other one",
            model_num(base, text));
    return status;
}

/* short_mscale and long_mscale: Phi-3.5-MoE's code takes them for the attention factors of its two lists, in the place
   of the computed one; no other model's code reads them. */
static ropelaw_status mscales(model_builder *b, ropelaw_layer_kind *kind) {
    static const char *const keys[] = {"short_mscale", "long_mscale"};
    const char *path;
    bool null_kind;
    const json_value *object = model_hf_rope_object(b, kind, &path, &null_kind);
    double found[2] = {NAN, NAN};
    for (size_t i = 0; i < CORE_COUNT(keys); i++) {
        const char *const names[] = {keys[i], NULL};
        model_place place;
        char from[200];
        ropelaw_status status = model_number(b, object, names, &found[i], &place);
        if (status) return status;
        if (isnan(found[i])) continue;
        snprintf(from, sizeof from, "%s%s.%s", b->model->source->prefix, path, keys[i]);
        place.from = from;
        model_fact_number(b, kind->name, keys[i], found[i], place);
    }
    if (isnan(found[1]) || strcmp(b->type->type, "phimoe") != 0 || strcmp(kind->rope.method, "longrope") != 0)
        return ROPELAW_OK;
    kind->rope.attention_factor = found[1];
    model_fact_number(b, kind->name, "attention_factor", found[1],
                      (model_place){ROPELAW_ORIGIN_DERIVED, "long_mscale (beyond the original length)", 0});
    return ROPELAW_OK;
}

ropelaw_status model_hf_remarks(model_builder *b, ropelaw_layer_kind *kind) {
    thresholds(b, kind);
    rotary_dim(b, kind);
    layout(b, kind);
    truncation(b, kind);
    ropelaw_status status = compressed(b, kind);
    return status ? status : mscales(b, kind);
}
