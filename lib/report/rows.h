/* Filling a table cell by cell: the first failure stays, later cells are ignored. */
#ifndef ROPELAW_REPORT_ROWS_H
#define ROPELAW_REPORT_ROWS_H

#include "core/core.h"
#include <ropelaw/preset.h>
#include <ropelaw/report_table.h>

typedef struct {
    ropelaw_table *table;
    ropelaw_status status;
    ropelaw_error *error;
} report_rows;

report_rows report_rows_start(const char *title, const ropelaw_column *columns, size_t n_columns,
                              ropelaw_error *error);
void report_number(report_rows *rows, double value);
void report_text(report_rows *rows, const char *text);
void report_note(report_rows *rows, const char *note);
/* Hand the table over, or destroy it and give the failure. */
ropelaw_status report_rows_end(report_rows *rows, ropelaw_table **table);

/* Length as people write it where it is a whole number of k or M ("32k", "1M"), else its digits. */
void report_length_str(double length_tok, char *text, size_t size);

/* A preset as released; INVALID if a fact is not known. */
ropelaw_status report_model_of(const ropelaw_preset *preset, ropelaw_report_model *model,
                               ropelaw_error *error);

extern const ropelaw_report_table report_table_critical, report_table_bases, report_table_onsets,
    report_table_rules;

#endif
