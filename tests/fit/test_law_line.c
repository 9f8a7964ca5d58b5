/* The line on complete normal data, where everything has a closed form. */
#include "test.h"
#include "fit/law_line.h"
#include "num/quantile.h"
#include <ropelaw/random.h>

enum { N = 11 };
static double x[2 * N], offset[N], z[N];
static fit_term terms[N];

static fit_line_problem data(uint64_t seed, double tau) {
    ropelaw_random r;
    ropelaw_random_init(&r, seed, 0);
    for (int i = 0; i < N; i++) {
        double u = 9 + 0.55 * i;
        x[2 * i] = 1, x[2 * i + 1] = u, offset[i] = 0;
        z[i] = 1.8 + 0.7 * u + tau * ropelaw_random_normal(&r);
        terms[i] = (fit_term){.kind = FIT_TERM_POINT, .lo = z[i], .hi = z[i]};
    }
    return (fit_line_problem){N, 2, x, offset, NULL, terms, 0, 0, 0, NULL, NULL, false, 1};
}

typedef struct {
    double a, b, rss, sxx, mean;
} ols;

static ols least_squares(void) {
    ols o = {0};
    double zm = 0, sxz = 0;
    for (int i = 0; i < N; i++) o.mean += x[2 * i + 1] / N, zm += z[i] / N;
    for (int i = 0; i < N; i++) {
        double d = x[2 * i + 1] - o.mean;
        o.sxx += d * d, sxz += d * (z[i] - zm);
    }
    o.b = sxz / o.sxx, o.a = zm - o.b * o.mean;
    for (int i = 0; i < N; i++) o.rss += pow(z[i] - o.a - o.b * x[2 * i + 1], 2);
    return o;
}

START_TEST(complete_data_is_least_squares) {
    for (uint64_t seed = 1; seed < 6; seed++) {
        fit_line_problem a = data(seed, 0.2);
        ols o = least_squares();
        fit_line l;
        ropelaw_error e = {0};
        double ci[2], t = num_t_quantile(0.975, N - 2), s2 = o.rss / (N - 2);
        test_assert_ok(fit_line_fit(&a, &l, &e), e);
        test_assert_abs(l.theta[0], o.a, 1e-5);
        test_assert_abs(l.theta[1], o.b, 1e-6);
        test_assert_rel(l.tau, sqrt(o.rss / N), 1e-5);
        test_assert_rel(l.log_likelihood, -N / 2.0 * (log(2 * M_PI * o.rss / N) + 1), 1e-9);
        ck_assert(l.n_bounded == N && l.converged && !l.tau_at_floor);
        /* information: s^2 (X'X)^-1 with the maximum likelihood variance */
        test_assert_rel(l.covariance[3], o.rss / N / o.sxx, 1e-3);
        test_assert_rel(l.covariance[0], o.rss / N * (1.0 / N + o.mean * o.mean / o.sxx), 1e-3);
        test_assert_rel(l.covariance[1], -o.rss / N * o.mean / o.sxx, 1e-3);
        test_assert_rel(l.covariance[2], l.covariance[1], 1e-12);
        /* the calibrated likelihood interval is Student's */
        test_assert_ok(fit_line_interval(&a, &l, 1, 0.95, ci, &e), e);
        test_assert_abs(ci[0], o.b - t * sqrt(s2 / o.sxx), 1e-5);
        test_assert_abs(ci[1], o.b + t * sqrt(s2 / o.sxx), 1e-5);
        fit_line_clear(&l);
    }
}
END_TEST

