#include "fit_law.h"
#include <math.h>
#include <stdlib.h>
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

/* ---- What a reader must be told, once each, with the runs that it is about */

static uint32_t run_caveats(const ropelaw_run_fit *f) {
    uint32_t bits = f->caveats | f->theory.caveats | f->break_tok.caveats;
    for (size_t k = 0; k < f->n_onsets; k++) bits |= f->onset[k].length_tok.caveats;
    return bits;
}

/* One caveat with the names of its runs: all, or the first three and how many more. */
static void tell(cli_context *c, const ropelaw_series *series, const char *words, const bool *concerned) {
    enum { NAMES = 3 };
    size_t n = 0, shown = 0, used;
    char text[1024];
    for (size_t i = 0; i < series->n_runs; i++) n += concerned[i];
    if (!n) return;
    used = (size_t)snprintf(text, sizeof text, "%s", words);
    if (n == series->n_runs)
        snprintf(text + used, sizeof text - used, " (%s)", n == 1 ? series->runs[0].name : "all runs");
    for (size_t i = 0; n < series->n_runs && i < series->n_runs && shown < NAMES && used < sizeof text; i++)
        if (concerned[i])
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", shown++ ? ", " : " (",
                                     series->runs[i].name);
    if (n < series->n_runs && n > shown && used < sizeof text)
        snprintf(text + used, sizeof text - used, " and %s more)", cli_num((double)(n - shown), 0));
    else if (n < series->n_runs && used < sizeof text)
        snprintf(text + used, sizeof text - used, ")");
    cli_caveat(c, text);
}

static int tell_all(cli_context *c, const ropelaw_series *series, const ropelaw_run_fit *fits) {
    bool *concerned = calloc(series->n_runs + 1, sizeof *concerned);
    if (!concerned)
        return cli_fail(c, &(ropelaw_error){.code = ROPELAW_NOMEM, .message = "no memory for caveats"});
    for (int bit = 0; bit < ROPELAW_CAVEAT_COUNT; bit++) {
        for (size_t i = 0; i < series->n_runs; i++) concerned[i] = run_caveats(&fits[i]) & 1u << bit;
        tell(c, series, ropelaw_caveat_str(1u << bit), concerned);
    }
    for (size_t i = 0; i < series->n_runs; i++) { /* reasons for a missing theory, each once */
        const char *reason = fits[i].theory.reason;
        size_t first = 0;
        while (first < i && strcmp(fits[first].theory.reason, reason)) first++;
        if (!*reason || first < i || fits[i].theory.caveats & ROPELAW_CAVEAT_METHOD) continue;
        char words[160];
        snprintf(words, sizeof words, "no theory beside the measurement: %s", reason);
        for (size_t k = 0; k < series->n_runs; k++) concerned[k] = !strcmp(fits[k].theory.reason, reason);
        tell(c, series, words, concerned);
    }
    free(concerned);
    return CLI_OK;
}

/* ---- JSON */

/* Unbounded ends are null, with the status to tell why. */
static void put_estimate(cli_value *parent, const char *key, const ropelaw_estimate *e) {
    cli_value *v = cli_put(parent, key, cli_object());
    cli_put_number(v, "est", e->est);
    cli_put_number(v, "lo", e->lo > 0 ? e->lo : NAN);
    cli_put_number(v, "hi", e->hi);
    cli_put_number(v, "se_ln", e->se);
    cli_put_text(v, "status", ropelaw_fit_status_str(e->status));
    cli_put_text(v, "method", *e->method ? e->method : NULL);
    cli_put_caveats(v, "caveats", e->caveats);
}

static void put_slope(cli_value *parent, const char *key, const ropelaw_estimate *e) {
    cli_value *v = cli_put(parent, key, cli_object());
    cli_put_number(v, "est", e->est);
    cli_put_number(v, "lo", e->lo);
    cli_put_number(v, "hi", e->hi);
    cli_put_number(v, "se", e->se);
}

static void put_onsets(cli_value *row, const ropelaw_run_fit *f) {
    cli_value *onsets = cli_put(row, "onset", cli_array());
    for (size_t k = 0; k < f->n_onsets; k++) {
        const ropelaw_onset *o = &f->onset[k];
        cli_value *v = cli_put(onsets, NULL, cli_object());
        cli_put_number(v, "eps", o->eps);
        cli_put_number(v, "est", o->length_tok.est);
        cli_put_number(v, "lo", o->length_tok.lo > 0 ? o->length_tok.lo : NAN);
        cli_put_number(v, "hi", o->length_tok.hi);
        cli_put_number(v, "se_ln", o->length_tok.se);
        cli_put_text(v, "status", ropelaw_fit_status_str(o->length_tok.status));
        cli_put_text(v, "method", *o->length_tok.method ? o->length_tok.method : NULL);
        cli_value *b = cli_put(v, "bracket", cli_array());
        cli_put_number(b, NULL, o->bracket_lo_tok);
        cli_put_number(b, NULL, o->bracket_hi_tok);
        cli_put_caveats(v, "caveats", o->length_tok.caveats);
    }
    cli_value *b = cli_put(row, "bracket", cli_array()); /* of the first eps */
    cli_put_number(b, NULL, f->onset[0].bracket_lo_tok);
    cli_put_number(b, NULL, f->onset[0].bracket_hi_tok);
}

