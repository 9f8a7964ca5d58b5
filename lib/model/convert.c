/* config.json between the style of transformers 4 (rope_theta, rope_scaling, and per-model names) and that of
   transformers 5 (rope_parameters, flat or one object per layer type). */
#include "model/internal.h"
#include <ropelaw/export.h>
#include <stdio.h>
#include <string.h>

/* Keys of either style that the conversion moves; what it does not name stays. */
static const char *const moved[] = {"rope_theta",           "rope_scaling",      "rope_parameters",
                                    "rotary_emb_base",      "rotary_pct",        "partial_rotary_factor",
                                    "rope_local_base_freq", "global_rope_theta", "local_rope_theta"};

/* What stands in the copy of a document where `at` stands in the document. */
static json_value *counterpart(json_value *copy, const json_value *document, const json_value *at) {
    if (document == at) return copy;
    json_value *found = NULL;
    for (size_t i = 0; i < document->n && !found; i++)
        found = counterpart(&copy->items[i], &document->items[i], at);
    return found;
}

static const json_value *raw_object(const ropelaw_model *m, const ropelaw_layer_kind *kind) {
    static const model_default unknown = {.type = ""};
    const model_default *type = model_default_find(m->architecture);
    const char *path;
    bool null_kind;
    model_builder b = {.config = m->source->config, .type = type ? type : &unknown};
    return model_hf_rope_object(&b, kind, &path, &null_kind);
}

/* The new-style object of one layer kind: what was there, under current names, with base and fraction inside. */
static bool new_object(const ropelaw_model *m, const ropelaw_layer_kind *kind, json_value *to) {
    const json_value *raw = raw_object(m, kind);
    to->kind = JSON_OBJECT;
    char *key = to->key; /* `to` may be a member already */
    if (raw && !json_value_copy(to, raw)) return false;
    to->key = key;
    bool fine = json_set_string(to, "rope_type", kind->rope.method) != NULL;
    json_remove(to, "type");
    if (!json_get_set(to, "rope_theta")) fine = fine && json_set_number(to, "rope_theta", kind->rope.base);
    if (!isnan(kind->rope.partial) && !json_get_set(to, "partial_rotary_factor"))
        fine = fine && json_set_number(to, "partial_rotary_factor", kind->rope.partial);
    if (!isnan(kind->rope.factor) && !json_get(to, "factor"))
        fine = fine && json_set_number(to, "factor", kind->rope.factor);
    return fine;
}

static bool same_settings(const ropelaw_rope_settings *a, const ropelaw_rope_settings *b) {
    return a->base == b->base && !strcmp(a->method, b->method) &&
           (a->factor == b->factor || isnan(a->factor));
}

/* One object for all, unless the layer kinds differ in base, or the file had them apart already. */
static bool needs_nesting(const ropelaw_model *m) {
    const ropelaw_layer_kind *first = NULL;
    if (model_hf_nested(json_get(m->source->config, "rope_parameters"))) return true;
    for (size_t i = 0; i < m->n_kinds; i++) {
        if (!m->kinds[i].rotates) continue;
        if (first && first->rope.base != m->kinds[i].rope.base) return true;
        if (!first) first = &m->kinds[i];
    }
    return false;
}

static bool add_nested(const ropelaw_model *m, json_value *parameters) {
    for (size_t i = 0; i < m->n_kinds; i++) {
        const ropelaw_layer_kind *kind = &m->kinds[i];
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(kind->name, "(" /* no such suffix in names */),
                 kind->name);
        char *nope = strstr(name, "_nope");
        if (nope) *nope = 0;
        if (kind->attention == ROPELAW_ATTENTION_LINEAR) continue;
        json_value *part = json_set(parameters, name);
        if (!part) return false;
        if (kind->rotates && !new_object(m, kind, part)) return false; /* null: no rotation */
    }
    return true;
}

static void remove_moved(json_value *config) {
    for (size_t i = 0; i < CORE_COUNT(moved); i++) json_remove(config, moved[i]);
}

static bool to_new(const ropelaw_model *m, json_value *config) {
    json_value parameters = {.kind = JSON_OBJECT};
    bool fine =
        needs_nesting(m) ? add_nested(m, &parameters) : new_object(m, ropelaw_model_kind(m), &parameters);
    remove_moved(config);
    json_remove(config, "rope_condense_ratio");
    fine = fine && json_set_copy(config, "rope_parameters", &parameters);
    json_value_clear(&parameters);
    return fine;
}

