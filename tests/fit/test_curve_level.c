#include "curve_runs.h"
#include "core/core.h"
#include <ropelaw/fit.h>
#include <ropelaw/random.h>
#include <string.h>

enum { N = 20 };

/* Half octaves from 1024: level to x = 8.5 steps, slope `rise` to `end`, then slope `late`. */
static void make(setup *s, double rise, double end, double late, uint64_t seed) {
    ropelaw_random random;
    ropelaw_random_init(&random, 61, seed);
    blank(s, ROPELAW_VALUE_LOSS);
    for (size_t i = 0; i < N; i++) {
        double x = (double)i, step = .5 * log(2);
        double y = rise * step * (fmax(x - 8.5, 0) - fmax(x - end, 0)) + late * step * fmax(x - end, 0);
        add(s, 1024 * exp2(x / 2), 2 + y + .02 * ropelaw_random_normal(&random));
    }
}

static const double truth = 1024 * 19.027313840043536; /* 2^4.25 */

static ropelaw_run_fit quick_fit(const setup *s) {
    ropelaw_fit_options o = draws(99, 99);
    o.n_eps = 1;
    o.eps[0] = .5;
    return fit_of(s, &o);
}

START_TEST(a_curve_that_levels_off_has_its_break) {
    setup s;
    make(&s, 4, 12.5, .2, 1);
    ropelaw_run_fit f = quick_fit(&s);
    ck_assert_uint_eq(f.n, N);
    ck_assert_uint_eq(f.n_levelled, 7); /* the points from the 13th step on */
    ck_assert(f.caveats & ROPELAW_CAVEAT_LEVELLED);
    ck_assert_int_eq(f.status, ROPELAW_FIT_ESTIMATED);
    test_assert_abs(log(f.break_tok.est / truth), 0, .06);
    double onset = truth * exp(log(1.5) / 4);
    test_assert_abs(log(f.onset[0].length_tok.est / onset), 0, .1);
    double m[N], r[N];
    ropelaw_residual_rows rows = {.x = m, .residual = r};
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_run_residuals(&s.run, &f, &rows, &error), error);
    for (size_t i = 0; i < N; i++) {
        test_assert_abs(m[i], log(s.points[i].eval_len_tok), 1e-14);
        ck_assert((i < N - 7) == isfinite(r[i])); /* no residual of a point that was left out */
        if (i < N - 7) ck_assert(fabs(r[i]) < .1);
    }
}
END_TEST

START_TEST(others_keep_their_points) {
    setup s;
    for (uint64_t seed = 0; seed < 20; seed++) {
        make(&s, 2, 99, 0, seed); /* rises to the end */
        ck_assert_uint_eq(quick_fit(&s).n_levelled, 0);
    }
    make(&s, -1, 12.5, -.1, 1); /* falls, then less: no rise */
    ck_assert_uint_eq(quick_fit(&s).n_levelled, 0);
    make(&s, .06, 12.5, 0, 1); /* rises by less than eps */
    ck_assert_uint_eq(quick_fit(&s).n_levelled, 0);
    make(&s, 4, 10.5, .2, 1); /* two lengths on the rise are too few to place it */
    ck_assert_uint_eq(quick_fit(&s).n_levelled, 0);
}
END_TEST

/* Coverage of the exact interval after the cut: the cut looks at far points only. */
START_TEST(coverage_after_the_cut) {
    enum { CURVES = 80 };
    size_t covered = 0, cut = 0;
    for (uint64_t k = 0; k < CURVES; k++) {
        setup s;
        make(&s, 4, 13.5, .5, 100 + k);
        ropelaw_run_fit f = quick_fit(&s);
        cut += f.n_levelled > 0;
        covered += f.break_tok.lo <= truth && truth <= f.break_tok.hi;
    }
    ck_assert_uint_eq(cut, CURVES);
    double rate = (double)covered / CURVES;
    ck_assert_msg(rate >= .95 - 3 * sqrt(.95 * .05 / CURVES), "%g", rate);
}
END_TEST

int main(void) {
    Suite *s = suite_create("curve level");
    const TTest *const tests[] = {a_curve_that_levels_off_has_its_break, others_keep_their_points,
                                  coverage_after_the_cut, NULL};
    test_add(s, "level", tests);
    return test_run(s);
}
