/* Bad input for the three readers of model files: cut, huge, deeply nested, duplicate keys, wrong types, bytes that are
   no UTF-8, NUL, random bytes. Each ends in a model or in an error that names the file; nothing else is promised here,
   and the sanitizer builds see the rest. */
#include "test.h"
#include "model/internal.h"
#include <ropelaw/random.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const config_files[] = {"llama31-8b", "gemma3-v5", "phi3-mini-128k", "minimax-text",
                                           "deepseek-v3"};
static const char *const params_texts[] = {
    "{\"dim\": 4096, \"n_layers\": 32, \"n_heads\": 32, \"n_kv_heads\": 8, \"vocab_size\": 128256, "
    "\"rope_theta\": "
    "500000.0, \"use_scaled_rope\": true, \"max_seq_len\": 2048}",
    "{\"dim\": 5120, \"n_layers\": 48, \"n_heads\": 40, \"head_dim\": 128, \"vocab_size\": 202048, "
    "\"rope_scaling_factor\": 16, \"rope_high_freq_factor\": 1, \"nope_layer_interval\": 4, "
    "\"attention_chunk_size\": "
    "8192}",
    "{\"vocab_size\": 129280, \"dim\": 7168, \"n_layers\": 61, \"n_heads\": 128, \"kv_lora_rank\": 512, "
    "\"qk_nope_head_dim\": 128, \"qk_rope_head_dim\": 64, \"original_seq_len\": 4096, \"rope_factor\": 40}",
    "{\"num_hidden_layers\": 24, \"hidden_size\": 2880, \"head_dim\": 64, \"num_attention_heads\": 64, "
    "\"initial_context_length\": 4096, \"rope_theta\": 150000.0, \"rope_scaling_factor\": 32.0}"};
enum {
    N_FILES = sizeof config_files / sizeof *config_files,
    N_TEXTS = sizeof params_texts / sizeof *params_texts
};

static char sample[1 << 16];

static size_t take_sample(int n) {
    if (n >= N_FILES) return strlen(strcpy(sample, params_texts[n - N_FILES]));
    char path[200];
    snprintf(path, sizeof path, "tests/model/configs/%s.json", config_files[n]);
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    size_t used = fread(sample, 1, sizeof sample - 1, f);
    fclose(f);
    sample[used] = 0;
    return used;
}

static ropelaw_status survive(const void *bytes, size_t n) {
    ropelaw_model m;
    ropelaw_error e = {0};
    ropelaw_status status = ropelaw_model_parse(bytes, n, "h", &m, &e);
    if (!status) {
        const ropelaw_layer_kind *kind = ropelaw_model_kind(&m);
        ck_assert(!kind || kind->rope.base > 1);
        ropelaw_model_clear(&m);
    } else {
        ck_assert_str_ne(e.message, "");
        ck_assert_str_eq(e.file, "h");
        ck_assert_int_eq(e.code, status);
    }
    return status;
}

START_TEST(every_truncation) {
    size_t n = take_sample(_i);
    while (n && strchr(" \n", sample[n - 1])) n--;
    for (size_t i = 0; i < n; i++) ck_assert_msg(survive(sample, i) != ROPELAW_OK, "%zu of %zu bytes", i, n);
}
END_TEST

static const char *const wrong[] = {"null",
                                    "true",
                                    "\"x\"",
                                    "[]",
                                    "{}",
                                    "[[]]",
                                    "-1",
                                    "0",
                                    "0.5",
                                    "1e308",
                                    "-0.0",
                                    "1e-308",
                                    "9223372036854775808",
                                    "NaN",
                                    "Infinity",
                                    "{\"__float__\": \"Infinity\"}",
                                    "[null]",
                                    "{\"a\": null}"};

/* Every member, at any depth, in turn gets a value of every other type. */
static void replace_each(json_value *root, json_value *object) {
    for (size_t i = 0; i < object->n; i++) {
        json_value kept = object->items[i];
        for (size_t w = 0; w < CORE_COUNT(wrong); w++) {
            json_document *document;
            char *text;
            ropelaw_error e = {0};
            test_assert_ok(json_document_parse(wrong[w], strlen(wrong[w]), "w", NULL, &document, &e), e);
            object->items[i] = document->root;
            object->items[i].key = kept.key;
            test_assert_ok(json_write(root, 0, false, &text, &e), e);
            object->items[i] = kept;
            document->root.key = NULL;
            json_document_free(&document);
            (void)survive(text, strlen(text));
            core_free(text);
        }
        if (kept.kind == JSON_OBJECT) replace_each(root, &object->items[i]);
    }
}

