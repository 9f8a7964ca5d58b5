/* Tests: gguf_read.c gguf.c gguf_rope.c gguf_open.c
   The files are made here, byte by byte. */
#include "test.h"
#include "model/gguf.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    unsigned char bytes[1 << 16];
    size_t n;
    bool big, v1;
} maker;

static void put(maker *m, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++)
        m->bytes[m->n + i] = (unsigned char)(value >> (8 * (m->big ? width - 1 - i : i)));
    m->n += width;
}

static void put_length(maker *m, uint64_t n) {
    put(m, n, m->v1 ? 4 : 8);
}

static void put_text(maker *m, const char *text) {
    put_length(m, strlen(text));
    memcpy(m->bytes + m->n, text, strlen(text));
    m->n += strlen(text);
}

static void start(maker *m, uint32_t version, uint64_t tensors, uint64_t entries) {
    m->v1 = version == 1;
    memcpy(m->bytes, "GGUF", 4);
    m->n = 4;
    put(m, version, 4);
    put_length(m, tensors);
    put_length(m, entries);
}

static void key_text(maker *m, const char *key, const char *value) {
    put_text(m, key);
    put(m, GGUF_STRING, 4);
    put_text(m, value);
}

static void key_u32(maker *m, const char *key, uint32_t value) {
    put_text(m, key);
    put(m, GGUF_U32, 4);
    put(m, value, 4);
}

static void put_f32(maker *m, float value) {
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    put(m, word, 4);
}

static void key_f32(maker *m, const char *key, float value) {
    put_text(m, key);
    put(m, GGUF_F32, 4);
    put_f32(m, value);
}

/* A llama of 32 layers with a tokenizer array to skip and, with factors, the tensor of a Llama-3.1. */
static void make_llama(maker *m, uint32_t version, const float *factors, size_t n_factors) {
    start(m, version, factors ? 2 : 0, 8);
    key_text(m, "general.architecture", "llama");
    key_text(m, "general.name", "test llama");
    put_text(m, "tokenizer.ggml.tokens");
    put(m, GGUF_ARRAY, 4);
    put(m, GGUF_STRING, 4);
    put_length(m, 3);
    put_text(m, "a");
    put_text(m, "");
    put_text(m, "token");
    key_u32(m, "llama.context_length", 131072);
    key_u32(m, "llama.embedding_length", 4096);
    key_u32(m, "llama.block_count", 32);
    put_text(m, "llama.attention.head_count");
    put(m, GGUF_ARRAY, 4);
    put(m, GGUF_I32, 4);
    put_length(m, 2);
    put(m, 0, 4);
    put(m, 32, 4);
    key_f32(m, "llama.rope.freq_base", 500000);
    if (!factors) return;
    put_text(m, "token_embd.weight");
    put(m, 2, 4);
    put_length(m, 4096);
    put_length(m, 32000);
    put(m, 2, 4);
    put(m, 1024, 8);
    put_text(m, "rope_freqs.weight");
    put(m, 1, 4);
    put_length(m, n_factors);
    put(m, 0, 4);
    put(m, 0, 8);
    while (m->n % 32) m->bytes[m->n++] = 0;
    for (size_t i = 0; i < n_factors; i++) put_f32(m, factors[i]);
}

static ropelaw_model read_bytes(const maker *m) {
    ropelaw_model model;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_model_parse(m->bytes, m->n, "t.gguf", &model, &e), e);
    return model;
}

static void refuse(const maker *m, ropelaw_status expected) {
    ropelaw_model model;
    ropelaw_error e = {0};
    ropelaw_status status = ropelaw_model_parse(m->bytes, m->n, "t.gguf", &model, &e);
    ck_assert_msg(status == expected, "gave %s: %s", ropelaw_status_str(status), e.message);
    ck_assert_str_eq(e.file, "t.gguf");
}

