/* Tests: gguf_parts.c
   Split models: the parts are made here. */
#include "test.h"
#include "model/gguf.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    unsigned char bytes[4096];
    size_t n;
} maker;

static void put(maker *m, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++) m->bytes[m->n++] = (unsigned char)(value >> (8 * i));
}

static void put_text(maker *m, const char *text) {
    put(m, strlen(text), 8);
    memcpy(m->bytes + m->n, text, strlen(text));
    m->n += strlen(text);
}

static void key_u16(maker *m, const char *key, unsigned value) {
    put_text(m, key);
    put(m, GGUF_U16, 4);
    put(m, value, 2);
}

static void key_u32(maker *m, const char *key, unsigned value) {
    put_text(m, key);
    put(m, GGUF_U32, 4);
    put(m, value, 4);
}

/* Metadata of the model, of the split, and the divisors of Llama-3.1. */
enum { HEAD = 1, SPLIT = 2, FREQS = 4 };

static void make(maker *m, unsigned what, unsigned no, unsigned count) {
    memset(m, 0, sizeof *m);
    memcpy(m->bytes, "GGUF", 4);
    m->n = 4;
    put(m, 3, 4);
    put(m, what & FREQS ? 1 : 0, 8);
    put(m, (what & HEAD ? 4 : 0) + (what & SPLIT ? 2 : 0), 8);
    if (what & SPLIT) {
        key_u16(m, "split.no", no);
        key_u16(m, "split.count", count);
    }
    if (what & HEAD) {
        put_text(m, "general.architecture");
        put(m, GGUF_STRING, 4);
        put_text(m, "llama");
        key_u32(m, "llama.context_length", 131072);
        key_u32(m, "llama.attention.key_length", 128);
        put_text(m, "llama.rope.freq_base");
        put(m, GGUF_F32, 4);
        put(m, 0x48f42400, 4); /* 500000 */
    }
    if (!(what & FREQS)) return;
    put_text(m, "rope_freqs.weight");
    put(m, 1, 4);
    put(m, 64, 8);
    put(m, 0, 4);
    put(m, 0, 8);
    while (m->n % 32) m->bytes[m->n++] = 0;
    for (int i = 0; i < 64; i++) {
        double turns = 8192 / (2 * 3.14159265358979323846 * pow(500000, i / 64.0)), smooth = (turns - 1) / 3;
        float divisor = (float)(turns > 4 ? 1 : turns < 1 ? 8 : 1 / ((1 - smooth) / 8 + smooth));
        uint32_t word;
        memcpy(&word, &divisor, sizeof word);
        put(m, word, 4);
    }
}

static char folder[] = "/tmp/ropelaw-parts-XXXXXX", path[200];

static const char *name_of(unsigned part, unsigned count) {
    snprintf(path, sizeof path, "%s/m-%05u-of-%05u.gguf", folder, part, count);
    return path;
}

static void save(const char *name, const maker *m) {
    FILE *f = fopen(name, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(m->bytes, 1, m->n, f), m->n);
    fclose(f);
}

/* Three parts: metadata in the first, `freqs` in one of them. */
static void save_all(unsigned freqs) {
    maker *m = calloc(1, sizeof *m);
    strcpy(folder, "/tmp/ropelaw-parts-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (unsigned part = 1; part <= 3; part++) {
        make(m, SPLIT | (part == 1 ? HEAD : 0u) | (part == freqs ? FREQS : 0u), part - 1, 3);
        save(name_of(part, 3), m);
    }
    free(m);
}

