/* Tests: import.c sink.c text.c walk.c import_long.c import_longrope.c import_yarn.c import_ruler.c import_lm_eval.c import_niah.c import_llama.c import_longlora.c */
#include "test.h"
#include "core/core.h"
#include "logs/logs.h"
#include <ropelaw/random.h>
#include <ropelaw/table.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ropelaw_error error;

static ropelaw_status import(const char *text, const char *name, const ropelaw_import_options *options,
                             ropelaw_series *series) {
    memset(&error, 0, sizeof error);
    return ropelaw_import_parse(text, strlen(text), name, options, series, &error);
}

static ropelaw_series imported(const char *text, const char *name) {
    ropelaw_series series = {0};
    test_assert_ok(import(text, name, NULL, &series), error);
    return series;
}

/* "run: length=value length=value; run: ..." */
static const char *shown(ropelaw_series *series) {
    static char text[2000];
    *text = 0;
    for (size_t i = 0; i < series->n_runs; i++) {
        sprintf(text + strlen(text), "%s%s:", i ? "; " : "", series->runs[i].name);
        for (size_t j = 0; j < series->runs[i].n_points; j++)
            sprintf(text + strlen(text), " %g=%g", series->runs[i].points[j].eval_len_tok,
                    series->runs[i].points[j].value);
    }
    ropelaw_series_clear(series);
    return text;
}

static const char *one(const char *text, const char *name) {
    ropelaw_series series = imported(text, name);
    return shown(&series);
}

/* ---- llama.cpp */

static const char now[] =
    "perplexity: tokenizing the input ..\n"
    "perplexity: tokenization took 737.026 ms\n"
    "perplexity: calculating perplexity over 4 chunks, n_ctx=2048, batch_size=512, n_seq=1\n"
    "perplexity: 0.55 seconds per pass - ETA 0.03 minutes\n"
    "[1]9.6667,[2]11.4286,[3]11.6311,[4]10.3475,\n"
    "Final estimate: PPL = 10.3475 +/- 0.42292\n";

START_TEST(llama_log) {
    ropelaw_series s = imported(now, "logs/tiny.log");
    ck_assert_str_eq(s.runs[0].name, "tiny");
    ck_assert_int_eq(s.runs[0].kind, ROPELAW_VALUE_PPL);
    ck_assert_double_eq(s.runs[0].points[0].se, 0.42292);
    ck_assert_uint_eq(s.n_notes, 0);
    ck_assert_str_eq(shown(&s), "tiny: 2048=10.3475");
}
END_TEST

