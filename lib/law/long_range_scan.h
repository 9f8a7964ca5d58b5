/* B(m) = sum_n cos(m theta_n) for 1024 distances at a time; one source for every instruction set.
 *
 * Per pair the cosines of eight neighbouring distances sit in one vector and move on by eight with the Chebyshev
 * recurrence c[k+8] = 2 cos(8 theta) c[k] - c[k-8], started anew in every block from one sine and cosine of the block's
 * first angle. Over k steps rounding grows like k^2 u for slow pairs, below 2e-12 a pair in a block of 128 steps; the
 * angle itself is off by distance * theta * u. LAW_SCAN_ERROR bounds the two together. Callers decide nothing closer
 * to zero than that: they evaluate such a distance by itself. */
#ifndef ROPELAW_LAW_LONG_RANGE_SCAN_H
#define ROPELAW_LAW_LONG_RANGE_SCAN_H

#include <stddef.h>

#define LAW_SCAN_BLOCK                    1024
#define LAW_SCAN_ERROR(n_pairs, distance) ((double)(n_pairs) * (4e-12 + 4e-16 * (distance)))

typedef struct {
    double theta, twice_cos8;        /* 2 cos(8 theta) */
    double cos_up[8], sin_up[8];     /* of j theta, j = 0 .. 7 */
    double cos_down[8], sin_down[8]; /* of j theta, j = -8 .. -1 */
} law_scan_pair;

void law_scan_prepare(const double *theta, size_t n_pairs, law_scan_pair *pairs);

/* sums [LAW_SCAN_BLOCK]: B(start) .. B(start + LAW_SCAN_BLOCK - 1) */
typedef void law_scan(const law_scan_pair *pairs, size_t n_pairs, double start, double *sums);
law_scan law_scan_portable, law_scan_avx2, law_scan_avx512;
law_scan *law_scan_best(void);

#endif
