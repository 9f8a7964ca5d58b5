#include "num/svd.h"
#include "num/lapack.h"
#include <limits.h>
#include <math.h>

ropelaw_status num_svd(size_t m, size_t n, double *a, double *s, double *vt, ropelaw_error *error) {
    if (!n || m < n || m > INT_MAX || n > (size_t)INT_MAX / m)
        return core_fail(error, ROPELAW_SHAPE, "matrix", "", "m >= n >= 1", "matrix of %zu x %zu", m, n);
    for (size_t i = 0; i < m * n; i++)
        if (!isfinite(a[i])) return core_fail_number(error, ROPELAW_DOMAIN, "matrix", a[i], "finite");
    int im = (int)m, in = (int)n, info = 0, query = -1, unused_ldu = 1;
    double wanted = 0, unused = 0;
    int *iwork = core_malloc(8 * n, sizeof *iwork);
    if (!iwork) return core_fail_memory(error, 8 * n, sizeof *iwork);
    dgesdd_("O", &im, &in, a, &im, s, &unused, &unused_ldu, vt, &in, &wanted, &query, iwork, &info);
    int lwork = (int)wanted;
    double *work = core_malloc((size_t)lwork, sizeof *work);
    if (!work) {
        core_free(iwork);
        return core_fail_memory(error, (size_t)lwork, sizeof *work);
    }
    dgesdd_("O", &im, &in, a, &im, s, &unused, &unused_ldu, vt, &in, work, &lwork, iwork, &info);
    core_free(work);
    core_free(iwork);
    if (info)
        return core_fail(error, ROPELAW_NOCONV, "matrix", "", "", "the SVD did not converge (dgesdd %d)",
                         info);
    return ROPELAW_OK;
}
