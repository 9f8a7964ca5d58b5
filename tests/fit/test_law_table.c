/* Terms of the law's likelihood against plain quadrature and finite differences. */
#include "test.h"
#include "fit/law_table.h"
#include <ropelaw/random.h>

enum { N = 12 };
static double x[N], y[N], weight[N];
static signed char censored[N];

static fit_curve curve(double psi, double sd, size_t n) {
    ropelaw_random r;
    ropelaw_random_init(&r, 42, 7);
    fit_curve c = {n, n, n, x, y, weight, censored, 0};
    for (size_t k = 0; k < n; k++) {
        x[k] = log(1024) + (double)k * log(2);
        weight[k] = 1, censored[k] = 0;
        c.mean_x += x[k] / (double)n;
    }
    for (size_t k = 0; k < n; k++)
        y[k] = 2 - 0.05 * (x[k] - c.mean_x) + 2 * fmax(x[k] - psi, 0) + sd * ropelaw_random_normal(&r);
    return c;
}

/* The integral by the trapezoid rule on the curve itself, without the table. */
static double brute(const fit_curve *c, const fit_shape *s, double sigma, double best, double m, double tau) {
    fit_curve_value v;
    fit_curve_eval(c, s, best, &v);
    double offset = v.rss, sum = 0, step = tau / 400, top = -INFINITY;
    for (int pass = 0; pass < 2; pass++)
        for (double psi = m - 14 * tau; psi <= m + 14 * tau; psi += step) {
            fit_curve_eval(c, s, psi, &v);
            double e = -(v.rss - offset) / (2 * sigma * sigma) - pow((psi - m) / tau, 2) / 2;
            if (pass == 0)
                top = fmax(top, e);
            else
                sum += exp(e - top);
        }
    return top + log(sum * step / (tau * sqrt(2 * M_PI)));
}

START_TEST(the_table_integrates_like_the_curve) {
    const fit_shape shapes[] = {
        {-0.05, 2, 0.02},
        {-0.05, 2, 0.3 }
    };
    const double sds[] = {0.02, 0.1};
    for (int k = 0; k < 4; k++) {
        fit_curve c = curve(10.3, sds[k / 2], N);
        fit_term t;
        ropelaw_error e = {0};
        test_assert_ok(fit_term_tabulate(&c, &shapes[k % 2], sds[k / 2], &t, &e), e);
        ck_assert(t.bounded_low && t.bounded_high && t.lo < 10.3 + 0.2 && t.hi > 10.3 - 0.2 && t.lo < t.hi);
        for (double m = 10; m < 10.8; m += 0.13)
            for (double tau = 0.02; tau < 1; tau *= 3) {
                double dm, dt, value = fit_term_log(&t, m, tau, &dm, &dt);
                /* the table's logarithm is 0.005 off at worst; far from the curve's peak it is coarser than
                 * that */
                if (fabs(m - t.best) < 6 * tau)
                    test_assert_abs(value, brute(&c, &shapes[k % 2], sds[k / 2], t.best, m, tau), 0.0052);
            }
        fit_term_clear(&t);
    }
}
END_TEST

static void check_gradient(const fit_term *t, double m, double tau) {
    double dm, dt, a, b, h = 1e-5 * tau, g = 1e-5;
    double value = fit_term_log(t, m, tau, &dm, &dt);
    ck_assert(isfinite(value) && isfinite(dm) && isfinite(dt));
    double by_m = (fit_term_log(t, m + h, tau, &a, &b) - fit_term_log(t, m - h, tau, &a, &b)) / (2 * h);
    double by_t =
        (fit_term_log(t, m, tau * exp(g), &a, &b) - fit_term_log(t, m, tau * exp(-g), &a, &b)) / (2 * g);
    /* differences: rounding of the value over the step, and the step squared */
    double noise = 1e-15 * (1 + fabs(value)) / 1e-5;
    test_assert_abs(dm * tau, by_m * tau, 1e-6 * (1 + fabs(dm * tau)) + 4 * noise);
    test_assert_abs(dt, by_t, 1e-6 * (1 + fabs(dt)) + 4 * noise);
}

