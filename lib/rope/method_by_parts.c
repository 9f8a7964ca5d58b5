#include "rope/method_entry.h"

/* A pair that turns r times in training is left alone above beta_fast turns, interpolated below
   beta_slow, and mixed linearly in r between. beta_slow = beta_fast is a step. */
void rope_turns_ramp(const rope_request *r, double *inv_freq) {
    double slow = r->params->beta_slow, fast = r->params->beta_fast;
    for (size_t n = 0; n < r->n_pairs; n++) {
        double turns = r->params->train_len * inv_freq[n] / ROPE_TWO_PI;
        double gamma = turns < slow ? 0 : turns >= fast ? 1 : (turns - slow) / (fast - slow);
        inv_freq[n] = (1 - gamma) * inv_freq[n] / r->factor + gamma * inv_freq[n];
    }
}

static double attention(const rope_request *r) {
    return r->params->attention_factor > 0 ? r->params->attention_factor : 1;
}

const rope_method rope_method_by_parts = {
    .about = {.name = "ntk-by-parts",
              .aliases = "ntk_by_parts",
              .title = "NTK-by-parts: pairs chosen by their turns in training, no attention factor",
              .formula =
                  "(1-g) theta/factor + g theta, g = clamp((r - beta_slow) / (beta_fast - beta_slow), 0, 1),"
                  " r = train_len theta / 2 pi", .source = "Peng et al. 2023 (arXiv:2309.00071) eq 17, 18, 20",
              .limits = "released code ramps over the index instead: see yarn",
              .uses =
                  ROPELAW_USES_FACTOR | ROPELAW_USES_TRAIN_LEN | ROPELAW_USES_BETA | ROPELAW_USES_ATTENTION},
    .exact = rope_turns_ramp,
    .attention = attention,
};
