#define LAW_SWEEP_NAME law_sweep_avx512
#include "law/sweep.inc"
