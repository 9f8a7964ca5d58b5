/* Reading CSV and TSV: comment lines `# key: value`, a header, rows. One row at a time, cells in place. */
#ifndef ROPELAW_TABLE_CSV_H
#define ROPELAW_TABLE_CSV_H

#include "core/core.h"

typedef struct {
    char *text; /* NUL-terminated; blanks around an unquoted cell are gone */
    size_t length;
} table_csv_cell;

typedef struct {
    char *key, *value;
} table_key;

/* What is taken beyond the strict form. */
enum {
    TABLE_CSV_RAGGED = 1,  /* missing cells at the end of a row are empty, surplus empty cells are dropped */
    TABLE_CSV_UNNAMED = 2, /* the header may have nameless columns */
    TABLE_CSV_NO_COMMENTS = 4, /* a leading '#' is data */
    TABLE_CSV_REPEATED = 8     /* column names may repeat */
};

typedef struct {
    char *name; /* of the file, for errors */
    unsigned rules;
    char separator; /* ',' or, if the header has a tab, '\t' */
    size_t line;    /* of the current row, 1-based */
    size_t n_columns;
    char **columns;        /* owned by text */
    table_csv_cell *cells; /* [n_columns] of the current row */
    size_t n_keys;
    table_key *keys; /* of the comment lines seen so far; a comment without a key is under "comment" */
    /* private */
    char *text, *at, *end;
    size_t next_line, room_keys;
} table_csv;

/* Read a whole file ("-": standard input) into NUL-terminated memory. IO names the file and the reason. */
ropelaw_status table_read_file(const char *path, char **text, size_t *length, ropelaw_error *error);

/* Take over `text` (text[length] must be writable; freed here in every case), read comments and header. */
ropelaw_status table_csv_open(table_csv *csv, char *text, size_t length, const char *name, unsigned rules,
                              ropelaw_error *error);
/* The next row; *more is false at the end. */
ropelaw_status table_csv_next(table_csv *csv, bool *more, ropelaw_error *error);
void table_csv_close(table_csv *csv);

/* Index of a column, SIZE_MAX if there is none. */
size_t table_csv_find(const table_csv *csv, const char *name);

/* An error about a cell of the current row: 'column "ppl": "abc" <what> (expected <range>)'. */
ropelaw_status table_csv_refuse(const table_csv *csv, size_t column, ropelaw_status code, const char *what,
                                const char *range, ropelaw_error *error);

#endif
