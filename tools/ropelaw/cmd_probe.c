#include "method_options.h"
#include <stdlib.h>
#include <string.h>

static const cli_option options[] = {
    {"rotary-dim", CLI_COUNT,  "D",  "rotated dimensions (128)"                                                },
    {"base",       CLI_NUMBER, "B",  "pre-training base (10000)"                                               },
    {"train-len",  CLI_LENGTH, "L",  "pre-training length (4096)"                                              },
    {"method",     CLI_TEXT,   "M",  "spectrum: a RoPE method in place of plain RoPE (freqs --list shows them)"},
    {"factor",     CLI_NUMBER, "S",  "its scaling factor (1)"                                                  },
    CLI_METHOD_OPTIONS,
    {"damage",     CLI_NUMBER, "X",  "multiply the base on the measured side by X, to see verdicts fail (1)"   },
    {NULL,         CLI_FLAG,   NULL, NULL                                                                      },
};

static const char *relation(const ropelaw_probe_check *c) {
    static const char *const words[] = {"=", "<=", ">=", ""};
    return words[c->relation];
}

static void put_check(cli_value *checks, const ropelaw_probe_check *c) {
    static const char *const kinds[] = {"equal", "at_most", "at_least", "report"};
    cli_value *v = cli_put(checks, NULL, cli_object());
    cli_put_text(v, "quantity", c->quantity);
    cli_put_text(v, "relation", kinds[c->relation]);
    cli_put_number(v, "predicted", c->predicted);
    cli_put_number(v, "measured", c->measured);
    cli_put_number(v, "tolerance", c->tolerance);
    cli_put_text(v, "reason", c->reason);
    if (c->relation == ROPELAW_PROBE_REPORT)
        cli_put_null(v, "agrees");
    else
        cli_put_bool(v, "agrees", c->agrees);
}

static const char *verdict(const ropelaw_probe_check *c) {
    if (c->relation == ROPELAW_PROBE_REPORT) return "reported";
    return c->agrees ? "agrees" : "DISAGREES";
}

static void put_probe(cli_context *c, const ropelaw_probe *probe, const ropelaw_probe_report *report,
                      cli_rows *rows) {
    cli_value *v = cli_put(c->result, NULL, cli_object());
    cli_put_text(v, "probe", probe->name);
    cli_put_text(v, "statement", probe->statement);
    cli_put_text(v, "method", probe->method);
    cli_put_bool(v, "agrees", report->agrees);
    cli_value *checks = cli_put(v, "checks", cli_array());
    fprintf(c->text, "%s: %s\n  measured by %s\n", probe->name, probe->statement, probe->method);
    for (size_t i = 0; i < report->n_checks; i++) {
        const ropelaw_probe_check *k = &report->checks[i];
        put_check(checks, k);
        cli_cell_text(rows, probe->name);
        cli_cell_text(rows, k->quantity);
        cli_cell_text(rows, relation(k));
        cli_cell(rows, k->predicted);
        cli_cell(rows, k->measured);
        cli_cell(rows, k->tolerance);
        cli_cell_text(rows, verdict(k));
        fprintf(c->text, "  %-9s %-68s measured %-11s theory %2s %s", verdict(k), k->quantity,
                cli_num(k->measured, 5), relation(k), cli_num(k->predicted, 5));
        if (k->relation == ROPELAW_PROBE_EQUAL) fprintf(c->text, " +- %s", cli_num(k->tolerance, 2));
        putc('\n', c->text);
        if (k->relation != ROPELAW_PROBE_REPORT && !k->agrees)
            fprintf(c->text, "            (%s)\n", k->reason);
    }
    fprintf(c->text, "  => %s\n\n", report->agrees ? "agrees" : "DISAGREES");
    cli_source(c, probe->source);
}

static bool wanted(const cli_context *c, const char *name) {
    for (size_t i = 0; i < c->n_arguments; i++)
        if (!strcmp(c->arguments[i], name)) return true;
    return !c->n_arguments;
}

static int check_names(const cli_context *c) {
    for (size_t i = 0; i < c->n_arguments; i++) {
        size_t k = 0;
        while (ropelaw_probe_at(k) && strcmp(ropelaw_probe_at(k)->name, c->arguments[i]) != 0) k++;
        if (!ropelaw_probe_at(k))
            return cli_usage(
                c, "unknown probe \"%s\" (known: spectrum, leverage, discrimination, relative, two_stage)",
                c->arguments[i]);
    }
    return CLI_OK;
}

