/* Tests: error.c caveat.c version.c */
#include "test.h"
#include "core/core.h"
#include <ropelaw/version.h>
#include <string.h>

START_TEST(status_names_are_unique) {
    for (int i = ROPELAW_OK; i <= ROPELAW_CANCELLED; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(ropelaw_status_str((ropelaw_status)i), ropelaw_status_str((ropelaw_status)j));
    ck_assert_str_eq(ropelaw_status_str((ropelaw_status)99), "UNKNOWN");
}
END_TEST

START_TEST(number_error_names_argument_value_range) {
    ropelaw_error e;
    test_assert_fails(core_fail_number(&e, ROPELAW_DOMAIN, "base", 0.5, "> 1"), ROPELAW_DOMAIN, e, "base");
    ck_assert_str_eq(e.message, "base is 0.5, expected > 1");
    ck_assert_str_eq(e.value, "0.5");
    ck_assert_str_eq(e.range, "> 1");
    ck_assert_int_eq(core_fail_number(NULL, ROPELAW_DOMAIN, "base", 0.5, "> 1"), ROPELAW_DOMAIN);
}
END_TEST

START_TEST(error_line_has_file_and_line) {
    ropelaw_error e;
    char text[64];
    (void)core_fail(&e, ROPELAW_PARSE, "ppl", "abc", "> 0", "column \"ppl\": \"abc\" is not a number");
    core_error_at(&e, "runs.csv", 17);
    ck_assert_uint_eq(ropelaw_error_str(&e, text, sizeof text), 48);
    ck_assert_str_eq(text, "runs.csv:17: column \"ppl\": \"abc\" is not a number");
    char small[9];
    ropelaw_error_str(&e, small, sizeof small);
    ck_assert_str_eq(small, "runs.csv");
}
END_TEST

START_TEST(long_texts_are_cut) {
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    ropelaw_error e;
    (void)core_fail(&e, ROPELAW_IO, text, text, text, "%s", text);
    core_error_at(&e, text, 1);
    ck_assert_uint_eq(strlen(e.message), sizeof e.message - 1);
    ck_assert_uint_eq(strlen(e.argument), sizeof e.argument - 1);
    ck_assert_uint_eq(strlen(e.file), sizeof e.file - 1);
}
END_TEST

START_TEST(caveats_are_named_once) {
    for (uint32_t i = 0; i < ROPELAW_CAVEAT_COUNT; i++) {
        ck_assert_str_ne(ropelaw_caveat_str(1u << i), "");
        ck_assert_str_ne(ropelaw_caveat_name(1u << i), "");
        for (uint32_t j = 0; j < i; j++)
            ck_assert_str_ne(ropelaw_caveat_name(1u << i), ropelaw_caveat_name(1u << j));
    }
    ck_assert_str_eq(ropelaw_caveat_str(0), "");
    ck_assert_str_eq(ropelaw_caveat_str(3), "");
    ck_assert_str_eq(ropelaw_caveat_str(1u << 31), "");
}
END_TEST

START_TEST(version_is_checked) {
    ropelaw_error e;
    ck_assert_str_eq(ropelaw_version(), ROPELAW_VERSION_STRING);
    test_assert_ok(ropelaw_version_check(ROPELAW_VERSION_MAJOR, ROPELAW_VERSION_MINOR, &e), e);
    test_assert_fails(ropelaw_version_check(99, 0, &e), ROPELAW_UNSUPPORTED, e, "version");
    test_assert_fails(ropelaw_version_check(0, 99, &e), ROPELAW_UNSUPPORTED, e, "version");
}
END_TEST

int main(void) {
    Suite *s = suite_create("error");
    const TTest *const tests[] = {status_names_are_unique, number_error_names_argument_value_range,
                                  error_line_has_file_and_line, long_texts_are_cut, caveats_are_named_once,
                                  version_is_checked, NULL};
    test_add(s, "error", tests);
    return test_run(s);
}
