/* Tests: check.c case.c */
#include "test.h"
#include <ropelaw/attention_check.h>
#include <string.h>

START_TEST(cases_are_named_once) {
    const ropelaw_attention_case *c, *other;
    size_t n = 0, timed = 0;
    for (; (c = ropelaw_attention_case_at(n)); n++) {
        timed += c->timed != 0;
        for (size_t i = 0; i < n && (other = ropelaw_attention_case_at(i)); i++)
            ck_assert_str_ne(c->name, other->name);
    }
    ck_assert_uint_gt(n, 30);
    ck_assert_uint_ge(timed, 5);
}
END_TEST

START_TEST(small_cases_are_right_and_not_timed) {
    const ropelaw_attention_case *c;
    for (size_t i = 0; (c = ropelaw_attention_case_at(i)) && !c->timed; i++) {
        ropelaw_attention_check_options options = {.pass = ROPELAW_ATTENTION_PASS_FORWARD};
        ropelaw_attention_result r;
        ropelaw_error e = {0};
        test_assert_ok(ropelaw_attention_check_run(c, &options, &r, &e), e);
        ck_assert_msg(r.ok && r.worst <= 1, "%s: error %g, bound %g", c->name, r.max_error, r.bound);
        ck_assert_uint_eq(r.n_rows, c->n_tok * c->n_heads);
        ck_assert(isnan(r.ns) && isnan(r.gflops) && isnan(r.fma_peak_gflops));
        ck_assert_str_eq(r.name, c->name);
    }
}
END_TEST

START_TEST(timing_is_of_the_useful_flops) {
    const ropelaw_attention_case *c = ropelaw_attention_case_at(4); /* 49 tokens, 4 heads of 16 */
    for (int pass = 0; pass < 2; pass++)
        for (size_t threads = 1; threads <= 2; threads++) {
            ropelaw_attention_check_options options = {
                (ropelaw_attention_pass)pass, {.n_threads = threads}, 3};
            ropelaw_attention_result r;
            ropelaw_error e = {0};
            test_assert_ok(ropelaw_attention_check_run(c, &options, &r, &e), e);
            ck_assert(r.ok && r.ns > 0 && r.fma_peak_gflops > 0);
            test_assert_rel(r.flop, 4.0 * 16 * 4 * 49 * 49 / 2 * (pass ? 2.5 : 1), 1e-15);
            test_assert_rel(r.gflops * r.ns, r.flop, 1e-12);
            ck_assert_uint_eq(r.n_threads, threads);
        }
}
END_TEST

START_TEST(bad_arguments) {
    ropelaw_attention_case unknown = {"mine", 4, 1, 1, 8, 8, 0};
    ropelaw_attention_check_options options = {.options = {.kernel = "abacus"}};
    ropelaw_attention_result r;
    ropelaw_error e = {0};
    const ropelaw_attention_case *c = ropelaw_attention_case_at(0);
    test_assert_fails(ropelaw_attention_check_run(c, &options, &r, &e), ROPELAW_INVALID, e, "kernel");
    options.options.kernel = NULL;
    test_assert_fails(ropelaw_attention_check_run(&unknown, &options, &r, &e), ROPELAW_INVALID, e, "case");
    test_assert_fails(ropelaw_attention_check_run(NULL, &options, &r, &e), ROPELAW_INVALID, e, "case");
}
END_TEST

START_TEST(peak_is_a_rate) {
    double fast = 0, portable = 0;
    ropelaw_attention_options options = {.kernel = "portable"};
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_attention_fma_peak(NULL, 0.01, &fast, &e), e);
    test_assert_ok(ropelaw_attention_fma_peak(&options, 0.01, &portable, &e), e);
    ck_assert(fast > 1e8 && portable > 1e8); /* below that it is no floating point unit */
}
END_TEST

int main(void) {
    Suite *s = suite_create("check");
    const TTest *const tests[] = {cases_are_named_once,
                                  small_cases_are_right_and_not_timed,
                                  timing_is_of_the_useful_flops,
                                  bad_arguments,
                                  peak_is_a_rate,
                                  NULL};
    test_add(s, "check", tests);
    return test_run(s);
}
