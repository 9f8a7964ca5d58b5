/* Tests: series.c series_parse.c series_row.c series_write.c */
#include "test.h"
#include "core/core.h"
#include <ropelaw/series.h>
#include <ropelaw/table.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static ropelaw_error error;

static ropelaw_status parse(const char *text, ropelaw_series *series) {
    memset(&error, 0, sizeof error);
    return ropelaw_series_parse(text, strlen(text), "r.csv", series, &error);
}

static ropelaw_series parsed(const char *text) {
    ropelaw_series series = {0};
    test_assert_ok(parse(text, &series), error);
    return series;
}

static const char full[] = "# source: a paper\n# kind: measured\n"
                           "run,eval_len_tok,ppl,ppl_se,n_tokens,doc,replicate,censored,model,rotary_dim,"
                           "pretrain_base,train_len_tok,"
                           "tune_len_tok,base,method,factor\n"
                           "b,8k,100,,,,,above,m,128,10000,4096,16384,1e6,default,\n"
                           "a,4096,5.5,0.1,1000,d1,0,,,,,,,,yarn,4\n"
                           "b,2048,6.5,,,,,,m,,,,,,,\n"
                           "a,4096,5.25,,1000,d2,1,,,,,,,,,\n";

START_TEST(reads_everything) {
    ropelaw_series s = parsed(full);
    ck_assert_uint_eq(s.n_runs, 2);
    const ropelaw_run *b = &s.runs[0], *a = &s.runs[1];
    ck_assert_str_eq(b->name, "b");
    ck_assert_uint_eq(b->n_points, 2);
    ck_assert_double_eq(b->points[0].eval_len_tok, 2048);
    ck_assert_double_eq(b->points[0].value, 6.5);
    ck_assert_int_eq(b->points[0].censored, 0);
    ck_assert_uint_eq(b->points[0].line, 6);
    ck_assert_uint_eq(b->points[0].doc, SIZE_MAX);
    ck_assert_uint_eq(b->points[0].replicate, SIZE_MAX);
    ck_assert_double_eq(b->points[1].eval_len_tok, 8192);
    ck_assert_int_eq(b->points[1].censored, 1);
    ck_assert_double_eq(b->rotary_dim, 128);
    ck_assert_double_eq(b->pretrain_base, 10000);
    ck_assert_double_eq(b->train_len_tok, 4096);
    ck_assert_double_eq(b->tune_len_tok, 16384);
    ck_assert_double_eq(b->base, 1e6);
    ck_assert(isnan(b->factor));
    ck_assert_str_eq(b->model, "m");
    ck_assert_str_eq(b->method, "default");
    ck_assert_str_eq(a->method, "yarn");
    ck_assert_str_eq(a->model, "");
    ck_assert(isnan(a->rotary_dim));
    ck_assert_double_eq(a->factor, 4);
    ck_assert_uint_eq(a->n_docs, 2);
    ck_assert_str_eq(a->docs[1], "d2");
    ck_assert_uint_eq(a->points[1].doc, 1);
    ck_assert_uint_eq(a->points[1].replicate, 1);
    ck_assert_double_eq(a->points[0].se, 0.1);
    ck_assert(isnan(a->points[1].se));
    ck_assert_double_eq(a->points[0].n_tokens, 1000);
    ck_assert_str_eq(ropelaw_series_key(&s, "source"), "a paper");
    ck_assert_ptr_null(ropelaw_series_key(&s, "licence"));
    ck_assert_int_eq(a->digitised, 0);
    ck_assert_uint_eq(s.n_notes, 0);
    ropelaw_series_clear(&s);
}
END_TEST

static bool same(double x, double y) {
    return x == y || (isnan(x) && isnan(y));
}

static void assert_same_run(const ropelaw_run *x, const ropelaw_run *y) {
    ck_assert_str_eq(x->name, y->name);
    ck_assert_str_eq(x->model, y->model);
    ck_assert_str_eq(x->method, y->method);
    ck_assert_int_eq(x->kind, y->kind);
    ck_assert_int_eq(x->digitised, y->digitised);
    ck_assert(same(x->rotary_dim, y->rotary_dim) && same(x->pretrain_base, y->pretrain_base) &&
              same(x->base, y->base));
    ck_assert(same(x->train_len_tok, y->train_len_tok) && same(x->tune_len_tok, y->tune_len_tok));
    ck_assert(same(x->factor, y->factor));
    ck_assert_uint_eq(x->n_points, y->n_points);
    ck_assert_uint_eq(x->n_docs, y->n_docs);
    for (size_t i = 0; i < x->n_docs; i++) ck_assert_str_eq(x->docs[i], y->docs[i]);
    for (size_t i = 0; i < x->n_points; i++) {
        const ropelaw_point *p = &x->points[i], *q = &y->points[i];
        ck_assert(same(p->eval_len_tok, q->eval_len_tok) && same(p->value, q->value) && same(p->se, q->se));
        ck_assert(same(p->n_tokens, q->n_tokens) && same(p->n_trials, q->n_trials));
        ck_assert(p->doc == q->doc && p->replicate == q->replicate && p->censored == q->censored);
        for (size_t c = 0; c < x->n_extra; c++) {
            const char *a = ropelaw_run_extra(x, p, x->extra[c]), *b = ropelaw_run_extra(y, q, x->extra[c]);
            ck_assert((a == NULL) == (b == NULL));
            if (a) ck_assert_str_eq(a, b);
        }
    }
}

