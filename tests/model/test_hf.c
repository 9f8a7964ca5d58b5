/* Tests: build.c defaults.c find.c read.c hf.c hf_dims.c hf_layers.c hf_rope.c hf_rope_base.c hf_rope_dims.c hf_length.c */
#include "model_files.h"

static ropelaw_error refuse(const char *text, ropelaw_status expected) {
    ropelaw_model m;
    ropelaw_error e = {0};
    ropelaw_status status = ropelaw_model_parse(text, strlen(text), "c.json", &m, &e);
    ck_assert_msg(status == expected, "%.60s gave %s: %s", text, ropelaw_status_str(status), e.message);
    ck_assert_str_eq(e.file, "c.json");
    return e;
}

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
        ropelaw_model m = read_config(both[i][0]);
        ck_assert_msg(note_of(&m, both[i][1]) != NULL, "%s lacks the note %s", both[i][0], both[i][1]);
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
    ck_assert_ptr_nonnull(note_of(&m, "unknown-method"));
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
    const TTest *const tests[] = {every_value_says_where_it_came_from,
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
