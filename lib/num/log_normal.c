/* Phi(z) = erfc(-z/sqrt2)/2 keeps its relative accuracy until erfc underflows at z = -37.5. Below -30 the
   asymptotic series phi(z)/|z| (1 - 1/z^2 + 3/z^4 - 15/z^6 + 105/z^8) is in error by less than 945/z^10 <
   2e-12 relative to Phi, that is absolutely in the logarithm.

   Differences are taken in the tail where both terms are small: Phi(b) - Phi(a) = Phi(-a) - Phi(-b). A short
   interval would lose its digits in that difference; the Taylor series about its middle m, with width w, is
   phi(m) w (1 + He2 w^2/24 + He4 w^4/1920 + He6 w^6/322560 + ...), He the Hermite polynomials at m: for w and
   |m| w up to 0.05 the next term, He8 w^8/92897280, is below 1e-16. */
#include "num/log_normal.h"
#include <math.h>

static const double log_sqrt_2pi = 0.91893853320467274178, series_below = -30, short_width = 0.05;

double num_log_density(double z) {
    return -z * z / 2 - log_sqrt_2pi;
}

double num_log_mills(double z) {
    if (z > series_below) return log(erfc(-z * M_SQRT1_2) / 2) - num_log_density(z);
    double r = 1 / (z * z);
    return -log(-z) + log1p(-r * (1 - r * (3 - r * (15 - 105 * r))));
}

double num_log_below(double z) {
    if (z > 5) return log1p(-erfc(z * M_SQRT1_2) / 2);
    return z > series_below ? log(erfc(-z * M_SQRT1_2) / 2) : num_log_density(z) + num_log_mills(z);
}

static double log_short(double m, double w) {
    double m2 = m * m, w2 = w * w, he4 = m2 * (m2 - 6) + 3, he6 = m2 * (m2 * (m2 - 15) + 45) - 15;
    return num_log_density(m) + log(w) + log1p(w2 * ((m2 - 1) / 24 + w2 * (he4 / 1920 + w2 * he6 / 322560)));
}

double num_log_between(double a, double b) {
    if (!(a < b)) return -INFINITY;
    if (a > 0) {
        double t = a;
        a = -b, b = -t;
    }
    if (isinf(a)) return isinf(b) ? 0 : num_log_below(b);
    double middle = a + (b - a) / 2, width = b - a;
    if (width <= short_width && -middle * width <= short_width) return log_short(middle, width);
    if (b > 0) { /* the interval holds 0: at least one side is not small */
        double outside = erfc(-a * M_SQRT1_2) / 2 + erfc(b * M_SQRT1_2) / 2;
        return outside < 0.5 ? log1p(-outside) : log((erf(b * M_SQRT1_2) - erf(a * M_SQRT1_2)) / 2);
    }
    double high = num_log_below(b);
    return high + log(-expm1(num_log_below(a) - high));
}
