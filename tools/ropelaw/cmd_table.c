#include "cli.h"
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

/* A model from a preset, from flags, or from a preset with flags on top. */
static ropelaw_status read_model(const cli_context *c, ropelaw_report_model *m, ropelaw_error *error) {
    const char *name = cli_text(c, "model", NULL);
    *m = (ropelaw_report_model){.name = "Llama-2-7B"};
    if (name || !cli_given(c, "rotary-dim") || !cli_given(c, "base") || !cli_given(c, "train-len")) {
        ropelaw_status status = ropelaw_report_model_preset(name ? name : m->name, m, error);
        if (status) return status;
    } else {
        m->name = "model";
    }
    ropelaw_setting *s = &m->setting;
    s->rotary_dim = (size_t)cli_number(c, "rotary-dim", (double)s->rotary_dim);
    if (cli_given(c, "base")) s->pretrain_base = s->tune_base = cli_number(c, "base", 0);
    if (cli_given(c, "train-len")) s->train_len_tok = s->tune_len_tok = cli_number(c, "train-len", 0);
    return ROPELAW_OK;
}

static int read_models(const cli_context *c, ropelaw_report_model *models, ropelaw_report_input *input) {
    ropelaw_error error = {0};
    bool flags = cli_given(c, "model") || cli_given(c, "rotary-dim") || cli_given(c, "base") ||
                 cli_given(c, "train-len");
    bool one = !strcmp(c->arguments[0], "bases");
    if (cli_given(c, "config")) return cli_usage(c, "table takes --model or flags, not --config");
    if (c->n_arguments - 1 > MOST_MODELS) return cli_usage(c, "more than %d models", MOST_MODELS);
    for (size_t i = 1; i < c->n_arguments; i++)
        if (ropelaw_report_model_preset(c->arguments[i], &models[input->n_models++], &error))
            return cli_fail(c, &error);
    if (flags || (one && !input->n_models))
        if (read_model(c, &models[input->n_models++], &error)) return cli_fail(c, &error);
    input->models = models;
    return CLI_OK;
}

static int run(cli_context *c) {
    static ropelaw_report_model models[MOST_MODELS + 1];
    ropelaw_report_input input = {0};
    const ropelaw_report_table *t = ropelaw_report_table_find(c->arguments[0]);
    if (!t) return known_tables(c);
    int code = read_models(c, models, &input);
    if (code) return code;
    input.bases = cli_numbers(c, "bases", &input.n_bases);
    input.tune_lens_tok = cli_numbers(c, "tune-len", &input.n_tune_lens);
    input.factors = cli_numbers(c, "factors", &input.n_factors);
    ropelaw_error error = {0};
    ropelaw_table *table = NULL;
    uint32_t caveats = 0;
    char *json = NULL;
    if (ropelaw_report_table_build(t->name, &input, &table, &caveats, &error)) return cli_fail(c, &error);
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
    cli_table(c, table, true);
    return CLI_OK;
}

const cli_command cmd_table = {
    .name = "table",
    .summary = "tables for papers: LaTeX (booktabs, siunitx), Markdown, CSV",
    .arguments = "NAME [MODEL...]",
    .least = 1,
    .most = -1,
    .options = options,
    .model = true,
    .help = "critical: models by critical dimension, critical base for multiples of the training length, and "
            "bound\n"
            "          (all presets, or the MODELs named).\n"
            "bases:    bound of one model by tuning base and tuning length.\n"
            "The LaTeX form is a table environment for the packages booktabs and siunitx.",
    .example = "ropelaw table critical Llama-2-7B CodeLlama-7B --format latex\n"
               "ropelaw table bases --model Llama-2-7B --bases 1e4,1e5,1e6 --tune-len 4k,16k,32k --format md",
    .run = run,
};
