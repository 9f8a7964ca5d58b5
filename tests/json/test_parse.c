/* Tests: parse.c scan.c read.c */
#include "test.h"
#include "json/json.h"
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static json_document *parse(const char *text) {
    ropelaw_error e = {0};
    json_document *d = NULL;
    test_assert_ok(json_document_parse(text, strlen(text), "t.json", NULL, &d, &e), e);
    return d;
}

static ropelaw_error refuse(const char *text, size_t length, ropelaw_status expected) {
    ropelaw_error e = {0};
    json_document *d = NULL;
    ropelaw_status status = json_document_parse(text, length, "t.json", NULL, &d, &e);
    ck_assert_msg(status == expected, "%.40s gave %s: %s", text, ropelaw_status_str(status), e.message);
    ck_assert_str_eq(e.file, "t.json");
    ck_assert_ptr_null(d);
    return e;
}

START_TEST(values_and_lines) {
    json_document *d =
        parse("{\n \"a\": 1e6,\n \"b\": [1, {\"c\": null},\n true, \"x\\u00e9\"],\n \"d\": {}\n}\n");
    const json_value *b = json_get(&d->root, "b");
    test_assert_abs(json_get(&d->root, "a")->number, 1e6, 0);
    ck_assert_uint_eq(json_get(&d->root, "a")->line, 2);
    ck_assert_uint_eq(b->n, 4);
    ck_assert_uint_eq(b->line, 3);
    ck_assert_int_eq(json_get(&b->items[1], "c")->kind, JSON_NULL);
    ck_assert_uint_eq(b->items[2].line, 4);
    ck_assert(b->items[2].boolean);
    ck_assert_str_eq(b->items[3].text, "x\xc3\xa9");
    ck_assert_uint_eq(json_get(&d->root, "d")->line, 5);
    ck_assert_uint_eq(json_get(&d->root, "d")->n, 0);
    json_document_free(&d);
    ck_assert_ptr_null(d);
}
END_TEST

START_TEST(numbers_are_exact_and_keep_their_spelling) {
    json_document *d =
        parse("[100000000000.0, 123456789012345678901234567890, 1e-05, -0, 9007199254740993, 1E400]");
    const json_value *v = d->root.items;
    test_assert_abs(v[0].number, 1e11, 0);
    test_assert_abs(v[1].number, 123456789012345678901234567890.0, 0); /* beyond 64 bits: json-c saturates */
    ck_assert_str_eq(v[2].text, "1e-05");
    ck_assert_str_eq(v[0].text, "100000000000.0");
    test_assert_abs(v[4].number, 9007199254740992.0, 0);
    ck_assert(isinf(v[5].number));
    json_document_free(&d);
}
END_TEST

START_TEST(a_decimal_comma_changes_nothing) {
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "de_DE.utf8")) return;
    json_document *d = parse("[1.5, 2.5e-3]");
    test_assert_abs(d->root.items[0].number, 1.5, 0);
    test_assert_abs(d->root.items[1].number, 2.5e-3, 0);
    json_document_free(&d);
}
END_TEST

START_TEST(what_the_wild_holds_is_taken_and_noted) {
    json_document *d = parse("\xef\xbb\xbf{ // words\n 'a': [0.0, Infinity, -Infinity, NaN],\n"
                             " \"t\": {\"__float__\": \"-Infinity\"},\n \"b\": [1,],\n}");
    const json_value *a = json_get(&d->root, "a");
    ck_assert(isinf(a->items[1].number) && a->items[1].number > 0);
    ck_assert(isinf(a->items[2].number) && a->items[2].number < 0);
    ck_assert(isnan(a->items[3].number));
    ck_assert_int_eq(json_get(&d->root, "t")->kind, JSON_NUMBER);
    ck_assert(isinf(json_get(&d->root, "t")->number));
    ck_assert_str_eq(json_get(&d->root, "t")->key, "t");
    ck_assert_uint_eq(d->notes.bom, 1);
    ck_assert_uint_eq(d->notes.comment, 1);
    ck_assert_uint_eq(d->notes.single_quote, 2);
    ck_assert_uint_eq(d->notes.nonfinite, 2);
    ck_assert_uint_eq(d->notes.trailing_comma, 4);
    ck_assert_uint_eq(d->notes.duplicate, 0);
    json_document_free(&d);
    d = parse("/*/ */ 5 /**/");
    ck_assert_str_eq(d->root.text, "5");
    json_document_free(&d);
    d = parse("/***/ 7 /* */ 5"); /* json-c takes the whole for one comment: the value is 5 */
    ck_assert_str_eq(d->root.text, "5");
    test_assert_abs(d->root.number, 5, 0);
    json_document_free(&d);
    d = parse("{\"null\": null, \"n\": [Null, 1], \"i\": 0}");
    ck_assert_uint_eq(d->notes.nonfinite + d->notes.trailing_comma + d->notes.comment, 0);
    json_document_free(&d);
}
END_TEST

