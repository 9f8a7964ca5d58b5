#include "test.h"
#include <ropelaw/method.h>
#include <string.h>

START_TEST(pairs_are_the_three_evaluations) {
    ropelaw_method_params p = ropelaw_method_params_default;
    p.train_len = 4096;
    p.factor = 4;
    ropelaw_error e = {0};
    ropelaw_method_pair pairs[64];
    ropelaw_method_facts facts, again;
    double exact[64], plain[64];
    float hf[64], ggml[64];
    const ropelaw_method *m = ropelaw_method_find("yarn");
    test_assert_ok(ropelaw_method_eval_pairs(m, &p, 8192, pairs, &facts, &e), e);
    test_assert_ok(ropelaw_method_eval(m, &p, 8192, exact, &again, &e), e);
    test_assert_ok(ropelaw_method_eval(ropelaw_method_at(0), &p, 0, plain, NULL, &e), e);
    test_assert_ok(ropelaw_method_eval_engine(m, &p, ROPELAW_ENGINE_HF, 8192, hf, &e), e);
    test_assert_ok(ropelaw_method_eval_engine(m, &p, ROPELAW_ENGINE_GGML, 8192, ggml, &e), e);
    ck_assert_double_eq(facts.attention_factor, again.attention_factor);
    ck_assert_uint_eq(facts.n_pairs, 64);
    for (int n = 0; n < 64; n++) {
        ck_assert(pairs[n].inv_freq == exact[n] && pairs[n].hf == hf[n] && pairs[n].ggml == ggml[n]);
        test_assert_rel(pairs[n].period_tok * exact[n], 2 * M_PI, 4e-16);
        test_assert_rel(pairs[n].turns * pairs[n].period_tok, 4096, 4e-16);
        test_assert_rel(pairs[n].ratio * plain[n], exact[n], 4e-16);
    }
    test_assert_rel(pairs[63].ratio, 0.25, 4e-16);
}
END_TEST

START_TEST(pairs_that_do_not_rotate) {
    ropelaw_method_params p = ropelaw_method_params_default;
    ropelaw_method_pair pairs[64];
    ropelaw_error e = {0};
    p.partial = 0.25;
    test_assert_ok(ropelaw_method_eval_pairs(ropelaw_method_find("proportional"), &p, 0, pairs, NULL, &e), e);
    ck_assert(isinf(pairs[16].period_tok) && pairs[16].ratio == 0 && pairs[16].hf == 0 &&
              pairs[16].ggml == 0);
    ck_assert(isfinite(pairs[15].period_tok) && pairs[15].ggml > 0);
    ck_assert(isnan(pairs[0].turns)); /* train_len is not known */
    test_assert_fails(ropelaw_method_eval_pairs(ropelaw_method_at(0), &p, 0, NULL, NULL, &e), ROPELAW_INVALID,
                      e, "pairs");
    p.base = 0;
    test_assert_fails(ropelaw_method_eval_pairs(ropelaw_method_at(0), &p, 0, pairs, NULL, &e), ROPELAW_DOMAIN,
                      e, "base");
}
END_TEST

int main(void) {
    Suite *s = suite_create("method_pairs");
    const TTest *const tests[] = {pairs_are_the_three_evaluations, pairs_that_do_not_rotate, NULL};
    test_add(s, "method_pairs", tests);
    return test_run(s);
}
