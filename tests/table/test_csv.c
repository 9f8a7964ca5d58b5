/* Tests: csv.c names.c */
#include "test.h"
#include "table/csv.h"
#include "table/names.h"
#include <ropelaw/random.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static ropelaw_error error;

static ropelaw_status open_bytes(table_csv *csv, const char *text, size_t n, unsigned rules) {
    char *copy = core_malloc(n + 1, 1);
    memcpy(copy, text, n);
    copy[n] = 0;
    return table_csv_open(csv, copy, n, "x.csv", rules, &error);
}

static table_csv opened(const char *text, unsigned rules) {
    table_csv csv;
    test_assert_ok(open_bytes(&csv, text, strlen(text), rules), error);
    return csv;
}

/* The cells of all rows joined: '|' between cells, '/' behind rows. */
static const char *joined(const char *text, unsigned rules) {
    static char out[1000];
    table_csv csv = opened(text, rules);
    bool more = true;
    *out = 0;
    for (;;) {
        test_assert_ok(table_csv_next(&csv, &more, &error), error);
        if (!more) break;
        for (size_t i = 0; i < csv.n_columns; i++) {
            ck_assert_uint_eq(csv.cells[i].length, strlen(csv.cells[i].text));
            sprintf(out + strlen(out), "%s%s", i ? "|" : "", csv.cells[i].text);
        }
        strcat(out, "/");
    }
    table_csv_close(&csv);
    return out;
}

/* Status of reading everything; the error is left in `error`. */
static ropelaw_status outcome(const char *text, size_t n) {
    table_csv csv;
    bool more = true;
    memset(&error, 0, sizeof error);
    ropelaw_status status = open_bytes(&csv, text, n, 0);
    if (status) return status;
    while (!status && more) status = table_csv_next(&csv, &more, &error);
    table_csv_close(&csv);
    return status;
}

START_TEST(plain) {
    ck_assert_str_eq(joined("a,b,c\n1,2,3\n4,,6\n", 0), "1|2|3/4||6/");
    ck_assert_str_eq(joined("a,b\n1,2", 0), "1|2/");
    ck_assert_str_eq(joined("a\tb\n1,5\t2\n", 0), "1,5|2/");
    ck_assert_str_eq(joined("a,b\n 1 ,\t2\t\n", 0), "1|2/");
    ck_assert_str_eq(joined("a,b\n\n1,2\n  \n3,4\n", 0), "1|2/3|4/");
    ck_assert_str_eq(joined("a\n1\n", 0), "1/");
    ck_assert_str_eq(joined("a,b\n,\n", 0), "|/");
}
END_TEST

START_TEST(quotes) {
    ck_assert_str_eq(joined("a,b\n\"1,5\",\"say \"\"yes\"\"\"\n", 0), "1,5|say \"yes\"/");
    ck_assert_str_eq(joined("a,b\n\" x \",\"#y\"\n\"two\nlines\",\"\"\n", 0), " x |#y/two\nlines|/");
    ck_assert_str_eq(joined("a,b\n1, \"2\" \n", 0), "1|2/");
    ck_assert_str_eq(joined("\"a,a\",\"b\nb\"\n1,2\n", 0), "1|2/");
}
END_TEST

START_TEST(line_ends_and_mark) {
    ck_assert_str_eq(joined("\xef\xbb\xbf"
                            "a,b\r\n1,2\r\n3,4\r\n",
                            0),
                     "1|2/3|4/");
    ck_assert_str_eq(joined("a,b\r1,2\r3,4", 0), "1|2/3|4/");
    table_csv csv = opened("\xef\xbb\xbf# source: here\na,b\n1,2\n", 0);
    ck_assert_str_eq(csv.columns[0], "a");
    ck_assert_uint_eq(table_csv_find(&csv, "b"), 1);
    ck_assert_uint_eq(table_csv_find(&csv, "c"), SIZE_MAX);
    table_csv_close(&csv);
}
END_TEST

