#include "core/core.h"
#include "lm/preset.h"

static const ropelaw_train_setup *const setups[] = {&lm_setup_t128, &lm_setup_t64_b50, &lm_setup_t64_b10000,
                                                    &lm_setup_t64_b500, &lm_setup_wide};

const ropelaw_train_preset lm_preset_paper = {
    "paper", "five models, the grid of docs/experiment.md (minutes)", CORE_COUNT(setups), setups, 1};