/* The divisors that the converter writes for Llama-3.1: factor 8, low 1, high 4, original length 8192. */
static void llama3_factors(float *factors, double factor, double original) {
    for (int i = 0; i < 64; i++) {
        double period = 2 * 3.14159265358979323846 * pow(500000, i / 64.0), turns = original / period;
        double smooth = (turns - 1) / 3;
        factors[i] = (float)(turns > 4 ? 1 : turns < 1 ? factor : 1 / ((1 - smooth) / factor + smooth));
    }
}

START_TEST(all_versions_and_byte_orders) {
    for (uint32_t version = 1; version <= 3; version++)
        for (int big = 0; big < 2; big++) {
            maker *m = calloc(1, sizeof *m);
            m->big = big;
            make_llama(m, version, NULL, 0);
            ropelaw_model model = read_bytes(m);
            ck_assert_str_eq(model.architecture, "llama");
            ck_assert_str_eq(model.name, "test llama");
            test_assert_abs(model.kinds[0].rope.base, 500000, 0);
            test_assert_abs(model.kinds[0].rope.rotary_dim, 128, 0);
            test_assert_abs(model.train_len_tok, 131072, 0);
            ck_assert_str_eq(model.kinds[0].rope.method, "default"); /* no type means linear with factor 1 */
            ck_assert_uint_eq(model.n_notes, 1 + (size_t)big);       /* rope_freqs missing */
            ropelaw_model_clear(&model);
            free(m);
        }
}
END_TEST

START_TEST(llama31_is_found_in_its_tensor) {
    maker *m = calloc(1, sizeof *m);
    float factors[64];
    llama3_factors(factors, 8, 8192);
    make_llama(m, 3, factors, 64);
    ropelaw_model model = read_bytes(m);
    ck_assert_str_eq(model.kinds[0].rope.method, "llama3");
    test_assert_abs(model.kinds[0].rope.factor, 8, 0);
    test_assert_abs(model.kinds[0].rope.original_len_tok, 8192, 0);
    test_assert_abs(model.train_len_tok, 8192, 0);
    test_assert_abs(model.declared_len_tok, 131072, 0);
    ck_assert_uint_eq(model.kinds[0].rope.n_long, 64);
    ropelaw_model_clear(&model);
    for (int i = 0; i < 64; i++) factors[i] = (float)(1 + i); /* divisors of some other rule */
    memset(m, 0, sizeof *m);
    make_llama(m, 3, factors, 64);
    model = read_bytes(m);
    ck_assert_str_eq(model.kinds[0].rope.method, "factors");
    test_assert_abs(model.kinds[0].rope.long_factor[63], 64, 0);
    ropelaw_model_clear(&model);
    free(m);
}
END_TEST

START_TEST(scaling_keys) {
    maker *m = calloc(1, sizeof *m);
    start(m, 3, 0, 7);
    key_text(m, "general.architecture", "qwen2");
    key_u32(m, "qwen2.context_length", 131072);
    key_u32(m, "qwen2.attention.key_length", 128);
    key_text(m, "qwen2.rope.scaling.type", "yarn");
    key_f32(m, "qwen2.rope.scaling.factor", 4);
    key_u32(m, "qwen2.rope.scaling.original_context_length", 32768);
    key_f32(m, "qwen2.rope.freq_base", 1e6f);
    ropelaw_model model = read_bytes(m);
    ck_assert_str_eq(model.kinds[0].rope.method, "yarn");
    test_assert_abs(model.kinds[0].rope.factor, 4, 0);
    test_assert_abs(model.train_len_tok, 32768, 0);
    ropelaw_model_clear(&model);
    memset(m, 0, sizeof *m);
    start(m, 3, 0, 4);
    key_text(m, "general.architecture", "llama");
    key_u32(m, "llama.context_length", 16384);
    key_u32(m, "llama.attention.key_length", 128);
    key_f32(m, "llama.rope.scale_linear", 4); /* legacy name */
    model = read_bytes(m);
    ck_assert_str_eq(model.kinds[0].rope.method, "linear");
    test_assert_abs(model.train_len_tok, 4096, 0);
    test_assert_abs(model.kinds[0].rope.base, 10000, 0);
    ck_assert_uint_eq(model.caveats & ROPELAW_CAVEAT_DEFAULTED, ROPELAW_CAVEAT_DEFAULTED);
    ropelaw_model_clear(&model);
    memset(m, 0, sizeof *m); /* both names, and they differ */
    start(m, 3, 0, 5);
    key_text(m, "general.architecture", "llama");
    key_u32(m, "llama.context_length", 16384);
    key_u32(m, "llama.attention.key_length", 128);
    key_f32(m, "llama.rope.scale_linear", 4);
    key_f32(m, "llama.rope.scaling.factor", 2);
    model = read_bytes(m);
    test_assert_abs(model.kinds[0].rope.factor, 2, 0);
    ck_assert_uint_eq(model.n_notes, 1);
    ck_assert_ptr_nonnull(strstr(model.notes[0].text, "rope.scaling.factor is 2 and rope.scale_linear is 4"));
    ropelaw_model_clear(&model);
    free(m);
}
END_TEST

