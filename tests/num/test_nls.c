#include "test.h"
#include "gsl_handler.h"
#include "num/lsq.h"
#include "num/nls.h"
#include <complex.h>
#include <string.h>
#include "../golden/nist/nist.inc"

enum { MOST = 9 };

typedef struct {
    const char *name;
    size_t n, p;
    const double *data;
    double start1[MOST], start2[MOST], certified[MOST], sd[MOST], rss;
} nist_set;

static const nist_set sets[] = {NIST_TABLE};
enum { N_SETS = sizeof sets / sizeof sets[0] };

typedef double complex (*nist_model)(const double complex *b, const double *x);

static double complex exponential_rise(const double complex *b, const double *x) {
    return b[0] * (1 - cexp(-b[1] * x[0]));
}
static double complex bennett(const double complex *b, const double *x) {
    return b[0] * cexp(-clog(b[1] + x[0]) / b[2]);
}
static double complex chwirut(const double complex *b, const double *x) {
    return cexp(-b[0] * x[0]) / (b[1] + b[2] * x[0]);
}
static double complex power(const double complex *b, const double *x) {
    return b[0] * cexp(b[1] * log(x[0]));
}
static double complex enso(const double complex *b, const double *x) {
    double turn = 2 * M_PI * x[0];
    return b[0] + b[1] * cos(turn / 12) + b[2] * sin(turn / 12) + b[4] * ccos(turn / b[3]) +
           b[5] * csin(turn / b[3]) + b[7] * ccos(turn / b[6]) + b[8] * csin(turn / b[6]);
}
static double complex eckerle(const double complex *b, const double *x) {
    double complex u = (x[0] - b[2]) / b[1];
    return b[0] / b[1] * cexp(-0.5 * u * u);
}
static double complex gauss(const double complex *b, const double *x) {
    double complex u = (x[0] - b[3]) / b[4], v = (x[0] - b[6]) / b[7];
    return b[0] * cexp(-b[1] * x[0]) + b[2] * cexp(-u * u) + b[5] * cexp(-v * v);
}
static double complex cubic_ratio(const double complex *b, const double *x) {
    double t = x[0];
    return (b[0] + t * (b[1] + t * (b[2] + t * b[3]))) / (1 + t * (b[4] + t * (b[5] + t * b[6])));
}
static double complex kirby(const double complex *b, const double *x) {
    double t = x[0];
    return (b[0] + t * (b[1] + t * b[2])) / (1 + t * (b[3] + t * b[4]));
}
static double complex lanczos(const double complex *b, const double *x) {
    return b[0] * cexp(-b[1] * x[0]) + b[2] * cexp(-b[3] * x[0]) + b[4] * cexp(-b[5] * x[0]);
}
static double complex mgh09(const double complex *b, const double *x) {
    double t = x[0];
    return b[0] * (t * t + t * b[1]) / (t * t + t * b[2] + b[3]);
}
static double complex mgh10(const double complex *b, const double *x) {
    return b[0] * cexp(b[1] / (x[0] + b[2]));
}
static double complex mgh17(const double complex *b, const double *x) {
    return b[0] + b[1] * cexp(-x[0] * b[3]) + b[2] * cexp(-x[0] * b[4]);
}
static double complex misra1b(const double complex *b, const double *x) {
    double complex u = 1 + b[1] * x[0] / 2;
    return b[0] * (1 - 1 / (u * u));
}
static double complex misra1c(const double complex *b, const double *x) {
    return b[0] * (1 - 1 / csqrt(1 + 2 * b[1] * x[0]));
}
static double complex misra1d(const double complex *b, const double *x) {
    return b[0] * b[1] * x[0] / (1 + b[1] * x[0]);
}
static double complex nelson(const double complex *b, const double *x) {
    return b[0] - b[1] * x[0] * cexp(-b[2] * x[1]);
}
static double complex rat42(const double complex *b, const double *x) {
    return b[0] / (1 + cexp(b[1] - b[2] * x[0]));
}
static double complex rat43(const double complex *b, const double *x) {
    return b[0] * cexp(-clog(1 + cexp(b[1] - b[2] * x[0])) / b[3]);
}
static double complex roszman(const double complex *b, const double *x) {
    return b[0] - b[1] * x[0] - catan(b[2] / (x[0] - b[3])) / M_PI;
}