static void remove_all(void) {
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static bool has_note(const ropelaw_model *m, const char *id) {
    for (size_t i = 0; i < m->n_notes; i++)
        if (!strcmp(m->notes[i].id, id)) return true;
    return false;
}

/* Whichever part is named, and wherever the tensor lies, the answer is the same. */
START_TEST(rope_tensors_of_any_part) {
    for (unsigned freqs = 1; freqs <= 3; freqs++) {
        save_all(freqs);
        for (unsigned given = 1; given <= 3; given++) {
            ropelaw_model model;
            ropelaw_error e = {0};
            test_assert_ok(ropelaw_model_read(name_of(given, 3), &model, &e), e);
            ck_assert_str_eq(model.kinds[0].rope.method, "llama3");
            test_assert_abs(model.kinds[0].rope.factor, 8, 0);
            test_assert_abs(model.train_len_tok, 8192, 0);
            ck_assert(has_note(&model, "split-file") && !has_note(&model, "missing-part"));
            ropelaw_model_clear(&model);
        }
        remove_all();
    }
}
END_TEST

START_TEST(missing_parts) {
    ropelaw_model model;
    ropelaw_error e = {0};
    save_all(3);
    unlink(name_of(3, 3));
    test_assert_ok(ropelaw_model_read(name_of(1, 3), &model, &e), e);
    ck_assert_str_eq(model.kinds[0].rope.method, "default");
    ck_assert(has_note(&model, "missing-part"));
    for (size_t i = 0; i < model.n_notes; i++)
        if (!strcmp(model.notes[i].id, "missing-part"))
            ck_assert_msg(strstr(model.notes[i].text,
                                 "2 of 3 parts of this split model are here, part 3 is missing") != NULL,
                          "%s", model.notes[i].text);
    ropelaw_model_clear(&model);
    unlink(name_of(1, 3));
    ck_assert_int_eq(ropelaw_model_read(name_of(2, 3), &model, &e), ROPELAW_IO);
    ck_assert_ptr_nonnull(strstr(e.message, "part 1 of 3, which holds the metadata, is missing"));
    ck_assert_ptr_nonnull(strstr(e.message, "m-00001-of-00003.gguf"));
    remove_all();
}
END_TEST

START_TEST(parts_that_lie) {
    maker *m = calloc(1, sizeof *m);
    ropelaw_model model;
    ropelaw_error e = {0};
    save_all(2);
    make(m, SPLIT, 2, 3); /* the second part says that it is the third */
    save(name_of(2, 3), m);
    ck_assert_int_eq(ropelaw_model_read(name_of(1, 3), &model, &e), ROPELAW_PARSE);
    ck_assert_ptr_nonnull(strstr(e.file, "m-00002-of-00003.gguf"));
    make(m, SPLIT, 1, 4); /* of another split */
    save(name_of(2, 3), m);
    ck_assert_int_eq(ropelaw_model_read(name_of(1, 3), &model, &e), ROPELAW_PARSE);
    m->n = 30; /* cut: the header claims what is not there */
    save(name_of(2, 3), m);
    e = (ropelaw_error){0};
    ck_assert_int_eq(ropelaw_model_read(name_of(1, 3), &model, &e), ROPELAW_SHAPE);
    ck_assert_ptr_nonnull(strstr(e.file, "m-00002-of-00003.gguf"));
    m->n = 0; /* no GGUF */
    save(name_of(2, 3), m);
    ck_assert_int_ne(ropelaw_model_read(name_of(1, 3), &model, &e), ROPELAW_OK);
    make(m, SPLIT | HEAD, 0, 3); /* a name that says nothing */
    snprintf(path, sizeof path, "%s/renamed.gguf", folder);
    save(path, m);
    test_assert_ok(ropelaw_model_read(path, &model, &e), e);
    ck_assert(has_note(&model, "split-file"));
    ropelaw_model_clear(&model);
    make(m, HEAD | FREQS, 0, 0); /* a name like that of a part, but no split */
    save(name_of(7, 9), m);
    test_assert_ok(ropelaw_model_read(path, &model, &e), e);
    ck_assert(!has_note(&model, "split-file") && !has_note(&model, "missing-part"));
    ropelaw_model_clear(&model);
    make(m, SPLIT | HEAD, 65534, 65535); /* the most that 16 bits can claim */
    save(name_of(65535, 65535), m);
    e = (ropelaw_error){0};
    test_assert_ok(ropelaw_model_read(path, &model, &e), e);
    remove_all();
    ropelaw_model_clear(&model);
    free(m);
}
END_TEST

START_TEST(out_of_memory) {
    ropelaw_status status = ROPELAW_NOMEM;
    ropelaw_model model;
    ropelaw_error e = {0};
    save_all(2);
    for (long n = 1; status == ROPELAW_NOMEM; n++) {
        core_fail_allocations_from(n);
        status = ropelaw_model_read(name_of(3, 3), &model, &e);
        core_fail_allocations_from(0);
    }
    test_assert_ok(status, e);
    ropelaw_model_clear(&model);
    remove_all();
}
END_TEST

int main(void) {
    Suite *s = suite_create("gguf parts");
    const TTest *const tests[] = {rope_tensors_of_any_part, missing_parts, parts_that_lie, out_of_memory,
                                  NULL};
    test_add(s, "gguf parts", tests);
    return test_run(s);
}
