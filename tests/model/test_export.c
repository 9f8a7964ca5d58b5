/* Tests: export.c export_text.c export_engines.c */
#include "test.h"
#include "model/internal.h"
#include <ropelaw/export.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

static json_value *member(json_value *object, const char *key) {
    for (size_t k = 0; k < object->n; k++)
        if (!strcmp(object->items[k].key, key)) return &object->items[k];
    return NULL;
}

/* Applied as vLLM applies --hf-overrides: members of text_config one by one, other members replaced whole. */
static void override(json_value *config, const json_value *with) {
    for (size_t i = 0; i < with->n; i++) {
        const json_value *item = &with->items[i];
        if (!strcmp(item->key, "text_config"))
            override(member(config, "text_config"), item);
        else
            ck_assert_ptr_nonnull(json_set_copy(config, item->key, item));
    }
}

/* RFC 7396, as far as the patches go. */
static void merge(json_value *config, const json_value *patch) {
    for (size_t i = 0; i < patch->n; i++) {
        const json_value *item = &patch->items[i];
        json_value *old = member(config, item->key);
        if (item->kind == JSON_NULL)
            json_remove(config, item->key);
        else if (item->kind == JSON_OBJECT && old && old->kind == JSON_OBJECT)
            merge(old, item);
        else
            ck_assert_ptr_nonnull(json_set_copy(config, item->key, item));
    }
}

static json_document *parsed(const char *text, size_t n) {
    json_document *d = NULL;
    ropelaw_error e = {0};
    test_assert_ok(json_document_parse(text, n, "export", NULL, &d, &e), e);
    return d;
}

/* The model that a loader sees after the export of `engine` ("vllm" or "hf-patch"). */
static ropelaw_model applied(const ropelaw_model *m, const ropelaw_export_options *o, const char *engine) {
    static const char *const old[] = {"rope_theta",      "rope_scaling",      "rope_local_base_freq",
                                      "rotary_emb_base", "global_rope_theta", "local_rope_theta",
                                      "rotary_pct"};
    ropelaw_error e = {0};
    ropelaw_model back;
    char *text;
    bool vllm = !strcmp(engine, "vllm");
    json_value config;
    test_assert_ok(ropelaw_export_write(m, o, engine, &text, &e), e);
    const char *from = vllm ? strchr(text, '{') : text, *to = strrchr(text, '}');
    json_document *d = parsed(from, (size_t)(to - from) + 1);
    ck_assert(json_value_copy(&config, &m->source->document->root));
    if (vllm) {
        override(&config, &d->root);
        json_value *inner = m->source->prefix[0] ? member(&config, "text_config") : &config;
        for (size_t i = 0; i < CORE_COUNT(old); i++) json_remove(inner, old[i]);
    } else
        merge(&config, &d->root);
    core_free(text);
    test_assert_ok(json_write(&config, 0, false, &text, &e), e);
    test_assert_ok(ropelaw_model_parse(text, strlen(text), "applied", &back, &e), e);
    core_free(text);
    json_value_clear(&config);
    json_document_free(&d);
    return back;
}

static void assert_same_kinds(const char *file, const ropelaw_model *a, const ropelaw_model *b, size_t from) {
    ck_assert_msg(a->n_kinds == b->n_kinds, "%s: %zu kinds of layers, then %zu", file, a->n_kinds, b->n_kinds);
    for (size_t i = from; i < a->n_kinds; i++) {
        const ropelaw_rope_settings *x = &a->kinds[i].rope, *y = &b->kinds[i].rope;
        ck_assert_msg(!strcmp(a->kinds[i].name, b->kinds[i].name) &&
                          a->kinds[i].rotates == b->kinds[i].rotates,
                      "%s", file);
        if (!a->kinds[i].rotates) continue;
        ck_assert_msg(x->base == y->base && !strcmp(x->method, y->method) && x->rotary_dim == y->rotary_dim,
                      "%s: %s", file, a->kinds[i].name);
        ck_assert_msg(x->factor == y->factor || (isnan(x->factor) && isnan(y->factor)), "%s: %s", file,
                      a->kinds[i].name);
    }
}

/* What every kind of layers does is the same after the text was applied, and after a change of the full-attention
   layers the others are as they were. */
