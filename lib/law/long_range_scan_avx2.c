#define LAW_SCAN_NAME law_scan_avx2
#include "law/long_range_scan.inc"