START_TEST(llama_variants) {
    /* time and level in front, model named by the loader, two windows in one log */
    ck_assert_str_eq(
        one("0.00.040.123 I llama_model_loader: loaded meta data with 29 key-value pairs and 201 tensors "
            "from models/x/base-Q4_K.gguf (version GGUF V3 (latest))\n"
            "0.02.204.209 I perplexity: calculating perplexity over 2 chunks, n_ctx=512, batch_size=512, "
            "n_seq=1\n"
            "0.02.3 I [1]5.5,[2]6.25,\n0.02.4 I Final estimate: PPL = 6.2500 +/- 0.1\n"
            "0.02.204.209 I perplexity: calculating perplexity over 2 chunks, n_ctx=1024, batch_size=512, "
            "n_seq=1\n"
            "[1]5.0,[2]6.0,Final estimate: PPL = 6.0000 +/- 0.1\n",
            "a.log"),
        "base-Q4_K: 512=6.25 1024=6");
    /* 2023: no n_ctx, no final estimate: the window is that of the context */
    ck_assert_str_eq(
        one("llama_new_context_with_model: n_ctx      = 4096\n"
            "perplexity : calculating perplexity over 3 chunks, batch_size=128\n[1]4.5,[2]4.25,[3]4.75,\n",
            "old.txt"),
        "old: 4096=4.75");
    /* the command line says it; its window wins over that of the context, which may hold several sequences */
    ck_assert_str_eq(one("./perplexity -m /m/wizard.gguf -c 2048 -f wiki.raw\nn_ctx = 512\n"
                         "perplexity : calculating perplexity over 1 chunks, batch_size=128\n[1]4.5,\n",
                         "x"),
                     "wizard: 2048=4.5");
    /* columns of --ppl-output-type 1 with the standard error of the loss */
    ropelaw_series s =
        imported("perplexity: calculating perplexity over 2 chunks, n_ctx=512, batch_size=512, n_seq=1\n"
                 "     512  10.0000  2.302585  0.010000\n    1024  20.0000  2.995732  0.020000\n",
                 "cols.log");
    test_assert_rel(s.runs[0].points[0].se, 0.4, 1e-12);
    ck_assert_str_eq(shown(&s), "cols: 512=20");
    ck_assert_str_eq(one("n_ctx = 512\nperplexity: 13.5106 [114/114]\n", "oldest"), "oldest: 512=13.5106");
    /* --ppl-stride: no n_ctx= and no final estimate; the window is that of the adjusted context */
    ck_assert_str_eq(
        one("./llama-perplexity -m /m/s.gguf -c 512 --ppl-stride 256 -f w\n"
            "main: Will perform strided perplexity calculation -> adjusting context size from 512 to 640\n"
            "perplexity_v2: have 5000 tokens. Calculation chunk = 640\n"
            "perplexity_v2: calculating perplexity over 2 chunks, batch_size=512\n[1]7.5,[2]7.25,\n",
            "x.log"),
        "s: 640=7.25");
    ck_assert_str_eq(one("perplexity_v2: have 5000 tokens. Calculation chunk = 640\n"
                         "perplexity_v2: calculating perplexity over 2 chunks, batch_size=512\n"
                         "     256  7.5000\n     512  7.2500\n",
                         "x.log"),
                     "x: 640=7.25");
    /* several models in one log, the first without a final estimate */
    ck_assert_str_eq(one("+ ./bin/llama-perplexity --model ../m/base-f16.gguf -f w -c 128\n"
                         "I llama_model_loader: loaded meta data with 22 key-value pairs from "
                         "../m/base-f16.gguf (version GGUF V3)\n"
                         "I perplexity: calculating perplexity over 1 chunks, n_ctx=128, batch_size=128, "
                         "n_seq=1\n[1]10.5,\n"
                         "+ ./bin/llama-perplexity --model ../m/base-q8.gguf -f w\n"
                         "I llama_model_loader: loaded meta data with 22 key-value pairs from "
                         "../m/base-q8.gguf (version GGUF V3)\n"
                         "I perplexity: calculating perplexity over 1 chunks, n_ctx=256, batch_size=128, "
                         "n_seq=1\n[1]10.25,\n"
                         "Final estimate: PPL = 10.2500 +/- 3.2\n",
                         "ci.log"),
                     "base-f16: 128=10.5; base-q8: 256=10.25");
    /* exllamav3 and others print the values alone */
    ropelaw_import_options alone = ropelaw_import_options_default;
    alone.eval_len_tok = 2048;
    ropelaw_series bare;
    test_assert_ok(import("[1]5.5,[2]5.25,\nFinal estimate: PPL = 5.2500 +/- 0.01\n", "e.log", &alone, &bare),
                   error);
    ck_assert_str_eq(shown(&bare), "e: 2048=5.25");
    s = imported("kl_divergence: computing over 3 chunks, n_ctx=512, batch_size=2048, n_seq=4\n"
                 "Mean PPL(Q)                   :   6.283551 ±   0.091234\nMean PPL(base)   : 6.2 ± 0.09\n",
                 "kl.log");
    ck_assert_double_eq(s.runs[0].points[0].se, 0.091234);
    ck_assert_str_eq(shown(&s), "kl: 512=6.28355");
}
END_TEST

START_TEST(llama_incomplete) {
    ropelaw_series s =
        imported("calculating perplexity over 10 chunks, n_ctx=512\n[1]5,[2]6,[3]7.5,\n", "cut.log");
    ck_assert_uint_eq(s.n_notes, 1);
    ck_assert_ptr_nonnull(strstr(s.notes[0], "unfinished, 3 of 10 chunks"));
    ck_assert_str_eq(shown(&s), "cut: 512=7.5");
    s = imported("calculating perplexity over 2 chunks, n_ctx=512\n[1]5,[2]nan,\n"
                 "calculating perplexity over 2 chunks, n_ctx=1024\n[1]5,[2]8,\n",
                 "n.log");
    ck_assert_ptr_nonnull(strstr(s.notes[0], "not finite"));
    ck_assert_str_eq(shown(&s), "n: 1024=8");
    ck_assert_int_eq(import("calculating perplexity over 1 chunks, batch_size=8\n[1]5,\n", "w.log", NULL, &s),
                     ROPELAW_INVALID);
    ck_assert_str_eq(error.argument, "eval_len_tok");
    ropelaw_import_options o = ropelaw_import_options_default;
    o.eval_len_tok = 2048;
    o.run = "mine";
    test_assert_ok(import("calculating perplexity over 1 chunks, batch_size=8\n[1]5,\n", "w.log", &o, &s),
                   error);
    ck_assert_str_eq(shown(&s), "mine: 2048=5");
}
END_TEST

