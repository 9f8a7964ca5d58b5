#include "law/predictor.h"
#include <ropelaw/long_range.h>

static ropelaw_status predict(const ropelaw_predictor_input *input, ropelaw_prediction *p,
                              ropelaw_error *error) {
    const ropelaw_setting *x = &input->setting;
    ropelaw_long_range_len len;
    if (!input->arcs) {
        ropelaw_status s = ropelaw_long_range_len_find(x->tune_base, x->rotary_dim, &len, error);
        if (!s) *p = (ropelaw_prediction){len.len_tok, ROPELAW_NO_PAIR, len.caveats};
        return s;
    }
    size_t n = (size_t)ROPELAW_LONG_RANGE_LEN_MAX, first;
    ropelaw_status s =
        ropelaw_long_range_count(input->arcs->tune_freq, input->arcs->n_pairs, n, NULL, &first, error);
    if (s) return s;
    *p = (ropelaw_prediction){first < n ? (double)first : NAN, ROPELAW_NO_PAIR,
                              first < n ? 0 : ROPELAW_CAVEAT_CENSORED};
    return ROPELAW_OK;
}

const ropelaw_predictor law_predictor_long_range = {
    .name = "long_range",
    .title = "longest length at which similar tokens stay ahead of random ones",
    .formula = "first m with sum_n cos(m theta_n) < 0",
    .source =
        "Men et al. 2024, arXiv:2405.14591, eq 9, 10; distances to L-1 after Su, kexue.fm/archives/10122",
    .limits = "about retrieval from random vectors, not about perplexity; searched up to 2^24",
    .kind = ROPELAW_PREDICTS_LENGTH,
    .slow = 1,
    .predict = predict,
};
