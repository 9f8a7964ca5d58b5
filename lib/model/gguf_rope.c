/* Rotary settings of GGUF metadata as llama.cpp reads them (loader defaults of src/llama-model.cpp): freq_base 10000;
   a missing scaling type is "linear", a missing factor 1, so plain RoPE; type "none" forces the scale to 1;
   Llama-3.1 scaling is no metadata at all but a tensor of divisors, from which the original length can be found
   again. */
#include "model/gguf.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

static void dimensions(const gguf_view *v, ropelaw_layer_kind *kind) {
    ropelaw_rope_settings *r = &kind->rope;
    ropelaw_model *m = v->b->model;
    bool swa = kind->attention == ROPELAW_ATTENTION_SLIDING;
    if (swa) r->head_dim = gguf_number(v, "attention.key_length_swa", kind->name, "head_dim");
    if (isnan(r->head_dim)) r->head_dim = gguf_number(v, "attention.key_length_mla", kind->name, "head_dim");
    if (isnan(r->head_dim)) r->head_dim = gguf_number(v, "attention.key_length", kind->name, "head_dim");
    if (isnan(r->head_dim)) {
        r->head_dim = floor(m->hidden_size / m->n_heads);
        gguf_derived(v, kind->name, "head_dim", r->head_dim, "embedding_length / attention.head_count");
    }
    if (swa) r->rotary_dim = gguf_number(v, "rope.dimension_count_swa", kind->name, "rotary_dim");
    if (isnan(r->rotary_dim))
        r->rotary_dim = gguf_number(v, "rope.dimension_count", kind->name, "rotary_dim");
    if (!isnan(r->rotary_dim)) return;
    r->rotary_dim = r->head_dim;
    gguf_derived(v, kind->name, "rotary_dim", r->rotary_dim, "head_dim (rope.dimension_count absent)");
}

static void base_of(const gguf_view *v, ropelaw_layer_kind *kind) {
    double *base = &kind->rope.base;
    bool swa = kind->attention == ROPELAW_ATTENTION_SLIDING;
    if (swa) *base = gguf_number(v, "rope.freq_base_swa", kind->name, "base");
    if (swa && isnan(*base) && v->b->type->base_local > 0) {
        *base = v->b->type->base_local; /* llama.cpp sets it for gemma3 and modern-bert in code */
        gguf_defaulted(v, kind->name, "base", *base, "llama.cpp default of this architecture's local layers");
    }
    if (isnan(*base)) *base = gguf_number(v, "rope.freq_base", kind->name, "base");
    if (!isnan(*base)) return;
    *base = 10000;
    gguf_defaulted(v, kind->name, "base", *base, "llama.cpp default of rope.freq_base");
}

