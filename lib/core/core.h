/* Internal services that every folder may use: failing with details, memory, sums, threads. */
#ifndef ROPELAW_CORE_CORE_H
#define ROPELAW_CORE_CORE_H

#include <ropelaw/status.h>
#include <ropelaw/cpu.h>
#include <stdarg.h>
#include <stdbool.h>

/* Fill `error` (may be NULL) and return `code`. Pass "" where argument, value or range do not apply.
   The format takes no floating point conversion: numbers go through core_fail_number. */
ropelaw_status core_fail(ropelaw_error *error, ropelaw_status code, const char *argument, const char *value,
                         const char *range, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* "<argument> is <value>, expected <range>". */
ropelaw_status core_fail_number(ropelaw_error *error, ropelaw_status code, const char *argument, double value,
                                const char *range);

/* The same for a place in a file; file and line are added to an error that is already filled. */
void core_error_at(ropelaw_error *error, const char *file, size_t line);

ropelaw_status core_fail_memory(ropelaw_error *error, size_t count, size_t size);

/* Memory: the one allocation path. NULL for overflow of count * size and for exhaustion; a zero size gives
   a unique pointer. core_calloc zeroes. core_free(NULL) is fine. */
void *core_malloc(size_t count, size_t size);
void *core_calloc(size_t count, size_t size);
void *core_realloc(void *memory, size_t count, size_t size);
void core_free(void *memory);
char *core_strdup(const char *text);
/* 64-byte aligned; freed with core_free. */
void *core_malloc_aligned(size_t count, size_t size);

/* Test hook: the n-th allocation from now (1-based) and all later ones fail; 0 switches the hook off. */
void core_fail_allocations_from(long n);

/* Compensated sum (Neumaier): start from {0, 0}. */
typedef struct {
    double sum, carry;
} core_sum;
void core_sum_add(core_sum *sum, double x);
double core_sum_value(const core_sum *sum);

/* Run task 0 .. n_tasks-1 on at most n_threads threads (0 counts as 1). Tasks are handed out in order; a task
   must not depend on which thread runs it. The first non-OK status, in task order among those that ran, is
   returned with its error; remaining tasks are then not started. `progress` may be NULL. */
typedef ropelaw_status (*core_task)(void *context, size_t task, size_t thread, ropelaw_error *error);
ropelaw_status core_parallel(size_t n_threads, size_t n_tasks, core_task run, void *context,
                             const ropelaw_progress *progress, ropelaw_error *error);

/* The threads that core_parallel starts at most, 1 or more: what to size memory by that each thread has for itself. */
size_t core_threads(size_t n_threads, size_t n_tasks);

/* Report progress; CANCELLED if the callback asks to stop. `progress` may be NULL. */
ropelaw_status core_progress(const ropelaw_progress *progress, double fraction, ropelaw_error *error);

/* Insertions, deletions, changes and swaps of neighbours that make one text the other; SIZE_MAX if one is longer than
   CORE_EDIT_LONGEST. */
enum { CORE_EDIT_LONGEST = 80 };
size_t core_edit_distance(const char *x, const char *y);

#define CORE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
