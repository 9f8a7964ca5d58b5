/* Tests: import.c sink.c text.c walk.c */
#include "import_support.h"
#include "core/core.h"
#include "logs/logs.h"
#include <ropelaw/random.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *folder, const char *name, const char *text) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *c = path + strlen(folder) + 1; (c = strchr(c, '/')); c++) {
        *c = 0;
        mkdir(path, 0700);
        *c = '/';
    }
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

START_TEST(folders) {
    char folder[] = "/tmp/ropelaw-import-XXXXXX", command[100];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    put(folder, "m/synthetic/8192/pred/summary.csv", "0,1\nTasks,vt\nScore,50\n");
    put(folder, "m/synthetic/4096/pred/summary.csv", "0,1\nTasks,vt\nScore,100\n");
    put(folder, "m/synthetic/4096/pred/notes.txt", "nothing to see\n");
    put(folder, "m/synthetic/4096/pred/vt.jsonl", "{}\n");
    const char *paths[] = {folder};
    ropelaw_series s;
    test_assert_ok(ropelaw_import_read(paths, 1, NULL, &s, &error), error);
    ck_assert_uint_eq(s.n_notes, 1);
    ck_assert_ptr_nonnull(strstr(s.notes[0], "1 files of no known format"));
    ck_assert_str_eq(ropelaw_series_key(&s, "imported-from"), folder);
    ck_assert_uint_eq(s.runs[0].n_docs, 1);
    ck_assert_str_eq(shown(&s), "m: 4096=1 8192=0.5");
    put(folder, "m/synthetic/4096/pred/summary.csv", "0,1\nTasks,vt\nScore,abc\n");
    ck_assert_int_eq(ropelaw_import_read(paths, 1, NULL, &s, &error), ROPELAW_PARSE);
    ck_assert_ptr_nonnull(strstr(error.file, "4096/pred/summary.csv"));
    ck_assert_uint_eq(error.line, 3);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    test_assert_fails(ropelaw_import_read(paths, 1, NULL, &s, &error), ROPELAW_IO, error, "path");
}
END_TEST

static const struct {
    const char *path;
    double length;
    const char *run;
} paths_of_runs[] = {
    {"a/llama/synthetic/8192/pred/summary.csv", 8192,  "llama"},
    {"x-7b/32k/s.csv",                          32768, "x-7b" },
    {"4096",                                    4096,  ""     },
    {"v2/7/s.csv",                              NAN,   NULL   },
    {"",                                        NAN,   NULL   },
};

START_TEST(lengths_in_paths) {
    for (size_t i = 0; i < CORE_COUNT(paths_of_runs); i++) {
        char run[64];
        double expected = paths_of_runs[i].length,
               found = logs_path_length(paths_of_runs[i].path, run, sizeof run);
        ck_assert_msg(found == expected || (isnan(found) && isnan(expected)), "%s gives %g",
                      paths_of_runs[i].path, found);
        if (paths_of_runs[i].run) ck_assert_str_eq(run, paths_of_runs[i].run);
    }
}
END_TEST

START_TEST(options_are_checked) {
    const ropelaw_import_options plain = ropelaw_import_options_default;
    ropelaw_import_options format = plain, as = plain, run = plain, length = plain;
    ropelaw_series s;
    format.format = "nope";
    as.as = ROPELAW_IMPORT_AS_ACCURACY;
    run.run = "";
    length.eval_len_tok = -1;
    test_assert_fails(import("x", sample_llama, &format, &s), ROPELAW_INVALID, error, "format");
    test_assert_fails(import("x", sample_llama, &as, &s), ROPELAW_INVALID, error, "as");
    test_assert_fails(import("x", sample_llama, &run, &s), ROPELAW_INVALID, error, "run");
    test_assert_fails(import("x", sample_llama, &length, &s), ROPELAW_DOMAIN, error, "eval_len_tok");
    test_assert_fails(ropelaw_import_parse("a\0b", 3, "x", NULL, &s, &error), ROPELAW_PARSE, error, "");
}
END_TEST

