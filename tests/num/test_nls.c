#include "test.h"
#include "gsl_handler.h"
#include "core/core.h"
#include "num/nls.h"

static num_nls_report fit(const num_nls_problem *problem, double *theta) {
    num_nls_work *work = num_nls_create(problem->n, problem->p);
    num_nls_report report;
    ropelaw_error error = {0};
    test_assert_ok(num_nls_fit(work, problem, &num_nls_options_default, theta, &report, &error), error);
    num_nls_destroy(work);
    return report;
}

/* y = a exp(k x): an easy model for the guards */
static const double easy_x[] = {0, 1, 2, 3, 4, 5}, easy_y[] = {1.1, 1.9, 4.2, 7.8, 16.5, 31.0};
static double easy_unit = 1;

static void easy_residual(void *context, const double *theta, double *r) {
    (void)context;
    for (int i = 0; i < 6; i++) r[i] = easy_unit * (theta[0] * exp(theta[1] * easy_x[i]) - easy_y[i]);
}

static void easy_jacobian(void *context, const double *theta, double *j) {
    (void)context;
    for (int i = 0; i < 6; i++) {
        double e = exp(theta[1] * easy_x[i]);
        j[2 * i] = easy_unit * e;
        j[2 * i + 1] = easy_unit * theta[0] * easy_x[i] * e;
    }
}

static num_nls_report fit_easy(double *theta, const double *lo, const double *hi) {
    num_nls_problem problem = {
        .n = 6, .p = 2, .residual = easy_residual, .jacobian = easy_jacobian, .lo = lo, .hi = hi};
    return fit(&problem, theta);
}

START_TEST(unit_of_the_loss_does_not_matter) {
    gsl_handler_install();
    double one[] = {0.3, 1.2}, tiny[] = {0.3, 1.2};
    ck_assert(fit_easy(one, NULL, NULL).converged);
    easy_unit = 1e-9; /* unguarded, GSL's absolute gradient test ends at the start */
    num_nls_report report = fit_easy(tiny, NULL, NULL);
    easy_unit = 1;
    ck_assert(report.converged);
    test_assert_rel(tiny[0], one[0], 1e-8); /* what the gradient test of 1e-6 leaves, with room */
    test_assert_rel(tiny[1], one[1], 1e-8);
    gsl_handler_check();
}
END_TEST

START_TEST(bounds_hold_and_satisfy_the_conditions) {
    gsl_handler_install();
    double theta[] = {1, 0.3};
    const double lo[] = {0, 0}, hi[] = {10, 0.5};
    num_nls_report report = fit_easy(theta, lo, hi);
    ck_assert_uint_eq(report.at_bound, 2);
    ck_assert_double_eq(theta[1], 0.5);
    /* with k = 0.5 the best a is linear */
    double num = 0, den = 0;
    for (int i = 0; i < 6; i++) {
        num += easy_y[i] * exp(0.5 * easy_x[i]);
        den += exp(easy_x[i]);
    }
    test_assert_rel(theta[0], num / den, 1e-9);
    double free_theta[] = {1, 0.5}; /* a start on the bound leaves it where the gradient says so */
    const double wide[] = {10, 5}, half[] = {0, 0.5};
    num_nls_report released = fit_easy(free_theta, half, wide);
    double open[] = {1, 0.6};
    fit_easy(open, NULL, NULL);
    ck_assert(released.converged);
    test_assert_rel(free_theta[1], open[1], 1e-8);
    gsl_handler_check();
}
END_TEST

/* ln(theta): nan for any step below zero, where an unguarded fit ends with success and nan */
static void log_residual(void *context, const double *theta, double *r) {
    (void)context;
    for (int i = 0; i < 4; i++) r[i] = log(theta[0]) * (i + 1) + 8 + 0.1 * (i % 2);
}

static void log_jacobian(void *context, const double *theta, double *j) {
    (void)context;
    for (int i = 0; i < 4; i++) j[i] = (i + 1) / theta[0];
}

/* steps from the corners leave a narrow box around the optimum: fixed there, the parameters must come back */
START_TEST(parameters_leave_a_bound_again) {
    gsl_handler_install();
    double open[] = {1, 0.6};
    fit_easy(open, NULL, NULL);
    const double lo[] = {open[0] - 0.9, open[1] - 0.5}, hi[] = {open[0] + 0.1, open[1] + 0.02};
    for (int i = 0; i < 25; i++) {
        double theta[] = {lo[0] + (hi[0] - lo[0]) * (i % 5) / 4, lo[1] + (hi[1] - lo[1]) * (i / 5) / 4};
        num_nls_report report = fit_easy(theta, lo, hi);
        ck_assert_msg(report.converged && !report.at_bound, "start %d", i);
        test_assert_rel(theta[0], open[0], 1e-8);
        test_assert_rel(theta[1], open[1], 1e-8);
    }
    gsl_handler_check();
}
END_TEST

