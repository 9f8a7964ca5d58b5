/* What GGUF metadata mean to llama.cpp (loader defaults of src/llama-model.cpp): freq_base 10000; a missing
   scaling type is "linear", a missing factor 1, so plain RoPE; type "none" forces the scale to 1; Llama-3.1
   scaling is no metadata at all but a tensor of divisors, from which the original length can be found again.
 */
#include "model/gguf.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    model_builder *b;
    const gguf_file *file;
    const char *architecture;
} view;

static const gguf_entry *get(const view *v, const char *key, char *full, size_t size) {
    snprintf(full, size, "%s.%s", v->architecture, key);
    return gguf_find(v->file, full);
}

/* A scalar or the largest element of an array (head_count per layer, some of them 0); NAN if absent. */
static double number(const view *v, const char *key, const char *layers, const char *fact) {
    char full[200];
    const gguf_entry *e = get(v, key, full, sizeof full);
    if (!e || e->type == GGUF_STRING) return NAN;
    double value = e->number;
    for (size_t i = 0; i < e->n_values; i++)
        if (e->values[i] > value) value = e->values[i];
    if (!isfinite(value)) return NAN;
    if (fact) model_fact_number(v->b, layers, fact, value, (model_place){ROPELAW_ORIGIN_FILE, full, 0});
    return value;
}

static const char *text(const view *v, const char *key) {
    char full[200];
    const gguf_entry *e = get(v, key, full, sizeof full);
    return e && e->type == GGUF_STRING && !e->array ? e->text : NULL;
}

static void defaulted(const view *v, const char *layers, const char *fact, double value, const char *from) {
    model_fact_number(v->b, layers, fact, value, (model_place){ROPELAW_ORIGIN_DEFAULT, from, 0});
}

static void derived(const view *v, const char *layers, const char *fact, double value, const char *from) {
    model_fact_number(v->b, layers, fact, value, (model_place){ROPELAW_ORIGIN_DERIVED, from, 0});
}

static void sizes(const view *v) {
    ropelaw_model *m = v->b->model;
    m->n_layers = number(v, "block_count", "", "n_layers");
    m->hidden_size = number(v, "embedding_length", "", "hidden_size");
    m->n_heads = number(v, "attention.head_count", "", "n_heads");
    m->n_kv_heads = number(v, "attention.head_count_kv", "", "n_kv_heads");
    if (m->n_layers > 65536) m->n_layers = NAN;
}

static void dimensions(const view *v, ropelaw_layer_kind *kind) {
    ropelaw_rope_settings *r = &kind->rope;
    ropelaw_model *m = v->b->model;
    bool swa = kind->attention == ROPELAW_ATTENTION_SLIDING;
    if (swa) r->head_dim = number(v, "attention.key_length_swa", kind->name, "head_dim");
    if (isnan(r->head_dim)) r->head_dim = number(v, "attention.key_length_mla", kind->name, "head_dim");
    if (isnan(r->head_dim)) r->head_dim = number(v, "attention.key_length", kind->name, "head_dim");
    if (isnan(r->head_dim)) {
        r->head_dim = floor(m->hidden_size / m->n_heads);
        derived(v, kind->name, "head_dim", r->head_dim, "embedding_length / attention.head_count");
    }
    if (swa) r->rotary_dim = number(v, "rope.dimension_count_swa", kind->name, "rotary_dim");
    if (isnan(r->rotary_dim)) r->rotary_dim = number(v, "rope.dimension_count", kind->name, "rotary_dim");
    if (!isnan(r->rotary_dim)) return;
    r->rotary_dim = r->head_dim;
    derived(v, kind->name, "rotary_dim", r->rotary_dim, "head_dim (rope.dimension_count absent)");
}

static void base_of(const view *v, ropelaw_layer_kind *kind) {
    double *base = &kind->rope.base;
    bool swa = kind->attention == ROPELAW_ATTENTION_SLIDING;
    if (swa) *base = number(v, "rope.freq_base_swa", kind->name, "base");
    if (swa && isnan(*base) && v->b->type->base_local > 0) {
        *base = v->b->type->base_local; /* llama.cpp sets it for gemma3 and modern-bert in code */
        defaulted(v, kind->name, "base", *base, "llama.cpp default of this architecture's local layers");
    }
    if (isnan(*base)) *base = number(v, "rope.freq_base", kind->name, "base");
    if (!isnan(*base)) return;
    *base = 10000;
    defaulted(v, kind->name, "base", *base, "llama.cpp default of rope.freq_base");
}

/* Divisors of the tensor into a settings array. */
static void keep_divisors(const view *v, const gguf_tensor *t, double **to, size_t *n) {
    if (!t || !t->n_read) return;
    double *values = core_malloc(t->n_read, sizeof *values);
    if (!values) {
        v->b->nomem = true;
        return;
    }
    memcpy(values, t->values, t->n_read * sizeof *values);
    core_free(*to);
    *to = values;
    *n = t->n_read;
}

