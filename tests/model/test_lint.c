/* Tests: lint.c lint_syntax.c lint_base.c lint_method.c lint_lengths.c

   Every rule has a file on which it fires and one on which it stays silent. */
#include "model_files.h"
#include <ropelaw/lint.h>

#define LLAMA                                                                                                \
    "{\"model_type\": \"llama\", \"hidden_size\": 4096, \"num_attention_heads\": 32, "                       \
    "\"num_hidden_layers\": 32, "
#define BASE         "\"rope_theta\": 10000.0, "
#define LEN          "\"max_position_embeddings\": 4096"
#define PLAIN        LLAMA BASE LEN "}"
#define SCALED(text) LLAMA BASE LEN ", \"rope_scaling\": {" text "}}"
#define LLAMA3       "\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0, "
#define YARN4(rest)                                                                                          \
    LLAMA BASE                                                                                               \
        "\"max_position_embeddings\": 16384, \"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4.0, "  \
        "\"original_max_position_embeddings\": 4096" rest "}}"
#define RATIO                                                                                                \
    "{\"model_type\": \"chatglm\", \"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": "       \
    "10000.0}, "
#define FRACTIONS LLAMA BASE "\"rotary_pct\": 0.25, \"partial_rotary_factor\": 0.5, " LEN "}"
#define F64                                                                                                  \
    "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"                                       \
    "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"