START_TEST(the_last_of_two_keys_counts) {
    json_document *d = parse("{\"rope_theta\": 1,\n \"b\": {\"x\": 1},\n \"rope\\u005ftheta\": 2}");
    const json_value *theta = json_get(&d->root, "rope_theta");
    test_assert_abs(theta->number, 2, 0);
    ck_assert_uint_eq(theta->line, 3);
    ck_assert_uint_eq(theta->first_line, 1);
    ck_assert_uint_eq(d->notes.duplicate, 3);
    ck_assert_str_eq(d->notes.duplicate_key, "rope_theta");
    ck_assert_str_eq(d->notes.duplicate_lost, "1");
    ck_assert_str_eq(d->notes.duplicate_kept, "2");
    ck_assert_uint_eq(json_get(&d->root, "b")->first_line, 0);
    json_document_free(&d);
    ropelaw_error e = {0};
    json_limits strict = json_limits_default;
    strict.refuse_duplicates = true;
    const char *text = "{\"a\": 1,\n\"a\": 1}";
    test_assert_fails(json_document_parse(text, strlen(text), "t", &strict, &d, &e), ROPELAW_PARSE, e, "a");
    ck_assert_uint_eq(e.line, 2);
}
END_TEST

START_TEST(errors_carry_lines) {
    ck_assert_uint_eq(refuse("{\n\"a\": 1,\n\"b\" 2}", 16, ROPELAW_PARSE).line, 3);
    ck_assert_uint_eq(refuse("{\n\"a\": [1,\n2", 12, ROPELAW_PARSE).line, 3);
    ck_assert_uint_eq(refuse("{}\n\n{}", 6, ROPELAW_PARSE).line, 3);
    ck_assert_uint_eq(refuse("{\"a\":\n\"\xff\"}", 10, ROPELAW_PARSE).line, 2);
    ck_assert_uint_eq(refuse("{\n\0}", 4, ROPELAW_PARSE).line, 2);
    refuse("{\"a\": \"x\\u0000y\"}", 17, ROPELAW_PARSE);
    refuse("", 0, ROPELAW_PARSE);
    refuse("  \n", 3, ROPELAW_PARSE);
    refuse("\xff\xfe{\0}\0", 6, ROPELAW_PARSE);
    refuse("GGUF....", 8, ROPELAW_PARSE);
    refuse("// only words", 13, ROPELAW_PARSE);
}
END_TEST

START_TEST(bounds_hold) {
    char deep[400];
    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    refuse(deep, 400, ROPELAW_SHAPE);
    memset(deep + 64, ']', 64);
    ropelaw_error e = {0};
    json_document *d = NULL;
    test_assert_ok(json_document_parse(deep, 128, "t", NULL, &d, &e), e);
    json_document_free(&d);
    memset(deep, '[', 65);
    memset(deep + 65, ']', 65);
    refuse(deep, 130, ROPELAW_SHAPE);
    json_limits few = json_limits_default;
    few.max_values = 3;
    ck_assert_int_eq(json_document_parse("[1,2,3]", 7, "t", &few, &d, &e), ROPELAW_SHAPE);
    test_assert_ok(json_document_parse("[1,2]", 5, "t", &few, &d, &e), e);
    json_document_free(&d);
    few.max_bytes = 4;
    ck_assert_int_eq(json_document_parse("[1,2]", 5, "t", &few, &d, &e), ROPELAW_SHAPE);
}
END_TEST

START_TEST(every_allocation_may_fail) {
    const char *text = "{\"a\": [1, 2, {\"b\": \"c\"}], \"a\": {\"__float__\": \"NaN\"}, \"d\": \"e\"}";
    for (long n = 1;; n++) {
        json_document *d = NULL;
        ropelaw_error e = {0};
        core_fail_allocations_from(n);
        ropelaw_status status = json_document_parse(text, strlen(text), "t", NULL, &d, &e);
        core_fail_allocations_from(0);
        if (!status) {
            json_document_free(&d);
            ck_assert_int_gt(n, 8);
            return;
        }
        ck_assert_int_eq(status, ROPELAW_NOMEM);
    }
}
END_TEST

START_TEST(files) {
    ropelaw_error e = {0};
    json_document *d = NULL;
    ck_assert_int_eq(json_document_read("/nonexistent.json", NULL, &d, &e), ROPELAW_IO);
    ck_assert_str_eq(e.file, "/nonexistent.json");
    ck_assert_int_eq(json_document_read("/tmp", NULL, &d, &e), ROPELAW_IO);
    json_limits small = json_limits_default;
    small.max_bytes = 1000;
    ck_assert_int_eq(json_document_read("/dev/zero", &small, &d, &e), ROPELAW_SHAPE);
    char path[] = "/tmp/ropelaw-json-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, "{\"a\":\n 1}", 9), 9);
    close(fd);
    test_assert_ok(json_document_read(path, NULL, &d, &e), e);
    ck_assert_str_eq(d->name, path);
    json_document_free(&d);
    unlink(path);
}
END_TEST

int main(void) {
    Suite *s = suite_create("json");
    const TTest *const tests[] = {values_and_lines,
                                  numbers_are_exact_and_keep_their_spelling,
                                  a_decimal_comma_changes_nothing,
                                  what_the_wild_holds_is_taken_and_noted,
                                  the_last_of_two_keys_counts,
                                  errors_carry_lines,
                                  bounds_hold,
                                  every_allocation_may_fail,
                                  files,
                                  NULL};
    test_add(s, "json", tests);
    return test_run(s);
}
