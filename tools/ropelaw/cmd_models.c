#include "cli.h"
#include <ctype.h>
#include <math.h>
#include <string.h>

static const ropelaw_column short_columns[] = {
    {"name",             NULL,            ROPELAW_COLUMN_TEXT,   0},
    {"rotary_dim",       "d",             ROPELAW_COLUMN_NUMBER, 0},
    {"pretrain_base",    "base",          ROPELAW_COLUMN_NUMBER, 0},
    {"train_len_tok",    "train length",  ROPELAW_COLUMN_NUMBER, 0},
    {"tune_base",        "tuned base",    ROPELAW_COLUMN_NUMBER, 0},
    {"tune_len_tok",     "tuned length",  ROPELAW_COLUMN_NUMBER, 0},
    {"base",             "released base", ROPELAW_COLUMN_NUMBER, 0},
    {"method",           NULL,            ROPELAW_COLUMN_TEXT,   0},
    {"declared_len_tok", "declared",      ROPELAW_COLUMN_NUMBER, 0},
};

/* The members of a preset in the order of the machine formats. */
typedef struct {
    const char *name, *text;
    double number;
} field;

enum { FIELDS = 21 };

static void fields_of(const ropelaw_preset *p, field *f) {
    const field all[FIELDS] = {
        {"name",                    p->name,         NAN                       },
        {"aliases",                 p->aliases,      NAN                       },
        {"organisation",            p->organisation, NAN                       },
        {"architecture",            p->architecture, NAN                       },
        {"head_dim",                NULL,            p->head_dim               },
        {"rotary_dim",              NULL,            p->rotary_dim             },
        {"base",                    NULL,            p->base                   },
        {"base_local",              NULL,            p->base_local             },
        {"pretrain_base",           NULL,            p->pretrain_base          },
        {"train_len_tok",           NULL,            p->train_len_tok          },
        {"tune_base",               NULL,            p->tune_base              },
        {"tune_len_tok",            NULL,            p->tune_len_tok           },
        {"method",                  p->method,       NAN                       },
        {"factor",                  NULL,            p->factor                 },
        {"parameters",              p->parameters,   NAN                       },
        {"window_tok",              NULL,            p->window_tok             },
        {"declared_len_tok",        NULL,            p->declared_len_tok       },
        {"max_position_embeddings", NULL,            p->max_position_embeddings},
        {"notes",                   p->notes,        NAN                       },
        {"source",                  p->source,       NAN                       },
        {"source_2",                p->source_2,     NAN                       },
    };
    memcpy(f, all, sizeof all);
}

static bool known(const field *f) {
    return f->text ? *f->text != 0 : !isnan(f->number);
}

/* `word` occurs in `text`, whatever the case. */
static bool contains(const char *text, const char *word) {
    for (; *text; text++) {
        size_t i = 0;
        while (word[i] && tolower((unsigned char)text[i]) == tolower((unsigned char)word[i])) i++;
        if (!word[i]) return true;
    }
    return !*word;
}

static bool matches(const cli_context *c, const ropelaw_preset *p) {
    for (size_t i = 0; i < c->n_arguments; i++) {
        const char *word = c->arguments[i];
        const ropelaw_preset *named = NULL;
        bool hit = !ropelaw_preset_find(word, &named, NULL) && named == p;
        if (!hit && !contains(p->name, word) && !contains(p->aliases, word) &&
            !contains(p->organisation, word) && !contains(p->architecture, word))
            return false;
    }
    return true;
}

static void put(cli_value *array, const ropelaw_preset *p) {
    field f[FIELDS];
    cli_value *row = cli_put(array, NULL, cli_object());
    fields_of(p, f);
    for (size_t i = 0; i < FIELDS; i++) {
        if (!known(&f[i]))
            cli_put_null(row, f[i].name);
        else if (f[i].text)
            cli_put_text(row, f[i].name, f[i].text);
        else
            cli_put_number(row, f[i].name, f[i].number);
    }
}