/* clang-format off: columns would be too wide to read */
static const struct {
    const char *id, *fires, *silent;
} cases[] = {
    {"not-json", LLAMA BASE LEN ",}", PLAIN},
    {"not-json", "// mine\n" PLAIN, PLAIN},
    {"not-json", LLAMA BASE LEN ", 'a': 1}", PLAIN},
    {"byte-order-mark", "\xef\xbb\xbf" PLAIN, PLAIN},
    {"nonfinite-number", LLAMA BASE LEN ", \"x\": [0.0, Infinity]}",
     LLAMA BASE LEN ", \"x\": {\"__float__\": \"Infinity\"}}"},
    {"duplicate-key", LLAMA BASE BASE LEN "}", PLAIN},
    {"unknown-rope-key", YARN4(", \"finetuned\": true"), YARN4("")},
    {"missing-base", LLAMA LEN "}", PLAIN},
    {"null-base", LLAMA "\"rope_theta\": null, " LEN "}", LLAMA LEN "}"},
    {"base-contradiction", LLAMA BASE "\"rotary_emb_base\": 50000, " LEN "}",
     LLAMA BASE "\"rotary_emb_base\": 10000, " LEN "}"},
    {"base-beyond-int32", LLAMA "\"rope_theta\": 2804339835.0, " LEN "}",
     LLAMA "\"rope_theta\": 2147483647, " LEN "}"},
    {"base-only-in-rope-parameters",
     LLAMA LEN ", \"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 5e5}}",
     LLAMA "\"rope_theta\": 5e5, " LEN
           ", \"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 5e5}}"},
    {"head-dim-not-quotient", LLAMA BASE "\"head_dim\": 64, " LEN "}",
     LLAMA BASE "\"head_dim\": 128, " LEN "}"},
    {"odd-rotary-dim", LLAMA BASE "\"partial_rotary_factor\": 0.2, " LEN "}",
     LLAMA BASE "\"partial_rotary_factor\": 0.25, " LEN "}"},
    {"layer-types-length", LLAMA BASE "\"layer_types\": [\"full_attention\"], " LEN "}", PLAIN},
    {"window-ends-context", LLAMA BASE "\"sliding_window\": 1024, " LEN "}",
     LLAMA BASE "\"sliding_window\": 4096, " LEN "}"},
    {"type-and-rope-type", SCALED("\"type\": \"linear\", \"rope_type\": \"dynamic\", \"factor\": 2.0"),
     SCALED("\"type\": \"dynamic\", \"rope_type\": \"dynamic\", \"factor\": 2.0")},
    {"scaling-and-parameters",
     LLAMA BASE LEN ", \"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 2.0}, \"rope_parameters\": "
                    "{\"factor\": 2.0}}",
     SCALED("\"rope_type\": \"linear\", \"factor\": 2.0")},
    {"unknown-method", SCALED("\"rope_type\": \"zigzag\""), SCALED("\"rope_type\": \"default\"")},
    {"type-instead-of-rope-type", SCALED("\"type\": \"linear\", \"factor\": 2.0"),
     SCALED("\"rope_type\": \"linear\", \"factor\": 2.0")},
    {"phi3-method-name", SCALED("\"type\": \"su\", \"short_factor\": [" F64 "], \"long_factor\": [" F64 "]"),
     SCALED("\"rope_type\": \"longrope\", \"short_factor\": [" F64 "], \"long_factor\": [" F64 "]")},
    {"factor-missing", SCALED("\"rope_type\": \"linear\""),
     SCALED("\"rope_type\": \"linear\", \"factor\": 2.0")},
    {"factor-below-one", SCALED("\"rope_type\": \"linear\", \"factor\": 0.25"),
     SCALED("\"rope_type\": \"linear\", \"factor\": 1.0")},
    {"factor-integer", SCALED("\"rope_type\": \"linear\", \"factor\": 2"),
     SCALED("\"rope_type\": \"linear\", \"factor\": 2.0")},
    {"llama3-without-original", SCALED(LLAMA3 "\"high_freq_factor\": 4.0"),
     SCALED(LLAMA3 "\"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 512")},
    {"llama3-ramp", SCALED(LLAMA3 "\"high_freq_factor\": 1.0, \"original_max_position_embeddings\": 512"),
     SCALED(LLAMA3 "\"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 512")},
    {"longrope-factor-count",
     SCALED("\"rope_type\": \"longrope\", \"short_factor\": [1], \"long_factor\": [" F64 "]"),
     SCALED("\"rope_type\": \"longrope\", \"short_factor\": [" F64 "], \"long_factor\": [" F64 "]")},
    {"longrope-without-original",
     SCALED("\"rope_type\": \"longrope\", \"short_factor\": [" F64 "], \"long_factor\": [" F64 "]"),
     LLAMA BASE LEN
     ", \"original_max_position_embeddings\": 1024, \"rope_scaling\": {\"rope_type\": \"longrope\", "
     "\"short_factor\": [" F64 "], \"long_factor\": [" F64 "]}}"},
    {"yarn-ramp", YARN4(", \"beta_fast\": 1.0, \"beta_slow\": 1.0"),
     YARN4(", \"beta_fast\": 32.0, \"beta_slow\": 1.0")},
    {"mscale-zero", YARN4(", \"mscale\": 0.0, \"mscale_all_dim\": 1.0"),
     YARN4(", \"mscale\": 1.0, \"mscale_all_dim\": 1.0")},
    {"mscale-alone", YARN4(", \"mscale\": 0.7"), YARN4(", \"mscale\": 0.7, \"mscale_all_dim\": 0.7")},
    {"dynamic-with-cache", SCALED("\"rope_type\": \"dynamic\", \"factor\": 2.0"), PLAIN},
    {"yarn-always-on",
     SCALED("\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 4096"),
     YARN4("")},
    {"base-contradiction", RATIO "\"rope_ratio\": 50, " LEN "}", RATIO "\"rope_ratio\": 1, " LEN "}"},
    {"fraction-contradiction", FRACTIONS,
     LLAMA BASE "\"rotary_pct\": 0.5, \"partial_rotary_factor\": 0.5, " LEN "}"},
    {"length-contradiction", LLAMA BASE "\"n_ctx\": 8192, " LEN "}", FRACTIONS},
    {"length-contradiction", LLAMA BASE "\"seq_length\": 8192, " LEN "}",
     RATIO "\"rope_ratio\": 50, " LEN "}"},
    {"length-contradiction", LLAMA BASE "\"model_max_length\": 131072, " LEN "}",
     LLAMA BASE "\"model_max_length\": 4096, " LEN "}"},
    {"original-contradiction",
     LLAMA BASE
     "\"max_position_embeddings\": 16384, \"original_max_position_embeddings\": 2048, \"rope_scaling\": "
     "{\"rope_type\": \"yarn\", \"factor\": 8.0, \"original_max_position_embeddings\": 4096}}",
     YARN4("")},
    {"length-before-or-after", SCALED("\"rope_type\": \"linear\", \"factor\": 4.0"),
     LLAMA BASE "\"max_position_embeddings\": 4096, \"max_sequence_length\": 16384, \"rope_scaling\": "
                "{\"rope_type\": \"linear\", \"factor\": 4.0}}"},
    {"factor-ratio",
     LLAMA BASE
     "\"max_position_embeddings\": 16384, \"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 8.0, "
     "\"original_max_position_embeddings\": 4096}}",
     YARN4("")},
    {"original-not-below",
     SCALED(LLAMA3 "\"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 8192"), YARN4("")},
    {"yarn-without-original", SCALED("\"rope_type\": \"yarn\", \"factor\": 4.0"), YARN4("")},
    {"missing-length", LLAMA BASE "\"x\": 1}", PLAIN},
};
/* clang-format on */