/* One line of running means longer than any fixed buffer. */
START_TEST(llama_long_line) {
    size_t n = 20000, used;
    char *text = malloc(20 * n + 200), expected[64];
    used = (size_t)sprintf(text, "calculating perplexity over %zu chunks, n_ctx=512\n", n);
    for (size_t i = 1; i <= n; i++) used += (size_t)sprintf(text + used, "[%zu]%zu.5,", i, i % 97 + 1);
    ropelaw_series s = imported(text, "l.log");
    ck_assert_uint_eq(s.n_notes, 0);
    sprintf(expected, "l: 512=%g", (double)(n % 97 + 1) + 0.5);
    ck_assert_str_eq(shown(&s), expected);
    free(text);
}
END_TEST

/* ---- CSV formats */

START_TEST(yarn_wide) {
    ck_assert_str_eq(one(",2048,4096,8192\nm/a,3.5,3.25,3\nb,4,,\nc,5,nan,6,,\n", "y.csv"),
                     "m/a: 2048=3.5 4096=3.25 8192=3; b: 2048=4; c: 2048=5 8192=6");
    ck_assert_str_eq(one("\"\",2048\nx,1.5", "y.csv"), "x: 2048=1.5");
    ck_assert_str_eq(one("loading\norg/m-7b: 8192=3.54\norg/m-7b: 4096=4.5\n", "out.txt"),
                     "org/m-7b: 4096=4.5 8192=3.54");
    ropelaw_import_options o = ropelaw_import_options_default;
    o.as = ROPELAW_IMPORT_AS_LOSS;
    ropelaw_series s;
    test_assert_ok(import(",64\nx,-0.5\n", "y", &o, &s), error);
    ck_assert_int_eq(s.runs[0].kind, ROPELAW_VALUE_LOSS);
    ropelaw_series_clear(&s);
}
END_TEST

/* A single length, as YaRN's GovReport file. */
START_TEST(yarn_single_length) {
    ck_assert_str_eq(one(",32768\norg/a-13b,4.25\norg/b-64k,3.5", "govreport.csv"),
                     "org/a-13b: 32768=4.25; org/b-64k: 32768=3.5");
    ck_assert_str_eq(one("\xef\xbb\xbf,32768\r\na,4.25\r\n", "govreport.csv"), "a: 32768=4.25");
}
END_TEST

static const char longlora_log[] = "Num validation tokens: 4642439\n"
                                   "data path proof_pile.bin\n"
                                   "base model /m/llama-7b\n"
                                   "peft model None\n"
                                   "Using seq length 8192\n"
                                   "100%|####| 30/30\n"
                                   "{'val_acc': 0.5, 'val_loss': 2.0, 'val_perplexity': 7.38900, "
                                   "'val_perplexity_per_chunk': tensor([7.3891])}\n";

