/* AVX-512: 8 keys x 48 lanes and 6 rows x 64 columns, 24 accumulators of 16 floats. */
#ifdef ROPELAW_HAVE_X86
#include "attention/kernel.h"
#include <immintrin.h>
#include <math.h>
#include <string.h>

typedef __m512 vec;

#define W           16
#define LANE_VECS   3
#define KEY_ROWS    8
#define ROWS        6
#define COLUMN_VECS 4

#define v_load(p)      _mm512_loadu_ps(p)
#define v_store(p, x)  _mm512_storeu_ps(p, x)
#define v_stream(p, x) _mm512_stream_ps(p, x)
#define v_set(x)       _mm512_set1_ps(x)
#define v_fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define v_mul(a, b)    _mm512_mul_ps(a, b)
#define v_add(a, b)    _mm512_add_ps(a, b)
#define v_sub(a, b)    _mm512_sub_ps(a, b)
#define v_max(a, b)    _mm512_max_ps(a, b)

/* 2^f on [-1/2, 1/2], minimax of degree 6, relative error 1.9e-9; then the exponent is added. */
static inline vec v_exp2(vec x) {
    __mmask16 keep = _mm512_cmp_ps_mask(x, v_set(-126), _CMP_NLT_UQ);
    vec n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), f = v_sub(x, n);
    vec p = v_fma(v_set(1.53458326562e-4f), f, v_set(1.33999311364e-3f));
    p = v_fma(p, f, v_set(9.61848888174e-3f));
    p = v_fma(p, f, v_set(5.55032877739e-2f));
    p = v_fma(p, f, v_set(2.40226468913e-1f));
    p = v_fma(p, f, v_set(6.93147205737e-1f));
    p = v_fma(p, f, v_set(1.0f));
    return _mm512_maskz_scalef_ps(keep, p, n);
}

static inline vec v_select_finite(vec x) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, v_set(-__builtin_inff()), _CMP_NEQ_UQ), x);
}

#include "attention/micro.inc"

typedef __m512d vecd;

#define WD             8
#define d_load(p)      _mm512_loadu_pd(p)
#define d_store(p, x)  _mm512_storeu_pd(p, x)
#define d_set(x)       _mm512_set1_pd(x)
#define d_mul(a, b)    _mm512_mul_pd(a, b)
#define d_add(a, b)    _mm512_add_pd(a, b)
#define d_sub(a, b)    _mm512_sub_pd(a, b)
#define d_fma(a, b, c) _mm512_fmadd_pd(a, b, c)
#define d_fms(a, b, c) _mm512_fmsub_pd(a, b, c)

enum { SECTORS = 8 };
/* clang-format off */
static const float sector_sine[5 * SECTORS] = {
    0, 0.195090322f, 0.382683432f, 0.555570233f, 0.707106781f, 0.831469612f, 0.923879533f, 0.980785280f,
    1, 0.980785280f, 0.923879533f, 0.831469612f, 0.707106781f, 0.555570233f, 0.382683432f, 0.195090322f,
    0, -0.195090322f, -0.382683432f, -0.555570233f, -0.707106781f, -0.831469612f, -0.923879533f, -0.980785280f,
    -1, -0.980785280f, -0.923879533f, -0.831469612f, -0.707106781f, -0.555570233f, -0.382683432f, -0.195090322f,
    0, 0.195090322f, 0.382683432f, 0.555570233f, 0.707106781f, 0.831469612f, 0.923879533f, 0.980785280f};
/* clang-format on */

#include "attention/angle_pair.inc"

static inline angle_pair angle_rate(const attention_angles *a, size_t i) {
    const vecd sectors = d_set(SECTORS);
    return (angle_pair){d_mul(d_load(a->rate + i), sectors), d_mul(d_load(a->rate + i + WD), sectors)};
}

/* 16 pairs of each token take 18 vector operations, 10 of them on the multipliers and 4 on the shufflers. Where 512 bits
   are two turns of 256-bit units, of which two multiply and two, one of them the same, shuffle, that is at least 12
   cycles; 16 were measured, 28 with roundings and conversions in double. Over every g that 32 bits hold (every 37th was
   tried) the errors stay below 9.3e-8. */
static inline void angle_block(const attention_angles *a, const angle_stack *stack, size_t i, size_t row,
                               const bool scaled) {
    const angle_pair rate = angle_rate(a, i),
                     start = a->start ? angle_load(a->start + i) : angle_start(rate, stack->start);
    const __m512i low = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(1)), half = _mm512_set1_epi32(INT32_MIN);
    const vec c0 = v_load(sector_cosine), c1 = v_load(sector_cosine + 16);
    const vec s0 = v_load(sector_sine), s1 = v_load(sector_sine + 16);
    const vec factor = v_set(a->factor);
    const size_t step = a->step;
    float *cosine = a->cosine + row * step + i, *sine = a->sine + row * step + i;
    for (size_t t = 0; t < stack->n; t++, cosine += step, sine += step) {
        __m512d ahead = _mm512_set1_pd(stack->ahead[t]);
        __m512i m0 = _mm512_castpd_si512(_mm512_fmadd_pd(rate.a, ahead, start.a));
        __m512i m1 = _mm512_castpd_si512(_mm512_fmadd_pd(rate.b, ahead, start.b));
        __m512i sector = _mm512_permutex2var_epi32(m0, high, m1);
        vec g = _mm512_cvtepi32_ps(_mm512_xor_si512(_mm512_permutex2var_epi32(m0, low, m1), half));
        vec z = v_mul(g, g); /* g and z in units of 2^-32 and 2^-64 */
        vec v = v_mul(g, v_fma(z, v_set(-0x1p-96f * 1.26088879534e-3f), v_set(0x1p-32f * 0.196349493363f)));
        vec u = v_mul(g, v_fma(z, v_set(0x1p-96f * 3.15792554377e-4f), v_set(0x1p-32f * 0.0981747466415f)));
        vec c = _mm512_permutex2var_ps(c0, sector, c1), s = _mm512_permutex2var_ps(s0, sector, s1);
        c = _mm512_fnmadd_ps(u, s, c);
        s = v_fma(v, c, s);
        c = _mm512_fnmadd_ps(u, s, c);
        v_store(sine, scaled ? v_mul(s, factor) : s);
        v_store(cosine, scaled ? v_mul(c, factor) : c);
    }
}

#include "attention/angles.inc"

const attention_kernel attention_kernel_avx512 = {
    {"avx512", ROPELAW_ISA_AVX512, "8 keys x 48 queries, 6 queries x 64 columns"},
    scores,
    softmax,
    dsoftmax,
    multiply,
    angles,
    turn,
    spin,
    softmax_row,
    angles_f64,
    rotate_run,
};
#endif
