/* A model file as a model: the layers that the law speaks about, and their method with all its parameters. */
#include "plan/plan.h"
#include <math.h>

static void set_if_known(double *to, double x) {
    if (!isnan(x)) *to = x;
}

static void set_params(const ropelaw_rope_settings *rope, ropelaw_method_params *p) {
    set_if_known(&p->train_len, rope->original_len_tok);
    set_if_known(&p->factor, rope->factor);
    set_if_known(&p->beta_fast, rope->beta_fast);
    set_if_known(&p->beta_slow, rope->beta_slow);
    set_if_known(&p->mscale, rope->mscale);
    set_if_known(&p->mscale_all_dim, rope->mscale_all_dim);
    set_if_known(&p->attention_factor, rope->attention_factor);
    set_if_known(&p->low_freq_factor, rope->low_freq_factor);
    set_if_known(&p->high_freq_factor, rope->high_freq_factor);
    set_if_known(&p->partial, rope->partial);
    p->truncate = rope->truncate;
    p->short_factor = rope->short_factor;
    p->long_factor = rope->long_factor;
    p->n_factors = rope->n_long;
}

ropelaw_status ropelaw_model_to_plan_model(const ropelaw_model *file, ropelaw_plan_model *model,
                                           ropelaw_method_params *params, ropelaw_error *error) {
    const ropelaw_layer_kind *kind = ropelaw_model_kind(file);
    if (!file->has_rope || !kind)
        return core_fail(error, ROPELAW_UNSUPPORTED, "positions", file->positions, "rotary positions",
                         "%s: the model has no rotary positions (%s)", file->file, file->positions);
    const ropelaw_rope_settings *rope = &kind->rope;
    *params = ropelaw_method_params_default;
    set_params(rope, params);
    *model = ropelaw_plan_model_default;
    model->name = file->name[0] ? file->name : file->file;
    model->rotary_dim = rope->rotary_dim;
    model->head_dim = rope->head_dim;
    model->pretrain_base = rope->base;
    model->train_len = file->train_len_tok;
    model->method = rope->method;
    model->factor = rope->factor;
    model->declared_len = file->declared_len_tok;
    model->n_layers = file->n_layers;
    model->bidirectional = file->bidirectional;
    model->params = params;
    return ROPELAW_OK;
}
