/* Tests: hf_remarks.c hf_contradictions.c
   Every key under which files give a rotary value, and every default where they do not: what comes out, and from where.
 */
#include "model_files.h"

#define LLAMA "\"model_type\": \"llama\", \"hidden_size\": 4096, \"num_attention_heads\": 32, "
#define BARE  "\"model_type\": \"x\", \"hidden_size\": 4096, \"num_attention_heads\": 32, "

enum {
    FROM_FILE = ROPELAW_ORIGIN_FILE,
    DEFAULTED = ROPELAW_ORIGIN_DEFAULT,
    DERIVED = ROPELAW_ORIGIN_DERIVED
};

/* clang-format off: columns would be too wide to read */
static const struct {
    const char *json, *fact, *value;
    int origin;
    const char *from; /* "": any */
} keys[] = {
    /* the base */
    {LLAMA "\"rope_theta\": 500000", "base", "500000", FROM_FILE, "rope_theta"},
    {LLAMA "\"rope_theta\": 100000000000.0", "base", "100000000000", FROM_FILE, "rope_theta"},
    {LLAMA "\"rope_theta\": 2800000000", "base", "2800000000", FROM_FILE, "rope_theta"},
    {LLAMA "\"x\": 1", "base", "10000", DEFAULTED, ""},
    {BARE "\"rotary_emb_base\": 20000", "base", "20000", FROM_FILE, "rotary_emb_base"},
    {BARE "\"rotary_emb_base\": 20000, \"rope_theta\": 1000042", "base", "1000042", FROM_FILE, "rope_theta"},
    {BARE "\"rope_ratio\": 500", "base", "5000000", DERIVED, "10000 * rope_ratio"},
    {BARE "\"rope_ratio\": 10000", "base", "100000000", DERIVED, "10000 * rope_ratio"},
    {BARE "\"rope_freq_constant\": 30000", "base", "30000", FROM_FILE, "rope_freq_constant"},
    {BARE "\"attn_config\": {\"rope_theta\": 500000, \"rope\": true}", "base", "500000", FROM_FILE,
     "attn_config.rope_theta"},
    {BARE "\"global_rope_theta\": 160000.0", "base", "160000", FROM_FILE, "global_rope_theta"},
    {BARE "\"rope_parameters\": {\"rope_theta\": 1e6, \"rope_type\": \"default\"}, \"rope_theta\": 7", "base",
     "1000000", FROM_FILE, "rope_parameters.rope_theta"},
    {BARE "\"rope_parameters\": {\"rope_type\": \"default\"}, \"rope_theta\": 7000", "base", "7000",
     FROM_FILE, "rope_theta"},
    {BARE "\"rope_parameters\": {\"full_attention\": {\"rope_theta\": 3e5}, \"sliding_attention\": "
          "{\"rope_theta\": 1e4}}",
     "base", "300000", FROM_FILE, "rope_parameters.full_attention.rope_theta"},
    {BARE "\"rope_parameters\": {\"global\": {\"base\": 3e5}, \"local\": {\"base\": 1e4}}", "base", "300000",
     FROM_FILE, "rope_parameters.global.base"},
    {BARE
     "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}, \"rope_parameters\": {\"rope_theta\": 5}, "
     "\"rope_theta\": 9000",
     "base", "9000", FROM_FILE, "rope_theta"},
    {BARE "\"rope_theta\": {\"__float__\": \"1e6\"}", NULL, NULL, 0, ""}, /* refused: no such number */
    {"\"text_config\": {\"rope_theta\": 1e6, " BARE "\"y\": 0}", "base", "1000000", FROM_FILE,
     "text_config.rope_theta"},
    {"\"vision_part\": {\"hidden_size\": 1, \"rope_theta\": 3}, \"some_lm\": {\"rope_theta\": 1e6, " BARE
     "\"y\": 0}",
     "base", "1000000", FROM_FILE, "some_lm.rope_theta"},
    {BARE "\"compress_rope_theta\": 40000.0, \"rope_theta\": 10000", "compress_base", "40000", FROM_FILE,
     "compress_rope_theta"},
    /* defaults of the model types */
    {"\"model_type\": \"llama4_text\"", "base", "500000", DEFAULTED, ""},
    {"\"model_type\": \"smollm3\"", "base", "2000000", DEFAULTED, ""},
    {"\"model_type\": \"gpt_oss\"", "base", "150000", DEFAULTED, ""},
    {"\"model_type\": \"gemma3_text\"", "base", "1000000", DEFAULTED, ""},
    {"\"model_type\": \"modernbert\"", "base", "160000", DEFAULTED, ""},
    {"\"model_type\": \"minimax\"", "base", "1000000", DEFAULTED, ""},
    {"\"model_type\": \"qwen2_vl\"", "base", "1000000", DEFAULTED, ""},
    {"\"model_type\": \"bailing_moe\"", "base", "600000", DEFAULTED, ""},
    {"\"model_type\": \"ernie4_5\"", "base", "500000", DEFAULTED, ""},
    {"\"model_type\": \"gpt_neox\"", "base", "10000", DEFAULTED, ""},
    {"\"model_type\": \"gpt_neox\"", "partial", "0.25", DEFAULTED, ""},
    {"\"model_type\": \"chatglm\", \"rope_ratio\": 1", "partial", "0.5", DEFAULTED, ""},
    {"\"model_type\": \"glm4_moe\"", "partial", "0.5", DEFAULTED, ""},
    {"\"model_type\": \"qwen3_next\"", "partial", "0.25", DEFAULTED, ""},
    /* dimensions */
    {BARE "\"rope_theta\": 1e4", "head_dim", "128", DERIVED, "hidden_size / num_attention_heads"},
    {BARE "\"rope_theta\": 1e4, \"head_dim\": 256", "head_dim", "256", FROM_FILE, "head_dim"},
    {BARE "\"rope_theta\": 1e4, \"kv_channels\": 96", "head_dim", "96", FROM_FILE, "kv_channels"},
    {"\"model_type\": \"x\", \"n_embd\": 1024, \"n_head\": 16, \"rope_theta\": 1e4", "head_dim", "64",
     DERIVED, ""},
    {BARE "\"rope_theta\": 1e4, \"partial_rotary_factor\": 0.25", "rotary_dim", "32", DERIVED,
     "int(head_dim * partial)"},
    {BARE "\"rope_theta\": 1e4, \"rotary_pct\": 0.25", "partial", "0.25", FROM_FILE, "rotary_pct"},
    {BARE "\"rope_theta\": 1e4, \"rope_pct\": 0.25", "partial", "0.25", FROM_FILE, "rope_pct"},
    {BARE "\"rope_theta\": 1e4, \"rope_percent\": 0.25", "partial", "0.25", FROM_FILE, "rope_percent"},
    {BARE "\"rope_theta\": 1e4, \"rotary_emb_fraction\": 0.5", "partial", "0.5", FROM_FILE,
     "rotary_emb_fraction"},
    {BARE "\"rope_parameters\": {\"partial_rotary_factor\": 0.5, \"rope_theta\": 1e4}", "partial", "0.5",
     FROM_FILE, "rope_parameters.partial_rotary_factor"},
    {BARE "\"rope_theta\": 1e4, \"rotary_dim\": 64", "rotary_dim", "64", FROM_FILE, "rotary_dim"},
    {"\"model_type\": \"gptj\", \"n_embd\": 4096, \"n_head\": 16", "rotary_dim", "64", DEFAULTED, ""},
    {"\"model_type\": \"gptj\", \"n_embd\": 4096, \"n_head\": 16, \"rotary_dim\": 32", "rotary_dim", "32",
     FROM_FILE, "rotary_dim"},
    {"\"model_type\": \"gptj\", \"n_embd\": 64, \"n_head\": 16", "rotary_dim", "4", DEFAULTED, ""},
    {BARE "\"rope_theta\": 1e4, \"qk_rope_head_dim\": 64, \"qk_nope_head_dim\": 128", "rotary_dim", "64",
     DERIVED, "qk_rope_head_dim (MLA)"},
    /* lengths */
    {BARE "\"rope_theta\": 1e4, \"max_position_embeddings\": 4096", "train_len", "4096", FROM_FILE,
     "max_position_embeddings"},
    {BARE "\"rope_theta\": 1e4, \"n_positions\": 2048", "train_len", "2048", FROM_FILE, "n_positions"},
    {BARE "\"rope_theta\": 1e4, \"n_ctx\": 2048", "train_len", "2048", FROM_FILE, "n_ctx"},
    {BARE "\"rope_theta\": 1e4, \"seq_length\": 8192", "train_len", "8192", FROM_FILE, "seq_length"},
    {BARE "\"rope_theta\": 1e4, \"max_sequence_length\": 8192", "train_len", "8192", FROM_FILE,
     "max_sequence_length"},
    {BARE "\"rope_theta\": 1e4, \"model_max_length\": 8192", "train_len", "8192", FROM_FILE,
     "model_max_length"},
    {BARE "\"rope_theta\": 1e4, \"max_seq_len\": 8192", "train_len", "8192", FROM_FILE, "max_seq_len"},
    {BARE "\"rope_scaling\": {\"type\": \"longrope\", \"original_max_position_embeddings\": 1}, "
          "\"rope_theta\": 1e4, "
          "\"original_max_position_embeddings\": 4096, \"max_position_embeddings\": 131072",
     "original_len", "4096", FROM_FILE, "original_max_position_embeddings"},
    /* the method and its parameters */
    {BARE "\"rope_theta\": 1e4, \"rope_scaling\": null", "method", "default", DERIVED, "no rope_scaling"},
    {BARE
     "\"rope_theta\": 1e4, \"rope_scaling\": {\"rope_type\": \"yarn\", \"type\": \"linear\", \"factor\": 4}",
     "method", "yarn", FROM_FILE, "rope_scaling.rope_type"},
    {BARE "\"rope_theta\": 1e4, \"rope_scaling\": {\"type\": \"su\"}", "method", "longrope", FROM_FILE,
     "rope_scaling.type"},
    {"\"model_type\": \"phi3\", \"rope_scaling\": {\"type\": \"yarn\"}", "method", "longrope", FROM_FILE,
     "rope_scaling.type"},
    {BARE "\"rope_theta\": 1e4, \"rope_scaling\": {\"type\": \"mrope\", \"mrope_section\": [16, 24, 24]}",
     "method", "default", FROM_FILE, "rope_scaling.type"},
    {BARE "\"rope_theta\": 1e4, \"rope_scaling\": {\"type\": \"deepseek_yarn\"}", "method", "yarn", FROM_FILE,
     ""},
    {BARE "\"rope_theta\": 1e4, \"rope_scaling\": {\"type\": \"dynamic-yarn\"}", "method", "yarn", FROM_FILE,
     ""},
    {BARE "\"rope_theta\": 1e4, \"rope_scaling\": {\"type\": \"telechat3-yarn\"}", "method", "yarn",
     FROM_FILE, ""},
    {BARE "\"rope_theta\": 1e4, \"rope_scaling\": {\"type\": \"ntk-by-parts\"}", "method", "ntk-by-parts",
     FROM_FILE, ""},
    {BARE "\"rope_theta\": 1e4, \"rope_scaling\": {\"type\": \"gptj\"}", "method", "default", FROM_FILE, ""},
    {BARE "\"rope_condense_ratio\": 8, \"rope_theta\": 1e4", "factor", "8", FROM_FILE, "rope_condense_ratio"},
    {LLAMA "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8}", "low_freq_factor", "1", DEFAULTED,
     ""},
    {LLAMA "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8}", "high_freq_factor", "4", DEFAULTED,
     ""},
    {LLAMA "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"high_freq_factor\": 1.0}",
     "high_freq_factor", "1", FROM_FILE, "rope_scaling.high_freq_factor"},
    {"\"model_type\": \"phimoe\", \"rope_scaling\": {\"type\": \"longrope\", \"long_mscale\": 1.25, "
     "\"short_mscale\": 1.5}",
     "attention_factor", "1.25", DERIVED, "long_mscale (beyond the original length)"},
    {"\"model_type\": \"phi3\", \"rope_scaling\": {\"type\": \"longrope\", \"short_mscale\": 1.5}",
     "short_mscale", "1.5", FROM_FILE, "rope_scaling.short_mscale"},
    /* layout */
    {LLAMA "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 8, \"truncate\": false}", "truncate",
     "false", FROM_FILE, "rope_scaling.truncate"},
    {"\"model_type\": \"gpt_oss\"", "truncate", "false", DEFAULTED, ""},
    {BARE "\"rope_theta\": 1e4, \"rope_interleave\": true", "pairs", "neighbours (interleaved)", FROM_FILE,
     "rope_interleave"},
    {BARE "\"rope_theta\": 1e4, \"rope_interleaved\": false", "pairs", "halves", FROM_FILE,
     "rope_interleaved"},
    {BARE "\"rope_theta\": 1e4, \"original_rope\": true", "pairs", "neighbours (interleaved)", FROM_FILE,
     "original_rope"},
};
/* clang-format on */

