#include "cli.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const cli_option options[] = {
    {"from", CLI_CHOICE, "auto|llama-perplexity|yarn|long|longrope|longlora|ruler|lm-eval|niah",
     "format (auto: by content)"                                                                                                                      },
    {"as",   CLI_CHOICE, "ppl|loss|accuracy",                                           "what the values are, where the format leaves it open (ppl)"  },
    {"run",  CLI_TEXT,   "NAME",                                                        "name of the run where the input gives none (the file's name)"},
    {"len",  CLI_LENGTH, "L",                                                           "evaluated length where the input gives none"                 },
    {NULL,   CLI_FLAG,   NULL,                                                          NULL                                                          },
};

/* The columns of the long CSV; those that ropelaw does not know follow. */
static const ropelaw_column known[] = {
    {"run",           NULL,     ROPELAW_COLUMN_TEXT,   0},
    {"eval_len_tok",  "length", ROPELAW_COLUMN_NUMBER, 0},
    {"ppl",           NULL,     ROPELAW_COLUMN_NUMBER, 6},
    {"ppl_se",        NULL,     ROPELAW_COLUMN_NUMBER, 3},
    {"loss_nats",     NULL,     ROPELAW_COLUMN_NUMBER, 6},
    {"loss_se",       NULL,     ROPELAW_COLUMN_NUMBER, 3},
    {"accuracy",      NULL,     ROPELAW_COLUMN_NUMBER, 6},
    {"accuracy_se",   NULL,     ROPELAW_COLUMN_NUMBER, 3},
    {"n_tokens",      NULL,     ROPELAW_COLUMN_NUMBER, 0},
    {"n_trials",      NULL,     ROPELAW_COLUMN_NUMBER, 0},
    {"doc",           NULL,     ROPELAW_COLUMN_TEXT,   0},
    {"replicate",     NULL,     ROPELAW_COLUMN_NUMBER, 0},
    {"censored",      NULL,     ROPELAW_COLUMN_TEXT,   0},
    {"model",         NULL,     ROPELAW_COLUMN_TEXT,   0},
    {"method",        NULL,     ROPELAW_COLUMN_TEXT,   0},
    {"digitised",     NULL,     ROPELAW_COLUMN_TEXT,   0},
    {"rotary_dim",    NULL,     ROPELAW_COLUMN_NUMBER, 0},
    {"pretrain_base", NULL,     ROPELAW_COLUMN_NUMBER, 0},
    {"train_len_tok", NULL,     ROPELAW_COLUMN_NUMBER, 0},
    {"tune_len_tok",  NULL,     ROPELAW_COLUMN_NUMBER, 0},
    {"base",          NULL,     ROPELAW_COLUMN_NUMBER, 0},
    {"factor",        NULL,     ROPELAW_COLUMN_NUMBER, 0},
};

typedef struct {
    ropelaw_column *items; /* `known`, then the others */
    size_t n;
} column_list;

static bool has_column(const column_list *l, size_t likely, const char *name) {
    if (likely < l->n && !strcmp(l->items[likely].name, name)) return true;
    for (size_t i = CLI_COUNT_OF(known); i < l->n; i++)
        if (!strcmp(l->items[i].name, name)) return true;
    return false;
}

/* NULL items: no memory. */
static column_list list_columns(const ropelaw_series *series) {
    column_list l = {NULL, CLI_COUNT_OF(known)};
    size_t room = l.n;
    for (size_t i = 0; i < series->n_runs; i++) room += series->runs[i].n_extra;
    l.items = calloc(room, sizeof *l.items);
    if (!l.items) return l;
    memcpy(l.items, known, sizeof known);
    for (size_t i = 0; i < series->n_runs; i++)
        for (size_t j = 0; j < series->runs[i].n_extra; j++) {
            const char *name = series->runs[i].extra[j];
            if (!has_column(&l, CLI_COUNT_OF(known) + j, name))
                l.items[l.n++] = (ropelaw_column){name, NULL, ROPELAW_COLUMN_TEXT, 0};
        }
    return l;
}

static const char *word(const char *text) {
    return *text ? text : NULL;
}

static void add_facts(cli_rows *rows, const ropelaw_run *run) {
    const double facts[] = {run->rotary_dim,   run->pretrain_base, run->train_len_tok,
                            run->tune_len_tok, run->base,          run->factor};
    cli_cell_text(rows, word(run->model));
    cli_cell_text(rows, word(run->method));
    cli_cell_text(rows, run->digitised ? "yes" : NULL);
    for (size_t i = 0; i < CLI_COUNT_OF(facts); i++) cli_cell(rows, facts[i]);
}

