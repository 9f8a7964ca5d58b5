/* Tests: series_parse.c series_row.c on what is left out, and what is refused. */
#include "series_text.h"
#include <stdio.h>

START_TEST(what_is_left_out_is_noted) {
    ropelaw_series s =
        parsed("run,eval_len_tok,ppl,ppl_se,colour\na,1,2,0,red\na,2,,,\na,3,inf,,\na,4,NaN,,\na,5,3,1,\n");
    ck_assert_uint_eq(s.n_runs, 1);
    ck_assert_uint_eq(s.runs[0].n_points, 2);
    ck_assert(isnan(s.runs[0].points[0].se));
    static const char *const expected[] = {
        "\"colour\"", "1 rows without a value left out, the first in line 3",
        "2 values that are not finite left out, the first in line 4", "1 standard errors of zero"};
    ck_assert_uint_eq(s.n_notes, 4);
    for (int i = 0; i < 4; i++) ck_assert_msg(strstr(s.notes[i], expected[i]) != NULL, "%s", s.notes[i]);
    ropelaw_series_clear(&s);
}
END_TEST

/* The error names what was wrong with the rows, not that there were none. */
START_TEST(nothing_left) {
    static const struct {
        const char *text, *message;
        size_t line;
    } all[] = {
        {"run,eval_len_tok,ppl\n\n",                    "only the header",                 3},
        {"run,eval_len_tok,ppl\na,1,nan\na,2,-inf\n",   "all its 2 values are nan or inf", 2},
        {"run,eval_len_tok,ppl\na,1,\na,2,\na,3,\n",    "none of its 3 rows has a value",  2},
        {"run,eval_len_tok,ppl\na,1,\na,2,\na,3,nan\n",
         "of its 3 rows 2 have no value, the values of the others",                        2},
        {"run,eval_len_tok,ppl\na,1,NaN\na,2,\n",       "of its 2 rows 1 have no value",   2}
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ropelaw_series s;
        ck_assert_int_eq(parse(all[i].text, &s), ROPELAW_PARSE);
        ck_assert_msg(strstr(error.message, all[i].message) != NULL, "%s", error.message);
        ck_assert_uint_eq(error.line, all[i].line);
    }
}
END_TEST

START_TEST(too_many_unknown_columns) {
    char *text = malloc(1 << 17), *at = text + sprintf(text, "run,eval_len_tok,ppl");
    for (int i = 0; i < 1025; i++) at += sprintf(at, ",c%d", i);
    strcpy(at, "\n");
    ropelaw_series s;
    ck_assert_int_eq(parse(text, &s), ROPELAW_SHAPE);
    ck_assert_ptr_nonnull(strstr(error.message, "more than 1024 columns"));
    strcpy(strstr(text, ",c1024"), "\n");
    ck_assert_int_eq(parse(text, &s), ROPELAW_PARSE);
    ck_assert_ptr_nonnull(strstr(error.message, "only the header"));
    free(text);
}
END_TEST