START_TEST(windows_and_local_bases) {
    maker *m = calloc(1, sizeof *m);
    start(m, 3, 0, 6);
    key_text(m, "general.architecture", "gemma3");
    key_u32(m, "gemma3.context_length", 131072);
    key_u32(m, "gemma3.attention.key_length", 256);
    key_u32(m, "gemma3.block_count", 34);
    key_u32(m, "gemma3.attention.sliding_window", 1024);
    key_f32(m, "gemma3.rope.freq_base", 1e6f);
    ropelaw_model model = read_bytes(m);
    ck_assert_uint_eq(model.n_kinds, 2);
    ck_assert_uint_eq(model.kinds[0].n_layers, 5);
    test_assert_abs(model.kinds[0].rope.base, 1e6, 0);
    ck_assert_int_eq(model.kinds[1].attention, ROPELAW_ATTENTION_SLIDING);
    test_assert_abs(model.kinds[1].rope.base, 1e4, 0);
    test_assert_abs(model.kinds[1].window_tok, 1024, 0);
    ropelaw_model_clear(&model);
    memset(m, 0, sizeof *m);
    start(m, 3, 0, 2);
    key_text(m, "general.architecture", "gpt2");
    key_u32(m, "gpt2.context_length", 1024);
    model = read_bytes(m);
    ck_assert_int_eq(model.has_rope, 0);
    ropelaw_model_clear(&model);
    free(m);
}
END_TEST

/* YaRN as llama.cpp reads it; the keys that change no frequency are said. */
START_TEST(yarn_keys) {
    maker *m = calloc(1, sizeof *m);
    for (int variant = 0; variant < 3; variant++) {
        memset(m, 0, sizeof *m);
        start(m, 3, 0, 10);
        key_text(m, "general.architecture", "qwen2");
        key_u32(m, "qwen2.context_length", 131072);
        key_u32(m, "qwen2.attention.key_length", 128);
        key_text(m, "qwen2.rope.scaling.type", "yarn");
        key_f32(m, "qwen2.rope.scaling.factor", 4);
        key_f32(m, variant ? "qwen2.rope.scaling.yarn_attn_factor" : "qwen2.rope.scaling.attn_factor", 0.5f);
        key_f32(m, "qwen2.rope.scaling.yarn_ext_factor", variant == 2 ? 0.0f : 1.0f);
        key_f32(m, "qwen2.rope.scaling.yarn_log_multiplier", 0.0625f);
        put_text(m, "qwen2.rope.scaling.finetuned");
        put(m, GGUF_BOOL, 4);
        put(m, 1, 1);
        put_text(m, "qwen2.rope.dimension_sections");
        put(m, GGUF_ARRAY, 4);
        put(m, GGUF_I32, 4);
        put_length(m, 4);
        for (int i = 0; i < 4; i++) put(m, (uint64_t)(16 + i), 4);
        ropelaw_model model = read_bytes(m);
        const char *kind = model.kinds[0].name;
        ck_assert_str_eq(model.kinds[0].rope.method, variant == 2 ? "linear" : "yarn");
        test_assert_rel(model.kinds[0].rope.attention_factor, 0.5 * (0.1 * log(4) + 1), 1e-15);
        ck_assert_int_eq(ropelaw_model_fact(&model, "attention_factor", kind)->origin,
                         ROPELAW_ORIGIN_DERIVED);
        ck_assert_str_eq(ropelaw_model_fact(&model, "mrope_sections", kind)->value, "16 17 18 19");
        ck_assert_str_eq(ropelaw_model_fact(&model, "finetuned", kind)->value, "1");
        ck_assert_str_eq(ropelaw_model_fact(&model, "yarn_log_multiplier", kind)->value, "0.0625");
        ck_assert_str_eq(ropelaw_model_fact(&model, "factor", kind)->from, "qwen2.rope.scaling.factor");
        /* no original context: llama.cpp takes the context of the file */
        test_assert_abs(model.train_len_tok, variant == 2 ? 32768 : 131072, 0);
        ropelaw_model_clear(&model);
    }
    free(m);
}
END_TEST