START_TEST(every_member_of_every_type) {
    json_document *document;
    ropelaw_error e = {0};
    size_t n = take_sample(_i);
    test_assert_ok(json_document_parse(sample, n, "s", NULL, &document, &e), e);
    replace_each(&document->root, &document->root);
    json_document_free(&document);
}
END_TEST

/* `what` before the last brace of the sample. */
static size_t with(int n, const char *what) {
    size_t used = take_sample(n);
    char *brace = strrchr(sample, '}');
    ck_assert(used && brace);
    strcpy(brace, what);
    strcat(brace, "}");
    return strlen(sample);
}

START_TEST(duplicate_keys_nesting_and_bytes) {
    char deep[400] = ", \"deep\": ";
    memset(deep + strlen(deep), '[', 100);
    memset(deep + strlen(deep), ']', 100);
    ck_assert_int_ne(survive(sample, with(_i, deep)), ROPELAW_OK);
    ropelaw_model m;
    ropelaw_error e = {0};
    size_t n = with(_i, ", \"again\": 1, \"again\": 2");
    test_assert_ok(ropelaw_model_parse(sample, n, "d", &m, &e), e);
    bool told = false;
    for (size_t i = 0; i < m.n_notes; i++) told |= !strcmp(m.notes[i].id, "duplicate-key");
    ck_assert(told);
    ropelaw_model_clear(&m);
    ck_assert_int_ne(survive(sample, with(_i, ", \"bytes\": \"\xff\xfe\"")), ROPELAW_OK);
    ck_assert_int_ne(survive(sample, with(_i, ", \"\xc3\": 1")), ROPELAW_OK);
    ck_assert_int_ne(survive(sample, with(_i, ", \"nul\": \"\\u0000\"")), ROPELAW_OK);
    n = with(_i, ", \"nul\": \"?\"");
    *strrchr(sample, '?') = 0;
    ck_assert_int_eq(survive(sample, n), ROPELAW_PARSE);
    (void)survive(sample,
                  with(_i, ", \"rope_theta\": 123456789012345678901234567890123456789012345678901234567890"));
}
END_TEST

START_TEST(random_bytes) {
    ropelaw_random r;
    unsigned char bytes[512];
    static const char *const heads[] = {
        "", "{", "{\"rope_theta\": ", "GGUF\3\0\0\0", "GGUF\0\0\0\3", "GGUF\1\0\0\0"};
    static const size_t lengths[] = {0, 1, 15, 8, 8, 8};
    ropelaw_random_init(&r, 77, (uint64_t)_i);
    for (int round = 0; round < 20000; round++) {
        size_t n = 64 + ropelaw_random_bits(&r) % (sizeof bytes - 64), head = (size_t)_i % CORE_COUNT(heads);
        for (size_t i = 0; i < n; i++) bytes[i] = (unsigned char)ropelaw_random_bits(&r);
        memcpy(bytes, heads[head], lengths[head]);
        if (ropelaw_random_bits(&r) & 1) /* small counts get further */
            for (size_t i = lengths[head]; i < n && i < 40; i++)
                if (i % 8) bytes[i] = 0;
        (void)survive(bytes, n);
    }
}
END_TEST

/* A text longer than the reader takes; the number of values is bounded in lib/json, whose test sets the limit low. */
START_TEST(huge) {
    char path[] = "/tmp/ropelaw-huge-XXXXXX";
    int fd = mkstemp(path);
    ropelaw_model m;
    ropelaw_error e = {0};
    ck_assert_int_eq(ftruncate(fd, (off_t)65 << 20), 0);
    close(fd);
    ck_assert_int_eq(ropelaw_model_read(path, &m, &e), ROPELAW_SHAPE);
    ck_assert_str_eq(e.file, path);
    unlink(path);
}
END_TEST

/* ---- GGUF: keys of every type, and strings that are no text */

typedef struct {
    unsigned char bytes[4096];
    size_t n;
} maker;

static void put(maker *m, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++) m->bytes[m->n++] = (unsigned char)(value >> (8 * i));
}

static void put_bytes(maker *m, const char *text, size_t n) {
    put(m, n, 8);
    memcpy(m->bytes + m->n, text, n);
    m->n += n;
}

static void put_key(maker *m, const char *key, unsigned type) {
    put_bytes(m, key, strlen(key));
    put(m, type, 4);
}

static void start(maker *m, uint64_t entries, const char *architecture, size_t n) {
    memset(m, 0, sizeof *m);
    memcpy(m->bytes, "GGUF\3\0\0\0", 8);
    m->n = 8;
    put(m, 0, 8);
    put(m, entries, 8);
    put_key(m, "general.architecture", 8);
    put_bytes(m, architecture, n);
}