static bool fires(const char *text, size_t length, const char *id) {
    ropelaw_model m;
    ropelaw_error e = {0};
    ropelaw_finding *findings = NULL;
    size_t n = 0;
    bool found = false;
    test_assert_ok(ropelaw_model_parse(text, length, "c.json", &m, &e), e);
    test_assert_ok(ropelaw_lint_check(&m, &findings, &n, &e), e);
    for (size_t i = 0; i < n; i++) {
        found = found || !strcmp(findings[i].rule->id, id);
        ck_assert_str_ne(findings[i].message, "");
    }
    ropelaw_findings_free(findings);
    ropelaw_model_clear(&m);
    return found;
}

START_TEST(each_rule_fires_and_stays_silent) {
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        ck_assert_msg(fires(cases[i].fires, strlen(cases[i].fires), cases[i].id), "%s does not fire on %s",
                      cases[i].id, cases[i].fires);
        ck_assert_msg(!fires(cases[i].silent, strlen(cases[i].silent), cases[i].id), "%s fires on %s",
                      cases[i].id, cases[i].silent);
    }
}
END_TEST

/* A GGUF header with n metadata entries that follow. */
static size_t gguf(unsigned char *bytes, float context) {
    static const unsigned char head[] = {'G', 'G', 'U', 'F', 3, 0, 0, 0, 0, 0, 0, 0,
                                         0,   0,   0,   0,   4, 0, 0, 0, 0, 0, 0, 0};
    const struct {
        const char *key;
        float value;
    } numbers[] = {
        {"llama.rope.freq_base",       500000 },
        {"llama.context_length",       context},
        {"llama.attention.key_length", 128    }
    };
    size_t n = sizeof head;
    memcpy(bytes, head, n);
    const char *text[] = {"general.architecture", "llama"};
    for (int i = 0; i < 2; i++) {
        memset(bytes + n, 0, 8);
        bytes[n] = (unsigned char)strlen(text[i]);
        memcpy(bytes + n + 8, text[i], strlen(text[i]));
        n += 8 + strlen(text[i]);
        if (i) break;
        memset(bytes + n, 0, 4);
        bytes[n] = 8;
        n += 4;
    }
    for (size_t i = 0; i < CORE_COUNT(numbers); i++) {
        memset(bytes + n, 0, 8);
        bytes[n] = (unsigned char)strlen(numbers[i].key);
        memcpy(bytes + n + 8, numbers[i].key, strlen(numbers[i].key));
        n += 8 + strlen(numbers[i].key);
        memset(bytes + n, 0, 4);
        bytes[n] = 6;
        memcpy(bytes + n + 4, &numbers[i].value, 4);
        n += 8;
    }
    return n;
}

