/* Every kind of layers of a model by itself: which of them the law speaks about, and what ends the others.
 *
 * A window of W tokens sees distances 0 .. W-1 at any context: its rotary positions are safe for ever if W is within
 * the strict coverage bound of the layer's own frequencies, which is at least train_len. A wider window hides nothing
 * that matters (Phi-3: 262144 of 131072) and counts as full attention. */
#include <ropelaw/plan_layers.h>
#include <ropelaw/number.h>
#include "core/core.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *ropelaw_reach_str(ropelaw_reach reach) {
    static const char *const words[] = {"unknown",      "law",         "window",
                                        "window_wider", "no_position", "no_attention"};
    return (size_t)reach < CORE_COUNT(words) ? words[reach] : "unknown";
}

static double or_zero(double x) {
    return isnan(x) ? 0 : x;
}

static void keep_known(double *to, double from) {
    if (!isnan(from)) *to = from;
}

static void set_params(const ropelaw_rope_settings *rope, ropelaw_method_params *p) {
    *p = ropelaw_method_params_default;
    keep_known(&p->base, rope->base);
    p->head_dim = rope->head_dim >= 2 ? (size_t)rope->head_dim : 0;
    p->factor = or_zero(rope->factor);
    p->train_len = or_zero(rope->original_len_tok);
    keep_known(&p->beta_fast, rope->beta_fast);
    keep_known(&p->beta_slow, rope->beta_slow);
    p->mscale = or_zero(rope->mscale);
    p->mscale_all_dim = or_zero(rope->mscale_all_dim);
    p->attention_factor = or_zero(rope->attention_factor);
    keep_known(&p->low_freq_factor, rope->low_freq_factor);
    keep_known(&p->high_freq_factor, rope->high_freq_factor);
    keep_known(&p->partial, rope->partial);
    p->truncate = rope->truncate;
    p->long_factor = rope->long_factor;
    p->short_factor = rope->short_factor;
    p->n_factors = rope->short_factor && rope->n_short != rope->n_long ? 0 : rope->n_long;
}

uint32_t ropelaw_layer_kind_to_plan_model(const ropelaw_model *model, const ropelaw_layer_kind *kind,
                                          ropelaw_plan_model *plan_model, ropelaw_method_params *params) {
    set_params(&kind->rope, params);
    *plan_model = ropelaw_plan_model_default;
    plan_model->name = model->name[0] ? model->name : model->architecture;
    plan_model->rotary_dim = kind->rope.rotary_dim;
    plan_model->head_dim = kind->rope.head_dim;
    plan_model->pretrain_base = kind->rope.base;
    plan_model->train_len = model->train_len_tok;
    plan_model->method = kind->rope.method;
    plan_model->factor = kind->rope.factor;
    plan_model->params = params;
    plan_model->declared_len = model->declared_len_tok;
    plan_model->n_layers = model->n_layers;
    plan_model->bidirectional = model->bidirectional;
    return model->caveats & ROPELAW_CAVEAT_DEFAULTED;
}

ropelaw_status ropelaw_layer_kind_method(const ropelaw_model *model, const ropelaw_layer_kind *kind,
                                         const ropelaw_method **method, ropelaw_method_params *params,
                                         ropelaw_error *error) {
    const ropelaw_rope_settings *rope = &kind->rope;
    ropelaw_status status = ropelaw_layer_kind_check(model, kind, error);
    if (status) return status;
    if (isnan(rope->base)) return core_fail(error, ROPELAW_INVALID, "base", "", "", "base is not known");
    if (!(rope->rotary_dim >= 2 && rope->rotary_dim <= ROPELAW_ROTARY_DIM_MAX))
        return core_fail(error, ROPELAW_INVALID, "rotary_dim", "", "", "rotary_dim is not known");
    const ropelaw_method *found = ropelaw_method_find(rope->method);
    if (!found)
        return core_fail(error, ROPELAW_UNSUPPORTED, "method", rope->method, "a name of the method registry",
                         "unknown RoPE method \"%s\"", rope->method);
    set_params(rope, params);
    params->rotary_dim = (size_t)rope->rotary_dim;
    if (!(params->train_len > 0)) params->train_len = or_zero(model->train_len_tok);
    params->declared_len = or_zero(model->declared_len_tok);
    *method = found;
    return ROPELAW_OK;
}

static void say(ropelaw_plan_layer *layer, ropelaw_reach reach, const char *reason) {
    layer->reach = reach;
    snprintf(layer->reason, sizeof layer->reason, "%s", reason);
}

/* Bound of the rotary positions by themselves, whatever masks them. */
static int bound_of(ropelaw_plan_layer *layer) {
    const ropelaw_plan_result *r = &layer->result;
    layer->bound_tok = r->is_method ? r->lo.bound_tok : r->law.bound_tok;
    layer->caveats |= r->caveats;
    if (r->is_method) layer->caveats |= r->lo.caveats;
    int lacking = r->is_method && isnan(r->lo.bound_tok) && !(r->lo.caveats & ROPELAW_CAVEAT_UNBOUNDED);
    if (lacking) say(layer, ROPELAW_REACH_UNKNOWN, "the method's parameters are not all in the file");
    return !lacking;
}

static void judge_window(ropelaw_plan_layer *layer) {
    double window = layer->kind->window_tok, strict = layer->result.lo.bound_tok;
    char text[ROPELAW_NUMBER_SIZE];
    int known = bound_of(layer);
    if (isnan(window)) say(layer, ROPELAW_REACH_UNKNOWN, "the width of the window is not known");
    if (!known || isnan(window)) return;
    ropelaw_number_str(window, 0, text);
    if (isnan(strict) || window <= strict) {
        layer->reach = ROPELAW_REACH_WINDOW;
        layer->bound_tok = NAN;
        layer->caveats |= ROPELAW_CAVEAT_WINDOW;
        snprintf(layer->reason, sizeof layer->reason,
                 "distances stay below the window of %s tokens, which its positions cover: RoPE sets no "
                 "limit here",
                 text);
        return;
    }
    layer->reach = ROPELAW_REACH_WINDOW_WIDER;
    snprintf(layer->reason, sizeof layer->reason,
             "the window of %s tokens is wider than what its positions cover: as full attention", text);
}

