/* Presets: one file each, and the set-ups that several share. */
#ifndef ROPELAW_LM_PRESET_H
#define ROPELAW_LM_PRESET_H

#include <ropelaw/train.h>

extern const ropelaw_train_preset lm_preset_quick, lm_preset_paper, lm_preset_seeds;

/* The set-ups of `paper`, in the order in which they run. */
enum { LM_PAPER_SETUPS = 5 };
extern const ropelaw_train_setup *const lm_paper_setups[LM_PAPER_SETUPS];

#endif
