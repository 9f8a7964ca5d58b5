/**
 * Threads of the BLAS library that the process shares.
 *
 * The library never changes this setting by itself. A program that owns its process calls it once, with 1, to
 * get equal bytes from run to run: ropelaw then uses its own threads around one-threaded products.
 */
#ifndef ROPELAW_BLAS_H
#define ROPELAW_BLAS_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Set the number of BLAS threads of the whole process; below 1 counts as 1. Not while another thread uses
 * BLAS. */
ROPELAW_API void ropelaw_blas_threads_set(size_t n_threads);

/** The number of BLAS threads now. */
ROPELAW_API size_t ropelaw_blas_threads(void);

#ifdef __cplusplus
}
#endif
#endif
