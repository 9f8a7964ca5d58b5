/* Tests: params.c */
#include "test.h"
#include "model/internal.h"
#include <string.h>

static ropelaw_model parse(const char *text) {
    ropelaw_model m;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_model_parse(text, strlen(text), "params.json", &m, &e), e);
    ck_assert_str_eq(m.format, "params.json");
    return m;
}

START_TEST(llama32_1b) {
    ropelaw_model m =
        parse("{\"dim\": 2048, \"ffn_dim_multiplier\": 1.5, \"multiple_of\": 256, \"n_heads\": 32, "
              "\"n_kv_heads\": 8, \"n_layers\": 16, \"norm_eps\": 1e-05, \"rope_theta\": 500000.0, "
              "\"use_scaled_rope\": true, \"vocab_size\": 128256}");
    const ropelaw_rope_settings *r = &m.kinds[0].rope;
    ck_assert_str_eq(r->method, "llama3");
    test_assert_abs(r->factor, 32, 0); /* not in the file: Llama-3.2 1B and 3B */
    test_assert_abs(r->rotary_dim, 64, 0);
    test_assert_abs(r->original_len_tok, 8192, 0);
    test_assert_abs(m.train_len_tok, 8192, 0);
    ck_assert_int_eq(ropelaw_model_fact(&m, "factor", "full_attention")->origin, ROPELAW_ORIGIN_DEFAULT);
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(llama31_8b_and_llama2) {
    ropelaw_model m = parse("{\"dim\": 4096, \"n_heads\": 32, \"n_layers\": 32, \"rope_theta\": 500000.0, "
                            "\"use_scaled_rope\": true, \"vocab_size\": 128256, \"max_seq_len\": 2048}");
    test_assert_abs(m.kinds[0].rope.factor, 8, 0);
    test_assert_abs(m.kinds[0].rope.high_freq_factor, 4, 0);
    ck_assert_str_eq(m.notes[0].id, "max-seq-len");
    ropelaw_model_clear(&m);
    m = parse("{\"dim\": 4096, \"n_heads\": 32, \"n_layers\": 32, \"vocab_size\": -1}");
    test_assert_abs(m.kinds[0].rope.base, 10000, 0);
    ck_assert_str_eq(m.kinds[0].rope.method, "default");
    ck_assert(isnan(m.train_len_tok));
    ropelaw_model_clear(&m);
    m = parse("{\"dim\": 4096, \"n_heads\": 32, \"n_layers\": 32, \"vocab_size\": 128256}");
    test_assert_abs(m.kinds[0].rope.base, 500000, 0);
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(llama4_has_layers_without_rotation) {
    ropelaw_model m =
        parse("{\"dim\": 5120, \"n_heads\": 40, \"n_layers\": 48, \"head_dim\": 128, \"vocab_size\": 202048,"
              "\"rope_theta\": 500000, \"use_scaled_rope\": true, \"rope_scaling_factor\": 16, "
              "\"rope_high_freq_factor\": 1, \"nope_layer_interval\": 4, \"attention_chunk_size\": 8192}");
    ck_assert_uint_eq(m.n_kinds, 2);
    ck_assert_int_eq(m.kinds[0].attention, ROPELAW_ATTENTION_CHUNKED);
    ck_assert_uint_eq(m.kinds[0].n_layers, 36);
    ck_assert_uint_eq(m.kinds[1].n_layers, 12);
    ck_assert_int_eq(m.kinds[1].rotates, 0);
    test_assert_abs(m.kinds[0].rope.factor, 16, 0);
    test_assert_abs(m.kinds[0].rope.high_freq_factor, 1, 0);
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(relatives) {
    ropelaw_model m =
        parse("{\"vocab_size\": 129280, \"dim\": 7168, \"n_layers\": 61, \"n_heads\": 128, \"kv_lora_rank\": "
              "512, \"qk_nope_head_dim\": 128, \"qk_rope_head_dim\": 64}");
    test_assert_abs(m.kinds[0].rope.rotary_dim, 64, 0);
    test_assert_abs(m.kinds[0].rope.head_dim, 192, 0);
    ck_assert_str_eq(m.kinds[0].rope.method, "yarn");
    test_assert_abs(m.kinds[0].rope.factor, 40, 0);
    test_assert_abs(m.declared_len_tok, 163840, 0);
    ropelaw_model_clear(&m);
    m = parse(
        "{\"num_hidden_layers\": 24, \"hidden_size\": 2880, \"head_dim\": 64, \"num_attention_heads\": 64, "
        "\"initial_context_length\": 4096, \"rope_theta\": 150000.0, \"rope_scaling_factor\": 32.0, "
        "\"rope_ntk_alpha\": 1.0, \"rope_ntk_beta\": 32.0}");
    test_assert_abs(m.declared_len_tok, 131072, 0);
    ck_assert_int_eq(m.kinds[0].rope.truncate, 0);
    test_assert_abs(m.kinds[0].rope.beta_fast, 32, 0);
    ropelaw_model_clear(&m);
    m = parse("{\"dim\": 4096, \"n_layers\": 32, \"head_dim\": 128, \"hidden_dim\": 14336, \"n_heads\": 32, "
              "\"n_kv_heads\": 8, \"sliding_window\": 4096, \"vocab_size\": 32000}");
    ck_assert_int_eq(m.kinds[0].attention, ROPELAW_ATTENTION_SLIDING);
    test_assert_abs(m.kinds[0].rope.base, 10000, 0);
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(bad_values) {
    ropelaw_model m;
    ropelaw_error e = {0};
    const char *theta = "{\"dim\": 4096, \"n_heads\": 32, \"n_layers\": 2, \"rope_theta\": \"x\"}";
    test_assert_fails(ropelaw_model_parse(theta, strlen(theta), "p", &m, &e), ROPELAW_PARSE, e, "rope_theta");
    const char *small = "{\"dim\": 4096, \"n_heads\": 32, \"n_layers\": 2, \"rope_theta\": 0.5}";
    test_assert_fails(ropelaw_model_parse(small, strlen(small), "p", &m, &e), ROPELAW_DOMAIN, e,
                      "rope_theta");
    const char *half =
        "{\"dim\": 4096, \"n_heads\": 32, \"n_layers\": 2, \"head_dim\": 64.5, \"rope_theta\": 1e4}";
    test_assert_fails(ropelaw_model_parse(half, strlen(half), "p", &m, &e), ROPELAW_DOMAIN, e, "head_dim");
    const char *heads = "{\"dim\": 4096, \"n_layers\": 2}";
    test_assert_fails(ropelaw_model_parse(heads, strlen(heads), "p", &m, &e), ROPELAW_DOMAIN, e, "head_dim");
}
END_TEST

int main(void) {
    Suite *s = suite_create("params");
    const TTest *const tests[] = {
        llama32_1b, llama31_8b_and_llama2, llama4_has_layers_without_rotation, relatives, bad_values, NULL};
    test_add(s, "params", tests);
    return test_run(s);
}