START_TEST(the_test_is_the_f_test) {
    fit_line_problem a = data(3, 0.2);
    ols o = least_squares();
    fit_line full, fixed;
    ropelaw_error e = {0};
    test_assert_ok(fit_line_fit(&a, &full, &e), e);
    double rss0 = 0, off[N];
    for (int i = 0; i < N; i++) {
        off[i] = log(2 * M_PI) + 0.72 * x[2 * i + 1];
        rss0 += pow(z[i] - off[i], 2);
    }
    fit_line_problem none = {N, 0, x, off, NULL, terms, 0, 0, 0, NULL, NULL, false, 1};
    test_assert_ok(fit_line_fit(&none, &fixed, &e), e);
    fit_test t = fit_line_test(&full, 2, fixed.log_likelihood, 2);
    double f = (rss0 - o.rss) / 2 / (o.rss / (N - 2));
    test_assert_rel(t.f, f, 1e-6);
    test_assert_rel(t.p, num_f_tail(f, 2, N - 2), 1e-5);
    fit_line_clear(&full), fit_line_clear(&fixed);
}
END_TEST

/* A shift with a normal prior is a ridge on the intercept: its closed form, from no freedom to all of it. */
START_TEST(a_common_shift_is_a_ridge_on_the_intercept) {
    data(3, 0.2);
    ropelaw_error e = {0};
    double u[N], off[N], zero[N] = {0};
    for (int i = 0; i < N; i++) u[i] = x[2 * i + 1], off[i] = 1.8;
    for (double variance = 1e-6; variance < 1e5; variance *= 100) {
        fit_line_problem one = {N, 1, u, off, NULL, terms, 0, variance, 0, NULL, NULL, false, 1};
        fit_line l;
        test_assert_ok(fit_line_fit(&one, &l, &e), e);
        double suu = 0, su = 0, suz = 0, sz = 0, ridge = l.tau * l.tau / variance;
        for (int i = 0; i < N; i++)
            suu += u[i] * u[i], su += u[i], suz += u[i] * (z[i] - 1.8), sz += z[i] - 1.8;
        /* normal equations of [u, 1] with tau^2 / variance added to the intercept's diagonal */
        double slope = (suz * (N + ridge) - su * sz) / (suu * (N + ridge) - su * su);
        test_assert_abs(l.theta[0], slope, 2e-6);
        test_assert_rel(l.covariance[0], l.tau * l.tau * (N + ridge) / (suu * (N + ridge) - su * su), 1e-2);
        fit_line_clear(&l);
    }
    /* with a free intercept the shift widens its variance by exactly its own, and leaves the slope alone */
    fit_line_problem a = {N, 2, x, zero, NULL, terms, 0, 0, 0, NULL, NULL, false, 1};
    fit_line_problem b = a;
    b.shift_variance = 0.04;
    fit_line plain, shifted;
    test_assert_ok(fit_line_fit(&a, &plain, &e), e);
    test_assert_ok(fit_line_fit(&b, &shifted, &e), e);
    test_assert_abs(shifted.theta[1], plain.theta[1], 1e-5);
    test_assert_rel(shifted.covariance[3], plain.covariance[3], 1e-3);
    test_assert_rel(shifted.covariance[0] - plain.covariance[0], 0.04, 1e-2);
    fit_line_clear(&plain), fit_line_clear(&shifted);
}
END_TEST

/* Two groups, each with a shift of its own: ridge regression on both, solved by elimination. */
START_TEST(every_group_has_its_shift) {
    fit_line_problem a = data(6, 0.1);
    size_t group[N];
    double u[N], off[N], variance[2] = {0.3, 0.5}, n[2] = {0}, su[2] = {0}, sz[2] = {0}, suu = 0, suz = 0;
    for (int i = 0; i < N; i++) {
        group[i] = i % 3 == 0, u[i] = a.x[2 * i + 1], off[i] = 1.8;
        terms[i].lo = terms[i].hi = z[i] += group[i] ? 0.4 : -0.1;
    }
    fit_line_problem one = {N, 1, u, off, NULL, terms, 0, 0, 2, group, variance, false, 1};
    fit_line l;
    ropelaw_error e = {0};
    test_assert_ok(fit_line_fit(&one, &l, &e), e);
    for (int i = 0; i < N; i++) {
        size_t g = group[i];
        n[g]++, su[g] += u[i], sz[g] += z[i] - 1.8, suu += u[i] * u[i], suz += u[i] * (z[i] - 1.8);
    }
    for (int g = 0; g < 2; g++) {
        double ridge = n[g] + l.tau * l.tau / variance[g];
        suu -= su[g] * su[g] / ridge, suz -= su[g] * sz[g] / ridge;
    }
    test_assert_abs(l.theta[0], suz / suu, 5e-6);
    test_assert_rel(l.covariance[0], l.tau * l.tau / suu, 2e-2); /* tau is estimated with it */
    fit_line_clear(&l);
}
END_TEST

