#define LAW_SWEEP_NAME law_sweep_portable
#include "law/sweep.inc"
