#include "test.h"
#include "num/root.h"

static int calls;

static double cubic(double x, void *context) {
    (void)context;
    calls++;
    return x * x * x - 2 * x - 5; /* Wallis: 2.0945514815423265 */
}

static double step(double x, void *context) {
    (void)context;
    return x < 0.3 ? -1 : 1;
}

static double flat_then_steep(double x, void *context) {
    (void)context;
    return exp(40 * x) - 1e8;
}

static double holed(double x, void *context) {
    (void)context;
    return x > 0.9 && x < 1.1 ? NAN : x - 1.05;
}

START_TEST(roots) {
    double x = -1;
    ck_assert_int_eq(num_root(cubic, NULL, (num_interval){2, 3, 1e-15}, &x), ROPELAW_OK);
    test_assert_ulp(x, 2.0945514815423265, 2);
    ck_assert_int_le(calls, 12); /* superlinear: bisection alone would need about 50 */
    ck_assert_int_eq(num_root(cubic, NULL, (num_interval){3, 2, 1e-15}, &x), ROPELAW_OK);
    test_assert_ulp(x, 2.0945514815423265, 2);
    ck_assert_int_eq(num_root(step, NULL, (num_interval){0, 1, 1e-14}, &x), ROPELAW_OK);
    test_assert_abs(x, 0.3, 1e-14);
    ck_assert_int_eq(num_root(flat_then_steep, NULL, (num_interval){-50, 50, 1e-15}, &x), ROPELAW_OK);
    test_assert_rel(x, log(1e8) / 40, 1e-14);
}
END_TEST

START_TEST(no_bracket_no_answer) {
    double x = 7;
    ck_assert_int_eq(num_root(cubic, NULL, (num_interval){3, 4, 1e-15}, &x), ROPELAW_DOMAIN);
    ck_assert_int_eq(num_root(holed, NULL, (num_interval){0, 2, 1e-15}, &x), ROPELAW_DOMAIN);
    ck_assert_double_eq(x, 7);
    ck_assert_int_eq(num_root(holed, NULL, (num_interval){1.05, 1.05, 1e-15}, &x), ROPELAW_DOMAIN);
}
END_TEST

static double quartic(double x, void *context) {
    (void)context;
    calls++;
    return pow(x - 0.7, 4) + 0.5 * (x - 0.7) * (x - 0.7) + 3;
}

static double kink(double x, void *context) {
    (void)context;
    return fabs(x - 0.2);
}

START_TEST(minima) {
    double x = 0;
    calls = 0;
    double f = num_minimum(quartic, NULL, (num_interval){-3, 5, 1e-9}, &x);
    test_assert_abs(x, 0.7, 1e-7); /* sqrt(eps * f / f'') */
    test_assert_rel(f, 3, 1e-15);
    ck_assert_int_le(calls, 45);
    num_minimum(kink, NULL, (num_interval){-1, 1, 1e-10}, &x);
    test_assert_abs(x, 0.2, 1e-8);
    num_minimum(cubic, NULL, (num_interval){2, 3, 1e-10}, &x); /* increasing: the left end */
    test_assert_abs(x, 2, 1e-7);
}
END_TEST

int main(void) {
    Suite *s = suite_create("root");
    const TTest *const tests[] = {roots, no_bracket_no_answer, minima, NULL};
    test_add(s, "root", tests);
    return test_run(s);
}
