/* Cosines and sines of every path against MPFR, at positions up to 2^24: the reference's to a rounding of double, those
   of forward_f64 to 4e-16, the table's (hence the rotation's) to 1e-7. The exact product of position and frequency is
   formed in 160 bits. */
#include "test.h"
#include "attention/kernel.h"
#include <math.h>
#include <ropelaw/random.h>
#include <stdlib.h>

#ifndef ANGLE_POSITIONS /* the slow suite takes more */
#define ANGLE_POSITIONS 300
#endif

static const char *const names[] = {"portable", "avx2", "avx512"};

/* The kernel of that name if it runs here. */
static const attention_kernel *kernel_named(const char *name) {
    const attention_kernel *kernel = NULL;
    ropelaw_attention_options options = {.kernel = name};
    return attention_kernel_choose(&options, &kernel, NULL) ? NULL : kernel;
}

static void largest(double *worst, double error) {
    if (!(error <= *worst)) *worst = error; /* NaN stays: the last comparison fails */
}

#ifdef HAVE_MPFR
#include <mpfr.h>
enum { PAIRS = 67 };

typedef struct {
    size_t n;
    uint64_t *position;
    double freq[PAIRS];
    long double *cosine, *sine; /* [n][PAIRS] */
} truth;

/* 0, powers of two and their neighbours, then positions spread evenly over their logarithm; frequencies of base 10000
   and three that put many positions close to quarter turns. */
static void choose(truth *t) {
    ropelaw_random random;
    ropelaw_random_init(&random, 17, 0);
    t->n = 0;
    t->position = malloc((ANGLE_POSITIONS + 80) * sizeof *t->position);
    t->position[t->n++] = 0;
    for (int k = 1; k <= 24; k++)
        for (uint64_t i = 0; i < (k < 24 ? 3 : 2); i++) t->position[t->n++] = (UINT64_C(1) << k) - 1 + i;
    for (int i = 0; i < ANGLE_POSITIONS; i++)
        t->position[t->n++] = (uint64_t)exp2(24 * ropelaw_random_uniform(&random));
    for (int k = 0; k < 64; k++) t->freq[k] = pow(10000, -k / 64.0);
    t->freq[64] = 1.5707963267948966;
    t->freq[65] = 0.78539816339744831 / 64;
    t->freq[66] = 6.2831853071795862 / 1048577;
}

static void truth_init(truth *t) {
    mpfr_t angle, c, s;
    mpfr_inits2(160, angle, c, s, (mpfr_ptr)NULL);
    choose(t);
    t->cosine = malloc(t->n * PAIRS * sizeof *t->cosine);
    t->sine = malloc(t->n * PAIRS * sizeof *t->sine);
    for (size_t i = 0; i < t->n * PAIRS; i++) {
        mpfr_set_d(angle, t->freq[i % PAIRS], MPFR_RNDN);
        mpfr_mul_ui(angle, angle, t->position[i / PAIRS], MPFR_RNDN);
        mpfr_sin_cos(s, c, angle, MPFR_RNDN);
        t->cosine[i] = mpfr_get_ld(c, MPFR_RNDN);
        t->sine[i] = mpfr_get_ld(s, MPFR_RNDN);
    }
    mpfr_clears(angle, c, s, (mpfr_ptr)NULL);
}

static void truth_clear(truth *t) {
    free(t->position);
    free(t->cosine);
    free(t->sine);
}

static ropelaw_attention_problem problem(const truth *t) {
    ropelaw_attention_problem p;
    ropelaw_attention_problem_init(&p, t->n, 1, 1, 2 * PAIRS);
    p.rotary_dim = 2 * PAIRS;
    p.inv_freq = t->freq;
    p.positions = t->position;
    return p;
}

/* Half an ulp of a double below 1 is 2^-54; cos, sin and the addition theorem in long double add less than 2^-61. */
START_TEST(reference_is_right_to_a_rounding) {
    truth t;
    truth_init(&t);
    ropelaw_attention_problem p = problem(&t);
    ropelaw_attention_rotation r = {1, p.q, p.q, ROPELAW_ATTENTION_ROTATE};
    ropelaw_error e = {0};
    double *x = calloc(t.n * PAIRS * 2, sizeof *x), worst = 0;
    for (size_t i = 0; i < t.n; i++)
        for (size_t k = 0; k < PAIRS; k++) x[i * 2 * PAIRS + k] = 1; /* (1, 0) becomes (cos, sin) */
    test_assert_ok(ropelaw_attention_reference_rotate(&p, &r, x, x, &e), e);
    for (size_t i = 0; i < t.n; i++)
        for (size_t k = 0; k < PAIRS; k++) {
            largest(&worst, (double)fabsl(x[i * 2 * PAIRS + k] - t.cosine[i * PAIRS + k]));
            largest(&worst, (double)fabsl(x[i * 2 * PAIRS + PAIRS + k] - t.sine[i * PAIRS + k]));
        }
    ck_assert_msg(worst <= 0x1p-54 + 0x1p-61, "the reference is off by %g", worst);
    ck_assert(worst > 0x1p-56);
    free(x);
    truth_clear(&t);
}
END_TEST

