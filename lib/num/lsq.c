/* Columns are scaled to unit length before their rank is judged: a parameter's unit must not decide whether
   it is identified. gsl_multifit_nlinear_covar is avoided on purpose: below full rank it answers 4e30 or 0 as
   a success. */
#include "num/lsq.h"
#include "num/lapack.h"
#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

static ropelaw_status check_matrix(size_t m, size_t n, const double *a, ropelaw_error *error) {
    if (!m || !n || m > INT_MAX || n > INT_MAX || m > (size_t)INT_MAX / n)
        return core_fail(error, ROPELAW_SHAPE, "matrix", "", ">= 1 x 1", "matrix of %zu x %zu", m, n);
    for (size_t i = 0; i < m * n; i++)
        if (!isfinite(a[i])) return core_fail_number(error, ROPELAW_DOMAIN, "matrix", a[i], "finite");
    return ROPELAW_OK;
}

static double column_norm(size_t m, const double *column) {
    double largest = 0, sum = 0;
    for (size_t i = 0; i < m; i++) largest = fmax(largest, fabs(column[i]));
    if (largest == 0) return 0;
    for (size_t i = 0; i < m; i++) sum += (column[i] / largest) * (column[i] / largest);
    return largest * sqrt(sum);
}

/* Copy of a with unit columns; a zero column stays zero and gets scale 1. */
static void scale_columns(size_t m, size_t n, const double *a, double *scaled, double *scale) {
    for (size_t j = 0; j < n; j++) {
        double norm = column_norm(m, a + j * m);
        scale[j] = norm > 0 ? norm : 1;
        for (size_t i = 0; i < m; i++) scaled[j * m + i] = a[j * m + i] / scale[j];
    }
}

static double residual_squares(size_t m, size_t n, const double *a, const double *b, const double *x) {
    core_sum sum = {0, 0};
    for (size_t i = 0; i < m; i++) {
        double r = b[i];
        for (size_t j = 0; j < n; j++) r -= a[j * m + i] * x[j];
        core_sum_add(&sum, r * r);
    }
    return core_sum_value(&sum);
}

typedef struct {
    double *matrix, *scale, *right, *work;
    int *pivot;
} lsq_memory;

static void free_memory(lsq_memory *k) {
    core_free(k->matrix);
    core_free(k->scale);
    core_free(k->right);
    core_free(k->work);
    core_free(k->pivot);
}

ropelaw_status num_lsq(size_t m, size_t n, const double *a, const double *b, double *x,
                       num_lsq_report *report, ropelaw_error *error) {
    ropelaw_status status = check_matrix(m, n, a, error);
    if (!status) status = check_matrix(m, 1, b, error);
    if (status) return status;
    int im = (int)m, in = (int)n, one = 1, rows = im > in ? im : in, info = 0, rank = 0;
    int lwork = 64 * (in + 1) + 4 * in + im +
                in; /* >= the minimum mn + max(2mn, n+1, mn+nrhs) with room for blocks */
    lsq_memory k = {core_malloc(m * n, sizeof(double)), core_malloc(n, sizeof(double)),
                    core_calloc((size_t)rows, sizeof(double)), core_malloc((size_t)lwork, sizeof(double)),
                    core_calloc(n, sizeof(int))};
    if (!k.matrix || !k.scale || !k.right || !k.work || !k.pivot) {
        free_memory(&k);
        return core_fail_memory(error, m * n, sizeof(double));
    }
    scale_columns(m, n, a, k.matrix, k.scale);
    memcpy(k.right, b, m * sizeof *b);
    double rcond = (double)rows * DBL_EPSILON;
    dgelsy_(&im, &in, &one, k.matrix, &im, k.right, &rows, k.pivot, &rcond, &rank, k.work, &lwork, &info);
    if (!info) {
        for (size_t j = 0; j < n; j++) x[j] = k.right[j] / k.scale[j];
        *report = (num_lsq_report){(size_t)rank, residual_squares(m, n, a, b, x)};
    }
    free_memory(&k);
    return info ? core_fail(error, ROPELAW_NOCONV, "", "", "", "dgelsy ended with info %d", info)
                : ROPELAW_OK;
}

