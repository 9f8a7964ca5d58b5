/* Tests: gguf_rope.c
   Factors that lie in tensors: Llama-3.1's divisors, and the two lists of longrope. */
#include "gguf_maker.h"

static maker made[1];

START_TEST(llama31_is_found_in_its_tensor) {
    float factors[64];
    llama3_factors(factors, 8, 8192);
    make_llama(made, 3, factors);
    ropelaw_model model = read_bytes(made);
    ck_assert_str_eq(model.kinds[0].rope.method, "llama3");
    test_assert_abs(model.kinds[0].rope.factor, 8, 0);
    test_assert_abs(model.kinds[0].rope.original_len_tok, 8192, 0);
    test_assert_abs(model.train_len_tok, 8192, 0);
    test_assert_abs(model.declared_len_tok, 131072, 0);
    ck_assert_uint_eq(model.kinds[0].rope.n_long, 64);
    ropelaw_model_clear(&model);
    for (int i = 0; i < 64; i++) factors[i] = (float)(1 + i); /* divisors of some other rule */
    make_llama(made, 3, factors);
    model = read_bytes(made);
    ck_assert_str_eq(model.kinds[0].rope.method, "factors");
    test_assert_abs(model.kinds[0].rope.long_factor[63], 64, 0);
    ropelaw_model_clear(&model);
}
END_TEST

/* longrope: two tensors; 48 pairs of Phi-3. */
START_TEST(longrope_tensors) {
    for (int big = 0; big < 2; big++) {
        made->big = big;
        make(made, 2,
             KEYS(TEXT("general.architecture", "phi3"), U32("phi3.context_length", 131072),
                  U32("phi3.attention.key_length", 96), TEXT("phi3.rope.scaling.type", "longrope"),
                  U32("phi3.rope.scaling.original_context_length", 4096), U32("general.alignment", 64)));
        add_tensor(made, "rope_factors_short.weight", 48, 0, 0);
        add_tensor(made, "rope_factors_long.weight", 48, 0, 192);
        pad(made, 64);
        for (int i = 0; i < 96; i++) put_f32(made, 1 + (float)i);
        ropelaw_model model = read_bytes(made);
        ck_assert_str_eq(model.kinds[0].rope.method, "longrope");
        ck_assert_uint_eq(model.kinds[0].rope.n_short, 48);
        test_assert_abs(model.kinds[0].rope.short_factor[47], 48, 0);
        test_assert_abs(model.kinds[0].rope.long_factor[0], 49, 0);
        test_assert_abs(model.train_len_tok, 4096, 0);
        ropelaw_model_clear(&model);
    }
}
END_TEST

/* One llama with rope_freqs of 64 values and something wrong with them. */
static void make_odd(uint32_t alignment, uint64_t n, uint32_t type, float last) {
    make(made, 1,
         KEYS(TEXT("general.architecture", "llama"), U32("llama.context_length", 8192),
              U32("llama.attention.key_length", 128), U32("general.alignment", alignment)));
    add_tensor(made, "rope_freqs.weight", n, type, 0);
    pad(made, 64);
    for (int i = 0; i < 64; i++) put_f32(made, i < 63 ? 1 : last);
}

static const char *only_note(void) {
    static char id[40];
    ropelaw_model model = read_bytes(made);
    ck_assert_uint_eq(model.n_notes, 1);
    strcpy(id, model.notes[0].id);
    ropelaw_model_clear(&model);
    return id;
}

START_TEST(odd_tensors) {
    make_odd(64, 64, 0, 2);
    ck_assert_str_eq(only_note(), "rope-freqs");
    make_odd(64, 64, 1, 2); /* half precision */
    ck_assert_str_eq(only_note(), "rope-tensor-type");
    make_odd(64, 64, 0, 1);
    made->bytes[made->n - 1] = 0x7e; /* still finite */
    ropelaw_model model = read_bytes(made);
    ropelaw_model_clear(&model);
    make_odd(64, 16, 0, 2); /* fewer than pairs */
    model = read_bytes(made);
    bool told = false;
    for (size_t i = 0; i < model.n_notes; i++) told |= !strcmp(model.notes[i].id, "divisor-count");
    ck_assert(told);
    ropelaw_model_clear(&model);
    const float bad[] = {0, -1, NAN, INFINITY};
    for (size_t i = 0; i < CORE_COUNT(bad); i++) {
        make_odd(64, 64, 0, bad[i]);
        refuse(made, ROPELAW_DOMAIN);
    }
    const uint32_t alignments[] = {48, 0, 33, 1u << 31};
    for (size_t i = 0; i < CORE_COUNT(alignments); i++) {
        ropelaw_error e = {0};
        make_odd(alignments[i], 64, 0, 2);
        test_assert_fails(ropelaw_model_parse(made->bytes, made->n, "t.gguf", &model, &e), ROPELAW_DOMAIN, e,
                          "general.alignment");
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("gguf");
    const TTest *const tests[] = {llama31_is_found_in_its_tensor, longrope_tensors, odd_tensors, NULL};
    test_add(s, "gguf", tests);
    return test_run(s);
}