static const struct {
    const char *text;
    ropelaw_status status;
    const char *argument;
    size_t line;
} bad[] = {
    {"eval_len_tok,ppl\n1,2\n",                                      ROPELAW_PARSE,  "run",                                1},
    {"run,ppl\na,2\n",                                               ROPELAW_PARSE,  "eval_len_tok",                       1},
    {"run,eval_len_tok\na,2\n",                                      ROPELAW_PARSE,  "ppl\", \"loss_nats\" or \"accuracy", 1},
    {"run,eval_len_tok,ppl\n",                                       ROPELAW_PARSE,  "",                                   2},
    {"run,eval_len_tok,ppl\na,1,\n",                                 ROPELAW_PARSE,  "",                                   2},
    {"run,eval_len_tok,ppl\na,1,nan\na,2,inf\n",                     ROPELAW_PARSE,  "",                                   2},
    {"run,eval_len_tok,ppl\na,1,abc\n",                              ROPELAW_PARSE,  "ppl",                                2},
    {"run,eval_len_tok,ppl\na,1,2\na,1,0\n",                         ROPELAW_DOMAIN, "ppl",                                3},
    {"run,eval_len_tok,ppl\na,1,-1\n",                               ROPELAW_DOMAIN, "ppl",                                2},
    {"run,eval_len_tok,ppl\na,1,1e999\n",                            ROPELAW_PARSE,  "ppl",                                2},
    {"run,eval_len_tok,ppl\na,,2\n",                                 ROPELAW_PARSE,  "eval_len_tok",                       2},
    {"run,eval_len_tok,ppl\na,0,2\n",                                ROPELAW_DOMAIN, "eval_len_tok",                       2},
    {"run,eval_len_tok,ppl\na,4kk,2\n",                              ROPELAW_PARSE,  "eval_len_tok",                       2},
    {"run,eval_len_tok,ppl\n,1,2\n",                                 ROPELAW_PARSE,  "run",                                2},
    {"run,eval_len_tok,accuracy\na,1,1.01\n",                        ROPELAW_DOMAIN, "accuracy",                           2},
    {"run,eval_len_tok,accuracy\na,1,-0.01\n",                       ROPELAW_DOMAIN, "accuracy",                           2},
    {"run,eval_len_tok,ppl,loss_nats\na,1,2,1\n",                    ROPELAW_PARSE,  "loss_nats",                          2},
    {"run,eval_len_tok,ppl,loss_nats\na,1,2,\na,1,,2\n",             ROPELAW_PARSE,  "loss_nats",                          3},
    {"run,eval_len_tok,ppl,loss_se\na,1,2,1\n",                      ROPELAW_PARSE,  "loss_se",                            2},
    {"run,eval_len_tok,ppl,ppl_se\na,1,2,-1\n",                      ROPELAW_DOMAIN, "ppl_se",                             2},
    {"run,eval_len_tok,ppl,n_tokens\na,1,2,0\n",                     ROPELAW_DOMAIN, "n_tokens",                           2},
    {"run,eval_len_tok,accuracy,n_trials\na,1,1,x\n",                ROPELAW_PARSE,  "n_trials",                           2},
    {"run,eval_len_tok,ppl,censored\na,1,2,over\n",                  ROPELAW_PARSE,  "censored",                           2},
    {"run,eval_len_tok,ppl,replicate\na,1,2,0.5\n",                  ROPELAW_DOMAIN, "replicate",                          2},
    {"run,eval_len_tok,ppl,rotary_dim\na,1,2,127\n",                 ROPELAW_DOMAIN, "rotary_dim",                         2},
    {"run,eval_len_tok,ppl,rotary_dim\na,1,2,0\n",                   ROPELAW_DOMAIN, "rotary_dim",                         2},
    {"run,eval_len_tok,ppl,pretrain_base\na,1,2,1\n",                ROPELAW_DOMAIN, "pretrain_base",                      2},
    {"run,eval_len_tok,ppl,base\na,1,2,1m\n",                        ROPELAW_PARSE,  "base",                               2},
    {"run,eval_len_tok,ppl,train_len_tok\na,1,2,-4k\n",              ROPELAW_DOMAIN, "train_len_tok",                      2},
    {"run,eval_len_tok,ppl,factor\na,1,2,0\n",                       ROPELAW_DOMAIN, "factor",                             2},
    {"run,eval_len_tok,ppl,base\na,1,2,1e6\nb,1,2,1e5\na,1,2,2e6\n", ROPELAW_PARSE,  "base",                               4},
    {"run,eval_len_tok,ppl,method\na,1,2,yarn\na,1,2,ntk\n",         ROPELAW_PARSE,  "method",                             3},
    {"run,eval_len_tok,ppl,digitised\na,1,2,maybe\n",                ROPELAW_PARSE,  "digitised",                          2},
};

START_TEST(bad_input) {
    ropelaw_series s, before;
    memset(&s, 0x5a, sizeof s);
    before = s;
    ck_assert_int_eq(parse(bad[_i].text, &s), bad[_i].status);
    ck_assert_int_eq(memcmp(&s, &before, sizeof s), 0);
    ck_assert_int_eq(error.code, bad[_i].status);
    ck_assert_str_eq(error.argument, bad[_i].argument);
    ck_assert_str_eq(error.file, "r.csv");
    ck_assert_uint_eq(error.line, bad[_i].line);
}
END_TEST

START_TEST(files) {
    ropelaw_series s;
    test_assert_fails(ropelaw_series_read("/nowhere/x.csv", &s, &error), ROPELAW_IO, error, "path");
    test_assert_fails(ropelaw_series_read("/tmp", &s, &error), ROPELAW_IO, error, "path");
    ck_assert_int_eq(ropelaw_series_read("/dev/null", &s, &error), ROPELAW_PARSE);
    ck_assert_ptr_nonnull(strstr(error.message, "empty"));
}
END_TEST

int main(void) {
    Suite *s = suite_create("series");
    const TTest *const tests[] = {what_is_left_out_is_noted, nothing_left, too_many_unknown_columns, files,
                                  NULL};
    test_add(s, "series", tests);
    TCase *loop = tcase_create("bad input");
    tcase_add_loop_test(loop, bad_input, 0, sizeof bad / sizeof *bad);
    suite_add_tcase(s, loop);
    return test_run(s);
}