static const ropelaw_fact *fact_of(const ropelaw_model *m, const char *name) {
    const ropelaw_layer_kind *kind = ropelaw_model_kind(m);
    const ropelaw_fact *fact = kind ? ropelaw_model_fact(m, name, kind->name) : NULL;
    return fact ? fact : ropelaw_model_fact(m, name, "");
}

START_TEST(every_key) {
    char text[1000];
    ropelaw_model m;
    ropelaw_error e = {0};
    snprintf(text, sizeof text, "{%s}", keys[_i].json);
    ropelaw_status status = ropelaw_model_parse(text, strlen(text), "c.json", &m, &e);
    if (!keys[_i].fact) {
        ck_assert_int_eq(status, ROPELAW_PARSE);
        return;
    }
    test_assert_ok(status, e);
    const ropelaw_fact *fact = fact_of(&m, keys[_i].fact);
    ck_assert_msg(fact != NULL, "%s: no %s", text, keys[_i].fact);
    ck_assert_msg(!strcmp(fact->value, keys[_i].value), "%s: %s is %s", text, fact->name, fact->value);
    ck_assert_msg((int)fact->origin == keys[_i].origin, "%s: origin %s (%s)", text,
                  ropelaw_origin_str(fact->origin), fact->from);
    if (keys[_i].from[0]) ck_assert_msg(!strcmp(fact->from, keys[_i].from), "%s: from %s", text, fact->from);
    ck_assert(fact->from[0]);
    if (fact->origin == ROPELAW_ORIGIN_FILE) ck_assert_uint_eq(fact->line, 1);
    ropelaw_model_clear(&m);
}
END_TEST

