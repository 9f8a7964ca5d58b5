#include "lm/preset.h"

const ropelaw_train_preset lm_preset_seeds = {
    "seeds", "the grid of `paper` with three seeds: the spread between models", LM_PAPER_SETUPS,
    lm_paper_setups, 3};
