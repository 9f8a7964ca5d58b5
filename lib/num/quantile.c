/* The tails are the regularised incomplete gamma and beta functions: a power series below the mode, a
   continued fraction (modified Lentz) above it, each with the prefactor in logarithms. Quantiles invert the
   logarithm of the tail in ln x, where it is smooth and monotone. GSL's own inversions raise through the
   process-wide error handler when they do not converge, and its tails raise on underflow: they serve as
   oracle in the tests only. */
#include "num/quantile.h"
#include "num/root.h"
#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdbool.h>

double num_normal_cdf(double x) {
    return 0.5 * erfc(-x * M_SQRT1_2);
}

double num_normal_quantile(double p) {
    if (!(p >= 0 && p <= 1)) return NAN;
    if (p == 0) return -INFINITY;
    if (p == 1) return INFINITY;
    return gsl_cdf_ugaussian_Pinv(p);
}

/* Correction of Stirling's formula, lgamma(a) - [(a-1/2) ln a - a + ln(2 pi)/2]; for large a by its series,
   so that prefactors with a of 1e5 keep their digits. */
static double stirling(double a) {
    if (a < 16) return lgamma(a) - ((a - 0.5) * log(a) - a + 0.5 * log(2 * M_PI));
    double q = 1 / (a * a);
    return (1.0 / 12 - q * (1.0 / 360 - q * (1.0 / 1260 - q * (1.0 / 1680 - q / 1188)))) / a;
}

/* ln(1 + t) - t */
static double log1p_minus(double t) {
    if (fabs(t) > 0.1) return log1p(t) - t;
    double sum = 0, power = t;
    for (int k = 2; k < 40; k++) {
        power *= -t;
        sum += power / k;
        if (fabs(power) < 1e-19 * fabs(sum)) break;
    }
    return sum;
}

/* ln[ x^a e^-x / Gamma(a) ] */
static double gamma_prefactor(double a, double x) {
    if (a < 16) return a * log(x) - x - lgamma(a);
    return a * log1p_minus((x - a) / a) + 0.5 * log(a / (2 * M_PI)) - stirling(a);
}

/* Step of the modified Lentz algorithm for the fraction b0 + a1/(b1 + a2/(b2 + ...)). */
static double lentz(double a, double b, double *c, double *d) {
    const double tiny = 1e-300;
    *d = b + a * *d;
    *c = b + a / *c;
    if (fabs(*d) < tiny) *d = tiny;
    if (fabs(*c) < tiny) *c = tiny;
    *d = 1 / *d;
    return *c * *d;
}

enum { MOST_TERMS = 20000 };

/* Upper regularised incomplete gamma function Q(a, x). */
static double gamma_tail(double a, double x) {
    if (x <= 0) return 1;
    double prefactor = gamma_prefactor(a, x);
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (int k = 1; k < MOST_TERMS && term > sum * 1e-17; k++) sum += term *= x / (a + k);
        return 1 - exp(prefactor) * sum;
    }
    double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
    for (int k = 1; k < MOST_TERMS; k++) {
        b += 2;
        double step = lentz(-k * (k - a), b, &c, &d);
        h *= step;
        if (fabs(step - 1) < 4e-16) break;
    }
    return exp(prefactor) * h;
}

/* ln[ x^a (1-x)^b / B(a,b) ] with y = 1 - x given, so that neither loses digits. */
static double beta_prefactor(double a, double b, double x, double y) {
    if (a < 16 || b < 16) {
        /* lgamma(a+b) - lgamma(max): the large arguments by Stirling's difference */
        double large = fmax(a, b), small = fmin(a, b), sum = a + b;
        double difference =
            small * log(sum) + (large - 0.5) * log1p(small / large) - small + stirling(sum) - stirling(large);
        double log_x = x > 0.5 ? log1p(-y) : log(x), log_y = y > 0.5 ? log1p(-x) : log(y);
        return a * log_x + b * log_y + difference - lgamma(small);
    }
    double n = a + b, t = (x - a / n) * n / a, u = (y - b / n) * n / b;
    return a * log1p_minus(t) + b * log1p_minus(u) + 0.5 * log(a * b / (n * 2 * M_PI)) + stirling(n) -
           stirling(a) - stirling(b);
}

