/* Tests: series.c series_parse.c series_row.c series_write.c */
#include "series_text.h"
#include "core/core.h"
#include <ropelaw/table.h>
#include <locale.h>
#include <stdio.h>

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
                                  merging_the_same_run_twice,
                                  merging_many,
                                  out_of_memory,
                                  NULL};
    test_add(s, "series", tests);
    const TTest *const comma[] = {decimal_comma, NULL};
    if (setlocale(LC_ALL, "de_DE.UTF-8"))
        test_add(s, "series in a comma locale", comma);
    else
        test_skip("series in a comma locale", "no locale de_DE.UTF-8");
    setlocale(LC_ALL, "C");
    return test_run(s);
}