START_TEST(nan_steps_are_not_accepted) {
    gsl_handler_install();
    num_nls_problem problem = {.n = 4, .p = 1, .residual = log_residual, .jacobian = log_jacobian};
    double theta = 50;
    ck_assert(fit(&problem, &theta).converged);
    /* log(theta) = -sum w (8 + ...)/sum w^2 with w = 1..4 */
    test_assert_rel(log(theta), -(8 + 8.1 * 2 + 8 * 3 + 8.1 * 4) / 30, 1e-9);
    gsl_handler_check();
}
END_TEST

/* theta[1] has no effect: rank 1 of 2 must be said, not called converged */
static void flat_residual(void *context, const double *theta, double *r) {
    (void)context;
    for (int i = 0; i < 4; i++) r[i] = theta[0] - i;
}

static void flat_jacobian(void *context, const double *theta, double *j) {
    (void)context;
    (void)theta;
    for (int i = 0; i < 4; i++) {
        j[2 * i] = 1;
        j[2 * i + 1] = 0;
    }
}

START_TEST(a_parameter_without_effect_is_reported) {
    gsl_handler_install();
    num_nls_problem problem = {.n = 4, .p = 2, .residual = flat_residual, .jacobian = flat_jacobian};
    double theta[] = {0, 3};
    num_nls_report report = fit(&problem, theta);
    ck_assert(!report.converged);
    ck_assert_uint_eq(report.rank, 1);
    test_assert_rel(theta[0], 1.5, 1e-9);
    gsl_handler_check();
}
END_TEST

static void refuse(const num_nls_problem *problem, double *theta, ropelaw_status status, const char *what) {
    num_nls_work *work = num_nls_create(problem->n, problem->p);
    num_nls_report report;
    ropelaw_error error = {0};
    test_assert_fails(num_nls_fit(work, problem, &num_nls_options_default, theta, &report, &error), status,
                      error, what);
    num_nls_destroy(work);
}

START_TEST(refusals) {
    gsl_handler_install();
    num_nls_problem few = {.n = 1, .p = 2, .residual = flat_residual, .jacobian = flat_jacobian};
    num_nls_problem logarithm = {.n = 4, .p = 1, .residual = log_residual, .jacobian = log_jacobian};
    double theta[] = {0, 0}, negative = -1, nothing = NAN;
    refuse(&few, theta, ROPELAW_SHAPE, "points");
    refuse(&logarithm, &negative, ROPELAW_DOMAIN, "residuals at the start");
    refuse(&logarithm, &nothing, ROPELAW_DOMAIN, "start");
    ck_assert_ptr_null(num_nls_create(4, 0));
    ck_assert_ptr_null(num_nls_create(4, 65));
    gsl_handler_check();
}
END_TEST

START_TEST(no_memory_is_an_answer) {
    gsl_handler_install();
    for (long n = 1; n <= 6; n++) {
        core_fail_allocations_from(n);
        ck_assert_ptr_null(num_nls_create(6, 2));
    }
    core_fail_allocations_from(0);
    num_nls_problem problem = {.n = 6, .p = 2, .residual = easy_residual, .jacobian = easy_jacobian};
    num_nls_work *work = num_nls_create(6, 2);
    core_fail_allocations_from(1);
    num_nls_report report;
    ropelaw_error error = {0};
    double theta[] = {1, 0.5};
    test_assert_fails(num_nls_fit(work, &problem, &num_nls_options_default, theta, &report, &error),
                      ROPELAW_NOMEM, error, "");
    core_fail_allocations_from(0);
    num_nls_destroy(work);
    gsl_handler_check();
}
END_TEST

int main(void) {
    Suite *s = suite_create("nls");
    const TTest *const tests[] = {unit_of_the_loss_does_not_matter,
                                  bounds_hold_and_satisfy_the_conditions,
                                  parameters_leave_a_bound_again,
                                  nan_steps_are_not_accepted,
                                  a_parameter_without_effect_is_reported,
                                  refusals,
                                  no_memory_is_an_answer,
                                  NULL};
    test_add(s, "nls", tests);
    return test_run(s);
}
