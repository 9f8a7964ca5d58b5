/* Tests: table.c format_text.c format_csv.c format_latex.c format_json.c */
#include "test.h"
#include "core/core.h"
#include <ropelaw/table.h>
#include <string.h>

static const ropelaw_column columns[] = {
    {"name", NULL,       ROPELAW_COLUMN_TEXT,   0},
    {"base", "base [1]", ROPELAW_COLUMN_NUMBER, 4}
};

static ropelaw_table *sample(void) {
    ropelaw_table *t = NULL;
    ropelaw_error e;
    test_assert_ok(ropelaw_table_create("50% of a_b", columns, 2, &t, &e), e);
    test_assert_ok(ropelaw_table_add_text(t, "a,\"b\" | c", &e), e);
    test_assert_ok(ropelaw_table_add_number(t, 71738.436213, &e), e);
    test_assert_ok(ropelaw_table_add_text(t, NULL, &e), e);
    test_assert_ok(ropelaw_table_add_number(t, NAN, &e), e);
    test_assert_ok(ropelaw_table_add_text(t, "\xce\xb2", &e), e);
    test_assert_ok(ropelaw_table_add_limit(t, ">262144", &e), e);
    test_assert_ok(ropelaw_table_add_text(t, "x", &e), e);
    test_assert_ok(ropelaw_table_add_number(t, 0.123456, &e), e);
    test_assert_ok(ropelaw_table_add_note(t, "Source: here", &e), e);
    ck_assert_uint_eq(ropelaw_table_count_rows(t), 4);
    return t;
}

static void check_format(const char *format, const char *expected) {
    ropelaw_table *t = sample();
    char *text;
    size_t length;
    ropelaw_error e;
    test_assert_ok(ropelaw_table_write(t, format, &text, &length, &e), e);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(length, strlen(expected));
    ropelaw_text_free(text);
    ropelaw_table_destroy(&t);
    ck_assert_ptr_null(t);
}

START_TEST(csv) {
    check_format("csv", "name,base\n\"a,\"\"b\"\" | c\",71738.436213\n,\n\xce\xb2,>262144\nx,0.123456\n");
}
END_TEST

START_TEST(tsv) {
    check_format("tsv", "name\tbase\na,\"b\" | c\t71738.436213\n\t\n\xce\xb2\t>262144\nx\t0.123456\n");
}
END_TEST

START_TEST(json) {
    check_format(
        "json",
        "[\n {\"name\": \"a,\\\"b\\\" | c\", \"base\": 71738.436213},\n {\"name\": null, \"base\": null},"
        "\n {\"name\": \"\xce\xb2\", \"base\": \">262144\"},\n {\"name\": \"x\", \"base\": 0.123456}\n]\n");
}
END_TEST

