/* Presets: one file each, and the set-ups that several share. */
#ifndef ROPELAW_LM_PRESET_H
#define ROPELAW_LM_PRESET_H

#include <ropelaw/train.h>

extern const ropelaw_train_preset lm_preset_quick, lm_preset_paper, lm_preset_seeds;

/* preset_setups.c */
extern const ropelaw_train_setup lm_setup_t128, lm_setup_t128_more, lm_setup_t64_b50, lm_setup_t64_b10000,
    lm_setup_t64_b500, lm_setup_wide, lm_setup_t256, lm_setup_narrow;

#endif
