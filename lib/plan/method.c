/* Frequencies of a model whose RoPE method is more than a base.
 *
 * `pretrain` is what pre-training used, `tune` what is used now. Most methods are applied to a plain model; the two
 * that are a way of pre-training (they choose which pairs rotate, or their spacing) were there from the start, without
 * their factor. A method whose frequencies are those of plain RoPE with another base (NTK-aware, ABF, the critical
 * base, dynamic NTK at one length) is a change of base, and the closed form speaks about it. */
#include "plan/plan.h"
#include <math.h>
#include <string.h>

/* Relative difference that rounding may leave between a method's frequencies and base^(-2n/d). */
#define SAME_BASE 1e-12

static int is_plain(const char *method) {
    return !method || !*method || ropelaw_method_find(method) == ropelaw_method_find("default");
}

static double or_zero(double x) {
    return isnan(x) ? 0 : x;
}

static ropelaw_method_params params_of(const ropelaw_plan_model *model, const ropelaw_setting *x) {
    ropelaw_method_params p = model->params ? *model->params : ropelaw_method_params_default;
    p.base = x->tune_base;
    p.rotary_dim = x->rotary_dim;
    if (model->head_dim >= 2) p.head_dim = (size_t)model->head_dim;
    if (!(p.train_len > 0)) p.train_len = x->train_len_tok;
    if (!(p.declared_len > 0)) p.declared_len = or_zero(model->declared_len);
    if (!(p.factor > 0)) p.factor = or_zero(model->factor);
    if (!(p.tune_len > 0)) p.tune_len = fmax(x->tune_len_tok, x->train_len_tok);
    return p;
}

static ropelaw_status pretrain_freqs(const ropelaw_method *method, ropelaw_method_params p,
                                     const ropelaw_setting *x, plan_freqs *f, ropelaw_error *error) {
    if (!(method->uses & (ROPELAW_USES_PARTIAL | ROPELAW_USES_TAU)))
        return ropelaw_freqs_eval(x->pretrain_base, x->rotary_dim, f->freq, error);
    p.base = x->pretrain_base;
    p.factor = 1;
    p.declared_len = 0;
    return ropelaw_method_eval(method, &p, x->train_len_tok, f->freq, NULL, error);
}

/* 1 if tune holds base^(-2n/d) for every pair */
static int is_base_change(const plan_freqs *f, double base, size_t rotary_dim) {
    if (f->n_pairs != rotary_dim / 2 || !(base > 1)) return 0;
    for (size_t n = 0; n < f->n_pairs; n++) {
        double plain = pow(base, -2.0 * (double)n / (double)rotary_dim);
        if (!(fabs(f->freq[f->n_pairs + n] - plain) <= SAME_BASE * plain)) return 0;
    }
    return 1;
}

ropelaw_status plan_freqs_eval(const ropelaw_plan_model *model, const ropelaw_setting *x, plan_freqs *f,
                               ropelaw_error *error) {
    *f = (plan_freqs){.base = NAN, .attention = 1};
    f->len = fmax(x->train_len_tok, x->tune_len_tok);
    if (is_plain(model->method)) return ROPELAW_OK;
    const ropelaw_method *method = ropelaw_method_find(model->method);
    if (!method)
        return core_fail(error, ROPELAW_INVALID, "method", model->method, "a name of the method registry",
                         "unknown RoPE method \"%s\"", model->method);
    ropelaw_method_params p = params_of(model, x);
    ropelaw_method_facts facts;
    size_t n;
    ropelaw_status s = ropelaw_method_pairs(method, &p, &n, error);
    if (s) return s;
    if (!(f->freq = core_malloc(n, 2 * sizeof *f->freq)))
        return core_fail_memory(error, n, 2 * sizeof *f->freq);
    f->n_pairs = n;
    f->len = fmax(fmax(p.declared_len, p.tune_len), p.factor * p.train_len);
    s = ropelaw_method_eval(method, &p, f->len, f->freq + n, &facts, error);
    if (!s) f->attention = facts.attention_factor;
    if (!s) s = pretrain_freqs(method, p, x, f, error);
    if (!s && is_base_change(f, facts.base, x->rotary_dim)) f->base = facts.base;
    if (s) plan_freqs_clear(f);
    return s;
}

void plan_freqs_clear(plan_freqs *f) {
    core_free(f->freq);
    *f = (plan_freqs){.base = NAN};
}
