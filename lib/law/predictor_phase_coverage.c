#include "law/predictor.h"

static ropelaw_status predict(const ropelaw_predictor_input *input, ropelaw_prediction *p,
                              ropelaw_error *error) {
    ropelaw_coverage c;
    ropelaw_status s = input->arcs ? ropelaw_coverage_eval(input->arcs, input->phi_rad, &c, error)
                                   : ropelaw_coverage_base_eval(&input->setting, input->phi_rad, &c, error);
    if (!s) *p = (ropelaw_prediction){c.bound_tok, c.pair, c.caveats};
    return s;
}

const ropelaw_predictor law_predictor_phase_coverage = {
    .name = "phase_coverage",
    .title = "phase coverage with tolerance phi (1 rad)",
    .formula = "floor(min over unsafe pairs of max((train_len-1) a_n/w_n, tune_len-1) + phi/w_n) + 1",
    .source = "ropelaw, docs/laws.md, \"Phase coverage\"",
    .limits = "phi = 1 rad was found on small models; large models lie between strict and this",
    .kind = ROPELAW_PREDICTS_LENGTH,
    .predict = predict,
};