START_TEST(formats_are_named) {
    size_t n = 0;
    for (; ropelaw_import_format_get(n); n++) {
        const ropelaw_import_format *f = ropelaw_import_format_get(n);
        ck_assert(*f->name && *f->summary && *f->source);
        for (size_t i = 0; i < n; i++) ck_assert_str_ne(f->name, ropelaw_import_format_get(i)->name);
    }
    ck_assert_uint_eq(n, 8);
}
END_TEST

static const char *const bad[] = {
    "",
    "hello\nworld\n",
    "length,ppl\n",
    "length,ppl\n10,abc\n",
    "length,ppl\n10,-1\n",
    "length,ppl\nx,1\n",
    ",2048\nx,-3\n",
    ",2048,abc\nx,1,2\n",
    ",2048\n,1\n",
    "{\"results\": ",
    "Perplexity (num_tokens = x) = 3\n",
    "run,eval_len_tok,ppl\nr,1,abc\n",
};

START_TEST(bad_input) {
    ropelaw_series s, before;
    memset(&s, 0x5a, sizeof s);
    before = s;
    ck_assert_int_eq(import("bad", bad[_i], NULL, &s), ROPELAW_PARSE);
    ck_assert_int_eq(memcmp(&s, &before, sizeof s), 0);
    ck_assert_str_eq(error.file, "bad");
    ck_assert_msg(error.message[0] != 0, "no message");
}
END_TEST

/* Every allocation fails once in every format. */
START_TEST(out_of_memory) {
    ropelaw_status status = ROPELAW_NOMEM;
    for (long n = 1; status == ROPELAW_NOMEM; n++) {
        ropelaw_series s = {0};
        core_fail_allocations_from(n);
        status = import("8192/x", samples[_i], NULL, &s);
        core_fail_allocations_from(0);
        ropelaw_series_clear(&s);
    }
    ck_assert_int_eq(status, ROPELAW_OK);
}
END_TEST

/* Bytes changed, dropped and doubled at random: an answer or an error, within the memory that is there. */
START_TEST(mutated) {
    ropelaw_random r;
    ropelaw_random_init(&r, 11, (uint64_t)_i);
    for (int round = 0; round < 4000; round++) {
        char text[600];
        size_t n = strlen(samples[_i]);
        memcpy(text, samples[_i], n);
        for (size_t k = 1 + ropelaw_random_bits(&r) % 4; k; k--) {
            static const char bytes[] = "0123456789.,-+eE[]{}\":\n\t #/xn\0\xff";
            size_t at = ropelaw_random_bits(&r) % n;
            if (ropelaw_random_bits(&r) % 3)
                text[at] = bytes[ropelaw_random_bits(&r) % (sizeof bytes - 1)];
            else
                n = at + 1;
        }
        ropelaw_series s = {0};
        ropelaw_status status = ropelaw_import_parse(text, n, "8192/x", NULL, &s, &error);
        ck_assert(status == ROPELAW_OK ? s.n_runs > 0 : error.message[0] != 0);
        ropelaw_series_clear(&s);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("import");
    const TTest *const tests[] = {folders, lengths_in_paths, options_are_checked, formats_are_named, NULL};
    test_add(s, "import", tests);
    TCase *refused = tcase_create("import: bad input"), *memory = tcase_create("import: out of memory"),
          *mutants = tcase_create("import: mutated");
    tcase_add_loop_test(refused, bad_input, 0, CORE_COUNT(bad));
    tcase_add_loop_test(memory, out_of_memory, 0, N_SAMPLES);
    tcase_add_loop_test(mutants, mutated, 0, N_SAMPLES);
    suite_add_tcase(s, refused);
    suite_add_tcase(s, memory);
    suite_add_tcase(s, mutants);
    return test_run(s);
}
