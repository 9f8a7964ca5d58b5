/* The committed curves through the library's law fit (slow: joint likelihoods of all runs). */
#include "test.h"
#include <ropelaw/law_fit.h>
#include <ropelaw/series.h>
#include <glob.h>
#include <stdio.h>

static void load(ropelaw_series *all) {
    glob_t found;
    ck_assert(!glob("data/curves/lm/t*.csv", 0, NULL, &found));
    for (size_t i = 0; i < found.gl_pathc; i++) {
        ropelaw_series s;
        ropelaw_error error = {0};
        test_assert_ok(ropelaw_series_read(found.gl_pathv[i], &s, &error), error);
        test_assert_ok(ropelaw_series_merge(all, &s, &error), error);
    }
    globfree(&found);
}

/* The library's own law fit reads the curves: every model's effective dimension has an interval, and the pooled ratio of
   effective to critical dimension is finite and bounded. */
START_TEST(the_law_can_be_fitted) {
    ropelaw_series all = {0};
    load(&all);
    ropelaw_law *law = NULL;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_law_fit(&all, NULL, &law, &error), error);
    ck_assert_uint_ge(law->n_models, 9);
    for (size_t m = 0; m < law->n_models; m++) {
        const ropelaw_law_model *model = &law->models[m];
        ck_assert_msg(!model->reason, "%s: %s", model->name, model->reason);
        const ropelaw_range *d = &model->free.effective_dim;
        printf("# %s: effective dimension %.2f [%.2f, %.2f], critical %g\n", model->name, d->est, d->lo,
               d->hi, model->critical_dim);
        ck_assert(d->lo < d->est && d->est < d->hi);
    }
    printf("# ratio to the critical dimension, one for all: %.3f [%.3f, %.3f]; random: %.3f [%.3f, %.3f]\n",
           law->pool.rho.est, law->pool.rho.lo, law->pool.rho.hi, law->pool.random_mean.est,
           law->pool.random_mean.lo, law->pool.random_mean.hi);
    ck_assert(law->pool.n_models >= 9 && law->pool.rho.lo > 0.65 && law->pool.rho.hi < 1.5);
    ropelaw_law_destroy(&law);
    ropelaw_series_clear(&all);
}
END_TEST

int main(void) {
    setenv("CK_DEFAULT_TIMEOUT", "100", 0);
    Suite *s = suite_create("curves_law");
    const TTest *const tests[] = {the_law_can_be_fitted, NULL};
    test_add(s, "curves_law", tests);
    return test_run(s);
}