/* Dimensions become sizes: what is none is refused with its key. Found by fuzzing, in a rule of lint. */
START_TEST(dimensions_are_sizes) {
    maker *m = calloc(1, sizeof *m);
    const float bad[] = {-5.19225e33f, 1e30f, -2, 64.5f};
    const char *const keys[] = {"llama.attention.key_length", "llama.rope.dimension_count"};
    for (size_t i = 0; i < CORE_COUNT(bad); i++)
        for (size_t k = 0; k < CORE_COUNT(keys); k++) {
            ropelaw_model model;
            ropelaw_error e = {0};
            memset(m, 0, sizeof *m);
            start(m, 3, 0, 4);
            key_text(m, "general.architecture", "llama");
            key_u32(m, "llama.context_length", 8192);
            key_u32(m, keys[1 - k], 128);
            key_f32(m, keys[k], bad[i]);
            test_assert_fails(ropelaw_model_parse(m->bytes, m->n, "t.gguf", &model, &e), ROPELAW_DOMAIN, e,
                              keys[k]);
        }
    free(m);
}
END_TEST

START_TEST(hunyuan_alpha) {
    maker *m = calloc(1, sizeof *m);
    for (int variant = 0; variant < 2; variant++) {
        const char *name = variant ? "llama" : "hunyuan-vl";
        char key[80];
        memset(m, 0, sizeof *m);
        start(m, 3, 0, 6);
        key_text(m, "general.architecture", name);
        sprintf(key, "%s.context_length", name);
        key_u32(m, key, 32768);
        sprintf(key, "%s.attention.key_length", name);
        key_u32(m, key, 128);
        sprintf(key, "%s.rope.freq_base", name);
        key_f32(m, key, 10000);
        sprintf(key, "%s.rope.scaling.type", name);
        key_text(m, key, "none");
        sprintf(key, "%s.rope.scaling.alpha", name);
        key_f32(m, key, 1000);
        ropelaw_model model = read_bytes(m);
        ck_assert_str_eq(model.kinds[0].rope.method, "default");
        test_assert_rel(model.kinds[0].rope.base, variant ? 1e4 : 1e4 * pow(1000, 128.0 / 126), 1e-15);
        ropelaw_model_clear(&model);
    }
    free(m);
}
END_TEST

static void add_tensor(maker *m, const char *name, uint64_t n, uint32_t type, uint64_t offset) {
    put_text(m, name);
    put(m, 1, 4);
    put_length(m, n);
    put(m, type, 4);
    put(m, offset, 8);
}

