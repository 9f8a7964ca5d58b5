/* The long CSV: rows to runs. The header, what is noted about the whole file, and its end; the rows are in series_row.c.
   A million rows of a thousand runs in any order are one pass. */
#include "table/series_reader.h"
#include <stdio.h>
#include <string.h>

static ropelaw_status missing_column(const table_reader *r, const char *name, ropelaw_error *error) {
    core_fail(error, ROPELAW_PARSE, name, "", "", "no column \"%s\" in the header", name);
    core_error_at(error, r->csv.name, r->csv.line);
    return ROPELAW_PARSE;
}

static ropelaw_status note(table_reader *r, ropelaw_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static ropelaw_status note(table_reader *r, ropelaw_error *error, const char *format, ...) {
    char text[400];
    int used = snprintf(text, sizeof text, "%.200s: ", r->csv.name);
    va_list list;
    va_start(list, format);
    vsnprintf(text + used, sizeof text - (size_t)used, format, list);
    va_end(list);
    return table_series_add_note(&r->series, text, error);
}

/* Every run keeps the names of its columns: a bound on what a header can make of few rows. */
enum { MOST_EXTRA = 1024 };

static bool is_known(const table_reader *r, size_t column) {
    for (int i = 0; i < TABLE_COLUMNS; i++)
        if (r->column[i] == column) return true;
    return false;
}

/* Remember the columns that are not known and name them in a note. */
static ropelaw_status find_extra(table_reader *r, ropelaw_error *error) {
    size_t n = r->csv.n_columns;
    ropelaw_status status = ROPELAW_OK;
    r->extra = core_malloc(n, sizeof *r->extra);
    r->extra_cells = core_malloc(n, sizeof *r->extra_cells);
    if (!r->extra || !r->extra_cells) return core_fail_memory(error, n, sizeof *r->extra);
    for (size_t c = 0; !status && c < n; c++) {
        if (is_known(r, c)) continue;
        if (r->n_extra == MOST_EXTRA) {
            core_fail(error, ROPELAW_SHAPE, "", "", "", "more than %d columns that are not known",
                      MOST_EXTRA);
            core_error_at(error, r->csv.name, r->csv.line);
            return ROPELAW_SHAPE;
        }
        r->extra[r->n_extra++] = c;
        status = note(r, error, "column \"%.60s\" is not known: kept, not used", r->csv.columns[c]);
    }
    return status;
}

/* Find the columns. */
static ropelaw_status take_header(table_reader *r, ropelaw_error *error) {
    for (int i = 0; i < TABLE_COLUMNS; i++) r->column[i] = table_csv_find(&r->csv, table_column_name(i));
    if (r->column[TABLE_RUN] == SIZE_MAX) return missing_column(r, "run", error);
    if (r->column[TABLE_LENGTH] == SIZE_MAX) return missing_column(r, "eval_len_tok", error);
    bool any = false;
    for (int i = TABLE_VALUE; i < TABLE_SE; i++) any |= r->column[i] != SIZE_MAX;
    if (!any) return missing_column(r, "ppl\", \"loss_nats\" or \"accuracy", error);
    return find_extra(r, error);
}

static ropelaw_status take_notes(table_reader *r, ropelaw_error *error) {
    ropelaw_status status = ROPELAW_OK;
    if (r->n_empty)
        status = note(r, error, "%zu rows without a value left out, the first in line %zu", r->n_empty,
                      r->first_empty);
    if (!status && r->n_infinite)
        status = note(r, error, "%zu values that are not finite left out, the first in line %zu",
                      r->n_infinite, r->first_infinite);
    if (!status && r->n_below_one)
        status = note(r, error,
                      "%zu perplexities are below 1, the first in line %zu: are they losses (loss_nats)?",
                      r->n_below_one, r->first_below_one);
    if (!status && r->n_large)
        status = note(r, error,
                      "%zu losses are 30 nats or more, the first in line %zu: are they perplexities (ppl)?",
                      r->n_large, r->first_large);
    if (!status && r->n_zero_se)
        status = note(r, error, "%zu standard errors of zero are taken as not given", r->n_zero_se);
    return status;
}

/* Every row was left out: say for what. */
static ropelaw_status no_measurement(const table_reader *r, ropelaw_error *error) {
    size_t line = r->csv.line;
    if (!r->n_rows)
        core_fail(error, ROPELAW_PARSE, "", "", "", "no measurement in the file: only the header");
    else if (!r->n_infinite)
        core_fail(error, ROPELAW_PARSE, "", "", "",
                  "no measurement in the file: none of its %zu rows has a value", r->n_rows);
    else if (!r->n_empty)
        core_fail(error, ROPELAW_PARSE, "", "", "",
                  "no measurement in the file: all its %zu values are nan or inf", r->n_rows);
    else
        core_fail(error, ROPELAW_PARSE, "", "", "",
                  "no measurement in the file: of its %zu rows %zu have no value, the values of the others "
                  "are nan or inf",
                  r->n_rows, r->n_empty);
    if (r->n_empty) line = r->first_empty;
    if (r->n_infinite && (!r->n_empty || r->first_infinite < line)) line = r->first_infinite;
    core_error_at(error, r->csv.name, line);
    return ROPELAW_PARSE;
}

static ropelaw_status finish(table_reader *r, ropelaw_error *error) {
    ropelaw_status status = take_notes(r, error);
    for (size_t i = 0; !status && i < r->csv.n_keys; i++)
        status = table_series_add_key(&r->series, r->csv.keys[i].key, r->csv.keys[i].value, error);
    if (status) return status;
    const char *kind = ropelaw_series_key(&r->series, "kind");
    bool digitised = kind && !strncmp(kind, "digitised", 9);
    for (size_t i = 0; i < r->series.n_runs; i++) {
        if (digitised && r->column[TABLE_DIGITISED] == SIZE_MAX) r->series.runs[i].digitised = 1;
        table_run_sort(&r->series.runs[i]);
    }
    return r->series.n_runs ? ROPELAW_OK : no_measurement(r, error);
}

ropelaw_status table_series_take(char *text, size_t n, const char *name, ropelaw_series *series,
                                 ropelaw_error *error) {
    table_reader r = {0};
    ropelaw_status status = table_csv_open(&r.csv, text, n, name, 0, error);
    if (status) return status;
    status = take_header(&r, error);
    bool more = true;
    while (!status && more) {
        status = table_csv_next(&r.csv, &more, error);
        if (!status && more) status = table_reader_take_row(&r, error);
    }
    if (!status) status = finish(&r, error);
    if (status)
        ropelaw_series_clear(&r.series);
    else
        *series = r.series;
    table_names_clear(&r.runs);
    table_names_clear(&r.docs);
    core_free(r.extra);
    core_free(r.extra_cells);
    table_csv_close(&r.csv);
    return status;
}

ropelaw_status ropelaw_series_parse(const char *text, size_t n, const char *name, ropelaw_series *series,
                                    ropelaw_error *error) {
    char *copy = n < SIZE_MAX ? core_malloc(n + 1, 1) : NULL;
    if (!copy) return core_fail_memory(error, n, 1);
    if (n) memcpy(copy, text, n);
    copy[n] = 0;
    return table_series_take(copy, n, name, series, error);
}

ropelaw_status ropelaw_series_read(const char *path, ropelaw_series *series, ropelaw_error *error) {
    char *text;
    size_t n;
    ropelaw_status status = table_read_file(path, &text, &n, error);
    if (status) return status;
    return table_series_take(text, n, strcmp(path, "-") ? path : "standard input", series, error);
}