static void add_point(cli_rows *rows, const column_list *l, const ropelaw_run *run, const ropelaw_point *p) {
    cli_cell_text(rows, run->name);
    cli_cell(rows, p->eval_len_tok);
    for (int kind = 0; kind < 3; kind++) {
        cli_cell(rows, kind == (int)run->kind ? p->value : NAN);
        cli_cell(rows, kind == (int)run->kind ? p->se : NAN);
    }
    cli_cell(rows, p->n_tokens);
    cli_cell(rows, p->n_trials);
    cli_cell_text(rows, p->doc < run->n_docs ? run->docs[p->doc] : NULL);
    cli_cell(rows, p->replicate != SIZE_MAX ? (double)p->replicate : NAN);
    cli_cell_text(rows, p->censored > 0 ? "above" : p->censored < 0 ? "below" : NULL);
    add_facts(rows, run);
    for (size_t i = CLI_COUNT_OF(known); i < l->n; i++)
        cli_cell_text(rows, ropelaw_run_extra(run, p, l->items[i].name));
}

static int put_rows(cli_context *c, const ropelaw_series *series) {
    column_list l = list_columns(series);
    if (!l.items) {
        ropelaw_error error = {.code = ROPELAW_NOMEM, .message = "no memory"};
        return cli_fail(c, &error);
    }
    cli_rows rows = cli_rows_start("", l.items, l.n);
    char *json = NULL;
    for (size_t i = 0; i < series->n_runs; i++)
        for (size_t j = 0; j < series->runs[i].n_points; j++)
            add_point(&rows, &l, &series->runs[i], &series->runs[i].points[j]);
    if (!rows.status) rows.status = ropelaw_table_write(rows.table, "json", &json, NULL, &rows.error);
    if (json) cli_put_raw(c->result, "rows", json);
    ropelaw_text_free(json);
    free(l.items);
    return cli_rows_end(c, &rows, false);
}

static ropelaw_import_options read_options(const cli_context *c) {
    static const char *const words[] = {"ppl", "loss", "accuracy"};
    ropelaw_import_options o = ropelaw_import_options_default;
    const char *as = cli_text(c, "as", "");
    o.format = cli_text(c, "from", NULL);
    o.run = cli_text(c, "run", NULL);
    o.eval_len_tok = cli_number(c, "len", NAN);
    for (int i = 0; i < 3; i++)
        if (!strcmp(as, words[i])) o.as = (ropelaw_import_as)(ROPELAW_IMPORT_AS_PPL + i);
    return o;
}

static int answer(cli_context *c, const ropelaw_series *series) {
    char *text;
    ropelaw_error error = {0};
    if (ropelaw_series_write(series, &text, NULL, &error)) return cli_fail(c, &error);
    cli_raw(c, text);
    ropelaw_text_free(text);
    cli_put_number(c->result, "n_runs", (double)series->n_runs);
    cli_value *notes = cli_put(c->result, "notes", cli_array());
    for (size_t i = 0; i < series->n_notes; i++) {
        cli_put_text(notes, NULL, series->notes[i]);
        cli_note(c, "%s", series->notes[i]);
    }
    return strcmp(c->format, "text") ? put_rows(c, series) : CLI_OK; /* the text is the long CSV already */
}

static int run(cli_context *c) {
    ropelaw_import_options o = read_options(c);
    ropelaw_series series = {0};
    ropelaw_error error = {0};
    cli_value *files = cli_put(c->input, "files", cli_array());
    for (size_t i = 0; i < c->n_arguments; i++) cli_put_text(files, NULL, c->arguments[i]);
    cli_put_text(c->input, "from", o.format ? o.format : "auto");
    if (ropelaw_import_read(c->arguments, c->n_arguments, &o, &series, &error)) return cli_fail(c, &error);
    int code = answer(c, &series);
    ropelaw_series_clear(&series);
    return code;
}

const cli_command cmd_import = {
    .name = "import",
    .summary = "evaluation logs of other programs to the long CSV that `fit` reads",
    .arguments = "FILE...",
    .least = 1,
    .most = -1,
    .options = options,
    .help =
        "Reads logs of llama.cpp's perplexity program, YaRN's wide CSV, LongRoPE's CSV and log, LongLoRA's log, folders of\n"
        "RULER summaries, results of lm-evaluation-harness, needle-in-a-haystack JSON, and the long CSV "
        "itself.\n"
        "FILE may be a folder or - (standard input). Points of one run may come from many files. Add the "
        "facts\n"
        "of the runs (rotary_dim, pretrain_base, train_len_tok, ...) as columns to have them in the law.",
    .example = "ropelaw import perplexity-*.log --run mymodel > curve.csv\n"
               "ropelaw import proofpile-long-small.csv | ropelaw fit -\n"
               "ropelaw import results/ --from ruler --format json",
    .run = run,
};