static const char *const gguf_keys[] = {"context_length",
                                        "embedding_length",
                                        "block_count",
                                        "attention.head_count",
                                        "attention.head_count_kv",
                                        "attention.key_length",
                                        "attention.key_length_mla",
                                        "attention.sliding_window",
                                        "attention.sliding_window_pattern",
                                        "rope.dimension_count",
                                        "rope.dimension_sections",
                                        "rope.freq_base",
                                        "rope.scaling.type",
                                        "rope.scaling.factor",
                                        "rope.scaling.original_context_length",
                                        "rope.scaling.attn_factor",
                                        "rope.scaling.yarn_ext_factor",
                                        "rope.scaling.alpha",
                                        "rope.scale_linear"};
static const struct {
    unsigned type;
    size_t width;
} gguf_scalars[] = {
    {0,  1},
    {1,  1},
    {2,  2},
    {3,  2},
    {4,  4},
    {5,  4},
    {6,  4},
    {7,  1},
    {10, 8},
    {11, 8},
    {12, 8}
};

static void gguf_value(const char *key, unsigned type, size_t width, uint64_t value, bool array) {
    maker m;
    char full[100];
    snprintf(full, sizeof full, "llama.%s", key);
    start(&m, 4, "llama", 5);
    put_key(&m, "llama.attention.key_length", 4);
    put(&m, 128, 4);
    put_key(&m, "llama.block_count", 4);
    put(&m, 32, 4);
    put_key(&m, full, array ? 9 : type);
    if (array) {
        put(&m, type, 4);
        put(&m, 3, 8);
        for (int i = 0; i < 3; i++) put(&m, value, width);
    } else
        put(&m, value, width);
    (void)survive(m.bytes, m.n);
}

START_TEST(gguf_keys_of_every_type) {
    static const uint64_t values[] = {
        0, 1, UINT64_MAX, UINT64_C(1) << 63, UINT64_C(0x7ff0000000000000), 0x7f800000, 5};
    for (size_t t = 0; t < CORE_COUNT(gguf_scalars); t++)
        for (size_t v = 0; v < CORE_COUNT(values); v++)
            for (int array = 0; array < 2; array++)
                gguf_value(gguf_keys[_i], gguf_scalars[t].type, gguf_scalars[t].width, values[v], array);
    maker m;
    char full[100];
    snprintf(full, sizeof full, "llama.%s", gguf_keys[_i]);
    start(&m, 2, "llama", 5);
    put_key(&m, full, 8);
    put_bytes(&m, "\xff\0x", 3);
    (void)survive(m.bytes, m.n);
}
END_TEST

START_TEST(gguf_strings_and_repeated_keys) {
    maker m;
    ropelaw_model model;
    ropelaw_error e = {0};
    start(&m, 1, "ll\0ma\xff", 6);
    (void)survive(m.bytes, m.n);
    start(&m, 1, "", 0);
    (void)survive(m.bytes, m.n);
    start(&m, 4, "llama", 5);
    put_key(&m, "llama.attention.key_length", 4);
    put(&m, 128, 4);
    put_key(&m, "llama.context_length", 4);
    put(&m, 4096, 4);
    put_key(&m, "llama.context_length", 4); /* given twice: the last counts */
    put(&m, 8192, 4);
    test_assert_ok(ropelaw_model_parse(m.bytes, m.n, "h", &model, &e), e);
    test_assert_abs(model.train_len_tok, 8192, 0);
    ropelaw_model_clear(&model);
    for (size_t i = 0; i < m.n; i++) /* every byte in turn set to every bit pattern that matters */
        for (int bit = 0; bit < 8; bit++) {
            m.bytes[i] ^= (unsigned char)(1u << bit);
            (void)survive(m.bytes, m.n);
            m.bytes[i] ^= (unsigned char)(1u << bit);
        }
}
END_TEST

int main(void) {
    Suite *s = suite_create("hostile model files");
    TCase *texts = tcase_create("config.json and params.json"), *keys = tcase_create("gguf keys"),
          *random = tcase_create("random bytes");
    const TTest *const rest[] = {huge, gguf_strings_and_repeated_keys, NULL};
    tcase_add_loop_test(texts, every_truncation, 0, N_FILES + N_TEXTS);
    tcase_add_loop_test(texts, every_member_of_every_type, 0, N_FILES + N_TEXTS);
    tcase_add_loop_test(texts, duplicate_keys_nesting_and_bytes, 0, N_FILES + N_TEXTS);
    tcase_add_loop_test(keys, gguf_keys_of_every_type, 0, (int)CORE_COUNT(gguf_keys));
    tcase_add_loop_test(random, random_bytes, 0, 6);
    suite_add_tcase(s, texts);
    suite_add_tcase(s, keys);
    suite_add_tcase(s, random);
    test_add(s, "the rest", rest);
    return test_run(s);
}
