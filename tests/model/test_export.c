/* Tests: export.c export_text.c export_engines.c */
#include "model_files.h"
#include <ropelaw/export.h>

static void gives(const ropelaw_model *m, const ropelaw_export_options *o, const char *engine,
                  const char *expected) {
    ropelaw_error e = {0};
    char *text;
    test_assert_ok(ropelaw_export_write(m, o, engine, &text, &e), e);
    ck_assert_str_eq(text, expected);
    core_free(text);
}

/* The engine cannot be told; the error says why. */
static ropelaw_error refuses(const ropelaw_model *m, const ropelaw_export_options *o, const char *engine) {
    ropelaw_error e = {0};
    char *text;
    ropelaw_status status = ropelaw_export_write(m, o, engine, &text, &e);
    ck_assert_msg(status == ROPELAW_UNSUPPORTED, "%s gives %s", engine, ropelaw_status_str(status));
    return e;
}

/* The number behind `key` in a text. */
static double number_after(const char *text, const char *key) {
    const char *at = strstr(text, key);
    ck_assert_msg(at != NULL, "\"%s\" lacks %s", text, key);
    return strtod(at + strlen(key), NULL);
}

#define YARN "\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 32768"

START_TEST(yarn_for_every_engine) {
    ropelaw_model m = read_config("qwen25-yarn");
    gives(&m, NULL, "vllm",
          "--hf-overrides '{\"rope_parameters\": {" YARN
          ", \"rope_theta\": 1000000}}' --max-model-len 131072\n");
    gives(&m, NULL, "vllm-old", "--rope-scaling '{" YARN "}' --rope-theta 1000000 --max-model-len 131072\n");
    gives(&m, NULL, "sglang",
          "--json-model-override-args '{\"rope_theta\": 1000000, \"rope_scaling\": {" YARN
          "}}' --context-length 131072\n");
    gives(&m, NULL, "llamacpp",
          "-c 131072 --rope-scaling yarn --rope-scale 4 --rope-freq-base 1000000 --yarn-orig-ctx 32768\n");
    gives(&m, NULL, "axolotl",
          "overrides_of_model_config:\n  rope_theta: 1000000\n  rope_scaling:\n    rope_type: yarn\n"
          "    factor: 4.0\n    original_max_position_embeddings: 32768\nsequence_len: 131072\n");
    gives(&m, NULL, "llamafactory",
          "rope_scaling: yarn   # factor = ceil(cutoff_len / max_position_embeddings), chosen by "
          "LLaMA-Factory\n"
          "cutoff_len: 131072\n");
    gives(&m, NULL, "ms-swift", "--rope_scaling '{" YARN "}' --max_model_len 131072\n");
    gives(&m, NULL, "hf-patch",
          "{\n  \"rope_theta\": 1000000,\n  \"rope_scaling\": {\n    \"rope_type\": \"yarn\",\n"
          "    \"factor\": 4.0,\n    \"original_max_position_embeddings\": 32768\n  },\n"
          "  \"max_position_embeddings\": 131072\n}\n");
    refuses(&m, NULL, "koboldcpp");
    refuses(&m, NULL, "tgi");
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(changes_on_the_way) {
    ropelaw_model m = read_config("llama2-7b");
    ropelaw_error e = {0};
    char *text;
    ropelaw_export_options o = ropelaw_export_options_default;
    o.base = 71738;
    o.target_len_tok = 16384;
    gives(&m, &o, "llamacpp", "-c 16384 --rope-scaling none --rope-freq-base 71738\n");
    gives(&m, &o, "koboldcpp", "--contextsize 16384 --ropeconfig 1 71738\n");
    gives(
        &m, &o, "hf-patch",
        "{\n  \"rope_theta\": 71738,\n  \"rope_scaling\": null,\n  \"max_position_embeddings\": 16384\n}\n");
    refuses(&m, &o, "llamafactory");
    o.base = NAN;
    o.method = "linear";
    gives(&m, &o, "koboldcpp", "--contextsize 16384 --ropeconfig 0.25 10000\n");
    gives(&m, &o, "tgi", "--rope-scaling linear --rope-factor 4 --max-total-tokens 16384\n");
    gives(&m, &o, "llamacpp", "-c 16384 --rope-scaling linear --rope-scale 4 --rope-freq-base 10000\n");
    o.method = "longrope";
    refuses(&m, &o, "vllm");
    o.method = "yarn";
    o.target_len_tok = 1024;
    test_assert_fails(ropelaw_export_write(&m, &o, "vllm", &text, &e), ROPELAW_DOMAIN, e, "factor");
    test_assert_fails(ropelaw_export_write(&m, NULL, "nothing", &text, &e), ROPELAW_INVALID, e, "to");
    ropelaw_model_clear(&m);
}
END_TEST

static void file_refuses(const char *file, const char *engine, const char *words) {
    ropelaw_model m = read_config(file);
    ropelaw_error e = refuses(&m, NULL, engine);
    ck_assert_msg(strstr(e.message, words) != NULL, "%s", e.message);
    ropelaw_model_clear(&m);
}

/* An object text_config would replace the text model's configuration in both. */
START_TEST(top_level_engines_refuse_nested_files) {
    file_refuses("gemma3-4b", "sglang", "text_config");
    file_refuses("llama4-scout", "axolotl", "text_config");
    file_refuses("gemma3-v5", "sglang", "per kind of layers");
    file_refuses("gemma4-proportional", "llamacpp", "GGUF");
}
END_TEST

static void notes(const char *file, const ropelaw_export_options *o, const char *engine, const char *words) {
    char *text;
    ropelaw_model m = read_config(file);
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_export_notes(&m, o, engine, &text, &e), e);
    ck_assert_msg(*words ? strstr(text, words) != NULL : !*text, "%s for %s: \"%s\"", engine, file, text);
    core_free(text);
    ropelaw_model_clear(&m);
}

