#define TABLE lm_layers_f32_avx512
#include "lm/layers_f32.inc"