/* Divisors of the tensor into a settings array. */
static void keep_divisors(const gguf_view *v, const gguf_tensor *t, double **to, size_t *n) {
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

static void baked_llama3(const gguf_view *v, ropelaw_layer_kind *kind) {
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
    gguf_derived(v, kind->name, "factor", r->factor, "largest divisor in rope_freqs.weight");
    gguf_derived(v, kind->name, "original_len", length,
                 "the divisors on the ramp of rope_freqs.weight, llama3 rule 1 and 4");
    model_note(v->b, ROPELAW_NOTE_INFO, "rope-freqs", "rope_freqs.weight", 0,
               "Llama-3.1 scaling is in the tensor rope_freqs.weight (factor %s, original length %s); "
               "llama.cpp still logs "
               "\"rope scaling = linear\" and freq_scale 1",
               model_num(r->factor, number_text[0]), model_num(length, number_text[1]));
}

static void longrope(const gguf_view *v, ropelaw_layer_kind *kind) {
    ropelaw_rope_settings *r = &kind->rope;
    keep_divisors(v, gguf_tensor_find(v->file, "rope_factors_long.weight"), &r->long_factor, &r->n_long);
    keep_divisors(v, gguf_tensor_find(v->file, "rope_factors_short.weight"), &r->short_factor, &r->n_short);
    if (!r->n_long) return;
    snprintf(r->method, sizeof r->method, "longrope");
    model_fact(v->b, kind->name, "method", r->method,
               (model_place){ROPELAW_ORIGIN_DERIVED, "tensors rope_factors_long and _short", 0});
}

/* rope.scaling.factor, or its older name; absent and 0 mean 1. `from` is the key. */
static double factor_of(const gguf_view *v, char *from, size_t size) {
    static const char *const names[] = {"rope.scaling.factor", "rope.scale_linear"};
    for (size_t i = 0; i < CORE_COUNT(names); i++) {
        double factor = gguf_number(v, names[i], "", NULL);
        snprintf(from, size, "%s.%s", v->architecture, names[i]);
        if (!isnan(factor) && factor != 0) return factor;
    }
    return 1;
}

static void note_two_factors(const gguf_view *v) {
    double now = gguf_number(v, "rope.scaling.factor", "", NULL),
           then = gguf_number(v, "rope.scale_linear", "", NULL);
    char x[ROPELAW_NUMBER_SIZE], y[ROPELAW_NUMBER_SIZE];
    if (isnan(now) || isnan(then) || now == 0 || then == 0 || now == then) return;
    model_note(v->b, ROPELAW_NOTE_WARNING, "two-values", "rope.scale_linear", 0,
               "rope.scaling.factor is %s and rope.scale_linear is %s: rope.scaling.factor wins, llama.cpp "
               "looks for the "
               "older name only where it is absent",
               model_num(now, x), model_num(then, y));
}

static void method_of(const gguf_view *v, ropelaw_layer_kind *kind) {
    ropelaw_rope_settings *r = &kind->rope;
    char factor_key[200], type_key[200];
    const char *type = gguf_text(v, "rope.scaling.type");
    double factor = factor_of(v, factor_key, sizeof factor_key);
    snprintf(type_key, sizeof type_key, "%s.rope.scaling.type", v->architecture);
    model_place place = {type ? ROPELAW_ORIGIN_FILE : ROPELAW_ORIGIN_DEFAULT,
                         type ? type_key : "llama.cpp: a missing type is linear", 0};
    const char *name = type ? model_method_name(type, "") : "linear";
    r->known = name != NULL;
    if (!name) model_note_unknown_method(v->b, name = type, place);
    if (!strcmp(name, "linear") && factor == 1) {
        name = "default";
        if (!type) place = (model_place){ROPELAW_ORIGIN_DERIVED, "no scaling type, no factor", 0};
    }
    snprintf(r->written, sizeof r->written, "%.31s", type ? type : "");
    snprintf(r->method, sizeof r->method, "%.31s", name);
    model_fact(v->b, kind->name, "method", name, place);
    if (factor == 1 || !strcmp(name, "default")) return;
    r->factor = factor;
    model_fact_number(v->b, kind->name, "factor", factor, (model_place){ROPELAW_ORIGIN_FILE, factor_key, 0});
}

/* ggml multiplies YaRN's own factor 0.1 ln(factor) + 1 by attn_factor; for longrope attn_factor is all there is. */
static void attention_of(const gguf_view *v, ropelaw_layer_kind *kind) {
    ropelaw_rope_settings *r = &kind->rope;
    double given = gguf_number(v, "rope.scaling.yarn_attn_factor", kind->name, "attn_factor");
    if (isnan(given)) given = gguf_number(v, "rope.scaling.attn_factor", kind->name, "attn_factor");
    if (isnan(given)) return;
    bool yarn = !strcmp(r->method, "yarn") && r->factor > 1;
    r->attention_factor = yarn ? given * (0.1 * log(r->factor) + 1) : given;
    gguf_derived(v, kind->name, "attention_factor", r->attention_factor,
                 yarn ? "attn_factor * (0.1 ln(factor) + 1), as ggml multiplies" : "attn_factor");
}

/* yarn_ext_factor mixes extrapolation into the ramp: 1 is YaRN, 0 leaves linear interpolation. */
static void extrapolation_of(const gguf_view *v, ropelaw_layer_kind *kind) {
    double mix = gguf_number(v, "rope.scaling.yarn_ext_factor", kind->name, "yarn_ext_factor");
    char text[ROPELAW_NUMBER_SIZE];
    if (isnan(mix) || strcmp(kind->rope.method, "yarn") != 0 || mix == 1 || mix < 0)
        return; /* < 0: the default */
    if (mix == 0) {
        snprintf(kind->rope.method, sizeof kind->rope.method, "linear");
        model_fact(v->b, kind->name, "method", "linear",
                   (model_place){ROPELAW_ORIGIN_DERIVED, "yarn with yarn_ext_factor 0: no ramp is left", 0});
        return;
    }
    model_note(v->b, ROPELAW_NOTE_WARNING, "yarn-ext-factor", "rope.scaling.yarn_ext_factor", 0,
               "yarn_ext_factor is %s: llama.cpp mixes that part of the ramp, ropelaw takes all of it",
               model_num(mix, text));
}

/* What is read and said, but changes no frequency here: training remarks, DeepSeek's factor, the parts of mrope. */
static void remarks(const gguf_view *v, const ropelaw_layer_kind *kind) {
    char full[200], list[64] = "";
    const gguf_entry *sections = gguf_get(v, "rope.dimension_sections", full, sizeof full);
    size_t used = 0;
    (void)gguf_number(v, "rope.scaling.finetuned", kind->name, "finetuned");
    (void)gguf_number(v, "rope.scaling.yarn_log_multiplier", kind->name, "yarn_log_multiplier");
    for (size_t i = 0; sections && i < sections->n_values && used + ROPELAW_NUMBER_SIZE + 2 < sizeof list;
         i++) {
        char text[ROPELAW_NUMBER_SIZE];
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? " " : "",
                                 model_num(sections->values[i], text));
    }
    if (used)
        model_fact(v->b, kind->name, "mrope_sections", list, (model_place){ROPELAW_ORIGIN_FILE, full, 0});
}

