/* The runs of `fit` as tables. */
#include "fit_runs.h"
#include <math.h>
#include <string.h>

/* A length in whole tokens. */
static const char *tokens(double length) {
    return isfinite(length) ? cli_num(nearbyint(length), 0) : "no limit";
}

/* "a", "a [lo, hi]", "> lo", "< hi", "(lo, hi)" or a dash: how an estimate reads in one cell. A lower end of 0 and an
   upper end of infinity are no limits. */
static const char *range_text(const ropelaw_estimate *e, char *text, size_t size) {
    bool below = e->lo > 0, above = isfinite(e->hi);
    if (!isnan(e->est) && isnan(e->lo))
        snprintf(text, size, "%s", tokens(e->est));
    else if (!isnan(e->est))
        snprintf(text, size, "%s [%s, %s]", tokens(e->est), below ? tokens(e->lo) : "no limit",
                 tokens(e->hi));
    else if (below && isinf(e->hi))
        snprintf(text, size, "> %s", tokens(e->lo));
    else if (above && !below && !isnan(e->lo))
        snprintf(text, size, "< %s", tokens(e->hi));
    else if (below)
        snprintf(text, size, "(%s, %s)", tokens(e->lo), tokens(e->hi));
    else
        snprintf(text, size, "-");
    return text;
}

static const char *bracket_text(const ropelaw_onset *o, char *text, size_t size) {
    if (isnan(o->bracket_hi_tok))
        snprintf(text, size, "> %s", cli_num(o->bracket_lo_tok, 0));
    else if (isnan(o->bracket_lo_tok))
        snprintf(text, size, "< %s", cli_num(o->bracket_hi_tok, 0));
    else
        snprintf(text, size, "(%s, %s)", cli_num(o->bracket_lo_tok, 0), cli_num(o->bracket_hi_tok, 0));
    return text;
}

/* Measurement over theory in one cell: of the onset, else of the bracket, in parentheses as brackets are. */
static const char *ratio_text(const ropelaw_fit_theory *t, char *text, size_t size) {
    if (!isnan(t->ratio))
        snprintf(text, size, "%s", cli_num(t->ratio, 3));
    else if (!isnan(t->ratio_lo) && !isnan(t->ratio_hi))
        snprintf(text, size, "(%s, %s)", cli_num(t->ratio_lo, 3), cli_num(t->ratio_hi, 3));
    else if (!isnan(t->ratio_lo))
        snprintf(text, size, "> %s", cli_num(t->ratio_lo, 3));
    else if (!isnan(t->ratio_hi))
        snprintf(text, size, "< %s", cli_num(t->ratio_hi, 3));
    else
        snprintf(text, size, "-");
    return text;
}

static const char *coverage_text(const ropelaw_fit_theory *t, char *text, size_t size) {
    if (isnan(t->lo.distance_tok))
        snprintf(text, size, "%s", t->lo.caveats & ROPELAW_CAVEAT_UNBOUNDED ? "no limit" : "-");
    else
        snprintf(text, size, "%s to %s", tokens(t->lo.distance_tok),
                 isnan(t->hi.distance_tok) ? "no limit" : tokens(t->hi.distance_tok));
    return text;
}

int fit_runs_people_table(cli_context *c, const ropelaw_series *series, const ropelaw_run_fit *fits) {
    ropelaw_column columns[10 + ROPELAW_EPS_MAX] = {
        {"run",    NULL,          ROPELAW_COLUMN_TEXT,   0},
        {"n",      NULL,          ROPELAW_COLUMN_NUMBER, 0},
        {"status", NULL,          ROPELAW_COLUMN_TEXT,   0},
        {"break",  "break [tok]", ROPELAW_COLUMN_TEXT,   0}
    };
    static char headings[ROPELAW_EPS_MAX][40];
    size_t n = 4, n_eps = series->n_runs ? fits[0].n_onsets : 0;
    for (size_t k = 0; k < n_eps; k++) {
        snprintf(headings[k], sizeof headings[k], "+%s %%", cli_num(100 * fits[0].onset[k].eps, 3));
        columns[n++] = (ropelaw_column){headings[k], headings[k], ROPELAW_COLUMN_TEXT, 0};
    }
    columns[n++] = (ropelaw_column){"bracket", "measured between", ROPELAW_COLUMN_TEXT, 0};
    columns[n++] = (ropelaw_column){"p_break", "p(break)", ROPELAW_COLUMN_NUMBER, 2};
    columns[n++] = (ropelaw_column){"theory", "theory [tok]", ROPELAW_COLUMN_NUMBER, 6};
    columns[n++] = (ropelaw_column){"ratio", "measured/theory", ROPELAW_COLUMN_TEXT, 0};
    columns[n++] = (ropelaw_column){"coverage", "phase coverage", ROPELAW_COLUMN_TEXT, 0};
    cli_rows rows = cli_rows_start("Onsets", columns, n);
    for (size_t i = 0; i < series->n_runs; i++) {
        char text[120];
        const ropelaw_run_fit *f = &fits[i];
        cli_cell_text(&rows, series->runs[i].name);
        cli_cell(&rows, (double)f->n);
        cli_cell_text(&rows, ropelaw_fit_status_str(f->status));
        cli_cell_text(&rows, range_text(&f->break_tok, text, sizeof text));
        for (size_t k = 0; k < n_eps; k++)
            cli_cell_text(&rows, range_text(&f->onset[k].length_tok, text, sizeof text));
        cli_cell_text(&rows, bracket_text(&f->onset[0], text, sizeof text));
        cli_cell(&rows, f->p_break);
        cli_cell(&rows, f->theory.bound_tok);
        cli_cell_text(&rows, ratio_text(&f->theory, text, sizeof text));
        cli_cell_text(&rows, coverage_text(&f->theory, text, sizeof text));
    }
    return cli_rows_end(c, &rows, true);
}

