#include "cli.h"
#include <math.h>
#include <string.h>

static const cli_option options[] = {
    {"rules",  CLI_FLAG, NULL, "list every rule with its reason and stop"    },
    {"strict", CLI_FLAG, NULL, "warnings count as errors: exit 1 on them too"},
    {NULL,     CLI_FLAG, NULL, NULL                                          },
};

static const ropelaw_column finding_columns[] = {
    {"file",     NULL, ROPELAW_COLUMN_TEXT,   0},
    {"line",     NULL, ROPELAW_COLUMN_NUMBER, 0},
    {"severity", NULL, ROPELAW_COLUMN_TEXT,   0},
    {"id",       NULL, ROPELAW_COLUMN_TEXT,   0},
    {"key",      NULL, ROPELAW_COLUMN_TEXT,   0},
    {"message",  NULL, ROPELAW_COLUMN_TEXT,   0},
    {"fix",      NULL, ROPELAW_COLUMN_TEXT,   0},
};

static const ropelaw_column rule_columns[] = {
    {"id",       NULL, ROPELAW_COLUMN_TEXT, 0},
    {"severity", NULL, ROPELAW_COLUMN_TEXT, 0},
    {"title",    NULL, ROPELAW_COLUMN_TEXT, 0},
    {"why",      NULL, ROPELAW_COLUMN_TEXT, 0},
    {"fix",      NULL, ROPELAW_COLUMN_TEXT, 0},
    {"thread",   NULL, ROPELAW_COLUMN_TEXT, 0},
};

static int list_rules(cli_context *c) {
    cli_rows rows = cli_rows_start("Rules of lint", rule_columns, CLI_COUNT_OF(rule_columns));
    cli_value *rules = cli_put(c->result, "rules", cli_array());
    for (size_t i = 0; i < ropelaw_lint_rule_count(); i++) {
        const ropelaw_lint_rule *r = ropelaw_lint_rule_at(i);
        const char *const cells[] = {r->id,    ropelaw_severity_str(r->severity), r->title, r->why, r->fix,
                                     r->thread};
        cli_value *v = cli_put(rules, NULL, cli_object());
        for (size_t k = 0; k < CLI_COUNT_OF(cells); k++) {
            cli_put_text(v, rule_columns[k].name, cells[k]);
            cli_cell_text(&rows, cells[k]);
        }
        fprintf(c->text, "%s (%s): %s\n  why  %s\n  fix  %s\n  seen %s\n", r->id, cells[1], r->title, r->why,
                r->fix, r->thread);
    }
    return cli_rows_end(c, &rows, false);
}

static void put_finding(cli_context *c, cli_value *findings, cli_rows *rows, const char *file,
                        const ropelaw_finding *f) {
    cli_value *v = cli_put(findings, NULL, cli_object());
    const ropelaw_lint_rule *r = f->rule;
    double line = f->line ? (double)f->line : NAN;
    cli_put_text(v, "file", file);
    cli_put_text(v, "id", r->id);
    cli_put_text(v, "severity", ropelaw_severity_str(r->severity));
    cli_put_text(v, "key", f->key);
    cli_put_number(v, "line", line);
    cli_put_text(v, "message", f->message);
    cli_put_text(v, "why", r->why);
    cli_put_text(v, "fix", r->fix);
    cli_put_text(v, "thread", r->thread);
    cli_cell_text(rows, file);
    cli_cell(rows, line);
    cli_cell_text(rows, ropelaw_severity_str(r->severity));
    cli_cell_text(rows, r->id);
    cli_cell_text(rows, f->key);
    cli_cell_text(rows, f->message);
    cli_cell_text(rows, r->fix);
    fprintf(c->text, "%s:%s%s %s [%s]: %s\n  why  %s\n  fix  %s\n", file, f->line ? cli_num(line, 0) : "",
            f->line ? ":" : "", ropelaw_severity_str(r->severity), r->id, f->message, r->why, r->fix);
}

typedef struct {
    size_t of[3]; /* findings by severity */
    cli_value *findings;
    cli_rows rows;
} tally;

static int one_file(cli_context *c, const char *path, tally *t) {
    ropelaw_model m;
    ropelaw_error error = {0};
    ropelaw_finding *findings = NULL;
    size_t n = 0;
    if (ropelaw_model_read(path, &m, &error)) return cli_fail(c, &error);
    if (ropelaw_lint_check(&m, &findings, &n, &error)) {
        ropelaw_model_clear(&m);
        return cli_fail(c, &error);
    }
    for (size_t i = 0; i < n; i++) {
        put_finding(c, t->findings, &t->rows, m.file, &findings[i]);
        t->of[findings[i].rule->severity]++;
    }
    ropelaw_findings_free(findings);
    ropelaw_model_clear(&m);
    return CLI_OK;
}

static int run(cli_context *c) {
    tally t = {{0}, NULL, {0}};
    if (cli_given(c, "rules")) return list_rules(c);
    if (!c->n_arguments) return cli_usage(c, "give at least one FILE, or --rules");
    t.findings = cli_put(c->result, "findings", cli_array());
    t.rows = cli_rows_start("Findings", finding_columns, CLI_COUNT_OF(finding_columns));
    cli_value *files = cli_put(c->input, "files", cli_array());
    int code = CLI_OK;
    for (size_t i = 0; i < c->n_arguments && !code; i++) {
        cli_put_text(files, NULL, c->arguments[i]);
        code = one_file(c, c->arguments[i], &t);
    }
    int end = cli_rows_end(c, &t.rows, false);
    if (code || end) return code ? code : end;
    cli_put_number(c->result, "errors", (double)t.of[ROPELAW_NOTE_ERROR]);
    cli_put_number(c->result, "warnings", (double)t.of[ROPELAW_NOTE_WARNING]);
    cli_put_number(c->result, "infos", (double)t.of[ROPELAW_NOTE_INFO]);
    fprintf(c->text, "%zu errors, %zu warnings, %zu notes\n", t.of[ROPELAW_NOTE_ERROR],
            t.of[ROPELAW_NOTE_WARNING], t.of[ROPELAW_NOTE_INFO]);
    bool bad = t.of[ROPELAW_NOTE_ERROR] || (cli_given(c, "strict") && t.of[ROPELAW_NOTE_WARNING]);
    return bad ? CLI_CHECK : CLI_OK;
}

const cli_command cmd_lint = {
    .name = "lint",
    .summary = "mistakes in model files that people ran into",
    .arguments = "[FILE...]",
    .least = 0,
    .most = -1,
    .options = options,
    .help = "Checks config.json, params.json and GGUF files against rules distilled from what users "
            "reported; each\n"
            "finding says why it matters and what to do. Exit code 1 if there are errors.",
    .example = "ropelaw lint config.json\nropelaw lint --rules --format md",
    .run = run,
};