static const struct {
    const char *name;
    nist_model model;
} models[] = {
    {"Bennett5", bennett         },
    {"BoxBOD",   exponential_rise},
    {"Chwirut1", chwirut         },
    {"Chwirut2", chwirut         },
    {"DanWood",  power           },
    {"ENSO",     enso            },
    {"Eckerle4", eckerle         },
    {"Gauss1",   gauss           },
    {"Gauss2",   gauss           },
    {"Gauss3",   gauss           },
    {"Hahn1",    cubic_ratio     },
    {"Kirby2",   kirby           },
    {"Lanczos1", lanczos         },
    {"Lanczos2", lanczos         },
    {"Lanczos3", lanczos         },
    {"MGH09",    mgh09           },
    {"MGH10",    mgh10           },
    {"MGH17",    mgh17           },
    {"Misra1a",  exponential_rise},
    {"Misra1b",  misra1b         },
    {"Misra1c",  misra1c         },
    {"Misra1d",  misra1d         },
    {"Nelson",   nelson          },
    {"Rat42",    rat42           },
    {"Rat43",    rat43           },
    {"Roszman1", roszman         },
    {"Thurber",  cubic_ratio     }
};

typedef struct {
    const nist_set *set;
    nist_model model;
    size_t width;
} nist_case;

static double response(const nist_case *c, size_t i) {
    double y = c->set->data[i * c->width];
    return c->model == nelson ? log(y) : y;
}

static void nist_residual(void *context, const double *theta, double *r) {
    const nist_case *c = context;
    double complex b[MOST];
    for (size_t k = 0; k < c->set->p; k++) b[k] = theta[k];
    for (size_t i = 0; i < c->set->n; i++)
        r[i] = creal(c->model(b, c->set->data + i * c->width + 1)) - response(c, i);
}

/* complex step: exact to rounding for these analytic models */
static void nist_jacobian(void *context, const double *theta, double *j) {
    const nist_case *c = context;
    const double h = 1e-30;
    double complex b[MOST];
    for (size_t k = 0; k < c->set->p; k++) {
        for (size_t l = 0; l < c->set->p; l++) b[l] = theta[l];
        b[k] += h * I;
        for (size_t i = 0; i < c->set->n; i++)
            j[i * c->set->p + k] = cimag(c->model(b, c->set->data + i * c->width + 1)) / h;
    }
}

static double digits(double x, double certified) {
    double d = fabs(x - certified) / fabs(certified);
    return d > 0 ? fmin(11, -log10(d)) : 11;
}

/* Standard deviations as certified: sqrt(rss/(n-p) (J'J)^-1). */
static double worst_sd_digits(nist_case *c, const double *theta, double rss) {
    size_t n = c->set->n, p = c->set->p, rank = 0;
    double *rows = malloc(n * p * sizeof *rows), *columns = malloc(n * p * sizeof *columns), cov[MOST * MOST];
    nist_jacobian(c, theta, rows);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < p; k++) columns[k * n + i] = rows[i * p + k];
    ropelaw_error error = {0};
    test_assert_ok(num_covariance(n, p, columns, cov, &rank, &error), error);
    ck_assert_uint_eq(rank, p);
    double worst = 11;
    for (size_t k = 0; k < p; k++)
        worst = fmin(worst, digits(sqrt(cov[k * p + k] * rss / (double)(n - p)), c->set->sd[k]));
    free(rows);
    free(columns);
    return worst;
}