static void assert_same(const ropelaw_series *x, const ropelaw_series *y) {
    ck_assert_uint_eq(x->n_runs, y->n_runs);
    for (size_t i = 0; i < x->n_runs; i++) assert_same_run(&x->runs[i], &y->runs[i]);
    ck_assert_uint_eq(x->n_keys, y->n_keys);
    for (size_t i = 0; i < x->n_keys; i++) {
        ck_assert_str_eq(x->keys[i].key, y->keys[i].key);
        ck_assert_str_eq(x->keys[i].value, y->keys[i].value);
    }
}

static void round_trip(ropelaw_series *s) {
    char *text;
    size_t n;
    test_assert_ok(ropelaw_series_write(s, &text, &n, &error), error);
    ck_assert_uint_eq(strlen(text), n);
    ropelaw_series again;
    test_assert_ok(ropelaw_series_parse(text, n, "again", &again, &error), error);
    assert_same(s, &again);
    ropelaw_series_clear(&again);
    ropelaw_text_free(text);
}

START_TEST(written_and_read_back) {
    ropelaw_series s = parsed(full);
    round_trip(&s);
    ropelaw_series more = parsed("# kind: digitised, by eye\nrun,eval_len_tok,accuracy,n_trials,doc\n\"#q, "
                                 "\"\"x\"\"\",0.1,0.3333333333333333,7,\" d\"\n");
    ck_assert_int_eq(more.runs[0].digitised, 1);
    ck_assert_str_eq(more.runs[0].name, "#q, \"x\"");
    round_trip(&more);
    test_assert_ok(ropelaw_series_merge(&s, &more, &error), error);
    ck_assert_uint_eq(s.n_runs, 3);
    ck_assert_uint_eq(more.n_runs, 0);
    round_trip(&s);
    ropelaw_series_clear(&s);
    ropelaw_series_clear(&s);
}
END_TEST

static const char further[] = "run,seed,eval_len_tok,\"a, \"\"b\"\"\",ppl,\"tab\there\",empty\n"
                              "r,7,4096,\"x\ny\",5,\" \",\n"
                              "s,,8,,6,,\n"
                              "r,8,2048,\"#,\"\"\",4,\xff\xfe,\n";

START_TEST(unknown_columns_are_kept) {
    ropelaw_series s = parsed(further);
    const ropelaw_run *r = &s.runs[0];
    ck_assert_uint_eq(r->n_extra, 4);
    ck_assert_str_eq(r->extra[1], "a, \"b\"");
    ck_assert_str_eq(ropelaw_run_extra(r, &r->points[0], "seed"), "8"); /* points are sorted by length */
    ck_assert_str_eq(ropelaw_run_extra(r, &r->points[1], "seed"), "7");
    ck_assert_str_eq(ropelaw_run_extra(r, &r->points[1], "a, \"b\""), "x\ny");
    ck_assert_str_eq(ropelaw_run_extra(r, &r->points[0], "tab\there"), "\xff\xfe");
    ck_assert_str_eq(ropelaw_run_extra(r, &r->points[1], "tab\there"), " ");
    ck_assert_ptr_null(ropelaw_run_extra(r, &r->points[0], "empty"));
    ck_assert_ptr_null(ropelaw_run_extra(r, &r->points[0], "nope"));
    ck_assert_ptr_null(ropelaw_run_extra(&s.runs[1], &s.runs[1].points[0], "seed"));
    ck_assert_uint_eq(s.runs[1].n_extra_rows, 0);
    ck_assert_uint_eq(s.n_notes, 4);
    ck_assert_msg(strstr(s.notes[0], "\"seed\" is not known: kept, not used") != NULL, "%s", s.notes[0]);
    round_trip(&s);
    char *text;
    test_assert_ok(ropelaw_series_write(&s, &text, NULL, &error), error);
    ck_assert_str_eq(text, "run,eval_len_tok,ppl,seed,\"a, \"\"b\"\"\",\"tab\there\"\n"
                           "r,2048,4,8,\"#,\"\"\",\xff\xfe\n"
                           "r,4096,5,7,\"x\ny\",\" \"\n"
                           "s,8,6,,,\n");
    ropelaw_text_free(text);
    ropelaw_series_clear(&s);
}
END_TEST

