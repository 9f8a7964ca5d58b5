/* Tests: nls.c on the 27 problems of NIST StRD, from both starts. */
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

int main(void) {
    Suite *s = suite_create("nls");
    TCase *nist = tcase_create("nls: NIST StRD, 27 sets from both starts");
    tcase_add_loop_test(nist, nist_strd_both_starts, 0, 2 * N_SETS);
    suite_add_tcase(s, nist);
    return test_run(s);
}