START_TEST(gguf_without_its_tensor) {
    unsigned char bytes[512];
    size_t n = gguf(bytes, 131072);
    ck_assert(fires((char *)bytes, n, "gguf-without-rope-freqs"));
    n = gguf(bytes, 8192);
    ck_assert(!fires((char *)bytes, n, "gguf-without-rope-freqs"));
}
END_TEST

START_TEST(every_rule_is_complete_and_covered) {
    ck_assert_uint_ge(ropelaw_lint_rule_count(), 20);
    for (size_t i = 0; i < ropelaw_lint_rule_count(); i++) {
        const ropelaw_lint_rule *r = ropelaw_lint_rule_at(i);
        bool covered = !strcmp(r->id, "gguf-without-rope-freqs");
        for (size_t k = 0; k < CORE_COUNT(cases); k++) covered = covered || !strcmp(cases[k].id, r->id);
        ck_assert_msg(covered, "rule %s has no case", r->id);
        ck_assert(r->title[0] && r->why[0] && r->fix[0] && !strncmp(r->thread, "https://", 8));
        const char *const kinds[] = {"/issues/", "/pull/", "/discussions/", "/commit/", "(source: "};
        int n_kinds = 0;
        for (size_t k = 0; k < CORE_COUNT(kinds); k++) n_kinds += strstr(r->thread, kinds[k]) != NULL;
        ck_assert_msg(n_kinds == 1, "rule %s: \"%s\" is no thread and does not say that it is none", r->id,
                      r->thread);
        for (size_t k = 0; k < i; k++) ck_assert_str_ne(r->id, ropelaw_lint_rule_at(k)->id);
    }
    ck_assert_ptr_null(ropelaw_lint_rule_at(ropelaw_lint_rule_count()));
}
END_TEST

START_TEST(good_files_have_no_errors) {
    static const char *const good[] = {"llama31-8b",  "qwen3-06b",   "mistral-nemo",
                                       "deepseek-v3", "gpt-oss-20b", "gemma-7b"};
    for (size_t i = 0; i < CORE_COUNT(good); i++) {
        ropelaw_model m = read_config(good[i]);
        ropelaw_error e = {0};
        ropelaw_finding *f = NULL;
        size_t n = 0;
        test_assert_ok(ropelaw_lint_check(&m, &f, &n, &e), e);
        for (size_t k = 0; k < n; k++)
            ck_assert_msg(f[k].rule->severity == ROPELAW_NOTE_INFO, "%s: %s %s", good[i], f[k].rule->id,
                          f[k].message);
        ropelaw_findings_free(f);
        ropelaw_model_clear(&m);
    }
}
END_TEST

START_TEST(allocations_may_fail) {
    const char *text = SCALED("\"type\": \"zigzag\"");
    ropelaw_model m;
    ropelaw_error e = {0};
    ropelaw_finding *f = NULL;
    size_t n = 0;
    test_assert_ok(ropelaw_model_parse(text, strlen(text), "c", &m, &e), e);
    core_fail_allocations_from(2);
    ck_assert_int_eq(ropelaw_lint_check(&m, &f, &n, &e), ROPELAW_NOMEM);
    core_fail_allocations_from(0);
    ck_assert_ptr_null(f);
    ropelaw_model_clear(&m);
}
END_TEST

int main(void) {
    Suite *s = suite_create("lint");
    const TTest *const tests[] = {
        each_rule_fires_and_stays_silent, gguf_without_its_tensor, every_rule_is_complete_and_covered,
        good_files_have_no_errors,        allocations_may_fail,    NULL};
    test_add(s, "lint", tests);
    return test_run(s);
}
