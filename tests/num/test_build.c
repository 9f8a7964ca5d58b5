#include "test.h"
#include <ropelaw/version.h>
#include <string.h>

START_TEST(names_both_libraries) {
    char text[256], small[5];
    ropelaw_build_str(text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "GSL 2."));
    ck_assert_ptr_nonnull(strstr(text, "OpenBLAS"));
    ck_assert_str_eq(ropelaw_build_str(small, sizeof small), "GSL ");
}
END_TEST

int main(void) {
    Suite *s = suite_create("build");
    const TTest *const tests[] = {names_both_libraries, NULL};
    test_add(s, "build", tests);
    return test_run(s);
}
