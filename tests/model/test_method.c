/* Tests: method.c
   Names of RoPE methods in files: the known ones, and the complaint about another, in each format. */
#include "gguf_maker.h"
#include "model_files.h"

static const char *const listed[] = {"default", "linear",   "ntk",    "dynamic",     "ntk-by-parts",
                                     "yarn",    "longrope", "llama3", "proportional"};

static ropelaw_model config(const char *rope_parameters) {
    char text[600];
    snprintf(text, sizeof text,
             "{\"model_type\": \"llama\", \"hidden_size\": 4096, \"num_attention_heads\": 32,\n"
             "\"max_position_embeddings\": 8192,\n\"rope_parameters\": {%s}}",
             rope_parameters);
    return parse(text);
}

/* The complaint names every method that a file can name, and each of them is known. */
START_TEST(known_names_are_listed) {
    ropelaw_model unknown = config("\"rope_type\": \"zigzag\"");
    for (size_t i = 0; i < CORE_COUNT(listed); i++) {
        char text[80];
        snprintf(text, sizeof text, "\"rope_type\": \"%s\", \"factor\": 2.0", listed[i]);
        ropelaw_model m = config(text);
        ck_assert_msg(ropelaw_layer_kind_check(&m, &m.kinds[0], NULL) == ROPELAW_OK, "%s", listed[i]);
        ck_assert_str_eq(m.kinds[0].rope.method, listed[i]);
        ck_assert_ptr_nonnull(strstr(unknown.notes[0].text, listed[i]));
        ropelaw_model_clear(&m);
    }
    ropelaw_model_clear(&unknown);
}
END_TEST

START_TEST(an_unknown_name_is_told_with_its_place) {
    ropelaw_error e = {0};
    ropelaw_model m = config("\"rope_type\": \"axial\", \"rope_theta\": 10000.0");
    test_assert_fails(ropelaw_layer_kind_check(&m, &m.kinds[0], &e), ROPELAW_UNSUPPORTED, e,
                      "rope_parameters.rope_type");
    ck_assert_str_eq(e.message,
                     "unknown rope type \"axial\" in rope_parameters.rope_type (known: default, linear, ntk, "
                     "dynamic, ntk-by-parts, yarn, longrope, llama3, proportional)");
    ck_assert_str_eq(e.file, "c.json");
    ck_assert_uint_eq(e.line, 3);
    ck_assert_str_eq(m.notes[0].id, "unknown-method");
    ck_assert_str_eq(m.notes[0].key, "rope_type");
    ck_assert_str_eq(m.notes[0].text, e.message);
    ropelaw_model_clear(&m);
}
END_TEST

START_TEST(gguf_says_the_same) {
    static maker made[1];
    ropelaw_error e = {0};
    ropelaw_model m = read_keys(
        made, KEYS(TEXT("general.architecture", "llama"), U32("llama.context_length", 8192),
                   U32("llama.attention.key_length", 128), TEXT("llama.rope.scaling.type", "axial")));
    test_assert_fails(ropelaw_layer_kind_check(&m, &m.kinds[0], &e), ROPELAW_UNSUPPORTED, e,
                      "llama.rope.scaling.type");
    ck_assert_ptr_nonnull(
        strstr(e.message, "unknown rope type \"axial\" in llama.rope.scaling.type (known: "));
    ck_assert_str_eq(e.file, "t.gguf");
    ropelaw_model_clear(&m);
}
END_TEST

/* `axial` belongs to vision towers, which are not read. */
START_TEST(vision_towers_are_not_read) {
    static const char text[] = "{\"model_type\": \"gemma4\", \"text_config\": {\"model_type\": "
                               "\"gemma4_text\", \"hidden_size\": 2048, "
                               "\"num_attention_heads\": 8, \"head_dim\": 256, \"max_position_embeddings\": "
                               "8192}, \"vision_config\": "
                               "{\"model_type\": \"gemma4_vision\", \"rope_parameters\": {\"rope_type\": "
                               "\"axial\", \"rope_theta\": 100.0}}}";
    ropelaw_model m = parse(text);
    ropelaw_error e = {0};
    for (size_t i = 0; i < m.n_kinds; i++) test_assert_ok(ropelaw_layer_kind_check(&m, &m.kinds[i], &e), e);
    ck_assert_ptr_null(note_of(&m, "unknown-method"));
    test_assert_ok(ropelaw_layer_kind_check(&m, NULL, &e), e);
    ropelaw_model_clear(&m);
}
END_TEST

int main(void) {
    Suite *s = suite_create("method");
    const TTest *const tests[] = {known_names_are_listed, an_unknown_name_is_told_with_its_place,
                                  gguf_says_the_same, vision_towers_are_not_read, NULL};
    test_add(s, "method", tests);
    return test_run(s);
}
