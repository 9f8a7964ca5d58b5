#include "rope/method_entry.h"

/* rint rounds half to even in the default mode, as torch.round does. */
void rope_resonance_exact(const rope_request *r, double *inv_freq) {
    for (size_t n = 0; n < r->n_pairs; n++)
        if (inv_freq[n] > 0) inv_freq[n] = ROPE_TWO_PI / rint(ROPE_TWO_PI / inv_freq[n]);
}

void rope_resonance_float(const rope_request *r, float *inv_freq) {
    float two_pi = (float)ROPE_TWO_PI;
    for (size_t n = 0; n < r->n_pairs; n++)
        if (inv_freq[n] > 0) inv_freq[n] = two_pi / rintf(two_pi / inv_freq[n]);
}

static void hf(const rope_request *r, const float *power, float *inv_freq) {
    for (size_t n = 0; n < r->n_pairs; n++) inv_freq[n] = 1.0f / power[n];
    rope_resonance_float(r, inv_freq);
}

const rope_method rope_method_resonance = {
    .about = {.name = "resonance",
              .aliases = "resonance-rope",
              .title = "Resonance RoPE: every period rounded to whole tokens",
              .formula = "2 pi / round(2 pi base^(2n/d)), half to even",
              .source = "Wang et al. 2024 (arXiv:2403.00071)",
              .limits = "the option `resonance` does the same after any other method",
              .uses = 0},
    .exact = rope_resonance_exact,
    .hf = hf,
};
