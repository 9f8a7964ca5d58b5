/* Which rule predicts better? Brackets of measured runs through ropelaw_compare_rules. */
#include "report/rows.h"
#include <ropelaw/compare.h>
#include <ropelaw/fit.h>
#include <math.h>
#include <string.h>

static const ropelaw_column columns[] = {
    {"rule",       NULL,                      ROPELAW_COLUMN_TEXT,   0},
    {"n",          "runs",                    ROPELAW_COLUMN_NUMBER, 0},
    {"n_models",   "models",                  ROPELAW_COLUMN_NUMBER, 0},
    {"rms",        "RMS",                     ROPELAW_COLUMN_NUMBER, 3},
    {"lo",         "measured/rule",           ROPELAW_COLUMN_NUMBER, 3},
    {"hi",         "to",                      ROPELAW_COLUMN_NUMBER, 3},
    {"parameter",  "fitted number",           ROPELAW_COLUMN_TEXT,   0},
    {"fitted",     "fitted to all",           ROPELAW_COLUMN_NUMBER, 3},
    {"rms_fitted", "RMS then",                ROPELAW_COLUMN_NUMBER, 3},
    {"rms_out",    "RMS, left out",           ROPELAW_COLUMN_NUMBER, 3},
    {"out_lo",     "measured/rule, left out", ROPELAW_COLUMN_NUMBER, 3},
    {"out_hi",     "to, left out",            ROPELAW_COLUMN_NUMBER, 3},
};

static bool plain(const ropelaw_run *run) {
    return !run->method || !*run->method || !strcmp(run->method, "default");
}

/* The bracket of a run at +0.2 nat (a factor 1.22 in perplexity); false if the rules say nothing about the run. */
static bool bracket(const ropelaw_run *run, double *len, double *value, ropelaw_compare_case *c) {
    if (run->kind != ROPELAW_VALUE_LOSS && run->kind != ROPELAW_VALUE_PPL) return false;
    if (!plain(run) || !run->n_points || !(run->base >= run->pretrain_base) || !(run->train_len_tok >= 7) ||
        !(run->tune_len_tok >= run->train_len_tok) || !(run->rotary_dim >= 2))
        return false;
    for (size_t i = 0; i < run->n_points; i++) {
        len[i] = run->points[i].eval_len_tok;
        value[i] = run->kind == ROPELAW_VALUE_LOSS ? exp(run->points[i].value) : run->points[i].value;
    }
    ropelaw_bracket_find(len, value, run->n_points, expm1(0.2), &c->lo_tok, &c->hi_tok);
    if (isnan(c->lo_tok)) c->lo_tok = isnan(c->hi_tok) ? len[run->n_points - 1] : 1;
    if (isnan(c->hi_tok)) c->hi_tok = INFINITY;
    c->model = run->model && *run->model ? run->model : run->name;
    c->setting = (ropelaw_setting){(size_t)run->rotary_dim, run->pretrain_base, run->train_len_tok, run->base,
                                   run->tune_len_tok};
    return true;
}

static void add_rows(report_rows *rows, const ropelaw_compare_row *made) {
    for (size_t i = 0; i < ROPELAW_COMPARE_RULES; i++) {
        const ropelaw_compare_row *r = &made[i];
        report_text(rows, r->rule);
        report_number(rows, (double)r->n_cases);
        report_number(rows, (double)r->n_models);
        report_number(rows, r->rms), report_number(rows, r->lo), report_number(rows, r->hi);
        report_text(rows, r->parameter);
        report_number(rows, r->fitted), report_number(rows, r->rms_fitted);
        bool alone = r->n_models < 2;
        report_number(rows, r->rms_out);
        report_number(rows, alone ? NAN : r->out_lo), report_number(rows, alone ? NAN : r->out_hi);
    }
}

static ropelaw_status build(const ropelaw_report_input *input, ropelaw_table **table, uint32_t *caveats,
                            ropelaw_error *error) {
    (void)caveats;
    const ropelaw_series *s = input->series;
    size_t n_runs = s ? s->n_runs : 0, longest = 1, n = 0;
    for (size_t i = 0; i < n_runs; i++)
        if (s->runs[i].n_points > longest) longest = s->runs[i].n_points;
    ropelaw_compare_case *cases = core_calloc(n_runs + 1, sizeof *cases);
    double *len = core_malloc(2 * longest, sizeof *len);
    ropelaw_compare_row made[ROPELAW_COMPARE_RULES];
    ropelaw_status status = cases && len ? ROPELAW_OK : core_fail_memory(error, n_runs + 1, sizeof *cases);
    for (size_t i = 0; i < n_runs && !status; i++) n += bracket(&s->runs[i], len, len + longest, &cases[n]);
    if (!status && !n)
        status = core_fail(
            error, ROPELAW_INVALID, "series", "", "at least one such run",
            "table rules needs runs of losses or perplexities with plain RoPE, a base of at least the "
            "pre-training base, and known lengths");
    if (!status) status = ropelaw_compare_rules(cases, n, made, error);
    core_free(cases);
    core_free(len);
    report_rows rows = {.status = status, .error = error};
    if (!status) rows = report_rows_start("Which rule predicts better", columns, CORE_COUNT(columns), error);
    if (!rows.status) add_rows(&rows, made);
    report_note(
        &rows,
        "RMS of ln(measured/rule); measured: the bracket in which the loss passes 0.2 nat above its running "
        "minimum, by its nearer end, 0 inside. Each rule as it stands, with its number fitted to all "
        "runs, and with the number fitted to the other models.");
    return report_rows_end(&rows, table);
}

const ropelaw_report_table report_table_rules = {
    "rules", "how well each rule of extrapolation predicts measured runs; reads a series of runs",
    "docs/experiment.md; rules as ropelaw/compare.h defines them", build};
