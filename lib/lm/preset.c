#include "core/core.h"
#include "lm/preset.h"
#include <string.h>

static const ropelaw_train_preset *const presets[] = {&lm_preset_quick, &lm_preset_paper, &lm_preset_seeds};

size_t ropelaw_train_preset_count(void) {
    return CORE_COUNT(presets);
}

const ropelaw_train_preset *ropelaw_train_preset_at(size_t i) {
    return i < CORE_COUNT(presets) ? presets[i] : NULL;
}

const ropelaw_train_preset *ropelaw_train_preset_find(const char *name) {
    for (size_t i = 0; name && i < CORE_COUNT(presets); i++)
        if (!strcmp(presets[i]->name, name)) return presets[i];
    return NULL;
}
