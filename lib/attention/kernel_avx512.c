/* AVX-512: 8 keys x 48 lanes and 6 rows x 64 columns, 24 accumulators of 16 floats. */
#ifdef ROPELAW_HAVE_X86
#include "attention/kernel.h"
#include <immintrin.h>
#include <string.h>

typedef __m512 vec;

#define W           16
#define LANE_VECS   3
#define KEY_ROWS    8
#define ROWS        6
#define COLUMN_VECS 4

#define v_load(p)      _mm512_loadu_ps(p)
#define v_store(p, x)  _mm512_storeu_ps(p, x)
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

/* t quarter turns = q + f with q whole and |f| <= 1/2, exact in double; only f and q mod 4 go on, in float.
 */
static void angles(const double *rate, size_t n_pairs, double position, float factor, float *cosine,
                   float *sine) {
    enum { nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }; /* clang wants a constant expression */
    const __m512d at = _mm512_set1_pd(position);
    const __m512i one = _mm512_set1_epi32(1), two = _mm512_set1_epi32(2);
    for (size_t i = 0; i < n_pairs; i += 16) {
        __m512d t0 = _mm512_mul_pd(_mm512_loadu_pd(rate + i), at);
        __m512d t1 = _mm512_mul_pd(_mm512_loadu_pd(rate + i + 8), at);
        __m512d n0 = _mm512_roundscale_pd(t0, nearest), n1 = _mm512_roundscale_pd(t1, nearest);
        vec f = _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(_mm512_sub_pd(t0, n0))),
                                   _mm512_cvtpd_ps(_mm512_sub_pd(t1, n1)), 1);
        __m512i q = _mm512_inserti32x8(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(_mm512_cvtpd_epi64(n0))),
                                       _mm512_cvtepi64_epi32(_mm512_cvtpd_epi64(n1)), 1);
        vec z = v_mul(f, f);
        vec s = v_fma(v_set(-4.60165788295e-3f), z, v_set(7.96800327669e-2f));
        s = v_fma(s, z, v_set(-6.45963460233e-1f));
        s = v_mul(f, v_fma(s, z, v_set(1.57079632171f)));
        vec c = v_fma(v_set(9.03631717224e-4f), z, v_set(-2.08600713255e-2f));
        c = v_fma(c, z, v_set(2.5366920394e-1f));
        c = v_fma(c, z, v_set(-1.23370054065f));
        c = v_fma(c, z, v_set(1.0f));
        __mmask16 odd = _mm512_test_epi32_mask(q, one);
        __mmask16 sine_down = _mm512_test_epi32_mask(q, two);
        __mmask16 cosine_down = odd ^ sine_down;
        vec up = v_set(factor), down = v_set(-factor);
        v_store(sine + i, v_mul(_mm512_mask_blend_ps(odd, s, c), _mm512_mask_blend_ps(sine_down, up, down)));
        v_store(cosine + i,
                v_mul(_mm512_mask_blend_ps(odd, c, s), _mm512_mask_blend_ps(cosine_down, up, down)));
    }
}

static void turn_stream(const attention_turn *t, const float *in, float *out) {
    size_t n = t->n_pairs;
    for (size_t i = 0; i < n; i += W) {
        vec x = v_load(in + i), y = v_load(in + n + i), c = v_load(t->cosine + i), s = v_load(t->sine + i);
        _mm512_stream_ps(out + i, v_sub(v_mul(x, c), v_mul(y, s)));
        _mm512_stream_ps(out + n + i, v_add(v_mul(y, c), v_mul(x, s)));
    }
}

static void stream_end(void) {
    _mm_sfence();
}

const attention_kernel attention_kernel_avx512 = {
    {"avx512", ROPELAW_ISA_AVX512, "8 keys x 48 queries, 6 queries x 64 columns"},
    scores,
    softmax,
    dsoftmax,
    multiply,
    angles,
    turn,
    spin,
    exp_row,
    turn_stream,
    stream_end
};
#endif
