#include "test.h"
#include "num/svd.h"
#include <ropelaw/random.h>
#include <float.h>
#include <string.h>

enum { M = 40, N = 7 };

static void fill(double *a) {
    ropelaw_random r;
    ropelaw_random_init(&r, 11, 0);
    for (int i = 0; i < M * N; i++) a[i] = ropelaw_random_normal(&r);
}

/* Multiplying back gives the matrix: backward error of dgesdd is a small multiple of m eps s_1. */
START_TEST(product_is_the_matrix) {
    double a[M * N], u[M * N], s[N], vt[N * N];
    fill(a);
    memcpy(u, a, sizeof a);
    ropelaw_error e;
    test_assert_ok(num_svd(M, N, u, s, vt, &e), e);
    double tolerance = M * DBL_EPSILON * s[0];
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double x = 0;
            for (int k = 0; k < N; k++) x += u[k * M + i] * s[k] * vt[j * N + k];
            test_assert_abs(x, a[j * M + i], tolerance);
        }
    for (int k = 1; k < N; k++) ck_assert_double_le(s[k], s[k - 1]);
}
END_TEST

START_TEST(factors_are_orthonormal) {
    double u[M * N], s[N], vt[N * N];
    fill(u);
    ropelaw_error e;
    test_assert_ok(num_svd(M, N, u, s, vt, &e), e);
    for (int k = 0; k < N; k++)
        for (int l = 0; l < N; l++) {
            double x = 0, y = 0;
            for (int i = 0; i < M; i++) x += u[k * M + i] * u[l * M + i];
            for (int j = 0; j < N; j++) y += vt[j * N + k] * vt[j * N + l];
            test_assert_abs(x, k == l, M * DBL_EPSILON);
            test_assert_abs(y, k == l, M * DBL_EPSILON);
        }
}
END_TEST

START_TEST(bad_input) {
    double a[4] = {1, 2, 3, NAN}, s[2], vt[4];
    ropelaw_error e;
    test_assert_fails(num_svd(2, 2, a, s, vt, &e), ROPELAW_DOMAIN, e, "matrix");
    test_assert_fails(num_svd(1, 2, a, s, vt, &e), ROPELAW_SHAPE, e, "matrix");
    test_assert_fails(num_svd(0, 0, a, s, vt, &e), ROPELAW_SHAPE, e, "matrix");
}
END_TEST

int main(void) {
    Suite *s = suite_create("svd");
    const TTest *const tests[] = {product_is_the_matrix, factors_are_orthonormal, bad_input, NULL};
    test_add(s, "svd", tests);
    return test_run(s);
}
