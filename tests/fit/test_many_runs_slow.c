/* Ten thousand runs of one model: linear in time, the same bytes for any number of threads. */
#include "many_runs.h"

enum { MANY = 10000 };

START_TEST(law_of_ten_thousand_runs) {
    double few, many, spread;
    ropelaw_law *small = many_law(500, 1, &few), *one = many_law(MANY, 1, &many),
                *four = many_law(MANY, 4, &spread);
    ck_assert_msg(many < 3 * few, "%g s a run among %d, %g among 500", many, MANY, few);
    const ropelaw_law_model *m = &one->models[0];
    ck_assert(m->n_runs == MANY && !m->reason);
    test_assert_abs(m->free.effective_dim.est, 92, 1);
    ck_assert(m->free.effective_dim.hi - m->free.effective_dim.lo < 1);
    const ropelaw_law_model *n = &four->models[0];
    ck_assert(!memcmp(&m->free.intercept, &n->free.intercept, 4 * sizeof(double)));
    ck_assert(!memcmp(&m->free.effective_dim, &n->free.effective_dim, sizeof m->free.effective_dim));
    ck_assert(!memcmp(m->weights, n->weights, m->n_weights * sizeof *m->weights));
    for (size_t i = 0; i < MANY; i++)
        ck_assert(!memcmp(&one->runs[i].break_tok.est, &four->runs[i].break_tok.est, sizeof(double)));
    ropelaw_law_destroy(&small);
    ropelaw_law_destroy(&one);
    ropelaw_law_destroy(&four);
}
END_TEST

START_TEST(curves_of_ten_thousand_runs) {
    ropelaw_run_fit *fits = calloc(MANY, sizeof *fits);
    ck_assert(fits != NULL);
    double few = many_curves(500, fits), many = many_curves(MANY, fits);
    ck_assert_msg(many < 2 * few, "%g s a run among %d, %g among 500", many, MANY, few);
    free(fits);
}
END_TEST

int main(void) {
    Suite *s = suite_create("ten thousand runs");
    const TTest *const tests[] = {law_of_ten_thousand_runs, curves_of_ten_thousand_runs, NULL};
    test_add(s, "ten thousand runs", tests);
    return test_run(s);
}
