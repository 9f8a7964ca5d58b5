/* Bases for long contexts against Su's published figures (two digits; kexue.fm/archives/10122). */
#include "test.h"
#include <ropelaw/long_range.h>

START_TEST(published_bases) {
    const struct {
        double length, low, high;
    } cases[] = {
        {65536,   2.05e6, 2.15e6},
        {131072,  4.85e6, 4.95e6},
        {262144,  2.35e7, 2.45e7},
        {524288,  5.75e7, 5.85e7},
        {1048576, 6.45e7, 6.55e7}
    };
    ropelaw_error e;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ropelaw_long_range_query query = {cases[i].length, 128, 1e12, NULL};
        ropelaw_long_range_base f;
        test_assert_ok(ropelaw_long_range_base_find(&query, &f, &e), e);
        ck_assert_msg(f.base > cases[i].low && f.base < cases[i].high, "%g: %.17g", cases[i].length, f.base);
        ropelaw_long_range_len len;
        test_assert_ok(ropelaw_long_range_len_find(f.base * (1 + 1e-9), 128, &len, &e), e);
        ck_assert(len.len_tok >= cases[i].length);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("long_range, long contexts");
    const TTest *const tests[] = {published_bases, NULL};
    test_add(s, "long_range", tests);
    return test_run(s);
}
