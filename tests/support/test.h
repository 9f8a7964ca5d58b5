/* Test support: numeric assertions and a runner that prints TAP, one line per test. */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <ropelaw/status.h>

/* Count a test that cannot run here; call before test_run. Both texts are copied. */
void test_skip(const char *name, const char *reason);

/* Add them only where long double has 64 bits of mantissa when the program runs (valgrind computes it in 53);
   skip them by name elsewhere. */
void test_add_wide(Suite *suite, const char *name, const TTest *const *tests);

/* Run the suite, print TAP and free it; the value for main to return. */
int test_run(Suite *suite);

/* Add the functions of a NULL-terminated list, each under the name "name: function". */
void test_add(Suite *suite, const char *name, const TTest *const *tests);

/* The same after `prepare` has run in the parent process: what it leaves in memory is there in each forked test. It is
   called before each test, so that a second call should return at once. */
void test_add_after(Suite *suite, const char *name, const TTest *const *tests, void (*prepare)(void));

/* Units in the last place between two doubles; large for nan or different signs. */
double test_ulps(double x, double y);

#define test_assert_rel(x, y, tolerance)                                                                     \
    do {                                                                                                     \
        double x_ = (x), y_ = (y), t_ = (tolerance);                                                         \
        ck_assert_msg(fabs(x_ - y_) <= t_ * fabs(y_), "%s = %.17g, expected %.17g within %g relative", #x,   \
                      x_, y_, t_);                                                                           \
    } while (0)

#define test_assert_abs(x, y, tolerance)                                                                     \
    do {                                                                                                     \
        double x_ = (x), y_ = (y), t_ = (tolerance);                                                         \
        ck_assert_msg(fabs(x_ - y_) <= t_, "%s = %.17g, expected %.17g within %g", #x, x_, y_, t_);          \
    } while (0)

#define test_assert_ulp(x, y, ulps)                                                                          \
    do {                                                                                                     \
        double x_ = (x), y_ = (y);                                                                           \
        ck_assert_msg(test_ulps(x_, y_) <= (ulps), "%s = %.17g, expected %.17g within %g ulp", #x, x_, y_,   \
                      (double)(ulps));                                                                       \
    } while (0)

/* The call returns this status and, if it failed, says so in the error too. */
#define test_assert_ok(call, error)                                                                          \
    do {                                                                                                     \
        ropelaw_status s_ = (call);                                                                          \
        ck_assert_msg(s_ == ROPELAW_OK, "%s: %s: %s", #call, ropelaw_status_str(s_), (error).message);       \
    } while (0)

#define test_assert_fails(call, status, error, name)                                                         \
    do {                                                                                                     \
        ropelaw_status s_ = (call);                                                                          \
        ck_assert_msg(s_ == (status), "%s returned %s", #call, ropelaw_status_str(s_));                      \
        ck_assert_int_eq((error).code, (status));                                                            \
        ck_assert_str_eq((error).argument, (name));                                                          \
        ck_assert_msg((error).message[0] != 0, "%s left no message", #call);                                 \
    } while (0)

#endif
