/* The network in float, on the fast attention kernel. */
#include "core/core.h"
#include "lm/attend.h"
#include "lm/net.h"
#include "num/blas.h"
#include <math.h>
#include <string.h>

typedef float real;
#define LM(name)   name##_f32
#define LM_SQRT    sqrtf
#define LM_EXP     exp_f32
#define LM_TENSORS ropelaw_attention_f32

/* exp for x <= 0, written so that loops over it become vectors: x = n ln 2 + r with |r| <= ln(2)/2, the
   polynomial is Taylor's to r^7 / 7! (remainder 5e-9 relative), ln 2 is split so that n * high is exact.
   Below -87 it is 0. */
static inline float exp_f32(float x) {
    const float magic = 0x1.8p23f, high = 0x1.62ep-1f, low = 0x1.0bfbe8p-15f;
    float shifted = x * 0x1.715476p0f + magic, n = shifted - magic;
    float r = (x - n * high) - n * low;
    float p =
        1 +
        r * (1 + r * (0.5f + r * (1.f / 6 + r * (1.f / 24 + r * (1.f / 120 + r * (1.f / 720 + r / 5040))))));
    int32_t scale;
    memcpy(&scale, &shifted, sizeof scale);
    uint32_t bits = ((uint32_t)scale + 127u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return x < -87.f ? 0.f : p * power;
}

static void LM(gemm)(bool ta, bool tb, size_t m, size_t n, size_t k, const float *a, const float *b,
                     float beta, float *c) {
    num_gemm_shape shape = {ta, tb, m, n, k, ta ? m : k, tb ? k : n, n};
    num_gemm_f32(&shape, 1, a, b, beta, c);
}

static ropelaw_status attention_bytes_f32(const lm_shape *shape, size_t n_tok, bool gradient, size_t *bytes,
                                          ropelaw_error *error) {
    const double frequencies[1] = {0};
    const lm_rotary none = {frequencies, 1};
    ropelaw_attention_problem problem;
    lm_attention_problem(shape, n_tok, &none, &problem);
    size_t forward = 0, backward = 0;
    ropelaw_status status =
        ropelaw_attention_workspace_size(&problem, NULL, ROPELAW_ATTENTION_FORWARD_F32, &forward, error);
    if (!status && gradient)
        status = ropelaw_attention_workspace_size(&problem, NULL, ROPELAW_ATTENTION_BACKWARD_F32, &backward,
                                                  error);
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
