/* Tests: law_pool.c law_fit.c */
#include "law_cases.h"
#include "test.h"

static const law_case standard = {0.72, 0.05, 0.1, 0.02, 1 << 20, 11, "m", 1e4};

static ropelaw_law *fit_models(size_t n, double spread) {
    static law_simulated s[6];
    static ropelaw_run runs[60];
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    for (size_t j = 0; j < n; j++) {
        /* critical dimensions 72 (b0 1e4) and 50 (b0 5e5): the same ratio 1.25 of different slopes */
        law_case c = standard;
        c.seed = 100 + j, c.model = names[j], c.tau = 0.03;
        if (j % 2) c.pretrain_base = 5e5;
        c.slope = (1.25 + spread * ((double)j - (double)(n - 1) / 2)) * (j % 2 ? 50.0 : 72.0) / 128;
        law_simulate(&c, &s[j], 10);
        for (int i = 0; i < 10; i++) runs[j * 10 + (size_t)i] = s[j].runs[i];
    }
    ropelaw_series series = {.n_runs = 10 * n, .runs = runs};
    ropelaw_law *law;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_law_fit(&series, NULL, &law, &e), e);
    return law;
}

START_TEST(models_share_a_ratio_or_not) {
    ropelaw_law *law = fit_models(3, 0);
    ck_assert(law->n_models == 3 && law->models[1].critical_dim == 50);
    ck_assert(law->pool.n_models == 3 && law->pool.n_runs == 30);
    ck_assert(law->pool.rho.lo < 1.25 && law->pool.rho.hi > 1.25);
    ck_assert(law->pool.rho.hi - law->pool.rho.lo < 0.05);
    ck_assert(law->pool.one_ratio.df1 == 2 && law->pool.one_ratio.df2 == 24);
    ck_assert(law->pool.one_ratio.p > 0.01);
    ck_assert(isnan(law->pool.omega)); /* too few models */
    /* the runs were made with c = 1 for all */
    const ropelaw_law_pool *p = &law->pool;
    ck_assert(p->intercept_factor.lo < 1 && p->intercept_factor.hi > 1);
    ck_assert(p->one_c.df1 == 2 && p->one_c.df2 == 24 && p->one_c.p > 0.01);
    ck_assert(p->both_rho.lo < 1.25 && p->both_rho.hi > 1.25 && p->both_factor.lo < 1 &&
              p->both_factor.hi > 1);
    ck_assert(p->one_law.df1 == 4 && p->one_law.p > 0.01);
    /* fewer coefficients know more */
    ck_assert(p->both_rho.hi - p->both_rho.lo < p->rho.hi - p->rho.lo);
    ck_assert(p->both_factor.hi - p->both_factor.lo < p->intercept_factor.hi - p->intercept_factor.lo);
    ropelaw_law_destroy(&law);
    law = fit_models(3, 0.1);
    ck_assert(law->pool.one_ratio.p < 1e-4);
    ropelaw_law_destroy(&law);
    law = fit_models(6, 0.05); /* ratios 1.125 .. 1.375: standard deviation 0.094 */
    ck_assert(law->pool.random_mean.lo < 1.25 && law->pool.random_mean.hi > 1.25);
    test_assert_abs(law->pool.omega, 0.094, 0.03);
    ropelaw_law_destroy(&law);
}
END_TEST

/* Models whose intercepts differ by a factor of 1.3: one c is refused, one ratio is not. */
START_TEST(one_intercept_is_tested) {
    static law_simulated s[2];
    static ropelaw_run runs[20];
    static const char *const names[] = {"a", "b"};
    for (size_t j = 0; j < 2; j++) {
        law_case c = standard;
        c.seed = 70 + j, c.model = names[j], c.tau = 0.03;
        law_simulate(&c, &s[j], 10);
        for (int i = 0; i < 10; i++) {
            runs[j * 10 + (size_t)i] = s[j].runs[i];
            for (size_t k = 0; j == 1 && k < s[j].runs[i].n_points; k++)
                s[j].points[i][k].eval_len_tok *= 1.3;
        }
    }
    ropelaw_series series = {.n_runs = 20, .runs = runs};
    ropelaw_law *law;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_law_fit(&series, NULL, &law, &e), e);
    ck_assert(law->pool.one_ratio.p > 0.01);
    ck_assert(law->pool.one_law.p < 1e-4);
    /* an offset of 0.26 over all bases: slopes of their own make up for most of it, not for all */
    ck_assert(law->pool.one_c.p < 0.9 && law->pool.one_law.f > law->pool.one_c.f);
    ropelaw_law_destroy(&law);
}
END_TEST

