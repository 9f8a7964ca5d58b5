/* The committed curves through the library's law fit (slow: joint likelihoods of all runs). */
#include "curves.h"
#include "says.h"
#include "test.h"
#include <ropelaw/law_fit.h>
#include <string.h>

static const char *const guide = "docs/experiment.md", *const readme = "README.md";

/* The library's own law fit reads the curves: every model's effective dimension has an interval. Those that leave out the
   law's critical dimension lie above it, and none of t64-b10000 or t256-b500 do. The ratio of effective to critical
   dimension over all models is above 1, with one ratio for all and with ratios drawn from a population. */
START_TEST(the_slope_is_above_the_law) {
    ropelaw_law *law = NULL;
    ropelaw_error error = {0};
    size_t above = 0;
    test_assert_ok(ropelaw_law_fit(&all_curves, NULL, &law, &error), error);
    ck_assert_uint_eq(law->n_models, n_models);
    for (size_t m = 0; m < law->n_models; m++) {
        const ropelaw_law_model *model = &law->models[m];
        ck_assert_msg(!model->reason, "%s: %s", model->name, model->reason);
        const ropelaw_range *d = &model->free.effective_dim;
        printf("# %s: effective dimension %.2f [%.2f, %.2f], critical %g\n", model->name, d->est, d->lo,
               d->hi, model->critical_dim);
        ck_assert(d->lo < d->est && d->est < d->hi && d->hi > model->critical_dim);
        if (d->lo <= model->critical_dim) continue;
        ck_assert_msg(strncmp(model->name, "t64-b10000", 10) && strncmp(model->name, "t256", 4), "%s",
                      model->name);
        above++;
    }
    const ropelaw_law_pool *pool = &law->pool;
    ck_assert_uint_eq(pool->n_models, n_models);
    ck_assert_msg(pool->rho.lo > 1 && pool->rho.hi < 1.35, "[%g, %g]", pool->rho.lo, pool->rho.hi);
    ck_assert_msg(pool->random_mean.lo > 1 && pool->random_mean.hi < 1.35, "[%g, %g]", pool->random_mean.lo,
                  pool->random_mean.hi);
    test_says(guide, "%.2f [%.2f, %.2f] with one ratio for all models", pool->rho.est, pool->rho.lo,
              pool->rho.hi);
    test_says(guide, "%.2f [%.2f, %.2f] with models drawn from a population", pool->random_mean.est,
              pool->random_mean.lo, pool->random_mean.hi);
    test_says(guide, "the intervals of %zu of the %zu models leave out critical_dim, all above it", above,
              n_models);
    test_says(readme, "its slope (effective over critical dimension %.2f [%.2f, %.2f])",
              pool->random_mean.est, pool->random_mean.lo, pool->random_mean.hi);
    ropelaw_law_destroy(&law);
}
END_TEST

int main(void) {
    setenv("CK_DEFAULT_TIMEOUT", "100", 0);
    Suite *s = suite_create("curves_law");
    const TTest *const tests[] = {the_slope_is_above_the_law, NULL};
    test_add_after(s, "curves_law", tests, load_curves);
    return test_run(s);
}