START_TEST(longlora) {
    ropelaw_series s = imported(longlora_log, "e.log");
    ck_assert_str_eq(s.runs[0].name, "/m/llama-7b");
    test_assert_rel(s.runs[0].points[0].value, exp(2.0), 1e-15); /* from the loss: 2.71828^2 is 1.3e-6 off */
    test_assert_abs(s.runs[0].points[0].eval_len_tok, 8192, 0);
    ropelaw_series_clear(&s);
    ropelaw_import_options o = ropelaw_import_options_default;
    o.as = ROPELAW_IMPORT_AS_LOSS;
    test_assert_ok(import(longlora_log, "e.log", &o, &s), error);
    ck_assert_str_eq(shown(&s), "/m/llama-7b: 8192=2");
    o.as = ROPELAW_IMPORT_AS_ACCURACY;
    test_assert_ok(import(longlora_log, "e.log", &o, &s), error);
    ck_assert_int_eq(s.runs[0].kind, ROPELAW_VALUE_ACCURACY);
    ck_assert_str_eq(shown(&s), "/m/llama-7b: 8192=0.5");
    /* several windows, an adapter, no accuracy, a list of chunks, no loss */
    ck_assert_str_eq(one("base model b\npeft model x/lora-16k\nUsing seq length 4096\n"
                         "{'val_loss': 0.0, 'val_perplexity': 1.0, 'val_perplexity_per_chunk': [1.0, 1.5]}\n"
                         "Using seq length 16384\n{'val_perplexity': 3.25}\n"
                         "{'val_loss': nan, 'val_perplexity': nan}\n",
                         "e.log"),
                     "x/lora-16k: 4096=1 16384=3.25");
    ck_assert_int_eq(import("{'val_loss': 2.0, 'val_perplexity': 7.4}\n", "e.log", NULL, &s),
                     ROPELAW_INVALID);
    ck_assert_str_eq(error.argument, "eval_len_tok");
    ck_assert_int_eq(import("Using seq length 8\n{'val_loss': x, 'val_perplexity': 7.4}\n", "e", NULL, &s),
                     ROPELAW_PARSE);
    ck_assert_uint_eq(error.line, 2);
    o.run = "mine";
    o.eval_len_tok = 64;
    ck_assert_int_eq(import("{'val_loss': 2.0, 'val_perplexity': 7.4}\n", "e", &o, &s), ROPELAW_PARSE);
    ck_assert_ptr_nonnull(strstr(error.message, "val_acc"));
    o.as = ROPELAW_IMPORT_AS_FOUND;
    test_assert_ok(import("{\"val_loss\": 0, \"val_perplexity\": 7.4}\n", "e", &o, &s), error);
    ck_assert_str_eq(shown(&s), "mine: 64=1");
}
END_TEST

START_TEST(longrope) {
    ck_assert_str_eq(one("length,ppl\n32768,3.2\n65536,3.5", "a/llama.csv"), "llama: 32768=3.2 65536=3.5");
    ck_assert_str_eq(
        one("[08-23 10:11] Perplexity (num_tokens = 32768) = 3.2\n[08-23 10:12] Perplexity (num_tokens = "
            "65536) = 3.5\n",
            "e.log"),
        "e: 32768=3.2 65536=3.5");
    ropelaw_series s = imported("context_length\taccuracy\n4k\t0.5\n", "t.tsv");
    ck_assert_int_eq(s.runs[0].kind, ROPELAW_VALUE_ACCURACY);
    ck_assert_str_eq(shown(&s), "t: 4096=0.5");
}
END_TEST

START_TEST(long_format) {
    ck_assert_str_eq(one("# source: x\nrun,eval_len_tok,ppl\nr,4k,5\n", "l.csv"), "r: 4096=5");
}
END_TEST

START_TEST(ruler) {
    static const char summary[] = "0,1,2\nTasks,niah_single_1,vt\nScore,100.0,87.5\nNulls,0/500,3/500\n";
    ropelaw_series s = imported(summary, "results/llama/synthetic/8192/pred/summary.csv");
    ck_assert_str_eq(s.runs[0].docs[1], "vt");
    ck_assert_double_eq(s.runs[0].points[1].n_trials, 500);
    ck_assert_str_eq(shown(&s), "llama: 8192=1 8192=0.875");
    ck_assert_str_eq(one("Tasks,vt\nScore,50\n", "m/32k/summary.csv"), "m: 32768=0.5");
    ck_assert_int_eq(import(summary, "summary.csv", NULL, &s), ROPELAW_INVALID);
    ck_assert_str_eq(error.argument, "eval_len_tok");
    ck_assert_int_eq(import("0,1\nTasks,a\nScore,101\n", "8192/summary.csv", NULL, &s), ROPELAW_PARSE);
    ck_assert_int_eq(import("0,1\nTasks,a\n", "8192/summary.csv", NULL, &s), ROPELAW_PARSE);
}
END_TEST

/* ---- JSON formats */