/* The method of the options as a rotation, when one is given. */
static int read_method(const cli_context *c, ropelaw_probe_options *o, ropelaw_method_params *p,
                       ropelaw_rotation *r, double **made) {
    const char *name = cli_text(c, "method", NULL);
    if (!name) return CLI_OK;
    *p = ropelaw_method_params_default;
    p->base = o->base;
    p->rotary_dim = o->rotary_dim;
    p->train_len = o->train_len_tok;
    p->factor = cli_number(c, "factor", 0);
    cli_method_override(c, p, made);
    *r = (ropelaw_rotation){ropelaw_method_find(name), p, 0};
    if (!r->method) return cli_usage(c, "--method: unknown method \"%s\" (see freqs --list)", name);
    o->rotation = r;
    cli_put_text(c->input, "method", r->method->name);
    return CLI_OK;
}

static int run_probes(cli_context *c, double **made) {
    static const ropelaw_column columns[] = {
        {"probe",     NULL,     ROPELAW_COLUMN_TEXT,   0},
        {"quantity",  NULL,     ROPELAW_COLUMN_TEXT,   0},
        {"relation",  "",       ROPELAW_COLUMN_TEXT,   0},
        {"predicted", "theory", ROPELAW_COLUMN_NUMBER, 5},
        {"measured",  NULL,     ROPELAW_COLUMN_NUMBER, 5},
        {"tolerance", NULL,     ROPELAW_COLUMN_NUMBER, 2},
        {"verdict",   NULL,     ROPELAW_COLUMN_TEXT,   0},
    };
    int code = check_names(c);
    if (code) return code;
    ropelaw_probe_options o = ropelaw_probe_options_default;
    o.rotary_dim = (size_t)cli_number(c, "rotary-dim", (double)o.rotary_dim);
    o.base = cli_number(c, "base", o.base);
    o.train_len_tok = cli_number(c, "train-len", o.train_len_tok);
    o.damage = cli_number(c, "damage", o.damage);
    o.seed = c->seed;
    cli_put_number(c->input, "rotary_dim", (double)o.rotary_dim);
    cli_put_number(c->input, "base", o.base);
    cli_put_number(c->input, "train_len_tok", o.train_len_tok);
    cli_put_number(c->input, "damage", o.damage);
    cli_put_number(c->input, "seed", (double)o.seed);
    ropelaw_method_params params;
    ropelaw_rotation rotation;
    if ((code = read_method(c, &o, &params, &rotation, made))) return code;
    cli_result_array(c);
    cli_rows rows =
        cli_rows_start("Theory and measurement without a trained model", columns, CLI_COUNT_OF(columns));
    bool agrees = true;
    for (size_t i = 0; ropelaw_probe_at(i); i++) {
        const ropelaw_probe *probe = ropelaw_probe_at(i);
        if (!wanted(c, probe->name)) continue;
        ropelaw_probe_report report;
        ropelaw_error error = {0};
        if (ropelaw_probe_run(probe->name, &o, cli_progress(c, probe->name), &report, &error)) {
            ropelaw_table_destroy(&rows.table);
            return cli_fail(c, &error);
        }
        put_probe(c, probe, &report, &rows);
        agrees = agrees && report.agrees;
    }
    code = cli_rows_end(c, &rows, false);
    return code ? code : agrees ? CLI_OK : CLI_CHECK;
}

static int run(cli_context *c) {
    double *made = NULL;
    int code = run_probes(c, &made);
    free(made);
    return code;
}

const cli_command cmd_probe = {
    .name = "probe",
    .summary = "do numbers agree with the theory, without a trained model",
    .arguments = "[NAME...]",
    .least = 0,
    .most = -1,
    .options = options,
    .help = "Probes: spectrum, leverage, discrimination, relative, two_stage (all of them by default).\n"
            "Each compares predicted figures with measured ones; tolerances follow from bounds or from the\n"
            "Monte-Carlo error. Exit code 1 if a verdict disagrees.",
    .example = "ropelaw probe\nropelaw probe spectrum --base 5e5 --train-len 8k\n"
               "ropelaw probe spectrum --method yarn --factor 4\nropelaw probe --damage 0.5 "
               "relative",
    .run = run,
};
