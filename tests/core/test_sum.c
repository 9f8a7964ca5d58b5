#include "test.h"
#include "core/core.h"

START_TEST(cancellation_is_kept) {
    core_sum s = {0, 0};
    const double terms[] = {1, 1e100, 1, -1e100};
    for (int i = 0; i < 4; i++) core_sum_add(&s, terms[i]);
    ck_assert_double_eq(core_sum_value(&s), 2);
}
END_TEST

START_TEST(a_million_tenths) {
    core_sum s = {0, 0};
    for (int i = 0; i < 1000000; i++) core_sum_add(&s, 0.1);
    /* the double 0.1 exceeds 1/10 by 5.55e-18: the exact sum is 1e5 + 5.6e-12, which rounds to 1e5 */
    ck_assert_double_eq(core_sum_value(&s), 1e5);
}
END_TEST

int main(void) {
    Suite *s = suite_create("sum");
    const TTest *const tests[] = {cancellation_is_kept, a_million_tenths, NULL};
    test_add(s, "sum", tests);
    return test_run(s);
}