/* HunyuanVL: llama.cpp raises the base by alpha^(d/(d-2)). */
static void alpha_of(const gguf_view *v, ropelaw_layer_kind *kind) {
    double alpha = gguf_number(v, "rope.scaling.alpha", kind->name, "alpha"), d = kind->rope.head_dim;
    if (!(alpha > 0) || !(d > 2) || strncmp(v->architecture, "hunyuan", 7) != 0) return;
    kind->rope.base *= pow(alpha, d / (d - 2));
    gguf_derived(v, kind->name, "base", kind->rope.base,
                 "rope.freq_base * alpha^(head_dim / (head_dim - 2))");
}

static void scaling(const gguf_view *v, ropelaw_layer_kind *kind) {
    ropelaw_rope_settings *r = &kind->rope;
    note_two_factors(v);
    method_of(v, kind);
    r->original_len_tok = gguf_number(v, "rope.scaling.original_context_length", kind->name, "original_len");
    r->beta_fast = gguf_number(v, "rope.scaling.yarn_beta_fast", kind->name, "beta_fast");
    r->beta_slow = gguf_number(v, "rope.scaling.yarn_beta_slow", kind->name, "beta_slow");
    attention_of(v, kind);
    extrapolation_of(v, kind);
    remarks(v, kind);
}

/* Divisors come one per pair. */
static void check_divisors(const gguf_view *v, const ropelaw_layer_kind *kind) {
    char text[ROPELAW_NUMBER_SIZE];
    if (!kind->rope.n_long || 2 * (double)kind->rope.n_long == kind->rope.rotary_dim) return;
    model_note(v->b, ROPELAW_NOTE_WARNING, "divisor-count", "", 0,
               "%zu divisors for %s rotary dimensions: llama.cpp refuses the file", kind->rope.n_long,
               model_num(kind->rope.rotary_dim, text));
}

void gguf_rope(const gguf_view *v, ropelaw_layer_kind *kind) {
    base_of(v, kind);
    dimensions(v, kind);
    alpha_of(v, kind);
    scaling(v, kind);
    const gguf_tensor *freqs = gguf_tensor_find(v->file, "rope_freqs.weight");
    if (freqs && freqs->n_read && kind->attention == ROPELAW_ATTENTION_FULL) {
        keep_divisors(v, freqs, &kind->rope.long_factor, &kind->rope.n_long);
        if (kind->rope.n_long) baked_llama3(v, kind);
    } else
        longrope(v, kind);
    check_divisors(v, kind);
}
