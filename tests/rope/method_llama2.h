/* Llama 2 as every method can be asked about it. */
#ifndef TESTS_ROPE_METHOD_LLAMA2_H
#define TESTS_ROPE_METHOD_LLAMA2_H

#include "test.h"
#include <ropelaw/method.h>
#include <string.h>

enum { MOST = 256 };
static double ones[MOST], rising[MOST];

static inline ropelaw_method_params llama2(void) {
    ropelaw_method_params p = ropelaw_method_params_default;
    p.train_len = 4096;
    p.short_factor = ones;
    p.long_factor = ones;
    p.n_factors = 64;
    for (int i = 0; i < MOST; i++) {
        ones[i] = 1;
        rising[i] = 1 + 0.1 * i;
    }
    return p;
}

#endif