START_TEST(comments) {
    table_csv csv = opened(
        "# source: https://x.org/a:b \r\n#kind:measured\n#\n# plain words: not a key\na\n1\n# late: yes\n2\n",
        0);
    bool more;
    for (int i = 0; i < 3; i++) test_assert_ok(table_csv_next(&csv, &more, &error), error);
    ck_assert(!more);
    ck_assert_uint_eq(csv.n_keys, 4);
    static const char *const expected[][2] = {
        {"source",  "https://x.org/a:b"     },
        {"kind",    "measured"              },
        {"comment", "plain words: not a key"},
        {"late",    "yes"                   }
    };
    for (int i = 0; i < 4; i++) {
        ck_assert_str_eq(csv.keys[i].key, expected[i][0]);
        ck_assert_str_eq(csv.keys[i].value, expected[i][1]);
    }
    table_csv_close(&csv);
    ck_assert_str_eq(joined("a\n#1\n", TABLE_CSV_NO_COMMENTS), "#1/");
}
END_TEST

START_TEST(ragged) {
    ck_assert_str_eq(joined(",2048,4096\nx,1,2,,,\ny,3\n", TABLE_CSV_RAGGED | TABLE_CSV_UNNAMED),
                     "x|1|2/y|3|/");
    table_csv csv = opened("a,b\n1,2,3\n", TABLE_CSV_RAGGED);
    bool more;
    ck_assert_int_eq(table_csv_next(&csv, &more, &error), ROPELAW_PARSE);
    table_csv_close(&csv);
}
END_TEST

static const struct {
    const char *text;
    size_t line;
    const char *words;
} bad[] = {
    {"",                     1, "empty"                                },
    {"# only: this\n\n",     3, "empty"                                },
    {"a,b\n1,2\n1\n",        3, "1 cells, the header 2"                },
    {"a,b\n1,2,3\n",         2, "3 cells, the header 2"                },
    {"a,b\r\n1,2\r\n1\r\n",  3, "1 cells, the header 2"                },
    {"a,b,a\n",              1, "\"a\" appears twice (columns 1 and 3)"},
    {"a,,b\n",               1, "column 2 of the header"               },
    {"a;b\n1;2\n",           1, "';'"                                  },
    {"a,b\n1,\"2\n3,4\n",    2, "never closed"                         },
    {"a,b\n\"x\"y,2\n",      2, "after the closing quote"              },
    {"a,b\nx\"y,2\n",        2, "a quote inside"                       },
    {"a,b\n\"1\n1\",1\n2\n", 4, "1 cells"                              },
    {"\xff\xfe"
     "a",               1, "UTF-16"                               },
};

START_TEST(bad_input) {
    const char *text = bad[_i].text;
    ck_assert_int_eq(outcome(text, strlen(text)), ROPELAW_PARSE);
    ck_assert_str_eq(error.file, "x.csv");
    ck_assert_uint_eq(error.line, bad[_i].line);
    ck_assert_msg(strstr(error.message, bad[_i].words) != NULL, "\"%s\" does not say %s", error.message,
                  bad[_i].words);
}
END_TEST

START_TEST(nul_bytes) {
    ck_assert_int_eq(outcome("a,b\n1,\0002\n", 9), ROPELAW_PARSE);
    ck_assert_uint_eq(error.line, 2);
}
END_TEST

START_TEST(refusing_a_cell) {
    table_csv csv = opened("run,ppl\nx,3\ny,abc\n", 0);
    bool more;
    test_assert_ok(table_csv_next(&csv, &more, &error), error);
    test_assert_ok(table_csv_next(&csv, &more, &error), error);
    test_assert_fails(table_csv_refuse(&csv, 1, ROPELAW_PARSE, "is not a number", "> 0", &error),
                      ROPELAW_PARSE, error, "ppl");
    char line[400];
    ropelaw_error_str(&error, line, sizeof line);
    ck_assert_str_eq(line, "x.csv:3: column \"ppl\": \"abc\" is not a number (expected > 0)");
    table_csv_close(&csv);
}
END_TEST

