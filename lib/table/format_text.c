/* Text for a terminal, and Markdown: the same padded columns with other rules between them. */
#include "table/table.h"
#include <math.h>
#include <string.h>

/* Columns of a UTF-8 text: continuation bytes take no room. */
static size_t width(const char *s) {
    size_t n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void blanks(core_text *out, size_t n, char c) {
    while (n--) core_text_char(out, c);
}

/* The cell as text; Markdown needs its bars and line ends escaped. */
static void cell_text(core_text *out, const ropelaw_table *t, size_t cell, bool markdown) {
    const table_cell *c = &t->cells[cell];
    if (!c->text) {
        if (isnan(c->number))
            core_text_str(out, "-");
        else
            table_number(out, c->number, t->columns[cell % t->n_columns].digits);
        return;
    }
    for (const char *s = c->text; *s; s++) {
        if (markdown && *s == '|') core_text_char(out, '\\');
        core_text_char(out, *s == '\n' ? ' ' : *s);
    }
}

static void pad(core_text *out, const char *s, size_t to, bool right) {
    size_t w = width(s), gap = to > w ? to - w : 0;
    if (right) blanks(out, gap, ' ');
    core_text_str(out, s);
    if (!right) blanks(out, gap, ' ');
}

typedef struct {
    const ropelaw_table *table;
    core_text *cells; /* [n_cells] */
    size_t *widths;   /* [n_columns] */
} layout;

static bool layout_init(layout *l, const ropelaw_table *t, bool markdown) {
    l->table = t;
    l->cells = core_calloc(t->n_cells, sizeof *l->cells);
    l->widths = core_calloc(t->n_columns, sizeof *l->widths);
    if (!l->cells || !l->widths) return false;
    for (size_t i = 0; i < t->n_columns; i++) l->widths[i] = width(t->columns[i].heading);
    for (size_t i = 0; i < t->n_cells; i++) {
        cell_text(&l->cells[i], t, i, markdown);
        core_text_add(&l->cells[i], "", 0);
        if (l->cells[i].failed) return false;
        size_t w = width(l->cells[i].data), column = i % t->n_columns;
        if (w > l->widths[column]) l->widths[column] = w;
    }
    return true;
}

static void layout_clear(layout *l) {
    for (size_t i = 0; l->cells && i < l->table->n_cells; i++) core_free(l->cells[i].data);
    core_free(l->cells);
    core_free(l->widths);
}

static bool is_number(const ropelaw_table *t, size_t column) {
    return t->columns[column].kind == ROPELAW_COLUMN_NUMBER;
}

static void text_row(core_text *out, const layout *l, const core_text *cells) {
    const ropelaw_table *t = l->table;
    for (size_t i = 0; i < t->n_columns; i++) {
        if (i) core_text_str(out, "  ");
        const char *s = cells ? cells[i].data : t->columns[i].heading;
        bool last = i + 1 == t->n_columns;
        pad(out, s, last && !is_number(t, i) ? 0 : l->widths[i], is_number(t, i));
    }
    core_text_char(out, '\n');
}

static void write_text(const ropelaw_table *t, core_text *out) {
    layout l = {0};
    if (layout_init(&l, t, false)) {
        if (*t->title) core_text_format(out, "%s\n", t->title);
        text_row(out, &l, NULL);
        for (size_t i = 0; i < t->n_columns; i++) {
            if (i) core_text_str(out, "  ");
            blanks(out, l.widths[i], '-');
        }
        core_text_char(out, '\n');
        for (size_t i = 0; i < t->n_cells; i += t->n_columns) text_row(out, &l, l.cells + i);
        for (size_t i = 0; i < t->n_notes; i++) core_text_format(out, "%s\n", t->notes[i]);
    } else {
        out->failed = true;
    }
    layout_clear(&l);
}

static void md_row(core_text *out, const layout *l, const core_text *cells) {
    const ropelaw_table *t = l->table;
    for (size_t i = 0; i < t->n_columns; i++) {
        core_text_str(out, "| ");
        pad(out, cells ? cells[i].data : t->columns[i].heading, l->widths[i], is_number(t, i));
        core_text_char(out, ' ');
    }
    core_text_str(out, "|\n");
}

static void write_md(const ropelaw_table *t, core_text *out) {
    layout l = {0};
    if (layout_init(&l, t, true)) {
        if (*t->title) core_text_format(out, "**%s**\n\n", t->title);
        md_row(out, &l, NULL);
        for (size_t i = 0; i < t->n_columns; i++) {
            core_text_str(out, "| ");
            blanks(out, l.widths[i] > 1 ? l.widths[i] - 1 : 1, '-');
            core_text_str(out, is_number(t, i) ? ": " : "- ");
        }
        core_text_str(out, "|\n");
        for (size_t i = 0; i < t->n_cells; i += t->n_columns) md_row(out, &l, l.cells + i);
        for (size_t i = 0; i < t->n_notes; i++) core_text_format(out, "\n%s\n", t->notes[i]);
    } else {
        out->failed = true;
    }
    layout_clear(&l);
}

const table_format table_format_text = {"text", write_text};
const table_format table_format_md = {"md", write_md};
