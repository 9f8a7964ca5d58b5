#define LAW_SWEEP_NAME law_sweep_avx2
#include "law/sweep.inc"
