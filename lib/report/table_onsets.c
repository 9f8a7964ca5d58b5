/* Measured onsets against theory: brackets and breaks of the runs of a series, with the closed form and the span of
   phase coverage beside them. */
#include "report/rows.h"
#include <ropelaw/fit.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const ropelaw_column columns[] = {
    {"run",              NULL,                ROPELAW_COLUMN_TEXT,   0},
    {"n",                NULL,                ROPELAW_COLUMN_NUMBER, 0},
    {"status",           NULL,                ROPELAW_COLUMN_TEXT,   0},
    {"bracket_lo_tok",   "last below",        ROPELAW_COLUMN_NUMBER, 0},
    {"bracket_hi_tok",   "first above",       ROPELAW_COLUMN_NUMBER, 0},
    {"onset_tok",        "onset",             ROPELAW_COLUMN_NUMBER, 4},
    {"onset_lo_tok",     "from",              ROPELAW_COLUMN_NUMBER, 4},
    {"onset_hi_tok",     "to",                ROPELAW_COLUMN_NUMBER, 4},
    {"break_tok",        "break",             ROPELAW_COLUMN_NUMBER, 4},
    {"theory_bound_tok", "theory",            ROPELAW_COLUMN_NUMBER, 5},
    {"ratio",            "measured/theory",   ROPELAW_COLUMN_NUMBER, 3},
    {"ratio_lo",         "below/theory",      ROPELAW_COLUMN_NUMBER, 3},
    {"ratio_hi",         "above/theory",      ROPELAW_COLUMN_NUMBER, 3},
    {"coverage_lo_tok",  "coverage 0",        ROPELAW_COLUMN_NUMBER, 5},
    {"coverage_hi_tok",  "coverage 1 rad",    ROPELAW_COLUMN_NUMBER, 5},
    {"reason",           "no theory because", ROPELAW_COLUMN_TEXT,   0}
};

static void add_fit(report_rows *rows, const ropelaw_run *run, const ropelaw_run_fit *fit,
                    uint32_t *caveats) {
    const ropelaw_onset *onset = &fit->onset[0];
    report_text(rows, run->name);
    report_number(rows, (double)fit->n);
    report_text(rows, ropelaw_fit_status_str(fit->status));
    report_number(rows, onset->bracket_lo_tok);
    report_number(rows, onset->bracket_hi_tok);
    report_number(rows, onset->length_tok.est);
    report_number(rows, onset->length_tok.lo > 0 ? onset->length_tok.lo : NAN);
    report_number(rows, onset->length_tok.hi);
    report_number(rows, fit->break_tok.est);
    report_number(rows, fit->theory.bound_tok);
    report_number(rows, fit->theory.ratio);
    report_number(rows, fit->theory.ratio_lo);
    report_number(rows, fit->theory.ratio_hi);
    report_number(rows, floor(fit->theory.lo.distance_tok));
    report_number(rows, floor(fit->theory.hi.distance_tok));
    report_text(rows, fit->theory.reason && *fit->theory.reason ? fit->theory.reason : NULL);
    *caveats |= fit->caveats | fit->theory.caveats;
}

static ropelaw_status build(const ropelaw_report_input *input, ropelaw_table **table, uint32_t *caveats,
                            ropelaw_error *error) {
    if (!input->series || !input->series->n_runs)
        return core_fail(error, ROPELAW_INVALID, "series", "", "at least one run",
                         "table onsets needs measured runs");
    ropelaw_fit_options options = ropelaw_fit_options_default;
    options.progress = input->progress;
    options.threads = input->threads ? input->threads : 1;
    if (input->seed) options.seed = input->seed;
    size_t n = input->series->n_runs;
    ropelaw_run_fit *fits = core_calloc(n, sizeof *fits);
    if (!fits) return core_fail_memory(error, n, sizeof *fits);
    ropelaw_status status = ropelaw_series_fit(input->series, &options, fits, error);
    report_rows rows = {.status = status, .error = error};
    if (!status)
        rows = report_rows_start("Measured onset of extrapolation and theory", columns, CORE_COUNT(columns),
                                 error);
    for (size_t i = 0; i < n && !rows.status; i++) add_fit(&rows, &input->series->runs[i], &fits[i], caveats);
    core_free(fits);
    report_note(
        &rows,
        "Bracket: last length below and first length above 1.1 times the running minimum. Onset: the "
        "fitted curve 10 % above its line before the break, with its 95 % interval. Theory: closed form "
        "(16a-c). measured/theory: of the 50 % onset, or of the break where there is none; below and above: "
        "of the bracket. Coverage: last good distance of phase coverage with a tolerance of 0 and 1 rad.");
    return report_rows_end(&rows, table);
}

const ropelaw_report_table report_table_onsets = {
    "onsets", "measured onsets of runs with their brackets, beside the theory; reads a series of runs",
    "Liu et al. 2024 (arXiv:2310.05209), Theorem 3; onsets as ropelaw/fit.h defines them", build};