model_old_names model_old_names_of(const ropelaw_model *m) {
    if (!strncmp(m->architecture, "gpt_neox", 8))
        return (model_old_names){"rotary_emb_base", NULL, "rotary_pct"};
    if (!strncmp(m->architecture, "modernbert", 10))
        return (model_old_names){"global_rope_theta", "local_rope_theta", "partial_rotary_factor"};
    bool gemma = !strncmp(m->architecture, "gemma3", 6);
    return (model_old_names){"rope_theta", gemma ? "rope_local_base_freq" : NULL, "partial_rotary_factor"};
}

const char *model_beyond_old_style(const ropelaw_model *m, const model_old_names *names) {
    const ropelaw_layer_kind *main = ropelaw_model_kind(m);
    const json_value *parameters = json_get(m->source ? m->source->config : NULL, "rope_parameters");
    for (size_t i = 0; i < m->n_kinds; i++) {
        const ropelaw_layer_kind *kind = &m->kinds[i];
        if (!kind->rotates && kind->attention != ROPELAW_ATTENTION_LINEAR && model_hf_nested(parameters))
            return "the old style cannot say that some layers do not rotate";
        if (!kind->rotates || same_settings(&kind->rope, &main->rope)) continue;
        const model_default *type = model_default_find(m->architecture);
        bool local = names->local && !strcmp(kind->rope.method, "default");
        if (!local && !(type && type->scaling_full_only && kind->rope.base == main->rope.base))
            return "the old style has one rotary object, the layer types of this file have different ones";
    }
    return NULL;
}

static bool old_scaling(const ropelaw_model *m, const ropelaw_layer_kind *kind, json_value *config) {
    json_value object = {0};
    bool fine = new_object(m, kind, &object);
    json_remove(&object, "rope_theta");
    json_remove(&object, "partial_rotary_factor");
    if (!strcmp(kind->rope.method, "default") && object.n == 1)
        fine = fine && json_set(config, "rope_scaling");
    else
        fine = fine && json_set_copy(config, "rope_scaling", &object);
    json_value_clear(&object);
    return fine;
}

static bool to_old(const ropelaw_model *m, const model_old_names *names, json_value *config) {
    const ropelaw_layer_kind *kind = ropelaw_model_kind(m);
    remove_moved(config);
    json_remove(config, "rope_condense_ratio");
    bool fine = json_set_number(config, names->base, kind->rope.base) && old_scaling(m, kind, config);
    if (!isnan(kind->rope.partial))
        fine = fine && json_set_number(config, names->partial, kind->rope.partial);
    for (size_t i = 0; i < m->n_kinds && names->local; i++)
        if (m->kinds[i].rotates && m->kinds[i].attention == ROPELAW_ATTENTION_SLIDING)
            fine = fine && json_set_number(config, names->local, m->kinds[i].rope.base);
    return fine;
}

static ropelaw_status check(const ropelaw_model *m, const char *to, ropelaw_error *error) {
    if (strcmp(to, "hf-v4") != 0 && strcmp(to, "hf-v5") != 0)
        return core_fail(error, ROPELAW_INVALID, "to", to, "hf-v4, hf-v5",
                         "\"%.40s\" is no style: hf-v4 or hf-v5", to);
    if (strcmp(m->format, "config.json") != 0 || !m->source || !m->source->document)
        return core_fail(error, ROPELAW_UNSUPPORTED, "format", m->format, "config.json",
                         "only a config.json can be converted, this is a %s file", m->format);
    if (!ropelaw_model_kind(m))
        return core_fail(error, ROPELAW_UNSUPPORTED, "", "", "",
                         "nothing rotates in this model: there is nothing to convert");
    return ROPELAW_OK;
}

ropelaw_status ropelaw_config_convert(const ropelaw_model *model, const char *to, char **text,
                                      ropelaw_error *error) {
    json_value root = {0};
    ropelaw_status status = check(model, to, error);
    if (status) return status;
    bool new_style = !strcmp(to, "hf-v5");
    model_old_names names = model_old_names_of(model);
    const char *why = new_style ? NULL : model_beyond_old_style(model, &names);
    if (why) return core_fail(error, ROPELAW_UNSUPPORTED, "to", to, "hf-v5", "%s", why);
    if (!json_value_copy(&root, &model->source->document->root))
        return core_fail_memory(error, 1, sizeof root);
    json_value *config = counterpart(&root, &model->source->document->root, model->source->config);
    bool fine = new_style ? to_new(model, config) : to_old(model, &names, config);
    status = fine ? json_write(&root, 2, new_style, text, error) : core_fail_memory(error, 1, sizeof root);
    json_value_clear(&root);
    return status;
}
