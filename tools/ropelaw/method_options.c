#include "method_options.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static ropelaw_dynamic dynamic_of(const char *word) {
    static const char *const words[] = {"hf", "vllm-old", "vllm", "alpha"};
    int i = 0;
    while (strcmp(words[i], word) != 0) i++;
    return (ropelaw_dynamic)i;
}

static void read_factors(const cli_context *c, ropelaw_method_params *p, double **made) {
    size_t n_long, n_short;
    const double *is_long = cli_numbers(c, "long-factor", &n_long);
    const double *is_short = cli_numbers(c, "short-factor", &n_short);
    if (is_short) p->short_factor = is_short;
    if (!is_long) return;
    p->long_factor = is_long;
    p->n_factors = n_long;
    if (is_short) return;
    *made = malloc(n_long * sizeof **made);
    for (size_t i = 0; *made && i < n_long; i++) (*made)[i] = 1;
    p->short_factor = *made;
}

void cli_method_override(const cli_context *c, ropelaw_method_params *p, double **made) {
    const struct {
        const char *name;
        double *to;
    } numbers[] = {
        {"declared-len",     &p->declared_len    },
        {"new-base",         &p->new_base        },
        {"beta-fast",        &p->beta_fast       },
        {"beta-slow",        &p->beta_slow       },
        {"mscale",           &p->mscale          },
        {"mscale-all-dim",   &p->mscale_all_dim  },
        {"attention-factor", &p->attention_factor},
        {"low-freq-factor",  &p->low_freq_factor },
        {"high-freq-factor", &p->high_freq_factor},
        {"partial",          &p->partial         },
        {"tau",              &p->tau             },
    };
    for (size_t i = 0; i < CLI_COUNT_OF(numbers); i++)
        *numbers[i].to = cli_number(c, numbers[i].name, *numbers[i].to);
    p->critical_pairs = (size_t)cli_number(c, "critical-pairs", (double)p->critical_pairs);
    if (cli_given(c, "no-truncate")) p->truncate = 0;
    if (cli_given(c, "longrope-by-factor")) p->longrope_by_factor = 1;
    if (cli_given(c, "resonance")) p->resonance = 1;
    if (cli_given(c, "dynamic")) p->dynamic = dynamic_of(cli_text(c, "dynamic", "hf"));
    if (cli_given(c, "ramp"))
        p->ramp = strcmp(cli_text(c, "ramp", "index"), "turns") ? ROPELAW_RAMP_INDEX : ROPELAW_RAMP_TURNS;
    read_factors(c, p, made);
}

static int from_preset(cli_context *c, cli_method *m) {
    const ropelaw_preset *preset;
    ropelaw_plan_model plan;
    ropelaw_error e = {0};
    if (ropelaw_preset_find(cli_text(c, "model", ""), &preset, &e)) return cli_fail(c, &e);
    uint32_t caveats = ropelaw_preset_to_plan_model(preset, &plan, &m->params);
    if (!cli_given(c, "rotary-dim") && isnan(plan.rotary_dim))
        return cli_usage(c, "%s: rotary_dim is not known: give --rotary-dim", preset->name);
    double base = isnan(plan.tune_base) ? plan.pretrain_base : plan.tune_base; /* the one in use */
    if (!cli_given(c, "base") && isnan(base))
        return cli_usage(c, "%s: base is not known: give --base", preset->name);
    if (!isnan(base)) m->params.base = base;
    if (!isnan(plan.rotary_dim)) m->params.rotary_dim = (size_t)plan.rotary_dim;
    if (!isnan(plan.head_dim)) m->params.head_dim = (size_t)plan.head_dim;
    if (!(m->params.train_len > 0) && !isnan(plan.train_len)) m->params.train_len = plan.train_len;
    if (!isnan(plan.factor)) m->params.factor = plan.factor;
    m->method = plan.method && *plan.method ? plan.method : "default";
    m->declared_len = plan.declared_len;
    cli_put_text(c->input, "model", preset->name);
    cli_source(c, preset->source);
    cli_caveats(c, caveats);
    return CLI_OK;
}

static const ropelaw_layer_kind *kind_named(const ropelaw_model *file, const char *name) {
    for (size_t i = 0; name && i < file->n_kinds; i++)
        if (!strcmp(file->kinds[i].name, name)) return &file->kinds[i];
    return name ? NULL : ropelaw_model_kind(file);
}

static int from_file(cli_context *c, const char *name, cli_method *m) {
    ropelaw_error e = {0};
    const ropelaw_method *method;
    if (ropelaw_model_read(cli_text(c, "config", ""), &m->file, &e)) return cli_fail(c, &e);
    const ropelaw_layer_kind *kind = kind_named(&m->file, name);
    if (!kind && name) return cli_usage(c, "--kind: the file has no layers \"%s\" (see inspect)", name);
    if (!kind || !kind->rotates) {
        e = (ropelaw_error){.code = ROPELAW_UNSUPPORTED};
        snprintf(e.message, sizeof e.message, "%s: no rotary positions (%s)", kind ? kind->name : "the model",
                 m->file.positions);
        snprintf(e.file, sizeof e.file, "%s", m->file.file);
        return cli_fail(c, &e);
    }
    if (ropelaw_layer_kind_method(&m->file, kind, &method, &m->params, &e)) return cli_fail(c, &e);
    m->method = method->name;
    m->declared_len = m->file.declared_len_tok;
    cli_put_text(c->input, "model", m->file.name[0] ? m->file.name : m->file.file);
    cli_put_text(c->input, "kind", kind->name);
    cli_caveats(c, m->file.caveats & ROPELAW_CAVEAT_DEFAULTED);
    return CLI_OK;
}

static int from_model(cli_context *c, const char *kind, cli_method *m) {
    if (cli_given(c, "model") && cli_given(c, "config"))
        return cli_usage(c, "give --model or --config, not both");
    if (kind && !cli_given(c, "config")) return cli_usage(c, "--kind needs --config");
    if (cli_given(c, "model")) return from_preset(c, m);
    return cli_given(c, "config") ? from_file(c, kind, m) : CLI_OK;
}

int cli_method_read(cli_context *c, const char *kind, cli_method *m) {
    *m = (cli_method){.params = ropelaw_method_params_default, .method = "default", .declared_len = NAN};
    int code = from_model(c, kind, m);
    if (code) return code;
    ropelaw_method_params *p = &m->params;
    p->base = cli_number(c, "base", p->base);
    p->rotary_dim = (size_t)cli_number(c, "rotary-dim", (double)p->rotary_dim);
    p->head_dim = (size_t)cli_number(c, "head-dim", (double)p->head_dim);
    p->train_len = cli_number(c, "train-len", p->train_len);
    p->factor = cli_number(c, "factor", p->factor);
    p->tune_len = cli_number(c, "tune-len", p->tune_len);
    cli_method_override(c, p, &m->short_factor);
    cli_put_number(c->input, "base", p->base);
    cli_put_number(c->input, "rotary_dim", (double)p->rotary_dim);
    cli_put_number(c->input, "train_len_tok", p->train_len > 0 ? p->train_len : NAN);
    return CLI_OK;
}

void cli_method_clear(cli_method *m) {
    free(m->short_factor);
    ropelaw_model_clear(&m->file);
}