static void put_families(cli_value *row, const ropelaw_run_fit *f) {
    cli_value *list = cli_put(row, "families", cli_array());
    for (size_t i = 0; i < f->n_rows; i++) {
        const ropelaw_family_row *r = &f->rows[i];
        if (!r->fitted) continue;
        cli_value *v = cli_put(list, NULL, cli_object());
        cli_put_text(v, "family", r->family->name);
        cli_put_number(v, "rss", r->fit.rss);
        cli_put_number(v, "aicc", r->aicc);
        cli_put_number(v, "weight", r->weight);
        cli_put_bool(v, "converged", r->fit.converged);
        cli_value *p = cli_put(v, "parameters", cli_object());
        for (size_t k = 0; k < r->family->n_parameters; k++)
            cli_put_number(p, r->family->parameters[k], r->fit.theta[k]);
        cli_put_caveats(v, "caveats", r->fit.caveats);
    }
}

static void put_theory(cli_value *row, const ropelaw_fit_theory *t) {
    cli_put_number(row, "theory_bound", t->bound_tok);
    cli_put_text(row, "theory_reason", *t->reason ? t->reason : NULL);
    cli_put_number(row, "ratio", t->ratio);
    cli_put_text(row, "ratio_reason", *t->ratio_reason ? t->ratio_reason : NULL);
    cli_value *b = cli_put(row, "bracket_ratio", cli_array());
    cli_put_number(b, NULL, t->ratio_lo);
    cli_put_number(b, NULL, t->ratio_hi);
    cli_value *c = cli_put(row, "coverage", cli_object());
    cli_put_number(c, "lo", t->lo.distance_tok);
    cli_put_number(c, "hi", t->hi.distance_tok);
    cli_put_text(c, "status",
                 (t->lo.caveats | t->hi.caveats) & ROPELAW_CAVEAT_UNBOUNDED ? "UNBOUNDED"
                 : isnan(t->lo.distance_tok)                                ? "UNKNOWN"
                                                                            : "BOUNDED");
}

static void put_diagnostics(cli_value *row, const ropelaw_run_fit *f) {
    const ropelaw_fit_diagnostics *d = &f->diagnostics;
    cli_value *v = cli_put(row, "diagnostics", cli_object());
    cli_put_number(v, "largest_influence_ln", d->largest_influence);
    cli_put_number(v, "most_influential_point", (double)d->most_influential);
    cli_put_number(v, "skewness", d->skewness);
    cli_put_number(v, "kurtosis_excess", d->kurtosis_excess);
    cli_put_number(v, "lag1", d->lag1);
    cli_put_number(v, "n_implied", d->n_implied);
    cli_put_bool(v, "too_narrow", d->too_narrow);
}

static int put_residuals(cli_context *c, cli_value *row, const ropelaw_run *run, const ropelaw_run_fit *f) {
    ropelaw_error error = {0};
    double *memory = calloc(6 * f->n + 1, sizeof *memory);
    if (!memory)
        return cli_fail(c, &(ropelaw_error){.code = ROPELAW_NOMEM, .message = "no memory for residuals"});
    ropelaw_residual_rows rows = {
        memory, memory + f->n, memory + 2 * f->n, memory + 3 * f->n, memory + 4 * f->n, memory + 5 * f->n};
    ropelaw_status status = ropelaw_run_residuals(run, f, &rows, &error);
    if (!status) {
        cli_value *list = cli_put(row, "residuals", cli_array());
        for (size_t i = 0; i < f->n; i++) {
            cli_value *v = cli_put(list, NULL, cli_object());
            cli_put_number(v, "x", rows.x[i]);
            cli_put_number(v, "y", rows.y[i]);
            cli_put_number(v, "fitted", rows.fitted[i]);
            cli_put_number(v, "residual", rows.residual[i]);
            cli_put_number(v, "normal_score", rows.normal_score[i]);
            cli_put_number(v, "influence_ln", rows.influence[i]);
        }
    }
    free(memory);
    if (!status || status == ROPELAW_UNSUPPORTED) return CLI_OK;
    return cli_fail(c, &error);
}

