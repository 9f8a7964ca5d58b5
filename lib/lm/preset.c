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

const ropelaw_train_preset *ropelaw_train_preset_nearest(const char *name) {
    char plain[CORE_EDIT_LONGEST + 1];
    size_t n = name ? strlen(name) : 0, best = (n + 1) / 2;
    const ropelaw_train_preset *nearest = NULL;
    if (n > CORE_EDIT_LONGEST) return NULL;
    for (size_t i = 0; i < n; i++)
        plain[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    plain[n] = 0;
    for (size_t i = 0; i < CORE_COUNT(presets); i++) {
        size_t d = core_edit_distance(plain, presets[i]->name);
        if (d < best) best = d, nearest = presets[i];
    }
    return nearest;
}
