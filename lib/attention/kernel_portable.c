/* Portable: vectors of four floats by the compiler's generic vector type, 4 keys x 8 lanes and 4 rows x 8
   columns; no instruction set is named and no multiply-add is fused. */
#include "attention/kernel.h"
#include <math.h>
#include <string.h>

typedef float vec __attribute__((vector_size(16)));
typedef uint32_t bits __attribute__((vector_size(16)));

#define W           4
#define LANE_VECS   2
#define KEY_ROWS    4
#define ROWS        4
#define COLUMN_VECS 2

static inline vec v_load(const float *p) {
    vec x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline void v_store(float *p, vec x) {
    memcpy(p, &x, sizeof x);
}

#define v_set(x)       ((vec){(x), (x), (x), (x)})
#define v_fma(a, b, c) ((a) * (b) + (c))
#define v_mul(a, b)    ((a) * (b))
#define v_add(a, b)    ((a) + (b))
#define v_sub(a, b)    ((a) - (b))

static inline vec v_max(vec a, vec b) {
    bits greater = (bits)(a > b);
    return (vec)(((bits)a & greater) | ((bits)b & ~greater));
}

/* 2^f on [-1/2, 1/2], minimax of degree 6, relative error 1.9e-9; times 2^n, built from its bits. Adding 1.5
 * 2^23 rounds to a whole number and leaves it in the low bits. */
static inline vec v_exp2(vec x) {
    const vec magic = v_set(0x1.8p23f);
    bits low = (bits)(x < v_set(-126));
    vec m = x + magic, f = x - (m - magic);
    vec p = v_set(1.53458326562e-4f) * f + v_set(1.33999311364e-3f);
    p = p * f + v_set(9.61848888174e-3f);
    p = p * f + v_set(5.55032877739e-2f);
    p = p * f + v_set(2.40226468913e-1f);
    p = p * f + v_set(6.93147205737e-1f);
    p = p * f + v_set(1.0f);
    bits power = ((bits)m + 127u) << 23;
    return (vec)((bits)(p * (vec)power) & ~low);
}

static inline vec v_select_finite(vec x) {
    return (vec)((bits)x & (bits)(x != v_set(-INFINITY)));
}

#define v_stream(p, x) v_store(p, x)

#include "attention/micro.inc"

static void angles(attention_angles *a, const double *position, size_t n_tok) {
    for (size_t t = 0; t < n_tok; t++)
        for (size_t i = 0; i < a->n_pairs; i++) {
            double turns = a->rate[i] * position[t], n = rint(turns), f = (turns - n) * 1.57079632679489662;
            int quarter = (int)fmod(n, 4) & 3;
            double c = cos(f), s = sin(f), turned_c = quarter & 1 ? -s : c, turned_s = quarter & 1 ? c : s;
            a->cosine[t * a->step + i] = (float)(a->factor * (quarter & 2 ? -turned_c : turned_c));
            a->sine[t * a->step + i] = (float)(a->factor * (quarter & 2 ? -turned_s : turned_s));
        }
}

const attention_kernel attention_kernel_portable = {
    {"portable", ROPELAW_ISA_PORTABLE, "4 keys x 8 queries, 4 queries x 8 columns"},
    scores,
    softmax,
    dsoftmax,
    multiply,
    angles,
    turn,
    spin,
    softmax_row,
    NULL,
    NULL,
};