START_TEST(lm_eval) {
    ropelaw_series s = imported(
        "{\"results\": {\"ruler_vt\": {\"alias\": \"vt\", \"4096,none\": 0.75, \"4096_stderr,none\": \"N/A\","
        " \"8192,none\": 0.5, \"8192_stderr,none\": 0.01, \"131072,none\": -1}},"
        " \"model_name\": \"org/m\"}",
        "results_x.json");
    ck_assert(isnan(s.runs[0].points[0].se));
    ck_assert_double_eq(s.runs[0].points[1].se, 0.01);
    ck_assert_str_eq(shown(&s), "org/m/ruler_vt: 4096=0.75 8192=0.5");
    s = imported(
        "{\"results\": {\"wikitext\": {\"word_perplexity,none\": 13.16, \"word_perplexity_stderr,none\": "
        "\"N/A\","
        " \"bits_per_byte,none\": 0.7}}, \"config\": {\"model_args\": \"pretrained=a/b,max_length=8192\"}}",
        "r.json");
    ck_assert_int_eq(s.runs[0].kind, ROPELAW_VALUE_PPL);
    ck_assert_str_eq(shown(&s), "a/b/wikitext: 8192=13.16");
    ck_assert_int_eq(import("{\"results\": {\"arc\": {\"acc\": 0.5}}}", "r.json", NULL, &s), ROPELAW_PARSE);
    ropelaw_import_options o = ropelaw_import_options_default;
    o.eval_len_tok = 2048;
    test_assert_ok(import("{\"results\": {\"arc\": {\"acc\": 0.5}}}", "r.json", &o, &s), error);
    ck_assert_str_eq(shown(&s), "r/arc: 2048=0.5");
    /* several metrics in a task: a run each */
    o.eval_len_tok = 1024;
    static const char lambada[] =
        "{\"results\": {\"lambada\": {\"ppl\": 9.5, \"ppl_stderr\": 0.25, \"acc\": 0.5, \"acc_norm\": 0.75},"
        " \"gsm8k\": {\"exact_match,strict-match\": 0.25, \"exact_match,flexible-extract\": 0.5}}}";
    test_assert_ok(import(lambada, "p.json", &o, &s), error);
    ck_assert_double_eq(s.runs[0].points[0].se, 0.25);
    ck_assert_str_eq(shown(&s),
                     "p/lambada/ppl: 1024=9.5; p/lambada/acc: 1024=0.5; p/gsm8k/exact_match,strict-match: "
                     "1024=0.25; p/gsm8k/exact_match,flexible-extract: 1024=0.5");
    o.as = ROPELAW_IMPORT_AS_PPL;
    test_assert_ok(import(lambada, "p.json", &o, &s), error);
    ck_assert_str_eq(shown(&s), "p/lambada: 1024=9.5");
    /* not finite: left out */
    s = imported("{\"results\": {\"ruler_vt\": {\"4096,none\": NaN, \"8192,none\": 0.5}}}", "r.json");
    ck_assert_uint_eq(s.n_notes, 1);
    ck_assert_str_eq(shown(&s), "r/ruler_vt: 8192=0.5");
    ck_assert_int_eq(import("{\"results\": [1]}", "r.json", NULL, &s), ROPELAW_PARSE);
    ck_assert_int_eq(import("{\"results\": {\"a\": {\"4096\": 1.5}}}", "r.json", NULL, &s), ROPELAW_PARSE);
}
END_TEST

START_TEST(niah) {
    static const char cell[] =
        "{\"model\": \"m\", \"context_length\": 4000, \"depth_percent\": 50, \"score\": %s}";
    char text[400], one_cell[200];
    sprintf(one_cell, cell, "10");
    sprintf(text, "[%s, {\"model\": \"m\", \"context_length\": 1000, \"depth_percent\": 0, \"score\": 3}]",
            one_cell);
    ropelaw_series s = imported(text, "n.json");
    ck_assert_str_eq(s.runs[0].docs[0], "depth 50");
    ck_assert_ptr_nonnull(strstr(s.notes[0], "parts of 10"));
    ck_assert_str_eq(shown(&s), "m: 1000=0.3 4000=1");
    sprintf(text, cell, "0.25");
    ck_assert_str_eq(one(text, "n.json"), "m: 4000=0.25");
    /* no name anywhere */
    ck_assert_str_eq(one("{\"model\": \"\", \"context_length\": 10, \"score\": 1}", ""), "run: 10=1");
    sprintf(text, cell, "75");
    ck_assert_str_eq(one(text, "n.json"), "m: 4000=0.75");
    sprintf(text, cell, "101");
    ck_assert_int_eq(import(text, "n.json", NULL, &s), ROPELAW_PARSE);
    sprintf(text, cell, "\"high\"");
    ck_assert_int_eq(import(text, "n.json", NULL, &s), ROPELAW_PARSE);
}
END_TEST

/* ---- folders and several files */

static void put(const char *folder, const char *name, const char *text) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *c = path + strlen(folder) + 1; (c = strchr(c, '/')); c++) {
        *c = 0;
        mkdir(path, 0700);
        *c = '/';
    }
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

