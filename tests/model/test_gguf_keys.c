/* Tests: gguf_rope.c
   What the keys of the metadata say about rotation. */
#include "gguf_maker.h"
#include <stdio.h>

static maker made[1];

START_TEST(scaling_keys) {
    ropelaw_model model =
        read_keys(made, KEYS(TEXT("general.architecture", "qwen2"), U32("qwen2.context_length", 131072),
                             U32("qwen2.attention.key_length", 128), TEXT("qwen2.rope.scaling.type", "yarn"),
                             F32("qwen2.rope.scaling.factor", 4),
                             U32("qwen2.rope.scaling.original_context_length", 32768),
                             F32("qwen2.rope.freq_base", 1e6)));
    ck_assert_str_eq(model.kinds[0].rope.method, "yarn");
    test_assert_abs(model.kinds[0].rope.factor, 4, 0);
    test_assert_abs(model.train_len_tok, 32768, 0);
    ropelaw_model_clear(&model);
    model = read_keys(made, KEYS(TEXT("general.architecture", "llama"), U32("llama.context_length", 16384),
                                 U32("llama.attention.key_length", 128),
                                 F32("llama.rope.scale_linear", 4))); /* legacy name */
    ck_assert_str_eq(model.kinds[0].rope.method, "linear");
    test_assert_abs(model.train_len_tok, 4096, 0);
    test_assert_abs(model.kinds[0].rope.base, 10000, 0);
    ck_assert_uint_eq(model.caveats & ROPELAW_CAVEAT_DEFAULTED, ROPELAW_CAVEAT_DEFAULTED);
    ropelaw_model_clear(&model);
    model = read_keys(made, KEYS(TEXT("general.architecture", "llama"), U32("llama.context_length", 16384),
                                 U32("llama.attention.key_length", 128), F32("llama.rope.scale_linear", 4),
                                 F32("llama.rope.scaling.factor", 2))); /* both names, and they differ */
    test_assert_abs(model.kinds[0].rope.factor, 2, 0);
    ck_assert_uint_eq(model.n_notes, 1);
    ck_assert_ptr_nonnull(strstr(model.notes[0].text, "rope.scaling.factor is 2 and rope.scale_linear is 4"));
    ropelaw_model_clear(&model);
}
END_TEST

START_TEST(windows_and_local_bases) {
    ropelaw_model model = read_keys(
        made, KEYS(TEXT("general.architecture", "gemma3"), U32("gemma3.context_length", 131072),
                   U32("gemma3.attention.key_length", 256), U32("gemma3.block_count", 34),
                   U32("gemma3.attention.sliding_window", 1024), F32("gemma3.rope.freq_base", 1e6)));
    ck_assert_uint_eq(model.n_kinds, 2);
    ck_assert_uint_eq(model.kinds[0].n_layers, 5);
    test_assert_abs(model.kinds[0].rope.base, 1e6, 0);
    ck_assert_int_eq(model.kinds[1].attention, ROPELAW_ATTENTION_SLIDING);
    test_assert_abs(model.kinds[1].rope.base, 1e4, 0);
    test_assert_abs(model.kinds[1].window_tok, 1024, 0);
    ropelaw_model_clear(&model);
    model = read_keys(made, KEYS(TEXT("general.architecture", "gpt2"), U32("gpt2.context_length", 1024)));
    ck_assert_int_eq(model.has_rope, 0);
    ropelaw_model_clear(&model);
}
END_TEST