/* Files whose columns differ: each run keeps its own, the text has them all. */
START_TEST(unknown_columns_of_several_files) {
    ropelaw_series s = parsed("run,eval_len_tok,ppl,x,y\na,1,2,ax,ay\n"),
                   t = parsed("run,eval_len_tok,ppl,y,z\nb,1,2,by,bz\n");
    test_assert_ok(ropelaw_series_merge(&s, &t, &error), error);
    char *text;
    test_assert_ok(ropelaw_series_write(&s, &text, NULL, &error), error);
    ck_assert_str_eq(text, "run,eval_len_tok,ppl,x,y,z\na,1,2,ax,ay,\nb,1,2,,by,bz\n");
    ropelaw_text_free(text);
    ropelaw_series_clear(&s);
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

START_TEST(written_bytes) {
    ropelaw_series s = parsed("# source: x\nrun,eval_len_tok,loss_nats\nr,4k,0.1\n");
    char *text;
    test_assert_ok(ropelaw_series_write(&s, &text, NULL, &error), error);
    ck_assert_str_eq(text, "# source: x\nrun,eval_len_tok,loss_nats\nr,4096,0.1\n");
    ropelaw_text_free(text);
    s.keys[0].value[0] = '\n';
    test_assert_fails(ropelaw_series_write(&s, &text, NULL, &error), ROPELAW_INVALID, error, "keys");
    ropelaw_series_clear(&s);
}
END_TEST

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

START_TEST(merging_the_same_run_twice) {
    ropelaw_series s = parsed(full), t = parsed(full);
    test_assert_fails(ropelaw_series_merge(&s, &t, &error), ROPELAW_INVALID, error, "run");
    ck_assert_uint_eq(s.n_runs, 2);
    ck_assert_uint_eq(t.n_runs, 2);
    ropelaw_series_clear(&s);
    ropelaw_series_clear(&t);
}
END_TEST

START_TEST(merging_many) {
    ropelaw_series all = {0};
    for (int i = 0; i < 40; i++) {
        char text[200] = "# k: v\nrun,eval_len_tok,ppl\n";
        for (int j = 0; j <= i % 9; j++) sprintf(text + strlen(text), "r%d_%d,1,2\n", i, j);
        ropelaw_series s = parsed(text);
        test_assert_ok(ropelaw_series_merge(&all, &s, &error), error);
    }
    ck_assert_uint_eq(all.n_keys, 40);
    ck_assert_uint_eq(all.n_runs, 4 * 45 + 1 + 2 + 3 + 4);
    ck_assert_str_eq(all.runs[all.n_runs - 1].name, "r39_3");
    ropelaw_series_clear(&all);
}
END_TEST

static void run_out_of_memory(const char *input) {
    int failures = 0;
    ropelaw_status status = ROPELAW_NOMEM;
    for (long n = 1; status == ROPELAW_NOMEM; n++) {
        ropelaw_series s = {0};
        char *text = NULL;
        core_fail_allocations_from(n);
        status = parse(input, &s);
        if (!status) status = ropelaw_series_write(&s, &text, NULL, &error);
        core_fail_allocations_from(0);
        failures += status == ROPELAW_NOMEM;
        ropelaw_series_clear(&s);
        ropelaw_text_free(text);
    }
    ck_assert_int_eq(status, ROPELAW_OK);
    ck_assert_int_gt(failures, 20);
}

START_TEST(out_of_memory) {
    run_out_of_memory(full);
    run_out_of_memory(further);
}
END_TEST

static void comma_locale(void) {
    ropelaw_series s = parsed("run,eval_len_tok,ppl\na,1,2.5\n");
    ck_assert_double_eq(s.runs[0].points[0].value, 2.5);
    char *text;
    test_assert_ok(ropelaw_series_write(&s, &text, NULL, &error), error);
    ck_assert_str_eq(text, "run,eval_len_tok,ppl\na,1,2.5\n");
    ropelaw_text_free(text);
    ropelaw_series_clear(&s);
}

START_TEST(decimal_comma) {
    ck_assert_ptr_nonnull(setlocale(LC_ALL, "de_DE.UTF-8"));
    comma_locale();
}
END_TEST

int main(void) {
    Suite *s = suite_create("series");
    const TTest *const tests[] = {reads_everything,
                                  written_and_read_back,
                                  written_bytes,
                                  unknown_columns_are_kept,
                                  unknown_columns_of_several_files,
                                  too_many_unknown_columns,
                                  nothing_left,
                                  what_is_left_out_is_noted,
                                  files,
                                  merging_the_same_run_twice,
                                  merging_many,
                                  out_of_memory,

                                  NULL};
    test_add(s, "series", tests);
    TCase *loop = tcase_create("bad input");
    tcase_add_loop_test(loop, bad_input, 0, sizeof bad / sizeof *bad);
    suite_add_tcase(s, loop);
    const TTest *const comma[] = {decimal_comma, NULL};
    if (setlocale(LC_ALL, "de_DE.UTF-8"))
        test_add(s, "series in a comma locale", comma);
    else
        test_skip("series in a comma locale", "no locale de_DE.UTF-8");
    setlocale(LC_ALL, "C");
    return test_run(s);
}
