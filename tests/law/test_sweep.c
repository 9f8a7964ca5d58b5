/* Tests: sweep.c sweep_portable.c sweep_avx2.c sweep_avx512.c */
#include "test.h"
#include <ropelaw/random.h>
#include <ropelaw/sweep.h>
#include <string.h>

#define N      1003 /* a prime: a tail of three rows */
#define STRIDE 260

static ropelaw_error e;
static double base[N], train[N], tune_base[N], tune_len[N], dim[N], bound[N], law[N], period[N * STRIDE];
static size_t d[N];

static void fill(uint64_t seed) {
    ropelaw_random r;
    ropelaw_random_init(&r, seed, 0);
    const size_t dims[] = {2, 4, 24, 32, 64, 96, 126, 128, 256, 512};
    for (int i = 0; i < N; i++) {
        d[i] = dims[ropelaw_random_below(&r, 10)];
        base[i] = exp(27.63 * ropelaw_random_uniform(&r)) + 1e-9;
        train[i] = i % 2 ? exp(2 + 19 * ropelaw_random_uniform(&r))
                         : (double)(7 + ropelaw_random_below(&r, 1u << 20));
        tune_base[i] = i % 5 ? exp(27.63 * ropelaw_random_uniform(&r)) + 1e-9 : base[i];
        tune_len[i] = i % 7 ? train[i] * exp(3 * ropelaw_random_uniform(&r) - 0.5) : train[i];
        if (i % 11 == 0) { /* the edge of the regimes, and of an integer, to the last digit */
            test_assert_ok(
                ropelaw_critical_base_eval(base[i], train[i], fmax(tune_len[i], 7), &tune_base[i], &e), e);
            if (!(tune_base[i] > 1 && tune_base[i] < 1e290)) tune_base[i] = base[i];
        }
        if (i % 13 == 0 && d[i] > 2) {
            base[i] = (double)powl(train[i] / 6.283185307179586476925L,
                                   1 / (2.0L / d[i] * (long double)(d[i] / 4)));
            if (!(base[i] > 1)) base[i] = 2;
        }
    }
}

static int same(double x, double y, double tolerance) {
    return (isnan(x) && isnan(y)) || fabs(x - y) <= tolerance * fabs(y) || x == y;
}

/* Against the scalar law, row by row, with every instruction set that is here. */
static void compare(int tuned, ropelaw_isa isa) {
    ropelaw_sweep sweep = {N, base, train, d, tuned ? tune_base : NULL, tuned ? tune_len : NULL};
    ropelaw_sweep_out out = {dim, bound, law, period, STRIDE};
    for (size_t i = 0; i < N * STRIDE; i++) period[i] = -7;
    test_assert_ok(ropelaw_sweep_eval(&sweep, isa, &out, &e), e);
    static ropelaw_pair pairs[256];
    for (int i = 0; i < N; i++) {
        ropelaw_setting x = {d[i], base[i], train[i], tuned ? tune_base[i] : base[i],
                             tuned ? tune_len[i] : train[i]};
        ropelaw_bound b;
        test_assert_ok(ropelaw_bound_eval(&x, &b, &e), e);
        ck_assert_msg(dim[i] == (double)b.critical.dim, "row %d: %g instead of %zu", i, dim[i],
                      b.critical.dim);
        double tolerance = 3e-14 + (x.tune_base > 1e12 ? 64 * log(x.tune_base) * 0x1p-53 : 0);
        ck_assert_msg(same(bound[i], b.bound_tok, tolerance), "row %d: %.17g instead of %.17g", i, bound[i],
                      b.bound_tok);
        ck_assert_msg(same(law[i], b.bound_16b_tok, tolerance), "row %d: %.17g instead of %.17g", i, law[i],
                      b.bound_16b_tok);
        if (i % 3) continue;
        test_assert_ok(ropelaw_spectrum_eval(x.tune_base, d[i], train[i], pairs, &e), e);
        for (size_t n = 0; n < d[i] / 2; n++)
            ck_assert_msg(same(period[(size_t)i * STRIDE + n], pairs[n].period_tok, tolerance),
                          "row %d pair %zu: %.17g, %.17g", i, n, period[(size_t)i * STRIDE + n],
                          pairs[n].period_tok);
        for (size_t n = d[i] / 2; n < STRIDE; n++) ck_assert(period[(size_t)i * STRIDE + n] == -7);
    }
}

START_TEST(against_the_scalar_law) {
    for (int isa = 0; isa <= (int)ropelaw_isa_best(); isa++) {
        fill(61 + (uint64_t)isa);
        compare(0, (ropelaw_isa)isa);
        compare(1, (ropelaw_isa)isa);
    }
}
END_TEST

/* Any number of rows, unaligned outputs, parts of the outputs: the same numbers. */
START_TEST(tails_and_parts) {
    fill(71);
    static double whole[N], part[40 * STRIDE + 1], some[N + 1];
    ropelaw_sweep sweep = {N, base, train, d, tune_base, tune_len};
    ropelaw_sweep_out out = {.bound_tok = whole, .period_tok = period, .period_stride = STRIDE};
    test_assert_ok(ropelaw_sweep_eval(&sweep, ROPELAW_ISA_AVX512, &out, &e), e);
    for (size_t n = 0; n <= 40; n++) {
        sweep.n_rows = n;
        out = (ropelaw_sweep_out){.bound_tok = some + 1, .period_tok = part + 1, .period_stride = STRIDE};
        some[n + 1] = -3;
        test_assert_ok(ropelaw_sweep_eval(&sweep, ROPELAW_ISA_AVX512, &out, &e), e);
        ck_assert(some[n + 1] == -3);
        for (size_t i = 0; i < n; i++) {
            ck_assert(same(some[i + 1], whole[i], 0));
            for (size_t k = 0; k < d[i] / 2; k++)
                ck_assert(part[1 + i * STRIDE + k] == period[i * STRIDE + k]);
        }
    }
}
END_TEST

