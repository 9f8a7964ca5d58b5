/*
 * The critical base of the scaling law (Theorem 3, eq 16a), the same formula as koboldcpp's automatic base:
 * beta_0 = b0^(ln(tune_len / 2 pi) / ln(train_len / 2 pi)).
 */
#include "rope/method_entry.h"

static ropelaw_status base_of(const rope_request *r, double *base, ropelaw_error *error) {
    double train = r->params->train_len;
    double tune = r->params->tune_len > 0 ? r->params->tune_len : r->factor * train;
    if (!(train >= 7))
        return core_fail_number(error, ROPELAW_DOMAIN, "train_len", train, ">= 7: ln(train_len/2pi) > 0");
    if (!(tune >= 7))
        return core_fail_number(error, ROPELAW_DOMAIN, "tune_len", tune, ">= 7: ln(tune_len/2pi) > 0");
    *base = pow(r->base, log(tune / ROPE_TWO_PI) / log(train / ROPE_TWO_PI));
    return ROPELAW_OK;
}

const rope_method rope_method_critical_base = {
    .about = {.name = "critical-base",
              .aliases = "critical_base gradientai",
              .title = "the critical base of the scaling law for a tuning length",
              .formula = "(base^(ln(tune_len/2pi) / ln(train_len/2pi)))^(-2n/d)",
              .source = "Liu et al. 2024 (arXiv:2310.05209) eq 16a; koboldcpp pull request 910",
              .limits = "the paper states it for base 10000",
              .uses = ROPELAW_USES_FACTOR | ROPELAW_USES_TRAIN_LEN | ROPELAW_USES_TUNE_LEN},
    .base = base_of,
    .ggml = ROPE_GGML_BASE,
};
