/* Settings for engines: what is wanted, settled, and handed to the engine's writer (export_engines.c). */
#include "model/export.h"
#include <ropelaw/method.h>
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

const ropelaw_export_options ropelaw_export_options_default = {
    .method = NULL, .base = NAN, .factor = NAN, .target_len_tok = NAN};

size_t ropelaw_export_count(void) {
    return export_n_engines;
}

const ropelaw_engine_format *ropelaw_export_at(size_t n) {
    return n < export_n_engines ? &export_engines[n].format : NULL;
}

static double or_zero(double x) {
    return isnan(x) ? 0 : x;
}

/* The plain base that a method amounts to at the target length; no other frequencies come out of these methods. */
static ropelaw_status equal_base(const export_writer *w, const ropelaw_method *method, double *base) {
    ropelaw_method_params p = ropelaw_method_params_default;
    ropelaw_method_facts facts;
    double d = w->kind->rope.rotary_dim, *freq;
    if (!(d >= 2 && d <= 65536))
        return core_fail(w->error, ROPELAW_INVALID, "rotary_dim", "", "a number", "rotary_dim is not known");
    p.base = w->rope.base;
    p.rotary_dim = (size_t)d;
    p.train_len = or_zero(w->train_len);
    p.tune_len = or_zero(w->target_len);
    p.factor = or_zero(w->rope.factor);
    if (!(freq = core_malloc(p.rotary_dim / 2, sizeof *freq)))
        return core_fail_memory(w->error, p.rotary_dim / 2, sizeof *freq);
    ropelaw_status s = ropelaw_method_eval(method, &p, or_zero(w->target_len), freq, &facts, w->error);
    core_free(freq);
    if (!s) *base = facts.base;
    return s;
}

/* NTK-aware scaling and the critical base are a plain base, which every engine can be told. */
static ropelaw_status as_base(export_writer *w) {
    const ropelaw_method *method = ropelaw_method_find(w->rope.method);
    if (!export_is(w, "ntk") && !export_is(w, "critical-base")) return ROPELAW_OK;
    char a[ROPELAW_NUMBER_SIZE], b[ROPELAW_NUMBER_SIZE];
    double base, factor = w->rope.factor, partial = w->rope.partial;
    ropelaw_status s = equal_base(w, method, &base);
    if (s) return s;
    export_note(w, "%s with factor %s is plain RoPE with base %s, which is what is written", w->rope.method,
                model_num(factor, a), model_num(base, b));
    model_rope_init(&w->rope);
    w->rope.base = base;
    w->rope.partial = partial;
    w->base_changed = true;
    return ROPELAW_OK;
}

/* llama.cpp and its relatives rotate by one base: what to do instead of growing it with the length. */
static ropelaw_status refuse_dynamic(export_writer *w, const char *engine) {
    double base;
    char a[ROPELAW_NUMBER_SIZE], b[ROPELAW_NUMBER_SIZE];
    if (isnan(w->target_len) || equal_base(w, ropelaw_method_find("dynamic"), &base))
        return export_cannot(w, engine, "its base does not grow with the length; use --method yarn or ntk");
    return export_cannot(w, engine,
                         "its base does not grow with the length; at %s tokens dynamic is the plain base %s: "
                         "--method default --tune-base %s (or --method yarn)",
                         model_num(w->target_len, a), ropelaw_number_str(base, 9, b), b);
}

/* What some engine's file or flags have a name for. */
static ropelaw_status check_method(export_writer *w, const char *name) {
    static const char *const written[] = {"default", "linear",        "dynamic", "yarn",
                                          "llama3",  "critical-base", "ntk",     "proportional"};
    const ropelaw_method *method = ropelaw_method_find(name);
    if (!method)
        return core_fail(w->error, ROPELAW_INVALID, "method", name, "a name of the method registry",
                         "unknown RoPE method \"%.40s\" (ropelaw freqs --list names them)", name);
    snprintf(w->rope.method, sizeof w->rope.method, "%.31s", method->name);
    if (!strcmp(method->name, "longrope"))
        return core_fail(w->error, ROPELAW_UNSUPPORTED, "method", name, "",
                         "longrope needs searched factors, which only a file brings");
    for (size_t i = 0; i < CORE_COUNT(written); i++)
        if (!strcmp(written[i], method->name)) return ROPELAW_OK;
    return core_fail(w->error, ROPELAW_UNSUPPORTED, "method", name, "",
                     "no engine has a name for %s; `ropelaw freqs` prints its frequencies", method->name);
}

/* A new method starts from nothing but its factor. */
static ropelaw_status change_method(export_writer *w, const ropelaw_export_options *o) {
    ropelaw_rope_settings *r = &w->rope;
    double base = r->base, partial = r->partial;
    model_rope_init(r);
    r->base = base;
    r->partial = partial;
    ropelaw_status s = check_method(w, o->method);
    if (s || export_is(w, "default")) return s;
    r->factor = isnan(o->factor) ? w->target_len / w->train_len : o->factor;
    r->original_len_tok = w->train_len;
    if (export_is(w, "llama3")) r->low_freq_factor = 1, r->high_freq_factor = 4;
    return ROPELAW_OK;
}

