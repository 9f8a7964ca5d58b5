/* The base of one kind of layers: inside the rotary object, then a top-level key, then the model type's default; and
   the two look-ups that other values use as well. */
#include "model/hf_rope.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

static const char *const twice = "base-contradiction";

bool hf_slides(const ropelaw_layer_kind *kind) {
    return kind->attention == ROPELAW_ATTENTION_SLIDING;
}

ropelaw_status hf_take(const hf_rope_view *v, const char *const *names, const char *fact, double *to) {
    model_place place;
    char from[256];
    ropelaw_status status = model_number(v->b, v->object, names, to, &place);
    if (status || isnan(*to)) return status;
    snprintf(from, sizeof from, "%s%s.%s", v->b->model->source->prefix, v->path, place.from);
    place.from = from;
    model_fact_number(v->b, v->layers, fact, *to, place);
    return ROPELAW_OK;
}

ropelaw_status hf_top_number(model_builder *b, const char *const *names, const char *note, double *value,
                             model_place *place) {
    ropelaw_status status = model_number(b, b->config, names, value, place);
    if (status || isnan(*value)) return status;
    for (const char *const *name = names; *name; name++) {
        const json_value *other = json_get_set(b->config, *name);
        char a[ROPELAW_NUMBER_SIZE], c[ROPELAW_NUMBER_SIZE];
        if (!other || other->kind != JSON_NUMBER || other->number == *value) continue;
        model_note(b, ROPELAW_NOTE_WARNING, note, *name, other->line,
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
    if (hf_slides(kind)) status = hf_top_number(b, local, twice, base, place);
    if (status || !isnan(*base)) return status;
    if (hf_slides(kind) && b->type->base_local > 0) return ROPELAW_OK;
    status = hf_top_number(b, global, twice, base, place);
    if (status || !isnan(*base)) return status;
    status = model_number(b, json_get_set(b->config, "attn_config"), nested, base, place);
    if (!isnan(*base)) place->from = "attn_config.rope_theta";
    if (status || !isnan(*base)) return status;
    const json_value *flat =
        json_get_set(b->config, "rope_parameters"); /* Olmo-3: scaling is not for these layers */
    if (hf_slides(kind) && !model_hf_nested(flat)) status = model_number(b, flat, nested, base, place);
    if (status || !isnan(*base)) return status;
    status = model_number(b, b->config, ratio, base, place);
    if (status || isnan(*base)) return status;
    *base *= 10000;
    *place = (model_place){ROPELAW_ORIGIN_DERIVED, "10000 * rope_ratio", place->line};
    return ROPELAW_OK;
}

static void default_base(model_builder *b, ropelaw_layer_kind *kind) {
    const json_value *null_theta = json_get(b->config, "rope_theta");
    double base = hf_slides(kind) && b->type->base_local > 0 ? b->type->base_local : b->type->base;
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

ropelaw_status hf_base_of(const hf_rope_view *v, ropelaw_layer_kind *kind) {
    static const char *const names[] = {"rope_theta", "base", "theta", NULL};
    model_place place;
    double elsewhere;
    model_builder *b = v->b;
    ropelaw_status status = hf_take(v, names, "base", &kind->rope.base);
    if (!status) status = base_elsewhere(b, kind, &elsewhere, &place);
    if (status) return status;
    char x[ROPELAW_NUMBER_SIZE], y[ROPELAW_NUMBER_SIZE];
    if (!isnan(kind->rope.base)) {
        if (!isnan(elsewhere) && elsewhere != kind->rope.base &&
            !model_hf_nested(json_get(b->config, "rope_parameters")))
            model_note(b, ROPELAW_NOTE_WARNING, twice, place.from, place.line,
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