/* Two values for one thing: the note names both keys, both values and the winner, and the winner is what was taken. */
/* clang-format off: columns would be too wide to read */
static const struct {
    const char *json, *note, *fact, *value;
} pairs[] = {
    {BARE "\"rope_theta\": 1e4, \"head_dim\": 64, \"kv_channels\": 96",
     "head_dim is 64 and kv_channels is 96: head_dim wins", "head_dim", "64"},
    {BARE "\"rope_theta\": 1e4, \"num_hidden_layers\": 4, \"n_layer\": 6",
     "num_hidden_layers is 4 and n_layer is 6: num_hidden_layers wins", "n_layers", "4"},
    {BARE "\"rope_theta\": 1e4, \"n_embd\": 1", "hidden_size is 4096 and n_embd is 1: hidden_size wins",
     "head_dim", "128"},
    {BARE "\"rope_theta\": 1e4, \"n_head\": 8", "num_attention_heads is 32 and n_head is 8", "head_dim",
     "128"},
    {BARE "\"rope_theta\": 1e5, \"rope_ratio\": 50",
     "rope_theta is 100000 and 10000 * rope_ratio is 500000: rope_theta "
     "wins",
     "base", "100000"},
    {BARE "\"rope_theta\": 1e5, \"attn_config\": {\"rope_theta\": 5e5}",
     "rope_theta is 100000 and attn_config.rope_theta is 500000: rope_theta wins", "base", "100000"},
    {"\"rope_theta\": 7, \"text_config\": {\"rope_theta\": 1e6, " BARE "\"y\": 0}",
     "text_config.rope_theta is 1000000 and rope_theta is 7: text_config.rope_theta wins", "base", "1000000"},
    {BARE "\"rope_parameters\": {\"rope_theta\": 1e4, \"partial_rotary_factor\": 0.5}, "
          "\"partial_rotary_factor\": 0.25",
     "rope_parameters.partial_rotary_factor is 0.5 and partial_rotary_factor is 0.25: rope_parameters.",
     "partial", "0.5"},
    {BARE "\"rope_theta\": 1e4, \"rotary_dim\": 32, \"partial_rotary_factor\": 0.5",
     "rotary_dim is 32 and head_dim times its rotating fraction is 64: rotary_dim wins", "rotary_dim", "32"},
    {BARE "\"rope_theta\": 1e4, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}, "
          "\"rope_condense_ratio\": 8",
     "factor of rope_scaling is 4 and rope_condense_ratio is 8", "factor", "4"},
};
/* clang-format on */

