/*
 * Dynamic NTK: the NTK-aware base for s = factor * x - (factor - 1) with x = length / train_len, which is
 * 1 at x = 1. Engines disagree on the length: transformers takes the longest sequence so far (never below
 * train_len); vLLM took factor * train_len whatever is served (issue 41236), and since pull request 41277
 * the served maximum, without a clamp, so that s turns negative below train_len (issue 52665).
 */
#include "rope/method_entry.h"

static ropelaw_status radicand(const rope_request *r, double *s, ropelaw_error *error) {
    const ropelaw_method_params *p = r->params;
    double served = p->declared_len > 0 ? p->declared_len : p->train_len;
    switch (p->dynamic) {
    case ROPELAW_DYNAMIC_HF:
        *s = r->factor * fmax(r->len, p->train_len) / p->train_len - (r->factor - 1);
        break;
    case ROPELAW_DYNAMIC_VLLM_OLD:
        *s = r->factor * r->factor - (r->factor - 1);
        break;
    case ROPELAW_DYNAMIC_VLLM:
        *s = r->factor * served / p->train_len - (r->factor - 1);
        break;
    case ROPELAW_DYNAMIC_ALPHA:
        *s = r->factor;
        break;
    default:
        return core_fail_number(error, ROPELAW_INVALID, "dynamic", (double)p->dynamic, "0 .. 3");
    }
    if (*s > 0) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, "declared_len", served,
                            "large enough that factor * declared_len / train_len - (factor - 1) > 0");
}

static ropelaw_status base_of(const rope_request *r, double *base, ropelaw_error *error) {
    double s = 0;
    ropelaw_status status = radicand(r, &s, error);
    return status ? status : rope_ntk_base(r, s, base, error);
}

const rope_method rope_method_dynamic = {
    .about = {.name = "dynamic",
              .aliases = "dynamic-ntk dynamic_ntk",
              .title = "Dynamic NTK: the NTK-aware base grows with the sequence",
              .formula = "(base * (factor * max(L, train_len) / train_len - (factor - 1))^(d/(d-2)))^(-2n/d)",
              .source = "emozilla 2023; transformers 4.57 dynamic; vLLM issues 41236, 52665",
              .limits = "keys cached before the base grew were rotated with another base",
              .uses = ROPELAW_USES_FACTOR | ROPELAW_USES_TRAIN_LEN | ROPELAW_USES_DECLARED_LEN |
                      ROPELAW_USES_EVAL_LEN},
    .base = base_of,
    .ggml = ROPE_GGML_BASE,
};
