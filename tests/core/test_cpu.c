#include "test.h"
#include <ropelaw/cpu.h>
#include <string.h>

START_TEST(best_is_named) {
    ropelaw_isa best = ropelaw_isa_best();
    ck_assert_int_le(best, ROPELAW_ISA_AVX512);
    ck_assert_str_ne(ropelaw_isa_str(best), "unknown");
    ck_assert_str_eq(ropelaw_isa_str((ropelaw_isa)9), "unknown");
}
END_TEST

START_TEST(cap_of_the_build_holds) {
    ck_assert_int_le(ropelaw_isa_best(), ROPELAW_ISA_CAP);
}
END_TEST

START_TEST(name_is_cut_to_size) {
    char text[64], small[4];
    ropelaw_cpu_str(text, sizeof text);
    ropelaw_cpu_str(small, sizeof small);
    ck_assert_uint_gt(strlen(text), 0);
    ck_assert_int_eq(strncmp(text, small, 3), 0);
}
END_TEST

int main(void) {
    Suite *s = suite_create("cpu");
    const TTest *const tests[] = {best_is_named, cap_of_the_build_holds, name_is_cut_to_size, NULL};
    test_add(s, "cpu", tests);
    return test_run(s);
}
