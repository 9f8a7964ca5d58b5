/* The long CSV of a series. Only columns that some run or point fills are written. */
#include "table/series.h"
#include "core/text.h"
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

static void write_row(core_text *t, const ropelaw_run *run, const ropelaw_point *p, const int *columns) {
    for (int i = 0; columns[i] >= 0; i++) {
        if (i) core_text_str(t, ",");
        write_cell(t, run, p, columns[i]);
    }
    core_text_str(t, "\n");
}

static void write_header(core_text *t, const int *columns) {
    for (int i = 0; columns[i] >= 0; i++) {
        if (i) core_text_str(t, ",");
        core_text_str(t, table_column_name(columns[i]));
    }
    core_text_str(t, "\n");
}

ropelaw_status ropelaw_series_write(const ropelaw_series *series, char **text, size_t *length,
                                    ropelaw_error *error) {
    core_text t = {0}, scratch = {0};
    int columns[TABLE_COLUMNS + 1], n = 0;
    ropelaw_status status = write_keys(&t, series, error);
    if (status) {
        core_free(t.data);
        return status;
    }
    for (int c = 0; c < TABLE_COLUMNS; c++)
        if (used(&scratch, series, c)) columns[n++] = c;
    columns[n] = -1;
    t.failed |= scratch.failed;
    core_free(scratch.data);
    write_header(&t, columns);
    for (size_t i = 0; i < series->n_runs; i++)
        for (size_t j = 0; j < series->runs[i].n_points; j++)
            write_row(&t, &series->runs[i], &series->runs[i].points[j], columns);
    return core_text_take(&t, text, length, error);
}
