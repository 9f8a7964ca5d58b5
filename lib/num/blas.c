#include "num/blas.h"
#include <ropelaw/blas.h>
#include <assert.h>
#include <cblas.h>
#include <limits.h>

static CBLAS_TRANSPOSE op(bool transpose) {
    return transpose ? CblasTrans : CblasNoTrans;
}

static void check(const num_gemm_shape *s) {
    assert(s->m <= INT_MAX && s->n <= INT_MAX && s->k <= INT_MAX);
    assert(s->lda <= INT_MAX && s->ldb <= INT_MAX && s->ldc <= INT_MAX);
    (void)s;
}

void num_gemm_f32(const num_gemm_shape *s, float alpha, const float *a, const float *b, float beta,
                  float *c) {
    check(s);
    cblas_sgemm(CblasRowMajor, op(s->transpose_a), op(s->transpose_b), (int)s->m, (int)s->n, (int)s->k, alpha,
                a, (int)s->lda, b, (int)s->ldb, beta, c, (int)s->ldc);
}

void num_gemm_f64(const num_gemm_shape *s, double alpha, const double *a, const double *b, double beta,
                  double *c) {
    check(s);
    cblas_dgemm(CblasRowMajor, op(s->transpose_a), op(s->transpose_b), (int)s->m, (int)s->n, (int)s->k, alpha,
                a, (int)s->lda, b, (int)s->ldb, beta, c, (int)s->ldc);
}

void ropelaw_blas_threads_set(size_t n_threads) {
    openblas_set_num_threads(n_threads > INT_MAX ? INT_MAX : n_threads < 1 ? 1 : (int)n_threads);
}

size_t ropelaw_blas_threads(void) {
    return (size_t)openblas_get_num_threads();
}
