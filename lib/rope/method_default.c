#include "rope/method_entry.h"

const rope_method rope_method_default = {
    .about = {.name = "default",
              .aliases = "none rope mrope",
              .title = "plain RoPE",
              .formula = "theta_n = base^(-2n/d), n = 0 .. d/2-1",
              .source = "Su et al. 2021 (arXiv:2104.09864)",
              .limits = "",
              .uses = 0},
    .ggml = ROPE_GGML_BASE,
};
