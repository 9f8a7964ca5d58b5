#include "law/predictor.h"

static ropelaw_status predict(const ropelaw_predictor_input *input, ropelaw_prediction *p,
                              ropelaw_error *error) {
    if (!input->law) return ROPELAW_OK;
    double length, tune = fmax(input->setting.train_len_tok, input->setting.tune_len_tok);
    uint32_t caveats;
    ropelaw_status s =
        ropelaw_fitted_law_predict(input->law, input->setting.tune_base, tune, &length, &caveats, error);
    if (!s) *p = (ropelaw_prediction){length, ROPELAW_NO_PAIR, caveats | law_method_caveat(input)};
    return s;
}

const ropelaw_predictor law_predictor_fitted = {
    .name = "fitted",
    .title = "a law fitted to measured runs, median",
    .formula = "max(exp(intercept + slope * ln base), tune_len)",
    .source = "the user's measurements (ropelaw fit --save-law)",
    .limits = "within the bases that the fit saw; the only prediction with an interval",
    .kind = ROPELAW_PREDICTS_LENGTH,
    .predict = predict,
};
