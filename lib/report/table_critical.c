/* Models by critical dimension: what pre-training left, the critical base for multiples of the training length, and
   the bound of the model as released. */
#include "report/rows.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_FACTORS = 8, BEFORE = 6, AFTER = 5 };

static const double default_factors[] = {2, 4, 8};

static const ropelaw_column before[BEFORE] = {
    {"model",             NULL,              ROPELAW_COLUMN_TEXT,   0},
    {"rotary_dim",        "d",               ROPELAW_COLUMN_NUMBER, 0},
    {"pretrain_base",     "base",            ROPELAW_COLUMN_NUMBER, 0},
    {"train_len_tok",     "train length",    ROPELAW_COLUMN_NUMBER, 0},
    {"critical_dim",      "critical dim",    ROPELAW_COLUMN_NUMBER, 0},
    {"critical_dim_real", "without ceiling", ROPELAW_COLUMN_NUMBER, 5}
};

static const ropelaw_column after[AFTER] = {
    {"method",       NULL,           ROPELAW_COLUMN_TEXT,   0},
    {"tune_base",    "tuned base",   ROPELAW_COLUMN_NUMBER, 0},
    {"tune_len_tok", "tuned length", ROPELAW_COLUMN_NUMBER, 0},
    {"regime",       NULL,           ROPELAW_COLUMN_TEXT,   0},
    {"bound_tok",    "bound",        ROPELAW_COLUMN_NUMBER, 6}
};

static ropelaw_status critical_bases(report_rows *rows, const ropelaw_setting *s, const double *factors,
                                     size_t n_factors) {
    for (size_t i = 0; i < n_factors && !rows->status; i++) {
        double base;
        rows->status = ropelaw_critical_base_eval(s->pretrain_base, s->train_len_tok,
                                                  factors[i] * s->train_len_tok, &base, rows->error);
        report_number(rows, base);
    }
    return rows->status;
}

static void add_model(report_rows *rows, const ropelaw_report_model *m, const double *factors,
                      size_t n_factors, uint32_t *caveats) {
    ropelaw_bound bound;
    const ropelaw_setting *s = &m->setting;
    if (!rows->status) rows->status = ropelaw_bound_eval(s, &bound, rows->error);
    if (rows->status) return;
    bool tuned = s->tune_base != s->pretrain_base || s->tune_len_tok != s->train_len_tok;
    report_text(rows, m->name);
    report_number(rows, (double)s->rotary_dim);
    report_number(rows, s->pretrain_base);
    report_number(rows, s->train_len_tok);
    report_number(rows, (double)bound.critical.dim);
    report_number(rows, bound.critical.dim_real);
    critical_bases(rows, s, factors, n_factors);
    bool plain = !m->method || !*m->method || !strcmp(m->method, "default");
    report_text(rows, plain ? "default" : m->method);
    report_number(rows, tuned ? s->tune_base : NAN);
    report_number(rows, tuned ? s->tune_len_tok : NAN);
    report_text(rows, plain ? ropelaw_regime_str(bound.regime) : NULL);
    report_number(rows, plain ? bound.bound_tok : NAN);
    *caveats |= plain ? bound.caveats : ROPELAW_CAVEAT_METHOD;
}

static void add_presets(report_rows *rows, const double *factors, size_t n_factors, uint32_t *caveats) {
    for (size_t i = 0; i < ropelaw_preset_count() && !rows->status; i++) {
        ropelaw_report_model model;
        if (!report_model_of(ropelaw_preset_get(i), &model, NULL))
            add_model(rows, &model, factors, n_factors, caveats);
    }
    report_note(
        rows, "Presets without a known rotary dimension, pre-training base or training length are left out.");
}

static ropelaw_status build(const ropelaw_report_input *input, ropelaw_table **table, uint32_t *caveats,
                            ropelaw_error *error) {
    ropelaw_column columns[BEFORE + MOST_FACTORS + AFTER];
    char names[MOST_FACTORS][64], headings[MOST_FACTORS][64], number[ROPELAW_NUMBER_SIZE];
    const double *factors = input->n_factors ? input->factors : default_factors;
    size_t n = input->n_factors ? input->n_factors : CORE_COUNT(default_factors);
    if (n > MOST_FACTORS)
        return core_fail(error, ROPELAW_SHAPE, "factors", "", "at most 8", "more than 8 factors");
    for (size_t i = 0; i < BEFORE; i++) columns[i] = before[i];
    for (size_t i = 0; i < n; i++) {
        ropelaw_number_str(factors[i], 0, number);
        snprintf(names[i], sizeof names[i], "critical_base_%sx", number);
        snprintf(headings[i], sizeof headings[i], "critical base %sx", number);
        columns[BEFORE + i] = (ropelaw_column){names[i], headings[i], ROPELAW_COLUMN_NUMBER, 6};
    }
    for (size_t i = 0; i < AFTER; i++) columns[BEFORE + n + i] = after[i];
    report_rows rows = report_rows_start("Critical dimension, critical base and extrapolation bound", columns,
                                         BEFORE + n + AFTER, error);
    for (size_t i = 0; i < input->n_models; i++) add_model(&rows, &input->models[i], factors, n, caveats);
    if (!input->n_models) add_presets(&rows, factors, n, caveats);
    report_note(&rows,
                "Critical base Nx: equation (16a) for N times the training length; bound: (16a-c) with the "
                "tuned base and length, the training length where there is none; "
                "none for methods outside the closed form.");
    return report_rows_end(&rows, table);
}

const ropelaw_report_table report_table_critical = {
    "critical",
    "models by critical dimension, critical base and bound; reads models (all presets) and factors (2, 4, 8)",
    "Liu et al. 2024 (arXiv:2310.05209), Lemma 1 and Theorem 3", build};