static void judge_full(ropelaw_plan_layer *layer) {
    if (!bound_of(layer)) return;
    say(layer, ROPELAW_REACH_LAW,
        layer->result.is_method
            ? "full attention that rotates, by a method outside the closed form: strict coverage"
            : "full attention that rotates: the law");
}

/* The question as one: which file, what replaces its main kind, under which plan. */
typedef struct {
    const ropelaw_model *model;
    const ropelaw_plan_model *main;
    const ropelaw_plan *plan;
    const ropelaw_plan_options *options;
} question;

static ropelaw_status ask(const question *q, ropelaw_plan_layer *layer, ropelaw_error *error) {
    ropelaw_plan_model one;
    ropelaw_method_params params;
    ropelaw_plan mine = q->plan ? *q->plan : (ropelaw_plan){NAN, NAN};
    int full = layer->kind->attention == ROPELAW_ATTENTION_FULL;
    layer->caveats |= ropelaw_layer_kind_to_plan_model(q->model, layer->kind, &one, &params);
    if (q->main) one.train_len = q->main->train_len;
    if (q->main && layer->kind == ropelaw_model_kind(q->model)) one = *q->main;
    if (!full) mine.tune_base = NAN;
    layer->used = one;
    layer->used.params = NULL;
    ropelaw_error reason = {0};
    ropelaw_status s = ropelaw_plan_predict(&one, &mine, q->options, &layer->result, &reason);
    if (s == ROPELAW_NOMEM || s == ROPELAW_CANCELLED) {
        if (error) *error = reason;
        return s;
    }
    if (s) {
        say(layer, ROPELAW_REACH_UNKNOWN, reason.message);
        return ROPELAW_OK;
    }
    layer->has_result = 1;
    if (full)
        judge_full(layer);
    else
        judge_window(layer);
    return ROPELAW_OK;
}

static ropelaw_status judge(const question *q, ropelaw_plan_layer *layer, ropelaw_error *error) {
    layer->bound_tok = NAN;
    if (layer->kind->attention == ROPELAW_ATTENTION_LINEAR) {
        say(layer, ROPELAW_REACH_NO_ATTENTION, "no softmax attention: positions are not rotary");
        return ROPELAW_OK;
    }
    if (!layer->kind->rotates) {
        say(layer, ROPELAW_REACH_NO_POSITION, "attention without rotary positions: the law does not apply");
        return ROPELAW_OK;
    }
    return ask(q, layer, error);
}

static void decide(const ropelaw_model *model, ropelaw_plan_layers *l) {
    l->deciding = l->n;
    l->bound_tok = NAN;
    l->caveats = model->caveats & ROPELAW_CAVEAT_DEFAULTED;
    for (size_t i = 0; i < l->n; i++) {
        const ropelaw_plan_layer *layer = &l->layers[i];
        if (layer->reach == ROPELAW_REACH_WINDOW) l->caveats |= ROPELAW_CAVEAT_WINDOW;
        if (layer->reach != ROPELAW_REACH_LAW && layer->reach != ROPELAW_REACH_WINDOW_WIDER) continue;
        int first = l->deciding == l->n, shorter = layer->bound_tok < l->bound_tok;
        if (!first && !shorter && !(isnan(l->bound_tok) && !isnan(layer->bound_tok))) continue;
        l->deciding = i;
        l->bound_tok = layer->bound_tok;
    }
    if (l->deciding < l->n) l->caveats |= l->layers[l->deciding].caveats;
}

static ropelaw_status judge_all(question q, ropelaw_plan_layers *layers, ropelaw_error *error) {
    ropelaw_plan_options own = q.options ? *q.options : ropelaw_plan_options_default;
    const ropelaw_model *model = q.model;
    q.options = &own;
    own.freqs = (ropelaw_plan_freqs){0};
    for (; layers->n < model->n_kinds && layers->n < ROPELAW_PLAN_LAYERS_MAX; layers->n++) {
        ropelaw_plan_layer *layer = &layers->layers[layers->n];
        layer->kind = &model->kinds[layers->n];
        ropelaw_status s = judge(&q, layer, error);
        if (s) return s;
    }
    decide(model, layers);
    return ROPELAW_OK;
}

ropelaw_status ropelaw_plan_layers_predict(const ropelaw_model *model, const ropelaw_plan_model *main,
                                           const ropelaw_plan *plan, const ropelaw_plan_options *options,
                                           ropelaw_plan_layers *layers, ropelaw_error *error) {
    if (!model) return core_fail(error, ROPELAW_INVALID, "model", "NULL", "an object", "model is NULL");
    if (!layers) return core_fail(error, ROPELAW_INVALID, "layers", "NULL", "an object", "layers is NULL");
    if (!model->has_rope)
        return core_fail(error, ROPELAW_UNSUPPORTED, "positions", model->positions, "rotary",
                         "the model has no rotary positions (it seems to use: %s)",
                         model->positions[0] ? model->positions : "unknown");
    ropelaw_plan_layers *work = core_calloc(1, sizeof *work);
    if (!work) return core_fail_memory(error, 1, sizeof *work);
    ropelaw_status s = judge_all((question){model, main, plan, options}, work, error);
    if (!s) *layers = *work;
    core_free(work);
    return s;
}
