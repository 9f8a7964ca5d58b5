/* A GSL error handler that fails the test, and a check that the library left it in place. */
#ifndef TESTS_SUPPORT_GSL_HANDLER_H
#define TESTS_SUPPORT_GSL_HANDLER_H

#include <check.h>
#include <gsl/gsl_errno.h>

static void gsl_handler_fail(const char *reason, const char *file, int line, int code) {
    ck_abort_msg("GSL's error handler was reached: %s (%s:%d, code %d)", reason, file, line, code);
}

static void gsl_handler_install(void) {
    gsl_set_error_handler(gsl_handler_fail);
}

/* gsl_set_error_handler returns the one before */
static void gsl_handler_check(void) {
    ck_assert_msg(gsl_set_error_handler(gsl_handler_fail) == gsl_handler_fail,
                  "GSL's error handler was exchanged");
}

#endif
