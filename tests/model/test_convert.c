/* Tests: convert.c */
#include "model_files.h"
#include <dirent.h>
#include <ropelaw/export.h>

static bool equal(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

static void same_rope(const char *what, const ropelaw_rope_settings *a, const ropelaw_rope_settings *b) {
    ck_assert_msg(!strcmp(a->method, b->method), "%s: method %s became %s", what, a->method, b->method);
    const double x[] = {a->base,
                        a->head_dim,
                        a->rotary_dim,
                        a->factor,
                        a->original_len_tok,
                        a->beta_fast,
                        a->beta_slow,
                        a->mscale,
                        a->mscale_all_dim,
                        a->attention_factor,
                        a->low_freq_factor,
                        a->high_freq_factor};
    const double y[] = {b->base,
                        b->head_dim,
                        b->rotary_dim,
                        b->factor,
                        b->original_len_tok,
                        b->beta_fast,
                        b->beta_slow,
                        b->mscale,
                        b->mscale_all_dim,
                        b->attention_factor,
                        b->low_freq_factor,
                        b->high_freq_factor};
    for (size_t i = 0; i < CORE_COUNT(x); i++)
        ck_assert_msg(equal(x[i], y[i]), "%s: value %zu is %g, was %g", what, i, y[i], x[i]);
    ck_assert_int_eq(a->truncate, b->truncate);
    ck_assert_uint_eq(a->n_long, b->n_long);
    for (size_t i = 0; i < a->n_long; i++) ck_assert(a->long_factor[i] == b->long_factor[i]);
}

static void same_model(const char *what, const ropelaw_model *a, const ropelaw_model *b) {
    ck_assert_msg(a->n_kinds == b->n_kinds, "%s: %zu kinds became %zu", what, a->n_kinds, b->n_kinds);
    ck_assert_msg(equal(a->train_len_tok, b->train_len_tok), "%s: train_len", what);
    ck_assert_msg(equal(a->declared_len_tok, b->declared_len_tok), "%s: declared_len", what);
    for (size_t i = 0; i < a->n_kinds; i++) {
        ck_assert_uint_eq(a->kinds[i].n_layers, b->kinds[i].n_layers);
        ck_assert_int_eq(a->kinds[i].rotates, b->kinds[i].rotates);
        if (a->kinds[i].rotates) same_rope(what, &a->kinds[i].rope, &b->kinds[i].rope);
    }
}

/* Every variant in both directions; the ones that the old style cannot hold say so. */
START_TEST(every_variant_keeps_its_meaning) {
    DIR *folder = opendir("tests/model/configs");
    struct dirent *entry;
    int converted = 0, refused = 0;
    ck_assert_ptr_nonnull(folder);
    while ((entry = readdir(folder))) {
        char path[512];
        ropelaw_model m, back;
        ropelaw_error e = {0};
        if (!strstr(entry->d_name, ".json")) continue;
        snprintf(path, sizeof path, "tests/model/configs/%s", entry->d_name);
        test_assert_ok(ropelaw_model_read(path, &m, &e), e);
        for (int style = 4; style <= 5; style++) {
            char *text = NULL;
            ropelaw_status status = ropelaw_config_convert(&m, style == 4 ? "hf-v4" : "hf-v5", &text, &e);
            if (status) {
                ck_assert_msg(!m.has_rope || style == 4, "%s: %s", path, e.message);
                refused++;
                continue;
            }
            back = parse(text);
            same_model(path, &m, &back);
            ropelaw_model_clear(&back);
            core_free(text);
            converted++;
        }
        ropelaw_model_clear(&m);
    }
    closedir(folder);
    ck_assert_int_gt(converted, 100);
    ck_assert_int_lt(refused, 15);
}
END_TEST

START_TEST(styles_look_as_they_should) {
    ropelaw_model m =
        parse("{\"model_type\": \"llama\", \"x\": 1e-05, \"hidden_size\": 64, \"num_attention_heads\": 1, "
              "\"rope_theta\": 500000.0, \"max_position_embeddings\": 64, "
              "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}, \"t\": [0.0, Infinity]}");
    ropelaw_error e = {0};
    char *text;
    test_assert_ok(ropelaw_config_convert(&m, "hf-v5", &text, &e), e);
    ck_assert_ptr_nonnull(strstr(text, "\"x\": 1e-05"));
    ck_assert_ptr_nonnull(strstr(text, "\"rope_type\": \"linear\""));
    ck_assert_ptr_nonnull(strstr(text, "{\"__float__\": \"Infinity\"}"));
    ck_assert_ptr_null(strstr(text, "rope_scaling"));
    ck_assert_ptr_null(strstr(text, "\"type\""));
    ropelaw_model back = parse(text);
    core_free(text);
    test_assert_ok(ropelaw_config_convert(&back, "hf-v4", &text, &e), e);
    ck_assert_ptr_nonnull(strstr(text, "\"rope_theta\": 500000"));
    ck_assert_ptr_null(strstr(text, "rope_parameters"));
    ck_assert_ptr_nonnull(strstr(text, "Infinity"));
    ck_assert_ptr_null(strstr(text, "__float__"));
    core_free(text);
    ropelaw_model_clear(&back);
    ropelaw_model_clear(&m);
}
END_TEST

/* Keys move within the object that describes the model, whatever it is called. */
START_TEST(a_nested_model_stays_where_it_is) {
    char name[201], file[600], *text;
    memset(name, 'x', sizeof name - 1), name[sizeof name - 1] = 0;
    const char *const names[] = {"text_config", "with.a.dot", name};
    ropelaw_error e = {0};
    for (size_t i = 0; i < CORE_COUNT(names); i++) {
        snprintf(file, sizeof file,
                 "{\"rope_theta_of\": 1, \"%s\": {\"model_type\": \"llama\", \"hidden_size\": 64, "
                 "\"num_attention_heads\": 1, "
                 "\"rope_theta\": 500000.0, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}}}",
                 names[i]);
        ropelaw_model m = parse(file);
        test_assert_ok(ropelaw_config_convert(&m, "hf-v5", &text, &e), e);
        const char *inner = strstr(text, names[i]), *moved = strstr(text, "rope_parameters");
        ck_assert_msg(inner && moved && inner < moved && !strstr(moved + 1, "rope_parameters"), "%s", text);
        ck_assert_msg(!strstr(text, "\n  \"rope_parameters"), "%s", text); /* not at the top level */
        core_free(text);
        ropelaw_model_clear(&m);
    }
}
END_TEST

START_TEST(what_cannot_be_converted) {
    ropelaw_error e = {0};
    char *text;
    ropelaw_model m = parse("{\"model_type\": \"gpt2\", \"n_embd\": 64, \"n_head\": 1}");
    ck_assert_int_eq(ropelaw_config_convert(&m, "hf-v5", &text, &e), ROPELAW_UNSUPPORTED);
    ropelaw_model_clear(&m);
    m = parse("{\"dim\": 64, \"n_heads\": 1, \"n_layers\": 1}");
    test_assert_fails(ropelaw_config_convert(&m, "hf-v5", &text, &e), ROPELAW_UNSUPPORTED, e, "format");
    ropelaw_model_clear(&m);
    m = parse("{\"model_type\": \"llama\", \"hidden_size\": 64, \"num_attention_heads\": 1}");
    test_assert_fails(ropelaw_config_convert(&m, "hf-v6", &text, &e), ROPELAW_INVALID, e, "to");
    for (long n = 1; n < 60; n++) {
        core_fail_allocations_from(n);
        ropelaw_status status = ropelaw_config_convert(&m, "hf-v5", &text, &e);
        core_fail_allocations_from(0);
        if (!status) {
            core_free(text);
            break;
        }
        ck_assert_int_eq(status, ROPELAW_NOMEM);
        ck_assert_int_lt(n, 59);
    }
    ropelaw_model_clear(&m);
}
END_TEST

int main(void) {
    Suite *s = suite_create("convert");
    const TTest *const tests[] = {every_variant_keeps_its_meaning, styles_look_as_they_should,
                                  a_nested_model_stays_where_it_is, what_cannot_be_converted, NULL};
    test_add(s, "convert", tests);
    return test_run(s);
}
