#include "test.h"
#include "stats/exact.h"
#include <ropelaw/random.h>
#include "../golden/segmented.inc"

enum { MOST = 64 };

static stats_exact *load(const double (*rows)[2], size_t n, bool plateau, size_t draws) {
    double x[MOST], y[MOST];
    for (size_t i = 0; i < n; i++) {
        x[i] = rows[i][0];
        y[i] = rows[i][1];
    }
    stats_data data = {.n = n, .x = x, .y = y};
    stats_exact *e = NULL;
    ropelaw_error error = {0};
    test_assert_ok(stats_exact_create(&data, &(stats_exact_model){plateau, 0}, draws, 1, &e, &error), error);
    return e;
}

#define LOAD(set, plateau, draws) load(set, sizeof set / sizeof *set, plateau, draws)

/* lm.br 2.9.8 prints its own exact-type intervals; it uses an up-crossing formula and is slightly wide. Tolerance:
   4 % of the length, which also holds the simulation error of 999 draws. */
START_TEST(intervals_beside_lm_br) {
    const struct {
        stats_exact *e;
        double lo, hi;
    } golden[] = {
        {LOAD(stagnant,  false, 999),  -.029375, .0885937},
        {LOAD(plant_RKV, false, 999),  362.125,  401.25  },
        {LOAD(plant_RKW, false, 999),  439.062,  498.375 },
        {LOAD(plant_RWC, false, 999),  315.5,    348.062 },
        {LOAD(synth12,   false, 999),  3.73828,  3.97109 },
        {LOAD(synth12,   true,  4999), 3.78906,  3.96328 }
    };
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        stats_exact_interval k;
        stats_exact_interval_find(golden[i].e, .95, &k);
        double length = golden[i].hi - golden[i].lo;
        test_assert_abs(k.lo, golden[i].lo, .04 * length);
        test_assert_abs(k.hi, golden[i].hi, .04 * length);
        ck_assert(k.connected && !k.at_edge);
        stats_exact_destroy(golden[i].e);
    }
}
END_TEST

START_TEST(no_break_no_bounds) {
    stats_exact *e = LOAD(synth12weak, false, 999);
    stats_exact_interval k;
    stats_exact_interval_find(e, .95, &k);
    ck_assert(k.lo == -INFINITY && k.hi == INFINITY && k.at_edge);
    /* outside the data every break is the same line; lm.br prints .1807, exact is .1697 */
    test_assert_abs(stats_exact_p(e, -1), .1697, 3 * sqrt(.17 * .83 / 999));
    ck_assert_double_eq(stats_exact_p(e, -1), stats_exact_p(e, 99));
    stats_exact_destroy(e);
}
END_TEST

/* The interval decides by fewer draws than a p value takes, and decides alike: p crosses 1 - level at both ends. */
START_TEST(ends_are_where_p_crosses) {
    stats_exact *curves[] = {LOAD(plant_RKV, false, 199), LOAD(stagnant, false, 199)};
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        for (double level = .8; level < .99; level += .1) {
            stats_exact_interval k;
            stats_exact_interval_find(curves[i], level, &k);
            double step = 2e-5 * (k.hi - k.lo);
            ck_assert(k.hi > k.lo && !k.at_edge);
            ck_assert(stats_exact_p(curves[i], k.lo - step) <= 1 - level + 1e-9);
            ck_assert(stats_exact_p(curves[i], k.lo + step) > 1 - level - 1e-9);
            ck_assert(stats_exact_p(curves[i], k.hi - step) > 1 - level - 1e-9);
            ck_assert(stats_exact_p(curves[i], k.hi + step) <= 1 - level + 1e-9);
        }
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) stats_exact_destroy(curves[i]);
}
END_TEST

/* The p value of the true break is uniform: count those at or below 5 % among simulated curves. */
static double rejected(size_t n, double psi, double slope, double sigma, bool known, bool plateau) {
    enum { CURVES = 600 };
    size_t count = 0;
    for (uint64_t s = 0; s < CURVES; s++) {
        double x[MOST], y[MOST];
        ropelaw_random random;
        ropelaw_random_init(&random, 77, s);
        for (size_t i = 0; i < n; i++) {
            x[i] = (double)i;
            y[i] = (plateau ? 0 : -.05 * x[i]) + slope * fmax(x[i] - psi, 0) +
                   sigma * ropelaw_random_normal(&random);
        }
        stats_data data = {.n = n, .x = x, .y = y, .sigma = known ? sigma : 0};
        stats_exact *e = NULL;
        ropelaw_error error = {0};
        test_assert_ok(stats_exact_create(&data, &(stats_exact_model){plateau, 0}, 99, 1000 + s, &e, &error),
                       error);
        count += stats_exact_p(e, psi) <= .05 + 1e-12;
        stats_exact_destroy(e);
    }
    return (double)count / CURVES;
}

