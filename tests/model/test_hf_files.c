/* Tests: hf_dims.c hf_layers.c hf_rope.c hf_rope_base.c hf_rope_dims.c hf_length.c

   tests/model/configs holds one file per trap; expected.csv holds what each layer kind must come out as, reviewed
   against the published facts of the models; golden/model_configs.csv what transformers makes of the same file. */
#include "model_files.h"
#include <ropelaw/number.h>

enum {
    FILE_,
    KIND,
    METHOD,
    BASE,
    HEAD,
    ROTARY,
    FACTOR,
    ORIGINAL,
    LAYERS,
    WINDOW,
    TRAIN,
    DECLARED,
    N_COLUMNS
};

static void same(const char *row, const char *what, double value, const char *expected) {
    double x = NAN;
    if (expected[0]) ck_assert_int_eq(ropelaw_number_parse(expected, strlen(expected), &x, NULL), ROPELAW_OK);
    ck_assert_msg(value == x || (isnan(value) && isnan(x)), "%s: %s is %.17g, expected %s", row, what, value,
                  expected);
}

static void check_row(char *line) {
    char *cell[N_COLUMNS], row[200];
    snprintf(row, sizeof row, "%.199s", line);
    for (int i = 0; i < N_COLUMNS; i++) {
        cell[i] = strsep(&line, ",\n");
        ck_assert_msg(cell[i] != NULL, "short row %s", row);
    }
    ropelaw_model m = read_config(cell[FILE_]);
    same(row, "train_len", m.train_len_tok, cell[TRAIN]);
    same(row, "declared_len", m.declared_len_tok, cell[DECLARED]);
    ck_assert_msg(m.has_rope == (strcmp(cell[KIND], "none") != 0), "%s: has_rope %d", row, m.has_rope);
    if (m.has_rope) {
        const ropelaw_layer_kind *k = kind_named(&m, cell[KIND]);
        ck_assert_msg(k != NULL, "%s: no such layers", row);
        same(row, "n_layers", (double)k->n_layers, cell[LAYERS]);
        same(row, "window", k->window_tok, cell[WINDOW]);
        ck_assert_msg(k->rotates == (cell[METHOD][0] != 0), "%s: rotates %d", row, k->rotates);
        if (k->rotates) ck_assert_str_eq(k->rope.method, cell[METHOD]);
        same(row, "base", k->rope.base, cell[BASE]);
        same(row, "head_dim", k->rope.head_dim, cell[HEAD]);
        same(row, "rotary_dim", k->rope.rotary_dim, cell[ROTARY]);
        same(row, "factor", k->rope.factor, cell[FACTOR]);
        same(row, "original_len", k->rope.original_len_tok, cell[ORIGINAL]);
    }
    ropelaw_model_clear(&m);
}

START_TEST(every_variant_comes_out_as_expected) {
    FILE *file = fopen("tests/model/expected.csv", "r");
    char line[400];
    int rows = 0;
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        if (line[0] == '#' || !strncmp(line, "file,", 5)) continue;
        check_row(line);
        rows++;
    }
    fclose(file);
    ck_assert_int_gt(rows, 60);
}
END_TEST

/* Where ropelaw says something else than transformers' parse, and why. Only the column named is left out. */
static const struct {
    const char *file, *column, *why;
} differ[] = {
    {"dbrx",            "base",   "the class ignores attn_config.rope_theta, which the model's own code reads"},
    {"falcon-alibi",    "all",    "the class fills in RoPE parameters although alibi is true"                 },
    {"longchat-16k",    "method", "rope_condense_ratio is read by FastChat, not by transformers"              },
    {"longchat-16k",    "factor", "as above"                                                                  },
    {"modernbert-base", "window", "the class gives the half width on each side"                               },
    {"null-theta",      "base",   "the class passes null on; ropelaw assumes the default and says so"         },
};

static bool expected_to_differ(const char *file, const char *column) {
    for (size_t i = 0; i < CORE_COUNT(differ); i++)
        if (!strcmp(differ[i].file, file) &&
            (!strcmp(differ[i].column, column) || !strcmp(differ[i].column, "all")))
            return true;
    return false;
}

/* The kind for a layer type of transformers; where the class names none, the only rotating kind. */
static const ropelaw_layer_kind *kind_for(const ropelaw_model *m, const char *layers) {
    char nope[64];
    snprintf(nope, sizeof nope, "%s_nope", layers);
    const ropelaw_layer_kind *k = kind_named(m, layers), *only = NULL;
    size_t rotating = 0;
    if (!k) k = kind_named(m, nope);
    for (size_t i = 0; i < m->n_kinds; i++)
        if (m->kinds[i].rotates) only = &m->kinds[i], rotating++;
    return k ? k
           : rotating == 1 && !strcmp(layers, "full_attention") &&
                   only->attention != ROPELAW_ATTENTION_CHUNKED
               ? only
               : NULL;
}

enum { T_FILE, T_LAYERS, T_METHOD, T_BASE, T_ROTARY, T_FACTOR, T_ORIGINAL, T_N, T_WINDOW, T_MAX, T_COLUMNS };

/* 1 if the row was compared, 0 if these layers do not rotate (transformers does not say so in its parameters). */
static int compare_row(char *line) {
    char *cell[T_COLUMNS], row[200];
    snprintf(row, sizeof row, "%.199s", line);
    for (int i = 0; i < T_COLUMNS; i++) {
        cell[i] = strsep(&line, ",\n");
        ck_assert_msg(cell[i] != NULL, "short row %s", row);
    }
    if (expected_to_differ(cell[T_FILE], "all")) return 0;
    ropelaw_model m = read_config(cell[T_FILE]);
    const ropelaw_layer_kind *k = kind_for(&m, cell[T_LAYERS]);
    if (k && k->rotates) {
        if (!expected_to_differ(cell[T_FILE], "method")) ck_assert_str_eq(k->rope.method, cell[T_METHOD]);
        if (!expected_to_differ(cell[T_FILE], "base")) same(row, "base", k->rope.base, cell[T_BASE]);
        same(row, "rotary_dim", k->rope.rotary_dim, cell[T_ROTARY]);
        if (!expected_to_differ(cell[T_FILE], "factor")) same(row, "factor", k->rope.factor, cell[T_FACTOR]);
        same(row, "original_len", k->rope.original_len_tok, cell[T_ORIGINAL]);
        if (cell[T_WINDOW][0] && !expected_to_differ(cell[T_FILE], "window"))
            same(row, "window", k->window_tok, cell[T_WINDOW]);
        if (strcmp(cell[T_FILE], "smollm3-3b") != 0) same(row, "n_layers", (double)k->n_layers, cell[T_N]);
    }
    int compared = k && k->rotates;
    ropelaw_model_clear(&m);
    return compared;
}

/* tests/golden/model_configs.csv: transformers' own configuration classes on the same files. */
START_TEST(transformers_reads_the_same) {
    FILE *file = fopen("tests/golden/model_configs.csv", "r");
    char line[400];
    int compared = 0;
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        if (line[0] != '#' && strncmp(line, "file,", 5) != 0) compared += compare_row(line);
    fclose(file);
    ck_assert_int_ge(compared, 45);
}
END_TEST

int main(void) {
    Suite *s = suite_create("model");
    const TTest *const tests[] = {every_variant_comes_out_as_expected, transformers_reads_the_same, NULL};
    test_add(s, "hf", tests);
    return test_run(s);
}