/* cov = V diag(1/s^2) V' in unit columns, then the units back. vt is n x n by columns, row k is the k-th
 * vector. */
static size_t assemble(size_t n, const double *s, const double *vt, const double *scale, double cutoff,
                       double *cov) {
    size_t rank = 0;
    while (rank < n && s[rank] > cutoff) rank++;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t k = 0; k < rank; k++) sum += vt[i * n + k] * vt[j * n + k] / (s[k] * s[k]);
            cov[j * n + i] = sum / (scale[i] * scale[j]);
        }
    return rank;
}

/* m >= n: the work sizes of dgesdd('S'). */
static ropelaw_status covariance_tall(size_t m, size_t n, const double *j, double *cov, size_t *rank,
                                      ropelaw_error *error) {
    int im = (int)m, in = (int)n, info = 0, lwork = 4 * in * in + 16 * in + 8 * im;
    size_t size = m * n + m * n + 2 * n + n * n + (size_t)lwork;
    double *memory = core_malloc(size, sizeof(double));
    int *iwork = core_malloc(8 * n, sizeof(int));
    if (!memory || !iwork) {
        core_free(memory);
        core_free(iwork);
        return core_fail_memory(error, size, sizeof(double));
    }
    double *a = memory, *u = a + m * n, *s = u + m * n, *scale = s + n, *vt = scale + n, *work = vt + n * n;
    scale_columns(m, n, j, a, scale);
    dgesdd_("S", &im, &in, a, &im, s, u, &im, vt, &in, work, &lwork, iwork, &info);
    if (!info) *rank = assemble(n, s, vt, scale, (double)m * DBL_EPSILON * s[0], cov);
    core_free(memory);
    core_free(iwork);
    return info ? core_fail(error, ROPELAW_NOCONV, "", "", "", "dgesdd ended with info %d", info)
                : ROPELAW_OK;
}

ropelaw_status num_covariance(size_t m, size_t n, const double *j, double *cov, size_t *rank,
                              ropelaw_error *error) {
    ropelaw_status status = check_matrix(m, n, j, error);
    if (status) return status;
    if (m >= n) return covariance_tall(m, n, j, cov, rank, error);
    /* rows of zeros change nothing in J'J */
    double *tall = core_calloc(n * n, sizeof(double));
    if (!tall) return core_fail_memory(error, n * n, sizeof(double));
    for (size_t c = 0; c < n; c++) memcpy(tall + c * n, j + c * m, m * sizeof *j);
    status = covariance_tall(n, n, tall, cov, rank, error);
    core_free(tall);
    return status;
}

ropelaw_status num_cholesky(size_t n, double *a, ropelaw_error *error) {
    ropelaw_status status = check_matrix(n, n, a, error);
    if (status) return status;
    for (size_t j = 0; j < n; j++)
        for (size_t i = j + 1; i < n; i++)
            if (fabs(a[j * n + i] - a[i * n + j]) > 1e-10 * sqrt(fabs(a[i * n + i] * a[j * n + j])))
                return core_fail(error, ROPELAW_DOMAIN, "covariance", "", "symmetric",
                                 "covariance: entries (%zu,%zu) and (%zu,%zu) differ", i + 1, j + 1, j + 1,
                                 i + 1);
    int in = (int)n, info = 0;
    dpotrf_("L", &in, a, &in, &info);
    if (info)
        return core_fail(error, ROPELAW_SINGULAR, "covariance", "", "positive definite",
                         "covariance is not positive definite (leading block of order %d)", info);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < j; i++) a[j * n + i] = 0;
    return ROPELAW_OK;
}

ropelaw_status num_whiten(size_t n, const double *lower, size_t n_columns, double *b, ropelaw_error *error) {
    int in = (int)n, columns = (int)n_columns, info = 0;
    if (!n || !n_columns) return ROPELAW_OK;
    dtrtrs_("L", "N", "N", &in, &columns, lower, &in, b, &in, &info);
    if (info)
        return core_fail(error, ROPELAW_SINGULAR, "covariance", "", "", "covariance factor has a zero pivot");
    return ROPELAW_OK;
}
