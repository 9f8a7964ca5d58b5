/* Tests: export.c */
#include "test.h"
#include "model/internal.h"
#include <ropelaw/export.h>
#include <stdio.h>
#include <string.h>

static ropelaw_model qwen(void) {
    ropelaw_model m;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_model_read("tests/model/configs/qwen25-yarn.json", &m, &e), e);
    return m;
}

static void gives(const ropelaw_model *m, const ropelaw_export_options *o, const char *engine,
                  const char *expected) {
    ropelaw_error e = {0};
    char *text;
    test_assert_ok(ropelaw_export_write(m, o, engine, &text, &e), e);
    ck_assert_str_eq(text, expected);
    core_free(text);
}

#define YARN "\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 32768"

START_TEST(yarn_for_every_engine) {
    ropelaw_model m = qwen();
    ropelaw_error e = {0};
    char *text;
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
    ck_assert_int_eq(ropelaw_export_write(&m, NULL, "koboldcpp", &text, &e), ROPELAW_UNSUPPORTED);
    ck_assert_int_eq(ropelaw_export_write(&m, NULL, "tgi", &text, &e), ROPELAW_UNSUPPORTED);
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(changes_on_the_way) {
    ropelaw_model m;
    ropelaw_error e = {0};
    char *text;
    test_assert_ok(ropelaw_model_read("tests/model/configs/llama2-7b.json", &m, &e), e);
    ropelaw_export_options o = ropelaw_export_options_default;
    o.base = 71738;
    o.target_len_tok = 16384;
    gives(&m, &o, "llamacpp", "-c 16384 --rope-scaling none --rope-freq-base 71738\n");
    gives(&m, &o, "koboldcpp", "--contextsize 16384 --ropeconfig 1 71738\n");
    gives(
        &m, &o, "hf-patch",
        "{\n  \"rope_theta\": 71738,\n  \"rope_scaling\": null,\n  \"max_position_embeddings\": 16384\n}\n");
    ck_assert_int_eq(ropelaw_export_write(&m, &o, "llamafactory", &text, &e), ROPELAW_UNSUPPORTED);
    o.base = NAN;
    o.method = "linear";
    gives(&m, &o, "koboldcpp", "--contextsize 16384 --ropeconfig 0.25 10000\n");
    gives(&m, &o, "tgi", "--rope-scaling linear --rope-factor 4 --max-total-tokens 16384\n");
    gives(&m, &o, "llamacpp", "-c 16384 --rope-scaling linear --rope-scale 4 --rope-freq-base 10000\n");
    o.method = "longrope";
    ck_assert_int_eq(ropelaw_export_write(&m, &o, "vllm", &text, &e), ROPELAW_UNSUPPORTED);
    o.method = "yarn";
    o.target_len_tok = 1024;
    test_assert_fails(ropelaw_export_write(&m, &o, "vllm", &text, &e), ROPELAW_DOMAIN, e, "factor");
    test_assert_fails(ropelaw_export_write(&m, NULL, "nothing", &text, &e), ROPELAW_INVALID, e, "to");
    ropelaw_model_clear(&m);
}
END_TEST

/* What a JSON engine is told, put into the file, reads back as the settings it came from. */
START_TEST(patches_read_back) {
    static const char *const files[] = {"llama31-8b", "deepseek-v3", "gpt-oss-20b", "phi3-mini-128k",
                                        "ministral3-v5"};
    for (size_t i = 0; i < CORE_COUNT(files); i++) {
        char path[200], *text;
        ropelaw_model m, back;
        ropelaw_error e = {0};
        json_document *d = NULL;
        snprintf(path, sizeof path, "tests/model/configs/%s.json", files[i]);
        test_assert_ok(ropelaw_model_read(path, &m, &e), e);
        test_assert_ok(ropelaw_export_write(&m, NULL, "hf-patch", &text, &e), e);
        test_assert_ok(json_document_parse(text, strlen(text), "patch", NULL, &d, &e), e);
        core_free(text);
        json_value merged;
        ck_assert(json_value_copy(&merged, m.source->config));
        for (size_t k = 0; k < d->root.n; k++)
            ck_assert_ptr_nonnull(json_set_copy(&merged, d->root.items[k].key, &d->root.items[k]));
        test_assert_ok(json_write(&merged, 0, false, &text, &e), e);
        test_assert_ok(ropelaw_model_parse(text, strlen(text), "merged", &back, &e), e);
        const ropelaw_rope_settings *a = &m.kinds[0].rope, *b = &back.kinds[0].rope;
        ck_assert_str_eq(a->method, b->method);
        test_assert_abs(b->base, a->base, 0);
        if (!isnan(a->factor)) test_assert_abs(b->factor, a->factor, 0);
        test_assert_abs(b->original_len_tok, a->original_len_tok, 0);
        ck_assert_int_eq(a->truncate, b->truncate);
        ck_assert_uint_eq(a->n_long, b->n_long);
        core_free(text);
        json_value_clear(&merged);
        json_document_free(&d);
        ropelaw_model_clear(&back);
        ropelaw_model_clear(&m);
    }
}
END_TEST

START_TEST(every_engine_has_a_source_and_survives_exhaustion) {
    ropelaw_model m = qwen();
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
    const TTest *const tests[] = {yarn_for_every_engine, changes_on_the_way, patches_read_back,
                                  every_engine_has_a_source_and_survives_exhaustion, NULL};
    test_add(s, "export", tests);
    return test_run(s);
}