START_TEST(kinds_of_layers_survive) {
    static const char *const files[] = {
        "gemma3-4b",       "gemma3-v5",   "gemma4-proportional", "olmo3-7b",
        "modernbert-base", "gpt-oss-20b", "llama4-scout",        "llama31-8b",
        "cohere2-7b",      "qwen3-next",  "exaone4-32b",         "mistral-7b-v01",
        "ministral3-v5",   "deepseek-v3", "null-layer-type",     "phi2"};
    static const char *const engines[] = {"vllm", "hf-patch"};
    int differ = 0;
    for (size_t i = 0; i < CORE_COUNT(files); i++)
        for (size_t k = 0; k < 2; k++) {
            char path[200];
            ropelaw_model m;
            ropelaw_error e = {0};
            snprintf(path, sizeof path, "tests/model/configs/%s.json", files[i]);
            test_assert_ok(ropelaw_model_read(path, &m, &e), e);
            ropelaw_model back = applied(&m, NULL, engines[k]);
            assert_same_kinds(files[i], &m, &back, 0);
            ropelaw_model_clear(&back);
            ropelaw_export_options o = ropelaw_export_options_default;
            o.base = 123456;
            back = applied(&m, &o, engines[k]);
            ck_assert_msg(back.kinds[0].rope.base == 123456, "%s for %s", files[i], engines[k]);
            if (m.n_kinds > 1 && m.kinds[1].rotates && m.kinds[1].rope.base != m.kinds[0].rope.base) {
                assert_same_kinds(files[i], &m, &back, 1);
                differ++;
            }
            ropelaw_model_clear(&back);
            ropelaw_model_clear(&m);
        }
    ck_assert_int_ge(differ, 8);
}
END_TEST

static void refuses(const char *file, const char *engine, const char *words) {
    char path[200], *text;
    ropelaw_model m;
    ropelaw_error e = {0};
    snprintf(path, sizeof path, "tests/model/configs/%s.json", file);
    test_assert_ok(ropelaw_model_read(path, &m, &e), e);
    ck_assert_int_eq(ropelaw_export_write(&m, NULL, engine, &text, &e), ROPELAW_UNSUPPORTED);
    ck_assert_msg(strstr(e.message, words) != NULL, "%s", e.message);
    ropelaw_model_clear(&m);
}

/* An object text_config would replace the text model's configuration in both. */
START_TEST(top_level_engines_refuse_nested_files) {
    refuses("gemma3-4b", "sglang", "text_config");
    refuses("llama4-scout", "axolotl", "text_config");
    refuses("gemma3-v5", "sglang", "per kind of layers");
    refuses("gemma4-proportional", "llamacpp", "GGUF");
}
END_TEST

static void notes(const char *file, const ropelaw_export_options *o, const char *engine, const char *words) {
    char path[200], *text;
    ropelaw_model m;
    ropelaw_error e = {0};
    snprintf(path, sizeof path, "tests/model/configs/%s.json", file);
    test_assert_ok(ropelaw_model_read(path, &m, &e), e);
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

/* Methods that are a base: NTK-aware 1e4 * 4^(128/126), the critical base of 16384, and dynamic at that length. */
START_TEST(methods_that_are_a_base) {
    ropelaw_model m;
    ropelaw_error e = {0};
    char *text;
    test_assert_ok(ropelaw_model_read("tests/model/configs/llama2-7b.json", &m, &e), e);
    ropelaw_export_options o = ropelaw_export_options_default;
    o.target_len_tok = 16384;
    o.method = "ntk";
    test_assert_ok(ropelaw_export_write(&m, &o, "llamacpp", &text, &e), e);
    const char *base = strstr(text, "--rope-freq-base ");
    ck_assert(base && !strncmp(text, "-c 16384 --rope-scaling none", 28));
    test_assert_rel(strtod(base + 17, NULL), 1e4 * pow(4, 128 / 126.0), 1e-14);
    core_free(text);
    ck_assert_int_eq(ropelaw_export_write(&m, &o, "llamafactory", &text, &e), ROPELAW_UNSUPPORTED);
    o.method = "critical-base";
    test_assert_ok(ropelaw_export_write(&m, &o, "koboldcpp", &text, &e), e);
    test_assert_rel(strtod(strstr(text, "--ropeconfig 1 ") + 15, NULL),
                    pow(1e4, log(16384 / (2 * M_PI)) / log(4096 / (2 * M_PI))), 1e-13);
    core_free(text);
    o.method = "dynamic";
    ck_assert_int_eq(ropelaw_export_write(&m, &o, "llamacpp", &text, &e), ROPELAW_UNSUPPORTED);
    const char *told =
        strstr(e.message, "--tune-base "); /* base * (f L/T - (f - 1))^(d/(d-2)), f = 4, L/T = 4 */
    ck_assert_ptr_nonnull(told);
    test_assert_rel(strtod(told + 12, NULL), 1e4 * pow(4 * 4 - 3, 128 / 126.0), 1e-8);
    o.method = "nonsense";
    test_assert_fails(ropelaw_export_write(&m, &o, "vllm", &text, &e), ROPELAW_INVALID, e, "method");
    o.method = "evq-cosh";
    ck_assert_int_eq(ropelaw_export_write(&m, &o, "vllm", &text, &e), ROPELAW_UNSUPPORTED);
    ropelaw_model_clear(&m);
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
    const TTest *const tests[] = {yarn_for_every_engine,
                                  changes_on_the_way,
                                  patches_read_back,
                                  kinds_of_layers_survive,
                                  top_level_engines_refuse_nested_files,
                                  notes_say_what_is_left_alone,
                                  methods_that_are_a_base,
                                  every_engine_has_a_source_and_survives_exhaustion,
                                  NULL};
    test_add(s, "export", tests);
    return test_run(s);
}