START_TEST(folders) {
    char folder[] = "/tmp/ropelaw-import-XXXXXX", command[100];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    put(folder, "m/synthetic/8192/pred/summary.csv", "0,1\nTasks,vt\nScore,50\n");
    put(folder, "m/synthetic/4096/pred/summary.csv", "0,1\nTasks,vt\nScore,100\n");
    put(folder, "m/synthetic/4096/pred/notes.txt", "nothing to see\n");
    put(folder, "m/synthetic/4096/pred/vt.jsonl", "{}\n");
    const char *paths[] = {folder};
    ropelaw_series s;
    test_assert_ok(ropelaw_import_read(paths, 1, NULL, &s, &error), error);
    ck_assert_uint_eq(s.n_notes, 1);
    ck_assert_ptr_nonnull(strstr(s.notes[0], "1 files of no known format"));
    ck_assert_str_eq(ropelaw_series_key(&s, "imported-from"), folder);
    ck_assert_uint_eq(s.runs[0].n_docs, 1);
    ck_assert_str_eq(shown(&s), "m: 4096=1 8192=0.5");
    put(folder, "m/synthetic/4096/pred/summary.csv", "0,1\nTasks,vt\nScore,abc\n");
    ck_assert_int_eq(ropelaw_import_read(paths, 1, NULL, &s, &error), ROPELAW_PARSE);
    ck_assert_ptr_nonnull(strstr(error.file, "4096/pred/summary.csv"));
    ck_assert_uint_eq(error.line, 3);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    test_assert_fails(ropelaw_import_read(paths, 1, NULL, &s, &error), ROPELAW_IO, error, "path");
}
END_TEST

START_TEST(lengths_in_paths) {
    char run[64];
    ck_assert_double_eq(logs_path_length("a/llama/synthetic/8192/pred/summary.csv", run, sizeof run), 8192);
    ck_assert_str_eq(run, "llama");
    ck_assert_double_eq(logs_path_length("x-7b/32k/s.csv", run, sizeof run), 32768);
    ck_assert_str_eq(run, "x-7b");
    ck_assert(isnan(logs_path_length("v2/7/s.csv", run, sizeof run)));
    ck_assert(isnan(logs_path_length("", run, sizeof run)));
    ck_assert_double_eq(logs_path_length("4096", run, sizeof run), 4096);
    ck_assert_str_eq(run, "");
}
END_TEST

/* ---- what is refused */

static const struct {
    const char *text;
    ropelaw_status status;
} bad[] = {
    {"",                                  ROPELAW_PARSE},
    {"hello\nworld\n",                    ROPELAW_PARSE},
    {"length,ppl\n",                      ROPELAW_PARSE},
    {"length,ppl\n10,abc\n",              ROPELAW_PARSE},
    {"length,ppl\n10,-1\n",               ROPELAW_PARSE},
    {"length,ppl\nx,1\n",                 ROPELAW_PARSE},
    {",2048\nx,-3\n",                     ROPELAW_PARSE},
    {",2048,abc\nx,1,2\n",                ROPELAW_PARSE},
    {",2048\n,1\n",                       ROPELAW_PARSE},
    {"{\"results\": ",                    ROPELAW_PARSE},
    {"Perplexity (num_tokens = x) = 3\n", ROPELAW_PARSE},
    {"run,eval_len_tok,ppl\nr,1,abc\n",   ROPELAW_PARSE},
};

START_TEST(bad_input) {
    ropelaw_series s, before;
    memset(&s, 0x5a, sizeof s);
    before = s;
    ck_assert_int_eq(import(bad[_i].text, "bad", NULL, &s), bad[_i].status);
    ck_assert_int_eq(memcmp(&s, &before, sizeof s), 0);
    ck_assert_str_eq(error.file, "bad");
    ck_assert_msg(error.message[0] != 0, "no message");
}
END_TEST

START_TEST(options_are_checked) {
    ropelaw_series s;
    ropelaw_import_options o = ropelaw_import_options_default;
    o.format = "nope";
    test_assert_fails(import(now, "x", &o, &s), ROPELAW_INVALID, error, "format");
    o = ropelaw_import_options_default;
    o.as = ROPELAW_IMPORT_AS_ACCURACY;
    test_assert_fails(import(now, "x", &o, &s), ROPELAW_INVALID, error, "as");
    o = ropelaw_import_options_default;
    o.run = "";
    test_assert_fails(import(now, "x", &o, &s), ROPELAW_INVALID, error, "run");
    o.run = NULL;
    o.eval_len_tok = -1;
    test_assert_fails(import(now, "x", &o, &s), ROPELAW_DOMAIN, error, "eval_len_tok");
    test_assert_fails(ropelaw_import_parse("a\0b", 3, "x", NULL, &s, &error), ROPELAW_PARSE, error, "");
}
END_TEST

