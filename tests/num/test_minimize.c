#include "test.h"
#include "num/minimize.h"
#include <string.h>

static int calls;

static double rosenbrock(void *context, const double *x, double *g) {
    double scale = *(double *)context, a = 1 - x[0], b = x[1] - x[0] * x[0];
    calls++;
    g[0] = scale * (-2 * a - 400 * x[0] * b);
    g[1] = scale * 200 * b;
    return scale * (a * a + 100 * b * b);
}

START_TEST(rosenbrock_at_any_scale) {
    for (double scale = 1e-3; scale < 1e7; scale *= 100) {
        double x[2] = {-1.2, 1};
        num_minimize_options o = num_minimize_default;
        num_minimize_report r;
        ropelaw_error e = {0};
        o.gradient_tolerance = 1e-9 * scale;
        calls = 0;
        test_assert_ok(num_minimize(rosenbrock, &scale, 2, x, &o, &r, &e), e);
        test_assert_abs(x[0], 1, 1e-7);
        test_assert_abs(x[1], 1, 1e-7);
        ck_assert_int_eq(r.evaluations, calls);
        ck_assert(r.end != NUM_END_MAXITER);
        double g[2];
        ck_assert_double_eq(rosenbrock(&scale, x, g), r.value); /* the report is true */
        ck_assert_double_eq(fmax(fabs(g[0]), fabs(g[1])), r.gradient);
    }
}
END_TEST

/* 0.5 (x-c)' A (x-c), A = D + 1 1': the minimum and the Hessian are known */
static double quadratic(void *context, const double *x, double *g) {
    size_t n = *(size_t *)context;
    double sum = 0, value = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] - (double)i;
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - (double)i;
        g[i] = (double)(i + 1) * d + sum;
        value += g[i] * d / 2;
    }
    return value;
}

START_TEST(a_quadratic_of_20) {
    size_t n = 20;
    double x[20];
    for (size_t i = 0; i < n; i++) x[i] = 100;
    ropelaw_error e = {0};
    num_minimize_report r;
    test_assert_ok(num_minimize(quadratic, &n, n, x, NULL, &r, &e), e);
    /* the smallest eigenvalue is above 1: |x - c| <= |gradient| */
    for (size_t i = 0; i < n; i++) test_assert_abs(x[i], (double)i, 20 * r.gradient);
    ck_assert(r.end == NUM_END_GRADIENT && r.gradient <= num_minimize_default.gradient_tolerance);
}
END_TEST

/* a minimum over two branches: kink at x = 0, minima at -1 (value 0.5) and 2 (value 0) */
static double branches(void *context, const double *x, double *g) {
    (void)context;
    double left = (x[0] + 1) * (x[0] + 1) + 0.5, right = (x[0] - 2) * (x[0] - 2) / 2.0;
    g[0] = left < right ? 2 * (x[0] + 1) : x[0] - 2;
    return fmin(left, right);
}

static double corner(void *context, const double *x, double *g) {
    (void)context;
    g[0] = x[0] > 0.3 ? 1 : -2;
    g[1] = 2 * x[1];
    return fmax(x[0] - 0.3, 2 * (0.3 - x[0])) + x[1] * x[1];
}

START_TEST(kinks_do_not_stop_it) {
    ropelaw_error e = {0};
    double x[1] = {0.9}, y[2] = {5, 3};
    test_assert_ok(num_minimize(branches, NULL, 1, x, NULL, NULL, &e), e);
    test_assert_abs(x[0], 2, 1e-6);
    test_assert_ok(num_minimize(corner, NULL, 2, y, NULL, NULL, &e), e);
    test_assert_abs(y[0], 0.3, 1e-5);
    test_assert_abs(y[1], 0, 1e-2);
}
END_TEST

static double logarithm(void *context, const double *x, double *g) {
    (void)context;
    g[0] = 1 - 1 / x[0];
    return x[0] - log(x[0]); /* NAN for x < 0 */
}

START_TEST(outside_the_domain_is_stepped_back_from) {
    ropelaw_error e = {0};
    double x[1] = {1e-3};
    test_assert_ok(num_minimize(logarithm, NULL, 1, x, NULL, NULL, &e), e);
    test_assert_abs(x[0], 1, 1e-6);
    x[0] = -1;
    test_assert_fails(num_minimize(logarithm, NULL, 1, x, NULL, NULL, &e), ROPELAW_INVALID, e, "x");
    ck_assert_double_eq(x[0], -1);
    e = (ropelaw_error){0};
    test_assert_fails(num_minimize(logarithm, NULL, 0, x, NULL, NULL, &e), ROPELAW_SHAPE, e, "n");
}
END_TEST

START_TEST(memory_and_iterations_run_out) {
    ropelaw_error e = {0};
    double x[2] = {-1.2, 1}, scale = 1;
    core_fail_allocations_from(1);
    ropelaw_status s = num_minimize(rosenbrock, &scale, 2, x, NULL, NULL, &e);
    core_fail_allocations_from(0);
    ck_assert_int_eq(s, ROPELAW_NOMEM);
    num_minimize_options o = num_minimize_default;
    num_minimize_report r;
    o.max_iterations = 3;
    test_assert_ok(num_minimize(rosenbrock, &scale, 2, x, &o, &r, &e), e);
    ck_assert(r.end == NUM_END_MAXITER && r.iterations == 3);
}
END_TEST

int main(void) {
    Suite *s = suite_create("minimize");
    const TTest *const tests[] = {rosenbrock_at_any_scale,       a_quadratic_of_20,
                                  kinks_do_not_stop_it,          outside_the_domain_is_stepped_back_from,
                                  memory_and_iterations_run_out, NULL};
    test_add(s, "minimize", tests);
    return test_run(s);
}
