#include "test.h"
#include <ropelaw/fitted_law.h>

/* LLaMA2 by the theory: slope 92/128, intercept ln 2pi */
static ropelaw_fitted_law theory(void) {
    ropelaw_fitted_law law = {
        .rotary_dim = 128, .pretrain_base = 1e4, .train_len_tok = 4096, .critical_dim = 92};
    law.intercept = log(2 * M_PI), law.slope = 92.0 / 128, law.tau = 0.05;
    law.covariance[0] = 0.36, law.covariance[1] = -0.029, law.covariance[2] = 0.0024;
    law.df = 8, law.inflation = 10.0 / 8, law.base_min = 1e4, law.base_max = 1e6;
    return law;
}

START_TEST(theory_values_of_the_paper) {
    ropelaw_fitted_law law = theory();
    ropelaw_error e = {0};
    double length, base;
    uint32_t caveats;
    test_assert_ok(ropelaw_fitted_law_predict(&law, 1e6, 0, &length, &caveats, &e), e);
    test_assert_abs(length, 129026.78, 0.005); /* laws.md 1.4 prints two decimals */
    ck_assert_uint_eq(caveats, 0);
    test_assert_ok(ropelaw_fitted_law_base(&law, 131072, &base, &caveats, &e), e);
    test_assert_abs(base, 1022121.8899, 5e-5);
    ck_assert_uint_eq(caveats, ROPELAW_CAVEAT_EXTRAPOLATED);
}
END_TEST

START_TEST(inverse_is_inverse) {
    ropelaw_fitted_law law = theory();
    ropelaw_error e = {0};
    for (double base = 500; base < 1e12; base *= 7) {
        double length, back;
        test_assert_ok(ropelaw_fitted_law_predict(&law, base, 0, &length, NULL, &e), e);
        test_assert_ok(ropelaw_fitted_law_base(&law, length, &back, NULL, &e), e);
        test_assert_rel(back, base, 2e-14); /* ln base <= 28: its rounding, over the slope */
    }
}
END_TEST

START_TEST(the_floor_and_its_caveat) {
    ropelaw_fitted_law law = theory();
    ropelaw_error e = {0};
    double length;
    uint32_t caveats;
    test_assert_ok(ropelaw_fitted_law_predict(&law, 2e4, 16384, &length, &caveats, &e), e);
    ck_assert_double_eq(length, 16384);
    ck_assert_uint_eq(caveats, ROPELAW_CAVEAT_AT_EDGE);
}
END_TEST

START_TEST(variance_by_a_second_route) {
    ropelaw_fitted_law law = theory();
    double u = log(3e5), median, run;
    ropelaw_fitted_law_variance(&law, 3e5, &median, &run);
    /* (1, u) through a Cholesky factor of the covariance */
    double l00 = sqrt(law.covariance[0]), l10 = law.covariance[1] / l00;
    double l11 = sqrt(law.covariance[2] - l10 * l10);
    double a = l00 + u * l10, b = u * l11;
    test_assert_rel(median, 1.25 * (a * a + b * b), 1e-12);
    test_assert_rel(run - median, 1.25 * 0.0025, 1e-12);
    law.df = 0;
    ropelaw_fitted_law_variance(&law, 3e5, &median, &run);
    ck_assert(isnan(median) && isnan(run));
}
END_TEST

START_TEST(bad_input_is_named) {
    ropelaw_error e = {0};
    ropelaw_fitted_law law = theory();
    double out = 7;
    test_assert_fails(ropelaw_fitted_law_predict(&law, 1, 0, &out, NULL, &e), ROPELAW_DOMAIN, e, "base");
    test_assert_fails(ropelaw_fitted_law_predict(&law, 1e5, NAN, &out, NULL, &e), ROPELAW_DOMAIN, e,
                      "tune_len_tok");
    test_assert_fails(ropelaw_fitted_law_base(&law, -1, &out, NULL, &e), ROPELAW_DOMAIN, e, "target_len_tok");
    test_assert_fails(ropelaw_fitted_law_base(&law, 2, &out, NULL, &e), ROPELAW_UNSUPPORTED, e,
                      "target_len_tok");
    test_assert_fails(ropelaw_fitted_law_check(NULL, &e), ROPELAW_INVALID, e, "law");
    law.slope = 0;
    test_assert_fails(ropelaw_fitted_law_check(&law, &e), ROPELAW_DOMAIN, e, "slope");
    law = theory(), law.tau = NAN;
    test_assert_fails(ropelaw_fitted_law_check(&law, &e), ROPELAW_DOMAIN, e, "tau");
    law = theory(), law.covariance[1] = 0.1;
    test_assert_fails(ropelaw_fitted_law_check(&law, &e), ROPELAW_DOMAIN, e, "covariance[1]");
    law = theory(), law.base_max = 1;
    test_assert_fails(ropelaw_fitted_law_check(&law, &e), ROPELAW_DOMAIN, e, "base_max");
    law = theory(), law.inflation = 0;
    test_assert_fails(ropelaw_fitted_law_check(&law, &e), ROPELAW_DOMAIN, e, "inflation");
    ck_assert_double_eq(out, 7);
}
END_TEST

int main(void) {
    Suite *s = suite_create("fitted");
    const TTest *const tests[] = {theory_values_of_the_paper, inverse_is_inverse, the_floor_and_its_caveat,
                                  variance_by_a_second_route, bad_input_is_named, NULL};
    test_add(s, "fitted", tests);
    return test_run(s);
}
