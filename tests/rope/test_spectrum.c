#include "test.h"
#include "rope/rope.h"
#include <ropelaw/law.h>
#include <ropelaw/random.h>
#include "../golden/laws.inc"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(golden_periods) {
    static ropelaw_pair pairs[ROPELAW_ROTARY_DIM_MAX / 2];
    ropelaw_error e;
    for (size_t i = 0; i < COUNT(golden_period); i++) {
        test_assert_ok(ropelaw_spectrum_eval(golden_period[i].base, golden_period[i].d, 4096, pairs, &e), e);
        test_assert_ulp(pairs[golden_period[i].n].theta, golden_period[i].theta, 1);
        test_assert_ulp(pairs[golden_period[i].n].period_tok, golden_period[i].period, 1);
    }
}
END_TEST

START_TEST(two_routes) {
    ropelaw_random r;
    ropelaw_random_init(&r, 11, 0);
    ropelaw_error e;
    double theta[256];
    ropelaw_pair pairs[256];
    for (int i = 0; i < 500; i++) {
        size_t d = 2 + 2 * ropelaw_random_below(&r, 256);
        double base = exp(27.7 * ropelaw_random_uniform(&r) + 1e-6),
               train = 7 + ropelaw_random_below(&r, 1u << 31);
        ropelaw_critical c;
        test_assert_ok(ropelaw_freqs_eval(base, d, theta, &e), e);
        test_assert_ok(ropelaw_spectrum_eval(base, d, train, pairs, &e), e);
        test_assert_ok(ropelaw_critical_dim_count(d, base, train, &c, &e), e);
        size_t n_critical = 0;
        for (size_t n = 0; n < d / 2; n++) {
            ck_assert(theta[n] == pairs[n].theta);
            test_assert_rel(theta[n], exp(-2.0 * n / d * log(base)), 64 * 0x1p-53);
            test_assert_rel(pairs[n].turns * pairs[n].period_tok, train, 4 * 0x1p-53);
            test_assert_rel(pairs[n].phase_seen_rad, fmin(2 * M_PI, (train - 1) * theta[n]), 4 * 0x1p-53);
            n_critical += pairs[n].critical;
        }
        ck_assert_uint_eq(2 * n_critical, c.dim);
    }
}
END_TEST

START_TEST(bad_input) {
    double theta[64] = {42};
    ropelaw_pair pairs[64];
    ropelaw_error e;
    const size_t dims[] = {0, 1, 127, ROPELAW_ROTARY_DIM_MAX + 2, (size_t)-2};
    for (size_t i = 0; i < COUNT(dims); i++)
        test_assert_fails(ropelaw_freqs_eval(1e4, dims[i], theta, &e), ROPELAW_DOMAIN, e, "rotary_dim");
    const double bases[] = {1, 0, -1e4, NAN, INFINITY};
    for (size_t i = 0; i < COUNT(bases); i++)
        test_assert_fails(ropelaw_freqs_eval(bases[i], 128, theta, &e), ROPELAW_DOMAIN, e, "base");
    const double lengths[] = {6.99, 0, -4096, NAN, INFINITY};
    for (size_t i = 0; i < COUNT(lengths); i++)
        test_assert_fails(ropelaw_spectrum_eval(1e4, 128, lengths[i], pairs, &e), ROPELAW_DOMAIN, e,
                          "train_len");
    test_assert_fails(ropelaw_freqs_eval(1e4, 128, NULL, &e), ROPELAW_INVALID, e, "theta");
    test_assert_fails(ropelaw_spectrum_eval(1e4, 128, 4096, NULL, &e), ROPELAW_INVALID, e, "pairs");
    ck_assert_double_eq(theta[0], 42);
}
END_TEST

int main(void) {
    Suite *s = suite_create("spectrum");
    const TTest *const tests[] = {two_routes, bad_input, NULL}, *const wide[] = {golden_periods, NULL};
    test_add(s, "spectrum", tests);
    test_add_wide(s, "spectrum", wide);
    return test_run(s);
}
