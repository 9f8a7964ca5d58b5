#include "test.h"
#include "core/core.h"
#include <string.h>

START_TEST(known_distances) {
    static const struct {
        const char *x, *y;
        size_t distance;
    } cases[] = {
        {"",       "",        0},
        {"",       "abc",     3},
        {"kitten", "sitting", 3},
        {"quick",  "quikc",   1}, /* neighbours swapped */
        {"quick",  "quik",    1},
        {"ca",     "abc",     3}, /* restricted: no change between swapped letters (2 without the restriction) */
        {"seeds",  "paper",   5},
        {"flaw",   "lawn",    2},
    };
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        ck_assert_uint_eq(core_edit_distance(cases[i].x, cases[i].y), cases[i].distance);
        ck_assert_uint_eq(core_edit_distance(cases[i].y, cases[i].x), cases[i].distance);
    }
}
END_TEST

START_TEST(long_texts_have_none) {
    char text[CORE_EDIT_LONGEST + 2];
    memset(text, 'a', sizeof text);
    text[CORE_EDIT_LONGEST + 1] = 0;
    ck_assert(core_edit_distance(text, "a") == SIZE_MAX && core_edit_distance("a", text) == SIZE_MAX);
    text[CORE_EDIT_LONGEST] = 0;
    ck_assert_uint_eq(core_edit_distance(text, "a"), CORE_EDIT_LONGEST - 1);
    ck_assert_uint_eq(core_edit_distance("a", text), CORE_EDIT_LONGEST - 1);
}
END_TEST

int main(void) {
    Suite *s = suite_create("edit_distance");
    const TTest *const tests[] = {known_distances, long_texts_have_none, NULL};
    test_add(s, "edit_distance", tests);
    return test_run(s);
}
