#include "plan_options.h"
#include "series_files.h"
#include <math.h>
#include <string.h>

static const cli_option options[] = {
    {"bases",    CLI_NUMBERS, "B,...", "tuning bases for `bases` (500 and 1e4 to 1e6)"                    },
    {"tune-len", CLI_LENGTHS, "L,...", "tuning lengths for `bases` (1, 4 and 8 times the training length)"},
    {"factors",  CLI_NUMBERS, "N,...", "multiples of the training length for `critical` (2,4,8)"          },
    {NULL,       CLI_FLAG,    NULL,    NULL                                                               },
};

enum { MOST_MODELS = 256 };

static int known_tables(const cli_context *c) {
    char names[200] = "";
    for (size_t i = 0; ropelaw_report_table_get(i); i++) {
        const char *name = ropelaw_report_table_get(i)->name;
        if (strlen(names) + strlen(name) + 3 > sizeof names) break;
        if (i) strcat(names, ", ");
        strcat(names, name);
    }
    return cli_usage(c, "unknown table \"%s\" (known: %s)", c->arguments[0], names);
}

static bool model_given(const cli_context *c) {
    static const char *const names[] = {"model", "config", "rotary-dim", "base", "train-len"};
    for (size_t i = 0; i < CLI_COUNT_OF(names); i++)
        if (cli_given(c, names[i])) return true;
    return false;
}

/* MODEL operands, then the model of the options. */
static int read_models(cli_context *c, cli_model *flags, ropelaw_report_model *models,
                       ropelaw_report_input *input) {
    ropelaw_error error = {0};
    if (c->n_arguments - 1 > MOST_MODELS) return cli_usage(c, "more than %d models", MOST_MODELS);
    for (size_t i = 1; i < c->n_arguments; i++)
        if (ropelaw_report_model_preset(c->arguments[i], &models[input->n_models++], &error))
            return cli_fail(c, &error);
    input->models = models;
    if (model_given(c)) {
        int code = cli_model_read(c, flags);
        if (code) return code;
        if (ropelaw_report_model_plan(&flags->plan, &models[input->n_models++], &error))
            return cli_fail(c, &error);
        cli_caveats(c, flags->caveats);
    } else if (!input->n_models && !strcmp(c->arguments[0], "bases")) {
        if (ropelaw_report_model_preset("Llama-2-7B", &models[input->n_models++], &error))
            return cli_fail(c, &error);
    }
    return CLI_OK;
}

/* FILE operands of `onsets` and `rules`, all of them in one series. */
static int read_runs(cli_context *c, ropelaw_series *all) {
    if (c->n_arguments < 2)
        return cli_usage(c, "table %s needs a FILE of measured runs (or -)", c->arguments[0]);
    if (model_given(c))
        return cli_usage(c, "table %s takes the facts of its runs from FILE", c->arguments[0]);
    return cli_series_read(c, 1, all);
}

static void explain_setting(cli_context *c, const char *name, const ropelaw_setting *setting) {
    ropelaw_bound bound;
    if (ropelaw_bound_eval(setting, &bound, NULL)) return;
    cli_explain(c, "%s, tuned with base %s on %s tokens:", name, cli_num(setting->tune_base, 0),
                cli_num(setting->tune_len_tok, 0));
    cli_explain_law(c, setting, &bound);
}

/* The law of every model that was named, as it was tuned or for every base and length that was given. */
static void explain(cli_context *c, const ropelaw_report_input *input) {
    for (size_t i = 0; c->explain && i < input->n_models; i++) {
        const ropelaw_report_model *m = &input->models[i];
        if (m->method && *m->method && strcmp(m->method, "default")) {
            cli_explain(c, "%s: the RoPE method %s is outside the closed form",
                        m->name ? m->name : "the model", m->method);
            continue;
        }
        for (size_t b = 0; b < (input->n_bases ? input->n_bases : 1); b++)
            for (size_t t = 0; t < (input->n_tune_lens ? input->n_tune_lens : 1); t++) {
                ropelaw_setting setting = m->setting;
                if (input->n_bases) setting.tune_base = input->bases[b];
                if (input->n_tune_lens) setting.tune_len_tok = input->tune_lens_tok[t];
                explain_setting(c, m->name ? m->name : "the model", &setting);
            }
    }
}

static int answer(cli_context *c, const ropelaw_report_table *t, const ropelaw_report_input *input) {
    ropelaw_error error = {0};
    ropelaw_table *table = NULL;
    uint32_t caveats = 0;
    char *json = NULL;
    if (ropelaw_report_table_build(t->name, input, &table, &caveats, &error)) return cli_fail(c, &error);
    if (ropelaw_table_write(table, "json", &json, NULL, &error)) {
        ropelaw_table_destroy(&table);
        return cli_fail(c, &error);
    }
    cli_put_text(c->input, "table", t->name);
    cli_put_text(c->result, "summary", t->summary);
    cli_put_raw(c->result, "rows", json);
    ropelaw_text_free(json);
    cli_caveats(c, caveats);
    cli_source(c, t->source);
    explain(c, input);
    cli_table(c, table, true);
    return CLI_OK;
}

static int run(cli_context *c) {
    static ropelaw_report_model models[MOST_MODELS + 1];
    ropelaw_report_input input = {
        .threads = c->threads, .seed = c->seed, .progress = cli_progress(c, "fitting")};
    const ropelaw_report_table *t = ropelaw_report_table_find(c->arguments[0]);
    cli_model flags = {0};
    ropelaw_series series = {0};
    if (!t) return known_tables(c);
    bool measured = !strcmp(t->name, "onsets") || !strcmp(t->name, "rules");
    int code = measured ? read_runs(c, &series) : read_models(c, &flags, models, &input);
    if (measured) input.series = &series;
    input.bases = cli_numbers(c, "bases", &input.n_bases);
    input.tune_lens_tok = cli_numbers(c, "tune-len", &input.n_tune_lens);
    input.factors = cli_numbers(c, "factors", &input.n_factors);
    if (!code) code = answer(c, t, &input);
    cli_model_clear(&flags);
    ropelaw_series_clear(&series);
    return code;
}

const cli_command cmd_table = {
    .name = "table",
    .summary = "tables for papers: LaTeX (booktabs, siunitx), Markdown, CSV",
    .arguments = "NAME [MODEL...|FILE...]",
    .least = 1,
    .most = -1,
    .options = options,
    .model = true,
    .help = "critical: models by critical dimension, critical base for multiples of the training length, and "
            "bound\n"
            "          (all presets, or the MODELs named).\n"
            "bases:    bound of one model by tuning base and tuning length.\n"
            "onsets:   measured onsets beside the theory, for the runs of the FILEs (long CSV).\n"
            "rules:    closed form, coverage and others against the runs of the FILEs, fitted and left out.\n"
            "The LaTeX form is a table environment for the packages booktabs and siunitx.",
    .example =
        "ropelaw table critical Llama-2-7B CodeLlama-7B --format latex\n"
        "ropelaw table bases --model Llama-2-7B --bases 1e4,1e5,1e6 --tune-len 4k,16k,32k --format md\n"
        "ropelaw table onsets data/curves/yarn_llama2_70b.csv --format latex",
    .run = run,
};
