/* Tests: method.c method_engine.c on parameters and calls that are refused. */
#include "method_llama2.h"

#define BAD(method, member, number, argument, status)                                                        \
    do {                                                                                                     \
        ropelaw_method_params p = llama2();                                                                  \
        p.member = number;                                                                                   \
        ropelaw_error e = {0};                                                                               \
        double x[MOST] = {42};                                                                               \
        const ropelaw_method *m = ropelaw_method_find(method);                                               \
        test_assert_fails(ropelaw_method_eval(m, &p, 0, x, NULL, &e), status, e, argument);                  \
        ck_assert_double_eq(x[0], 42);                                                                       \
        float f[MOST] = {42};                                                                                \
        test_assert_fails(ropelaw_method_eval_engine(m, &p, 0, 0, f, &e), status, e, argument);              \
        ck_assert_double_eq((double)f[0], 42);                                                               \
    } while (0)

START_TEST(bad_parameters) {
    for (size_t i = 0; i < ropelaw_method_count(); i++) {
        const char *name = ropelaw_method_at(i)->name;
        BAD(name, base, 1, "base", ROPELAW_DOMAIN);
        BAD(name, base, NAN, "base", ROPELAW_DOMAIN);
        BAD(name, base, INFINITY, "base", ROPELAW_DOMAIN);
        BAD(name, rotary_dim, 0, "rotary_dim", ROPELAW_DOMAIN);
        BAD(name, rotary_dim, 63, "rotary_dim", ROPELAW_DOMAIN);
        BAD(name, rotary_dim, (size_t)-2, "rotary_dim", ROPELAW_DOMAIN);
        BAD(name, factor, -1, "factor", ROPELAW_DOMAIN);
        BAD(name, factor, NAN, "factor", ROPELAW_DOMAIN);
        BAD(name, train_len, -1, "train_len", ROPELAW_DOMAIN);
        BAD(name, declared_len, NAN, "declared_len", ROPELAW_DOMAIN);
        BAD(name, tune_len, INFINITY, "tune_len", ROPELAW_DOMAIN);
    }
    BAD("yarn", train_len, 0, "train_len", ROPELAW_DOMAIN);
    BAD("ntk", rotary_dim, 2, "rotary_dim", ROPELAW_DOMAIN);
    BAD("dynamic", rotary_dim, 2, "rotary_dim", ROPELAW_DOMAIN);
    BAD("dynamic", dynamic, (ropelaw_dynamic)9, "dynamic", ROPELAW_INVALID);
    BAD("yarn", beta_slow, 0, "beta_slow", ROPELAW_DOMAIN);
    BAD("yarn", beta_fast, 0.5, "beta_fast", ROPELAW_DOMAIN);
    BAD("yarn", mscale, NAN, "mscale", ROPELAW_DOMAIN);
    BAD("yarn", mscale_all_dim, INFINITY, "mscale_all_dim", ROPELAW_DOMAIN);
    BAD("yarn", ramp, (ropelaw_ramp)2, "ramp", ROPELAW_INVALID);
    BAD("yarn", attention_factor, -1, "attention_factor", ROPELAW_DOMAIN);
    BAD("ntk-by-parts", beta_fast, NAN, "beta_fast", ROPELAW_DOMAIN);
    BAD("longrope", n_factors, 63, "n_factors", ROPELAW_SHAPE);
    BAD("longrope", long_factor, NULL, "long_factor", ROPELAW_INVALID);
    BAD("longrope", short_factor, NULL, "short_factor", ROPELAW_INVALID);
    BAD("longrope", train_len, 1, "train_len", ROPELAW_DOMAIN);
    BAD("factors", long_factor, NULL, "long_factor", ROPELAW_INVALID);
    BAD("llama3", low_freq_factor, 0, "low_freq_factor", ROPELAW_DOMAIN);
    BAD("llama3", high_freq_factor, -4, "high_freq_factor", ROPELAW_DOMAIN);
    BAD("proportional", head_dim, 5, "head_dim", ROPELAW_DOMAIN);
    BAD("proportional", partial, 1.01, "partial", ROPELAW_DOMAIN);
    BAD("proportional", partial, NAN, "partial", ROPELAW_DOMAIN);
    BAD("abf", new_base, 1, "new_base", ROPELAW_DOMAIN);
    BAD("critical-base", train_len, 6, "train_len", ROPELAW_DOMAIN);
    BAD("critical-base", tune_len, 6, "tune_len", ROPELAW_DOMAIN);
    BAD("longrope2", train_len, 6, "train_len", ROPELAW_DOMAIN);
    BAD("longrope2", factor, 0.5, "factor", ROPELAW_DOMAIN);
    BAD("longrope2", critical_pairs, 65, "critical_pairs", ROPELAW_DOMAIN);
    BAD("evq-cosh", tau, NAN, "tau", ROPELAW_DOMAIN);
    BAD("evq-cosh", tau, -INFINITY, "tau", ROPELAW_DOMAIN);
    rising[3] = 0;
    BAD("factors", long_factor, (rising[3] = 0, rising), "long_factor", ROPELAW_DOMAIN);
}
END_TEST

START_TEST(bad_calls) {
    ropelaw_method_params p = llama2();
    ropelaw_error e = {0};
    double x[MOST];
    float f[MOST];
    size_t n;
    ropelaw_method copy = *ropelaw_method_at(0);
    const ropelaw_method *m = ropelaw_method_at(0);
    test_assert_fails(ropelaw_method_eval(NULL, &p, 0, x, NULL, &e), ROPELAW_INVALID, e, "method");
    test_assert_fails(ropelaw_method_eval(&copy, &p, 0, x, NULL, &e), ROPELAW_INVALID, e, "method");
    test_assert_fails(ropelaw_method_eval(m, NULL, 0, x, NULL, &e), ROPELAW_INVALID, e, "params");
    test_assert_fails(ropelaw_method_eval(m, &p, 0, NULL, NULL, &e), ROPELAW_INVALID, e, "inv_freq");
    test_assert_fails(ropelaw_method_eval(m, &p, 0.5, x, NULL, &e), ROPELAW_DOMAIN, e, "eval_len");
    test_assert_fails(ropelaw_method_eval(m, &p, NAN, x, NULL, &e), ROPELAW_DOMAIN, e, "eval_len");
    test_assert_fails(ropelaw_method_eval_engine(m, &p, (ropelaw_engine)7, 0, f, &e), ROPELAW_INVALID, e,
                      "engine");
    test_assert_fails(ropelaw_method_eval_engine(m, &p, 0, 0, NULL, &e), ROPELAW_INVALID, e, "inv_freq");
    test_assert_fails(ropelaw_method_deviation(m, &p, 0, 0, NULL, NULL, &e), ROPELAW_INVALID, e, "deviation");
    test_assert_fails(ropelaw_method_pairs(m, NULL, &n, &e), ROPELAW_INVALID, e, "params");
}
END_TEST

int main(void) {
    Suite *s = suite_create("method");
    const TTest *const tests[] = {bad_parameters, bad_calls, NULL};
    test_add(s, "method", tests);
    return test_run(s);
}
