#include "law/predictor.h"

static ropelaw_status predict(const ropelaw_predictor_input *input, ropelaw_prediction *p,
                              ropelaw_error *error) {
    ropelaw_bound b;
    ropelaw_status s = ropelaw_bound_eval(&input->setting, &b, error);
    if (s) return s;
    uint32_t kept = b.caveats & (ROPELAW_CAVEAT_OUTSIDE_THEORY | ROPELAW_CAVEAT_TUNE_BELOW_TRAIN |
                                 ROPELAW_CAVEAT_ILL_CONDITIONED);
    if (b.critical.full) kept |= ROPELAW_CAVEAT_UNBOUNDED;
    *p = (ropelaw_prediction){b.bound_16b_tok, ROPELAW_NO_PAIR, kept | law_method_caveat(input)};
    return ROPELAW_OK;
}

const ropelaw_predictor law_predictor_closed_form_16b = {
    .name = "closed_form_16b",
    .title = "(16b) whatever the regime",
    .formula = "2*pi*base^(critical_dim/d)",
    .source = "Liu et al. 2024, arXiv:2310.05209, eq 16b",
    .limits = "ignores tune_len; as pre-trained it exceeds train_len by the slack of the ceiling",
    .kind = ROPELAW_PREDICTS_LENGTH,
    .predict = predict,
};