START_TEST(two_values) {
    char text[1000];
    ropelaw_model m;
    ropelaw_error e = {0};
    size_t said = 0;
    snprintf(text, sizeof text, "{%s}", pairs[_i].json);
    test_assert_ok(ropelaw_model_parse(text, strlen(text), "c.json", &m, &e), e);
    for (size_t i = 0; i < m.n_notes; i++) {
        if (strcmp(m.notes[i].id, "two-values") != 0) continue;
        ck_assert_msg(strstr(m.notes[i].text, pairs[_i].note) != NULL, "%s", m.notes[i].text);
        ck_assert(m.notes[i].severity == ROPELAW_NOTE_WARNING && m.notes[i].key[0] && m.notes[i].line == 1);
        said++;
    }
    if (!strstr(pairs[_i].note, "fraction")) ck_assert_uint_eq(said, 1);
    ck_assert_str_eq(fact_of(&m, pairs[_i].fact)->value, pairs[_i].value);
    ropelaw_model_clear(&m);
}
END_TEST

/* No file of the collection is accused but those that hold two values. */
START_TEST(files_that_agree_are_not_accused) {
    static const char *const files[] = {"gemma3-4b",   "llama4-scout",  "llama31-8b",
                                        "deepseek-v3", "chatglm3-128k", "gptj-6b",
                                        "dbrx",        "phi2",          "longchat-16k"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        ropelaw_model m = read_config(files[i]);
        const char *accused = note_of(&m, "two-values");
        ck_assert_msg(!accused, "%s: %s", files[i], accused);
        ropelaw_model_clear(&m);
    }
}
END_TEST

