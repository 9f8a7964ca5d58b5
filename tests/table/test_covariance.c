#include "test.h"
#include "core/core.h"
#include <ropelaw/series.h>
#include <string.h>

static const char runs[] = "run,eval_len_tok,loss_nats,doc,censored\n"
                           "a,1024,2,,\na,2048,2.1,,\na,2048,2.2,,\na,4096,3,,above\na,8192,3.2,,\n"
                           "b,1k,2,d1,\nb,1k,2.1,d2,\nb,2k,2.5,d1,\n";

static ropelaw_series series(void) {
    ropelaw_series s = {0};
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_series_parse(runs, strlen(runs), "runs.csv", &s, &error), error);
    return s;
}

static const char good[] = "# run: a\n# source: simulated\neval_len_tok,1024,2k,2048,8192\n"
                           "1024,4,1,0,0\n2048,1,4,2,0\n2048,0,2,4,1e-3\n8192,0,0,1e-3,1\n";

START_TEST(a_matrix_is_kept_with_its_run) {
    ropelaw_series s = series();
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_series_parse_covariance(good, strlen(good), "c.csv", &s, &error), error);
    ck_assert_uint_eq(s.runs[0].n_covariance, 4); /* the limit has no row */
    ck_assert(s.runs[0].covariance[6] == 2 && s.runs[0].covariance[11] == 1e-3 && !s.runs[1].covariance);
    const char *other =
        "# run: b\neval_len_tok,1024,2048\n1024,1,.5\n2048,.5,1\n"; /* documents are one point */
    test_assert_ok(ropelaw_series_parse_covariance(other, strlen(other), "c.csv", &s, &error), error);
    ck_assert(s.runs[1].n_covariance == 2 && s.runs[1].covariance[1] == .5);
    test_assert_ok(ropelaw_series_parse_covariance(good, strlen(good), "c.csv", &s, &error),
                   error); /* again */
    ropelaw_series_clear(&s);
}
END_TEST

typedef struct {
    const char *text;
    ropelaw_status status;
    size_t line;
    const char *says;
} refusal;

static const refusal refusals[] = {
    {"eval_len_tok,1024\n1024,1\n",                                      ROPELAW_INVALID,  1, "# run: NAME"          },
    {"# run: c\neval_len_tok,1024\n1024,1\n",                            ROPELAW_INVALID,  1, "no run \"c\""         },
    {"# run: b\neval_len_tok,1024\n1024,1\n",                            ROPELAW_PARSE,    2, "2 measured points"    },
    {"# run: b\neval_len_tok,1024,4096\n1024,1,0\n4096,0,1\n",           ROPELAW_PARSE,    2, "\"4096\""             },
    {"# run: b\nlength,1024,2048\n1024,1,0\n2048,0,1\n",                 ROPELAW_PARSE,    2, "eval_len_tok"         },
    {"# run: b\neval_len_tok,1024,2048\n1024,1,0\n1024,0,1\n",           ROPELAW_PARSE,    4, "row 2"                },
    {"# run: b\neval_len_tok,1024,2048\n1024,1,0\n",                     ROPELAW_PARSE,    3, "1 rows"               },
    {"# run: b\neval_len_tok,1024,2048\n1024,1,0\n2048,0,1\n2048,0,1\n", ROPELAW_PARSE,    5, "more rows"            },
    {"# run: b\neval_len_tok,1024,2048\n1024,1,0\n2048,x,1\n",           ROPELAW_PARSE,    4, "\"x\" is not a number"},
    {"# run: b\neval_len_tok,1024,2048\n1024,1,nan\n2048,nan,1\n",       ROPELAW_PARSE,    3, "\"nan\""              },
    {"# run: b\neval_len_tok,1024,2048\n1024,1,0\n2048,0,0\n",           ROPELAW_DOMAIN,   4, "a variance > 0"       },
    {"# run: b\neval_len_tok,1024,2048\n1024,1,0\n2048,0,-1\n",          ROPELAW_DOMAIN,   4, "a variance > 0"       },
    {"# run: b\neval_len_tok,1024,2048\n1024,1,.2\n2048,.3,1\n",         ROPELAW_DOMAIN,   4, "0.2 as in line 3"     },
    {"# run: b\neval_len_tok,1024,2048\n1024,1,1\n2048,1,1\n",           ROPELAW_SINGULAR, 4, "not positive definite"},
    {"# run: b\neval_len_tok,1024,2048\n1024,1,2\n2048,2,1\n",           ROPELAW_SINGULAR, 4, "not positive definite"},
    {"# run: b\neval_len_tok,1024,2048\n1024,1,0,0\n2048,0,1\n",         ROPELAW_PARSE,    3, "cells"                },
    {"",                                                                 ROPELAW_PARSE,    0, ""                     }
};

START_TEST(errors_name_file_line_and_value) {
    for (size_t i = 0; i < CORE_COUNT(refusals); i++) {
        ropelaw_series s = series();
        ropelaw_error error = {0};
        const refusal *r = &refusals[i];
        ropelaw_status status =
            ropelaw_series_parse_covariance(r->text, strlen(r->text), "c.csv", &s, &error);
        ck_assert_msg(status == r->status && strstr(error.message, r->says) && !strcmp(error.file, "c.csv") &&
                          (!r->line || error.line == r->line),
                      "case %zu: %s, line %zu: %s", i, ropelaw_status_str(status), error.line, error.message);
        ck_assert(!s.runs[0].covariance && !s.runs[1].covariance); /* as it was */
        ropelaw_series_clear(&s);
    }
}
END_TEST

START_TEST(no_memory_and_no_file) {
    ropelaw_series s = series();
    ropelaw_error error = {0};
    for (long n = 1; n <= 8; n++) {
        core_fail_allocations_from(n);
        ropelaw_status status = ropelaw_series_parse_covariance(good, strlen(good), "c.csv", &s, &error);
        core_fail_allocations_from(0);
        ck_assert_int_eq(status, ROPELAW_NOMEM);
    }
    test_assert_fails(ropelaw_series_read_covariance("nowhere.csv", &s, &error), ROPELAW_IO, error, "path");
    test_assert_fails(ropelaw_series_read_covariance(NULL, &s, &error), ROPELAW_INVALID, error, "path");
    ropelaw_series_clear(&s);
}
END_TEST

int main(void) {
    Suite *s = suite_create("covariance");
    const TTest *const tests[] = {a_matrix_is_kept_with_its_run, errors_name_file_line_and_value,
                                  no_memory_and_no_file, NULL};
    test_add(s, "covariance", tests);
    return test_run(s);
}
