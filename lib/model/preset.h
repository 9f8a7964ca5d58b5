/* The compiled table (written by generate_presets.py). */
#ifndef ROPELAW_MODEL_PRESET_H
#define ROPELAW_MODEL_PRESET_H

#include <ropelaw/preset.h>

extern const ropelaw_preset model_presets[];
extern const size_t model_n_presets;

/* The number of "key=value" in the parameters of a preset; NAN if it is not there. */
double model_preset_parameter(const ropelaw_preset *preset, const char *key);

#endif
