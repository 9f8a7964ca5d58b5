/* With H(X; theta) = f(X) - reference - c the onset is the root of H right of the reference, and all derivatives come
   from the implicit function theorem: dX/dtheta = -H_theta/H_X, dpsi/dtheta = -H_theta/H_psi. The running minimum
   moves with theta, but to first order its value does not (envelope theorem). For the line before the break, f minus
   the line is d w sp(u), and the root is X = psi + w ln(e^t - 1), t = c/(d w), without a search. */
#include "stats/onset.h"
#include "num/root.h"
#include <math.h>
#include <string.h>

/* ln(e^t - 1) for t > 0 */
static double log_expm1(double t) {
    return t > 30 ? t + log1p(-exp(-t)) : log(expm1(t));
}

/* Where the curve is smallest in [first, x]. */
static double lowest(const double *theta, double first, double x) {
    double ratio = -theta[SOFT_S1] / exp(theta[SOFT_LN_D]);
    if (ratio <= 0) return first;
    if (ratio >= 1) return x;
    double at = theta[SOFT_PSI] + exp(theta[SOFT_LN_W]) * log(ratio / (1 - ratio));
    return fmin(fmax(at, first), x);
}

typedef struct {
    const stats_onset *onset;
    double theta[SOFT_P];
    double x;
} question;

static double excess(const stats_onset *o, const double *theta, double x) {
    double y = stats_soft_eval(theta, x, NULL);
    switch (o->reference) {
    case STATS_REF_LINE:
        return y - theta[SOFT_ALPHA] - theta[SOFT_S1] * (x - theta[SOFT_PSI]) - o->excess;
    case STATS_REF_MIN:
        return y - stats_soft_eval(theta, lowest(theta, o->first, x), NULL) - o->excess;
    case STATS_REF_AT:
        return y - stats_soft_eval(theta, o->value, NULL) - o->excess;
    case STATS_REF_ABS:
        break;
    }
    return y - o->value - o->excess;
}

/* H_theta at a root x; returns H_X. */
static double differentiate(const stats_onset *o, const double *theta, double x, double *h) {
    double g[SOFT_P], d = exp(theta[SOFT_LN_D]),
                      s = stats_sigmoid((x - theta[SOFT_PSI]) / exp(theta[SOFT_LN_W]));
    stats_soft_eval(theta, x, h);
    if (o->reference == STATS_REF_LINE) {
        const double line[SOFT_P] = {1, x - theta[SOFT_PSI], 0, -theta[SOFT_S1], 0};
        for (size_t k = 0; k < SOFT_P; k++) h[k] -= line[k];
        return d * s;
    }
    if (o->reference != STATS_REF_ABS) {
        stats_soft_eval(theta, o->reference == STATS_REF_AT ? o->value : lowest(theta, o->first, x), g);
        for (size_t k = 0; k < SOFT_P; k++) h[k] -= g[k];
    }
    return theta[SOFT_S1] + d * s;
}

static double excess_of_x(double x, void *context) {
    const question *q = context;
    return excess(q->onset, q->theta, x);
}

static double search(const stats_onset *o, const double *theta) {
    if (!(theta[SOFT_S1] + exp(theta[SOFT_LN_D]) > 0)) return NAN; /* falls for ever */
    question q = {.onset = o};
    memcpy(q.theta, theta, sizeof q.theta);
    double from = o->reference == STATS_REF_AT ? o->value : lowest(theta, o->first, INFINITY);
    if (o->reference == STATS_REF_ABS && excess(o, theta, from) > 0) from = o->first;
    double x = NAN, step = 0.5;
    while (step < 1e4 && !(excess(o, theta, from + step) > 0)) step *= 2;
    if (excess(o, theta, from) > 0 || num_root(excess_of_x, &q, (num_interval){from, from + step, 1e-13}, &x))
        return NAN;
    return x;
}

double stats_onset_find(const stats_onset *o, const double *theta, double *gradient) {
    double d = exp(theta[SOFT_LN_D]), w = exp(theta[SOFT_LN_W]);
    double x = o->reference == STATS_REF_LINE ? theta[SOFT_PSI] + w * log_expm1(o->excess / (d * w))
                                              : search(o, theta);
    if (!gradient || isnan(x)) return x;
    double slope = differentiate(o, theta, x, gradient);
    for (size_t k = 0; k < SOFT_P; k++) gradient[k] = -gradient[k] / slope;
    return x;
}

static double excess_of_psi(double psi, void *context) {
    question *q = context;
    q->theta[SOFT_PSI] = psi;
    return excess(q->onset, q->theta, q->x);
}

bool stats_onset_place(const stats_onset *o, double x, double *theta, double *gradient) {
    size_t solved = o->reference == STATS_REF_ABS ? SOFT_ALPHA : SOFT_PSI;
    if (o->reference == STATS_REF_ABS) {
        theta[SOFT_ALPHA] = 0;
        theta[SOFT_ALPHA] = -excess(o, theta, x);
    } else if (o->reference == STATS_REF_LINE) {
        double w = exp(theta[SOFT_LN_W]);
        theta[SOFT_PSI] = x - w * log_expm1(o->excess / (exp(theta[SOFT_LN_D]) * w));
    } else {
        question q = {.onset = o, .x = x};
        memcpy(q.theta, theta, sizeof q.theta);
        double from = o->reference == STATS_REF_AT ? o->value : o->first;
        if (!(x > from) ||
            num_root(excess_of_psi, &q, (num_interval){from - 20, x + 20, 1e-14}, &theta[SOFT_PSI]))
            return false;
    }
    if (!gradient) return isfinite(theta[solved]);
    differentiate(o, theta, x, gradient);
    double own = gradient[solved];
    for (size_t k = 0; k < SOFT_P; k++) gradient[k] = k == solved ? 0 : -gradient[k] / own;
    return isfinite(theta[solved]);
}
