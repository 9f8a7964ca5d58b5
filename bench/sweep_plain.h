/* What the sweep is compared with: one pow after another, compiled at -O2. */
#ifndef BENCH_SWEEP_PLAIN_H
#define BENCH_SWEEP_PLAIN_H

#include <stddef.h>

/* period [n][64] may be NULL */
void sweep_plain(size_t n, const double *base, const double *train, const size_t *rotary_dim, double *dim,
                 double *bound, double *period);

#endif
