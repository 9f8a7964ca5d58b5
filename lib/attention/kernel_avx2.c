/* AVX2 and FMA: 4 keys x 24 lanes and 6 rows x 16 columns, 12 accumulators of 8 floats. */
#ifdef ROPELAW_HAVE_X86
#include "attention/kernel.h"
#include <immintrin.h>
#include <math.h>
#include <string.h>

typedef __m256 vec;

#define W           8
#define LANE_VECS   3
#define KEY_ROWS    4
#define ROWS        6
#define COLUMN_VECS 2

#define v_load(p)      _mm256_loadu_ps(p)
#define v_store(p, x)  _mm256_storeu_ps(p, x)
#define v_stream(p, x) _mm256_stream_ps(p, x)
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

typedef __m256d vecd;

#define WD             4
#define d_load(p)      _mm256_loadu_pd(p)
#define d_store(p, x)  _mm256_storeu_pd(p, x)
#define d_set(x)       _mm256_set1_pd(x)
#define d_mul(a, b)    _mm256_mul_pd(a, b)
#define d_add(a, b)    _mm256_add_pd(a, b)
#define d_sub(a, b)    _mm256_sub_pd(a, b)
#define d_fma(a, b, c) _mm256_fmadd_pd(a, b, c)
#define d_fms(a, b, c) _mm256_fmsub_pd(a, b, c)

/* Eight sectors are what one shuffle looks up. Larger g, larger u: the cosine is C - u (S + sin). Every g in
   [1/8, 1/2] and a share of the smaller ones were tried: below 9.5e-8. */
enum { SECTORS = 2 };
static const float sector_sine[5 * SECTORS] = {0,  0.707106781f,  1, 0.707106781f, 0, -0.707106781f,
                                               -1, -0.707106781f, 0, 0.707106781f};

#include "attention/angle_pair.inc"

/* Pairs 0, 1, 4, 5 and 2, 3, 6, 7 of eight: so that picking words out of both leaves them in order. */
static inline angle_pair angle_rate(const attention_angles *a, size_t i) {
    const vecd sectors = d_set(SECTORS);
    const double *rate = a->rate + i;
    return (angle_pair){d_mul(_mm256_set_m128d(_mm_loadu_pd(rate + 4), _mm_loadu_pd(rate)), sectors),
                        d_mul(_mm256_set_m128d(_mm_loadu_pd(rate + 6), _mm_loadu_pd(rate + 2)), sectors)};
}

static inline void angle_block(const attention_angles *a, const angle_stack *stack, size_t i, size_t row,
                               const bool scaled) {
    const vec cosines = v_load(sector_cosine), sines = v_load(sector_sine), half = v_set(-0.0f);
    const angle_pair rate = angle_rate(a, i),
                     start = a->start ? angle_load(a->start + i) : angle_start(rate, stack->start);
    const vec factor = v_set(a->factor);
    const size_t step = a->step;
    float *cosine = a->cosine + row * step + i, *sine = a->sine + row * step + i;
    for (size_t t = 0; t < stack->n; t++, cosine += step, sine += step) {
        __m256d ahead = _mm256_set1_pd(stack->ahead[t]);
        vec m0 = _mm256_castpd_ps(_mm256_fmadd_pd(rate.a, ahead, start.a));
        vec m1 = _mm256_castpd_ps(_mm256_fmadd_pd(rate.b, ahead, start.b));
        __m256i sector = _mm256_castps_si256(_mm256_shuffle_ps(m0, m1, 0xdd));
        vec g = _mm256_cvtepi32_ps(_mm256_castps_si256(_mm256_xor_ps(_mm256_shuffle_ps(m0, m1, 0x88), half)));
        g = v_mul(g, v_set(0x1p-32f));
        vec z = v_mul(g, g);
        vec v =
            v_fma(z, v_fma(z, v_set(2.47443636296e-3f), v_set(-0.0807435192299f)), v_set(0.785398101146f));
        vec u = v_fma(z, v_fma(z, v_set(1.27989744707e-3f), v_set(0.0201820112555f)), v_set(0.392699218621f));
        vec c = _mm256_permutevar8x32_ps(cosines, sector), s = _mm256_permutevar8x32_ps(sines, sector);
        u = v_mul(g, u);
        vec turned = v_fma(v_mul(g, v), _mm256_fnmadd_ps(u, s, c), s);
        c = _mm256_fnmadd_ps(u, v_add(s, turned), c); /* x - u sin with one rounding less */
        s = turned;
        v_store(sine, scaled ? v_mul(s, factor) : s);
        v_store(cosine, scaled ? v_mul(c, factor) : c);
    }
}

#include "attention/angles.inc"

const attention_kernel attention_kernel_avx2 = {
    {"avx2", ROPELAW_ISA_AVX2, "4 keys x 24 queries, 6 queries x 16 columns"},
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