/* A key that does not win is checked all the same. */
START_TEST(losing_bases_are_numbers) {
    static const char *const names[] = {"rotary_emb_base", "rope_freq_constant", "rope_ratio",
                                        "global_rope_theta", "rope_local_base_freq"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int style = 0; style < 2; style++) {
            char text[300];
            ropelaw_model m;
            ropelaw_error e = {0};
            snprintf(text, sizeof text,
                     style ? "{" BARE "\"%s\": \"x\", \"rope_parameters\": {\"rope_theta\": 1e4}}"
                           : "{" BARE "\"%s\": \"x\", \"rope_theta\": 1e4}",
                     names[i]);
            test_assert_fails(ropelaw_model_parse(text, strlen(text), "c", &m, &e), ROPELAW_PARSE, e,
                              names[i]);
        }
}
END_TEST

START_TEST(compressed_attention_is_said) {
    static const char text[] = "{" BARE "\"compress_rope_theta\": 40000, \"rope_theta\": 10000}";
    ropelaw_model m;
    ropelaw_error e = {0};
    bool said = false;
    test_assert_ok(ropelaw_model_parse(text, strlen(text), "c.json", &m, &e), e);
    for (size_t i = 0; i < m.n_notes; i++) said |= strstr(m.notes[i].text, "its own base 40000") != NULL;
    ck_assert(said);
    test_assert_abs(m.kinds[0].rope.base, 10000, 0);
    ropelaw_model_clear(&m);
    static const char bad[] = "{" BARE "\"compress_rope_theta\": \"x\", \"rope_theta\": 10000}";
    ck_assert_int_eq(ropelaw_model_parse(bad, strlen(bad), "c.json", &m, &e), ROPELAW_PARSE);
}
END_TEST

int main(void) {
    Suite *s = suite_create("keys");
    TCase *c = tcase_create("keys and defaults");
    const TTest *const tests[] = {compressed_attention_is_said, losing_bases_are_numbers,
                                  files_that_agree_are_not_accused, NULL};
    tcase_add_loop_test(c, every_key, 0, sizeof keys / sizeof *keys);
    tcase_add_loop_test(c, two_values, 0, sizeof pairs / sizeof *pairs);
    suite_add_tcase(s, c);
    test_add(s, "remarks", tests);
    return test_run(s);
}
