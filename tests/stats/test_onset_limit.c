#include "test.h"
#include "gsl_handler.h"
#include "core/core.h"
#include "stats/onset_limit.h"
#include <ropelaw/random.h>

enum { N = 12 };

typedef struct {
    double x[N], y[N];
    stats_data data;
    stats_soft_solver *solver;
    stats_soft fit;
} setup;

/* A falling line that turns flat at the sixth octave: an onset above the line though nothing rises. */
static void make(setup *s, double d, double sigma, uint64_t seed) {
    ropelaw_random random;
    ropelaw_random_init(&random, 21, seed);
    for (size_t i = 0; i < N; i++) {
        double t = (double)i * log(2);
        s->x[i] = log(1024) + t;
        s->y[i] = 3 - .1 * t + d * fmax(0, t - 6 * log(2)) + sigma * ropelaw_random_normal(&random);
    }
    s->data = (stats_data){.n = N, .x = s->x, .y = s->y};
    ropelaw_error error = {0};
    test_assert_ok(stats_soft_solver_create(&s->data, &s->solver, &error), error);
    ck_assert_int_eq(stats_soft_solver_fit(s->solver, s->y, &s->fit), ROPELAW_OK);
}

static double limit(setup *s, double excess, double cut) {
    stats_limit_question q = {&s->data, &s->fit, excess, cut};
    double lower = NAN;
    ck_assert_int_eq(stats_onset_limit(s->solver, &q, &lower), ROPELAW_OK);
    return lower;
}

/* At the limit the profile, another program's path to the same sum, stands at the cut, and above it to the left. */
START_TEST(limit_is_where_the_profile_meets_the_cut) {
    gsl_handler_install();
    for (uint64_t seed = 0; seed < 8; seed++) {
        setup s;
        make(&s, .1, .01, seed);
        double c = log(1.1), cut = s.fit.rss * 1.4, x = limit(&s, c, cut);
        stats_onset onset = {.reference = STATS_REF_LINE, .excess = c, .first = s.x[0]};
        stats_target target = {STATS_HOLD_ONSET, &onset};
        double own = stats_onset_find(&onset, s.fit.theta, NULL), theta[SOFT_P];
        ck_assert(x > s.x[1] && x < own);
        for (int k = 0; k < SOFT_P; k++) theta[k] = s.fit.theta[k];
        test_assert_rel(stats_soft_solver_profile(s.solver, &target, x, theta), cut, 1e-3);
        ck_assert(stats_soft_solver_profile(s.solver, &target, x - .05, theta) > cut ||
                  theta[SOFT_PSI] < s.x[1]);
        ck_assert(limit(&s, log(1.2), cut) > x && limit(&s, c, s.fit.rss * 1.2) > x);
        stats_soft_solver_destroy(s.solver);
    }
    gsl_handler_check();
}
END_TEST

/* Random curves with their onset at X, break at the second length or later: none left of the limit fits within the cut. */
START_TEST(no_curve_fits_left_of_it) {
    setup s;
    make(&s, .1, .02, 3);
    double c = log(1.1), cut = s.fit.rss * 1.5, x = limit(&s, c, cut);
    ropelaw_random random;
    ropelaw_random_init(&random, 5, 0);
    for (int k = 0; k < 20000; k++) {
        double at = s.x[1] + (x - .02 - s.x[1]) * ropelaw_random_uniform(&random);
        double psi = s.x[1] + (s.x[N - 1] - s.x[1]) * ropelaw_random_uniform(&random);
        double w = .02 * pow(75, ropelaw_random_uniform(&random));
        double height = c / stats_softplus((at - psi) / w), columns[2 * N], v[N], coefficients[2];
        if (!(height / w >= 1e-3 && height / w <= 50)) continue;
        for (size_t i = 0; i < N; i++) {
            columns[i] = 1;
            columns[N + i] = s.x[i] - psi;
            v[i] = s.y[i] - height * stats_softplus((s.x[i] - psi) / w);
        }
        double rss = stats_linear(&s.data, 2, columns, v, coefficients);
        ck_assert_msg(rss > cut, "onset at %g < %g, psi %g, w %g: %g <= %g", at, x, psi, w, rss, cut);
    }
    stats_soft_solver_destroy(s.solver);
}
END_TEST

START_TEST(ends_of_the_range) {
    setup s;
    make(&s, 0, 0, 0); /* a line: only beyond it */
    ck_assert(limit(&s, log(1.1), 1e-20) == s.x[N - 1]);
    ck_assert(limit(&s, log(1.1), 1e9) == s.x[1]); /* everything is allowed */
    stats_limit_question q = {&s.data, &s.fit, .1, 1e-20};
    double lower;
    for (long k = 1; k <= 2; k++) {
        core_fail_allocations_from(k);
        ropelaw_status status = stats_onset_limit(s.solver, &q, &lower);
        core_fail_allocations_from(0);
        ck_assert_int_eq(status, ROPELAW_NOMEM);
    }
    stats_soft_solver_destroy(s.solver);
}
END_TEST

int main(void) {
    Suite *s = suite_create("onset limit");
    const TTest *const tests[] = {limit_is_where_the_profile_meets_the_cut, no_curve_fits_left_of_it,
                                  ends_of_the_range, NULL};
    test_add(s, "onset limit", tests);
    return test_run(s);
}
