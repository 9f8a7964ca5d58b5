/* The lower limit of an onset that is above the line before the break while nothing has risen: a falling curve that turns flat
   has it at a known length, and the one-sided limit stays below that as often as it says. */
#include "curve_runs.h"
#include "fit/curve_fit.h"
#include <stdio.h>

enum { CURVES = 400 };

static const struct {
    size_t n;
    double slope, width, sigma;
} cases[] = {
    {8,  .15, 0,  .01},
    {12, .1,  0,  .01},
    {12, .1,  0,  .03},
    {12, .12, .3, .01},
    {24, .1,  0,  .02}
};

START_TEST(limits_hold) {
    double slope = cases[_i].slope, w = cases[_i].width, psi = (double)cases[_i].n / 2 * log(2),
           c = log1p(.1);
    double truth = 1024 * exp(w > 0 ? psi + w * log(expm1(c / (slope * w))) : psi + c / slope);
    size_t right = 0, held = 0;
    for (uint64_t seed = 0; seed < CURVES; seed++) {
        setup s;
        ropelaw_random random;
        ropelaw_random_init(&random, 91, seed);
        blank(&s, ROPELAW_VALUE_LOSS);
        for (size_t i = 0; i < cases[_i].n; i++) {
            double x = (double)i * log(2), u = x - psi, bend = w > 0 ? w * log1p(exp(u / w)) : fmax(u, 0);
            add(&s, 1024 * exp2((double)i),
                3 + slope * (bend - x) + cases[_i].sigma * ropelaw_random_normal(&random));
        }
        fit_state state;
        ropelaw_run_fit f;
        ropelaw_error error = {0};
        test_assert_ok(fit_open(&state, &s.run, &ropelaw_fit_options_default, &f, &error), error);
        test_assert_ok(fit_estimates(&state, &error), error);
        fit_status(&state);
        test_assert_ok(fit_onsets(&state, &error), error);
        fit_close(&state);
        if (f.status != ROPELAW_FIT_RIGHT) continue;
        ck_assert(f.onset[0].length_tok.lo > 0 && f.onset[0].length_tok.lo <= f.len_max_tok);
        right++;
        held += f.onset[0].length_tok.lo <= truth;
    }
    double share = (double)held / (double)right;
    printf("# n %zu, width %g, noise %g: %zu curves, coverage %.3f\n", cases[_i].n, w, cases[_i].sigma, right,
           share);
    ck_assert(right > CURVES / 2 && share >= .95 - 3 * sqrt(.95 * .05 / (double)right));
}
END_TEST

int main(void) {
    Suite *s = suite_create("curve line, simulated");
    TCase *t = tcase_create("limits_hold");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, limits_hold, 0, (int)CORE_COUNT(cases));
    suite_add_tcase(s, t);
    return test_run(s);
}
