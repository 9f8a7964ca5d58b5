/* The simulation gates at reduced size; full size: simulate_law, docs/simulation-law.md. A reduced gate is the full one
   widened by three standard errors of its own replicates. */
#include "law_gates.h"
#include "phi_gates.h"
#include "test.h"

static void check_slope(slope_design design, size_t reps) {
    gate_options o = {7, reps, 1};
    slope_result r = gate_slope(&design, &o);
    double se = sqrt(.95 * .05 / (double)reps);
    ck_assert_uint_eq(r.failed, 0);
    test_assert_abs(r.bias, 0, 0.6 + 3 * r.sd / sqrt((double)reps));
    ck_assert_msg(r.covers >= .92 - 3 * se, "coverage %g", r.covers);
    ck_assert_msg(r.rejects_theory <= .08 + 3 * se, "size %g", r.rejects_theory);
}

START_TEST(slope_of_complete_runs) {
    check_slope((slope_design){.3, .1, 14, 1, 10}, 40);
}
END_TEST

START_TEST(slope_with_a_quarter_censored) {
    check_slope((slope_design){0, .02, 11.46, 1, 10}, 40);
}
END_TEST

START_TEST(slope_with_41_percent_censored) {
    check_slope((slope_design){.3, .02, 10.82, 1, 10}, 40);
}
END_TEST

START_TEST(prediction_and_inverse) {
    const bound_design designs[] = {
        {6,  0,  .1},
        {10, .3, .3},
        {16, .3, .1}
    };
    for (int k = 0; k < 3; k++) {
        gate_options o = {8, 400, 1};
        bound_result r = gate_bounds(&designs[k], &o);
        double se = sqrt(.9 * .1 / 400);
        ck_assert_msg(r.predicts >= .88 - 3 * se && r.predicts <= .95 + 3 * se, "prediction %g", r.predicts);
        ck_assert_msg(r.inverts >= .88 - 3 * se && r.inverts <= .95 + 3 * se, "inverse %g", r.inverts);
        ck_assert_msg(r.covers >= .90 - 3 * se, "slope %g", r.covers);
        test_assert_abs(r.bias, 0, 0.01);
    }
}
END_TEST

START_TEST(phi_with_models_as_units) {
    const phi_design designs[] = {
        {5,  4, .15, .05, 0},
        {12, 3, .2,  .1,  0},
        {5,  4, 0,   .05, 1}
    };
    for (int k = 0; k < 3; k++) {
        gate_options o = {11, 25, 1};
        phi_result r = gate_phi(&designs[k], &o);
        ck_assert_msg(r.covers >= .95 - 3 * sqrt(.95 * .05 / 25), "coverage %g", r.covers);
        test_assert_abs(r.bias, 0, .05 + 3 * r.sd / sqrt(25));
        ck_assert(r.length < 1.2); /* not by covering everything: 0 .. pi is 3.1 */
    }
}
END_TEST

START_TEST(threads_change_nothing) {
    slope_design d = {.3, .1, 11.46, 1, 10};
    gate_options one = {9, 6, 1}, three = {9, 6, 3};
    slope_result a = gate_slope(&d, &one), b = gate_slope(&d, &three);
    ck_assert(a.bias == b.bias && a.sd == b.sd && a.covers == b.covers && a.censored == b.censored);
}
END_TEST

int main(void) {
    Suite *s = suite_create("law_gates");
    const TTest *const tests[] = {slope_of_complete_runs,
                                  slope_with_a_quarter_censored,
                                  slope_with_41_percent_censored,
                                  prediction_and_inverse,
                                  phi_with_models_as_units,
                                  threads_change_nothing,
                                  NULL};
    test_add(s, "law_gates", tests);
    return test_run(s);
}
