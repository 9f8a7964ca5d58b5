/* Matrix products through BLAS, row-major. */
#ifndef ROPELAW_NUM_BLAS_H
#define ROPELAW_NUM_BLAS_H

#include <stdbool.h>
#include <stddef.h>

/* C [m][n] = alpha op(A) op(B) + beta C; op(A) is m x k, op(B) is k x n; ld* are row lengths as stored. beta
   0 does not read C. Sizes must fit an int. */
typedef struct {
    bool transpose_a, transpose_b;
    size_t m, n, k;
    size_t lda, ldb, ldc;
} num_gemm_shape;

void num_gemm_f32(const num_gemm_shape *shape, float alpha, const float *a, const float *b, float beta,
                  float *c);
void num_gemm_f64(const num_gemm_shape *shape, double alpha, const double *a, const double *b, double beta,
                  double *c);

#endif