START_TEST(nist_strd_both_starts) {
    gsl_handler_install();
    const nist_set *set = &sets[_i / 2];
    nist_case c = {.set = set, .width = strcmp(set->name, "Nelson") ? 2 : 3};
    for (size_t i = 0; i < N_SETS; i++)
        if (!strcmp(models[i].name, set->name)) c.model = models[i].model;
    ck_assert(c.model != NULL);
    num_nls_problem problem = {
        .n = set->n, .p = set->p, .residual = nist_residual, .jacobian = nist_jacobian, .context = &c};
    num_nls_options options = num_nls_options_default;
    options.max_iterations = 2000;
    double theta[MOST];
    memcpy(theta, _i % 2 ? set->start2 : set->start1, sizeof theta);
    num_nls_work *work = num_nls_create(set->n, set->p);
    num_nls_report report;
    ropelaw_error error = {0};
    test_assert_ok(num_nls_fit(work, &problem, &options, theta, &report, &error), error);
    num_nls_destroy(work);
    double worst = 11;
    for (size_t k = 0; k < set->p; k++) worst = fmin(worst, digits(theta[k], set->certified[k]));
    double sd = worst_sd_digits(&c, theta, report.rss);
    if (getenv("NIST_VERBOSE"))
        fprintf(stderr, "%-9s start %d %-8s digits: parameters %5.2f sd %5.2f rss %5.2f cos %.1e conv %d\n",
                set->name, _i % 2 + 1, report.method, worst, sd, digits(report.rss, set->rss),
                report.gradient_cos, report.converged);
    ck_assert_msg(worst >= 6, "%s start %d: %g digits in the parameters", set->name, _i % 2 + 1, worst);
    /* Lanczos1 was made from rounded exact values: RSS 1e-25, no digits in double precision */
    if (strcmp(set->name, "Lanczos1")) {
        ck_assert_msg(sd >= 6, "%s start %d: %g digits in the deviations", set->name, _i % 2 + 1, sd);
        ck_assert_msg(digits(report.rss, set->rss) >= 6, "%s: rss", set->name);
    }
    ck_assert_msg(report.converged, "%s start %d: not converged, cos %g", set->name, _i % 2 + 1,
                  report.gradient_cos);
    gsl_handler_check();
}
END_TEST

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
    num_nls_work *work = num_nls_create(6, 2);
    num_nls_report report;
    ropelaw_error error = {0};
    test_assert_ok(num_nls_fit(work, &problem, &num_nls_options_default, theta, &report, &error), error);
    num_nls_destroy(work);
    return report;
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
    num_nls_work *work = num_nls_create(4, 1);
    num_nls_report report;
    ropelaw_error error = {0};
    double theta = 50;
    test_assert_ok(num_nls_fit(work, &problem, &num_nls_options_default, &theta, &report, &error), error);
    num_nls_destroy(work);
    ck_assert(report.converged);
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
    num_nls_work *work = num_nls_create(4, 2);
    num_nls_report report;
    ropelaw_error error = {0};
    double theta[] = {0, 3};
    test_assert_ok(num_nls_fit(work, &problem, &num_nls_options_default, theta, &report, &error), error);
    num_nls_destroy(work);
    ck_assert(!report.converged);
    ck_assert_uint_eq(report.rank, 1);
    test_assert_rel(theta[0], 1.5, 1e-9);
    gsl_handler_check();
}
END_TEST

START_TEST(refusals) {
    gsl_handler_install();
    num_nls_problem problem = {.n = 1, .p = 2, .residual = flat_residual, .jacobian = flat_jacobian};
    num_nls_work *work = num_nls_create(1, 2);
    num_nls_report report;
    ropelaw_error error = {0};
    double theta[] = {0, 0};
    test_assert_fails(num_nls_fit(work, &problem, &num_nls_options_default, theta, &report, &error),
                      ROPELAW_SHAPE, error, "points");
    num_nls_destroy(work);
    ck_assert_ptr_null(num_nls_create(4, 0));
    ck_assert_ptr_null(num_nls_create(4, 65));
    problem = (num_nls_problem){.n = 4, .p = 1, .residual = log_residual, .jacobian = log_jacobian};
    work = num_nls_create(4, 1);
    double bad = -1;
    test_assert_fails(num_nls_fit(work, &problem, &num_nls_options_default, &bad, &report, &error),
                      ROPELAW_DOMAIN, error, "residuals at the start");
    bad = NAN;
    test_assert_fails(num_nls_fit(work, &problem, &num_nls_options_default, &bad, &report, &error),
                      ROPELAW_DOMAIN, error, "start");
    num_nls_destroy(work);
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
    TCase *nist = tcase_create("nls: NIST StRD, 27 sets from both starts");
    tcase_add_loop_test(nist, nist_strd_both_starts, 0, 2 * N_SETS);
    suite_add_tcase(s, nist);
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
