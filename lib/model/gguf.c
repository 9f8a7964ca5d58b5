/* What GGUF metadata mean to llama.cpp: sizes, layers and lengths; rotary settings are in gguf_rope.c. */
#include "model/gguf.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

const gguf_entry *gguf_get(const gguf_view *v, const char *key, char *full, size_t size) {
    snprintf(full, size, "%s.%s", v->architecture, key);
    return gguf_find(v->file, full);
}

/* A scalar or the largest element of an array (head_count per layer, some of them 0); NAN if absent. */
double gguf_number(const gguf_view *v, const char *key, const char *layers, const char *fact) {
    char full[200];
    const gguf_entry *e = gguf_get(v, key, full, sizeof full);
    if (!e || e->type == GGUF_STRING) return NAN;
    double value = e->number;
    for (size_t i = 0; i < e->n_values; i++)
        if (e->values[i] > value) value = e->values[i];
    if (!isfinite(value)) return NAN;
    if (fact) model_fact_number(v->b, layers, fact, value, (model_place){ROPELAW_ORIGIN_FILE, full, 0});
    return value;
}

const char *gguf_text(const gguf_view *v, const char *key) {
    char full[200];
    const gguf_entry *e = gguf_get(v, key, full, sizeof full);
    return e && e->type == GGUF_STRING && !e->array ? e->text : NULL;
}

void gguf_defaulted(const gguf_view *v, const char *layers, const char *fact, double value,
                    const char *from) {
    model_fact_number(v->b, layers, fact, value, (model_place){ROPELAW_ORIGIN_DEFAULT, from, 0});
}

void gguf_derived(const gguf_view *v, const char *layers, const char *fact, double value, const char *from) {
    model_fact_number(v->b, layers, fact, value, (model_place){ROPELAW_ORIGIN_DERIVED, from, 0});
}

static void sizes(const gguf_view *v) {
    ropelaw_model *m = v->b->model;
    m->n_layers = gguf_number(v, "block_count", "", "n_layers");
    m->hidden_size = gguf_number(v, "embedding_length", "", "hidden_size");
    m->n_heads = gguf_number(v, "attention.head_count", "", "n_heads");
    m->n_kv_heads = gguf_number(v, "attention.head_count_kv", "", "n_kv_heads");
    if (!(m->n_layers >= 1 && m->n_layers <= 65536)) m->n_layers = NAN;
}

static void lengths(const gguf_view *v) {
    ropelaw_model *m = v->b->model;
    const ropelaw_layer_kind *kind = ropelaw_model_kind(m);
    double context = gguf_number(v, "context_length", "", "declared_len");
    if (!(context >= 1)) context = NAN;
    const ropelaw_fact *original = kind ? ropelaw_model_fact(m, "original_len", kind->name) : NULL;
    m->declared_len_tok = m->train_len_tok = context;
    if (kind && original) {
        m->train_len_tok = kind->rope.original_len_tok;
        model_fact_number(v->b, "", "train_len", m->train_len_tok,
                          (model_place){original->origin, original->from, 0});
    } else if (kind && !strcmp(kind->rope.method, "linear") && kind->rope.factor > 1) {
        m->train_len_tok = floor(context / kind->rope.factor);
        gguf_derived(v, "", "train_len", m->train_len_tok, "context_length / rope.scaling.factor");
    } else
        gguf_derived(v, "", "train_len", context, "context_length");
}

static void warn_parts(const gguf_view *v, double said) {
    const gguf_file *f = v->file;
    char count[ROPELAW_NUMBER_SIZE];
    model_num(said, count);
    if (!f->n_parts_read)
        model_note(
            v->b, ROPELAW_NOTE_INFO, "split-file", "split.count", 0,
            "one part of a split model of %s: rope tensors may be in another part, which only a name like "
            "NAME-00001-of-0000N.gguf tells",
            count);
    else if (f->first_missing)
        model_note(
            v->b, ROPELAW_NOTE_WARNING, "missing-part", "split.count", 0,
            "%zu of %s parts of this split model are here, part %zu is missing: rope tensors may be in it",
            f->n_parts_read, count, f->first_missing);
    else
        model_note(v->b, ROPELAW_NOTE_INFO, "split-file", "split.count", 0,
                   "metadata and rope tensors are gathered from the %s parts of this split model", count);
}

static void warn(const gguf_view *v) {
    ropelaw_model *m = v->b->model;
    const ropelaw_layer_kind *kind = ropelaw_model_kind(m);
    const gguf_entry *split = gguf_find(v->file, "split.count");
    if (v->file->big_endian)
        model_note(v->b, ROPELAW_NOTE_INFO, "big-endian", "", 0,
                   "the file is big-endian; nothing in it says so");
    if (split && split->number > 1) warn_parts(v, split->number);
    for (size_t i = 0; i < v->file->n_kept; i++)
        if (!v->file->tensors[i].n_read)
            model_note(v->b, ROPELAW_NOTE_WARNING, "rope-tensor-type", v->file->tensors[i].name, 0,
                       "the tensor %s is not a short list of float32: its values are not read",
                       v->file->tensors[i].name);
    if (kind && !strcmp(v->architecture, "llama") && kind->rope.base == 5e5 && m->declared_len_tok > 8192 &&
        !kind->rope.n_long)
        model_note(
            v->b, ROPELAW_NOTE_WARNING, "missing-rope-freqs", "rope_freqs.weight", 0,
            "base 500000 and a context beyond 8192 look like Llama-3.1 or later, but the tensor "
            "rope_freqs.weight is not there: the file was converted before llama.cpp knew llama3 scaling");
}

