#include "test.h"
#include "rope/double_double.h"
#include "../golden/dd_log.inc"

/* |got - want| relative to want, both as sums of two doubles */
static double relative(rope_dd got, double hi, double lo) {
    return fabs((got.hi - hi) + (got.lo - lo)) / fabs(hi);
}

START_TEST(logarithms) {
    for (size_t i = 0; i < sizeof golden_dd_log / sizeof *golden_dd_log; i++) {
        double x = golden_dd_log[i].x;
        ck_assert_msg(relative(rope_dd_log(x), golden_dd_log[i].log_hi, golden_dd_log[i].log_lo) < 0x1p-98,
                      "ln %a", x);
        ck_assert_msg(relative(rope_dd_log_turns(x), golden_dd_log[i].turns_hi, golden_dd_log[i].turns_lo) <
                          0x1p-98,
                      "ln(%a / 2pi)", x);
    }
}
END_TEST

START_TEST(comparison_sees_30_digits) {
    rope_dd a = rope_dd_log(3), up = {a.hi, a.lo * (1 + 0x1p-30)};
    ck_assert_int_eq(rope_dd_compare(a, a), 0);
    ck_assert_int_eq(rope_dd_compare(up, a), a.lo > 0 ? 1 : -1);
    ck_assert_int_eq(rope_dd_compare(a, up), a.lo > 0 ? -1 : 1);
    ck_assert_int_eq(rope_dd_compare(rope_dd_log(3), rope_dd_log(2)), 1);
}
END_TEST

/* ln(x^2) = 2 ln(x) where x^2 is exact, and products commute bit for bit: the edge rule of the law relies on
 * it. */
START_TEST(identities) {
    const double xs[] = {1.5, 3, 12345, 1e6 + 1, 0x1.8p20};
    for (size_t i = 0; i < sizeof xs / sizeof *xs; i++) {
        rope_dd twice = rope_dd_scale(rope_dd_log(xs[i]), 2), square = rope_dd_log(xs[i] * xs[i]);
        ck_assert_double_lt(relative(twice, square.hi, square.lo), 0x1p-98);
        rope_dd y = rope_dd_log_turns(xs[i] + 7), ab = rope_dd_mul(twice, y), ba = rope_dd_mul(y, twice);
        ck_assert(ab.hi == ba.hi && ab.lo == ba.lo);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("double_double");
    const TTest *const tests[] = {logarithms, comparison_sees_30_digits, identities, NULL};
    test_add(s, "double_double", tests);
    return test_run(s);
}
