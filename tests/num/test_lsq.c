#include "test.h"
#include "core/core.h"
#include "num/lsq.h"
#include <ropelaw/random.h>
#include <string.h>

enum { M = 9, N = 3 };

static void matrix(double *a, uint64_t seed) {
    ropelaw_random random;
    ropelaw_random_init(&random, seed, 0);
    for (size_t i = 0; i < M * N; i++) a[i] = ropelaw_random_normal(&random);
}

START_TEST(normal_equations_hold) {
    double a[M * N], b[M], x[N];
    matrix(a, 3);
    for (int i = 0; i < M; i++) b[i] = sin(i);
    for (int i = 0; i < M; i++) a[2 * M + i] *= 1e9; /* another unit for one column */
    num_lsq_report report;
    ropelaw_error error = {0};
    test_assert_ok(num_lsq(M, N, a, b, x, &report, &error), error);
    ck_assert_uint_eq(report.rank, N);
    double rss = 0;
    for (int j = 0; j < N; j++) {
        double g = 0, size = 0;
        for (int i = 0; i < M; i++) {
            double r = b[i];
            for (int k = 0; k < N; k++) r -= a[k * M + i] * x[k];
            g += a[j * M + i] * r;
            size += fabs(a[j * M + i] * r);
            if (!j) rss += r * r;
        }
        ck_assert(fabs(g) <= 1e-13 * size);
    }
    test_assert_rel(report.rss, rss, 1e-14);
}
END_TEST

START_TEST(rank_is_seen_whatever_the_unit) {
    double a[M * N], b[M], x[N], cov[N * N];
    matrix(a, 4);
    for (int i = 0; i < M; i++) {
        a[2 * M + i] = 1e-7 * (a[i] + a[M + i]);
        b[i] = a[i];
    }
    num_lsq_report report;
    size_t rank;
    ropelaw_error error = {0};
    test_assert_ok(num_lsq(M, N, a, b, x, &report, &error), error);
    ck_assert_uint_eq(report.rank, 2);
    test_assert_abs(report.rss, 0, 1e-28);
    test_assert_ok(num_covariance(M, N, a, cov, &rank, &error), error);
    ck_assert_uint_eq(rank, 2);
    for (int i = 0; i < M; i++) a[2 * M + i] = 1e-20 * cos(3 * i); /* small is not dependent */
    test_assert_ok(num_covariance(M, N, a, cov, &rank, &error), error);
    ck_assert_uint_eq(rank, 3);
}
END_TEST

START_TEST(covariance_inverts_the_information) {
    double a[M * N], cov[N * N];
    matrix(a, 5);
    size_t rank;
    ropelaw_error error = {0};
    test_assert_ok(num_covariance(M, N, a, cov, &rank, &error), error);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < N; k++)
                for (int r = 0; r < M; r++) sum += cov[k * N + i] * a[k * M + r] * a[j * M + r];
            test_assert_abs(sum, i == j, 1e-13);
        }
    double wide[] = {1, 2, 3, 4, 5, 7}; /* 2 x 3: rank 2 of 3 */
    double wide_cov[9];
    test_assert_ok(num_covariance(2, 3, wide, wide_cov, &rank, &error), error);
    ck_assert_uint_eq(rank, 2);
}
END_TEST

START_TEST(whitening_makes_the_covariance_one) {
    double a[M * M], lower[M * M];
    for (int i = 0; i < M; i++)
        for (int j = 0; j < M; j++) a[j * M + i] = pow(0.5, abs(i - j)) * (1 + i) * (1 + j);
    memcpy(lower, a, sizeof a);
    ropelaw_error error = {0};
    test_assert_ok(num_cholesky(M, lower, &error), error);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < M; j++) {
            double sum = 0;
            for (int k = 0; k < M; k++) sum += lower[k * M + i] * lower[k * M + j];
            test_assert_rel(sum, a[j * M + i], 1e-14);
        }
    double b[2 * M], solved[2 * M];
    for (int i = 0; i < 2 * M; i++) b[i] = solved[i] = i + 1;
    test_assert_ok(num_whiten(M, lower, 2, solved, &error), error);
    for (int c = 0; c < 2; c++)
        for (int i = 0; i < M; i++) {
            double sum = 0;
            for (int k = 0; k <= i; k++) sum += lower[k * M + i] * solved[c * M + k];
            test_assert_rel(sum, b[c * M + i], 1e-13);
        }
}
END_TEST

START_TEST(refusals) {
    double a[] = {1, 2, 2, 1}, lopsided[] = {1, 0.2, 0.1, 1}, bad[] = {1, NAN, 0, 1}, x[2], cov[4];
    num_lsq_report report;
    size_t rank;
    ropelaw_error error = {0};
    test_assert_fails(num_cholesky(2, a, &error), ROPELAW_SINGULAR, error, "covariance");
    test_assert_fails(num_cholesky(2, lopsided, &error), ROPELAW_DOMAIN, error, "covariance");
    test_assert_fails(num_cholesky(2, bad, &error), ROPELAW_DOMAIN, error, "matrix");
    test_assert_fails(num_lsq(2, 2, bad, a, x, &report, &error), ROPELAW_DOMAIN, error, "matrix");
    test_assert_fails(num_lsq(0, 2, a, a, x, &report, &error), ROPELAW_SHAPE, error, "matrix");
    test_assert_fails(num_covariance(2, 0, a, cov, &rank, &error), ROPELAW_SHAPE, error, "matrix");
    double good[] = {1, 0, 0, 1};
    for (long n = 1; n <= 5; n++) {
        core_fail_allocations_from(n);
        test_assert_fails(num_lsq(2, 2, good, a, x, &report, &error), ROPELAW_NOMEM, error, "");
        core_fail_allocations_from(n > 2 ? 2 : n);
        test_assert_fails(num_covariance(2, 2, good, cov, &rank, &error), ROPELAW_NOMEM, error, "");
    }
    core_fail_allocations_from(0);
}
END_TEST

int main(void) {
    Suite *s = suite_create("lsq");
    const TTest *const tests[] = {normal_equations_hold,
                                  rank_is_seen_whatever_the_unit,
                                  covariance_inverts_the_information,
                                  whitening_makes_the_covariance_one,
                                  refusals,
                                  NULL};
    test_add(s, "lsq", tests);
    return test_run(s);
}
