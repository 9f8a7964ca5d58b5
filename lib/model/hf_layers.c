/* Which layers see everything, which a window, which do not rotate: from the file's list, its patterns, or
   the model type's rule. */
#include "model/internal.h"
#include <stdio.h>
#include <string.h>

typedef enum { FULL, SLIDING, CHUNKED, LINEAR, N_SHAPES } shape;
typedef struct {
    size_t rotating[N_SHAPES], still[N_SHAPES]; /* layers by shape, with and without rotation */
    double window, chunk;
    model_place window_place, chunk_place, rule; /* where the split comes from */
} split;

static ropelaw_status window_of(model_builder *b, split *s) {
    static const char *const names[] = {"sliding_window", "sliding_window_size", "local_attention",
                                        "attention_window_size", NULL};
    static const char *const chunks[] = {"attention_chunk_size", NULL};
    const json_value *use = json_get(b->config, "use_sliding_window");
    ropelaw_status status = model_number(b, b->config, names, &s->window, &s->window_place);
    if (!status) status = model_number(b, b->config, chunks, &s->chunk, &s->chunk_place);
    if (status) return status;
    if (!(s->window > 0)) s->window = NAN;
    bool off = use ? use->kind == JSON_BOOL && !use->boolean : b->type->layers == MODEL_LAYERS_MAX_WINDOW;
    if (off && !isnan(s->window)) {
        model_note(b, ROPELAW_NOTE_INFO, "window-cancelled", "use_sliding_window", use ? use->line : 0,
                   "sliding_window is given, but use_sliding_window is %s and cancels it",
                   use ? "false" : "absent (default of this model type: false)");
        s->window = NAN;
        return ROPELAW_OK;
    }
    bool silent = !json_get(b->config, "sliding_window"); /* null means none, absent means the default */
    bool by_type = b->type->window > 0 && b->type->layers != MODEL_LAYERS_MAX_WINDOW;
    if (isnan(s->window) && silent && by_type) {
        bool chunks_of = b->type->layers == MODEL_LAYERS_NOPE_EVERY;
        double *size = chunks_of ? &s->chunk : &s->window;
        if (!isnan(*size)) return ROPELAW_OK;
        *size = b->type->window;
        *(chunks_of ? &s->chunk_place : &s->window_place) =
            (model_place){ROPELAW_ORIGIN_DEFAULT, b->type->source, 0};
    }
    return ROPELAW_OK;
}

static shape shape_of(const char *name) {
    if (strstr(name, "sliding") || !strcmp(name, "local") || strstr(name, "local_attention")) return SLIDING;
    if (strstr(name, "chunked")) return CHUNKED;
    if (!strcmp(name, "full_attention") || !strcmp(name, "attention") || !strcmp(name, "global") ||
        strstr(name, "full"))
        return FULL;
    return LINEAR; /* linear_attention, mamba, conv, recurrent */
}

/* no_rope_layers: a list where 0 is a layer without rotation, or a list of the layers' indices (SmolLM3:
 * flags). */
static bool layer_rotates(const model_builder *b, size_t layer, size_t n_layers) {
    static const char *const interval[] = {"no_rope_layer_interval", "nope_layer_interval", NULL};
    static const char *const lists[] = {"no_rope_layers", NULL};
    model_found list = model_find(b->config, lists);
    if (list.value && list.value->kind == JSON_ARRAY && list.value->n == n_layers && layer < n_layers)
        return list.value->items[layer].kind != JSON_NUMBER || list.value->items[layer].number != 0;
    double every = NAN;
    model_found found = model_find(b->config, interval);
    if (found.value) (void)json_as_number(found.value, &every);
    if (isnan(every) && b->type->layers == MODEL_LAYERS_NOPE_EVERY) every = b->type->period;
    if (!(every >= 1)) return true;
    return fmod((double)layer + 1, floor(every)) != 0;
}

static void count_layer(const model_builder *b, split *s, shape what, size_t layer, size_t n) {
    bool rotates = what != LINEAR && layer_rotates(b, layer, n);
    if (what == FULL && b->type->full_is_nope && !isnan(s->window)) rotates = false;
    if (rotates)
        s->rotating[what]++;
    else
        s->still[what]++;
}