/* Outputs larger than the caches, on cache lines and off them: the same numbers. */
START_TEST(larger_than_the_caches) {
    enum { ROWS = 70001, PAIRS = 32 }; /* 17.9 MB */
    static size_t dims[ROWS];
    static double b[ROWS], t[ROWS];
    fill(81);
    for (size_t i = 0; i < ROWS; i++)
        dims[i] = 2 * PAIRS - 2 * (i % 5), b[i] = base[i % N] + i, t[i] = train[i % N];
    ropelaw_sweep sweep = {ROWS, b, t, dims, NULL, NULL};
    double *x = aligned_alloc(64, (ROWS + 8) * PAIRS * sizeof(double)),
           *y = malloc((ROWS * PAIRS + 1) * sizeof(double));
    ck_assert(x && y);
    for (size_t i = 0; i < ROWS * PAIRS; i++) x[i] = y[1 + i] = -7;
    ropelaw_sweep_out out = {.period_tok = x, .period_stride = PAIRS};
    test_assert_ok(ropelaw_sweep_eval(&sweep, ROPELAW_ISA_AVX512, &out, &e), e);
    out.period_tok = y + 1;
    test_assert_ok(ropelaw_sweep_eval(&sweep, ROPELAW_ISA_AVX512, &out, &e), e);
    ck_assert(!memcmp(x, y + 1, ROWS * PAIRS * sizeof(double)));
    ck_assert(x[PAIRS + PAIRS - 1] == -7 && x[(ROWS - 1) * PAIRS] == y[1 + (ROWS - 1) * PAIRS]);
    free(x);
    free(y);
}
END_TEST

START_TEST(huge_bases) {
    const double b[] = {1e290, 1e300, 1.7e308}, t[] = {4096, 4096, 4096};
    const size_t dims[] = {128, 2, 128};
    ropelaw_sweep sweep = {3, b, t, dims, NULL, NULL};
    ropelaw_sweep_out out = {.bound_16b_tok = law, .period_tok = period, .period_stride = STRIDE};
    test_assert_ok(ropelaw_sweep_eval(&sweep, ROPELAW_ISA_AVX512, &out, &e), e);
    for (int i = 0; i < 3; i++) {
        ropelaw_bound x;
        ropelaw_setting s = {dims[i], b[i], 4096, b[i], 4096};
        test_assert_ok(ropelaw_bound_eval(&s, &x, &e), e);
        ck_assert(same(law[i], x.bound_16b_tok, 1e-11));
        for (size_t n = 0; n < dims[i] / 2; n++)
            test_assert_rel(period[i * STRIDE + (int)n],
                            2 * M_PI * pow(b[i], 2.0 * (double)n / (double)dims[i]), 1e-11);
    }
}
END_TEST

START_TEST(bad_rows) {
    fill(72);
    ropelaw_sweep sweep = {N, base, train, d, NULL, NULL};
    ropelaw_sweep_out out = {.bound_tok = bound, .period_tok = period, .period_stride = STRIDE};
    bound[0] = 42;
    const double bad[] = {1, 0, -1, NAN, INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double kept = base[77];
        base[77] = bad[i];
        test_assert_fails(ropelaw_sweep_eval(&sweep, ROPELAW_ISA_AVX512, &out, &e), ROPELAW_DOMAIN, e,
                          "pretrain_base");
        ck_assert_ptr_nonnull(strstr(e.message, "row 77"));
        base[77] = kept;
        kept = train[78];
        train[78] = bad[i];
        test_assert_fails(ropelaw_sweep_eval(&sweep, ROPELAW_ISA_AVX512, &out, &e), ROPELAW_DOMAIN, e,
                          "train_len");
        train[78] = kept;
    }
    const size_t dims[] = {0, 1, 127, 65538};
    for (size_t i = 0; i < 4; i++) {
        size_t kept = d[79];
        d[79] = dims[i];
        test_assert_fails(ropelaw_sweep_eval(&sweep, ROPELAW_ISA_AVX512, &out, &e), ROPELAW_DOMAIN, e,
                          "rotary_dim");
        d[79] = kept;
    }
    out.period_stride = 100;
    test_assert_fails(ropelaw_sweep_eval(&sweep, ROPELAW_ISA_AVX512, &out, &e), ROPELAW_SHAPE, e,
                      "period_stride");
    test_assert_fails(ropelaw_sweep_eval(NULL, ROPELAW_ISA_AVX512, &out, &e), ROPELAW_INVALID, e, "sweep");
    test_assert_fails(ropelaw_sweep_eval(&sweep, ROPELAW_ISA_AVX512, NULL, &e), ROPELAW_INVALID, e, "out");
    ck_assert_double_eq(bound[0], 42);
}
END_TEST

int main(void) {
    Suite *s = suite_create("sweep");
    const TTest *const tests[] = {
        against_the_scalar_law, tails_and_parts, larger_than_the_caches, huge_bases, bad_rows, NULL};
    test_add(s, "sweep", tests);
    return test_run(s);
}
