/* Size and power of the test of an exact law, on curves. */
#include "test.h"
#include "law_cases.h"
#include <stdio.h>

enum { CURVES = 100 };

/* Share of simulated models whose exactness is rejected at 5 %. */
static double rejected(double tau, double sd) {
    size_t count = 0;
    for (uint64_t seed = 0; seed < CURVES; seed++) {
        static law_simulated s;
        law_case c = {.72, tau, .1, sd, 1 << 20, 500 + seed, "m", 1e4};
        ropelaw_law *law = NULL;
        ropelaw_error error = {0};
        law_simulate(&c, &s, 10);
        ropelaw_series series = {.n_runs = 10, .runs = s.runs};
        test_assert_ok(ropelaw_law_fit(&series, NULL, &law, &error), error);
        count += law->models[0].p_exact <= .05;
        ropelaw_law_destroy(&law);
    }
    printf("# tau %g, noise %g: %g rejected\n", tau, sd, (double)count / CURVES);
    return (double)count / CURVES;
}

/* The noise is estimated and enters as known: not above .05 by more than three errors of the simulation. */
START_TEST(size_and_power) {
    double se = sqrt(.05 * .95 / CURVES);
    ck_assert(rejected(0, .02) <= .05 + 3 * se);
    ck_assert(rejected(0, .1) <= .05 + 3 * se);
    ck_assert(rejected(.1, .02) >= .95);
}
END_TEST

int main(void) {
    Suite *s = suite_create("law scatter, simulated");
    const TTest *const tests[] = {size_and_power, NULL};
    test_add(s, "law scatter, simulated", tests);
    return test_run(s);
}
