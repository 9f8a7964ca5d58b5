/* Tests: import_lm_eval.c import_niah.c */
#include "import_support.h"

START_TEST(lm_eval) {
    ropelaw_series s = imported(
        "results_x.json",
        "{\"results\": {\"ruler_vt\": {\"alias\": \"vt\", \"4096,none\": 0.75, \"4096_stderr,none\": \"N/A\","
        " \"8192,none\": 0.5, \"8192_stderr,none\": 0.01, \"131072,none\": -1}},"
        " \"model_name\": \"org/m\"}",
        NULL);
    ck_assert(isnan(s.runs[0].points[0].se));
    ck_assert_double_eq(s.runs[0].points[1].se, 0.01);
    ck_assert_str_eq(shown(&s), "org/m/ruler_vt: 4096=0.75 8192=0.5");
    s = imported(
        "r.json",
        "{\"results\": {\"wikitext\": {\"word_perplexity,none\": 13.16, \"word_perplexity_stderr,none\": "
        "\"N/A\","
        " \"bits_per_byte,none\": 0.7}}, \"config\": {\"model_args\": \"pretrained=a/b,max_length=8192\"}}",
        NULL);
    ck_assert_int_eq(s.runs[0].kind, ROPELAW_VALUE_PPL);
    ck_assert_str_eq(shown(&s), "a/b/wikitext: 8192=13.16");
    static const char arc[] = "{\"results\": {\"arc\": {\"acc\": 0.5}}}";
    refuses("r.json", arc, NULL, ROPELAW_PARSE);
    ropelaw_import_options o = ropelaw_import_options_default;
    o.eval_len_tok = 2048;
    reads("r.json", arc, &o, "r/arc: 2048=0.5");
    /* several metrics in a task: a run each */
    o.eval_len_tok = 1024;
    static const char lambada[] =
        "{\"results\": {\"lambada\": {\"ppl\": 9.5, \"ppl_stderr\": 0.25, \"acc\": 0.5, \"acc_norm\": 0.75},"
        " \"gsm8k\": {\"exact_match,strict-match\": 0.25, \"exact_match,flexible-extract\": 0.5}}}";
    s = imported("p.json", lambada, &o);
    ck_assert_double_eq(s.runs[0].points[0].se, 0.25);
    ck_assert_str_eq(shown(&s),
                     "p/lambada/ppl: 1024=9.5; p/lambada/acc: 1024=0.5; p/gsm8k/exact_match,strict-match: "
                     "1024=0.25; p/gsm8k/exact_match,flexible-extract: 1024=0.5");
    o.as = ROPELAW_IMPORT_AS_PPL;
    reads("p.json", lambada, &o, "p/lambada: 1024=9.5");
    /* not finite: left out */
    s = imported("r.json", "{\"results\": {\"ruler_vt\": {\"4096,none\": NaN, \"8192,none\": 0.5}}}", NULL);
    ck_assert_uint_eq(s.n_notes, 1);
    ck_assert_str_eq(shown(&s), "r/ruler_vt: 8192=0.5");
    refuses("r.json", "{\"results\": [1]}", NULL, ROPELAW_PARSE);
    refuses("r.json", "{\"results\": {\"a\": {\"4096\": 1.5}}}", NULL, ROPELAW_PARSE);
}
END_TEST

/* One cell of the grid, and what it reads as; no expectation: refused. */
static const struct {
    const char *score, *expected;
} cells[] = {
    {"0.25",     "m: 4000=0.25"},
    {"75",       "m: 4000=0.75"},
    {"101",      NULL          },
    {"\"high\"", NULL          },
};

START_TEST(niah) {
    static const char cell[] =
        "{\"model\": \"m\", \"context_length\": 4000, \"depth_percent\": 50, \"score\": %s}";
    ropelaw_series s =
        imported("n.json",
                 "[{\"model\": \"m\", \"context_length\": 4000, \"depth_percent\": 50, \"score\": 10}, "
                 "{\"model\": \"m\", \"context_length\": 1000, \"depth_percent\": 0, \"score\": 3}]",
                 NULL);
    ck_assert_str_eq(s.runs[0].docs[0], "depth 50");
    ck_assert_ptr_nonnull(strstr(s.notes[0], "parts of 10"));
    ck_assert_str_eq(shown(&s), "m: 1000=0.3 4000=1");
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        char text[200];
        sprintf(text, cell, cells[i].score);
        if (cells[i].expected)
            reads("n.json", text, NULL, cells[i].expected);
        else
            refuses("n.json", text, NULL, ROPELAW_PARSE);
    }
    /* no name anywhere */
    reads("", "{\"model\": \"\", \"context_length\": 10, \"score\": 1}", NULL, "run: 10=1");
}
END_TEST

int main(void) {
    Suite *s = suite_create("import");
    const TTest *const tests[] = {lm_eval, niah, NULL};
    test_add(s, "import", tests);
    return test_run(s);
}