/* A floor holds in the pool as well: runs below the critical base break at the tuned length and do not flatten it. */
START_TEST(the_floor_holds_in_the_pool) {
    static law_simulated s[2];
    static ropelaw_run runs[20];
    static const char *const names[] = {"a", "b"};
    for (size_t j = 0; j < 2; j++) {
        law_case c = standard;
        c.seed = 80 + j, c.model = names[j], c.tau = 0.03;
        law_simulate(&c, &s[j], 10);
        for (int i = 0; i < 10; i++) { /* tuned on 20000 tokens: where the law is lower, curves break there */
            ropelaw_run *run = &runs[j * 10 + (size_t)i];
            double psi = log(2 * M_PI) + c.slope * log(s[j].runs[i].base), shift = fmax(0, log(20000) - psi);
            *run = s[j].runs[i];
            run->tune_len_tok = 20000;
            for (size_t k = 0; k < run->n_points; k++) run->points[k].eval_len_tok *= exp(shift);
        }
    }
    ropelaw_series series = {.n_runs = 20, .runs = runs};
    ropelaw_law_options o = ropelaw_law_options_default;
    ropelaw_law *law;
    ropelaw_error e = {0};
    o.floor = ROPELAW_FLOOR_MODEL;
    test_assert_ok(ropelaw_law_fit(&series, &o, &law, &e), e);
    double truth = 0.72 * 128 / law->models[0].critical_dim;
    ck_assert(law->pool.rho.lo < truth && law->pool.rho.hi > truth);
    ck_assert(law->pool.both_rho.lo < truth && law->pool.both_rho.hi > truth);
    ropelaw_law_destroy(&law);
    o.floor = ROPELAW_FLOOR_IGNORE; /* what happens without it */
    test_assert_ok(ropelaw_law_fit(&series, &o, &law, &e), e);
    ck_assert(law->pool.rho.hi < truth);
    ropelaw_law_destroy(&law);
}
END_TEST

static void same(const ropelaw_law *a, const ropelaw_law *b) {
    ck_assert_uint_eq(a->n_models, b->n_models);
    for (size_t j = 0; j < a->n_models; j++) {
        ropelaw_law_model x = a->models[j], y = b->models[j];
        x.name = y.name = NULL;
        ck_assert(memcmp(&x, &y, sizeof x) == 0);
    }
    ck_assert(memcmp(a->runs, b->runs, a->n_runs * sizeof *a->runs) == 0);
    ck_assert(memcmp(&a->pool, &b->pool, sizeof a->pool) == 0);
}

/* Several models are spread over threads, and so are forty runs of one model (two blocks of its sums). */
START_TEST(threads_change_nothing) {
    static law_simulated s[4];
    static ropelaw_run runs[40];
    for (int several = 0; several < 2; several++) {
        static const char *const names[] = {"a", "b", "c", "d"};
        for (size_t j = 0; j < 4; j++) {
            law_case c = standard;
            c.seed = 40 + j, c.last = 1 << 17;
            if (several) c.model = names[j];
            law_simulate(&c, &s[j], 10);
            memcpy(runs + 10 * j, s[j].runs, 10 * sizeof *runs);
        }
        ropelaw_series series = {.n_runs = 40, .runs = runs};
        ropelaw_law_options o = ropelaw_law_options_default;
        ropelaw_law *one, *three;
        ropelaw_error e = {0};
        test_assert_ok(ropelaw_law_fit(&series, &o, &one, &e), e);
        o.threads = 3;
        test_assert_ok(ropelaw_law_fit(&series, &o, &three, &e), e);
        ck_assert_uint_eq(one->n_models, several ? 4 : 1);
        same(one, three);
        ropelaw_law_destroy(&one), ropelaw_law_destroy(&three);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("law_pool");
    const TTest *const tests[] = {models_share_a_ratio_or_not, one_intercept_is_tested,
                                  the_floor_holds_in_the_pool, threads_change_nothing, NULL};
    test_add(s, "law_pool", tests);
    return test_run(s);
}
