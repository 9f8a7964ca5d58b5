/* The long CSV of a series. Only columns that some run or point fills are written. */
#include "table/series.h"
#include "core/text.h"
#include "table/names.h"
#include <math.h>
#include <string.h>

static void number(core_text *t, double value) {
    if (!isnan(value)) core_text_number(t, value, 0);
}

/* The reader trims bare cells and takes a leading '#' for a comment. */
static bool needs_quotes(const char *string) {
    size_t n = strlen(string);
    if (!n) return false;
    return string[0] == '#' || string[0] == ' ' || string[n - 1] == ' ' || strpbrk(string, ",\"\r\n\t");
}

static void quoted(core_text *t, const char *string) {
    if (!needs_quotes(string)) {
        core_text_str(t, string);
        return;
    }
    core_text_char(t, '"');
    for (const char *c = string; *c; c++) {
        if (*c == '"') core_text_char(t, '"');
        core_text_char(t, *c);
    }
    core_text_char(t, '"');
}

static void write_cell(core_text *t, const ropelaw_run *run, const ropelaw_point *p, int column) {
    int kind = (int)run->kind;
    if (column == TABLE_RUN)
        quoted(t, run->name);
    else if (column == TABLE_LENGTH)
        number(t, p->eval_len_tok);
    else if (column == TABLE_VALUE + kind)
        number(t, p->value);
    else if (column == TABLE_SE + kind)
        number(t, p->se);
    else if (column == TABLE_N_TOKENS)
        number(t, p->n_tokens);
    else if (column == TABLE_N_TRIALS)
        number(t, p->n_trials);
    else if (column == TABLE_DOC && p->doc != SIZE_MAX)
        quoted(t, run->docs[p->doc]);
    else if (column == TABLE_REPLICATE && p->replicate != SIZE_MAX)
        number(t, (double)p->replicate);
    else if (column == TABLE_CENSORED && p->censored)
        core_text_str(t, p->censored > 0 ? "above" : "below");
    else if (column == TABLE_MODEL)
        quoted(t, run->model);
    else if (column == TABLE_METHOD)
        quoted(t, run->method);
    else if (column == TABLE_DIGITISED && run->digitised)
        core_text_str(t, "yes");
    else if (column >= TABLE_FACT)
        number(t,
               *(const double *)(const void *)((const char *)run + table_facts[column - TABLE_FACT].offset));
}

/* A cell would be written: ask the writer itself. */
static bool fills(core_text *scratch, const ropelaw_run *run, const ropelaw_point *p, int column) {
    scratch->length = 0;
    write_cell(scratch, run, p, column);
    return scratch->length > 0;
}

static bool used(core_text *scratch, const ropelaw_series *series, int column) {
    if (column <= TABLE_LENGTH) return true;
    for (size_t i = 0; i < series->n_runs; i++)
        for (size_t j = 0; j < series->runs[i].n_points; j++)
            if (fills(scratch, &series->runs[i], &series->runs[i].points[j], column)) return true;
    return false;
}

/* Keys and values are single lines; a key is a word. */
static ropelaw_status write_keys(core_text *t, const ropelaw_series *series, ropelaw_error *error) {
    for (size_t i = 0; i < series->n_keys; i++) {
        const char *key = series->keys[i].key, *value = series->keys[i].value;
        if (!*key || strpbrk(key, ": \t\r\n") || strpbrk(value, "\r\n"))
            return core_fail(error, ROPELAW_INVALID, "keys", key, "one word, one line",
                             "provenance key \"%.60s\" cannot be written as one line", key);
        core_text_str(t, "# ");
        core_text_str(t, key);
        core_text_str(t, ": ");
        core_text_str(t, value);
        core_text_str(t, "\n");
    }
    return ROPELAW_OK;
}

/* Columns in their order: known ones by number, then the others by name. */
typedef struct {
    int known[TABLE_COLUMNS];
    size_t n_known, n_extra, room;
    char **extra;       /* owned by the runs */
    table_names places; /* of a name among `extra` */
    size_t *of_run;     /* [n_extra] column of the current run, SIZE_MAX if it has none */
} columns;

static bool fills_extra(const ropelaw_run *run, size_t column) {
    for (size_t i = 0; i < run->n_extra_rows; i++)
        if (run->extra_cells[i * run->n_extra + column]) return true;
    return false;
}

