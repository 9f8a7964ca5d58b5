#include "rope/method_entry.h"

static void exact(const rope_request *r, double *inv_freq) {
    for (size_t n = 0; n < r->n_pairs; n++) inv_freq[n] /= r->factor;
}

static void hf(const rope_request *r, const float *power, float *inv_freq) {
    float factor = (float)r->factor;
    for (size_t n = 0; n < r->n_pairs; n++) inv_freq[n] = 1.0f / power[n] / factor;
}

const rope_method rope_method_linear = {
    .about = {.name = "linear",
              .aliases = "pi position-interpolation",
              .title = "Position Interpolation: every position divided by the factor",
              .formula = "base^(-2n/d) / factor",
              .source = "Chen et al. 2023 (arXiv:2306.15595) eq 4; transformers 4.57 linear",
              .limits = "needs tuning; neighbouring tokens lose resolution by the factor",
              .uses = ROPELAW_USES_FACTOR},
    .exact = exact,
    .hf = hf,
    .ggml = ROPE_GGML_LINEAR,
};
