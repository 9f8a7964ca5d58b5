/* Tests: build.c defaults.c find.c read.c hf.c hf_dims.c hf_layers.c hf_rope.c hf_rope_base.c hf_rope_dims.c hf_length.c

   tests/model/configs holds one file per trap; expected.csv holds what each layer kind must come out as,
   reviewed against the published facts of the models. */
#include "test.h"
#include "model/internal.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

static ropelaw_model parse(const char *text) {
    ropelaw_model m;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_model_parse(text, strlen(text), "c.json", &m, &e), e);
    return m;
}

static ropelaw_error refuse(const char *text, ropelaw_status expected) {
    ropelaw_model m;
    ropelaw_error e = {0};
    ropelaw_status status = ropelaw_model_parse(text, strlen(text), "c.json", &m, &e);
    ck_assert_msg(status == expected, "%.60s gave %s: %s", text, ropelaw_status_str(status), e.message);
    ck_assert_str_eq(e.file, "c.json");
    return e;
}

static const ropelaw_layer_kind *kind_named(const ropelaw_model *m, const char *name) {
    for (size_t i = 0; i < m->n_kinds; i++)
        if (!strcmp(m->kinds[i].name, name)) return &m->kinds[i];
    return NULL;
}

static bool has_note(const ropelaw_model *m, const char *id) {
    for (size_t i = 0; i < m->n_notes; i++)
        if (!strcmp(m->notes[i].id, id)) return true;
    return false;
}

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
    char *cell[N_COLUMNS], path[200], row[200];
    snprintf(row, sizeof row, "%.199s", line);
    for (int i = 0; i < N_COLUMNS; i++) {
        cell[i] = strsep(&line, ",\n");
        ck_assert_msg(cell[i] != NULL, "short row %s", row);
    }
    snprintf(path, sizeof path, "tests/model/configs/%.100s.json", cell[FILE_]);
    ropelaw_model m;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_model_read(path, &m, &e), e);
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
    char *cell[T_COLUMNS], path[200], row[200];
    snprintf(row, sizeof row, "%.199s", line);
    for (int i = 0; i < T_COLUMNS; i++) {
        cell[i] = strsep(&line, ",\n");
        ck_assert_msg(cell[i] != NULL, "short row %s", row);
    }
    if (expected_to_differ(cell[T_FILE], "all")) return 0;
    snprintf(path, sizeof path, "tests/model/configs/%.100s.json", cell[T_FILE]);
    ropelaw_model m;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_model_read(path, &m, &e), e);
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