static void cells_of(cli_rows *rows, const ropelaw_estimate *e) {
    cli_cell(rows, e->est);
    cli_cell(rows, e->lo > 0 ? e->lo : NAN);
    cli_cell(rows, e->hi);
}

int fit_runs_machine_table(cli_context *c, const ropelaw_series *series, const ropelaw_run_fit *fits) {
    enum { FIXED = 18 };
    ropelaw_column columns[FIXED + 6 * ROPELAW_EPS_MAX] = {
        {"run",    NULL, ROPELAW_COLUMN_TEXT,   0},
        {"n",      NULL, ROPELAW_COLUMN_NUMBER, 0},
        {"status", NULL, ROPELAW_COLUMN_TEXT,   0},
        {"family", NULL, ROPELAW_COLUMN_TEXT,   0}
    };
    static const char *const numbers[] = {"break_tok",
                                          "break_lo_tok",
                                          "break_hi_tok",
                                          "p_break",
                                          "theory_bound_tok",
                                          "ratio",
                                          "coverage_lo_tok",
                                          "coverage_hi_tok",
                                          "slope_before",
                                          "slope_after",
                                          "width_ln",
                                          "sigma",
                                          "df"};
    static const char *const parts[] = {"onset_%s_tok", "onset_%s_lo_tok", "onset_%s_hi_tok",
                                        "bracket_%s_lo_tok", "bracket_%s_hi_tok"};
    static char names[ROPELAW_EPS_MAX][5][48];
    size_t n = 4, n_eps = series->n_runs ? fits[0].n_onsets : 0;
    for (size_t k = 0; k < CLI_COUNT_OF(numbers); k++)
        columns[n++] = (ropelaw_column){numbers[k], NULL, ROPELAW_COLUMN_NUMBER, 0};
    for (size_t k = 0; k < n_eps; k++)
        for (size_t p = 0; p < CLI_COUNT_OF(parts); p++) {
            const char *mark = strchr(parts[p], '%');
            snprintf(names[k][p], sizeof names[k][p], "%.*s%s%s", (int)(mark - parts[p]), parts[p],
                     cli_num(fits[0].onset[k].eps, 0), mark + 2);
            columns[n++] = (ropelaw_column){names[k][p], NULL, ROPELAW_COLUMN_NUMBER, 0};
        }
    cli_rows rows = cli_rows_start("Onsets", columns, n);
    for (size_t i = 0; i < series->n_runs; i++) {
        const ropelaw_run_fit *f = &fits[i];
        cli_cell_text(&rows, series->runs[i].name);
        cli_cell(&rows, (double)f->n);
        cli_cell_text(&rows, ropelaw_fit_status_str(f->status));
        cli_cell_text(&rows, f->family ? f->family->name : NULL);
        cells_of(&rows, &f->break_tok);
        const double rest[] = {f->p_break,
                               f->theory.bound_tok,
                               f->theory.ratio,
                               f->theory.lo.distance_tok,
                               f->theory.hi.distance_tok,
                               f->slope_before.est,
                               f->slope_after.est,
                               f->width.est,
                               f->sigma,
                               f->df};
        for (size_t k = 0; k < CLI_COUNT_OF(rest); k++) cli_cell(&rows, rest[k]);
        for (size_t k = 0; k < n_eps; k++) {
            cells_of(&rows, &f->onset[k].length_tok);
            cli_cell(&rows, f->onset[k].bracket_lo_tok);
            cli_cell(&rows, f->onset[k].bracket_hi_tok);
        }
    }
    return cli_rows_end(c, &rows, false);
}