static ropelaw_status keep_extra(columns *c, char *name, ropelaw_error *error) {
    bool added;
    if (!table_names_find(&c->places, 0, name, c->n_extra, &added))
        return core_fail_memory(error, c->n_extra + 1, sizeof *c->extra);
    if (!added) return ROPELAW_OK;
    if (c->n_extra == c->room) {
        size_t room = c->room ? 2 * c->room : 8;
        char **larger = core_realloc(c->extra, room, sizeof *larger);
        if (!larger) return core_fail_memory(error, room, sizeof *larger);
        c->extra = larger;
        c->room = room;
    }
    c->extra[c->n_extra++] = name;
    return ROPELAW_OK;
}

/* Runs of several files may have different columns. */
static ropelaw_status find_extra(columns *c, const ropelaw_series *series, ropelaw_error *error) {
    ropelaw_status status = ROPELAW_OK;
    for (size_t i = 0; i < series->n_runs; i++)
        for (size_t j = 0; !status && j < series->runs[i].n_extra; j++)
            if (fills_extra(&series->runs[i], j)) status = keep_extra(c, series->runs[i].extra[j], error);
    if (status || !c->n_extra) return status;
    c->of_run = core_malloc(c->n_extra, sizeof *c->of_run);
    return c->of_run ? ROPELAW_OK : core_fail_memory(error, c->n_extra, sizeof *c->of_run);
}

/* Where the run keeps each of the further columns. A name that none of its points fills may be no column at all. */
static ropelaw_status find_places(columns *c, const ropelaw_run *run, ropelaw_error *error) {
    for (size_t i = 0; i < c->n_extra; i++) c->of_run[i] = SIZE_MAX;
    for (size_t i = 0; c->n_extra && i < run->n_extra; i++) {
        bool added;
        struct table_names_entry *entry = table_names_find(&c->places, 0, run->extra[i], SIZE_MAX, &added);
        if (!entry) return core_fail_memory(error, c->n_extra, sizeof *entry);
        if (entry->id != SIZE_MAX) c->of_run[entry->id] = i;
    }
    return ROPELAW_OK;
}

static void write_row(core_text *t, const ropelaw_run *run, const ropelaw_point *p, const columns *c) {
    for (size_t i = 0; i < c->n_known; i++) {
        if (i) core_text_str(t, ",");
        write_cell(t, run, p, c->known[i]);
    }
    for (size_t i = 0; i < c->n_extra; i++) {
        const char *text = NULL;
        if (p->extra_row && c->of_run[i] != SIZE_MAX)
            text = run->extra_cells[(p->extra_row - 1) * run->n_extra + c->of_run[i]];
        core_text_str(t, ",");
        if (text) quoted(t, text);
    }
    core_text_str(t, "\n");
}

static void write_header(core_text *t, const columns *c) {
    for (size_t i = 0; i < c->n_known; i++) {
        if (i) core_text_str(t, ",");
        core_text_str(t, table_column_name(c->known[i]));
    }
    for (size_t i = 0; i < c->n_extra; i++) {
        core_text_str(t, ",");
        quoted(t, c->extra[i]);
    }
    core_text_str(t, "\n");
}

static ropelaw_status write_rows(core_text *t, const ropelaw_series *series, columns *c,
                                 ropelaw_error *error) {
    ropelaw_status status = ROPELAW_OK;
    for (size_t i = 0; !status && i < series->n_runs; i++) {
        const ropelaw_run *run = &series->runs[i];
        status = find_places(c, run, error);
        for (size_t j = 0; !status && j < run->n_points; j++) write_row(t, run, &run->points[j], c);
    }
    return status;
}

ropelaw_status ropelaw_series_write(const ropelaw_series *series, char **text, size_t *length,
                                    ropelaw_error *error) {
    core_text t = {0}, scratch = {0};
    columns c = {.n_known = 0};
    ropelaw_status status = write_keys(&t, series, error);
    if (!status) status = find_extra(&c, series, error);
    for (int i = 0; !status && i < TABLE_COLUMNS; i++)
        if (used(&scratch, series, i)) c.known[c.n_known++] = i;
    t.failed |= scratch.failed;
    core_free(scratch.data);
    if (!status) write_header(&t, &c);
    if (!status) status = write_rows(&t, series, &c, error);
    table_names_clear(&c.places);
    core_free(c.extra);
    core_free(c.of_run);
    if (!status) return core_text_take(&t, text, length, error);
    core_free(t.data);
    return status;
}
