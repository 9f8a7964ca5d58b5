/* GGUF files made byte by byte, and the model that is read from them. */
#ifndef TESTS_MODEL_GGUF_MAKER_H
#define TESTS_MODEL_GGUF_MAKER_H

#include "test.h"
#include "model/gguf.h"
#include <string.h>

typedef struct {
    unsigned char bytes[1 << 16];
    size_t n;
    bool big, v1;
} maker;

/* One key of the metadata. */
typedef struct {
    const char *key;
    uint32_t type;
    const char *text; /* of GGUF_STRING */
    double value;
    const int *items; /* of GGUF_ARRAY, as 32-bit integers */
    size_t n_items;
} gguf_key;

#define TEXT(key_, value_)                                                                                   \
    { .key = (key_), .type = GGUF_STRING, .text = (value_) }
#define NUMBER(type_, key_, value_)                                                                          \
    { .key = (key_), .type = (type_), .value = (value_) }
#define U32(key_, value_) NUMBER(GGUF_U32, key_, value_)
#define F32(key_, value_) NUMBER(GGUF_F32, key_, value_)
#define I32S(key_, ...)                                                                                      \
    {                                                                                                        \
        .key = (key_), .type = GGUF_ARRAY, .items = (const int[]){__VA_ARGS__},                              \
        .n_items = sizeof((const int[]){__VA_ARGS__}) / sizeof(int)                                          \
    }

/* A list of keys as the two arguments that take one. */
#define KEYS(...) (const gguf_key[]){__VA_ARGS__}, sizeof((const gguf_key[]){__VA_ARGS__}) / sizeof(gguf_key)

static inline void put(maker *m, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++)
        m->bytes[m->n + i] = (unsigned char)(value >> (8 * (m->big ? width - 1 - i : i)));
    m->n += width;
}

static inline void put_length(maker *m, uint64_t n) {
    put(m, n, m->v1 ? 4 : 8);
}

static inline void put_text(maker *m, const char *text) {
    put_length(m, strlen(text));
    memcpy(m->bytes + m->n, text, strlen(text));
    m->n += strlen(text);
}

static inline void put_f32(maker *m, float value) {
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    put(m, word, 4);
}

static inline void put_items(maker *m, const gguf_key *key) {
    put(m, GGUF_I32, 4);
    put_length(m, key->n_items);
    for (size_t i = 0; i < key->n_items; i++) put(m, (uint64_t)key->items[i], 4);
}

static inline void put_keys(maker *m, const gguf_key *keys, size_t n) {
    for (; n; n--, keys++) {
        put_text(m, keys->key);
        put(m, keys->type, 4);
        if (keys->type == GGUF_STRING)
            put_text(m, keys->text);
        else if (keys->type == GGUF_F32)
            put_f32(m, (float)keys->value);
        else if (keys->type == GGUF_ARRAY)
            put_items(m, keys);
        else
            put(m, (uint64_t)keys->value, keys->type == GGUF_BOOL ? 1 : keys->type == GGUF_U16 ? 2 : 4);
    }
}

/* A new file in the byte order of the maker: its header, with what it claims to hold. */
static inline void start(maker *m, uint32_t version, uint64_t n_tensors, uint64_t n_keys) {
    bool big = m->big;
    memset(m, 0, sizeof *m);
    m->big = big;
    m->v1 = version == 1;
    memcpy(m->bytes, "GGUF", 4);
    m->n = 4;
    put(m, version, 4);
    put_length(m, n_tensors);
    put_length(m, n_keys);
}

/* A new file of version 3 with these keys; `n_tensors` entries of the tensor list are to follow. */
static inline void make(maker *m, size_t n_tensors, const gguf_key *keys, size_t n) {
    start(m, 3, n_tensors, n);
    put_keys(m, keys, n);
}

/* An entry of the tensor list, of one dimension. */
static inline void add_tensor(maker *m, const char *name, uint64_t n, uint32_t type, uint64_t offset) {
    put_text(m, name);
    put(m, 1, 4);
    put_length(m, n);
    put(m, type, 4);
    put(m, offset, 8);
}

static inline void pad(maker *m, size_t alignment) {
    while (m->n % alignment) m->bytes[m->n++] = 0;
}

/* The divisors that the converter writes for Llama-3.1: factor 8, low 1, high 4, original length 8192. */
static inline void llama3_factors(float factors[64], double factor, double original) {
    for (int i = 0; i < 64; i++) {
        double period = 2 * 3.14159265358979323846 * pow(500000, i / 64.0), turns = original / period;
        double smooth = (turns - 1) / 3;
        factors[i] = (float)(turns > 4 ? 1 : turns < 1 ? factor : 1 / ((1 - smooth) / factor + smooth));
    }
}

/* A llama of 32 layers with a tokenizer array to skip and, with factors, the tensor of a Llama-3.1. */
static inline void make_llama(maker *m, uint32_t version, const float *factors) {
    start(m, version, factors ? 2 : 0, 8);
    put_keys(m, KEYS(TEXT("general.architecture", "llama"), TEXT("general.name", "test llama")));
    put_text(m, "tokenizer.ggml.tokens");
    put(m, GGUF_ARRAY, 4);
    put(m, GGUF_STRING, 4);
    put_length(m, 3);
    put_text(m, "a");
    put_text(m, "");
    put_text(m, "token");
    put_keys(m, KEYS(U32("llama.context_length", 131072), U32("llama.embedding_length", 4096),
                     U32("llama.block_count", 32), I32S("llama.attention.head_count", 0, 32),
                     F32("llama.rope.freq_base", 500000)));
    if (!factors) return;
    put_text(m, "token_embd.weight");
    put(m, 2, 4);
    put_length(m, 4096);
    put_length(m, 32000);
    put(m, 2, 4);
    put(m, 1024, 8);
    add_tensor(m, "rope_freqs.weight", 64, 0, 0);
    pad(m, 32);
    for (size_t i = 0; i < 64; i++) put_f32(m, factors[i]);
}

static inline ropelaw_model read_bytes(const maker *m) {
    ropelaw_model model;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_model_parse(m->bytes, m->n, "t.gguf", &model, &e), e);
    return model;
}

static inline ropelaw_model read_keys(maker *m, const gguf_key *keys, size_t n) {
    make(m, 0, keys, n);
    return read_bytes(m);
}

static inline void refuse(const maker *m, ropelaw_status expected) {
    ropelaw_model model;
    ropelaw_error e = {0};
    ropelaw_status status = ropelaw_model_parse(m->bytes, m->n, "t.gguf", &model, &e);
    ck_assert_msg(status == expected, "gave %s: %s", ropelaw_status_str(status), e.message);
    ck_assert_str_eq(e.file, "t.gguf");
}

#endif
