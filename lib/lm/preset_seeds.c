/* Three seeds of `paper`, and what else phi may depend on: training lengths 64, 128, 256 and widths 32, 64, 128 at one
   base, and the amount of tuning at two. */
#include "core/core.h"
#include "lm/preset.h"

static const ropelaw_train_setup *const setups[] = {
    &lm_setup_t128_more, &lm_setup_t64_b50, &lm_setup_t64_b10000, &lm_setup_t64_b500,
    &lm_setup_wide,      &lm_setup_t256,    &lm_setup_narrow};

const ropelaw_train_preset lm_preset_seeds = {
    "seeds",
    "the grid of `paper`, a longer and a narrower model, three seeds each: the spread between models",
    CORE_COUNT(setups), setups, 3};
