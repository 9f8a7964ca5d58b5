/* Tests: import_llama.c */
#include "import_support.h"
#include "core/core.h"

START_TEST(llama_log) {
    ropelaw_series s = imported("logs/tiny.log", sample_llama, NULL);
    ck_assert_str_eq(s.runs[0].name, "tiny");
    ck_assert_int_eq(s.runs[0].kind, ROPELAW_VALUE_PPL);
    ck_assert_double_eq(s.runs[0].points[0].se, 0.42292);
    ck_assert_uint_eq(s.n_notes, 0);
    ck_assert_str_eq(shown(&s), "tiny: 2048=10.3475");
}
END_TEST

/* clang-format off: columns would be too wide to read */
static const struct {
    const char *name, *text, *expected;
} variants[] = {
    /* time and level in front, model named by the loader, two windows in one log */
    {"a.log",
     "0.00.040.123 I llama_model_loader: loaded meta data with 29 key-value pairs and 201 tensors "
     "from models/x/base-Q4_K.gguf (version GGUF V3 (latest))\n"
     "0.02.204.209 I perplexity: calculating perplexity over 2 chunks, n_ctx=512, batch_size=512, "
     "n_seq=1\n"
     "0.02.3 I [1]5.5,[2]6.25,\n0.02.4 I Final estimate: PPL = 6.2500 +/- 0.1\n"
     "0.02.204.209 I perplexity: calculating perplexity over 2 chunks, n_ctx=1024, batch_size=512, "
     "n_seq=1\n"
     "[1]5.0,[2]6.0,Final estimate: PPL = 6.0000 +/- 0.1\n",
     "base-Q4_K: 512=6.25 1024=6"},
    /* 2023: no n_ctx, no final estimate: the window is that of the context */
    {"old.txt",
     "llama_new_context_with_model: n_ctx      = 4096\n"
     "perplexity : calculating perplexity over 3 chunks, batch_size=128\n[1]4.5,[2]4.25,[3]4.75,\n",
     "old: 4096=4.75"},
    /* the command line says it; its window wins over that of the context, which may hold several sequences */
    {"x",
     "./perplexity -m /m/wizard.gguf -c 2048 -f wiki.raw\nn_ctx = 512\n"
     "perplexity : calculating perplexity over 1 chunks, batch_size=128\n[1]4.5,\n",
     "wizard: 2048=4.5"},
    {"oldest", "n_ctx = 512\nperplexity: 13.5106 [114/114]\n", "oldest: 512=13.5106"},
    /* --ppl-stride: no n_ctx= and no final estimate; the window is that of the adjusted context */
    {"x.log",
     "./llama-perplexity -m /m/s.gguf -c 512 --ppl-stride 256 -f w\n"
     "main: Will perform strided perplexity calculation -> adjusting context size from 512 to 640\n"
     "perplexity_v2: have 5000 tokens. Calculation chunk = 640\n"
     "perplexity_v2: calculating perplexity over 2 chunks, batch_size=512\n[1]7.5,[2]7.25,\n",
     "s: 640=7.25"},
    {"x.log",
     "perplexity_v2: have 5000 tokens. Calculation chunk = 640\n"
     "perplexity_v2: calculating perplexity over 2 chunks, batch_size=512\n"
     "     256  7.5000\n     512  7.2500\n",
     "x: 640=7.25"},
    /* several models in one log, the first without a final estimate */
    {"ci.log",
     "+ ./bin/llama-perplexity --model ../m/base-f16.gguf -f w -c 128\n"
     "I llama_model_loader: loaded meta data with 22 key-value pairs from ../m/base-f16.gguf (version GGUF "
     "V3)\n"
     "I perplexity: calculating perplexity over 1 chunks, n_ctx=128, batch_size=128, n_seq=1\n[1]10.5,\n"
     "+ ./bin/llama-perplexity --model ../m/base-q8.gguf -f w\n"
     "I llama_model_loader: loaded meta data with 22 key-value pairs from ../m/base-q8.gguf (version GGUF "
     "V3)\n"
     "I perplexity: calculating perplexity over 1 chunks, n_ctx=256, batch_size=128, n_seq=1\n[1]10.25,\n"
     "Final estimate: PPL = 10.2500 +/- 3.2\n",
     "base-f16: 128=10.5; base-q8: 256=10.25"},
};
/* clang-format on */