static ropelaw_status from_list(model_builder *b, split *s, const json_value *list, const char *key) {
    for (size_t i = 0; i < list->n; i++) {
        const json_value *item = &list->items[i];
        if (item->kind != JSON_STRING)
            return json_refuse(b->document, item, key, "a list of layer names", b->error);
        count_layer(b, s, shape_of(item->text), i, list->n);
    }
    s->rule = (model_place){ROPELAW_ORIGIN_FILE, key, list->line};
    if (!isnan(b->model->n_layers) && b->model->n_layers != (double)list->n)
        model_note(b, ROPELAW_NOTE_ERROR, "layer-types-length", key, list->line,
                   "%s names %zu layers, num_hidden_layers is %.0f: transformers refuses the file", key,
                   list->n, b->model->n_layers);
    return ROPELAW_OK;
}

/* MiniMax: attn_type_list, 1 = softmax attention, 0 = linear. */
static void from_flags(model_builder *b, split *s, const json_value *list, const char *key) {
    for (size_t i = 0; i < list->n; i++)
        count_layer(b, s, list->items[i].number != 0 ? FULL : LINEAR, i, list->n);
    s->rule = (model_place){ROPELAW_ORIGIN_FILE, key, list->line};
}

/* "M" state space, "-" feed-forward only, "*" attention (Nemotron-H). */
static void from_letters(model_builder *b, split *s, const json_value *text, const char *key) {
    size_t n = strlen(text->text);
    for (size_t i = 0; i < n; i++)
        if (text->text[i] != '-') count_layer(b, s, text->text[i] == '*' ? FULL : LINEAR, i, n);
    s->rule = (model_place){ROPELAW_ORIGIN_FILE, key, text->line};
}

typedef struct {
    model_layers rule;
    double period;
    const char *letters; /* "LLLG" */
    model_place place;
} pattern;

/* The repeating rule of the file, else of the model type. */
static ropelaw_status pattern_of(model_builder *b, pattern *p) {
    static const char *const every[] = {"sliding_window_pattern", "_sliding_window_pattern",
                                        "global_attn_every_n_layers", "full_attention_interval", NULL};
    model_found found = model_find(b->config, every);
    *p = (pattern){
        .rule = b->type->layers,
        .period = b->type->period,
        .place = {ROPELAW_ORIGIN_DEFAULT, b->type->source ? b->type->source : "all layers alike", 0}
    };
    if (!found.value) return ROPELAW_OK;
    p->place = (model_place){ROPELAW_ORIGIN_FILE, found.key, found.value->line};
    if (found.value->kind == JSON_STRING && found.value->n == 0 && found.value->text[0]) {
        p->letters = found.value->text;
        p->rule = MODEL_LAYERS_EVERY;
        return ROPELAW_OK;
    }
    if (found.value->kind != JSON_NUMBER || !(found.value->number >= 0) || found.value->number > 1e6)
        return json_refuse(b->document, found.value, found.key,
                           "a number of layers or a text such as \"LLLG\"", b->error);
    p->period = floor(found.value->number);
    if (!strcmp(found.key, "full_attention_interval"))
        p->rule = MODEL_LAYERS_LINEAR_EVERY;
    else if (p->rule != MODEL_LAYERS_FIRST)
        p->rule = MODEL_LAYERS_EVERY;
    if (!(p->period >= 1)) p->rule = MODEL_LAYERS_PLAIN;
    return ROPELAW_OK;
}

static shape shape_at(const split *s, const pattern *p, double max_window_layers, size_t layer, size_t n) {
    bool window = !isnan(s->window);
    double i = (double)layer;
    if (p->letters) {
        char letter = p->letters[layer % strlen(p->letters)];
        return layer + 1 == n || letter == 'G' || letter == 'g' ? FULL : SLIDING;
    }
    switch (p->rule) {
    case MODEL_LAYERS_EVERY:
        return window && fmod(i + 1, p->period) != 0 ? SLIDING : FULL;
    case MODEL_LAYERS_FIRST:
        return window && fmod(i, p->period) != 0 ? SLIDING : FULL;
    case MODEL_LAYERS_LINEAR_EVERY:
        return fmod(i + 1, p->period) != 0 ? LINEAR : FULL;
    case MODEL_LAYERS_MAX_WINDOW:
        return window && i >= max_window_layers ? SLIDING : FULL;
    default:
        return window ? SLIDING : FULL;
    }
}

/* Llama-4: rotating layers attend within chunks, the others see everything. */
static shape chunk_if_rotating(const model_builder *b, const split *s, shape what, size_t layer, size_t n) {
    return !isnan(s->chunk) && what == FULL && layer_rotates(b, layer, n) ? CHUNKED : what;
}