/* The llama3 rule (low 1, high 4) inverted at each pair on its ramp: with u = 1/divisor and s = (u - 1/f)/(1
   - 1/f) the original length is period * (1 + 3 s). All ramp pairs must agree, else the divisors are
   something else. */
static double original_of(const ropelaw_rope_settings *r, double factor) {
    double found = NAN;
    for (size_t i = 0; i < r->n_long; i++) {
        double divisor = r->long_factor[i];
        if (!(divisor > 1.001) || !(divisor < factor * 0.999)) continue;
        double period = 2 * 3.14159265358979323846 * pow(r->base, 2 * (double)i / r->rotary_dim);
        double s = (1 / divisor - 1 / factor) / (1 - 1 / factor), length = period * (1 + 3 * s);
        if (!isnan(found) && !(fabs(length - found) < 2e-3 * found)) return NAN;
        if (isnan(found)) found = length;
    }
    return found;
}

static void baked_llama3(const view *v, ropelaw_layer_kind *kind) {
    ropelaw_rope_settings *r = &kind->rope;
    char number_text[2][ROPELAW_NUMBER_SIZE];
    double factor = 0;
    for (size_t i = 0; i < r->n_long; i++)
        if (r->long_factor[i] > factor) factor = r->long_factor[i];
    double length = factor > 1 ? round(original_of(r, factor)) : NAN;
    snprintf(r->method, sizeof r->method, "%s", isnan(length) ? "factors" : "llama3");
    model_fact(v->b, kind->name, "method", r->method,
               (model_place){ROPELAW_ORIGIN_DERIVED, "tensor rope_freqs.weight", 0});
    if (isnan(length)) {
        model_note(
            v->b, ROPELAW_NOTE_INFO, "rope-freqs", "rope_freqs.weight", 0,
            "the tensor rope_freqs.weight divides the frequencies by up to %s; the metadata do not say so",
            model_num(factor, number_text[0]));
        return;
    }
    r->factor = round(factor * 1e4) / 1e4;
    r->original_len_tok = length;
    r->low_freq_factor = 1;
    r->high_freq_factor = 4;
    derived(v, kind->name, "factor", r->factor, "largest divisor in rope_freqs.weight");
    derived(v, kind->name, "original_len", length,
            "the divisors on the ramp of rope_freqs.weight, llama3 rule 1 and 4");
    model_note(v->b, ROPELAW_NOTE_INFO, "rope-freqs", "rope_freqs.weight", 0,
               "Llama-3.1 scaling is in the tensor rope_freqs.weight (factor %s, original length %s); "
               "llama.cpp still logs "
               "\"rope scaling = linear\" and freq_scale 1",
               model_num(r->factor, number_text[0]), model_num(length, number_text[1]));
}

static void longrope(const view *v, ropelaw_layer_kind *kind) {
    ropelaw_rope_settings *r = &kind->rope;
    keep_divisors(v, gguf_tensor_find(v->file, "rope_factors_long.weight"), &r->long_factor, &r->n_long);
    keep_divisors(v, gguf_tensor_find(v->file, "rope_factors_short.weight"), &r->short_factor, &r->n_short);
    if (!r->n_long) return;
    snprintf(r->method, sizeof r->method, "longrope");
    model_fact(v->b, kind->name, "method", r->method,
               (model_place){ROPELAW_ORIGIN_DERIVED, "tensors rope_factors_long and _short", 0});
}

static void scaling(const view *v, ropelaw_layer_kind *kind) {
    ropelaw_rope_settings *r = &kind->rope;
    const char *type = text(v, "rope.scaling.type");
    model_place place = {type ? ROPELAW_ORIGIN_FILE : ROPELAW_ORIGIN_DEFAULT,
                         type ? "rope.scaling.type" : "llama.cpp: a missing type is linear", 0};
    double factor = number(v, "rope.scaling.factor", kind->name, NULL);
    if (isnan(factor) || factor == 0) factor = number(v, "rope.scale_linear", kind->name, NULL);
    if (isnan(factor) || factor == 0) factor = 1;
    const char *name = type ? model_method_name(type, "") : "linear";
    r->known = name != NULL;
    if (!name) name = type;
    if (!strcmp(name, "linear") && factor == 1) {
        name = "default";
        if (!type) place = (model_place){ROPELAW_ORIGIN_DERIVED, "no scaling type, no factor", 0};
    }
    snprintf(r->written, sizeof r->written, "%.31s", type ? type : "");
    snprintf(r->method, sizeof r->method, "%.31s", name);
    model_fact(v->b, kind->name, "method", name, place);
    if (factor != 1 && strcmp(name, "default") != 0) {
        r->factor = factor;
        model_fact_number(v->b, kind->name, "factor", factor,
                          (model_place){ROPELAW_ORIGIN_FILE, "rope.scaling.factor", 0});
    }
    r->original_len_tok = number(v, "rope.scaling.original_context_length", kind->name, "original_len");
    r->beta_fast = number(v, "rope.scaling.yarn_beta_fast", kind->name, "beta_fast");
    r->beta_slow = number(v, "rope.scaling.yarn_beta_slow", kind->name, "beta_slow");
    r->attention_factor = number(v, "rope.scaling.attn_factor", kind->name, "attention_factor");
}