START_TEST(tables_are_right_to_1e_7) {
    truth t;
    truth_init(&t);
    ropelaw_attention_problem p = problem(&t);
    float *c = malloc(t.n * PAIRS * sizeof *c), *s = malloc(t.n * PAIRS * sizeof *s);
    for (int k = 0; k < 3; k++) {
        ropelaw_attention_options options = {.kernel = names[k]};
        ropelaw_error e = {0};
        double worst = 0;
        if (!kernel_named(names[k])) continue;
        test_assert_ok(ropelaw_attention_table(&p, &options, c, s, &e), e);
        for (size_t i = 0; i < t.n * PAIRS; i++) {
            largest(&worst, (double)fabsl(c[i] - t.cosine[i]));
            largest(&worst, (double)fabsl(s[i] - t.sine[i]));
        }
        ck_assert_msg(worst <= 1e-7, "%s is off by %g", names[k], worst);
        ck_assert(worst > 1e-9);
    }
    free(c);
    free(s);
    truth_clear(&t);
}
END_TEST

START_TEST(double_path_is_right_to_4e_16) {
    truth t;
    truth_init(&t);
    for (int k = 0; k < 3; k++) {
        const attention_kernel *kernel = kernel_named(names[k]);
        double c[PAIRS], s[PAIRS], worst = 0;
        if (!kernel || !kernel->angles_f64) continue; /* portable goes through libm */
        for (size_t i = 0; i < t.n; i++) {
            kernel->angles_f64(t.freq, PAIRS, (double)t.position[i], c, s);
            for (size_t n = 0; n < PAIRS; n++) {
                largest(&worst, (double)fabsl(c[n] - t.cosine[i * PAIRS + n]));
                largest(&worst, (double)fabsl(s[n] - t.sine[i * PAIRS + n]));
            }
        }
        ck_assert_msg(worst <= 4e-16, "%s is off by %g", names[k], worst);
        ck_assert(worst > 0x1p-56);
    }
    truth_clear(&t);
}
END_TEST
#endif

/* Through all sectors of the circle in small steps: 2^-22 rad times a position is exact in double, and libm's double is
   exact enough to judge floats. */
START_TEST(sectors_join) {
    enum { N = 1 << 12 };
    const double freq = 0x1p-22;
    float *c = malloc(N * sizeof *c), *s = malloc(N * sizeof *s);
    const uint64_t stride = ANGLE_POSITIONS > 10000 ? 1 : 61;
    for (int k = 0; k < 3; k++) {
        double worst = 0;
        ropelaw_error e = {0};
        ropelaw_attention_options options = {.kernel = names[k]};
        if (!kernel_named(names[k])) continue;
        for (uint64_t at = 0; at < UINT64_C(28) << 20; at += N * stride) { /* 7 rad */
            ropelaw_attention_problem p;
            ropelaw_attention_problem_init(&p, N, 1, 1, 2);
            p.rotary_dim = 2;
            p.inv_freq = &freq;
            p.position_offset = at;
            test_assert_ok(ropelaw_attention_table(&p, &options, c, s, &e), e);
            for (size_t t = 0; t < N; t++) {
                largest(&worst, fabs(c[t] - cos(freq * (double)(at + t))));
                largest(&worst, fabs(s[t] - sin(freq * (double)(at + t))));
            }
        }
        ck_assert_msg(worst <= 1e-7, "%s is off by %g", names[k], worst);
    }
    free(c);
    free(s);
}
END_TEST

/* What every trained model starts from: position 0 turns nothing, to the bit. */
START_TEST(position_zero_is_no_rotation) {
    double freq[16];
    float c[16], s[16];
    for (int k = 0; k < 16; k++) freq[k] = pow(10000, -k / 16.0);
    for (int k = 0; k < 3; k++) {
        ropelaw_attention_options options = {.kernel = names[k]};
        ropelaw_attention_problem p;
        ropelaw_error e = {0};
        if (!kernel_named(names[k])) continue;
        ropelaw_attention_problem_init(&p, 1, 1, 1, 32);
        p.rotary_dim = 32;
        p.inv_freq = freq;
        test_assert_ok(ropelaw_attention_table(&p, &options, c, s, &e), e);
        for (int n = 0; n < 16; n++) ck_assert(c[n] == 1 && s[n] == 0);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("angles");
    for (int k = 0; k < 3; k++)
        if (!kernel_named(names[k])) test_skip(names[k], "this processor or the build's cap has it not");
#ifdef HAVE_MPFR
    const TTest *const wide[] = {reference_is_right_to_a_rounding, double_path_is_right_to_4e_16, NULL};
    const TTest *const tests[] = {tables_are_right_to_1e_7, sectors_join, position_zero_is_no_rotation, NULL};
    test_add_wide(suite, "angles", wide);
#else
    test_skip("angles against MPFR", "mpfr is not installed");
    const TTest *const tests[] = {sectors_join, position_zero_is_no_rotation, NULL};
#endif
    test_add(suite, "angles", tests);
    return test_run(suite);
}