/* longrope: two tensors; 48 pairs of Phi-3. */
START_TEST(longrope_tensors) {
    for (int big = 0; big < 2; big++) {
        maker *m = calloc(1, sizeof *m);
        m->big = big;
        start(m, 3, 2, 6);
        key_text(m, "general.architecture", "phi3");
        key_u32(m, "phi3.context_length", 131072);
        key_u32(m, "phi3.attention.key_length", 96);
        key_text(m, "phi3.rope.scaling.type", "longrope");
        key_u32(m, "phi3.rope.scaling.original_context_length", 4096);
        key_u32(m, "general.alignment", 64);
        add_tensor(m, "rope_factors_short.weight", 48, 0, 0);
        add_tensor(m, "rope_factors_long.weight", 48, 0, 192);
        while (m->n % 64) m->bytes[m->n++] = 0;
        for (int i = 0; i < 96; i++) put_f32(m, 1 + (float)i);
        ropelaw_model model = read_bytes(m);
        ck_assert_str_eq(model.kinds[0].rope.method, "longrope");
        ck_assert_uint_eq(model.kinds[0].rope.n_short, 48);
        test_assert_abs(model.kinds[0].rope.short_factor[47], 48, 0);
        test_assert_abs(model.kinds[0].rope.long_factor[0], 49, 0);
        test_assert_abs(model.train_len_tok, 4096, 0);
        ropelaw_model_clear(&model);
        free(m);
    }
}
END_TEST

/* One llama with rope_freqs of 64 values and something wrong with them. */
static void make_odd(maker *m, uint32_t alignment, uint64_t n, uint32_t type, float last) {
    memset(m, 0, sizeof *m);
    start(m, 3, 1, 4);
    key_text(m, "general.architecture", "llama");
    key_u32(m, "llama.context_length", 8192);
    key_u32(m, "llama.attention.key_length", 128);
    key_u32(m, "general.alignment", alignment);
    add_tensor(m, "rope_freqs.weight", n, type, 0);
    while (m->n % 64) m->bytes[m->n++] = 0;
    for (int i = 0; i < 64; i++) put_f32(m, i < 63 ? 1 : last);
}

static const char *only_note(const maker *m) {
    static char id[40];
    ropelaw_model model = read_bytes(m);
    ck_assert_uint_eq(model.n_notes, 1);
    strcpy(id, model.notes[0].id);
    ropelaw_model_clear(&model);
    return id;
}

START_TEST(odd_tensors) {
    maker *m = calloc(1, sizeof *m);
    const float bad[] = {0, -1, NAN, INFINITY};
    make_odd(m, 64, 64, 0, 2);
    ck_assert_str_eq(only_note(m), "rope-freqs");
    make_odd(m, 64, 64, 1, 2); /* half precision */
    ck_assert_str_eq(only_note(m), "rope-tensor-type");
    make_odd(m, 64, 64, 0, 1);
    m->bytes[m->n - 1] = 0x7e; /* still finite */
    ropelaw_model model = read_bytes(m);
    ropelaw_model_clear(&model);
    for (size_t i = 0; i < CORE_COUNT(bad); i++) {
        make_odd(m, 64, 64, 0, bad[i]);
        refuse(m, ROPELAW_DOMAIN);
    }
    make_odd(m, 64, 16, 0, 2); /* fewer than pairs */
    model = read_bytes(m);
    bool told = false;
    for (size_t i = 0; i < model.n_notes; i++) told |= !strcmp(model.notes[i].id, "divisor-count");
    ck_assert(told);
    ropelaw_model_clear(&model);
    const uint32_t alignments[] = {48, 0, 33, 1u << 31};
    for (size_t i = 0; i < CORE_COUNT(alignments); i++) {
        ropelaw_error e = {0};
        make_odd(m, alignments[i], 64, 0, 2);
        test_assert_fails(ropelaw_model_parse(m->bytes, m->n, "t.gguf", &model, &e), ROPELAW_DOMAIN, e,
                          "general.alignment");
    }
    free(m);
}
END_TEST

START_TEST(every_truncation_is_refused) {
    maker *m = calloc(1, sizeof *m), *cut = calloc(1, sizeof *cut);
    float factors[64];
    llama3_factors(factors, 8, 8192);
    make_llama(m, 3, factors, 64);
    for (size_t n = 4; n < m->n; n++) {
        ropelaw_model model;
        ropelaw_error e = {0};
        memcpy(cut->bytes, m->bytes, n);
        ropelaw_status status = ropelaw_model_parse(cut->bytes, n, "t", &model, &e);
        ck_assert_msg(status == ROPELAW_PARSE || status == ROPELAW_SHAPE || status == ROPELAW_UNSUPPORTED,
                      "%zu bytes gave %s", n, ropelaw_status_str(status));
    }
    free(m);
    free(cut);
}
END_TEST