/* What takes the standard error from somewhere else, and exllamav3 and others, which print the values alone. */
START_TEST(llama_variants) {
    for (size_t i = 0; i < CORE_COUNT(variants); i++)
        reads(variants[i].name, variants[i].text, NULL, variants[i].expected);
    /* columns of --ppl-output-type 1 with the standard error of the loss */
    ropelaw_series s =
        imported("cols.log",
                 "perplexity: calculating perplexity over 2 chunks, n_ctx=512, batch_size=512, n_seq=1\n"
                 "     512  10.0000  2.302585  0.010000\n    1024  20.0000  2.995732  0.020000\n",
                 NULL);
    test_assert_rel(s.runs[0].points[0].se, 0.4, 1e-12);
    ck_assert_str_eq(shown(&s), "cols: 512=20");
    s = imported("kl.log",
                 "kl_divergence: computing over 3 chunks, n_ctx=512, batch_size=2048, n_seq=4\n"
                 "Mean PPL(Q)                   :   6.283551 ±   0.091234\nMean PPL(base)   : 6.2 ± 0.09\n",
                 NULL);
    ck_assert_double_eq(s.runs[0].points[0].se, 0.091234);
    ck_assert_str_eq(shown(&s), "kl: 512=6.28355");
    ropelaw_import_options alone = ropelaw_import_options_default;
    alone.eval_len_tok = 2048;
    reads("e.log", "[1]5.5,[2]5.25,\nFinal estimate: PPL = 5.2500 +/- 0.01\n", &alone, "e: 2048=5.25");
}
END_TEST

START_TEST(llama_incomplete) {
    static const char no_window[] = "calculating perplexity over 1 chunks, batch_size=8\n[1]5,\n";
    ropelaw_series s =
        imported("cut.log", "calculating perplexity over 10 chunks, n_ctx=512\n[1]5,[2]6,[3]7.5,\n", NULL);
    ck_assert_uint_eq(s.n_notes, 1);
    ck_assert_ptr_nonnull(strstr(s.notes[0], "unfinished, 3 of 10 chunks"));
    ck_assert_str_eq(shown(&s), "cut: 512=7.5");
    s = imported("n.log",
                 "calculating perplexity over 2 chunks, n_ctx=512\n[1]5,[2]nan,\n"
                 "calculating perplexity over 2 chunks, n_ctx=1024\n[1]5,[2]8,\n",
                 NULL);
    ck_assert_ptr_nonnull(strstr(s.notes[0], "not finite"));
    ck_assert_str_eq(shown(&s), "n: 1024=8");
    refuses("w.log", no_window, NULL, ROPELAW_INVALID);
    ck_assert_str_eq(error.argument, "eval_len_tok");
    ropelaw_import_options o = ropelaw_import_options_default;
    o.eval_len_tok = 2048;
    o.run = "mine";
    reads("w.log", no_window, &o, "mine: 2048=5");
}
END_TEST

/* One line of running means longer than any fixed buffer. */
START_TEST(llama_long_line) {
    size_t n = 20000, used;
    char *text = malloc(20 * n + 200), expected[64];
    used = (size_t)sprintf(text, "calculating perplexity over %zu chunks, n_ctx=512\n", n);
    for (size_t i = 1; i <= n; i++) used += (size_t)sprintf(text + used, "[%zu]%zu.5,", i, i % 97 + 1);
    ropelaw_series s = imported("l.log", text, NULL);
    ck_assert_uint_eq(s.n_notes, 0);
    sprintf(expected, "l: 512=%g", (double)(n % 97 + 1) + 0.5);
    ck_assert_str_eq(shown(&s), expected);
    free(text);
}
END_TEST

int main(void) {
    Suite *s = suite_create("import");
    const TTest *const tests[] = {llama_log, llama_variants, llama_incomplete, llama_long_line, NULL};
    test_add(s, "import", tests);
    return test_run(s);
}
