#include "test.h"
#include <stdio.h>
#include <string.h>

enum { MOST_SKIPS = 64 };
static struct { char name[128], reason[128]; } skips[MOST_SKIPS];
static int n_skips;

enum { MOST_NAMES = 1024 };
static char *names[MOST_NAMES];
static int n_names;

void test_skip(const char *name, const char *reason) {
    if (n_skips == MOST_SKIPS) abort();
    snprintf(skips[n_skips].name, sizeof skips[0].name, "%s", name);
    snprintf(skips[n_skips++].reason, sizeof skips[0].reason, "%s", reason);
}

void test_add(Suite *suite, const char *name, const TTest *const *tests) {
    test_add_after(suite, name, tests, NULL);
}

void test_add_after(Suite *suite, const char *name, const TTest *const *tests, void (*prepare)(void)) {
    for (; *tests; tests++) {
        char *full = NULL;
        if (asprintf(&full, "%s: %s", name, (*tests)->name) < 0) abort();
        /* check keeps the pointer: it lives until all has run */
        if (n_names == MOST_NAMES) abort();
        names[n_names++] = full;
        TCase *tcase = tcase_create(full);
        if (prepare) tcase_add_unchecked_fixture(tcase, prepare, NULL);
        tcase_add_test(tcase, *tests);
        suite_add_tcase(suite, tcase);
    }
}

void test_add_wide(Suite *suite, const char *name, const TTest *const *tests) {
    volatile long double one = 1, least = 0x1p-63L;
    if (one + least != one) {
        test_add(suite, name, tests);
        return;
    }
    for (; *tests; tests++) {
        char full[128];
        snprintf(full, sizeof full, "%s: %s", name, (*tests)->name);
        test_skip(full, "long double has fewer than 64 bits of mantissa here");
    }
}

double test_ulps(double x, double y) {
    if (x == y) return 0;
    if (isnan(x) || isnan(y) || signbit(x) != signbit(y)) return INFINITY;
    int64_t a, b;
    memcpy(&a, &x, sizeof a);
    memcpy(&b, &y, sizeof b);
    return fabs((double)(a - b));
}

static void print_result(int number, TestResult *result) {
    int passed = tr_rtype(result) == CK_PASS;
    printf("%s %d - %s\n", passed ? "ok" : "not ok", number, tr_tcname(result));
    if (passed) return;
    const char *file = tr_lfile(result);
    printf("# %s:%d: %s\n", file ? file : "?", tr_lno(result), tr_msg(result) ? tr_msg(result) : "");
}

int test_run(Suite *suite) {
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_SILENT);
    int n = srunner_ntests_run(runner), failed = srunner_ntests_failed(runner);
    TestResult **results = srunner_results(runner);
    printf("1..%d\n", n + n_skips);
    for (int i = 0; i < n; i++) print_result(i + 1, results[i]);
    for (int i = 0; i < n_skips; i++)
        printf("ok %d - %s # SKIP %s\n", n + i + 1, skips[i].name, skips[i].reason);
    free(results);
    srunner_free(runner);
    while (n_names) free(names[--n_names]);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