START_TEST(every_value_says_where_it_came_from) {
    ropelaw_model m =
        parse("{\"model_type\": \"gpt_neox\",\n\"hidden_size\": 2048, \"num_attention_heads\": 8,\n"
              "\"rotary_emb_base\": 10000, \"max_position_embeddings\": 2048}");
    const ropelaw_fact *f = ropelaw_model_fact(&m, "base", "full_attention");
    ck_assert_int_eq(f->origin, ROPELAW_ORIGIN_FILE);
    ck_assert_str_eq(f->from, "rotary_emb_base");
    ck_assert_uint_eq(f->line, 3);
    f = ropelaw_model_fact(&m, "partial", "full_attention");
    ck_assert_int_eq(f->origin, ROPELAW_ORIGIN_DEFAULT);
    ck_assert_str_eq(f->value, "0.25");
    f = ropelaw_model_fact(&m, "rotary_dim", "full_attention");
    ck_assert_int_eq(f->origin, ROPELAW_ORIGIN_DERIVED);
    ck_assert_str_eq(f->value, "64");
    ck_assert_uint_eq(m.caveats & ROPELAW_CAVEAT_DEFAULTED, ROPELAW_CAVEAT_DEFAULTED);
    ropelaw_model_clear(&m);
    m = parse("{\"model_type\": \"llama\", \"rope_theta\": 500000, \"hidden_size\": 4096, "
              "\"num_attention_heads\": 32, "
              "\"num_hidden_layers\": 32, \"max_position_embeddings\": 8192}");
    ck_assert_uint_eq(m.caveats, 0);
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(contradictions_name_both_values_and_the_winner) {
    const char *const both[][2] = {
        {"codeqwen-both-bases",    "base-contradiction"    },
        {"both-types",             "type-and-rope-type"    },
        {"scaling-and-parameters", "scaling-and-parameters"},
        {"command-r",              "length-contradiction"  },
        {"null-theta",             "null-theta"            },
        {"vicuna-16k",             "length-contradiction"  },
        {"together-32k",           "ambiguous-length"      },
        {"qwen25-7b",              "window-cancelled"      },
        {"phi3-mini-128k",         "window-covers-context" }
    };
    for (size_t i = 0; i < CORE_COUNT(both); i++) {
        char path[200];
        ropelaw_model m;
        ropelaw_error e = {0};
        snprintf(path, sizeof path, "tests/model/configs/%s.json", both[i][0]);
        test_assert_ok(ropelaw_model_read(path, &m, &e), e);
        ck_assert_msg(has_note(&m, both[i][1]), "%s lacks the note %s", both[i][0], both[i][1]);
        ropelaw_model_clear(&m);
    }
    ropelaw_model m = parse("{\"model_type\": \"llama\", \"hidden_size\": 64, \"num_attention_heads\": 1,"
                            "\"max_position_embeddings\": 64, \"rope_theta\": 10000, \"rope_scaling\": "
                            "{\"rope_type\": \"linear\", \"factor\": 2, \"rope_theta\": 20000}}");
    test_assert_abs(m.kinds[0].rope.base, 20000, 0);
    ck_assert_ptr_nonnull(strstr(m.notes[0].text, "10000"));
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(what_is_no_model_says_what_it_is) {
    ck_assert_ptr_nonnull(strstr(refuse("{\"peft_type\": \"LORA\"}", ROPELAW_PARSE).message, "adapter"));
    ck_assert_ptr_nonnull(strstr(refuse("{\"weight_map\": {}}", ROPELAW_PARSE).message, "index"));
    ck_assert_ptr_nonnull(strstr(refuse("{}", ROPELAW_PARSE).message, "no model configuration"));
    refuse("[1]", ROPELAW_PARSE);
    refuse("\"GGUF\"", ROPELAW_PARSE);
    ropelaw_model m =
        parse("{\"model_type\": \"somethingnew\", \"hidden_size\": 64, \"num_attention_heads\": 2}");
    ck_assert_int_eq(m.has_rope, 0);
    ck_assert_ptr_nonnull(strstr(m.positions, "unknown"));
    ropelaw_model_clear(&m);
    m = parse(
        "{\"model_type\": \"x\", \"hidden_size\": 64, \"num_attention_heads\": 2, \"n_positions\": 512}");
    ck_assert_ptr_nonnull(strstr(m.positions, "learned"));
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(wrong_types_and_values_are_refused) {
#define SIZES "\"model_type\": \"llama\", \"hidden_size\": 64, \"num_attention_heads\": 2, "
    ropelaw_error e = refuse("{" SIZES "\n\"rope_theta\": \"big\"}", ROPELAW_PARSE);
    ck_assert_str_eq(e.argument, "rope_theta");
    ck_assert_uint_eq(e.line, 2);
    refuse("{" SIZES "\"rope_scaling\": \"yarn\"}", ROPELAW_PARSE);
    refuse("{" SIZES "\"rope_scaling\": {\"rope_type\": 3}}", ROPELAW_PARSE);
    refuse("{" SIZES "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": []}}", ROPELAW_PARSE);
    refuse("{" SIZES "\"rope_scaling\": {\"rope_type\": \"longrope\", \"long_factor\": [1, \"a\"]}}",
           ROPELAW_PARSE);
    refuse("{" SIZES "\"rope_theta\": 1}", ROPELAW_DOMAIN);
    refuse("{" SIZES "\"rope_theta\": Infinity}", ROPELAW_PARSE);
    refuse("{" SIZES "\"partial_rotary_factor\": 1.5}", ROPELAW_DOMAIN);
    refuse("{" SIZES "\"head_dim\": -4}", ROPELAW_DOMAIN);
    refuse("{" SIZES "\"max_position_embeddings\": 1e300}", ROPELAW_DOMAIN);
    refuse("{" SIZES "\"layer_types\": \"full\"}", ROPELAW_PARSE);
    refuse("{" SIZES "\"layer_types\": [1, 2]}", ROPELAW_PARSE);
    refuse("{" SIZES "\"sliding_window\": \"x\"}", ROPELAW_PARSE);
    refuse("{" SIZES "\"sliding_window\": 16, \"num_hidden_layers\": 4, \"sliding_window_pattern\": {}}",
           ROPELAW_PARSE);
}
END_TEST

/* int(head_dim * partial) in double, as Python has it: 100 * 0.29 is 28.999999999999996, so 28. */
START_TEST(fractions_are_cut_not_rounded) {
    ropelaw_model m = parse("{" SIZES "\"head_dim\": 100, \"partial_rotary_factor\": 0.29}");
    test_assert_abs(m.kinds[0].rope.rotary_dim, 28, 0);
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(cut_and_damaged_files) {
    FILE *file = fopen("tests/model/configs/llama31-8b.json", "r");
    char text[2000], damaged[2000];
    ck_assert_ptr_nonnull(file);
    size_t n = fread(text, 1, sizeof text, file);
    fclose(file);
    for (size_t i = 0; i + 1 < n; i++) { /* only the last newline may go */
        ropelaw_model m;
        ropelaw_error e = {0};
        if (i + 2 < n) {
            ropelaw_status status = ropelaw_model_parse(text, i, "cut", &m, &e);
            ck_assert_msg(status == ROPELAW_PARSE, "%zu bytes: %s", i, ropelaw_status_str(status));
        }
        for (int byte = 0; byte < 256; byte += 51) {
            memcpy(damaged, text, n);
            damaged[i] = (char)byte;
            if (!ropelaw_model_parse(damaged, n, "damaged", &m, &e))
                ropelaw_model_clear(&m);
            else
                ck_assert_str_ne(e.message, "");
        }
    }
}
END_TEST

START_TEST(unknown_methods_are_said_not_guessed) {
    ropelaw_model m = parse("{" SIZES "\"rope_scaling\": {\"rope_type\": \"zigzag\", \"factor\": 2}}");
    ck_assert_int_eq(m.kinds[0].rope.known, 0);
    ck_assert_str_eq(m.kinds[0].rope.method, "zigzag");
    ck_assert(has_note(&m, "unknown-method"));
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(letters_and_flags_split_layers) {
    ropelaw_model m = parse("{\"model_type\": \"x\", \"rope_theta\": 10000, \"hidden_size\": 64, "
                            "\"num_attention_heads\": 2, \"num_hidden_layers\": 6, "
                            "\"hybrid_override_pattern\": \"M-M*-*\"}");
    ck_assert_uint_eq(kind_named(&m, "full_attention")->n_layers, 2);
    ck_assert_uint_eq(kind_named(&m, "linear_attention")->n_layers, 2);
    ropelaw_model_clear(&m);
    m = parse("{\"model_type\": \"exaone4\", \"rope_theta\": 10000, \"hidden_size\": 64, "
              "\"num_attention_heads\": 2, "
              "\"num_hidden_layers\": 6, \"sliding_window\": 16, \"sliding_window_pattern\": \"LLLG\", "
              "\"max_position_embeddings\": 64}");
    ck_assert_uint_eq(kind_named(&m, "full_attention_nope")->n_layers,
                      2); /* layer 3, and the last one always */
    ck_assert_uint_eq(kind_named(&m, "sliding_attention")->n_layers, 4);
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(defaults_are_sorted_out) {
    for (size_t i = 0; i < model_default_count(); i++) {
        const model_default *d = model_default_at(i);
        ck_assert_ptr_eq(model_default_find(d->type), d); /* no type twice */
        ck_assert_ptr_nonnull(d->source);
        ck_assert_msg(d->layers == MODEL_LAYERS_PLAIN || d->layers == MODEL_LAYERS_MAX_WINDOW ||
                          d->period > 1,
                      "%s alternates without a period", d->type);
    }
    ck_assert_ptr_null(model_default_at(model_default_count()));
}
END_TEST

START_TEST(every_allocation_may_fail) {
    const char *text =
        "{" SIZES "\"num_hidden_layers\": 4, \"sliding_window\": 8, \"layer_types\": "
        "[\"full_attention\", \"sliding_attention\", \"x\", \"y\"], \"rope_scaling\": {\"rope_type\": "
        "\"longrope\", \"long_factor\": [1, 2]}}";
    for (long n = 1;; n++) {
        ropelaw_model m;
        ropelaw_error e = {0};
        core_fail_allocations_from(n);
        ropelaw_status status = ropelaw_model_parse(text, strlen(text), "t", &m, &e);
        core_fail_allocations_from(0);
        if (!status) {
            ropelaw_model_clear(&m);
            ck_assert_int_gt(n, 20);
            return;
        }
        ck_assert_int_eq(status, ROPELAW_NOMEM);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("model");
    const TTest *const tests[] = {every_variant_comes_out_as_expected,
                                  transformers_reads_the_same,
                                  every_value_says_where_it_came_from,
                                  contradictions_name_both_values_and_the_winner,
                                  what_is_no_model_says_what_it_is,
                                  wrong_types_and_values_are_refused,
                                  fractions_are_cut_not_rounded,
                                  cut_and_damaged_files,
                                  unknown_methods_are_said_not_guessed,
                                  letters_and_flags_split_layers,
                                  defaults_are_sorted_out,
                                  every_allocation_may_fail,
                                  NULL};
    test_add(s, "hf", tests);
    return test_run(s);
}
