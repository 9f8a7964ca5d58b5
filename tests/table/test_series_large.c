/* Tests: series_parse.c names.c with a million rows */
#include "test.h"
#include <ropelaw/series.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static ropelaw_error error;

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A text of n rows: runs and documents interleaved, lengths descending, so that nothing is met in order. */
static char *many_rows(size_t n, size_t *length) {
    char *text = malloc(64 * n + 200), *end = text;
    end += sprintf(end, "run,eval_len_tok,ppl,doc,base,train_len_tok\n");
    for (size_t i = 0; i < n; i++)
        end += sprintf(end, "run%zu,%zu,%zu.%zu,doc%zu,10000,4096\n", i % 997, n - i, 2 + i % 50, i % 1000,
                       i % 4999);
    *length = (size_t)(end - text);
    return text;
}

static double seconds_for(size_t n) {
    size_t length;
    char *text = many_rows(n, &length);
    ropelaw_series s;
    double start = seconds();
    test_assert_ok(ropelaw_series_parse(text, length, "many", &s, &error), error);
    double taken = seconds() - start;
    size_t points = 0;
    for (size_t i = 0; i < s.n_runs; i++) {
        points += s.runs[i].n_points;
        for (size_t j = 1; j < s.runs[i].n_points; j++)
            ck_assert(s.runs[i].points[j - 1].eval_len_tok < s.runs[i].points[j].eval_len_tok);
    }
    ck_assert_uint_eq(points, n);
    ck_assert_uint_eq(s.n_runs, 997);
    ropelaw_series_clear(&s);
    free(text);
    return taken;
}

/* A million rows. Linear up to the sort's logarithm: 32 times the rows may cost 128 times, not 1024. */
START_TEST(many_rows_cost_no_more_than_their_number) {
    double small = seconds_for(1 << 15), large = seconds_for(1 << 20);
    printf("# %g s for 2^15 rows, %g s for 2^20\n", small, large);
    fflush(stdout);
    ck_assert_msg(large < 128 * small, "%g s for 2^15 rows, %g s for 2^20", small, large);
}
END_TEST

int main(void) {
    Suite *s = suite_create("series large");
    const TTest *const tests[] = {many_rows_cost_no_more_than_their_number, NULL};
    test_add(s, "series large", tests);
    return test_run(s);
}