START_TEST(lengths_that_lie) {
    maker *m = calloc(1, sizeof *m);
    const uint64_t huge[] = {UINT64_C(1) << 63, UINT64_MAX, UINT64_C(1) << 40};
    for (size_t i = 0; i < CORE_COUNT(huge); i++) {
        memset(m, 0, sizeof *m);
        start(m, 3, 0, huge[i]); /* metadata count */
        refuse(m, ROPELAW_SHAPE);
        memset(m, 0, sizeof *m);
        start(m, 3, huge[i], 1); /* tensor count */
        key_text(m, "general.architecture", "llama");
        refuse(m, ROPELAW_SHAPE);
        memset(m, 0, sizeof *m);
        start(m, 3, 0, 1);
        put(m, huge[i], 8); /* key length */
        m->n += 64;
        refuse(m, ROPELAW_SHAPE);
        for (int type = GGUF_U8; type < GGUF_TYPES; type++) {
            memset(m, 0, sizeof *m);
            start(m, 3, 0, 1);
            put_text(m, "a");
            put(m, GGUF_ARRAY, 4);
            put(m, (uint64_t)type, 4);
            put(m, huge[i], 8); /* array length */
            m->n += 64;
            refuse(m, type == GGUF_ARRAY ? ROPELAW_UNSUPPORTED : ROPELAW_SHAPE);
        }
    }
    memset(m, 0, sizeof *m);
    start(m, 4, 0, 0);
    refuse(m, ROPELAW_UNSUPPORTED);
    memset(m, 0, sizeof *m);
    start(m, 3, 0, 0);
    refuse(m, ROPELAW_PARSE); /* no architecture */
    free(m);
}
END_TEST

START_TEST(a_tensor_beyond_the_end) {
    maker *m = calloc(1, sizeof *m);
    start(m, 3, 1, 1);
    key_text(m, "general.architecture", "llama");
    put_text(m, "rope_freqs.weight");
    put(m, 1, 4);
    put(m, 64, 8);
    put(m, 0, 4);
    put(m, UINT64_MAX - 64, 8);
    refuse(m, ROPELAW_SHAPE);
    memset(m, 0, sizeof *m);
    start(m, 3, 1, 1);
    key_text(m, "general.architecture", "llama");
    put_text(m, "x");
    put(m, 2, 4);
    put(m, UINT64_C(1) << 40, 8);
    put(m, UINT64_C(1) << 40, 8); /* product overflows */
    put(m, 0, 4);
    put(m, 0, 8);
    refuse(m, ROPELAW_SHAPE);
    free(m);
}
END_TEST

START_TEST(files_are_read_in_place) {
    maker *m = calloc(1, sizeof *m);
    float factors[64];
    char path[] = "/tmp/ropelaw-gguf-XXXXXX";
    llama3_factors(factors, 32, 8192);
    make_llama(m, 2, factors, 64);
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, m->bytes, m->n), (ssize_t)m->n);
    close(fd);
    ropelaw_model model;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_model_read(path, &model, &e), e);
    test_assert_abs(model.kinds[0].rope.factor, 32, 0);
    ropelaw_model_clear(&model);
    ck_assert_int_eq(truncate(path, 100), 0);
    ck_assert_int_eq(ropelaw_model_read(path, &model, &e), ROPELAW_PARSE);
    ck_assert_str_eq(e.file, path);
    unlink(path);
    free(m);
}
END_TEST

int main(void) {
    Suite *s = suite_create("gguf");
    const TTest *const tests[] = {all_versions_and_byte_orders,
                                  llama31_is_found_in_its_tensor,
                                  scaling_keys,
                                  yarn_keys,
                                  hunyuan_alpha,
                                  dimensions_are_sizes,
                                  longrope_tensors,
                                  odd_tensors,
                                  windows_and_local_bases,
                                  every_truncation_is_refused,
                                  lengths_that_lie,
                                  a_tensor_beyond_the_end,
                                  files_are_read_in_place,
                                  NULL};
    test_add(s, "gguf", tests);
    return test_run(s);
}