static const char *const samples[] = {
    now,
    ",2048,4096\nm,3.5,3.25\n",
    "length,ppl\n32768,3.2\n",
    "0,1\nTasks,vt\nScore,50\nNulls,0/5\n",
    "{\"results\": {\"t\": {\"4096,none\": 0.5}}, \"config\": {\"model_args\": "
    "\"pretrained=a,max_length=5\"}}",
    "[{\"model\": \"m\", \"context_length\": 4, \"depth_percent\": 5, \"score\": 1}]",
    "run,eval_len_tok,ppl,doc\nr,1,2,d\n",
    "m: 8192=3.54\n",
    longlora_log,
};

/* Every allocation fails once in every format. */
START_TEST(out_of_memory) {
    ropelaw_status status = ROPELAW_NOMEM;
    for (long n = 1; status == ROPELAW_NOMEM; n++) {
        ropelaw_series s = {0};
        core_fail_allocations_from(n);
        status = import(samples[_i], "8192/x", NULL, &s);
        core_fail_allocations_from(0);
        ropelaw_series_clear(&s);
    }
    ck_assert_int_eq(status, ROPELAW_OK);
}
END_TEST

/* Bytes changed, dropped and doubled at random: an answer or an error, within the memory that is there. */
START_TEST(mutated) {
    ropelaw_random r;
    ropelaw_random_init(&r, 11, (uint64_t)_i);
    for (int round = 0; round < 4000; round++) {
        char text[600];
        size_t n = strlen(samples[_i]);
        memcpy(text, samples[_i], n);
        for (size_t k = 1 + ropelaw_random_bits(&r) % 4; k; k--) {
            static const char bytes[] = "0123456789.,-+eE[]{}\":\n\t #/xn\0\xff";
            size_t at = ropelaw_random_bits(&r) % n;
            if (ropelaw_random_bits(&r) % 3)
                text[at] = bytes[ropelaw_random_bits(&r) % (sizeof bytes - 1)];
            else
                n = at + 1;
        }
        ropelaw_series s = {0};
        ropelaw_status status = ropelaw_import_parse(text, n, "8192/x", NULL, &s, &error);
        ck_assert(status == ROPELAW_OK ? s.n_runs > 0 : error.message[0] != 0);
        ropelaw_series_clear(&s);
    }
}
END_TEST

/* What each reader of text is fed: cut anywhere, NUL, bytes that are no UTF-8, endless lines, deep nesting, repeated
   keys, other types. Named or guessed, a format answers or refuses with a message. */
static void survive(const char *text, size_t n, const char *format) {
    ropelaw_import_options o = ropelaw_import_options_default;
    ropelaw_series s = {0};
    o.format = format;
    memset(&error, 0, sizeof error);
    ropelaw_status status = ropelaw_import_parse(text, n, "8192/x", &o, &s, &error);
    ck_assert(status == ROPELAW_OK ? s.n_runs > 0 : error.message[0] && error.file[0]);
    ropelaw_series_clear(&s);
}

static void feed(const char *text, size_t n) {
    survive(text, n, NULL);
    for (size_t f = 0; ropelaw_import_format_get(f); f++)
        survive(text, n, ropelaw_import_format_get(f)->name);
}

START_TEST(hostile) {
    const char *text = samples[_i];
    size_t n = strlen(text);
    char changed[600];
    for (size_t i = 0; i <= n; i++) feed(text, i);
    for (size_t i = 0; i < n; i++) {
        static const char bytes[] = {0, (char)0xff, (char)0xc3, '"', '\n', '9'};
        for (size_t b = 0; b < sizeof bytes; b++) {
            memcpy(changed, text, n);
            changed[i] = bytes[b];
            survive(changed, n, NULL);
        }
    }
    memcpy(changed, text, n); /* bytes that are no UTF-8 in the place of every letter */
    for (size_t i = 0; i < n; i++)
        if (changed[i] >= 'a' && changed[i] <= 'z') changed[i] = (char)0xff;
    feed(changed, n);
}
END_TEST

