#define TABLE lm_layers_f32_avx2
#include "lm/layers_f32.inc"
