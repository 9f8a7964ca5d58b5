#include "test.h"
#include "core/text.h"
#include <string.h>

START_TEST(pieces_add_up) {
    core_text t = {0};
    char *data;
    size_t length;
    ropelaw_error e;
    for (int i = 0; i < 1000; i++) core_text_format(&t, "%d,", i % 10);
    core_text_number(&t, 0.25, 0);
    core_text_char(&t, '!');
    test_assert_ok(core_text_take(&t, &data, &length, &e), e);
    ck_assert_uint_eq(length, 2005);
    ck_assert_uint_eq(strlen(data), length);
    ck_assert_str_eq(data + 1998, "9,0.25!");
    core_free(data);
}
END_TEST

START_TEST(empty_is_a_text) {
    core_text t = {0};
    char *data;
    ropelaw_error e;
    test_assert_ok(core_text_take(&t, &data, NULL, &e), e);
    ck_assert_str_eq(data, "");
    core_free(data);
}
END_TEST

START_TEST(no_memory_is_told_once) {
    core_text t = {0};
    char *data = NULL;
    ropelaw_error e;
    core_fail_allocations_from(2);
    for (int i = 0; i < 1000; i++) core_text_str(&t, "abc");
    core_fail_allocations_from(0);
    core_text_str(&t, "never");
    test_assert_fails(core_text_take(&t, &data, NULL, &e), ROPELAW_NOMEM, e, "");
    ck_assert_ptr_null(data);
}
END_TEST

int main(void) {
    Suite *s = suite_create("text");
    const TTest *const tests[] = {pieces_add_up, empty_is_a_text, no_memory_is_told_once, NULL};
    test_add(s, "text", tests);
    return test_run(s);
}
