/**
 * Which instruction sets the kernels may use on this processor.
 */
#ifndef ROPELAW_CPU_H
#define ROPELAW_CPU_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Ordered: a larger value includes the smaller ones. */
typedef enum {
    ROPELAW_ISA_PORTABLE = 0, /* plain C11 */
    ROPELAW_ISA_AVX2 = 1,     /* AVX2 and FMA */
    ROPELAW_ISA_AVX512 = 2    /* AVX-512 F, DQ, BW and VL */
} ropelaw_isa;

/** The newest set that both this processor and the build (meson option `isa`) allow. Threads: pure. */
ROPELAW_API ropelaw_isa ropelaw_isa_best(void);

/** "portable", "avx2", "avx512". Threads: pure. */
ROPELAW_API const char *ropelaw_isa_str(ropelaw_isa isa);

/** The processor's name as it states itself, or "unknown". Out  text [size]. Returns text. */
ROPELAW_API char *ropelaw_cpu_str(char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
