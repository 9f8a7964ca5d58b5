#include "lm/layers_f32.h"
#include <ropelaw/cpu.h>

const lm_layers_f32 *lm_layers_f32_best(void) {
#ifdef ROPELAW_HAVE_X86
    switch (ropelaw_isa_best()) {
    case ROPELAW_ISA_AVX512:
        return &lm_layers_f32_avx512;
    case ROPELAW_ISA_AVX2:
        return &lm_layers_f32_avx2;
    case ROPELAW_ISA_PORTABLE:
        break;
    }
#endif
    return &lm_layers_f32_portable;
}
