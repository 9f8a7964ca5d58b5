#include "test.h"
#include "num/quantile.h"
#include "stats/resample.h"
#include <math.h>

START_TEST(quantiles) {
    double v[] = {5, -INFINITY, 1, 2, INFINITY, 4, 3};
    stats_sort(v, 7);
    ck_assert(v[0] == -INFINITY && v[1] == 1 && v[6] == INFINITY);
    for (int k = 1; k <= 7; k++) ck_assert_double_eq(stats_quantile(v, 7, k / 8.), v[k - 1]);
    test_assert_abs(stats_quantile(v, 7, 2.5 / 8), 1.5, 1e-14);
    ck_assert(stats_quantile(v, 7, .001) == -INFINITY && stats_quantile(v, 7, .999) == INFINITY);
    ck_assert(stats_quantile(v, 7, 6.9 / 8) == INFINITY &&
              stats_quantile(v, 7, 6.1 / 8) == 5); /* no nan between */
}
END_TEST

/* Without bias and skewness BCa is the percentile; bias moves both ends its way; the formula once by hand. */
START_TEST(levels_of_bca) {
    const double even[] = {-1, 1, -2, 2}, skew[] = {3, -1, -1, -1};
    stats_levels k = stats_bca_levels(500, 1000, even, 4, .95);
    test_assert_abs(k.lo, .025, 1e-4);
    test_assert_abs(k.hi, .975, 1e-4);
    stats_levels biased = stats_bca_levels(600, 1000, even, 4, .95);
    ck_assert(biased.lo > k.lo && biased.hi > k.hi);
    stats_levels skewed = stats_bca_levels(500, 1000, skew, 4, .9);
    double a = 24 / (6 * pow(12, 1.5)), z0 = num_normal_quantile(500.5 / 1001), z = num_normal_quantile(.95);
    test_assert_rel(skewed.hi, num_normal_cdf(z0 + (z0 + z) / (1 - a * (z0 + z))), 1e-12);
    test_assert_rel(skewed.lo, num_normal_cdf(z0 + (z0 - z) / (1 - a * (z0 - z))), 1e-12);
}
END_TEST

int main(void) {
    Suite *s = suite_create("resample");
    const TTest *const tests[] = {quantiles, levels_of_bca, NULL};
    test_add(s, "resample", tests);
    return test_run(s);
}
