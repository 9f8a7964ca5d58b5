#include "law/predictor.h"

static ropelaw_status predict(const ropelaw_predictor_input *input, ropelaw_prediction *p,
                              ropelaw_error *error) {
    ropelaw_bound b;
    ropelaw_status s = ropelaw_bound_eval(&input->setting, &b, error);
    if (s) return s;
    uint32_t bits =
        b.caveats & ~(uint32_t)ROPELAW_CAVEAT_NOT_MONOTONE; /* without the ceiling nothing drops */
    *p = (ropelaw_prediction){b.bound_real_tok, ROPELAW_NO_PAIR, bits | law_method_caveat(input)};
    return ROPELAW_OK;
}

const ropelaw_predictor law_predictor_closed_form_real = {
    .name = "closed_form_real",
    .title = "the law without its ceiling",
    .formula = "base > critical_base: 2*pi*base^(critical_dim_real/d); else tune_len",
    .source = "ropelaw, from Liu et al. 2024, arXiv:2310.05209",
    .limits = "continuous and monotone; at most a factor base^(2/d) below closed_form",
    .kind = ROPELAW_PREDICTS_LENGTH,
    .predict = predict,
};
