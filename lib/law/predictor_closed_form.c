#include "law/predictor.h"

static ropelaw_status predict(const ropelaw_predictor_input *input, ropelaw_prediction *p,
                              ropelaw_error *error) {
    ropelaw_bound b;
    ropelaw_status s = ropelaw_bound_eval(&input->setting, &b, error);
    if (!s) *p = (ropelaw_prediction){b.bound_tok, ROPELAW_NO_PAIR, b.caveats | law_method_caveat(input)};
    return s;
}

const ropelaw_predictor law_predictor_closed_form = {
    .name = "closed_form",
    .title = "the law as printed, by regimes",
    .formula = "base > critical_base: 2*pi*base^(critical_dim/d); else tune_len",
    .source = "Liu et al. 2024, arXiv:2310.05209, eq 16a-c",
    .limits = "jumps at the critical base; stated for a pre-training base of 10000; a change of base only",
    .kind = ROPELAW_PREDICTS_LENGTH,
    .predict = predict,
};
