/* The network in float, on the fast attention kernel. */
#include "core/core.h"
#include "lm/attend.h"
#include "lm/layers_f32.h"
#include "lm/net.h"
#include "num/blas.h"
#include <math.h>
#include <string.h>

typedef float real;
#define LM(name)       name##_f32
#define LM_TENSORS     ropelaw_attention_f32
#define LM_LAYER(name) (lm_layers_f32_best()->name)

static void LM(gemm)(bool ta, bool tb, size_t m, size_t n, size_t k, const float *a, const float *b,
                     float beta, float *c) {
    num_gemm_shape shape = {ta, tb, m, n, k, ta ? m : k, tb ? k : n, n};
    num_gemm_f32(&shape, 1, a, b, beta, c);
}

static ropelaw_status attention_bytes_f32(const lm_shape *shape, size_t n_tok, bool gradient, size_t *bytes,
                                          ropelaw_error *error) {
    double *frequencies = core_calloc(shape->head_dim, sizeof *frequencies); /* any: sizes alone matter */
    if (!frequencies) return core_fail_memory(error, shape->head_dim, sizeof *frequencies);
    const lm_rotary none = {frequencies, 1};
    ropelaw_attention_problem problem;
    lm_attention_problem(shape, n_tok, &none, &problem);
    size_t forward = 0, backward = 0;
    ropelaw_status status =
        ropelaw_attention_workspace_size(&problem, NULL, ROPELAW_ATTENTION_FORWARD_F32, &forward, error);
    if (!status && gradient)
        status = ropelaw_attention_workspace_size(&problem, NULL, ROPELAW_ATTENTION_BACKWARD_F32, &backward,
                                                  error);
    core_free(frequencies);
    *bytes = forward > backward ? forward : backward;
    return status;
}

static ropelaw_status attention_call_f32(const ropelaw_attention_problem *problem,
                                         const ropelaw_attention_f32 *t,
                                         const ropelaw_attention_workspace *memory, bool backward,
                                         ropelaw_error *error) {
    return backward ? ropelaw_attention_backward(problem, NULL, t, memory, error)
                    : ropelaw_attention_forward(problem, NULL, t, memory, error);
}

#include "lm/net.inc"
