#include "rope/method_entry.h"

static void exact(const rope_request *r, double *inv_freq) {
    for (size_t n = 0; n < r->n_pairs; n++) inv_freq[n] /= r->params->long_factor[n];
}

static void hf(const rope_request *r, const float *power, float *inv_freq) {
    for (size_t n = 0; n < r->n_pairs; n++)
        inv_freq[n] = 1.0f / ((float)r->params->long_factor[n] * power[n]);
}

static double attention(const rope_request *r) {
    return r->params->attention_factor > 0 ? r->params->attention_factor : 1;
}

const rope_method rope_method_factors = {
    .about = {.name = "factors",
              .aliases = "explicit freq-factors",
              .title = "explicit divisors, one a pair (the GGUF tensor rope_freqs.weight)",
              .formula = "base^(-2n/d) / long_factor[n]",
              .source = "llama.cpp rope_freqs.weight",
              .limits = "",
              .uses = ROPELAW_USES_FACTORS | ROPELAW_USES_ATTENTION},
    .exact = exact,
    .hf = hf,
    .attention = attention,
};
