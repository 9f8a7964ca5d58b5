#define TABLE lm_layers_f32_portable
#include "lm/layers_f32.inc"
