/* Tests: long_range.c long_range_base.c long_range_scan.c long_range_scan_avx2.c long_range_scan_avx512.c */
#include "test.h"
#include "law/long_range_scan.h"
#include <ropelaw/cpu.h>
#include <ropelaw/long_range.h>
#include <ropelaw/random.h>
#include "../golden/long_range.inc"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static ropelaw_error e;

static ropelaw_long_range_base smallest(double length, size_t d, double base_max) {
    ropelaw_long_range_query query = {length, d, base_max, NULL};
    ropelaw_long_range_base found;
    test_assert_ok(ropelaw_long_range_base_find(&query, &found, &e), e);
    return found;
}

static double least_sum(double base, size_t d, size_t length) {
    double theta[64], least = INFINITY;
    test_assert_ok(ropelaw_freqs_eval(base, d, theta, &e), e);
    for (size_t m = 0; m < length; m++) {
        double b = 0;
        for (size_t n = 0; n < d / 2; n++) b += cos((double)m * theta[n]);
        least = fmin(least, b);
    }
    return least;
}

START_TEST(golden_sums) {
    double theta[64];
    for (size_t i = 0; i < COUNT(golden_long_range_sum); i++) {
        size_t n = golden_long_range_sum[i].d / 2;
        double m = golden_long_range_sum[i].distance;
        test_assert_ok(ropelaw_freqs_eval(golden_long_range_sum[i].base, 2 * n, theta, &e), e);
        test_assert_abs(ropelaw_long_range_eval(theta, n, m), golden_long_range_sum[i].sum,
                        (double)n * (m + 1) * 0x1p-53 + 1e-14);
    }
}
END_TEST

/* Men et al., Table 4: 97 and 2554 negative distances for their second method, none for the first. */
START_TEST(golden_counts) {
    double theta[64];
    size_t n_negative, first;
    for (size_t i = 0; i < COUNT(golden_long_range_count); i++) {
        for (int n = 0; n < 64; n++) {
            double second =
                n >= 44 ? pow(1e4, -2.0 * n / 128) / 8 : pow(1e4 * pow(8, 128.0 / 88), -2.0 * n / 128);
            theta[n] = golden_long_range_count[i].method == 1 ? pow(5e6, -2.0 * n / 128) : second;
        }
        test_assert_ok(ropelaw_long_range_count(theta, 64, golden_long_range_count[i].n_distances,
                                                &n_negative, &first, &e),
                       e);
        ck_assert_uint_eq(n_negative, golden_long_range_count[i].n_negative);
        ck_assert_uint_eq(first, golden_long_range_count[i].first);
    }
    ck_assert_uint_eq(golden_long_range_count[2].n_negative, 97);
    ck_assert_uint_eq(golden_long_range_count[3].n_negative, 2554);
}
END_TEST

/* Every kernel that this processor has against sums of cosines, tails of less than four pairs included. */
START_TEST(every_kernel) {
    law_scan *const kernels[] = {law_scan_portable,
#ifdef ROPELAW_HAVE_X86
                                 law_scan_avx2, law_scan_avx512
#endif
    };
    law_scan_pair pairs[64];
    double theta[64], sums[LAW_SCAN_BLOCK];
    const double starts[] = {0, 1, 1024, 999999, 16777216 - 1024};
    const size_t n_pairs[] = {1, 2, 3, 4, 5, 17, 64};
    for (size_t k = 0; k < COUNT(kernels); k++) {
        if ((int)k > (int)ropelaw_isa_best()) break;
        for (size_t p = 0; p < COUNT(n_pairs); p++)
            for (size_t i = 0; i < COUNT(starts); i++) {
                for (size_t n = 0; n < n_pairs[p]; n++)
                    theta[n] = pow(6.5e7, -(double)n / (double)n_pairs[p]);
                law_scan_prepare(theta, n_pairs[p], pairs);
                kernels[k](pairs, n_pairs[p], starts[i], sums);
                for (size_t m = 0; m < LAW_SCAN_BLOCK; m += 31)
                    test_assert_abs(sums[m],
                                    ropelaw_long_range_eval(theta, n_pairs[p], starts[i] + (double)m),
                                    LAW_SCAN_ERROR(n_pairs[p], starts[i] + LAW_SCAN_BLOCK));
            }
    }
}
END_TEST

START_TEST(golden_bases) {
    for (size_t i = 0; i < COUNT(golden_long_range_base); i++) {
        ropelaw_long_range_base f = smallest(golden_long_range_base[i].length, 128, 1e12);
        test_assert_rel(f.base, golden_long_range_base[i].base, 1e-10);
        ck_assert_uint_eq(f.witness, golden_long_range_base[i].witness);
        ck_assert(f.caveats == 0 && f.resolution == 0);
    }
}
END_TEST