/* Continued fraction of the incomplete beta function (DLMF 8.17.22), times the prefactor, over a: I_x(a,b).
 */
static double beta_fraction(double a, double b, double x, double y) {
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
    double h = d;
    for (int m = 1; m < MOST_TERMS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        h *= lentz(even, 1, &c, &d);
        double step = lentz(odd, 1, &c, &d);
        h *= step;
        if (fabs(step - 1) < 4e-16) break;
    }
    return exp(beta_prefactor(a, b, x, y)) * h / a;
}

static double beta_lower(double a, double b, double x, double y) {
    if (x <= 0) return 0;
    if (y <= 0) return 1;
    if (x < (a + 1) / (a + b + 2)) return beta_fraction(a, b, x, y);
    return 1 - beta_fraction(b, a, y, x);
}

double num_chi2_tail(double x, double df) {
    if (!(df > 0) || isnan(x)) return NAN;
    if (isinf(x)) return x > 0 ? 0 : 1;
    return gamma_tail(df / 2, x / 2);
}

double num_f_tail(double x, double df1, double df2) {
    if (!(df1 > 0) || !(df2 > 0) || isinf(df1) || isnan(x)) return NAN;
    if (x <= 0) return 1;
    if (isinf(x)) return 0;
    if (isinf(df2)) return num_chi2_tail(x * df1, df1);
    double y = df2 / (df2 + df1 * x), z = df1 * x / (df2 + df1 * x);
    return beta_lower(df2 / 2, df1 / 2, y, z);
}

double num_t_tail(double x, double df) {
    if (!(df > 0) || isnan(x)) return NAN;
    if (isinf(df)) return 0.5 * erfc(x * M_SQRT1_2);
    double half = 0.5 * num_f_tail(x * x, 1, df);
    return x < 0 ? 1 - half : half;
}

typedef struct {
    double (*tail)(double x, double df1, double df2);
    double df1, df2, q;
    bool lower; /* compare the lower tail: q above 1/2 has no digits in the upper one */
} inversion;

static double mismatch(double u, void *context) {
    const inversion *i = context;
    double tail = i->tail(exp(u), i->df1, i->df2);
    if (i->lower) tail = 1 - tail;
    return tail > 0 ? log(tail / i->q) : -800;
}

/* x > 0 whose upper tail is q. */
static double invert(inversion *i, double q) {
    i->lower = q > 0.5;
    i->q = i->lower ? 1 - q : q;
    double lo = -1, hi = 1;
    double sign = i->lower ? -1 : 1;
    while (sign * mismatch(lo, i) < 0 && lo > -1500) lo *= 2;
    while (sign * mismatch(hi, i) > 0 && hi < 700) hi *= 2;
    double u = NAN;
    if (num_root(mismatch, i, (num_interval){lo, hi, 1e-16}, &u)) return NAN;
    return exp(u);
}

static double chi2_tail_of(double x, double df, double unused) {
    (void)unused;
    return num_chi2_tail(x, df);
}

static double t_tail_of(double x, double df, double unused) {
    (void)unused;
    return num_t_tail(x, df);
}

double num_chi2_quantile(double p, double df) {
    if (!(p >= 0 && p <= 1) || !(df > 0) || isinf(df)) return NAN;
    if (p == 0) return 0;
    if (p == 1) return INFINITY;
    inversion i = {.tail = chi2_tail_of, .df1 = df};
    return invert(&i, 1 - p);
}

double num_f_quantile(double p, double df1, double df2) {
    if (!(p >= 0 && p <= 1) || !(df1 > 0) || !(df2 > 0) || isinf(df1)) return NAN;
    if (p == 0) return 0;
    if (p == 1) return INFINITY;
    inversion i = {.tail = num_f_tail, .df1 = df1, .df2 = df2};
    return invert(&i, 1 - p);
}

double num_t_quantile(double p, double df) {
    if (!(p >= 0 && p <= 1) || !(df > 0)) return NAN;
    if (isinf(df)) return num_normal_quantile(p);
    if (p == 0.5) return 0;
    if (p == 0 || p == 1) return p == 1 ? INFINITY : -INFINITY;
    inversion i = {.tail = t_tail_of, .df1 = df};
    double x = invert(&i, p > 0.5 ? 1 - p : p);
    return p > 0.5 ? x : -x;
}