static void add_short(cli_rows *rows, const ropelaw_preset *p) {
    cli_cell_text(rows, p->name);
    cli_cell(rows, p->rotary_dim);
    cli_cell(rows, p->pretrain_base);
    cli_cell(rows, p->train_len_tok);
    cli_cell(rows, p->tune_base);
    cli_cell(rows, p->tune_len_tok);
    cli_cell(rows, p->base);
    cli_cell_text(rows, p->method);
    cli_cell(rows, p->declared_len_tok);
}

static void add_full(cli_rows *rows, const ropelaw_preset *p) {
    field f[FIELDS];
    fields_of(p, f);
    for (size_t i = 0; i < FIELDS; i++) {
        if (f[i].text)
            cli_cell_text(rows, known(&f[i]) ? f[i].text : NULL);
        else
            cli_cell(rows, f[i].number);
    }
}

/* All that is known of one model, a line each. */
static void show(const cli_context *c, const ropelaw_preset *p) {
    field f[FIELDS];
    fields_of(p, f);
    for (size_t i = 0; i < FIELDS; i++)
        if (known(&f[i]))
            fprintf(c->text, "%-24s %s\n", f[i].name, f[i].text ? f[i].text : cli_num(f[i].number, 0));
    fputs("not known:", c->text);
    for (size_t i = 0; i < FIELDS; i++)
        if (!known(&f[i]) && !f[i].text) fprintf(c->text, " %s", f[i].name);
    fputs("\n", c->text);
}

static cli_rows start(bool people) {
    ropelaw_column columns[FIELDS];
    field f[FIELDS];
    static const ropelaw_preset nothing;
    if (people) return cli_rows_start("", short_columns, CLI_COUNT_OF(short_columns));
    fields_of(&nothing, f);
    for (size_t i = 0; i < FIELDS; i++)
        columns[i] = (ropelaw_column){f[i].name, NULL,
                                      isnan(f[i].number) ? ROPELAW_COLUMN_TEXT : ROPELAW_COLUMN_NUMBER, 0};
    return cli_rows_start("", columns, FIELDS);
}

static int nothing_found(const cli_context *c) {
    const ropelaw_preset *near = ropelaw_preset_nearest(c->arguments[0]);
    if (near) return cli_usage(c, "no model matches \"%s\": did you mean %s?", c->arguments[0], near->name);
    return cli_usage(c, "no model matches \"%s\"", c->arguments[0]);
}

static int run(cli_context *c) {
    bool people = !strcmp(c->format, "text") || !strcmp(c->format, "md") || !strcmp(c->format, "latex");
    cli_rows rows = start(people);
    const ropelaw_preset *p, *last = NULL;
    size_t n = 0;
    cli_result_array(c);
    for (size_t i = 0; (p = ropelaw_preset_get(i)); i++) {
        if (!matches(c, p)) continue;
        put(c->result, p);
        people ? add_short(&rows, p) : add_full(&rows, p);
        last = p;
        n++;
    }
    cli_put_number(c->input, "n_models", (double)n);
    if (!n) {
        ropelaw_table_destroy(&rows.table);
        return nothing_found(c);
    }
    cli_source(
        c, "every row names its own (--format json or csv shows them; one model alone: its line `source`)");
    if (n > 1) return cli_rows_end(c, &rows, true);
    show(c, last);
    return cli_rows_end(c, &rows, false);
}

const cli_command cmd_models = {
    .name = "models",
    .summary = "the preset table: RoPE facts of published models, with sources",
    .arguments = "[WORD...]",
    .least = 0,
    .most = -1,
    .options = NULL,
    .help =
        "Lists the presets whose name, alias, organisation or architecture holds every WORD. One match is "
        "shown\n"
        "in full with its sources. A dash or null means that no source states it; pre-training (base, train\n"
        "length) and tuning (tuned base, tuned length) are told apart.",
    .example = "ropelaw models llama\nropelaw models CodeLlama-7B\nropelaw models --format csv > models.csv",
    .run = run,
};
