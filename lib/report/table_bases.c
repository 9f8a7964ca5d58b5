/* Bound of one model for a list of bases and tuning lengths. */
#include "report/rows.h"
#include <ropelaw/number.h>
#include <stdio.h>

enum { MOST_LENGTHS = 16 };

static const double default_bases[] = {500, 1e4, 2e4, 4e4, 8e4, 1.6e5, 3.2e5, 6e5, 1e6};

static ropelaw_status add_base(report_rows *rows, ropelaw_setting setting, const double *lengths, size_t n,
                               uint32_t *caveats) {
    report_number(rows, setting.tune_base);
    for (size_t i = 0; i < n && !rows->status; i++) {
        ropelaw_bound bound;
        setting.tune_len_tok = lengths[i];
        rows->status = ropelaw_bound_eval(&setting, &bound, rows->error);
        if (rows->status) break;
        report_number(rows, bound.bound_tok);
        *caveats |= bound.caveats;
    }
    return rows->status;
}

static void describe(const ropelaw_report_model *model, char *title, size_t size) {
    char base[ROPELAW_NUMBER_SIZE], length[ROPELAW_NUMBER_SIZE];
    snprintf(
        title, size, "Extrapolation bound of %.60s (d %zu, base %s, %s tokens) by tuning base and length",
        model->name, model->setting.rotary_dim, ropelaw_number_str(model->setting.pretrain_base, 0, base),
        ropelaw_number_str(model->setting.train_len_tok, 0, length));
}

static ropelaw_status build(const ropelaw_report_input *input, ropelaw_table **table, uint32_t *caveats,
                            ropelaw_error *error) {
    ropelaw_column columns[1 + MOST_LENGTHS] = {
        {"tune_base", "base", ROPELAW_COLUMN_NUMBER, 0}
    };
    char names[MOST_LENGTHS][64], headings[MOST_LENGTHS][64], number[ROPELAW_NUMBER_SIZE], title[200];
    if (input->n_models != 1)
        return core_fail(error, ROPELAW_INVALID, "model", "", "one model",
                         "table bases takes exactly one model");
    const ropelaw_setting *s = &input->models[0].setting;
    double defaults[3] = {s->train_len_tok, 4 * s->train_len_tok, 8 * s->train_len_tok};
    const double *bases = input->n_bases ? input->bases : default_bases;
    const double *lengths = input->n_tune_lens ? input->tune_lens_tok : defaults;
    size_t n = input->n_tune_lens ? input->n_tune_lens : CORE_COUNT(defaults);
    if (n > MOST_LENGTHS)
        return core_fail(error, ROPELAW_SHAPE, "tune_len", "", "at most 16", "more than 16 tuning lengths");
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "bound_tok_tuned_%s", ropelaw_number_str(lengths[i], 0, number));
        report_length_str(lengths[i], number, sizeof number);
        snprintf(headings[i], sizeof headings[i], "tuned at %s", number);
        columns[1 + i] = (ropelaw_column){names[i], headings[i], ROPELAW_COLUMN_NUMBER, 6};
    }
    describe(&input->models[0], title, sizeof title);
    report_rows rows = report_rows_start(title, columns, 1 + n, error);
    size_t n_bases = input->n_bases ? input->n_bases : CORE_COUNT(default_bases);
    for (size_t i = 0; i < n_bases && !rows.status; i++) {
        ropelaw_setting setting = *s;
        setting.tune_base = bases[i];
        add_base(&rows, setting, lengths, n, caveats);
    }
    report_note(
        &rows,
        "Closed form (16a-c); a tuned length below the training length counts as the training length.");
    return report_rows_end(&rows, table);
}

const ropelaw_report_table report_table_bases = {"bases",
                                                 "bound by tuning base and tuning length; reads one model, "
                                                 "bases and tuning lengths (1, 4, 8 times training)",
                                                 "Liu et al. 2024 (arXiv:2310.05209), Theorem 3", build};