START_TEST(hostile_json) {
    static const char *const all[] = {
        "{\"results\": {\"t\": {\"4096\": 0.5, \"4096\": 0.25}}, \"results\": {}}",
        "{\"results\": [], \"score\": 1, \"context_length\": 2}",
        "{\"results\": {\"t\": {\"4096\": {}}}}",
        "{\"results\": {\"t\": {\"4096\": \"0.5\"}}}",
        "{\"results\": {\"t\": {\"99999999999999999999\": 0.5}}}",
        "{\"results\": {\"t\": {\"4096\": 1e999}}}",
        "{\"results\": {\"t\": {\"acc\": 0.5}}, \"config\": {\"model_args\": {\"max_length\": -1}}}",
        "{\"results\": {\"t\": {\"acc\": 0.5}}, \"config\": {\"model_args\": \"max_length=1e999\"}}",
        "{\"results\": {\"t\": {\"acc\": 0.5}}, \"config\": [], \"model_name\": 3}",
        "[{\"context_length\": 1, \"context_length\": -1, \"score\": 1}]",
        "[{\"context_length\": \"1\", \"score\": 1}]",
        "[{\"context_length\": 1e300, \"score\": 1, \"model\": [], \"depth_percent\": {}}]",
        "[[{\"context_length\": 1, \"score\": 1}]]",
        "[{\"context_length\": 1, \"score\": NaN}]",
        "[{\"context_length\": Infinity, \"score\": 0}]"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) feed(all[i], strlen(all[i]));
    char deep[20000];
    size_t n = (size_t)sprintf(deep, "{\"results\": ");
    memset(deep + n, '[', sizeof deep - n);
    feed(deep, sizeof deep);
}
END_TEST

/* Long lines, and very many: what takes quadratic time does not end within the test's time. */
START_TEST(hostile_size) {
    size_t n = 1 << 18;
    char *text = malloc(n);
    static const char *const heads[] = {"",
                                        "[1]",
                                        ",2048\n",
                                        "length,ppl\n",
                                        "0,1\nTasks,",
                                        "run,eval_len_tok,ppl\n",
                                        "{'val_loss': ",
                                        "m: 8192=",
                                        "{\"results\": \""};
    for (size_t h = 0; h < sizeof heads / sizeof *heads; h++)
        for (int byte = 0; byte < 5; byte++) {
            memset(text, "9,\n[ "[byte], n);
            memcpy(text, heads[h], strlen(heads[h]));
            feed(text, n);
        }
    free(text);
}
END_TEST

START_TEST(formats_are_named) {
    size_t n = 0;
    for (; ropelaw_import_format_get(n); n++) {
        const ropelaw_import_format *f = ropelaw_import_format_get(n);
        ck_assert(*f->name && *f->summary && *f->source);
        for (size_t i = 0; i < n; i++) ck_assert_str_ne(f->name, ropelaw_import_format_get(i)->name);
    }
    ck_assert_uint_eq(n, 8);
}
END_TEST

int main(void) {
    Suite *s = suite_create("import");
    const TTest *const tests[] = {llama_log,
                                  llama_variants,
                                  llama_incomplete,
                                  llama_long_line,
                                  yarn_wide,
                                  yarn_single_length,
                                  longlora,
                                  longrope,
                                  long_format,
                                  ruler,
                                  lm_eval,
                                  niah,
                                  folders,
                                  lengths_in_paths,
                                  options_are_checked,
                                  formats_are_named,
                                  hostile_json,
                                  hostile_size,
                                  NULL};
    test_add(s, "import", tests);
    TCase *refused = tcase_create("import: bad input"), *memory = tcase_create("import: out of memory"),
          *mutants = tcase_create("import: mutated");
    tcase_add_loop_test(refused, bad_input, 0, sizeof bad / sizeof *bad);
    tcase_add_loop_test(memory, out_of_memory, 0, sizeof samples / sizeof *samples);
    tcase_add_loop_test(mutants, mutated, 0, sizeof samples / sizeof *samples);
    TCase *fed = tcase_create("import: hostile");
    tcase_add_loop_test(fed, hostile, 0, sizeof samples / sizeof *samples);
    suite_add_tcase(s, fed);
    suite_add_tcase(s, refused);
    suite_add_tcase(s, memory);
    suite_add_tcase(s, mutants);
    return test_run(s);
}
