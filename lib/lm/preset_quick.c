#include "core/core.h"
#include "lm/preset.h"

static const ropelaw_train_tuning tunings[] = {
    {500,  128, 150},
    {1500, 128, 150},
    {5000, 128, 150}
};
static const ropelaw_train_setup setup = {"t128-b500-w64", 64, 128, 500, 2000, CORE_COUNT(tunings), tunings};
static const ropelaw_train_setup *const setups[] = {&setup};

const ropelaw_train_preset lm_preset_quick = {
    "quick", "one model, three bases: the wall and how it moves (about a minute on two cores)", 1, setups, 1};