START_TEST(notes_say_what_is_left_alone) {
    ropelaw_export_options o = ropelaw_export_options_default;
    notes("llama2-7b", NULL, "vllm", "");
    notes("gemma3-4b", NULL, "llamacpp", "freq_base_swa");
    notes("gemma3-4b", NULL, "vllm",
          "sliding_attention layers keep their own settings (default, base 10000)");
    notes("gpt-oss-20b", NULL, "vllm", "sliding_attention layers see 128 tokens");
    notes("mistral-7b-v01", NULL, "sglang", "no rotary setting widens it");
    o.method = "ntk";
    o.target_len_tok = 16384;
    notes("llama2-7b", &o, "vllm", "ntk with factor 4 is plain RoPE with base 40889.942");
}
END_TEST

static double number_given(const ropelaw_model *m, const ropelaw_export_options *o, const char *engine,
                           const char *key) {
    ropelaw_error e = {0};
    char *text;
    test_assert_ok(ropelaw_export_write(m, o, engine, &text, &e), e);
    double number = number_after(text, key);
    core_free(text);
    return number;
}

/* Methods that are a base: NTK-aware 1e4 * 4^(128/126), the critical base of 16384, and dynamic at that length,
   base * (f L/T - (f - 1))^(d/(d-2)) with f = L/T = 4. */
START_TEST(methods_that_are_a_base) {
    ropelaw_model m = read_config("llama2-7b");
    ropelaw_error e = {0};
    char *text;
    ropelaw_export_options o = ropelaw_export_options_default;
    o.target_len_tok = 16384;
    o.method = "ntk";
    test_assert_rel(number_given(&m, &o, "llamacpp", "-c 16384 --rope-scaling none --rope-freq-base "),
                    1e4 * pow(4, 128 / 126.0), 1e-14);
    refuses(&m, &o, "llamafactory");
    o.method = "critical-base";
    test_assert_rel(number_given(&m, &o, "koboldcpp", "--ropeconfig 1 "),
                    pow(1e4, log(16384 / (2 * M_PI)) / log(4096 / (2 * M_PI))), 1e-13);
    o.method = "dynamic";
    e = refuses(&m, &o, "llamacpp");
    test_assert_rel(number_after(e.message, "--tune-base "), 1e4 * pow(4 * 4 - 3, 128 / 126.0), 1e-8);
    o.method = "nonsense";
    test_assert_fails(ropelaw_export_write(&m, &o, "vllm", &text, &e), ROPELAW_INVALID, e, "method");
    o.method = "evq-cosh";
    refuses(&m, &o, "vllm");
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(every_engine_has_a_source_and_survives_exhaustion) {
    ropelaw_model m = read_config("qwen25-yarn");
    for (size_t i = 0; i < ropelaw_export_count(); i++) {
        const ropelaw_engine_format *f = ropelaw_export_at(i);
        ck_assert(f->title[0] && f->source[0]);
        for (long n = 1; n < 200; n++) {
            ropelaw_error e = {0};
            char *text;
            core_fail_allocations_from(n);
            ropelaw_status status = ropelaw_export_write(&m, NULL, f->name, &text, &e);
            core_fail_allocations_from(0);
            if (!status) core_free(text);
            if (status != ROPELAW_NOMEM) break;
        }
    }
    ck_assert_ptr_null(ropelaw_export_at(ropelaw_export_count()));
    ropelaw_model_clear(&m);
}
END_TEST

int main(void) {
    Suite *s = suite_create("export");
    const TTest *const tests[] = {yarn_for_every_engine,
                                  changes_on_the_way,
                                  top_level_engines_refuse_nested_files,
                                  notes_say_what_is_left_alone,
                                  methods_that_are_a_base,
                                  every_engine_has_a_source_and_survives_exhaustion,
                                  NULL};
    test_add(s, "export", tests);
    return test_run(s);
}
