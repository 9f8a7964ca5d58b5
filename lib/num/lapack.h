/* The Fortran symbols of LAPACK that num/ calls (OpenBLAS carries them; it has no LAPACKE). Declared here and
   nowhere else. Hidden string lengths are left out: every character argument is one letter, which gfortran's
   calling convention accepts. */
#ifndef ROPELAW_NUM_LAPACK_H
#define ROPELAW_NUM_LAPACK_H

void dgelsy_(const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b,
             const int *ldb, int *jpvt, const double *rcond, int *rank, double *work, const int *lwork,
             int *info);
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork,
             int *info);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dtrtrs_(const char *uplo, const char *trans, const char *diag, const int *n, const int *nrhs,
             const double *a, const int *lda, double *b, const int *ldb, int *info);

#endif