START_TEST(size_is_exact) {
    double tolerance = 3.5 * sqrt(.05 * .95 / 600);
    test_assert_abs(rejected(6, 2.4, 1, .1, false, false), .05, tolerance);
    test_assert_abs(rejected(12, 5.3, 2, .1, false, false), .05, tolerance);
    test_assert_abs(rejected(12, 9.4, .4, .1, false, false), .05, tolerance);
    test_assert_abs(rejected(4, 1.5, 1, .1, true, true), .05, tolerance); /* four points, sigma known */
    test_assert_abs(rejected(8, 3.5, .3, .1, true, false), .05, tolerance);
}
END_TEST

/* The same given the width of a soft bend; with a width that is far from the curve's the p value need not be. */
START_TEST(size_is_exact_given_the_width) {
    enum { CURVES = 600, POINTS = 12 };
    size_t count = 0;
    double w = .8, psi = 5.3;
    for (uint64_t k = 0; k < CURVES; k++) {
        double x[POINTS], y[POINTS];
        ropelaw_random random;
        ropelaw_random_init(&random, 78, k);
        for (size_t i = 0; i < POINTS; i++) {
            x[i] = (double)i;
            y[i] = -.05 * x[i] + w * log1p(exp((x[i] - psi) / w)) + .1 * ropelaw_random_normal(&random);
        }
        stats_data data = {.n = POINTS, .x = x, .y = y};
        stats_exact *e = NULL;
        ropelaw_error error = {0};
        stats_exact_model model = {false, w};
        test_assert_ok(stats_exact_create(&data, &model, 99, 2000 + k, &e, &error), error);
        count += stats_exact_p(e, psi) <= .05 + 1e-12;
        test_assert_abs(stats_exact_estimate(e), psi, 1.5);
        stats_exact_destroy(e);
    }
    test_assert_abs((double)count / CURVES, .05, 3.5 * sqrt(.05 * .95 / CURVES));
}
END_TEST

START_TEST(stored_draws_are_the_streams) {
    enum { N = 6000 };
    static double x[N], y[N];
    for (int i = 0; i < N; i++) {
        x[i] = i;
        y[i] = fmax(0, i - 3000) * 1e-3 + sin(13.0 * i);
    }
    stats_data data = {.n = N, .x = x, .y = y};
    stats_exact *stored = NULL, *drawn = NULL;
    ropelaw_error error = {0};
    test_assert_ok(stats_exact_create(&data, &(stats_exact_model){false, 0}, 19, 3, &stored, &error), error);
    test_assert_ok(stats_exact_create(&data, &(stats_exact_model){false, 0}, 999, 3, &drawn, &error),
                   error); /* beyond the store */
    ck_assert(stats_exact_p(stored, 3000) > .05 && stats_exact_p(drawn, 3000) > .05);
    ck_assert(stats_exact_p(stored, 1500) <= .05 && stats_exact_p(drawn, 1500) <= .002);
    stats_exact_destroy(stored);
    stats_exact_destroy(drawn);
}
END_TEST

START_TEST(no_memory_is_an_answer) {
    double x[6] = {1, 2, 3, 4, 5, 6}, y[6] = {1, 1, 1, 2, 3, 4};
    stats_data data = {.n = 6, .x = x, .y = y};
    for (long n = 1; n <= 14; n++) {
        stats_exact *e = NULL;
        ropelaw_error error = {0};
        core_fail_allocations_from(n);
        test_assert_fails(stats_exact_create(&data, &(stats_exact_model){false, 0}, 99, 1, &e, &error),
                          ROPELAW_NOMEM, error, "");
        core_fail_allocations_from(0);
        ck_assert_ptr_null(e);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("exact");
    const TTest *const tests[] = {intervals_beside_lm_br,
                                  no_break_no_bounds,
                                  ends_are_where_p_crosses,
                                  size_is_exact_given_the_width,
                                  size_is_exact,
                                  stored_draws_are_the_streams,
                                  no_memory_is_an_answer,
                                  NULL};
    test_add(s, "exact", tests);
    return test_run(s);
}