/* The base is feasible, just below it is not, and on a grid no smaller base is: by plain sums. */
START_TEST(nothing_smaller_is_feasible) {
    const double lengths[] = {64, 200, 600};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        ropelaw_long_range_base f = smallest(lengths[i], 128, 1e12);
        ck_assert(least_sum(f.base, 128, (size_t)lengths[i]) > -1e-8);
        ck_assert(least_sum(f.base * (1 - 1e-7), 128, (size_t)lengths[i]) < 0);
        for (double base = 1.01; base < f.base * (1 - 1e-7); base *= 1.01)
            ck_assert_msg(least_sum(base, 128, (size_t)lengths[i]) < 0, "%g tokens: base %g is feasible",
                          lengths[i], base);
    }
}
END_TEST

START_TEST(no_interval) {
    /* feasible at 4206.1, not at 4500, for distances up to 999: bisection would be wrong */
    ck_assert(least_sum(4206.1, 128, 1000) >= 0);
    ck_assert(least_sum(4500, 128, 1000) < 0);
    ck_assert(least_sum(5400, 128, 1000) >= 0);
}
END_TEST

START_TEST(longest_lengths) {
    ropelaw_long_range_len len;
    test_assert_ok(ropelaw_long_range_len_find(100, 4, &len, &e), e);
    ck_assert(len.len_tok == 3);
    test_assert_ok(ropelaw_long_range_len_find(1e4, 4, &len, &e), e);
    ck_assert(len.len_tok == 22);
    for (double length = 16; length < 3000;
         length *= 1.7) { /* the base found holds for its length, to a token */
        ropelaw_long_range_base f = smallest(floor(length), 128, 1e12);
        test_assert_ok(ropelaw_long_range_len_find(f.base * (1 + 1e-8), 128, &len, &e), e);
        ck_assert_msg(len.len_tok >= floor(length), "base %g: %g", f.base, len.len_tok);
    }
    test_assert_ok(ropelaw_long_range_len_find(1e300, 16, &len, &e), e);
    ck_assert(isnan(len.len_tok) && len.caveats == ROPELAW_CAVEAT_CENSORED);
}
END_TEST

START_TEST(edges) {
    ck_assert(smallest(2, 128, 1e12).base == 1); /* cos(theta) > 0 for every pair */
    ropelaw_long_range_base f = smallest(4096, 128, 1e4);
    ck_assert(isnan(f.base) && f.caveats == ROPELAW_CAVEAT_CENSORED);
}
END_TEST

static int refuse(void *context, double fraction) {
    (void)context;
    return fraction < 0;
}

START_TEST(bad_input) {
    ropelaw_long_range_base f = {.base = 42};
    const double lengths[] = {1, 0, -5, 0x1p25, NAN, INFINITY};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        ropelaw_long_range_query q = {lengths[i], 128, 1e12, NULL};
        test_assert_fails(ropelaw_long_range_base_find(&q, &f, &e), ROPELAW_DOMAIN, e, "length");
    }
    ropelaw_progress stop = {refuse, NULL};
    ropelaw_long_range_query q = {1024, 128, 1e12, &stop};
    ck_assert_int_eq(ropelaw_long_range_base_find(&q, &f, &e), ROPELAW_CANCELLED);
    q = (ropelaw_long_range_query){1024, 127, 1e12, NULL};
    test_assert_fails(ropelaw_long_range_base_find(&q, &f, &e), ROPELAW_DOMAIN, e, "rotary_dim");
    q = (ropelaw_long_range_query){1024, 128, 1, NULL};
    test_assert_fails(ropelaw_long_range_base_find(&q, &f, &e), ROPELAW_DOMAIN, e, "base_max");
    ck_assert_double_eq(f.base, 42);
    double theta[] = {1, NAN};
    test_assert_fails(ropelaw_long_range_count(theta, 2, 10, NULL, NULL, &e), ROPELAW_DOMAIN, e, "theta");
    test_assert_fails(ropelaw_long_range_count(NULL, 2, 10, NULL, NULL, &e), ROPELAW_INVALID, e, "theta");
    test_assert_fails(ropelaw_long_range_count(theta, 1, (size_t)1 << 25, NULL, NULL, &e), ROPELAW_DOMAIN, e,
                      "n_distances");
    ropelaw_long_range_len len;
    test_assert_fails(ropelaw_long_range_len_find(1, 128, &len, &e), ROPELAW_DOMAIN, e, "base");
}
END_TEST

int main(void) {
    Suite *s = suite_create("long_range");
    const TTest *const tests[] = {
        golden_sums, golden_counts,   every_kernel, golden_bases, nothing_smaller_is_feasible,
        no_interval, longest_lengths, edges,   bad_input,    NULL};
    test_add(s, "long_range", tests);
    return test_run(s);
}
