#include "attention/kernel.h"
#include "core/core.h"
#include <string.h>

static const attention_kernel *const kernels[] = {
    &attention_kernel_portable,
#ifdef ROPELAW_HAVE_X86
    &attention_kernel_avx2,
    &attention_kernel_avx512,
#endif
};

ropelaw_status attention_kernel_choose(const ropelaw_attention_options *options,
                                       const attention_kernel **kernel, ropelaw_error *error) {
    const char *name = options ? options->kernel : NULL;
    for (size_t i = CORE_COUNT(kernels); i-- > 0;) {
        const ropelaw_attention_kernel *about = &kernels[i]->about;
        bool runs = about->isa <= ropelaw_isa_best();
        if (name ? strcmp(name, about->name) : !runs) continue;
        if (!runs)
            return core_fail(error, ROPELAW_UNSUPPORTED, "kernel", name, "",
                             "kernel %s does not run on this processor or is above the build's cap", name);
        *kernel = kernels[i];
        return ROPELAW_OK;
    }
    return core_fail(error, ROPELAW_INVALID, "kernel", name, "", "there is no kernel %s", name);
}

const ropelaw_attention_kernel *ropelaw_attention_kernel_at(size_t i) {
    return i < CORE_COUNT(kernels) ? &kernels[i]->about : NULL;
}

ropelaw_status ropelaw_attention_kernel_find(const ropelaw_attention_options *options,
                                             const ropelaw_attention_kernel **kernel, ropelaw_error *error) {
    const attention_kernel *found = NULL;
    ropelaw_status status = attention_kernel_choose(options, &found, error);
    if (!status) *kernel = &found->about;
    return status;
}
