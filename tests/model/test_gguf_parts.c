/* Tests: gguf_parts.c
   Split models: the parts are made here. */
#include "gguf_maker.h"
#include "model_files.h"
#include <stdlib.h>
#include <unistd.h>

/* Metadata of the model, of the split, and the divisors of Llama-3.1. */
enum { HEAD = 1, SPLIT = 2, FREQS = 4 };

static maker made[1];

static void make_part(unsigned what, unsigned no, unsigned count) {
    start(made, 3, what & FREQS ? 1 : 0, (what & HEAD ? 4 : 0) + (what & SPLIT ? 2 : 0));
    if (what & SPLIT)
        put_keys(made, KEYS(NUMBER(GGUF_U16, "split.no", no), NUMBER(GGUF_U16, "split.count", count)));
    if (what & HEAD)
        put_keys(made, KEYS(TEXT("general.architecture", "llama"), U32("llama.context_length", 131072),
                            U32("llama.attention.key_length", 128), F32("llama.rope.freq_base", 500000)));
    if (!(what & FREQS)) return;
    float factors[64];
    llama3_factors(factors, 8, 8192);
    add_tensor(made, "rope_freqs.weight", 64, 0, 0);
    pad(made, 32);
    for (int i = 0; i < 64; i++) put_f32(made, factors[i]);
}

static char folder[] = "/tmp/ropelaw-parts-XXXXXX", path[200];

static const char *name_of(unsigned part, unsigned count) {
    snprintf(path, sizeof path, "%s/m-%05u-of-%05u.gguf", folder, part, count);
    return path;
}

static void save(const char *name) {
    FILE *f = fopen(name, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(made->bytes, 1, made->n, f), made->n);
    fclose(f);
}

/* Three parts: metadata in the first, `freqs` in one of them. */
static void save_all(unsigned freqs) {
    strcpy(folder, "/tmp/ropelaw-parts-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (unsigned part = 1; part <= 3; part++) {
        make_part(SPLIT | (part == 1 ? HEAD : 0u) | (part == freqs ? FREQS : 0u), part - 1, 3);
        save(name_of(part, 3));
    }
}

static void remove_all(void) {
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
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
            ck_assert(note_of(&model, "split-file") && !note_of(&model, "missing-part"));
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
    const char *said = note_of(&model, "missing-part");
    ck_assert_ptr_nonnull(said);
    ck_assert_msg(strstr(said, "2 of 3 parts of this split model are here, part 3 is missing") != NULL, "%s",
                  said);
    ropelaw_model_clear(&model);
    unlink(name_of(1, 3));
    ck_assert_int_eq(ropelaw_model_read(name_of(2, 3), &model, &e), ROPELAW_IO);
    ck_assert_ptr_nonnull(strstr(e.message, "part 1 of 3, which holds the metadata, is missing"));
    ck_assert_ptr_nonnull(strstr(e.message, "m-00001-of-00003.gguf"));
    remove_all();
}
END_TEST

START_TEST(parts_that_lie) {
    ropelaw_model model;
    ropelaw_error e = {0};
    save_all(2);
    make_part(SPLIT, 2, 3); /* the second part says that it is the third */
    save(name_of(2, 3));
    ck_assert_int_eq(ropelaw_model_read(name_of(1, 3), &model, &e), ROPELAW_PARSE);
    ck_assert_ptr_nonnull(strstr(e.file, "m-00002-of-00003.gguf"));
    make_part(SPLIT, 1, 4); /* of another split */
    save(name_of(2, 3));
    ck_assert_int_eq(ropelaw_model_read(name_of(1, 3), &model, &e), ROPELAW_PARSE);
    made->n = 30; /* cut: the header claims what is not there */
    save(name_of(2, 3));
    e = (ropelaw_error){0};
    ck_assert_int_eq(ropelaw_model_read(name_of(1, 3), &model, &e), ROPELAW_SHAPE);
    ck_assert_ptr_nonnull(strstr(e.file, "m-00002-of-00003.gguf"));
    made->n = 0; /* no GGUF */
    save(name_of(2, 3));
    ck_assert_int_ne(ropelaw_model_read(name_of(1, 3), &model, &e), ROPELAW_OK);
    make_part(SPLIT | HEAD, 0, 3); /* a name that says nothing */
    snprintf(path, sizeof path, "%s/renamed.gguf", folder);
    save(path);
    test_assert_ok(ropelaw_model_read(path, &model, &e), e);
    ck_assert(note_of(&model, "split-file"));
    ropelaw_model_clear(&model);
    make_part(HEAD | FREQS, 0, 0); /* a name like that of a part, but no split */
    save(name_of(7, 9));
    test_assert_ok(ropelaw_model_read(path, &model, &e), e);
    ck_assert(!note_of(&model, "split-file") && !note_of(&model, "missing-part"));
    ropelaw_model_clear(&model);
    make_part(SPLIT | HEAD, 65534, 65535); /* the most that 16 bits can claim */
    save(name_of(65535, 65535));
    e = (ropelaw_error){0};
    test_assert_ok(ropelaw_model_read(path, &model, &e), e);
    remove_all();
    ropelaw_model_clear(&model);
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