START_TEST(json_is_utf8) {
    static const struct {
        const char *text;
        size_t length;
    } all[] = {
        {"",                 0},
        {"a",                1},
        {"\xce\xb2",         2},
        {"\xe2\x82\xac",     3},
        {"\xf0\x9f\x98\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xff",             0},
        {"\x80",             0},
        {"\xce",             0}, /* cut */
        {"\xce"
         "a",       0},
        {"\xc0\xaf",         0}, /* overlong */
        {"\xe0\x80\xaf",     0},
        {"\xed\xa0\x80",     0}, /* surrogate */
        {"\xf4\x90\x80\x80", 0}, /* beyond the last character */
        {"\xf8\x88\x80\x80", 0}
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        ck_assert_uint_eq(ropelaw_text_utf8_length(all[i].text), all[i].length);
    ropelaw_table *t = NULL;
    ropelaw_error e;
    char *text;
    test_assert_ok(ropelaw_table_create("", columns, 1, &t, &e), e);
    test_assert_ok(ropelaw_table_add_text(t, "a\xff\xce\xb2\xe2\x82z", &e), e);
    test_assert_ok(ropelaw_table_write(t, "json", &text, NULL, &e), e);
    ck_assert_str_eq(text, "[\n {\"name\": \"a\xef\xbf\xbd\xce\xb2\xef\xbf\xbd\xef\xbf\xbdz\"}\n]\n");
    ropelaw_text_free(text);
    ropelaw_table_destroy(&t);
}
END_TEST

START_TEST(markdown) {
    check_format("md", "**50% of a_b**\n\n"
                       "| name       | base [1] |\n"
                       "| ---------- | -------: |\n"
                       "| a,\"b\" \\| c |    71738 |\n"
                       "| -          |        - |\n"
                       "| \xce\xb2          |  >262144 |\n"
                       "| x          |   0.1235 |\n"
                       "\nSource: here\n");
}
END_TEST

START_TEST(plain_text) {
    check_format("text", "50% of a_b\n"
                         "name       base [1]\n"
                         "---------  --------\n"
                         "a,\"b\" | c     71738\n"
                         "-                 -\n"
                         "\xce\xb2           >262144\n"
                         "x            0.1235\n"
                         "Source: here\n");
}
END_TEST

START_TEST(latex_is_escaped) {
    ropelaw_table *t = sample();
    char *text;
    ropelaw_error e;
    test_assert_ok(ropelaw_table_write(t, "latex", &text, NULL, &e), e);
    ck_assert_ptr_nonnull(strstr(text, "\\caption{50\\% of a\\_b}"));
    ck_assert_ptr_nonnull(strstr(text, "\\num{71738} \\\\"));
    ck_assert_ptr_nonnull(strstr(text, "\\textgreater{}262144"));
    ropelaw_text_free(text);
    ropelaw_table_destroy(&t);
}
END_TEST

START_TEST(registry_names_are_unique_and_write) {
    for (size_t i = 0; ropelaw_table_format_name(i); i++) {
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(ropelaw_table_format_name(i), ropelaw_table_format_name(j));
        ropelaw_table *t = sample();
        char *text;
        ropelaw_error e;
        test_assert_ok(ropelaw_table_write(t, ropelaw_table_format_name(i), &text, NULL, &e), e);
        ropelaw_text_free(text);
        ropelaw_table_destroy(&t);
    }
}
END_TEST

START_TEST(wrong_use_is_told) {
    ropelaw_table *t = NULL;
    ropelaw_error e;
    char *text = NULL;
    test_assert_fails(ropelaw_table_create("", columns, 0, &t, &e), ROPELAW_INVALID, e, "n_columns");
    test_assert_ok(ropelaw_table_create("", columns, 2, &t, &e), e);
    test_assert_fails(ropelaw_table_add_number(t, 1, &e), ROPELAW_INVALID, e, "name");
    test_assert_ok(ropelaw_table_add_text(t, "x", &e), e);
    test_assert_fails(ropelaw_table_add_text(t, "x", &e), ROPELAW_INVALID, e, "base");
    test_assert_fails(ropelaw_table_write(t, "csv", &text, NULL, &e), ROPELAW_INVALID, e, "table");
    test_assert_ok(ropelaw_table_add_number(t, 1, &e), e);
    test_assert_fails(ropelaw_table_write(t, "xml", &text, NULL, &e), ROPELAW_INVALID, e, "format");
    ck_assert_ptr_null(text);
    ropelaw_table_destroy(&t);
    ropelaw_table_destroy(&t);
}
END_TEST

/* Every allocation in turn fails: the status says so and nothing leaks (the sanitizer build looks). */
START_TEST(each_allocation_may_fail) {
    for (long n = 1; n < 200; n++) {
        ropelaw_table *t = NULL;
        char *text = NULL;
        core_fail_allocations_from(n);
        ropelaw_status s = ropelaw_table_create("t", columns, 2, &t, NULL);
        if (!s) s = ropelaw_table_add_text(t, "x", NULL);
        if (!s) s = ropelaw_table_add_number(t, 1, NULL);
        if (!s) s = ropelaw_table_add_note(t, "n", NULL);
        if (!s) s = ropelaw_table_write(t, "text", &text, NULL, NULL);
        core_fail_allocations_from(0);
        ropelaw_table_destroy(&t);
        ropelaw_text_free(text);
        if (!s) return;
        ck_assert_int_eq(s, ROPELAW_NOMEM);
    }
    ck_abort_msg("200 allocations did not suffice");
}
END_TEST

int main(void) {
    Suite *s = suite_create("table");
    const TTest *const tests[] = {csv,
                                  tsv,
                                  json,
                                  json_is_utf8,
                                  markdown,
                                  plain_text,
                                  latex_is_escaped,
                                  registry_names_are_unique_and_write,
                                  wrong_use_is_told,
                                  each_allocation_may_fail,
                                  NULL};
    test_add(s, "table", tests);
    return test_run(s);
}
