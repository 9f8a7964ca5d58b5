/* Oka et al.: V(x) = 1/2 + sin(2x)/(4x) - (sin(x)/x)^2 is the variance of cos(theta m) over m uniform on [0, L],
 * x = theta L. It is largest at X, the smallest positive root of V'; the pair with theta = X/L has the index below. */
#include "law/predictor.h"

/* V'(X) = 0, X = 3.65721009798...; tests/golden/band.py solves it with 40 digits */
#define X 3.6572100979832104

ropelaw_status ropelaw_band_eval(size_t rotary_dim, double base, double train_len_tok, double *pair,
                                 ropelaw_error *error) {
    if (!pair) return law_null("pair", error);
    ropelaw_status s = rope_check_dim(rotary_dim, error);
    if (!s) s = rope_check_base("base", base, error);
    if (!s) s = rope_check_len("train_len", train_len_tok, error);
    if (!s) *pair = (double)rotary_dim / 2 * log(train_len_tok / X) / log(base);
    return s;
}

static ropelaw_status predict(const ropelaw_predictor_input *input, ropelaw_prediction *p,
                              ropelaw_error *error) {
    const ropelaw_setting *x = &input->setting;
    ropelaw_status s = ropelaw_band_eval(x->rotary_dim, x->pretrain_base, x->train_len_tok, &p->value, error);
    return s;
}

const ropelaw_predictor law_predictor_band = {
    .name = "band",
    .title = "pair whose cosine varies most over train_len",
    .formula = "(d/2) ln(train_len/3.65721) / ln(pretrain_base)",
    .source = "Oka et al., ICLR 2026, OpenReview PR1PPxvG9Q (read in notes)",
    .limits = "an index, not a length",
    .kind = ROPELAW_PREDICTS_INDEX,
    .predict = predict,
};
