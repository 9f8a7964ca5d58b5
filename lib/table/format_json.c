/* An array with one object a row. */
#include "table/table.h"
#include <math.h>

size_t ropelaw_text_utf8_length(const char *text) {
    static const unsigned least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    size_t n = !*s                   ? 0
               : *s < 0x80           ? 1
               : (*s & 0xe0) == 0xc0 ? 2
               : (*s & 0xf0) == 0xe0 ? 3
               : (*s & 0xf8) == 0xf0 ? 4
                                     : 0;
    if (n < 2) return n;
    unsigned code = *s & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0; /* also at the end of the text */
        code = code << 6 | (s[i] & 0x3f);
    }
    return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

void table_json_string(core_text *out, const char *s) {
    core_text_char(out, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        size_t n = ropelaw_text_utf8_length(s);
        if (!n) { /* JSON is UTF-8: U+FFFD, the replacement character */
            core_text_str(out, "\xef\xbf\xbd");
            continue;
        }
        if (n > 1) {
            for (size_t i = 0; i < n; i++) core_text_char(out, s[i]);
            s += n - 1;
            continue;
        }
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
