#define LAW_SCAN_NAME law_scan_avx512
#include "law/long_range_scan.inc"