static ropelaw_status from_pattern(model_builder *b, split *s) {
    static const char *const max_names[] = {"max_window_layers", NULL};
    double n_layers = b->model->n_layers, max_window;
    model_place ignored;
    pattern p;
    ropelaw_status status = pattern_of(b, &p);
    if (!status) status = model_number(b, b->config, max_names, &max_window, &ignored);
    if (status) return status;
    if (isnan(max_window)) max_window = 28; /* Qwen2Config */
    if (p.rule == MODEL_LAYERS_PLAIN && !isnan(s->window) && json_get_set(b->config, "max_window_layers"))
        p.rule = MODEL_LAYERS_MAX_WINDOW;
    if (isnan(n_layers) || n_layers > 100000) {
        shape what = shape_at(s, &p, max_window, 0, 0);
        if (p.rule == MODEL_LAYERS_PLAIN)
            s->rotating[chunk_if_rotating(b, s, what, 0, 0)] = 1;
        else
            s->rotating[FULL] = 1;
        s->rule = (model_place){ROPELAW_ORIGIN_DEFAULT, "number of layers unknown", 0};
        return ROPELAW_OK;
    }
    for (size_t i = 0, n = (size_t)n_layers; i < n; i++) {
        shape what = shape_at(s, &p, max_window, i, n);
        count_layer(b, s, chunk_if_rotating(b, s, what, i, n), i, n);
    }
    s->rule = p.place;
    if (p.rule == MODEL_LAYERS_PLAIN)
        s->rule = (model_place){ROPELAW_ORIGIN_DERIVED, "all layers are alike", 0};
    return ROPELAW_OK;
}

static ropelaw_status split_layers(model_builder *b, split *s) {
    const json_value *types = json_get_set(b->config, "layer_types");
    const json_value *flags = json_get_set(b->config, "attn_type_list");
    const json_value *letters = json_get_set(b->config, "hybrid_override_pattern");
    static const char *const blocks[] = {"layers_block_type", "block_types", NULL};
    model_found block = model_find(b->config, blocks);
    if (types && types->kind == JSON_ARRAY && types->n) return from_list(b, s, types, "layer_types");
    if (types) return json_refuse(b->document, types, "layer_types", "a list of layer names", b->error);
    if (block.value && block.value->kind == JSON_ARRAY && block.value->n > 3)
        return from_list(b, s, block.value, block.key);
    if (flags && flags->kind == JSON_ARRAY && flags->n)
        from_flags(b, s, flags, "attn_type_list");
    else if (letters && letters->kind == JSON_STRING)
        from_letters(b, s, letters, "hybrid_override_pattern");
    else
        return from_pattern(b, s);
    return ROPELAW_OK;
}

static void add_kind(model_builder *b, const split *s, shape what, bool rotates, size_t n) {
    static const char *const names[] = {"full_attention", "sliding_attention", "chunked_attention",
                                        "linear_attention"};
    static const ropelaw_attention_kind kinds[] = {ROPELAW_ATTENTION_FULL, ROPELAW_ATTENTION_SLIDING,
                                                   ROPELAW_ATTENTION_CHUNKED, ROPELAW_ATTENTION_LINEAR};
    char name[32];
    if (!n) return;
    snprintf(name, sizeof name, "%s%s", names[what], rotates || what == LINEAR ? "" : "_nope");
    ropelaw_layer_kind *kind = model_kind_add(b, name);
    if (!kind) return;
    kind->attention = kinds[what];
    kind->rotates = rotates;
    kind->n_layers = isnan(b->model->n_layers) && s->rule.origin != ROPELAW_ORIGIN_FILE ? 0 : n;
    if (what == SLIDING) kind->window_tok = s->window;
    if (what == CHUNKED) kind->window_tok = s->chunk;
    model_fact_number(b, name, "n_layers", kind->n_layers ? (double)kind->n_layers : NAN, s->rule);
    model_fact_number(b, name, "window_tok", kind->window_tok,
                      what == CHUNKED ? s->chunk_place : s->window_place);
}

ropelaw_status model_hf_layers(model_builder *b) {
    split s = {.window = NAN, .chunk = NAN};
    ropelaw_status status = window_of(b, &s);
    if (!status) status = split_layers(b, &s);
    if (status) return status;
    for (int what = 0; what < N_SHAPES; what++) {
        add_kind(b, &s, (shape)what, true, s.rotating[what]);
        add_kind(b, &s, (shape)what, false, s.still[what]);
    }
    return ROPELAW_OK;
}