START_TEST(files) {
    char *text, path[] = "/tmp/ropelaw-csv-XXXXXX";
    size_t n;
    test_assert_fails(table_read_file("/nowhere/x", &text, &n, &error), ROPELAW_IO, error, "path");
    ck_assert_str_eq(error.file, "/nowhere/x");
    test_assert_fails(table_read_file("/tmp", &text, &n, &error), ROPELAW_IO, error, "path");
    ck_assert_ptr_nonnull(strstr(error.message, "directory"));
    int fd = mkstemp(path);
    char block[1000];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 200; i++) ck_assert_int_eq(write(fd, block, sizeof block), sizeof block);
    close(fd);
    test_assert_ok(table_read_file(path, &text, &n, &error), error);
    ck_assert_uint_eq(n, 200000);
    ck_assert_uint_eq(strlen(text), n);
    core_free(text);
    unlink(path);
}
END_TEST

/* Any bytes: it ends, and under the sanitizers it stays inside the text. */
START_TEST(random_bytes) {
    static const char alphabet[] = "ab,\"\"\n\r\t# :1;\xef\xbb\xbf";
    ropelaw_random random;
    ropelaw_random_init(&random, 7, 0);
    for (int round = 0; round < 20000; round++) {
        char text[40];
        size_t n = ropelaw_random_bits(&random) % sizeof text;
        for (size_t i = 0; i < n; i++)
            text[i] = alphabet[ropelaw_random_bits(&random) % (sizeof alphabet - 1)];
        table_csv csv;
        bool more = true;
        if (open_bytes(&csv, text, n, ropelaw_random_bits(&random) % 8)) continue;
        while (more && !table_csv_next(&csv, &more, &error))
            for (size_t i = 0; more && i < csv.n_columns; i++)
                ck_assert_uint_le(csv.cells[i].length, strlen(csv.cells[i].text));
        table_csv_close(&csv);
    }
}
END_TEST

START_TEST(out_of_memory) {
    const char *text = "# a: b\n# c: d\nx,y\n1,2\n";
    int failures = 0;
    for (long n = 1;; n++) {
        char *copy = malloc(strlen(text) + 1);
        strcpy(copy, text);
        table_csv csv;
        core_fail_allocations_from(n);
        ropelaw_status status = table_csv_open(&csv, copy, strlen(text), "x", 0, &error);
        core_fail_allocations_from(0);
        if (!status) table_csv_close(&csv);
        if (!status) break;
        ck_assert_int_eq(status, ROPELAW_NOMEM);
        failures++;
    }
    ck_assert_int_eq(failures, 5);
}
END_TEST

START_TEST(names_are_numbered_in_order) {
    table_names names = {0};
    static char text[2000][8];
    bool added;
    for (size_t i = 0; i < 2000; i++) {
        sprintf(text[i], "n%zu", i);
        ck_assert_uint_eq(table_names_find(&names, i % 3, text[i], i, &added)->id, i);
        ck_assert(added);
    }
    for (size_t i = 0; i < 2000; i++) {
        ck_assert_uint_eq(table_names_find(&names, i % 3, text[i], 9999, &added)->id, i);
        ck_assert(!added);
        ck_assert_uint_ne(table_names_find(&names, 7, text[i], 5000 + i, &added)->id, i);
        ck_assert(added);
    }
    ck_assert_uint_eq(names.n, 4000);
    table_names_clear(&names);
}
END_TEST

int main(void) {
    Suite *s = suite_create("csv");
    const TTest *const tests[] = {plain,
                                  quotes,
                                  line_ends_and_mark,
                                  comments,
                                  ragged,
                                  nul_bytes,
                                  refusing_a_cell,
                                  files,
                                  random_bytes,
                                  out_of_memory,
                                  names_are_numbered_in_order,
                                  NULL};
    test_add(s, "csv", tests);
    TCase *loop = tcase_create("bad input");
    tcase_add_loop_test(loop, bad_input, 0, sizeof bad / sizeof *bad);
    suite_add_tcase(s, loop);
    return test_run(s);
}
