/* A table environment for the packages booktabs and siunitx: numbers go through \num, texts are escaped. */
#include "table/table.h"
#include <math.h>
#include <string.h>

static void escaped(core_text *out, const char *s) {
    static const struct {
        char c;
        const char *tex;
    } special[] = {
        {'\\', "\\textbackslash{}"  },
        {'{',  "\\{"                },
        {'}',  "\\}"                },
        {'$',  "\\$"                },
        {'&',  "\\&"                },
        {'#',  "\\#"                },
        {'%',  "\\%"                },
        {'_',  "\\_"                },
        {'~',  "\\textasciitilde{}" },
        {'^',  "\\textasciicircum{}"},
        {'<',  "\\textless{}"       },
        {'>',  "\\textgreater{}"    },
        {'\n', " "                  }
    };
    for (; *s; s++) {
        size_t i = 0;
        while (i < CORE_COUNT(special) && special[i].c != *s) i++;
        if (i < CORE_COUNT(special))
            core_text_str(out, special[i].tex);
        else
            core_text_char(out, *s);
    }
}

static void write_cell(const ropelaw_table *t, size_t i, core_text *out) {
    const table_cell *c = &t->cells[i];
    if (c->text) {
        escaped(out, c->text);
    } else if (isnan(c->number)) {
        core_text_str(out, "--");
    } else {
        core_text_str(out, "\\num{");
        table_number(out, c->number, t->columns[i % t->n_columns].digits);
        core_text_char(out, '}');
    }
}

static void write_latex(const ropelaw_table *t, core_text *out) {
    core_text_str(out, "% needs \\usepackage{booktabs,siunitx}\n\\begin{table}\n  \\centering\n");
    if (*t->title) {
        core_text_str(out, "  \\caption{");
        escaped(out, t->title);
        core_text_str(out, "}\n");
    }
    core_text_str(out, "  \\begin{tabular}{");
    for (size_t i = 0; i < t->n_columns; i++)
        core_text_char(out, t->columns[i].kind == ROPELAW_COLUMN_NUMBER ? 'r' : 'l');
    core_text_str(out, "}\n    \\toprule\n    ");
    for (size_t i = 0; i < t->n_columns; i++) {
        if (i) core_text_str(out, " & ");
        escaped(out, t->columns[i].heading);
    }
    core_text_str(out, " \\\\\n    \\midrule\n");
    for (size_t i = 0; i < t->n_cells; i++) {
        core_text_str(out, i % t->n_columns ? " & " : "    ");
        write_cell(t, i, out);
        if ((i + 1) % t->n_columns == 0) core_text_str(out, " \\\\\n");
    }
    core_text_str(out, "    \\bottomrule\n  \\end{tabular}\n");
    for (size_t i = 0; i < t->n_notes; i++) {
        core_text_str(out, "  \\par\\footnotesize ");
        escaped(out, t->notes[i]);
        core_text_char(out, '\n');
    }
    core_text_str(out, "\\end{table}\n");
}

const table_format table_format_latex = {"latex", write_latex};
