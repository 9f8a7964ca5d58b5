#include "test.h"
#include "core/core.h"
#include <stdatomic.h>

enum { TASKS = 500 };
static _Atomic int runs[TASKS];

static ropelaw_status count(void *context, size_t task, size_t thread, ropelaw_error *error) {
    (void)context, (void)error;
    ck_assert_uint_lt(thread, 8);
    runs[task]++;
    return ROPELAW_OK;
}

START_TEST(each_task_runs_once) {
    for (size_t threads = 0; threads <= 8; threads += 4) {
        for (int i = 0; i < TASKS; i++) runs[i] = 0;
        ropelaw_error e;
        test_assert_ok(core_parallel(threads, TASKS, count, NULL, NULL, &e), e);
        for (int i = 0; i < TASKS; i++) ck_assert_int_eq(runs[i], 1);
    }
    ropelaw_error e;
    test_assert_ok(core_parallel(4, 0, count, NULL, NULL, &e), e);
}
END_TEST

static ropelaw_status fail_at(void *context, size_t task, size_t thread, ropelaw_error *error) {
    (void)thread;
    if (task < *(size_t *)context) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_NOCONV, "task", (double)task, "a small one");
}

START_TEST(first_failure_wins) {
    size_t first = 37;
    for (size_t threads = 1; threads <= 4; threads++) {
        ropelaw_error e;
        test_assert_fails(core_parallel(threads, TASKS, fail_at, &first, NULL, &e), ROPELAW_NOCONV, e,
                          "task");
        ck_assert_str_eq(e.value, "37");
    }
}
END_TEST

static int stop_at_half(void *context, double fraction) {
    *(double *)context = fraction;
    return fraction < 0.5;
}

START_TEST(progress_can_stop) {
    double seen = 0;
    ropelaw_progress progress = {stop_at_half, &seen};
    ropelaw_error e;
    for (int i = 0; i < TASKS; i++) runs[i] = 0;
    test_assert_fails(core_parallel(2, TASKS, count, NULL, &progress, &e), ROPELAW_CANCELLED, e, "");
    test_assert_abs(seen, 0.5, 1.0 / TASKS);
    ck_assert_int_eq(runs[TASKS - 1], 0);
}
END_TEST

/* Never more than there are tasks or than are started, never none. */
START_TEST(threads_to_make_room_for) {
    ck_assert_uint_eq(core_threads(0, 5), 1);
    ck_assert_uint_eq(core_threads(3, 0), 1);
    ck_assert_uint_eq(core_threads(3, 5), 3);
    ck_assert_uint_eq(core_threads(SIZE_MAX, 5), 5);
    ck_assert_uint_eq(core_threads(SIZE_MAX, SIZE_MAX), 256);
}
END_TEST

int main(void) {
    Suite *s = suite_create("parallel");
    const TTest *const tests[] = {each_task_runs_once, first_failure_wins, progress_can_stop,
                                  threads_to_make_room_for, NULL};
    test_add(s, "parallel", tests);
    return test_run(s);
}
