#include "test.h"
#include "num/blas.h"
#include <ropelaw/blas.h>
#include <ropelaw/random.h>
#include <cblas.h>
#include <dlfcn.h>
#include <string.h>

enum { MOST = 64 };

/* The definition, in double. */
static double entry(const num_gemm_shape *s, const double *a, const double *b, size_t i, size_t j,
                    double *size) {
    double sum = 0;
    *size = 0;
    for (size_t l = 0; l < s->k; l++) {
        double x = s->transpose_a ? a[l * s->lda + i] : a[i * s->lda + l];
        double y = s->transpose_b ? b[j * s->ldb + l] : b[l * s->ldb + j];
        sum += x * y, *size += fabs(x * y);
    }
    return sum;
}

/* |error| <= (k + 2) u (|alpha| sum |a b| + |beta c|): one rounding per product, sum and scaling. */
static void check_shape(const num_gemm_shape *s) {
    static double a[MOST * MOST], b[MOST * MOST], c[MOST * MOST], d[MOST * MOST];
    static float fa[MOST * MOST], fb[MOST * MOST], fc[MOST * MOST];
    ropelaw_random r;
    ropelaw_random_init(&r, 5, s->m * 100 + s->n);
    for (size_t i = 0; i < MOST * MOST; i++) {
        a[i] = fa[i] = (float)ropelaw_random_normal(&r), b[i] = fb[i] = (float)ropelaw_random_normal(&r);
        c[i] = d[i] = fc[i] = (float)ropelaw_random_normal(&r);
    }
    num_gemm_f64(s, 1.5, a, b, -0.5, d);
    num_gemm_f32(s, 1.5f, fa, fb, -0.5f, fc);
    for (size_t i = 0; i < MOST; i++)
        for (size_t j = 0; j < s->ldc; j++) {
            double size = 0, old = c[i * s->ldc + j];
            int inside = i < s->m && j < s->n;
            double want = inside ? 1.5 * entry(s, a, b, i, j, &size) - 0.5 * old : old;
            double scale = inside ? (double)(s->k + 2) * (1.5 * size + 0.5 * fabs(old)) : 0;
            test_assert_abs(d[i * s->ldc + j], want, 2 * 0x1p-53 * scale);
            test_assert_abs((double)fc[i * s->ldc + j], want, 2 * 0x1p-24 * scale);
        }
}

START_TEST(products_match_the_definition) {
    const size_t sizes[][3] = {
        {1,  1,  1 },
        {7,  5,  3 },
        {31, 33, 17},
        {48, 16, 32}
    };
    for (size_t i = 0; i < 4; i++)
        for (int t = 0; t < 4; t++) {
            size_t m = sizes[i][0], n = sizes[i][1], k = sizes[i][2];
            num_gemm_shape s = {t & 1, t & 2, m, n, k, (t & 1 ? m : k) + 2, (t & 2 ? k : n) + 1, n + 3};
            check_shape(&s);
        }
}
END_TEST

START_TEST(beta_zero_does_not_read) {
    num_gemm_shape s = {false, false, 2, 2, 1, 1, 2, 2};
    const double a[] = {1, 2}, b[] = {3, 4};
    double c[] = {NAN, NAN, NAN, NAN};
    num_gemm_f64(&s, 1, a, b, 0, c);
    const double want[] = {3, 4, 6, 8};
    for (int i = 0; i < 4; i++) ck_assert(c[i] == want[i]);
}
END_TEST

/* gsl.pc names gslcblas, which would shadow OpenBLAS silently. */
START_TEST(blas_is_openblas) {
    Dl_info info;
    union {
        void (*call)(CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, int, int, int, double, const double *,
                     int, const double *, int, double, double *, int);
        void *address;
    } u = {.call = cblas_dgemm};
    ck_assert(dladdr(u.address, &info));
    ck_assert_msg(strstr(info.dli_fname, "openblas") || strstr(info.dli_fname, "libblas"), "%s",
                  info.dli_fname);
    ck_assert_msg(!strstr(info.dli_fname, "gslcblas"), "%s", info.dli_fname);
}
END_TEST

START_TEST(threads_are_set_explicitly) {
    size_t before = ropelaw_blas_threads();
    ropelaw_blas_threads_set(2);
    size_t two = ropelaw_blas_threads();
    ropelaw_blas_threads_set(0);
    ck_assert_uint_eq(ropelaw_blas_threads(), 1);
    ck_assert(two == 2 || two == 1);
    ropelaw_blas_threads_set(before);
}
END_TEST

int main(void) {
    Suite *s = suite_create("blas");
    const TTest *const tests[] = {products_match_the_definition, beta_zero_does_not_read, blas_is_openblas,
                                  threads_are_set_explicitly, NULL};
    test_add(s, "blas", tests);
    return test_run(s);
}
