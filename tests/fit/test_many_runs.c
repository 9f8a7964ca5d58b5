/* What many runs share is made once, and the time of a law grows with their number and no faster; the law of many runs is the
   law they were made of. */
#include "many_runs.h"
#include "fit/curve_fit.h"
#include "stats/break_test.h"

/* What runs of the same lengths share is made once: 600 runs of two designs need two laws, 15 runs as many. */
START_TEST(curves) {
    ropelaw_run_fit *fits = calloc(600, sizeof *fits);
    ck_assert(fits != NULL);
    ropelaw_fit_options o = ropelaw_fit_options_default;
    ropelaw_error error = {0};
    o.n_draws = 19;
    for (size_t n = 15; n <= 600; n *= 40) {
        stats_null_laws *laws = stats_null_laws_create();
        ropelaw_series s = many_runs(n);
        test_assert_ok(fit_series(&s, &o, &laws, fits, &error), error);
        ck_assert_uint_eq(stats_null_laws_simulated(laws), 2);
        stats_null_laws_destroy(laws);
        many_clear(&s);
    }
    ropelaw_series s = many_runs(60);
    test_assert_ok(ropelaw_series_fit(&s, &o, fits, &error), error);
    for (size_t i = 0; i < 60; i += 7) { /* the same answers one by one */
        ropelaw_run_fit one;
        memset(&one, 0, sizeof one);
        test_assert_ok(ropelaw_run_fit_eval(&s.runs[i], &o, &one, &error), error);
        ck_assert(one.p_break == fits[i].p_break && one.sup_f == fits[i].sup_f &&
                  one.status == fits[i].status);
        ck_assert(!memcmp(&one.break_tok.est, &fits[i].break_tok.est, 3 * sizeof(double)));
    }
    many_clear(&s);
    free(fits);
}
END_TEST

START_TEST(law) {
    double few, many;
    ropelaw_law *small = many_law(40, 1, &few), *large = many_law(240, 1, &many);
    /* the number of iterations varies; quadratic growth would be a factor of 6 */
    ck_assert_msg(many < 3 * few, "%g s a run among 240, %g among 40", many, few);
    const ropelaw_law_line *l = &large->models[0].free;
    ck_assert(l->effective_dim.lo < 92 && 92 < l->effective_dim.hi &&
              l->effective_dim.hi - l->effective_dim.lo <
                  small->models[0].free.effective_dim.hi - small->models[0].free.effective_dim.lo);
    ropelaw_law_destroy(&small);
    ropelaw_law_destroy(&large);
}
END_TEST

int main(void) {
    Suite *s = suite_create("many runs");
    const TTest *const tests[] = {curves, law, NULL};
    test_add(s, "many runs", tests);
    return test_run(s);
}
