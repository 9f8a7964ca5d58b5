/* CSV as RFC 4180 has it (LF line ends), and TSV, whose cells cannot hold tabs: they become blanks. */
#include "table/table.h"
#include <math.h>
#include <string.h>

static void quoted(core_text *out, const char *s) {
    if (!strpbrk(s, ",\"\n\r") && s[0] != ' ' && s[0] != '#') {
        core_text_str(out, s);
        return;
    }
    core_text_char(out, '"');
    for (; *s; s++) {
        if (*s == '"') core_text_char(out, '"');
        core_text_char(out, *s);
    }
    core_text_char(out, '"');
}

static void tabless(core_text *out, const char *s) {
    for (; *s; s++) core_text_char(out, strchr("\t\n\r", *s) ? ' ' : *s);
}

static void rows(const ropelaw_table *t, core_text *out, char separator,
                 void (*string)(core_text *, const char *)) {
    for (size_t i = 0; i < t->n_columns; i++) {
        if (i) core_text_char(out, separator);
        string(out, t->columns[i].name);
    }
    for (size_t i = 0; i < t->n_cells; i++) {
        core_text_char(out, i % t->n_columns ? separator : '\n');
        if (t->cells[i].text)
            string(out, t->cells[i].text);
        else if (!isnan(t->cells[i].number))
            core_text_number(out, t->cells[i].number, 0);
    }
    core_text_char(out, '\n');
}

static void write_csv(const ropelaw_table *t, core_text *out) {
    rows(t, out, ',', quoted);
}

static void write_tsv(const ropelaw_table *t, core_text *out) {
    rows(t, out, '\t', tabless);
}

const table_format table_format_csv = {"csv", write_csv};
const table_format table_format_tsv = {"tsv", write_tsv};