START_TEST(limits_pull_the_right_way) {
    fit_line_problem a = data(4, 0.1);
    fit_line clipped, limited;
    ropelaw_error e = {0};
    double limit = z[7];
    for (int i = 0; i < N; i++)
        if (z[i] > limit) terms[i].lo = terms[i].hi = limit;
    test_assert_ok(fit_line_fit(&a, &clipped, &e), e);
    for (int i = 0; i < N; i++)
        if (z[i] > limit) terms[i] = (fit_term){.kind = FIT_TERM_RIGHT, .lo = limit, .hi = INFINITY};
    test_assert_ok(fit_line_fit(&a, &limited, &e), e);
    ck_assert(limited.theta[1] > clipped.theta[1] + 0.05); /* taking limits for values flattens the law */
    test_assert_abs(limited.theta[1], 0.7, 0.12);
    ck_assert_uint_eq(limited.n_bounded, 8);
    fit_line_clear(&clipped), fit_line_clear(&limited);
}
END_TEST

START_TEST(floors_hold_the_mean) {
    fit_line_problem a = data(5, 0.02);
    double floor[N];
    for (int i = 0; i < N; i++) {
        floor[i] = 10.0;
        if (z[i] < 10) terms[i].lo = terms[i].hi = z[i] = 10 + 0.01 * (i % 2 ? 1 : -1);
    }
    a.floor = floor;
    fit_line l;
    ropelaw_error e = {0};
    test_assert_ok(fit_line_fit(&a, &l, &e), e);
    test_assert_abs(l.theta[1], 0.7, 0.05);
    ck_assert(l.n_bounded < N);
    fit_line_clear(&l);
}
END_TEST

START_TEST(exact_data_and_equal_bases) {
    fit_line_problem a = data(6, 0);
    fit_line l;
    ropelaw_error e = {0};
    test_assert_ok(fit_line_fit(&a, &l, &e), e);
    test_assert_abs(l.theta[1], 0.7, 1e-6);
    ck_assert(l.tau_at_floor);
    fit_line_clear(&l);
    for (int i = 0; i < N; i++) x[2 * i + 1] = 12;
    test_assert_fails(fit_line_fit(&a, &l, &e), ROPELAW_SINGULAR, e, "base");
}
END_TEST

START_TEST(memory_runs_out_anywhere) {
    fit_line_problem a = data(7, 0.1);
    fit_line l;
    ropelaw_error e = {0};
    for (long k = 1; k < 40; k++) {
        core_fail_allocations_from(k);
        ropelaw_status s = fit_line_fit(&a, &l, &e);
        core_fail_allocations_from(0);
        if (s == ROPELAW_OK) {
            fit_line_clear(&l);
            return;
        }
        ck_assert_int_eq(s, ROPELAW_NOMEM);
    }
    ck_abort_msg("needs more than 40 allocations");
}
END_TEST

int main(void) {
    Suite *s = suite_create("law_line");
    const TTest *const tests[] = {
        complete_data_is_least_squares, the_test_is_the_f_test,    a_common_shift_is_a_ridge_on_the_intercept,
        every_group_has_its_shift,      limits_pull_the_right_way, floors_hold_the_mean,
        exact_data_and_equal_bases,     memory_runs_out_anywhere,  NULL};
    test_add(s, "law_line", tests);
    return test_run(s);
}
