#include "test.h"
#include "gsl_handler.h"
#include "num/quantile.h"
#include <gsl/gsl_cdf.h>
#include "../golden/quantile.inc"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ill-conditioning of a tail in its argument (|x| pdf / tail) times a few roundings, at most 1e-12 here */
static const double tolerance = 1e-12;

START_TEST(tails_against_multi_precision) {
    gsl_handler_install();
    for (size_t i = 0; i < COUNT(golden_f); i++)
        test_assert_rel(num_f_tail(golden_f[i][0], golden_f[i][1], golden_f[i][2]), golden_f[i][3],
                        tolerance * fmax(1, golden_f[i][2] / 1e4)); /* the fraction starts with a cancellation */
    for (size_t i = 0; i < COUNT(golden_chi2); i++)
        test_assert_rel(num_chi2_tail(golden_chi2[i][0], golden_chi2[i][1]), golden_chi2[i][2], tolerance);
    for (size_t i = 0; i < COUNT(golden_t); i++)
        test_assert_rel(num_t_tail(golden_t[i][0], golden_t[i][1]), golden_t[i][2],
                        tolerance * fmax(1, golden_t[i][1] / 1e4));
    for (size_t i = 0; i < COUNT(golden_normal); i++)
        test_assert_rel(num_normal_cdf(golden_normal[i][0]), golden_normal[i][1], tolerance);
    gsl_handler_check();
}
END_TEST

START_TEST(quantiles_invert_the_tails) {
    gsl_handler_install();
    const double p[] = {1e-6, 0.01, 0.05, 0.3, 0.5, 0.77, 0.95, 0.975, 0.999, 1 - 1e-9};
    const double df[] = {0.7, 1, 2, 3, 8, 20, 150, 1e4};
    for (size_t i = 0; i < COUNT(p); i++)
        for (size_t k = 0; k < COUNT(df); k++) {
            double q = 1 - p[i]; /* 1 - p loses digits near 1: compare where the information is */
            test_assert_rel(1 - num_t_tail(num_t_quantile(p[i], df[k]), df[k]), p[i], 1e-10);
            test_assert_rel(num_chi2_tail(num_chi2_quantile(p[i], df[k]), df[k]), q, 1e-10 + 1e-16 / q);
            test_assert_rel(num_f_tail(num_f_quantile(p[i], df[k], 5), df[k], 5), q, 1e-10 + 1e-16 / q);
        }
    gsl_handler_check();
}
END_TEST

START_TEST(quantiles_against_gsl) {
    const double df[] = {1, 2, 4, 8, 11, 30};
    for (size_t k = 0; k < COUNT(df); k++) {
        test_assert_rel(num_t_quantile(0.975, df[k]), gsl_cdf_tdist_Pinv(0.975, df[k]), 1e-9);
        test_assert_rel(num_f_quantile(0.95, 1, df[k]), gsl_cdf_fdist_Pinv(0.95, 1, df[k]), 1e-9);
        test_assert_rel(num_chi2_quantile(0.95, df[k]), gsl_cdf_chisq_Pinv(0.95, df[k]), 1e-9);
    }
    test_assert_rel(num_t_quantile(0.975, 1), 12.706204736174698, 1e-13);
    test_assert_rel(num_f_quantile(0.95, 1, 1), 161.44763879758055, 1e-12);
    test_assert_rel(num_normal_quantile(0.975), 1.959963984540054, 1e-15);
}
END_TEST

START_TEST(limits_and_nonsense) {
    gsl_handler_install();
    test_assert_rel(num_t_quantile(0.9, INFINITY), num_normal_quantile(0.9), 1e-15);
    test_assert_rel(num_f_tail(3, 2, INFINITY), num_chi2_tail(6, 2), 1e-15);
    ck_assert_double_eq(num_t_quantile(0.5, 3), 0);
    ck_assert(isinf(num_f_quantile(1, 1, 2)) && num_f_quantile(0, 1, 2) == 0);
    ck_assert(isinf(num_t_quantile(0, 4)) && isinf(num_normal_quantile(1)));
    const double bad[] = {-0.1, 1.1, NAN};
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert(isnan(num_t_quantile(bad[i], 3)) && isnan(num_f_quantile(bad[i], 1, 3)) &&
                  isnan(num_chi2_quantile(bad[i], 3)) && isnan(num_normal_quantile(bad[i])));
    ck_assert(isnan(num_t_tail(1, 0)) && isnan(num_f_tail(1, -1, 2)) && isnan(num_chi2_tail(NAN, 1)));
    ck_assert(num_f_tail(-1, 2, 3) == 1 && num_f_tail(INFINITY, 2, 3) == 0);
    gsl_handler_check();
}
END_TEST

int main(void) {
    Suite *s = suite_create("quantile");
    const TTest *const tests[] = {tails_against_multi_precision, quantiles_invert_the_tails,
                                  quantiles_against_gsl, limits_and_nonsense, NULL};
    test_add(s, "quantile", tests);
    return test_run(s);
}
