/* The shipped curves read without a remark, together, and show the knees that their sources show. */
#include "test.h"
#include <ropelaw/series.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

static ropelaw_error error;

static ropelaw_series everything(void) {
    ropelaw_series all = {0};
    glob_t files;
    ck_assert_int_eq(glob("data/curves/*.csv", 0, NULL, &files), 0);
    ck_assert_uint_ge(files.gl_pathc, 18);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        ropelaw_series one;
        test_assert_ok(ropelaw_series_read(files.gl_pathv[i], &one, &error), error);
        ck_assert_msg(one.n_notes == 0, "%s", one.n_notes ? one.notes[0] : "");
        for (size_t j = 0; j < one.n_runs; j++)
            ck_assert_int_eq(one.runs[j].digitised, strstr(files.gl_pathv[i], "liu2023_figure") != NULL);
        test_assert_ok(ropelaw_series_merge(&all, &one, &error), error);
    }
    globfree(&files);
    return all;
}

START_TEST(all_files_together) {
    ropelaw_series all = everything();
    ck_assert_uint_ge(all.n_runs, 280);
    ropelaw_series_clear(&all);
}
END_TEST

/* Lowest value and the first length beyond it above 1.1 times that, as computed elsewhere from the originals. */
static const struct {
    const char *run;
    double least, at, first;
} knees[] = {
    {"yarn-llama2_70b/Llama-2-70b-hf",       2.957, 4096,  5120 },
    {"yarn-mistral/Mistral-7B-v0.1",         2.961, 8192,  12288},
    {"yarn-llama2_128k/CodeLlama-7b-hf",     2.519, 81920, 0    },
    {"yarn-llama2_128k/CodeLlama-13b-hf",    2.360, 94208, 0    },
    {"yarn-llama2_128k/LLaMA-2-7B-32K",      2.636, 32768, 34816},
    {"yarn-llama2_128k/Yarn-Llama-2-7b-64k", 2.422, 65536, 75776},
};

static const ropelaw_run *find(const ropelaw_series *all, const char *name) {
    for (size_t i = 0; i < all->n_runs; i++)
        if (!strcmp(all->runs[i].name, name)) return &all->runs[i];
    ck_abort_msg("no run %s", name);
    return NULL;
}

START_TEST(knees_are_where_the_sources_show_them) {
    ropelaw_series all = everything();
    for (size_t i = 0; i < sizeof knees / sizeof *knees; i++) {
        const ropelaw_run *run = find(&all, knees[i].run);
        size_t least = 0;
        double first = 0;
        for (size_t j = 1; j < run->n_points; j++)
            if (run->points[j].value < run->points[least].value) least = j;
        for (size_t j = least; j < run->n_points && !first; j++)
            if (run->points[j].value > 1.1 * run->points[least].value) first = run->points[j].eval_len_tok;
        test_assert_abs(run->points[least].value, knees[i].least, 0.0005);
        ck_assert_double_eq(run->points[least].eval_len_tok, knees[i].at);
        ck_assert_msg(first == knees[i].first, "%s: %g", knees[i].run, first);
    }
    ropelaw_series_clear(&all);
}
END_TEST

START_TEST(facts_and_limits) {
    ropelaw_series all = everything();
    const ropelaw_run *code = find(&all, "yarn-llama2_128k/CodeLlama-7b-hf");
    ck_assert(code->base == 1e6 && code->pretrain_base == 1e4 && code->train_len_tok == 4096);
    ck_assert(code->tune_len_tok == 16384 && code->rotary_dim == 128);
    ck_assert_uint_eq(code->n_points, 64);
    const ropelaw_run *figure = find(&all, "liu2023-figure/base 10000");
    ck_assert_uint_eq(figure->n_points, 7);
    ck_assert_int_eq(figure->points[0].censored, 0);
    ck_assert_int_eq(figure->points[1].censored, 1);
    ck_assert_double_eq(figure->points[1].value, 100);
    ck_assert_double_eq(find(&all, "liu2023-readme/base 1000000")->points[3].value, 8349.9);
    const ropelaw_run *pi = find(&all, "pi-pg19/LLaMA-7B PI 16384");
    ck_assert_str_eq(pi->method, "linear");
    ck_assert_double_eq(pi->factor, 8);
    ropelaw_series_clear(&all);
}
END_TEST

int main(void) {
    Suite *s = suite_create("data");
    const TTest *const tests[] = {all_files_together, knees_are_where_the_sources_show_them, facts_and_limits,
                                  NULL};
    test_add(s, "data", tests);
    return test_run(s);
}
