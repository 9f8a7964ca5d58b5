#include "rope/method_entry.h"

/* NTK-aware: the base that divides the slowest pair by the factor and leaves the fastest alone:
   b'^((d-2)/d) = s b^((d-2)/d). Nothing can do both for the single pair of d = 2. */
ropelaw_status rope_ntk_base(const rope_request *r, double factor, double *base, ropelaw_error *error) {
    double d = r->denominator;
    if (d < 4)
        return core_fail_number(error, ROPELAW_DOMAIN, "rotary_dim", d,
                                "an even number >= 4: d/(d-2) is needed");
    *base = r->base * pow(factor, d / (d - 2));
    return ROPELAW_OK;
}

static ropelaw_status base_of(const rope_request *r, double *base, ropelaw_error *error) {
    return rope_ntk_base(r, r->factor, base, error);
}

const rope_method rope_method_ntk = {
    .about = {.name = "ntk",
              .aliases = "ntk-aware",
              .title = "NTK-aware scaling: a larger base, the slowest pair divided by the factor",
              .formula = "(base * factor^(d/(d-2)))^(-2n/d)",
              .source = "bloc97 2023; Peng et al. 2023 (arXiv:2309.00071) eq 23, 24; ExLlama alpha",
              .limits = "LongRoPE2 calls the critical base of Liu et al. NTK: another formula",
              .uses = ROPELAW_USES_FACTOR},
    .base = base_of,
    .ggml = ROPE_GGML_BASE,
};
