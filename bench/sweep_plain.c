#include "sweep_plain.h"
#include <math.h>

void sweep_plain(size_t n, const double *base, const double *train, const size_t *rotary_dim, double *dim,
                 double *bound, double *period) {
    for (size_t i = 0; i < n; i++) {
        double d = (double)rotary_dim[i], raw = d / 2 * log(train[i] / (2 * M_PI)) / log(base[i]);
        dim[i] = fmin(2 * ceil(raw), d);
        bound[i] = raw > d / 2 ? NAN : 2 * M_PI * pow(base[i], dim[i] / d);
        for (size_t k = 0; period && k < rotary_dim[i] / 2; k++)
            period[i * 64 + k] = 2 * M_PI * pow(base[i], 2 * (double)k / d);
    }
}
