/* Logarithms in double-double arithmetic (Dekker 1971; Knuth's two-sum; products by fma).
 *
 * ln(x): x = m 2^e with m in [sqrt(1/2), sqrt(2)), ln(m) = 2 atanh(s), s = (m-1)/(m+1), |s| <= 0.1716, by its
 * power series: the k-th term is s^(2k+1)/(2k+1), below 2^-108 of the first from k = 21 on. For e != 0 the
 * sum e ln2 + ln(m) is at least ln(sqrt(2)): nothing cancels; for e = 0 the series alone is relatively exact.
 * Each operation errs by at most a few 2^-104; the series, summed from its small end, stays below 2^-100. */
#include "rope/double_double.h"
#include <math.h>

static const rope_dd ln2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
static const rope_dd two_pi = {0x1.921fb54442d18p+2, 0x1.1a62633145c07p-52};

static rope_dd two_sum(double a, double b) {
    double s = a + b, t = s - a;
    return (rope_dd){s, (a - (s - t)) + (b - t)};
}

static rope_dd quick_sum(double a, double b) {
    double s = a + b;
    return (rope_dd){s, b - (s - a)};
}

static rope_dd add(rope_dd a, rope_dd b) {
    rope_dd s = two_sum(a.hi, b.hi), t = two_sum(a.lo, b.lo);
    s = quick_sum(s.hi, s.lo + t.hi);
    return quick_sum(s.hi, s.lo + t.lo);
}

rope_dd rope_dd_mul(rope_dd a, rope_dd b) {
    double p = a.hi * b.hi, e = fma(a.hi, b.hi, -p);
    return quick_sum(p, e + (a.hi * b.lo + a.lo * b.hi));
}

rope_dd rope_dd_scale(rope_dd a, double x) {
    return rope_dd_mul(a, (rope_dd){x, 0});
}

static rope_dd divide(rope_dd a, rope_dd b) {
    double q = a.hi / b.hi;
    rope_dd r = add(a, rope_dd_scale(b, -q));
    double q2 = r.hi / b.hi;
    r = add(r, rope_dd_scale(b, -q2));
    return add(quick_sum(q, q2), (rope_dd){r.hi / b.hi, 0});
}

static rope_dd log_of(rope_dd x) {
    int e;
    double m = frexp(x.hi, &e);
    if (m < M_SQRT1_2) e--;
    x = (rope_dd){ldexp(x.hi, -e), ldexp(x.lo, -e)};
    rope_dd one = {1, 0};
    rope_dd s = divide(add(x, (rope_dd){-1, 0}), add(x, one));
    rope_dd square = rope_dd_mul(s, s), sum = {0, 0};
    for (int k = 23; k >= 0; k--) sum = add(rope_dd_mul(sum, square), divide(one, (rope_dd){2 * k + 1, 0}));
    sum = rope_dd_scale(rope_dd_mul(sum, s), 2);
    return add(rope_dd_scale(ln2, e), sum);
}

rope_dd rope_dd_log(double x) {
    return log_of((rope_dd){x, 0});
}

rope_dd rope_dd_log_turns(double x) {
    return log_of(divide((rope_dd){x, 0}, two_pi));
}

int rope_dd_compare(rope_dd a, rope_dd b) {
    rope_dd d = add(a, (rope_dd){-b.hi, -b.lo});
    if (fabs(d.hi) <= 0x1p-96 * fabs(a.hi)) return 0;
    return d.hi > 0 ? 1 : -1;
}
