/* What series_parse.c (the file) and series_row.c (its rows) share. */
#ifndef ROPELAW_TABLE_SERIES_READER_H
#define ROPELAW_TABLE_SERIES_READER_H

#include "table/csv.h"
#include "table/names.h"
#include "table/series.h"

typedef struct {
    table_csv csv;
    ropelaw_series series;
    table_names runs, docs;
    size_t column[TABLE_COLUMNS]; /* SIZE_MAX: not in the header */
    size_t *extra;                /* [n_extra] columns that are not known */
    const char **extra_cells;     /* [n_extra] of the current row */
    size_t n_extra, n_rows;
    size_t n_empty, first_empty;       /* rows without a value, and the line of the first */
    size_t n_infinite, first_infinite; /* values that are nan or inf */
    size_t n_zero_se;
    size_t n_below_one, first_below_one; /* perplexities below 1: they look like losses */
    size_t n_large, first_large;         /* losses of 30 nats and more: they look like perplexities */
} table_reader;

/* The current row of the file as a point of its run. */
ropelaw_status table_reader_take_row(table_reader *r, ropelaw_error *error);

#endif
