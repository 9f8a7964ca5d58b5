#include "core/core.h"
#include <stdio.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#ifndef ROPELAW_ISA_CAP
#define ROPELAW_ISA_CAP ROPELAW_ISA_AVX512
#endif

static ropelaw_isa detect(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return ROPELAW_ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return ROPELAW_ISA_AVX2;
#endif
    return ROPELAW_ISA_PORTABLE;
}

ropelaw_isa ropelaw_isa_best(void) {
    ropelaw_isa found = detect();
    return found < ROPELAW_ISA_CAP ? found : ROPELAW_ISA_CAP;
}

const char *ropelaw_isa_str(ropelaw_isa isa) {
    static const char *const names[] = {"portable", "avx2", "avx512"};
    return (size_t)isa < CORE_COUNT(names) ? names[isa] : "unknown";
}

char *ropelaw_cpu_str(char *text, size_t size) {
    char brand[49] = "";
#if defined(__x86_64__)
    unsigned words[12];
    if (__get_cpuid_max(0x80000000u, NULL) >= 0x80000004u) {
        for (unsigned i = 0; i < 3; i++) {
            unsigned *w = words + 4 * i;
            __get_cpuid(0x80000002u + i, w, w + 1, w + 2, w + 3);
        }
        memcpy(brand, words, 48);
    }
#endif
    const char *name = brand + strspn(brand, " ");
    snprintf(text, size, "%s", *name ? name : "unknown");
    return text;
}