static int put_run(cli_context *c, cli_value *array, const ropelaw_run *run, const ropelaw_run_fit *f) {
    cli_value *row = cli_put(array, NULL, cli_object());
    cli_put_text(row, "run", run->name);
    cli_put_number(row, "n", (double)f->n);
    cli_put_number(row, "n_lengths", (double)f->n_lengths);
    cli_put_number(row, "n_censored", (double)f->n_censored);
    cli_put_number(row, "len_min", f->len_min_tok);
    cli_put_number(row, "len_max", f->len_max_tok);
    cli_put_text(row, "status", ropelaw_fit_status_str(f->status));
    cli_put_text(row, "family", f->family ? f->family->name : NULL);
    put_onsets(row, f);
    put_estimate(row, "break", &f->break_tok);
    cli_put_number(row, "p_break", f->p_break);
    cli_put_number(row, "sup_f", f->sup_f);
    cli_put_number(row, "p_davies", f->p_davies);
    put_theory(row, &f->theory);
    put_slope(row, "slope_before", &f->slope_before);
    put_slope(row, "slope_after", &f->slope_after);
    put_slope(row, "width_ln", &f->width);
    cli_put_number(row, "sigma", f->sigma);
    cli_put_number(row, "df", f->df);
    put_families(row, f);
    put_diagnostics(row, f);
    cli_put_caveats(row, "caveats", run_caveats(f));
    return cli_given(c, "residuals") ? put_residuals(c, row, run, f) : CLI_OK;
}

/* ---- Tables */

