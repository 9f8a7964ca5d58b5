#include "law/predictor.h"

static ropelaw_status predict(const ropelaw_predictor_input *input, ropelaw_prediction *p,
                              ropelaw_error *error) {
    if (isnan(input->critical_dim)) return ROPELAW_OK;
    double d = (double)input->setting.rotary_dim;
    if (!(input->critical_dim > 0 && input->critical_dim <= d))
        return core_fail_number(error, ROPELAW_DOMAIN, "critical_dim", input->critical_dim,
                                "above 0, at most rotary_dim");
    double length = law_length(input->setting.tune_base, input->critical_dim, input->setting.rotary_dim);
    *p = (ropelaw_prediction){length, ROPELAW_NO_PAIR, law_method_caveat(input)};
    return ROPELAW_OK;
}

const ropelaw_predictor law_predictor_real_critical_dim = {
    .name = "real_critical_dim",
    .title = "(16b) with a critical dimension found by search or fit",
    .formula = "2*pi*base^(given_dim/d)",
    .source = "LongRoPE2, arXiv:2502.20082, section on the real critical dimension",
    .limits =
        "needs --critical-dim; LongRoPE2 finds it below the theory's (30 instead of 35 pairs for LLaMA3-8B)",
    .kind = ROPELAW_PREDICTS_LENGTH,
    .predict = predict,
};
