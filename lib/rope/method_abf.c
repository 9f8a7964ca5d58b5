#include "rope/method_entry.h"

static ropelaw_status base_of(const rope_request *r, double *base, ropelaw_error *error) {
    double x = r->params->new_base;
    if (x != 0 && !(isfinite(x) && x > 1))
        return core_fail_number(error, ROPELAW_DOMAIN, "new_base", x, "0 for absent, or > 1");
    *base = x != 0 ? x : r->base;
    return ROPELAW_OK;
}

const rope_method rope_method_abf = {
    .about = {.name = "abf",
              .aliases = "base",
              .title = "adjusted base frequency: another base, chosen by hand",
              .formula = "new_base^(-2n/d)",
              .source = "Xiong et al. 2023 (arXiv:2309.16039)",
              .limits = "",
              .uses = ROPELAW_USES_NEW_BASE},
    .base = base_of,
    .ggml = ROPE_GGML_BASE,
};