/* One row per run: for people the intervals are in the cells, for machines in columns of their own. */
static int people_table(cli_context *c, const ropelaw_series *series, const ropelaw_run_fit *fits) {
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

static int machine_table(cli_context *c, const ropelaw_series *series, const ropelaw_run_fit *fits) {
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

/* ---- Options and input */

static int read_options(cli_context *c, ropelaw_fit_options *o) {
    size_t n_eps = 0;
    const double *eps = cli_numbers(c, "eps", &n_eps);
    if (n_eps > ROPELAW_EPS_MAX) return cli_usage(c, "--eps takes at most %d values", ROPELAW_EPS_MAX);
    for (size_t k = 0; k < n_eps; k++) o->eps[k] = eps[k];
    if (n_eps) o->n_eps = n_eps;
    o->level = cli_number(c, "level", o->level);
    o->sigma = cli_number(c, "sigma", NAN);
    o->n_draws = (size_t)cli_number(c, "draws", (double)o->n_draws);
    o->all_families = cli_given(c, "all-families");
    o->seed = c->seed;
    o->threads = c->threads;
    static const char *const words[] = {"line", "minimum", "length", "value"};
    const char *word = cli_text(c, "reference", "line");
    for (size_t k = 0; k < CLI_COUNT_OF(words); k++)
        if (!strcmp(word, words[k])) o->reference = (ropelaw_reference)k;
    o->reference_value = cli_number(c, "reference-value", NAN);
    if (o->reference >= ROPELAW_REFERENCE_LENGTH && !cli_given(c, "reference-value"))
        return cli_usage(c, "--reference %s needs --reference-value", word);
    return CLI_OK;
}

static int read_series(cli_context *c, ropelaw_series *series) {
    ropelaw_error error = {0};
    for (size_t i = 0; i < c->n_arguments; i++) {
        ropelaw_series next;
        if (ropelaw_series_read(c->arguments[i], &next, &error)) return cli_fail(c, &error);
        for (size_t k = 0; k < next.n_notes; k++) cli_note(c, "%s", next.notes[k]);
        ropelaw_status status = ropelaw_series_merge(series, &next, &error);
        ropelaw_series_clear(&next);
        if (status) return cli_fail(c, &error);
    }
    return CLI_OK;
}

static void put_input(cli_context *c, const ropelaw_series *series, const ropelaw_fit_options *o) {
    cli_value *files = cli_put(c->input, "files", cli_array());
    for (size_t i = 0; i < c->n_arguments; i++) cli_put_text(files, NULL, c->arguments[i]);
    cli_put_number(c->input, "n_runs", (double)series->n_runs);
    cli_put_number(c->input, "level", o->level);
    cli_value *eps = cli_put(c->input, "eps", cli_array());
    for (size_t k = 0; k < o->n_eps; k++) cli_put_number(eps, NULL, o->eps[k]);
    cli_put_text(c->input, "reference", cli_text(c, "reference", "line"));
    cli_put_number(c->input, "reference_value", o->reference_value);
    cli_put_number(c->input, "draws", (double)o->n_draws);
    cli_put_number(c->input, "seed", (double)o->seed);
    cli_put_number(c->input, "sigma", o->sigma);
}

static void explain_run(cli_context *c, const ropelaw_run *run, const ropelaw_run_fit *f) {
    if (isnan(f->soft[0])) return;
    cli_explain(c, "%s: ln ppl = %s + %s (x - %s) + %s %s ln(1 + e^((x - %s)/%s)), x = ln length", run->name,
                cli_num(f->soft[0], 6), cli_num(f->soft[1], 6), cli_num(f->soft[3], 6),
                cli_num(exp(f->soft[2]), 6), cli_num(exp(f->soft[4]), 6), cli_num(f->soft[3], 6),
                cli_num(exp(f->soft[4]), 6));
}

static int answer(cli_context *c, const ropelaw_series *series, const ropelaw_fit_options *o,
                  ropelaw_run_fit *fits) {
    ropelaw_error error = {0};
    ropelaw_fit_options options = *o;
    options.progress = cli_progress(c, "fitting runs");
    if (ropelaw_series_fit(series, &options, fits, &error)) return cli_fail(c, &error);
    cli_value *runs = cli_put(c->result, "runs", cli_array());
    int code = CLI_OK;
    for (size_t i = 0; i < series->n_runs && !code; i++) {
        code = put_run(c, runs, &series->runs[i], &fits[i]);
        explain_run(c, &series->runs[i], &fits[i]);
    }
    if (code) return code;
    bool people = strcmp(c->format, "csv") && strcmp(c->format, "tsv");
    code = people ? people_table(c, series, fits) : machine_table(c, series, fits);
    if (!code) code = tell_all(c, series, fits);
    if (code) return code;
    if (c->text)
        fprintf(c->text,
                "\nbreak: exact hinge, %s %% interval by conditional simulation (%s draws, seed %llu).\n"
                "+eps: where the soft curve exceeds its reference (%s) by eps, profile-F interval.\n"
                "measured/theory: of the onset; in parentheses, of the measured lengths that bracket it.\n"
                "phase coverage: last good distance for phi 0 to 1 rad, of any method whose frequencies the "
                "file's facts fix.\n",
                cli_num(100 * o->level, 4), cli_num((double)o->n_draws, 0), (unsigned long long)o->seed,
                cli_text(c, "reference", "line"));
    cli_source(c, "hinge: Hudson 1966; exact interval: Knowles, Siegmund, Zhang 1991, simulated; theory: "
                  "arXiv:2310.05209");
    return fit_law_answer(c, series, o->level);
}

static int run(cli_context *c) {
    ropelaw_fit_options options = ropelaw_fit_options_default;
    ropelaw_series series;
    memset(&series, 0, sizeof series);
    int code = read_options(c, &options);
    if (!code) code = read_series(c, &series);
    if (!code) {
        put_input(c, &series, &options);
        ropelaw_run_fit *fits = calloc(series.n_runs + 1, sizeof *fits);
        code =
            fits ? answer(c, &series, &options, fits)
                 : cli_fail(c, &(ropelaw_error){.code = ROPELAW_NOMEM, .message = "no memory for the fits"});
        free(fits);
    }
    ropelaw_series_clear(&series);
    return code;
}

static const cli_option options[] = {
    {"level",           CLI_NUMBER,  "P",                         "level of all intervals (0.95)"                                  },
    {"eps",             CLI_NUMBERS, "E,...",                     "excess that makes an onset (0.1,0.5)"                           },
    {"reference",       CLI_CHOICE,  "line|minimum|length|value",
     "what the excess is measured from (line: before the break)"                                                                   },
    {"reference-value", CLI_LENGTH,  "V",                         "tokens for --reference length, perplexity for --reference value"},
    {"sigma",           CLI_NUMBER,  "S",                         "noise of ln(ppl), if it is known (estimated)"                   },
    {"draws",           CLI_COUNT,   "N",                         "simulated curves of the exact interval (4999)"                  },
    {"all-families",    CLI_FLAG,    NULL,                        "compare BNSL_2 as well (slow)"                                  },
    {"residuals",       CLI_FLAG,    NULL,
     "with --format json: residuals, normal scores and influence of every point"                                                   },
    FIT_LAW_OPTIONS,
    {NULL,              CLI_FLAG,    NULL,                        NULL                                                             }
};

const cli_command cmd_fit = {
    .name = "fit",
    .summary = "onsets and the law from measured perplexity, loss or accuracy",
    .arguments = "FILE...",
    .least = 1,
    .most = -1,
    .options = options,
    .help = "Reads long CSV files (run, eval_len_tok, and ppl, loss_nats or accuracy) and prints, run by "
            "run, where the curve\n"
            "leaves its plateau: the bracket of measured lengths, the break with its exact interval, the "
            "onsets with theirs,\n"
            "and theory beside them. A run that shows no break says so; nothing is printed that its points "
            "cannot carry.",
    .example =
        "ropelaw fit data/curves/yarn_llama2_128k.csv\nropelaw fit --eps 0.05,0.1 --format json runs.csv",
    .run = run};
