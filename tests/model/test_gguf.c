/* Tests: gguf_read.c gguf.c gguf_open.c
   The files are made here, byte by byte. */
#include "gguf_maker.h"
#include <unistd.h>

static maker made[1];

START_TEST(all_versions_and_byte_orders) {
    for (uint32_t version = 1; version <= 3; version++)
        for (int big = 0; big < 2; big++) {
            made->big = big;
            make_llama(made, version, NULL);
            ropelaw_model model = read_bytes(made);
            ck_assert_str_eq(model.architecture, "llama");
            ck_assert_str_eq(model.name, "test llama");
            test_assert_abs(model.kinds[0].rope.base, 500000, 0);
            test_assert_abs(model.kinds[0].rope.rotary_dim, 128, 0);
            test_assert_abs(model.train_len_tok, 131072, 0);
            ck_assert_str_eq(model.kinds[0].rope.method, "default"); /* no type means linear with factor 1 */
            ck_assert_uint_eq(model.n_notes, 1 + (size_t)big);       /* rope_freqs missing */
            ropelaw_model_clear(&model);
        }
}
END_TEST

START_TEST(every_truncation_is_refused) {
    static maker cut[1];
    float factors[64];
    llama3_factors(factors, 8, 8192);
    make_llama(made, 3, factors);
    for (size_t n = 4; n < made->n; n++) {
        ropelaw_model model;
        ropelaw_error e = {0};
        memcpy(cut->bytes, made->bytes, n);
        ropelaw_status status = ropelaw_model_parse(cut->bytes, n, "t", &model, &e);
        ck_assert_msg(status == ROPELAW_PARSE || status == ROPELAW_SHAPE || status == ROPELAW_UNSUPPORTED,
                      "%zu bytes gave %s", n, ropelaw_status_str(status));
    }
}
END_TEST

/* Counts of keys and tensors, and the lengths of a key and of an array of every type. */
static void claim(uint64_t huge) {
    start(made, 3, 0, huge);
    refuse(made, ROPELAW_SHAPE);
    start(made, 3, huge, 1);
    put_keys(made, KEYS(TEXT("general.architecture", "llama")));
    refuse(made, ROPELAW_SHAPE);
    start(made, 3, 0, 1);
    put(made, huge, 8);
    made->n += 64;
    refuse(made, ROPELAW_SHAPE);
    for (int type = GGUF_U8; type < GGUF_TYPES; type++) {
        start(made, 3, 0, 1);
        put_text(made, "a");
        put(made, GGUF_ARRAY, 4);
        put(made, (uint64_t)type, 4);
        put(made, huge, 8);
        made->n += 64;
        refuse(made, type == GGUF_ARRAY ? ROPELAW_UNSUPPORTED : ROPELAW_SHAPE);
    }
}

START_TEST(lengths_that_lie) {
    claim(UINT64_C(1) << 63);
    claim(UINT64_MAX);
    claim(UINT64_C(1) << 40);
    start(made, 4, 0, 0);
    refuse(made, ROPELAW_UNSUPPORTED);
    start(made, 3, 0, 0);
    refuse(made, ROPELAW_PARSE); /* no architecture */
}
END_TEST

START_TEST(a_tensor_beyond_the_end) {
    make(made, 1, KEYS(TEXT("general.architecture", "llama")));
    add_tensor(made, "rope_freqs.weight", 64, 0, UINT64_MAX - 64);
    refuse(made, ROPELAW_SHAPE);
    make(made, 1, KEYS(TEXT("general.architecture", "llama")));
    put_text(made, "x");
    put(made, 2, 4);
    put(made, UINT64_C(1) << 40, 8);
    put(made, UINT64_C(1) << 40, 8); /* product overflows */
    put(made, 0, 4);
    put(made, 0, 8);
    refuse(made, ROPELAW_SHAPE);
}
END_TEST

START_TEST(files_are_read_in_place) {
    float factors[64];
    char path[] = "/tmp/ropelaw-gguf-XXXXXX";
    llama3_factors(factors, 32, 8192);
    make_llama(made, 2, factors);
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, made->bytes, made->n), (ssize_t)made->n);
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
}
END_TEST

int main(void) {
    Suite *s = suite_create("gguf");
    const TTest *const tests[] = {all_versions_and_byte_orders, every_truncation_is_refused, lengths_that_lie,
                                  a_tensor_beyond_the_end,      files_are_read_in_place,     NULL};
    test_add(s, "gguf", tests);
    return test_run(s);
}
