#include "table/table.h"
#include <ropelaw/number.h>
#include <math.h>
#include <string.h>

static const table_format *const formats[] = {
    &table_format_text, &table_format_csv,   &table_format_tsv,
    &table_format_md,   &table_format_latex, &table_format_json,
};

ropelaw_status ropelaw_table_create(const char *title, const ropelaw_column *columns, size_t n_columns,
                                    ropelaw_table **table, ropelaw_error *error) {
    if (!n_columns)
        return core_fail(error, ROPELAW_INVALID, "n_columns", "0", ">= 1",
                         "a table needs at least one column");
    ropelaw_table *t = core_calloc(1, sizeof *t);
    if (!t) return core_fail_memory(error, 1, sizeof *t);
    t->title = core_strdup(title ? title : "");
    t->columns = core_calloc(n_columns, sizeof *t->columns);
    bool ok = t->title && t->columns;
    for (size_t i = 0; ok && i < n_columns; i++) {
        table_column *c = &t->columns[i];
        t->n_columns = i + 1;
        c->kind = columns[i].kind;
        c->digits = columns[i].digits;
        c->name = core_strdup(columns[i].name);
        c->heading = core_strdup(columns[i].heading ? columns[i].heading : columns[i].name);
        ok = c->name && c->heading;
    }
    if (!ok) {
        ropelaw_table_destroy(&t);
        return core_fail_memory(error, n_columns, sizeof *columns);
    }
    *table = t;
    return ROPELAW_OK;
}

void ropelaw_table_destroy(ropelaw_table **table) {
    ropelaw_table *t = *table;
    if (!t) return;
    for (size_t i = 0; i < t->n_cells; i++) core_free(t->cells[i].text);
    for (size_t i = 0; i < t->n_columns; i++) {
        core_free(t->columns[i].name);
        core_free(t->columns[i].heading);
    }
    for (size_t i = 0; i < t->n_notes; i++) core_free(t->notes[i]);
    core_free(t->cells);
    core_free(t->columns);
    core_free(t->notes);
    core_free(t->title);
    core_free(t);
    *table = NULL;
}

static const table_column *next_column(const ropelaw_table *t) {
    return &t->columns[t->n_cells % t->n_columns];
}

static ropelaw_status add(ropelaw_table *t, double number, const char *text, ropelaw_error *error) {
    if (t->n_cells == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 8 * t->n_columns;
        table_cell *grown = core_realloc(t->cells, capacity, sizeof *grown);
        if (!grown) return core_fail_memory(error, capacity, sizeof *grown);
        t->cells = grown;
        t->capacity = capacity;
    }
    char *copy = text ? core_strdup(text) : NULL;
    if (text && !copy) return core_fail_memory(error, strlen(text), 1);
    t->cells[t->n_cells++] = (table_cell){number, copy};
    return ROPELAW_OK;
}

static ropelaw_status wrong_kind(const table_column *c, ropelaw_error *error) {
    return core_fail(error, ROPELAW_INVALID, c->name, "", "", "column \"%s\" holds %s", c->name,
                     c->kind == ROPELAW_COLUMN_NUMBER ? "numbers" : "texts");
}

ropelaw_status ropelaw_table_add_number(ropelaw_table *t, double value, ropelaw_error *error) {
    const table_column *c = next_column(t);
    if (c->kind != ROPELAW_COLUMN_NUMBER) return wrong_kind(c, error);
    return add(t, isfinite(value) ? value : NAN, NULL, error);
}

ropelaw_status ropelaw_table_add_text(ropelaw_table *t, const char *text, ropelaw_error *error) {
    const table_column *c = next_column(t);
    if (c->kind != ROPELAW_COLUMN_TEXT) return wrong_kind(c, error);
    return add(t, NAN, text, error);
}

ropelaw_status ropelaw_table_add_limit(ropelaw_table *t, const char *text, ropelaw_error *error) {
    const table_column *c = next_column(t);
    if (c->kind != ROPELAW_COLUMN_NUMBER) return wrong_kind(c, error);
    return add(t, NAN, text, error);
}

ropelaw_status ropelaw_table_add_note(ropelaw_table *t, const char *note, ropelaw_error *error) {
    char *copy = core_strdup(note);
    char **grown = copy ? core_realloc(t->notes, t->n_notes + 1, sizeof *grown) : NULL;
    if (!grown) {
        core_free(copy);
        return core_fail_memory(error, t->n_notes + 1, sizeof *grown);
    }
    t->notes = grown;
    t->notes[t->n_notes++] = copy;
    return ROPELAW_OK;
}

size_t ropelaw_table_count_rows(const ropelaw_table *t) {
    return t->n_cells / t->n_columns;
}

const char *ropelaw_table_format_name(size_t index) {
    return index < CORE_COUNT(formats) ? formats[index]->name : NULL;
}

void table_number(core_text *text, double value, int digits) {
    bool whole = digits > 0 && value == nearbyint(value) && fabs(value) < 1e15;
    if (!whole && digits > 0 && fabs(value) >= pow(10, digits) && fabs(value) < 1e15)
        whole = true, value = nearbyint(value);
    core_text_number(text, value, whole ? 0 : digits);
}

ropelaw_status ropelaw_table_write(const ropelaw_table *t, const char *format, char **text, size_t *length,
                                   ropelaw_error *error) {
    if (t->n_cells % t->n_columns)
        return core_fail(error, ROPELAW_INVALID, "table", "", "", "the last row of the table is incomplete");
    for (size_t i = 0; i < CORE_COUNT(formats); i++) {
        if (strcmp(formats[i]->name, format) != 0) continue;
        core_text out = {0};
        formats[i]->write(t, &out);
        return core_text_take(&out, text, length, error);
    }
    return core_fail(error, ROPELAW_INVALID, "format", format, "text, csv, tsv, md, latex, json",
                     "unknown format \"%s\" (known: text, csv, tsv, md, latex, json)", format);
}
