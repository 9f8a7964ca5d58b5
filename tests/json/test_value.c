/* Tests: value.c write.c */
#include "test.h"
#include "json/json.h"
#include <string.h>

static json_document *parse(const char *text) {
    ropelaw_error e = {0};
    json_document *d = NULL;
    test_assert_ok(json_document_parse(text, strlen(text), "t.json", NULL, &d, &e), e);
    return d;
}

START_TEST(wanted_values) {
    json_document *d =
        parse("{\"n\": 3,\n\"s\": \"x\", \"a\": [], \"o\": {},\n\"z\": null, \"i\": Infinity}");
    ropelaw_error e = {0};
    double number = 0;
    const char *text;
    const json_value *value;
    test_assert_ok(json_want_number(d, &d->root, "n", &number, &e), e);
    test_assert_abs(number, 3, 0);
    test_assert_ok(json_want_string(d, &d->root, "s", &text, &e), e);
    test_assert_ok(json_want_array(d, &d->root, "a", &value, &e), e);
    test_assert_ok(json_want_object(d, &d->root, "o", &value, &e), e);
    test_assert_fails(json_want_number(d, &d->root, "s", &number, &e), ROPELAW_PARSE, e, "s");
    ck_assert_str_eq(e.message, "key \"s\" is \"x\", expected a number");
    ck_assert_uint_eq(e.line, 2);
    ck_assert_str_eq(e.file, "t.json");
    test_assert_fails(json_want_number(d, &d->root, "z", &number, &e), ROPELAW_PARSE, e, "z");
    test_assert_fails(json_want_number(d, &d->root, "i", &number, &e), ROPELAW_PARSE, e, "i");
    test_assert_fails(json_want_string(d, &d->root, "q", &text, &e), ROPELAW_PARSE, e, "q");
    ck_assert_ptr_null(json_get_set(&d->root, "z"));
    ck_assert_ptr_nonnull(json_get(&d->root, "z"));
    ck_assert_ptr_null(json_get(NULL, "z"));
    json_document_free(&d);
}
END_TEST

START_TEST(text_round_trips) {
    const char *text =
        "{\"a\": [1, 1e-05, 100000000000.0, \"q\\\"\\\\\\n\\u0001\xc3\xa9\"], \"b\": {}, \"c\": [], "
        "\"d\": {\"e\": null, \"f\": true, \"g\": false}}";
    json_document *d = parse(text);
    ropelaw_error e = {0};
    char *one, *two;
    test_assert_ok(json_write(&d->root, 0, false, &one, &e), e);
    ck_assert_str_eq(one, text);
    test_assert_ok(json_write(&d->root, 2, false, &two, &e), e);
    json_document *again = parse(two);
    core_free(two);
    test_assert_ok(json_write(&again->root, 0, false, &two, &e), e);
    ck_assert_str_eq(two, text);
    core_free(one);
    core_free(two);
    json_document_free(&d);
    json_document_free(&again);
}
END_TEST

START_TEST(infinity_is_written_both_ways) {
    json_document *d = parse("[Infinity, -Infinity, NaN]");
    ropelaw_error e = {0};
    char *text;
    test_assert_ok(json_write(&d->root, 0, false, &text, &e), e);
    ck_assert_str_eq(text, "[Infinity, -Infinity, NaN]");
    core_free(text);
    test_assert_ok(json_write(&d->root, 0, true, &text, &e), e);
    ck_assert_str_eq(
        text, "[{\"__float__\": \"Infinity\"}, {\"__float__\": \"-Infinity\"}, {\"__float__\": \"NaN\"}]");
    core_free(text);
    json_document_free(&d);
}
END_TEST

START_TEST(trees_change) {
    json_document *d = parse("{\"a\": 1, \"b\": {\"c\": 2}, \"d\": 3}");
    ropelaw_error e = {0};
    json_value *r = &d->root;
    ck_assert_ptr_nonnull(json_set_number(r, "a", 1e6));
    ck_assert_ptr_nonnull(json_set_copy(r, "x", json_get(r, "b")));
    json_remove(r, "b");
    json_remove(r, "nothing");
    ck_assert_ptr_nonnull(json_set_string(r, "s", "t"));
    ck_assert_ptr_nonnull(json_set_bool(json_set_object(r, "o"), "f", false));
    json_value *array = json_set(r, "l");
    array->kind = JSON_ARRAY;
    json_append(array);
    char *text;
    test_assert_ok(json_write(r, 0, false, &text, &e), e);
    ck_assert_str_eq(text,
                     "{\"a\": 1000000, \"d\": 3, \"x\": {\"c\": 2}, \"s\": \"t\", \"o\": {\"f\": false}, "
                     "\"l\": [null]}");
    core_free(text);
    json_document_free(&d);
}
END_TEST

START_TEST(failed_setters_leave_the_tree_whole) {
    json_document *d = parse("{\"a\": [1, {\"b\": \"c\"}]}");
    const json_value *a = json_get(&d->root, "a");
    int failures = 0;
    for (long n = 1; n < 12; n++) {
        core_fail_allocations_from(n);
        failures += !json_set_copy(&d->root, "copy", a);
        core_fail_allocations_from(0);
        json_remove(&d->root, "copy");
        core_fail_allocations_from(n);
        failures += !json_set_number(&d->root, "x", 1);
        core_fail_allocations_from(0);
        json_remove(&d->root, "x");
        ck_assert_uint_eq(d->root.n, 1);
        a = json_get(&d->root, "a");
    }
    ck_assert_int_gt(failures, 5);
    json_document_free(&d);
}
END_TEST

START_TEST(excerpts_are_cut) {
    json_document *d = parse("[\"abcdefghij\", {\"k\": 1}]");
    char text[8];
    ck_assert_str_eq(json_excerpt(&d->root.items[0], text, sizeof text), "\"abcdef");
    char more[32];
    ck_assert_str_eq(json_excerpt(&d->root.items[1], more, sizeof more), "{\"k\": 1}");
    json_document_free(&d);
}
END_TEST

int main(void) {
    Suite *s = suite_create("json");
    const TTest *const tests[] = {wanted_values,
                                  text_round_trips,
                                  infinity_is_written_both_ways,
                                  trees_change,
                                  failed_setters_leave_the_tree_whole,
                                  excerpts_are_cut,
                                  NULL};
    test_add(s, "json", tests);
    return test_run(s);
}
