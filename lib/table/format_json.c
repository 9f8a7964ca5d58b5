/* An array with one object a row. */
#include "table/table.h"
#include <math.h>

void table_json_string(core_text *out, const char *s) {
    core_text_char(out, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            core_text_format(out, "\\%c", c);
        else if (c == '\n')
            core_text_str(out, "\\n");
        else if (c < 0x20)
            core_text_format(out, "\\u%04x", c);
        else
            core_text_char(out, *s);
    }
    core_text_char(out, '"');
}

static void write_json(const ropelaw_table *t, core_text *out) {
    core_text_char(out, '[');
    for (size_t i = 0; i < t->n_cells; i++) {
        size_t column = i % t->n_columns;
        if (!column)
            core_text_str(out, i ? ",\n {" : "\n {");
        else
            core_text_str(out, ", ");
        table_json_string(out, t->columns[column].name);
        core_text_str(out, ": ");
        if (t->cells[i].text)
            table_json_string(out, t->cells[i].text);
        else if (isnan(t->cells[i].number))
            core_text_str(out, "null");
        else
            core_text_number(out, t->cells[i].number, 0);
        if (column + 1 == t->n_columns) core_text_char(out, '}');
    }
    core_text_str(out, t->n_cells ? "\n]\n" : "]\n");
}

const table_format table_format_json = {"json", write_json};
