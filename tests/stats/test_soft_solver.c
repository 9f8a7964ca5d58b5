#include "test.h"
#include "gsl_handler.h"
#include "num/quantile.h"
#include "stats/soft_solver.h"
#include <ropelaw/curve.h>
#include <ropelaw/random.h>
#include <string.h>

enum { N = 12 };

typedef struct {
    double x[N], y[N];
    stats_data data;
    stats_soft_solver *solver;
    stats_soft fit;
} setup;

/* eleven octaves, as the simulations of the specification */
static const double truth[SOFT_P] = {1.9, -.05, .6931471805599453, 9.63,
                                     -1.2039728043259361}; /* d 2, w 0.3 */

static void make(setup *s, double sigma, uint64_t seed) {
    ropelaw_random random;
    ropelaw_random_init(&random, 4, seed);
    for (size_t i = 0; i < N; i++) {
        s->x[i] = log(256) + (double)i * log(2);
        s->y[i] = stats_soft_eval(truth, s->x[i], NULL) + sigma * ropelaw_random_normal(&random);
    }
    s->data = (stats_data){.n = N, .x = s->x, .y = s->y};
    ropelaw_error error = {0};
    test_assert_ok(stats_soft_solver_create(&s->data, &s->solver, &error), error);
    ck_assert_int_eq(stats_soft_solver_fit(s->solver, s->y, &s->fit), ROPELAW_OK);
}

START_TEST(fit_is_that_of_the_registry) {
    gsl_handler_install();
    for (uint64_t seed = 0; seed < 20; seed++) {
        setup s;
        make(&s, seed % 2 ? .1 : .02, seed);
        ropelaw_points points = {N, s.x, s.y, NULL};
        ropelaw_family_fit other;
        ropelaw_error error = {0};
        test_assert_ok(ropelaw_family_fit_eval(ropelaw_family_find("SOFT"), &points, &other, NULL, &error),
                       error);
        test_assert_rel(s.fit.rss, other.rss, 1e-7);
        ck_assert(s.fit.converged);
        stats_soft_solver_destroy(s.solver);
    }
    gsl_handler_check();
}
END_TEST

/* A profile is a lower envelope: at the fit's own value it is the fit, elsewhere not below, and no constrained point
   found by other means is lower. */
START_TEST(profiles_are_lower_envelopes) {
    gsl_handler_install();
    setup s;
    make(&s, .05, 3);
    stats_onset onset = {.reference = STATS_REF_LINE, .excess = log(1.5), .first = s.x[0]};
    const stats_target targets[] = {
        {STATS_HOLD_ONSET, &onset},
        {STATS_HOLD_PSI,   NULL  },
        {STATS_HOLD_LN_W,  NULL  },
        {STATS_HOLD_S1,    NULL  },
        {STATS_HOLD_S2,    NULL  }
    };
    for (size_t k = 0; k < 5; k++) {
        double theta[SOFT_P], own = stats_target_value(&targets[k], s.fit.theta, NULL);
        memcpy(theta, s.fit.theta, sizeof theta);
        test_assert_rel(stats_soft_solver_profile(s.solver, &targets[k], own, theta), s.fit.rss, 1e-8);
        for (int d = -3; d <= 3; d++) {
            memcpy(theta, s.fit.theta, sizeof theta);
            double value = own + .02 * d,
                   rss = stats_soft_solver_profile(s.solver, &targets[k], value, theta), sum = 0;
            ck_assert(rss >= s.fit.rss * (1 - 1e-7));
            test_assert_abs(stats_target_value(&targets[k], theta, NULL), value, 1e-9);
            for (size_t i = 0; i < N; i++) sum += pow(s.y[i] - stats_soft_eval(theta, s.x[i], NULL), 2);
            test_assert_rel(rss, sum, 1e-9);
        }
    }
    stats_soft_solver_destroy(s.solver);
    gsl_handler_check();
}
END_TEST

START_TEST(interval_ends_lie_on_the_cut) {
    gsl_handler_install();
    setup s;
    make(&s, .05, 5);
    double rise = num_f_quantile(.95, 1, N - SOFT_P) / (N - SOFT_P) * s.fit.rss;
    const double limits[] = {s.x[0] - 2, s.x[N - 1] + 4};
    for (int r = 0; r < 4; r++) {
        stats_onset onset = {.reference = (stats_reference)r, .excess = log(1.5), .first = s.x[0]};
        onset.value = r == STATS_REF_AT ? s.x[4] : 1.9;
        stats_target target = {STATS_HOLD_ONSET, &onset};
        stats_profile_interval k;
        stats_soft_solver_interval(s.solver, &s.fit, &target, limits, rise, &k);
        double own = stats_target_value(&target, s.fit.theta, NULL);
        ck_assert(k.lo < own && own < k.hi && !k.lower_fit);
        for (int end = 0; end < 2; end++) {
            double theta[SOFT_P];
            memcpy(theta, s.fit.theta, sizeof theta);
            double rss = stats_soft_solver_profile(s.solver, &target, end ? k.hi : k.lo, theta);
            test_assert_rel(rss, s.fit.rss + rise, 1e-3);
        }
        double se = stats_soft_se(&s.data, &s.fit, &target); /* same order as the interval */
        ck_assert(se > (k.hi - k.lo) / 10 && se < k.hi - k.lo);
    }
    stats_soft_solver_destroy(s.solver);
    gsl_handler_check();
}
END_TEST

START_TEST(no_memory_is_an_answer) {
    setup s = {.solver = NULL};
    for (size_t i = 0; i < N; i++) s.x[i] = s.y[i] = (double)i;
    s.data = (stats_data){.n = N, .x = s.x, .y = s.y};
    for (long n = 1; n < 20; n++) {
        ropelaw_error error = {0};
        core_fail_allocations_from(n);
        test_assert_fails(stats_soft_solver_create(&s.data, &s.solver, &error), ROPELAW_NOMEM, error, "");
        core_fail_allocations_from(0);
    }
    make(&s, .05, 1);
    stats_soft fit;
    stats_soft_solver_destroy(s.solver);
    ropelaw_error error = {0};
    test_assert_ok(stats_soft_solver_create(&s.data, &s.solver, &error), error);
    core_fail_allocations_from(1);
    ck_assert_int_eq(stats_soft_solver_fit(s.solver, s.y, &fit), ROPELAW_NOMEM);
    core_fail_allocations_from(0);
    stats_soft_solver_destroy(s.solver);
}
END_TEST

int main(void) {
    Suite *s = suite_create("soft solver");
    const TTest *const tests[] = {fit_is_that_of_the_registry, profiles_are_lower_envelopes,
                                  interval_ends_lie_on_the_cut, no_memory_is_an_answer, NULL};
    test_add(s, "soft solver", tests);
    return test_run(s);
}
