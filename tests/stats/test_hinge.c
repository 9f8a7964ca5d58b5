#include "test.h"
#include "stats/hinge.h"
#include "num/lsq.h"
#include <ropelaw/random.h>
#include <string.h>
#include "../golden/segmented.inc"

enum { MOST = 64 };

static stats_hinge solve(size_t n, const double *x, const double *y, const double *w, bool plateau) {
    stats_hinge_plan *plan = NULL;
    ropelaw_error error = {0};
    test_assert_ok(stats_hinge_create(&(stats_data){.n = n, .x = x, .weight = w}, plateau, &plan, &error),
                   error);
    double scratch[4 * MOST];
    ck_assert_uint_le(stats_hinge_scratch(plan), sizeof scratch / sizeof *scratch);
    stats_hinge h;
    stats_hinge_solve(plan, y, scratch, &h);
    test_assert_rel(stats_hinge_break(plan, y, scratch), h.psi, 1e-13);
    stats_hinge_destroy(plan);
    return h;
}

START_TEST(published_curves) {
    for (size_t i = 0; i < sizeof hinge_exact / sizeof *hinge_exact; i++) {
        double x[MOST], y[MOST];
        for (size_t k = 0; k < hinge_exact[i].n; k++) {
            x[k] = hinge_exact[i].data[k][0];
            y[k] = hinge_exact[i].data[k][1];
        }
        stats_hinge h = solve(hinge_exact[i].n, x, y, NULL, false);
        test_assert_rel(h.psi, hinge_exact[i].psi, 1e-10);
        test_assert_rel(h.rss, hinge_exact[i].rss, 1e-10);
        test_assert_rel(h.slope_left, hinge_exact[i].s1, 1e-10);
        test_assert_rel(h.slope_right, hinge_exact[i].s2, 1e-10);
        test_assert_rel(h.alpha - h.slope_left * h.psi, hinge_exact[i].a, 1e-10);
        ck_assert_int_eq(h.at_knot, hinge_exact[i].at_knot);
    }
}
END_TEST

/* RSS of the linear model with the break at psi, by LAPACK. */
static double rss_at(size_t n, const double *x, const double *y, const double *w, bool plateau, double psi) {
    double a[3 * MOST], b[MOST], theta[3];
    for (size_t i = 0; i < n; i++) {
        double root = sqrt(w[i]);
        a[i] = root;
        a[n + i] = root * fmax(x[i] - psi, 0);
        a[2 * n + i] = root * (x[i] - psi);
        b[i] = root * y[i];
    }
    num_lsq_report report;
    ropelaw_error error = {0};
    test_assert_ok(num_lsq(n, plateau ? 2 : 3, a, b, theta, &report, &error), error);
    return report.rss;
}

/* No break on a fine grid is better than the answer, and the answer is attained at its break. */
START_TEST(no_other_break_is_better) {
    for (uint64_t seed = 0; seed < 60; seed++) {
        ropelaw_random random;
        ropelaw_random_init(&random, 11, seed);
        size_t n = 5 + seed % 12;
        bool plateau = seed % 3 == 2;
        double x[MOST], y[MOST], w[MOST], at = 0;
        for (size_t i = 0; i < n; i++) {
            if (!i || seed % 4 || i % 3)
                at += 0.2 + ropelaw_random_uniform(&random); /* ties in every fourth */
            x[i] = 1000 + at;
            w[i] = seed % 2 ? 1 : 0.2 + ropelaw_random_uniform(&random);
            y[i] = fmax(0, at - 3) + (seed % 5) * 0.3 * ropelaw_random_normal(&random);
        }
        size_t distinct = 1;
        for (size_t i = 1; i < n; i++) distinct += x[i] != x[i - 1];
        if (distinct < 4) continue;
        stats_hinge h = solve(n, x, y, w, plateau);
        double x2 = 0, xm = 0;
        for (size_t i = 1, d = 1; i < n; i++) {
            if (x[i] == x[i - 1]) continue;
            d++;
            if (d == 2) x2 = x[i];
            if (d == distinct - 1) xm = x[i];
        }
        ck_assert(h.psi >= x2 && h.psi <= xm);
        double floor = 1e-24;
        ck_assert_msg(fabs(rss_at(n, x, y, w, plateau, h.psi) - h.rss) <= 1e-9 * h.rss + floor, "seed %d",
                      (int)seed);
        for (int k = 0; k <= 2000; k++)
            ck_assert_msg(rss_at(n, x, y, w, plateau, x2 + (xm - x2) * k / 2000) >=
                              h.rss * (1 - 1e-9) - floor,
                          "seed %d psi %g of %d", (int)seed, h.psi, k);
    }
}
END_TEST

START_TEST(weights_are_repetitions) {
    double x[MOST], y[MOST], w[MOST], xx[MOST], yy[MOST];
    size_t n = 12, m = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = synth12[i][0];
        y[i] = synth12[i][1];
        w[i] = (double)(1 + i % 3);
        for (size_t k = 0; k < 1 + i % 3; k++) {
            xx[m] = x[i];
            yy[m++] = y[i];
        }
    }
    stats_hinge a = solve(n, x, y, w, false), b = solve(m, xx, yy, NULL, false);
    test_assert_rel(a.psi, b.psi, 1e-13);
    test_assert_rel(a.rss, b.rss, 1e-12);
}
END_TEST

START_TEST(exact_hinge_is_found_exactly) {
    double x[10], y[10];
    for (int i = 0; i < 10; i++) {
        x[i] = i;
        y[i] = 2 + 0.25 * i + 3 * fmax(i - 4.3, 0);
    }
    stats_hinge h = solve(10, x, y, NULL, false);
    test_assert_rel(h.psi, 4.3, 1e-14);
    test_assert_rel(h.slope_right, 3.25, 1e-13);
    ck_assert(h.rss < 1e-26);
}
END_TEST

START_TEST(refusals) {
    const double x[] = {1, 1, 2, 2, 3, 3};
    stats_hinge_plan *plan = NULL;
    ropelaw_error error = {0};
    test_assert_fails(stats_hinge_create(&(stats_data){.n = 6, .x = x}, false, &plan, &error), ROPELAW_SHAPE,
                      error, "eval_len_tok");
    test_assert_fails(stats_hinge_create(&(stats_data){.n = 0, .x = x}, false, &plan, &error), ROPELAW_SHAPE,
                      error, "eval_len_tok");
    const double y[] = {1, 2, 3, 4, 5, 6};
    for (long n = 1; n <= 11; n++) {
        core_fail_allocations_from(n);
        test_assert_fails(stats_hinge_create(&(stats_data){.n = 6, .x = y}, false, &plan, &error),
                          ROPELAW_NOMEM, error, "");
    }
    core_fail_allocations_from(0);
    ck_assert_ptr_null(plan);
}
END_TEST

int main(void) {
    Suite *s = suite_create("hinge");
    const TTest *const tests[] = {published_curves,
                                  no_other_break_is_better,
                                  weights_are_repetitions,
                                  exact_hinge_is_found_exactly,
                                  refusals,
                                  NULL};
    test_add(s, "hinge", tests);
    return test_run(s);
}
