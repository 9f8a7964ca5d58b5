#include "law/predictor.h"

static ropelaw_status predict(const ropelaw_predictor_input *input, ropelaw_prediction *p,
                              ropelaw_error *error) {
    ropelaw_coverage c;
    ropelaw_status s = input->arcs ? ropelaw_coverage_eval(input->arcs, 0, &c, error)
                                   : ropelaw_coverage_base_eval(&input->setting, 0, &c, error);
    if (!s) *p = (ropelaw_prediction){c.bound_tok, c.pair, c.caveats};
    return s;
}

const ropelaw_predictor law_predictor_strict = {
    .name = "strict",
    .title = "phase coverage with no tolerance",
    .formula = "floor(min over unsafe pairs of max((train_len-1) a_n/w_n, tune_len-1)) + 1",
    .source = "ropelaw, docs/laws.md, \"Phase coverage\"",
    .limits = "low end of the span; not always safe (a large step in base with little tuning)",
    .kind = ROPELAW_PREDICTS_LENGTH,
    .predict = predict,
};