static bool same_rotation(const ropelaw_rope_settings *a, const ropelaw_rope_settings *b) {
    return a->base == b->base && !strcmp(a->method, b->method) &&
           (a->factor == b->factor || (isnan(a->factor) && isnan(b->factor)));
}

static void look_at_kinds(export_writer *w) {
    char a[ROPELAW_NUMBER_SIZE], b[ROPELAW_NUMBER_SIZE];
    for (size_t i = 0; i < w->model->n_kinds; i++) {
        const ropelaw_layer_kind *k = &w->model->kinds[i];
        if (k == w->kind) continue;
        if (k->rotates && !same_rotation(&k->rope, &w->kind->rope)) {
            w->kinds_differ = true;
            export_note(w, "%s layers keep their own settings (%s, base %s)", k->name, k->rope.method,
                        model_num(k->rope.base, a));
        }
        if (k->window_tok > 0)
            export_note(w, "%s layers see %s tokens: engines take that window from the config", k->name,
                        model_num(k->window_tok, b));
    }
    if (w->kind->window_tok > 0)
        export_note(w,
                    "the layers that rotate see %s tokens: engines take that window from the config, and no "
                    "rotary setting widens it",
                    model_num(w->kind->window_tok, a));
    if (w->kinds_differ && !w->model->source)
        export_note(w, "a preset does not say how its config.json is nested: compare with the file");
}

static ropelaw_status settle(export_writer *w, const ropelaw_export_options *o, const char *engine) {
    ropelaw_rope_settings *r = &w->rope;
    *r = w->kind->rope;
    w->train_len = w->model->train_len_tok;
    w->target_len = isnan(o->target_len_tok) ? w->model->declared_len_tok : o->target_len_tok;
    look_at_kinds(w);
    ropelaw_status s = ROPELAW_OK;
    if (o->method && strcmp(o->method, r->method) != 0)
        s = change_method(w, o);
    else {
        s = ropelaw_layer_kind_check(w->model, w->kind, w->error);
        if (!isnan(o->factor)) r->factor = o->factor;
    }
    if (s) return s;
    if (!isnan(o->base)) {
        w->base_changed = o->base != r->base;
        r->base = o->base;
    }
    bool scaled = !export_is(w, "default") && !export_is(w, "longrope") && !export_is(w, "proportional");
    if (scaled && !(r->factor >= 1))
        return core_fail_number(w->error, ROPELAW_DOMAIN, "factor", r->factor,
                                ">= 1 (give the factor, or a target length "
                                "for a model with a training length)");
    if (export_is(w, "longrope") && !r->n_long && strcmp(engine, "llamacpp") != 0)
        return core_fail(w->error, ROPELAW_UNSUPPORTED, "long_factor", "", "",
                         "longrope needs its factors, which only the model's own file brings");
    bool by_base = !strcmp(engine, "llamacpp") || !strcmp(engine, "koboldcpp");
    if (by_base && export_is(w, "dynamic"))
        return refuse_dynamic(w, !strcmp(engine, "llamacpp") ? "llama.cpp" : engine);
    return as_base(w);
}

static ropelaw_status write(export_writer *w, const ropelaw_export_options *o, const char *name) {
    const export_engine *found = NULL;
    for (size_t i = 0; i < export_n_engines; i++)
        if (!strcmp(export_engines[i].format.name, name)) found = &export_engines[i];
    if (!found)
        return core_fail(w->error, ROPELAW_INVALID, "to", name, "",
                         "\"%.40s\" is no engine that ropelaw knows", name);
    w->kind = ropelaw_model_kind(w->model);
    if (!w->kind)
        return core_fail(w->error, ROPELAW_UNSUPPORTED, "model", "", "",
                         "this model does not rotate positions: %s", w->model->positions);
    ropelaw_status status = settle(w, o ? o : &ropelaw_export_options_default, name);
    if (!status) status = found->write(w);
    if (!status && w->out.n && w->out.text[w->out.n - 1] != '\n') export_add(w, "\n");
    if (!status && !w->notes.text) export_note(w, "%s", "");
    if (!status && (w->nomem || !w->out.text)) status = core_fail_memory(w->error, w->out.n + 1, 1);
    return status;
}

/* Both texts, of which one is kept. */
static ropelaw_status keep(const ropelaw_model *model, const ropelaw_export_options *options,
                           const char *engine, bool notes, char **text, ropelaw_error *error) {
    export_writer w = {.model = model, .error = error};
    ropelaw_status status = write(&w, options, engine);
    char *wanted = notes ? w.notes.text : w.out.text;
    core_free(status || !notes ? w.notes.text : w.out.text);
    if (status)
        core_free(w.out.text);
    else
        *text = wanted;
    return status;
}

ropelaw_status ropelaw_export_write(const ropelaw_model *model, const ropelaw_export_options *options,
                                    const char *engine, char **text, ropelaw_error *error) {
    return keep(model, options, engine, false, text, error);
}

ropelaw_status ropelaw_export_notes(const ropelaw_model *model, const ropelaw_export_options *options,
                                    const char *engine, char **text, ropelaw_error *error) {
    return keep(model, options, engine, true, text, error);
}
