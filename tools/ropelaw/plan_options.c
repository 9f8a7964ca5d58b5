#include "plan_options.h"
#include "method_options.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int from_preset(cli_context *c, cli_model *m) {
    const ropelaw_preset *preset;
    ropelaw_error e = {0};
    if (ropelaw_preset_find(cli_text(c, "model", ""), &preset, &e)) return cli_fail(c, &e);
    m->caveats |= ropelaw_preset_to_plan_model(preset, &m->plan, &m->params);
    m->source = preset->source;
    if (!isnan(preset->base_local)) /* windows with a base of their own: layers to tell apart */
        return ropelaw_model_from_preset(preset, &m->file, &e) ? cli_fail(c, &e) : CLI_OK;
    if (preset->window_tok > 0) m->window_tok = preset->window_tok;
    return CLI_OK;
}

static int from_file(cli_context *c, cli_model *m) {
    ropelaw_error e = {0};
    if (ropelaw_model_read(cli_text(c, "config", ""), &m->file, &e)) return cli_fail(c, &e);
    m->caveats |= m->file.caveats;
    const char *name = cli_text(c, "kind", NULL);
    const ropelaw_layer_kind *kind = name ? NULL : ropelaw_model_kind(&m->file);
    for (size_t i = 0; name && i < m->file.n_kinds; i++)
        if (!strcmp(m->file.kinds[i].name, name) && m->file.kinds[i].rotates) kind = &m->file.kinds[i];
    if (name && !kind)
        return cli_usage(c, "--kind: the file has no layers \"%s\" that rotate (see inspect)", name);
    if (!cli_given(c, "method") && ropelaw_layer_kind_check(&m->file, kind, &e)) return cli_fail(c, &e);
    if (name)
        ropelaw_layer_kind_to_plan_model(&m->file, kind, &m->plan, &m->params);
    else if (ropelaw_model_to_plan_model(&m->file, &m->plan, &m->params, &e))
        return cli_fail(c, &e);
    return CLI_OK;
}

/* Another method than the model's starts from its defaults; more of the same keeps what the file says. */
static void take_method(cli_context *c, cli_model *m) {
    ropelaw_plan_model *p = &m->plan;
    if (cli_given(c, "method")) {
        const char *name = cli_text(c, "method", NULL);
        bool same = p->method && ropelaw_method_find(name) &&
                    ropelaw_method_find(name) == ropelaw_method_find(p->method);
        p->method = name;
        if (!same) {
            m->params = ropelaw_method_params_default;
            m->caveats &= ~(unsigned)ROPELAW_CAVEAT_METHOD; /* of the file's; the prediction judges the new one */
            p->factor = NAN;
        }
    }
    p->factor = cli_number(c, "factor", p->factor);
    if (cli_given(c, "factor")) m->params.factor = p->factor;
    cli_method_override(c, &m->params, &m->short_factor);
    p->params = &m->params;
}

static void put_input(cli_context *c, const ropelaw_plan_model *p) {
    cli_put_text(c->input, "model", p->name);
    cli_put_number(c->input, "rotary_dim", p->rotary_dim);
    cli_put_number(c->input, "head_dim", p->head_dim);
    cli_put_number(c->input, "pretrain_base", p->pretrain_base);
    cli_put_number(c->input, "train_len_tok", p->train_len);
    cli_put_text(c->input, "method", p->method && *p->method ? p->method : "default");
    cli_put_number(c->input, "factor", p->factor);
    cli_put_number(c->input, "declared_len_tok", p->declared_len);
    cli_put_bool(c->input, "bidirectional", p->bidirectional);
}

int cli_model_read(cli_context *c, cli_model *m) {
    *m = (cli_model){
        .plan = ropelaw_plan_model_default, .params = ropelaw_method_params_default, .window_tok = NAN};
    if (cli_given(c, "model") && cli_given(c, "config"))
        return cli_usage(c, "give --model or --config, not both");
    if (cli_given(c, "kind") && !cli_given(c, "config")) return cli_usage(c, "--kind needs --config");
    int code = cli_given(c, "model") ? from_preset(c, m) : cli_given(c, "config") ? from_file(c, m) : CLI_OK;
    if (code) return code;
    ropelaw_plan_model *p = &m->plan;
    p->rotary_dim = cli_number(c, "rotary-dim", p->rotary_dim);
    p->head_dim = cli_number(c, "head-dim", p->head_dim);
    p->pretrain_base = cli_number(c, "base", p->pretrain_base);
    p->train_len = cli_number(c, "train-len", p->train_len);
    p->n_layers = cli_number(c, "layers", p->n_layers);
    take_method(c, m);
    if (cli_given(c, "bidirectional")) p->bidirectional = 1;
    put_input(c, p);
    if (m->source) cli_source(c, m->source);
    return CLI_OK;
}

void cli_model_clear(cli_model *m) {
    free(m->short_factor);
    ropelaw_model_clear(&m->file);
}

static const char *all(double x) {
    return cli_num(x, 0);
}

void cli_explain_law(cli_context *c, const ropelaw_setting *x, const ropelaw_bound *b) {
    double d = (double)x->rotary_dim;
    const char *T = all(x->train_len_tok), *t = all(b->tune_len_tok), *b0 = all(x->pretrain_base);
    const char *base = all(x->tune_base);
    cli_explain(c,
                "critical_dim_real = d * ln(train_len/(2*pi)) / ln(pretrain_base) = %s * ln(%s/(2*pi)) / "
                "ln(%s) = %s  [Liu et al., Lemma 1]",
                all(d), T, b0, all(b->critical.dim_real));
    cli_explain(c,
                "critical_dim = min(d, 2*ceil(critical_dim_real/2)) = min(%s, 2*ceil(%s/2)) = %s  [Liu et "
                "al., eq 13]",
                all(d), all(b->critical.dim_real), all((double)b->critical.dim));
    cli_explain(c,
                "critical_base = exp(ln(pretrain_base) * ln(tune_len/(2*pi)) / ln(train_len/(2*pi))) = "
                "exp(ln(%s) * ln(%s/(2*pi)) / ln(%s/(2*pi))) = %s  [eq 16a]",
                b0, t, T, all(b->critical_base));
    if (!isnan(b->bound_base))
        cli_explain(
            c,
            "bound_base = (tune_len/(2*pi))^(d/critical_dim) = (%s/(2*pi))^(%s/%s) = %s  [inverse of eq 16b]",
            t, all(d), all((double)b->critical.dim), all(b->bound_base));
    cli_explain(c, "small_base_thresholds[0] = 2*tune_len/pi = 2*%s/pi = %s  [eq 16d]", t,
                all(b->small_base[0]));
    if (b->caveats & ROPELAW_CAVEAT_UNBOUNDED)
        cli_explain(c, "bound: none, because critical_dim_real >= d: every pair saw a full period");
    else if (b->regime == ROPELAW_REGIME_LARGE_BASE)
        cli_explain(c,
                    "bound = 2*pi*tune_base^(critical_dim/d) = 2*pi*%s^(%s/%s) = %s  [eq 16b, because "
                    "tune_base %s > critical_base]",
                    base, all((double)b->critical.dim), all(d), all(b->bound_tok), base);
    else
        cli_explain(c, "bound = tune_len = %s = %s  [eq 16c, because tune_base %s <= critical_base]", t,
                    all(b->bound_tok), base);
}
