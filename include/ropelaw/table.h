/**
 * Tables: rows of numbers and texts, written as text, CSV, TSV, Markdown, LaTeX or JSON.
 *
 * A table is built row by row, cell by cell, and written by one member of the format registry. Machine
 * formats (csv, tsv, json) carry every digit; human formats (text, md, latex) round to the column's digits.
 */
#ifndef ROPELAW_TABLE_H
#define ROPELAW_TABLE_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { ROPELAW_COLUMN_TEXT, ROPELAW_COLUMN_NUMBER } ropelaw_column_kind;

/** One column. The strings are copied by ropelaw_table_create. */
typedef struct {
    const char *name;    /* machine name, snake_case with its unit ("eval_len_tok") */
    const char *heading; /* for people ("length [tok]"); NULL: the name */
    ropelaw_column_kind kind;
    int digits; /* significant digits in human formats; 0: all. Numbers of at least
                                 10^digits that are whole are written whole */
} ropelaw_column;

typedef struct ropelaw_table ropelaw_table;

/**
 * An empty table.
 *
 * In       title: caption, may be ""; columns [n_columns], copied
 * Out      table: free with ropelaw_table_destroy
 * Returns  OK; INVALID without columns; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_table_create(const char *title, const ropelaw_column *columns,
                                                size_t n_columns, ropelaw_table **table,
                                                ropelaw_error *error) ROPELAW_MUST_USE;

/** Free a table and null the pointer; NULL is fine. */
ROPELAW_API void ropelaw_table_destroy(ropelaw_table **table);

/**
 * Append one cell; rows fill from left to right and a new row starts by itself. NAN and infinities, and
 * NULL texts, are missing cells (empty in CSV, null in JSON, a dash for people).
 * Returns  OK; INVALID if the column is of the other kind; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_table_add_number(ropelaw_table *table, double value,
                                                    ropelaw_error *error) ROPELAW_MUST_USE;
ROPELAW_API ropelaw_status ropelaw_table_add_text(ropelaw_table *table, const char *text,
                                                  ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * A text in the place of a number, such as ">262144" or "(131072, 262144)": written as it stands in every
 * format (a string in JSON).
 */
ROPELAW_API ropelaw_status ropelaw_table_add_limit(ropelaw_table *table, const char *text,
                                                   ropelaw_error *error) ROPELAW_MUST_USE;

/** A note below the table in human formats (source, caveat). Copied. */
ROPELAW_API ropelaw_status ropelaw_table_add_note(ropelaw_table *table, const char *note,
                                                  ropelaw_error *error) ROPELAW_MUST_USE;

/** Number of complete rows. */
ROPELAW_API size_t ropelaw_table_count_rows(const ropelaw_table *table);

/** Name of a format by index ("text", "csv", "tsv", "md", "latex", "json"), NULL past the end. */
ROPELAW_API const char *ropelaw_table_format_name(size_t index);

/**
 * The table as text in the named format.
 *
 * Out      text: NUL-terminated, free with ropelaw_text_free; length without the NUL, may be NULL
 * Returns  OK; INVALID for an unknown format or an incomplete last row; NOMEM.
 * Notes    The LaTeX form is a table environment that needs the packages booktabs and siunitx.
 */
ROPELAW_API ropelaw_status ropelaw_table_write(const ropelaw_table *table, const char *format, char **text,
                                               size_t *length, ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Bytes of the UTF-8 character at the start of a text: 1 to 4; 0 at the end of the text and where there is none
 * (overlong forms, surrogates, stray bytes). JSON output has U+FFFD in the place of such bytes.
 */
ROPELAW_API size_t ropelaw_text_utf8_length(const char *text);

/** Free a text that a write call returned; NULL is fine. */
ROPELAW_API void ropelaw_text_free(char *text);

#ifdef __cplusplus
}
#endif
#endif