START_TEST(gradients_are_differences) {
    fit_curve c = curve(10.3, 0.02, N);
    fit_shape shape = {-0.05, 2, 0.1};
    fit_term table, late;
    ropelaw_error e = {0};
    test_assert_ok(fit_term_tabulate(&c, &shape, 0.02, &table, &e), e);
    fit_curve cut = curve(13, 0.02, 5); /* its last length is 16384 = e^9.7 */
    test_assert_ok(fit_term_tabulate(&cut, &shape, 0.02, &late, &e), e);
    const fit_term bounds[] = {
        {.kind = FIT_TERM_POINT, .lo = 10, .hi = 10,                    .se = 0.1},
        {.kind = FIT_TERM_RIGHT,                      .lo = 10,         .hi = INFINITY      },
        {.kind = FIT_TERM_LEFT,                      .lo = -INFINITY,          .hi = 10,.se = 0.3},
        {.kind = FIT_TERM_INTERVAL,             .lo = 10,                     .hi = 10.69                             }
    };
    for (double m = 7; m < 14; m += 0.71)
        for (double tau = 0.01; tau < 2; tau *= 2.7) {
            check_gradient(&table, m, tau);
            check_gradient(&late, m, tau);
            for (int k = 0; k < 4; k++) check_gradient(&bounds[k], m, tau);
        }
    fit_term_clear(&table), fit_term_clear(&late);
}
END_TEST

START_TEST(runs_without_a_break_give_limits) {
    fit_shape shape = {-0.05, 2, 0.05};
    fit_curve c = curve(20, 0.02, N);
    fit_term t;
    ropelaw_error e = {0};
    double dm, dt;
    test_assert_ok(fit_term_tabulate(&c, &shape, 0.02, &t, &e), e);
    ck_assert(t.bounded_low && !t.bounded_high && isinf(t.hi));
    ck_assert(!fit_term_is_bounded(&t));
    test_assert_abs(t.lo, x[N - 1], 0.15); /* the last length, up to the noise over the slope */
    /* far above, nothing is known: the term is flat */
    double a = fit_term_log(&t, 40, 0.1, &dm, &dt), b = fit_term_log(&t, 60, 0.1, &dm, &dt);
    test_assert_abs(a, b, 1e-12);
    test_assert_abs(dm, 0, 1e-12);
    fit_term_clear(&t);
    c = curve(2, 0.02, N); /* broken before the first length */
    test_assert_ok(fit_term_tabulate(&c, &shape, 0.02, &t, &e), e);
    ck_assert(!t.bounded_low && t.bounded_high);
    fit_term_clear(&t);
}
END_TEST

START_TEST(noise_free_curves_have_fine_tables) {
    fit_curve c = curve(10.3, 0, N);
    fit_shape shape = {-0.05, 2, 0.02};
    fit_term t;
    ropelaw_error e = {0};
    double dm, dt;
    test_assert_ok(fit_term_tabulate(&c, &shape, 1e-4, &t, &e), e);
    for (size_t k = 1; k < t.n; k++)
        ck_assert(t.cells[k].p0 == t.cells[k - 1].p1 && t.cells[k].p1 > t.cells[k].p0);
    test_assert_abs(t.best, 10.3, 1e-3); /* the fit's bend is 0.02 wide, the data's is not */
    double value = fit_term_log(&t, t.best + 0.3, 1, &dm, &dt);
    test_assert_abs(dm, -0.3, 1e-3); /* a delta function seen through N(m, 1) */
    ck_assert(isfinite(value));
    ck_assert(isfinite(fit_term_log(&t, 3, 0.005, &dm, &dt)) && isfinite(dm) && isfinite(dt));
    fit_term_clear(&t);
}
END_TEST

int main(void) {
    Suite *s = suite_create("law_table");
    const TTest *const tests[] = {the_table_integrates_like_the_curve, gradients_are_differences,
                                  runs_without_a_break_give_limits, noise_free_curves_have_fine_tables, NULL};
    test_add(s, "law_table", tests);
    return test_run(s);
}
