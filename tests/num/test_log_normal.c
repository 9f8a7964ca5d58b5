#include "test.h"
#include "num/log_normal.h"
#include "../golden/log_normal.inc"

/* error of the logarithm: its own rounding, and the argument's rounding times the slope |z| of the logarithm
 */
static double tolerance(double z) {
    double a = fabs(z);
    return 4e-16 * (4 + a * a / 2) + 2e-12 * (z <= -30);
}

START_TEST(below_against_60_digits) {
    for (size_t i = 0; i < sizeof below_golden / sizeof *below_golden; i++) {
        double z = below_golden[i][0];
        test_assert_abs(num_log_below(z), below_golden[i][1], tolerance(z));
    }
    test_assert_rel(num_log_below(12), below_golden[sizeof below_golden / sizeof *below_golden - 1][1],
                    4e-16 * 72);
}
END_TEST

START_TEST(between_against_60_digits) {
    for (size_t i = 0; i < sizeof between_golden / sizeof *between_golden; i++) {
        const double *g = between_golden[i];
        double far = fmax(fabs(g[0]), fabs(g[1])), near = fmin(fabs(g[0]), fabs(g[1]));
        /* a difference outside the series loses at most 1/0.05 of the digits of the larger logarithm */
        double near_error = g[0] < 0 && g[1] > 0 ? 1e-15 : 20 * tolerance(-near);
        test_assert_abs(num_log_between(g[0], g[1]), g[2],
                        near_error + 1e-13 + (g[1] - g[0] < 0.05 ? far * far * 2e-15 : 0));
    }
}
END_TEST

START_TEST(between_has_no_seam_and_is_symmetric) {
    /* the short-interval series meets the difference: additivity across a cut just beside either form */
    for (double a = -20; a < 20; a += 0.37) {
        double w = 0.05 / fmax(1, fabs(a) + 0.05), whole = num_log_between(a, a + 2 * w);
        double parts =
            log(exp(num_log_between(a, a + w) - whole) + exp(num_log_between(a + w, a + 2 * w) - whole));
        test_assert_abs(parts, 0, 1e-12);
        ck_assert_double_eq(num_log_between(a, a + w), num_log_between(-a - w, -a));
    }
}
END_TEST

START_TEST(ends) {
    ck_assert_double_eq(num_log_between(-INFINITY, INFINITY), 0);
    ck_assert_double_eq(num_log_between(-INFINITY, -3), num_log_below(-3));
    ck_assert_double_eq(num_log_between(3, INFINITY), num_log_below(-3));
    ck_assert(isinf(num_log_between(2, 2)));
    ck_assert(isfinite(num_log_below(-1e150)));
    test_assert_rel(num_log_density(2), -2 - 0.5 * log(2 * M_PI), 1e-15);
}
END_TEST

int main(void) {
    Suite *s = suite_create("log_normal");
    const TTest *const tests[] = {below_against_60_digits, between_against_60_digits,
                                  between_has_no_seam_and_is_symmetric, ends, NULL};
    test_add(s, "log_normal", tests);
    return test_run(s);
}