static void rope_of(const view *v, ropelaw_layer_kind *kind) {
    base_of(v, kind);
    dimensions(v, kind);
    scaling(v, kind);
    const gguf_tensor *freqs = gguf_tensor_find(v->file, "rope_freqs.weight");
    if (freqs && freqs->n_read && kind->attention == ROPELAW_ATTENTION_FULL) {
        keep_divisors(v, freqs, &kind->rope.long_factor, &kind->rope.n_long);
        if (kind->rope.n_long) baked_llama3(v, kind);
    } else
        longrope(v, kind);
}

static void lengths(const view *v) {
    ropelaw_model *m = v->b->model;
    const ropelaw_layer_kind *kind = ropelaw_model_kind(m);
    double context = number(v, "context_length", "", "declared_len");
    const ropelaw_fact *original = kind ? ropelaw_model_fact(m, "original_len", kind->name) : NULL;
    m->declared_len_tok = m->train_len_tok = context;
    if (kind && original) {
        m->train_len_tok = kind->rope.original_len_tok;
        model_fact_number(v->b, "", "train_len", m->train_len_tok,
                          (model_place){original->origin, original->from, 0});
    } else if (kind && !strcmp(kind->rope.method, "linear") && kind->rope.factor > 1) {
        m->train_len_tok = floor(context / kind->rope.factor);
        derived(v, "", "train_len", m->train_len_tok, "context_length / rope.scaling.factor");
    } else
        derived(v, "", "train_len", context, "context_length");
}

static void warn(const view *v) {
    ropelaw_model *m = v->b->model;
    const ropelaw_layer_kind *kind = ropelaw_model_kind(m);
    const gguf_entry *split = gguf_find(v->file, "split.count");
    if (v->file->big_endian)
        model_note(v->b, ROPELAW_NOTE_INFO, "big-endian", "", 0,
                   "the file is big-endian; nothing in it says so");
    if (split && split->number > 1)
        model_note(v->b, ROPELAW_NOTE_INFO, "split-file", "split.count", 0,
                   "one part of a split model: rope tensors may be in another part");
    if (kind && !strcmp(v->architecture, "llama") && kind->rope.base == 5e5 && m->declared_len_tok > 8192 &&
        !kind->rope.n_long)
        model_note(
            v->b, ROPELAW_NOTE_WARNING, "missing-rope-freqs", "rope_freqs.weight", 0,
            "base 500000 and a context beyond 8192 look like Llama-3.1 or later, but the tensor "
            "rope_freqs.weight is not there: the file was converted before llama.cpp knew llama3 scaling");
}

/* Sliding layers: a pattern array or period in the file, else what the architecture's code does. */
static size_t sliding_layers(const view *v, model_place *place) {
    char full[200];
    double n = v->b->model->n_layers;
    const gguf_entry *pattern = get(v, "attention.sliding_window_pattern", full, sizeof full);
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

static void kinds(const view *v) {
    model_place place = {ROPELAW_ORIGIN_FILE, "block_count", 0};
    double n = v->b->model->n_layers, window = number(v, "attention.sliding_window", "", NULL);
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
    view v = {b, file, architecture->text};
    snprintf(m->architecture, sizeof m->architecture, "%.63s", architecture->text);
    if (name && name->type == GGUF_STRING) snprintf(m->name, sizeof m->name, "%s", name->text);
    model_fact(b, "", "architecture", m->architecture,
               (model_place){ROPELAW_ORIGIN_FILE, "general.architecture", 0});
    find_type(b, m->architecture);
    sizes(&v);
    char full[200];
    if (b->type->positions && !get(&v, "rope.freq_base", full, sizeof full) &&
        !get(&v, "rope.dimension_count", full, sizeof full)) {
        m->has_rope = 0;
        snprintf(m->positions, sizeof m->positions, "%s", b->type->positions);
        model_note(b, ROPELAW_NOTE_WARNING, "no-rope", "", 0,
                   "this architecture does not rotate positions; it uses: %s", b->type->positions);
        lengths(&v);
        return ROPELAW_OK;
    }
    kinds(&v);
    for (size_t i = 0; i < m->n_kinds; i++)
        if (m->kinds[i].rotates) rope_of(&v, &m->kinds[i]);
    model_order_kinds(m);
    lengths(&v);
    warn(&v);
    const ropelaw_layer_kind *kind = ropelaw_model_kind(m);
    if (kind && !(kind->rope.base > 1))
        return core_fail_number(b->error, ROPELAW_DOMAIN, "rope.freq_base", kind->rope.base, "> 1");
    return ROPELAW_OK;
}
