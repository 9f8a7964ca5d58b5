/* The text of an export: JSON objects in the two styles of Hugging Face, YAML, flags. */
#include "model/export.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(export_writer *w, export_text *to, const char *format, va_list list) {
    char *piece = NULL;
    int n = vasprintf(&piece, format, list);
    char *more = n < 0 ? NULL : core_realloc(to->text, to->n + (size_t)n + 1, 1);
    if (more) {
        memcpy(more + to->n, piece, (size_t)n + 1);
        to->text = more;
        to->n += (size_t)n;
    } else
        w->nomem = true;
    if (n >= 0) free(piece);
}

void export_add(export_writer *w, const char *format, ...) {
    va_list list;
    va_start(list, format);
    append(w, &w->out, format, list);
    va_end(list);
}

static void next_note(export_writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void next_note(export_writer *w, const char *format, ...) {
    va_list list;
    va_start(list, format);
    append(w, &w->notes, format, list);
    va_end(list);
}

void export_note(export_writer *w, const char *format, ...) {
    va_list list;
    if (w->notes.n) next_note(w, "\n");
    va_start(list, format);
    append(w, &w->notes, format, list);
    va_end(list);
}

void export_add_number(export_writer *w, const char *before, double value) {
    char text[ROPELAW_NUMBER_SIZE];
    export_add(w, "%s%s", before, model_num(value, text));
}

ropelaw_status export_cannot(const export_writer *w, const char *engine, const char *format, ...) {
    char why[256];
    va_list list;
    va_start(list, format);
    vsnprintf(why, sizeof why, format, list);
    va_end(list);
    return core_fail(w->error, ROPELAW_UNSUPPORTED, "method", w->rope.method, "", "%s cannot say this: %s",
                     engine, why);
}

bool export_is(const export_writer *w, const char *method) {
    return !strcmp(w->rope.method, method);
}

static bool put(json_value *object, const char *key, double value) {
    return isnan(value) || json_set_number(object, key, value);
}

/* A factor as a real number (4.0): transformers 4 warned about integers. */
static bool put_real(json_value *object, const char *key, double value) {
    char text[ROPELAW_NUMBER_SIZE], real[ROPELAW_NUMBER_SIZE + 2];
    if (isnan(value)) return true;
    json_value *item = json_set_number(object, key, value);
    if (!item) return false;
    if (strpbrk(model_num(value, text), ".e")) return true;
    snprintf(real, sizeof real, "%s.0", text);
    char *copy = core_strdup(real);
    if (!copy) return false;
    core_free(item->text);
    item->text = copy;
    return true;
}

static bool put_list(json_value *object, const char *key, const double *values, size_t n) {
    json_value *list = n ? json_set(object, key) : NULL;
    if (!n) return true;
    if (!list) return false;
    list->kind = JSON_ARRAY;
    for (size_t i = 0; i < n; i++) {
        char text[ROPELAW_NUMBER_SIZE];
        json_value *item = json_append(list);
        if (!item || !(item->text = core_strdup(model_num(values[i], text)))) return false;
        item->kind = JSON_NUMBER;
        item->number = values[i];
    }
    return true;
}

bool export_put_rope(const export_writer *w, const ropelaw_rope_settings *r, json_value *object) {
    bool fine = json_set_string(object, "rope_type", r->method) != NULL;
    fine = fine && put_real(object, "factor", r->factor);
    bool plain = !strcmp(r->method, "default") || !strcmp(r->method, "linear") ||
                 !strcmp(r->method, "dynamic") || !strcmp(r->method, "proportional");
    if (!plain)
        fine = fine && put(object, "original_max_position_embeddings",
                           isnan(r->original_len_tok) ? w->train_len : r->original_len_tok);
    fine = fine && put_real(object, "low_freq_factor", r->low_freq_factor) &&
           put_real(object, "high_freq_factor", r->high_freq_factor);
    fine = fine && put_real(object, "beta_fast", r->beta_fast) && put_real(object, "beta_slow", r->beta_slow);
    fine = fine && put_real(object, "mscale", r->mscale) &&
           put_real(object, "mscale_all_dim", r->mscale_all_dim);
    fine = fine && put_real(object, "attention_factor", r->attention_factor);
    if (!r->truncate) fine = fine && json_set_bool(object, "truncate", false);
    return fine && put_list(object, "short_factor", r->short_factor, r->n_short) &&
           put_list(object, "long_factor", r->long_factor, r->n_long);
}

bool export_is_nested(const export_writer *w) {
    return w->model->source && !strcmp(w->model->source->prefix, "text_config.");
}

bool export_is_per_kind(const export_writer *w) {
    return w->model->source && w->model->source->config &&
           model_hf_nested(json_get(w->model->source->config, "rope_parameters"));
}

static bool put_new_object(const export_writer *w, const ropelaw_rope_settings *r, json_value *object) {
    return object && export_put_rope(w, r, object) && json_set_number(object, "rope_theta", r->base) &&
           put(object, "partial_rotary_factor", r->partial);
}

/* Settings of every kind of layers under its name; null where a kind does not rotate, unless it is a patch, in which
   null would remove what the file says. */
static bool put_kinds(const export_writer *w, bool whole, json_value *parameters) {
    for (size_t i = 0; i < w->model->n_kinds; i++) {
        const ropelaw_layer_kind *kind = &w->model->kinds[i];
        char name[32];
        if (kind->attention == ROPELAW_ATTENTION_LINEAR) continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(kind->name, " ("), kind->name);
        if (kind->rotates) {
            if (!put_new_object(w, kind == w->kind ? &w->rope : &kind->rope,
                                json_set_object(parameters, name)))
                return false;
        } else if (whole && !json_get(parameters, name) && !json_set(parameters, name))
            return false;
    }
    return true;
}

bool export_put_new(const export_writer *w, bool whole, json_value *object) {
    if (export_is_nested(w)) object = json_set_object(object, "text_config");
    json_value *inner = object ? json_set_object(object, "rope_parameters") : NULL;
    if (!inner) return false;
    return w->kinds_differ || export_is_per_kind(w) ? put_kinds(w, whole, inner)
                                                    : put_new_object(w, &w->rope, inner);
}

bool export_put_old(const export_writer *w, json_value *object) {
    model_old_names names = model_old_names_of(w->model);
    if (export_is_nested(w)) object = json_set_object(object, "text_config");
    if (!object || !json_set_number(object, names.base, w->rope.base)) return false;
    if (export_is(w, "default")) return json_set(object, "rope_scaling") != NULL;
    json_value *inner = json_set_object(object, "rope_scaling");
    return inner && export_put_rope(w, &w->rope, inner);
}

void export_add_json(export_writer *w, const json_value *object, int indent) {
    char *text;
    if (json_write(object, indent, false, &text, NULL)) {
        w->nomem = true;
        return;
    }
    export_add(w, "%s", text);
    core_free(text);
}

/* A JSON object as YAML, two blanks a level; lists in one line. */
void export_add_yaml(export_writer *w, const json_value *object, int depth) {
    for (size_t i = 0; i < object->n; i++) {
        const json_value *item = &object->items[i];
        export_add(w, "%*s%s:", 2 * depth, "", item->key);
        if (item->kind == JSON_OBJECT) {
            export_add(w, "\n");
            export_add_yaml(w, item, depth + 1);
            continue;
        }
        export_add(w, " ");
        if (item->kind == JSON_STRING)
            export_add(w, "%s", item->text);
        else
            export_add_json(w, item, 0);
        export_add(w, "\n");
    }
}