/* Sliding layers: a pattern array or period in the file, else what the architecture's code does. */
static size_t sliding_layers(const gguf_view *v, model_place *place) {
    char full[200];
    double n = v->b->model->n_layers;
    const gguf_entry *pattern = gguf_get(v, "attention.sliding_window_pattern", full, sizeof full);
    double period = v->b->type->period;
    size_t count = 0;
    *place = (model_place){ROPELAW_ORIGIN_FILE, "attention.sliding_window_pattern", 0};
    for (size_t i = 0; pattern && i < pattern->n_values; i++) count += pattern->values[i] != 0;
    if (pattern && pattern->n_values) return count;
    if (pattern)
        period = pattern->number;
    else
        *place = (model_place){ROPELAW_ORIGIN_DEFAULT, "the architecture's rule in llama.cpp", 0};
    if (isnan(n) || !(period > 1)) return isnan(n) ? 1 : (size_t)n;
    bool first = v->b->type->layers == MODEL_LAYERS_FIRST;
    return (size_t)n - (first ? (size_t)ceil(n / period) : (size_t)floor(n / period));
}

static void kinds(const gguf_view *v) {
    model_place place = {ROPELAW_ORIGIN_FILE, "block_count", 0};
    double n = v->b->model->n_layers, window = gguf_number(v, "attention.sliding_window", "", NULL);
    size_t all = isnan(n) ? 0 : (size_t)n, sliding = window > 0 ? sliding_layers(v, &place) : 0;
    if (sliding > all) sliding = all;
    if (all > sliding || !sliding) {
        ropelaw_layer_kind *full = model_kind_add(
            v->b, v->b->type->full_is_nope && sliding ? "full_attention_nope" : "full_attention");
        if (!full) return;
        full->n_layers = all - sliding;
        if (v->b->type->full_is_nope && sliding) full->rotates = 0;
        model_fact_number(v->b, full->name, "n_layers", all ? (double)full->n_layers : NAN, place);
    }
    if (!sliding) return;
    ropelaw_layer_kind *slide = model_kind_add(v->b, "sliding_attention");
    if (!slide) return;
    slide->attention = ROPELAW_ATTENTION_SLIDING;
    slide->window_tok = window;
    slide->n_layers = sliding;
    model_fact_number(v->b, slide->name, "n_layers", (double)sliding, place);
    model_fact_number(v->b, slide->name, "window_tok", window,
                      (model_place){ROPELAW_ORIGIN_FILE, "attention.sliding_window", 0});
}

static void find_type(model_builder *b, const char *architecture) {
    char type[80];
    snprintf(type, sizeof type, "%s", architecture);
    for (char *c = type; *c; c++)
        if (*c == '-') *c = '_';
    const model_default *known = model_default_find(type);
    if (known) b->type = known;
}

ropelaw_status gguf_interpret(model_builder *b, const gguf_file *file) {
    ropelaw_model *m = b->model;
    const gguf_entry *architecture = gguf_find(file, "general.architecture"),
                     *name = gguf_find(file, "general.name");
    snprintf(m->format, sizeof m->format, "gguf");
    if (!architecture || architecture->type != GGUF_STRING || architecture->array)
        return core_fail(b->error, ROPELAW_PARSE, "general.architecture", "", "a text",
                         "key \"general.architecture\" is missing: no model, or a later part of a split one");
    gguf_view v = {b, file, architecture->text};
    snprintf(m->architecture, sizeof m->architecture, "%.63s", architecture->text);
    if (name && name->type == GGUF_STRING) snprintf(m->name, sizeof m->name, "%s", name->text);
    model_fact(b, "", "architecture", m->architecture,
               (model_place){ROPELAW_ORIGIN_FILE, "general.architecture", 0});
    find_type(b, m->architecture);
    sizes(&v);
    char full[200];
    if (b->type->positions && !gguf_get(&v, "rope.freq_base", full, sizeof full) &&
        !gguf_get(&v, "rope.dimension_count", full, sizeof full)) {
        m->has_rope = 0;
        snprintf(m->positions, sizeof m->positions, "%s", b->type->positions);
        model_note(b, ROPELAW_NOTE_WARNING, "no-rope", "", 0,
                   "this architecture does not rotate positions; it uses: %s", b->type->positions);
        lengths(&v);
        return ROPELAW_OK;
    }
    kinds(&v);
    for (size_t i = 0; i < m->n_kinds; i++)
        if (m->kinds[i].rotates) gguf_rope(&v, &m->kinds[i]);
    model_order_kinds(m);
    lengths(&v);
    warn(&v);
    const ropelaw_layer_kind *kind = ropelaw_model_kind(m);
    if (kind && !(kind->rope.base > 1))
        return core_fail_number(b->error, ROPELAW_DOMAIN, "rope.freq_base", kind->rope.base, "> 1");
    return ROPELAW_OK;
}