/* YaRN as llama.cpp reads it; the keys that change no frequency are said. */
START_TEST(yarn_keys) {
    static const char *const attention[] = {"qwen2.rope.scaling.attn_factor",
                                            "qwen2.rope.scaling.yarn_attn_factor",
                                            "qwen2.rope.scaling.yarn_attn_factor"};
    static const double ext_factors[] = {1, 1, 0};
    for (int i = 0; i < 3; i++) {
        bool linear = ext_factors[i] == 0;
        ropelaw_model model = read_keys(
            made, KEYS(TEXT("general.architecture", "qwen2"), U32("qwen2.context_length", 131072),
                       U32("qwen2.attention.key_length", 128), TEXT("qwen2.rope.scaling.type", "yarn"),
                       F32("qwen2.rope.scaling.factor", 4), F32(attention[i], 0.5),
                       F32("qwen2.rope.scaling.yarn_ext_factor", ext_factors[i]),
                       F32("qwen2.rope.scaling.yarn_log_multiplier", 0.0625),
                       NUMBER(GGUF_BOOL, "qwen2.rope.scaling.finetuned", 1),
                       I32S("qwen2.rope.dimension_sections", 16, 17, 18, 19)));
        const char *kind = model.kinds[0].name;
        ck_assert_str_eq(model.kinds[0].rope.method, linear ? "linear" : "yarn");
        test_assert_rel(model.kinds[0].rope.attention_factor, 0.5 * (0.1 * log(4) + 1), 1e-15);
        ck_assert_int_eq(ropelaw_model_fact(&model, "attention_factor", kind)->origin,
                         ROPELAW_ORIGIN_DERIVED);
        ck_assert_str_eq(ropelaw_model_fact(&model, "mrope_sections", kind)->value, "16 17 18 19");
        ck_assert_str_eq(ropelaw_model_fact(&model, "finetuned", kind)->value, "1");
        ck_assert_str_eq(ropelaw_model_fact(&model, "yarn_log_multiplier", kind)->value, "0.0625");
        ck_assert_str_eq(ropelaw_model_fact(&model, "factor", kind)->from, "qwen2.rope.scaling.factor");
        /* no original context: llama.cpp takes the context of the file */
        test_assert_abs(model.train_len_tok, linear ? 32768 : 131072, 0);
        ropelaw_model_clear(&model);
    }
}
END_TEST

/* Dimensions become sizes: what is none is refused with its key. Found by fuzzing, in a rule of lint. */
START_TEST(dimensions_are_sizes) {
    const float bad[] = {-5.19225e33f, 1e30f, -2, 64.5f};
    const char *const keys[] = {"llama.attention.key_length", "llama.rope.dimension_count"};
    for (size_t i = 0; i < CORE_COUNT(bad); i++)
        for (size_t k = 0; k < CORE_COUNT(keys); k++) {
            ropelaw_model model;
            ropelaw_error e = {0};
            make(made, 0,
                 KEYS(TEXT("general.architecture", "llama"), U32("llama.context_length", 8192),
                      U32(keys[1 - k], 128), F32(keys[k], bad[i])));
            test_assert_fails(ropelaw_model_parse(made->bytes, made->n, "t.gguf", &model, &e), ROPELAW_DOMAIN,
                              e, keys[k]);
        }
}
END_TEST

static double base_with_alpha(const char *name, double alpha) {
    char keys[5][80];
    static const char *const ends[] = {"context_length", "attention.key_length", "rope.freq_base",
                                       "rope.scaling.type", "rope.scaling.alpha"};
    for (int i = 0; i < 5; i++) sprintf(keys[i], "%s.%s", name, ends[i]);
    ropelaw_model model =
        read_keys(made, KEYS(TEXT("general.architecture", name), U32(keys[0], 32768), U32(keys[1], 128),
                             F32(keys[2], 10000), TEXT(keys[3], "none"), F32(keys[4], alpha)));
    double base = model.kinds[0].rope.base;
    ck_assert_str_eq(model.kinds[0].rope.method, "default");
    ropelaw_model_clear(&model);
    return base;
}

START_TEST(hunyuan_alpha) {
    test_assert_rel(base_with_alpha("hunyuan-vl", 1000), 1e4 * pow(1000, 128.0 / 126), 1e-15);
    test_assert_rel(base_with_alpha("llama", 1000), 1e4, 1e-15);
}
END_TEST

int main(void) {
    Suite *s = suite_create("gguf");
    const TTest *const tests[] = {scaling_keys,         windows_and_local_bases, yarn_keys,
                                  dimensions_are_sizes, hunyuan_alpha,           NULL};
    test_add(s, "gguf", tests);
    return test_run(s);
}
