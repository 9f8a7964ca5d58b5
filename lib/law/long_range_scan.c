#define LAW_SCAN_NAME law_scan_portable
#include "law/long_range_scan.inc"
#include <ropelaw/cpu.h>

void law_scan_prepare(const double *theta, size_t n_pairs, law_scan_pair *pairs) {
    for (size_t n = 0; n < n_pairs; n++) {
        law_scan_pair *p = &pairs[n];
        p->theta = theta[n];
        p->twice_cos8 = 2 * cos(8 * theta[n]);
        for (int j = 0; j < 8; j++) {
            p->cos_up[j] = cos(j * theta[n]);
            p->sin_up[j] = sin(j * theta[n]);
            p->cos_down[j] = cos((j - 8) * theta[n]);
            p->sin_down[j] = sin((j - 8) * theta[n]);
        }
    }
}

law_scan *law_scan_best(void) {
#ifdef ROPELAW_HAVE_X86
    ropelaw_isa isa = ropelaw_isa_best();
    if (isa >= ROPELAW_ISA_AVX512) return law_scan_avx512;
    if (isa >= ROPELAW_ISA_AVX2) return law_scan_avx2;
#endif
    return law_scan_portable;
}
