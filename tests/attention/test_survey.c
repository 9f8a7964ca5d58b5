#include "test.h"
#include <ropelaw/attention_check.h>
#include <string.h>

static ropelaw_attention_survey_options small(void) {
    return (ropelaw_attention_survey_options){
        .n_tok = 3000, .n_rows = 100, .head_dim = 32, .base = 100, .alignment = 2, .seed = 5};
}

/* A score is (a 1 + e) . R (a 1 + e') / sqrt(d), so its variance is (2 a^2 d + d) / d = 2 a^2 + 1. Pairs share rows and
   keys: n_pairs scores hold at least as much information as n_rows of them; 5 standard errors. */
START_TEST(mean_scores_follow_the_closed_form) {
    ropelaw_attention_survey_options o = small();
    ropelaw_attention_survey s;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_attention_survey_run(&o, &s, &e), e);
    double se = sqrt((2 * 4 + 1) / (double)o.n_rows), mass = 0, spread = 0;
    uint64_t next = 0;
    for (size_t i = 0; i < s.n_distances; i++) {
        const ropelaw_attention_distance *x = s.distances + i;
        ck_assert_uint_eq(x->first, next);
        next = x->last + 1;
        test_assert_abs(x->mean_score, x->expected_score, 5 * se);
        spread = fmax(spread, fabs(x->expected_score));
        mass += x->mass;
    }
    ck_assert_uint_eq(next, 3000);
    ck_assert(spread > 20 * se); /* the comparison can fail */
    test_assert_abs(s.distances[0].expected_score, 4 * 32 / sqrt(32), 1e-12);
    test_assert_abs(mass, 1, 1e-12);
    ck_assert(s.entropy > 0 && s.entropy < s.uniform_entropy && s.seconds > 0);
    ck_assert_uint_eq(s.distances[0].n_pairs, 100);
}
END_TEST

START_TEST(same_bytes_on_any_number_of_threads) {
    ropelaw_attention_survey_options o = small();
    ropelaw_attention_survey a, b;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_attention_survey_run(&o, &a, &e), e);
    o.options.n_threads = 3;
    test_assert_ok(ropelaw_attention_survey_run(&o, &b, &e), e);
    ck_assert_int_eq(memcmp(a.distances, b.distances, sizeof a.distances), 0);
    ck_assert(a.entropy == b.entropy && a.max_logit == b.max_logit);
}
END_TEST

#define FAILS(member, bad)                                                                                   \
    do {                                                                                                     \
        ropelaw_attention_survey_options o_ = small();                                                       \
        ropelaw_attention_survey x_;                                                                         \
        ropelaw_error e_ = {0};                                                                              \
        o_.member = (bad);                                                                                   \
        test_assert_fails(ropelaw_attention_survey_run(&o_, &x_, &e_), ROPELAW_DOMAIN, e_, #member);         \
    } while (0)

START_TEST(bad_options_are_named) {
    FAILS(n_tok, 0);
    FAILS(n_rows, 0);
    FAILS(n_rows, 3001);
    FAILS(head_dim, 31);
    FAILS(head_dim, 514);
    FAILS(base, 1);
    FAILS(base, NAN);
    FAILS(alignment, INFINITY);
}
END_TEST

int main(void) {
    Suite *s = suite_create("survey");
    const TTest *const tests[] = {mean_scores_follow_the_closed_form, same_bytes_on_any_number_of_threads,
                                  bad_options_are_named, NULL};
    test_add(s, "survey", tests);
    return test_run(s);
}
