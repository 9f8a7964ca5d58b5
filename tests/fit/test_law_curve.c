#include "test.h"
#include "fit/law_curve.h"
#include <ropelaw/random.h>

enum { N = 9 };
static double x[N], y[N], weight[N];
static signed char censored[N];

static fit_curve curve(uint64_t seed, bool limits) {
    ropelaw_random r;
    ropelaw_random_init(&r, seed, 0);
    fit_curve c = {N, N, N, x, y, weight, censored, 0};
    for (int k = 0; k < N; k++) {
        x[k] = 6 + 0.6 * k + 0.2 * ropelaw_random_uniform(&r);
        y[k] = 2 + 2.5 * fmax(x[k] - 9, 0) + 0.1 * ropelaw_random_normal(&r);
        weight[k] = 0.5 + ropelaw_random_uniform(&r);
        c.mean_x += x[k] / N;
        censored[k] = limits && k >= N - 2 ? 1 : 0;
        c.n_measured -= censored[k] != 0;
        if (censored[k]) y[k] -= k == N - 1 ? 1 : -0.3; /* one limit that holds by far, one that binds */
    }
    return c;
}

START_TEST(derivatives_are_differences) {
    for (int limits = 0; limits < 2; limits++)
        for (double psi = 5.5; psi < 12; psi += 0.37) {
            fit_curve c = curve(3, limits);
            fit_shape s = {-0.1, 2.2, 0.25};
            fit_curve_value v, a, b;
            fit_curve_eval(&c, &s, psi, &v);
            double *param[] = {&s.pre, &s.rise, &s.width, &psi},
                   claimed[] = {v.d_pre, v.d_rise, v.d_width, v.d_psi};
            for (int k = 0; k < 4; k++) {
                double at = *param[k], h = 1e-5;
                *param[k] = at + h, fit_curve_eval(&c, &s, psi, &a);
                *param[k] = at - h, fit_curve_eval(&c, &s, psi, &b);
                *param[k] = at;
                test_assert_abs((a.rss - b.rss) / (2 * h), claimed[k], 1e-6 * (1 + v.rss));
            }
        }
}
END_TEST

/* alpha by brute force: the sum of squares with limits, written out */
static double penalised(const fit_curve *c, const fit_shape *s, double psi, double alpha) {
    double sum = 0;
    for (size_t k = 0; k < c->n; k++) {
        double t = (c->x[k] - psi) / s->width, h = s->width * (t > 0 ? t + log1p(exp(-t)) : log1p(exp(t)));
        double r = c->y[k] - alpha - s->pre * (c->x[k] - c->mean_x) - s->rise * h;
        if (c->censored[k] > 0 && r < 0) r = 0;
        if (c->censored[k] < 0 && r > 0) r = 0;
        sum += c->weight[k] * r * r;
    }
    return sum;
}

START_TEST(alpha_is_the_minimum_limits_included) {
    for (int limits = 0; limits < 2; limits++)
        for (double psi = 6; psi < 11; psi += 0.31) {
            fit_curve c = curve(8, limits);
            fit_shape s = {-0.1, 2.2, 0.25};
            fit_curve_value v;
            fit_curve_eval(&c, &s, psi, &v);
            test_assert_abs(penalised(&c, &s, psi, v.alpha), v.rss, 1e-12 * (1 + v.rss));
            for (double d = -0.5; d <= 0.5; d += 0.01)
                ck_assert(penalised(&c, &s, psi, v.alpha + d) >= v.rss * (1 - 1e-12));
        }
}
END_TEST

START_TEST(the_best_psi_is_global) {
    for (uint64_t seed = 1; seed < 60; seed++) {
        fit_curve c = curve(seed, seed % 3 == 0);
        fit_shape s = {-0.1, 2.5, seed % 2 ? 0.005 : 0.3};
        fit_curve_value best, v;
        fit_curve_best(&c, &s, &best);
        for (double psi = fit_curve_low(&c); psi < fit_curve_high(&c); psi += 0.004) {
            fit_curve_eval(&c, &s, psi, &v);
            ck_assert_msg(v.rss >= best.rss - 1e-9 * (1 + best.rss),
                          "seed %d: psi %.17g has rss %.17g < %.17g", (int)seed, psi, v.rss, best.rss);
        }
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("law_curve");
    const TTest *const tests[] = {derivatives_are_differences, alpha_is_the_minimum_limits_included,
                                  the_best_psi_is_global, NULL};
    test_add(s, "law_curve", tests);
    return test_run(s);
}
