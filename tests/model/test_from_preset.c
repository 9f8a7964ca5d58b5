/* Tests: from_preset.c */
#include "model_files.h"
#include <ropelaw/preset.h>

/* The note says this, as far as a note is long. */
static void assert_says(const ropelaw_preset *p, const char *note, const char *text) {
    if (!note) note = "";
    size_t room = sizeof((ropelaw_note *)0)->text - strlen("also: ") - 1, n = strlen(text);
    char start[sizeof((ropelaw_note *)0)->text] = "";
    memcpy(start, text, n < room ? n : room);
    ck_assert_msg(strstr(note, start) != NULL, "%s: \"%s\" does not say \"%s\"", p->name, note, start);
}

START_TEST(every_preset_reads_back) {
    for (size_t i = 0; i < ropelaw_preset_count(); i++) {
        const ropelaw_preset *p = ropelaw_preset_get(i);
        ropelaw_model m;
        ropelaw_error e = {0};
        test_assert_ok(ropelaw_model_from_preset(p, &m, &e), e);
        ck_assert_str_eq(m.name, p->name);
        const ropelaw_rope_settings *r = &ropelaw_model_kind(&m)->rope;
        ck_assert_msg(r->base == p->base || isnan(p->base), "%s", p->name);
        ck_assert_msg(r->rotary_dim == p->rotary_dim || isnan(p->rotary_dim), "%s", p->name);
        const ropelaw_fact *f = ropelaw_model_fact(&m, "architecture", "");
        ck_assert_int_eq(strncmp(f->from, p->source, sizeof f->from - 1), 0);
        assert_says(p, note_of(&m, "other-sources"), p->source_2);
        assert_says(p, note_of(&m, "preset-notes"), p->notes);
        ropelaw_model_clear(&m);
    }
}
END_TEST

/* Where sources give different figures, the model holds one and its note the other. */
static const struct {
    const char *name;
    double base, train_len;
    const char *other, *source;
} disagreements[] = {
    {"gemma-2b",               1e4,   8192, "litgpt says 4096",             NULL                      },
    {"Llama-2-7B",             1e4,   4096, "max_position_embeddings 2048", NULL                      },
    {"Phi-3-mini-4k-instruct", 1e4,   4096, "training length of 2048",      "2502.20082"              },
    {"Index-1.9B-32K",         3.2e5, 4096, "prints 3.2e6",                 NULL                      },
    {"MiniCPM-2B-sft-bf16",    1e4,   4096, "mlx-lm default 1e6",           "mlx_lm/models/minicpm.py"},
    {"SmolLM2-1.7B",           1.3e5, NAN,  "gives 10k as the base",        "SmolVLM blog"            },
};

START_TEST(the_value_of_the_other_source_is_told) {
    for (size_t i = 0; i < CORE_COUNT(disagreements); i++) {
        const ropelaw_preset *p;
        ropelaw_model m;
        ropelaw_error e = {0};
        test_assert_ok(ropelaw_preset_find(disagreements[i].name, &p, &e), e);
        test_assert_ok(ropelaw_model_from_preset(p, &m, &e), e);
        test_assert_abs(ropelaw_model_kind(&m)->rope.base, disagreements[i].base, 0);
        if (!isnan(disagreements[i].train_len))
            test_assert_abs(m.train_len_tok, disagreements[i].train_len, 0);
        assert_says(p, note_of(&m, "preset-notes"), disagreements[i].other);
        if (disagreements[i].source) assert_says(p, note_of(&m, "other-sources"), disagreements[i].source);
        ropelaw_model_clear(&m);
    }
}
END_TEST

START_TEST(parameters_are_read) {
    const ropelaw_preset *p;
    ropelaw_model m;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_preset_find("Llama-3.1-8B", &p, &e), e);
    test_assert_ok(ropelaw_model_from_preset(p, &m, &e), e);
    const ropelaw_rope_settings *r = &m.kinds[0].rope;
    ck_assert_str_eq(r->method, "llama3");
    test_assert_abs(r->factor, 8, 0);
    test_assert_abs(r->original_len_tok, 8192, 0);
    test_assert_abs(r->high_freq_factor, 4, 0);
    ropelaw_model_clear(&m);
    for (long n = 1; n < 20; n++) {
        core_fail_allocations_from(n);
        ropelaw_status status = ropelaw_model_from_preset(p, &m, &e);
        core_fail_allocations_from(0);
        if (!status) {
            ropelaw_model_clear(&m);
            ck_assert_int_gt(n, 3);
            return;
        }
        ck_assert_int_eq(status, ROPELAW_NOMEM);
    }
    ck_abort();
}
END_TEST

int main(void) {
    Suite *s = suite_create("from_preset");
    const TTest *const tests[] = {every_preset_reads_back, the_value_of_the_other_source_is_told,
                                  parameters_are_read, NULL};
    test_add(s, "from_preset", tests);
    return test_run(s);
}
