#include "test.h"
#include "core/core.h"
#include <string.h>

START_TEST(overflow_is_refused) {
    ck_assert_ptr_null(core_malloc(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(core_calloc(SIZE_MAX, 2));
    ck_assert_ptr_null(core_malloc(SIZE_MAX / 4 + 2, 4)); /* wraps around to 4 bytes */
    ck_assert_ptr_null(core_calloc(SIZE_MAX / 4 + 2, 4));
    ck_assert_ptr_null(core_malloc_aligned(SIZE_MAX / 4, 8));
    void *p = core_malloc(4, 4);
    ck_assert_ptr_null(core_realloc(p, SIZE_MAX, 2)); /* p stays */
    memset(p, 1, 16);
    core_free(p);
}
END_TEST

START_TEST(zero_size_is_a_pointer) {
    void *p = core_malloc(0, 8), *q = core_calloc(0, 0);
    ck_assert_ptr_nonnull(p);
    ck_assert_ptr_nonnull(q);
    core_free(p);
    core_free(q);
    core_free(NULL);
}
END_TEST

START_TEST(calloc_zeroes_and_alignment_holds) {
    unsigned char *p = core_calloc(1000, 1);
    for (int i = 0; i < 1000; i++) ck_assert_uint_eq(p[i], 0);
    core_free(p);
    void *q = core_malloc_aligned(3, 5);
    ck_assert_uint_eq((uintptr_t)q % 64, 0);
    core_free(q);
}
END_TEST

START_TEST(hook_fails_from_the_nth_call) {
    core_fail_allocations_from(3);
    void *a = core_malloc(1, 1), *b = core_strdup("x");
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_null(core_malloc(1, 1));
    ck_assert_ptr_null(core_strdup("x"));
    core_fail_allocations_from(0);
    void *c = core_malloc(1, 1);
    ck_assert_ptr_nonnull(c);
    core_free(a), core_free(b), core_free(c);
}
END_TEST

int main(void) {
    Suite *s = suite_create("memory");
    const TTest *const tests[] = {overflow_is_refused, zero_size_is_a_pointer, calloc_zeroes_and_alignment_holds,
                                  hook_fails_from_the_nth_call, NULL};
    test_add(s, "memory", tests);
    return test_run(s);
}
