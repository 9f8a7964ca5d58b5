/* AVX2 and FMA: 4 keys x 24 lanes and 6 rows x 16 columns, 12 accumulators of 8 floats. */
#ifdef ROPELAW_HAVE_X86
#include "attention/kernel.h"
#include <immintrin.h>
#include <math.h>

typedef __m256 vec;

#define W           8
#define LANE_VECS   3
#define KEY_ROWS    4
#define ROWS        6
#define COLUMN_VECS 2

#define v_load(p)      _mm256_loadu_ps(p)
#define v_store(p, x)  _mm256_storeu_ps(p, x)
#define v_set(x)       _mm256_set1_ps(x)
#define v_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define v_mul(a, b)    _mm256_mul_ps(a, b)
#define v_add(a, b)    _mm256_add_ps(a, b)
#define v_sub(a, b)    _mm256_sub_ps(a, b)
#define v_max(a, b)    _mm256_max_ps(a, b)

/* 2^f on [-1/2, 1/2], minimax of degree 6, relative error 1.9e-9; times 2^n, built from its bits. */
static inline vec v_exp2(vec x) {
    vec keep = _mm256_cmp_ps(x, v_set(-126), _CMP_NLT_UQ);
    vec n = _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), f = v_sub(x, n);
    vec p = v_fma(v_set(1.53458326562e-4f), f, v_set(1.33999311364e-3f));
    p = v_fma(p, f, v_set(9.61848888174e-3f));
    p = v_fma(p, f, v_set(5.55032877739e-2f));
    p = v_fma(p, f, v_set(2.40226468913e-1f));
    p = v_fma(p, f, v_set(6.93147205737e-1f));
    p = v_fma(p, f, v_set(1.0f));
    __m256i bits = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_and_ps(v_mul(p, _mm256_castsi256_ps(bits)), keep);
}

static inline vec v_select_finite(vec x) {
    return _mm256_and_ps(x, _mm256_cmp_ps(x, v_set(-__builtin_inff()), _CMP_NEQ_UQ));
}

#include "attention/micro.inc"

/* t quarter turns = q + f as in the AVX-512 kernel. Adding 1.5 * 2^52 rounds to a whole number, whose low
   bits are then those of the sum: exact for |t| < 2^51. */
static void angles(const double *rate, size_t n_pairs, double position, float factor, float *cosine,
                   float *sine) {
    const __m256d at = _mm256_set1_pd(position), magic = _mm256_set1_pd(0x1.8p52);
    const __m256i low = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    for (size_t i = 0; i < n_pairs; i += 8) {
        __m256d t0 = _mm256_mul_pd(_mm256_loadu_pd(rate + i), at);
        __m256d t1 = _mm256_mul_pd(_mm256_loadu_pd(rate + i + 4), at);
        __m256d m0 = _mm256_add_pd(t0, magic), m1 = _mm256_add_pd(t1, magic);
        __m256d f0 = _mm256_sub_pd(t0, _mm256_sub_pd(m0, magic)),
                f1 = _mm256_sub_pd(t1, _mm256_sub_pd(m1, magic));
        vec f = _mm256_set_m128(_mm256_cvtpd_ps(f1), _mm256_cvtpd_ps(f0));
        __m256i q0 = _mm256_permutevar8x32_epi32(_mm256_castpd_si256(m0), low);
        __m256i q1 = _mm256_permutevar8x32_epi32(_mm256_castpd_si256(m1), low);
        __m256i q = _mm256_permute2x128_si256(q0, q1, 0x20);
        vec z = v_mul(f, f);
        vec s = v_fma(v_set(-4.60165788295e-3f), z, v_set(7.96800327669e-2f));
        s = v_fma(s, z, v_set(-6.45963460233e-1f));
        s = v_mul(f, v_fma(s, z, v_set(1.57079632171f)));
        vec c = v_fma(v_set(9.03631717224e-4f), z, v_set(-2.08600713255e-2f));
        c = v_fma(c, z, v_set(2.5366920394e-1f));
        c = v_fma(c, z, v_set(-1.23370054065f));
        c = v_fma(c, z, v_set(1.0f));
        vec odd = _mm256_castsi256_ps(_mm256_slli_epi32(q, 31)); /* bit 0 moved to the sign */
        vec sine_sign = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_srli_epi32(q, 1), 31));
        vec cosine_sign = _mm256_xor_ps(odd, sine_sign), up = v_set(factor);
        v_store(sine + i, v_mul(_mm256_blendv_ps(s, c, odd), _mm256_xor_ps(up, sine_sign)));
        v_store(cosine + i, v_mul(_mm256_blendv_ps(c, s, odd), _mm256_xor_ps(up, cosine_sign)));
    }
}

const attention_kernel attention_kernel_avx2 = {
    {"avx2", ROPELAW_ISA_AVX2, "4 keys x 24 queries, 6 queries x 16 columns"},
    scores,
    softmax,
    dsoftmax,
    multiply,
    angles,
    turn,
    spin,
    exp_row,
    NULL,
    NULL
};
#endif
