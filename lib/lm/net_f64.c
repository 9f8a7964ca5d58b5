/* The network in double, on the reference attention: for checking gradients. */
#include "core/core.h"
#include "lm/attend.h"
#include "lm/net.h"
#include "num/blas.h"
#include <math.h>
#include <string.h>

typedef double real;
#define LM(name)       name##_f64
#define LM_SQRT        sqrt
#define LM_EXP         exp
#define LM_TENSORS     ropelaw_attention_f64
#define LM_LAYER(name) name##_f64

#include "lm/layers.inc"

static void LM(gemm)(bool ta, bool tb, size_t m, size_t n, size_t k, const double *a, const double *b,
                     double beta, double *c) {
    num_gemm_shape shape = {ta, tb, m, n, k, ta ? m : k, tb ? k : n, n};
    num_gemm_f64(&shape, 1, a, b, beta, c);
}

static ropelaw_status attention_bytes_f64(const lm_shape *shape, size_t n_tok, bool gradient, size_t *bytes,
                                          ropelaw_error *error) {
    (void)shape, (void)n_tok, (void)gradient, (void)error;
    *bytes = 0;
    return ROPELAW_OK;
}

static ropelaw_status attention_call_f64(const ropelaw_attention_problem *problem,
                                         const ropelaw_attention_f64 *t,
                                         const ropelaw_attention_workspace *memory, bool backward,
                                         ropelaw_error *error) {
    (void)memory;
    return backward ? ropelaw_attention_reference_backward(problem, t, error)
                    : ropelaw_attention_reference_forward(problem, t, error);
}

#include "lm/net.inc"
