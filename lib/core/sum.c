/* Neumaier's variant of Kahan summation: the error of the result is 2u |sum| + O(n u^2) sum |x|, whatever the
   order of magnitude of the terms. */
#include "core/core.h"
#include <math.h>

void core_sum_add(core_sum *s, double x) {
    double t = s->sum + x;
    s->carry += fabs(s->sum) >= fabs(x) ? (s->sum - t) + x : (x - t) + s->sum;
    s->sum = t;
}

double core_sum_value(const core_sum *s) {
    return s->sum + s->carry;
}
