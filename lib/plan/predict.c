/* One question to the law, to phase coverage and to every predictor. */
#include "plan/plan.h"
#include <math.h>

static void fill_input(const ropelaw_plan_model *model, const ropelaw_plan_options *options,
                       const ropelaw_setting *doubled, ropelaw_arcs *arcs, ropelaw_predictor_input *input) {
    *input = ropelaw_predictor_input_default;
    input->setting = *doubled;
    input->phi_rad = options->phi_hi_rad;
    input->eps = options->eps;
    input->critical_dim = options->critical_dim;
    input->n_layers = model->n_layers;
    input->law = options->law;
    if (!options->freqs.n_pairs) return;
    *arcs = (ropelaw_arcs){options->freqs.n_pairs, options->freqs.pretrain_freq, options->freqs.tune_freq,
                           doubled->train_len_tok, fmax(doubled->train_len_tok, doubled->tune_len_tok)};
    input->arcs = arcs;
}

static ropelaw_status coverage_of(const ropelaw_predictor_input *input, double phi_rad, int bidirectional,
                                  ropelaw_coverage *coverage, ropelaw_error *error) {
    ropelaw_status s = input->arcs ? ropelaw_coverage_eval(input->arcs, phi_rad, coverage, error)
                                   : ropelaw_coverage_base_eval(&input->setting, phi_rad, coverage, error);
    if (!s) plan_halve(coverage, bidirectional);
    return s;
}

static ropelaw_status fill_rows(const ropelaw_predictor_input *input, int slow, ropelaw_plan_result *r,
                                ropelaw_error *error) {
    for (size_t i = 0; i < ropelaw_predictor_count() && r->n_rows < ROPELAW_PLAN_PREDICTORS_MAX; i++) {
        const ropelaw_predictor *p = ropelaw_predictor_at(i);
        if (p->slow && !slow) continue;
        ropelaw_plan_row *row = &r->rows[r->n_rows];
        row->predictor = p;
        ropelaw_status s = ropelaw_predictor_eval(p, input, &row->prediction, error);
        if (s) return s;
        if (r->bidirectional && p->kind == ROPELAW_PREDICTS_LENGTH)
            row->prediction.value = row->prediction.pair == ROPELAW_NO_PAIR
                                        ? row->prediction.value / 2
                                        : floor(row->prediction.value / 2);
        r->n_rows++;
    }
    return ROPELAW_OK;
}

ropelaw_status ropelaw_plan_predict(const ropelaw_plan_model *model, const ropelaw_plan *plan,
                                    const ropelaw_plan_options *options, ropelaw_plan_result *result,
                                    ropelaw_error *error) {
    if (!result) return core_fail(error, ROPELAW_INVALID, "result", "NULL", "an object", "result is NULL");
    if (!options) options = &ropelaw_plan_options_default;
    ropelaw_plan_result r = {0};
    ropelaw_status s = plan_setting(model, plan, &r.setting, error);
    if (s) return s;
    r.bidirectional = model->bidirectional != 0;
    ropelaw_setting doubled = plan_doubled(&r.setting, r.bidirectional);
    ropelaw_arcs arcs;
    ropelaw_predictor_input input;
    fill_input(model, options, &doubled, &arcs, &input);
    s = plan_law(&r.setting, r.bidirectional, &r.law, error);
    if (!s) s = coverage_of(&input, options->phi_lo_rad, r.bidirectional, &r.lo, error);
    if (!s) s = coverage_of(&input, options->phi_hi_rad, r.bidirectional, &r.hi, error);
    if (!s) s = fill_rows(&input, options->slow, &r, error);
    if (s) return s;
    r.caveats = r.law.caveats | (input.arcs ? ROPELAW_CAVEAT_METHOD : 0);
    *result = r;
    return ROPELAW_OK;
}
