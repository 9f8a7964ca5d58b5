#include "rope/method_entry.h"

/* int(partial * head_dim // 2): floats in Python, so floor of the double product. */
static size_t n_rotating(const rope_request *r) {
    return (size_t)floor(r->params->partial * r->denominator / 2);
}

static void exact(const rope_request *r, double *inv_freq) {
    size_t rotating = n_rotating(r);
    for (size_t n = 0; n < r->n_pairs; n++) inv_freq[n] = n < rotating ? inv_freq[n] / r->factor : 0;
}

static void hf(const rope_request *r, const float *power, float *inv_freq) {
    size_t rotating = n_rotating(r);
    for (size_t n = 0; n < r->n_pairs; n++)
        inv_freq[n] = n < rotating ? 1.0f / power[n] / (float)r->factor : 0;
}

static ropelaw_status check(const rope_request *r, ropelaw_error *error) {
    if (r->params->partial >= 0 && r->params->partial <= 1) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, "partial", r->params->partial, "[0, 1]");
}

const rope_method rope_method_proportional = {
    .about = {.name = "proportional",
              .aliases = "p-rope prope",
              .title = "p-RoPE: the fastest fraction of the pairs rotates, the rest carries no position",
              .formula = "base^(-2n/head_dim) / factor for n < floor(partial * head_dim / 2), else 0",
              .source = "Barbero et al. 2024 (arXiv:2410.06205); transformers 5 proportional (Gemma 4)",
              .limits = "partial 0 is NoPE: no pair rotates and no law holds",
              .uses = ROPELAW_USES_FACTOR | ROPELAW_USES_HEAD_DIM | ROPELAW_USES_PARTIAL},
    .check = check,
    .exact = exact,
    .hf = hf,
};
