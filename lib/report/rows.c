#include "report/rows.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>

report_rows report_rows_start(const char *title, const ropelaw_column *columns, size_t n_columns,
                              ropelaw_error *error) {
    report_rows rows = {.error = error};
    rows.status = ropelaw_table_create(title, columns, n_columns, &rows.table, error);
    return rows;
}

void report_number(report_rows *rows, double value) {
    if (!rows->status) rows->status = ropelaw_table_add_number(rows->table, value, rows->error);
}

void report_text(report_rows *rows, const char *text) {
    if (!rows->status) rows->status = ropelaw_table_add_text(rows->table, text, rows->error);
}

void report_note(report_rows *rows, const char *note) {
    if (!rows->status) rows->status = ropelaw_table_add_note(rows->table, note, rows->error);
}

ropelaw_status report_rows_end(report_rows *rows, ropelaw_table **table) {
    if (rows->status)
        ropelaw_table_destroy(&rows->table);
    else
        *table = rows->table;
    return rows->status;
}

void report_length_str(double length_tok, char *text, size_t size) {
    char number[ROPELAW_NUMBER_SIZE];
    double k = length_tok / 1024, m = k / 1024;
    double shown = m >= 1 && m == floor(m) ? m : k >= 1 && k == floor(k) ? k : length_tok;
    snprintf(text, size, "%s%s", ropelaw_number_str(shown, 0, number),
             shown == length_tok ? ""
             : shown == k        ? "k"
                                 : "M");
}
