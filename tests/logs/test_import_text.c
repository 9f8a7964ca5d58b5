/* Tests: import_long.c import_longrope.c import_yarn.c import_ruler.c import_longlora.c */
#include "import_support.h"

START_TEST(yarn_wide) {
    reads("y.csv", ",2048,4096,8192\nm/a,3.5,3.25,3\nb,4,,\nc,5,nan,6,,\n", NULL,
          "m/a: 2048=3.5 4096=3.25 8192=3; b: 2048=4; c: 2048=5 8192=6");
    reads("y.csv", "\"\",2048\nx,1.5", NULL, "x: 2048=1.5");
    reads("out.txt", "loading\norg/m-7b: 8192=3.54\norg/m-7b: 4096=4.5\n", NULL,
          "org/m-7b: 4096=4.5 8192=3.54");
    ropelaw_import_options o = ropelaw_import_options_default;
    o.as = ROPELAW_IMPORT_AS_LOSS;
    ropelaw_series s = imported("y", ",64\nx,-0.5\n", &o);
    ck_assert_int_eq(s.runs[0].kind, ROPELAW_VALUE_LOSS);
    ropelaw_series_clear(&s);
}
END_TEST

/* A single length, as YaRN's GovReport file. */
START_TEST(yarn_single_length) {
    reads("govreport.csv", ",32768\norg/a-13b,4.25\norg/b-64k,3.5", NULL,
          "org/a-13b: 32768=4.25; org/b-64k: 32768=3.5");
    reads("govreport.csv", "\xef\xbb\xbf,32768\r\na,4.25\r\n", NULL, "a: 32768=4.25");
}
END_TEST

static void longlora_refuses(void) {
    static const char no_length[] = "{'val_loss': 2.0, 'val_perplexity': 7.4}\n";
    refuses("e.log", no_length, NULL, ROPELAW_INVALID);
    ck_assert_str_eq(error.argument, "eval_len_tok");
    refuses("e", "Using seq length 8\n{'val_loss': x, 'val_perplexity': 7.4}\n", NULL, ROPELAW_PARSE);
    ck_assert_uint_eq(error.line, 2);
    ropelaw_import_options o = ropelaw_import_options_default;
    o.run = "mine";
    o.eval_len_tok = 64;
    reads("e", "{\"val_loss\": 0, \"val_perplexity\": 7.4}\n", &o, "mine: 64=1");
    o.as = ROPELAW_IMPORT_AS_ACCURACY;
    refuses("e", no_length, &o, ROPELAW_PARSE);
    ck_assert_ptr_nonnull(strstr(error.message, "val_acc"));
}

START_TEST(longlora) {
    ropelaw_series s = imported("e.log", sample_longlora, NULL);
    ck_assert_str_eq(s.runs[0].name, "/m/llama-7b");
    test_assert_rel(s.runs[0].points[0].value, exp(2.0), 1e-15); /* from the loss: 2.71828^2 is 1.3e-6 off */
    test_assert_abs(s.runs[0].points[0].eval_len_tok, 8192, 0);
    ropelaw_series_clear(&s);
    ropelaw_import_options o = ropelaw_import_options_default;
    o.as = ROPELAW_IMPORT_AS_LOSS;
    reads("e.log", sample_longlora, &o, "/m/llama-7b: 8192=2");
    o.as = ROPELAW_IMPORT_AS_ACCURACY;
    s = imported("e.log", sample_longlora, &o);
    ck_assert_int_eq(s.runs[0].kind, ROPELAW_VALUE_ACCURACY);
    ck_assert_str_eq(shown(&s), "/m/llama-7b: 8192=0.5");
    /* several windows, an adapter, no accuracy, a list of chunks, no loss */
    reads("e.log",
          "base model b\npeft model x/lora-16k\nUsing seq length 4096\n"
          "{'val_loss': 0.0, 'val_perplexity': 1.0, 'val_perplexity_per_chunk': [1.0, 1.5]}\n"
          "Using seq length 16384\n{'val_perplexity': 3.25}\n"
          "{'val_loss': nan, 'val_perplexity': nan}\n",
          NULL, "x/lora-16k: 4096=1 16384=3.25");
    longlora_refuses();
}
END_TEST

START_TEST(longrope) {
    reads("a/llama.csv", "length,ppl\n32768,3.2\n65536,3.5", NULL, "llama: 32768=3.2 65536=3.5");
    reads("e.log",
          "[08-23 10:11] Perplexity (num_tokens = 32768) = 3.2\n"
          "[08-23 10:12] Perplexity (num_tokens = 65536) = 3.5\n",
          NULL, "e: 32768=3.2 65536=3.5");
    ropelaw_series s = imported("t.tsv", "context_length\taccuracy\n4k\t0.5\n", NULL);
    ck_assert_int_eq(s.runs[0].kind, ROPELAW_VALUE_ACCURACY);
    ck_assert_str_eq(shown(&s), "t: 4096=0.5");
}
END_TEST

START_TEST(long_format) {
    reads("l.csv", "# source: x\nrun,eval_len_tok,ppl\nr,4k,5\n", NULL, "r: 4096=5");
}
END_TEST

START_TEST(ruler) {
    static const char summary[] = "0,1,2\nTasks,niah_single_1,vt\nScore,100.0,87.5\nNulls,0/500,3/500\n";
    ropelaw_series s = imported("results/llama/synthetic/8192/pred/summary.csv", summary, NULL);
    ck_assert_str_eq(s.runs[0].docs[1], "vt");
    ck_assert_double_eq(s.runs[0].points[1].n_trials, 500);
    ck_assert_str_eq(shown(&s), "llama: 8192=1 8192=0.875");
    reads("m/32k/summary.csv", "Tasks,vt\nScore,50\n", NULL, "m: 32768=0.5");
    refuses("8192/summary.csv", "0,1\nTasks,a\nScore,101\n", NULL, ROPELAW_PARSE);
    refuses("8192/summary.csv", "0,1\nTasks,a\n", NULL, ROPELAW_PARSE);
    refuses("summary.csv", summary, NULL, ROPELAW_INVALID);
    ck_assert_str_eq(error.argument, "eval_len_tok");
}
END_TEST

int main(void) {
    Suite *s = suite_create("import");
    const TTest *const tests[] = {yarn_wide, yarn_single_length, longlora, longrope, long_format, ruler,
                                  NULL};
    test_add(s, "import", tests);
    return test_run(s);
}
