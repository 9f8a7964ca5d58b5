/* The table as the writers see it, and the registry of writers. */
#ifndef ROPELAW_TABLE_TABLE_H
#define ROPELAW_TABLE_TABLE_H

#include "core/text.h"
#include <ropelaw/table.h>

typedef struct {
    char *name, *heading;
    ropelaw_column_kind kind;
    int digits;
} table_column;

typedef struct {
    double number; /* NAN: missing, or text stands in its place */
    char *text;    /* NULL: missing, or a number */
} table_cell;

struct ropelaw_table {
    char *title;
    size_t n_columns, n_cells, capacity, n_notes;
    table_column *columns;
    table_cell *cells; /* row-major */
    char **notes;
};

typedef struct {
    const char *name;
    void (*write)(const ropelaw_table *table, core_text *text);
} table_format;

extern const table_format table_format_text, table_format_csv, table_format_tsv, table_format_md,
    table_format_latex, table_format_json;

/* The number of a cell as people read it: rounded to the column's digits, whole numbers whole. */
void table_number(core_text *text, double value, int digits);
/* A JSON string with its quotes. */
void table_json_string(core_text *text, const char *string);

#endif
