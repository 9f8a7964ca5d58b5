#include "test.h"
#include "table/csv.h"
#include <ropelaw/law.h>
#include <ropelaw/number.h>
#include <ropelaw/preset.h>
#include <string.h>

static ropelaw_error error;

static const ropelaw_preset *found(const char *name) {
    const ropelaw_preset *preset = NULL;
    test_assert_ok(ropelaw_preset_find(name, &preset, &error), error);
    return preset;
}

static ropelaw_bound bound_of(const ropelaw_preset *p, double base, double length) {
    ropelaw_setting setting = {(size_t)p->rotary_dim, p->pretrain_base, p->train_len_tok, base, length};
    ropelaw_bound bound;
    test_assert_ok(ropelaw_bound_eval(&setting, &bound, &error), error);
    return bound;
}

/* The other road from the file to the program: the project's own CSV reader, cell by cell. */
static void assert_cell(const ropelaw_preset *p, const char *column, const char *cell) {
#define TEXT(member)                                                                                         \
    { #member, p->member, NULL }
#define NUMBER(member)                                                                                       \
    { #member, NULL, &p->member }
    const struct {
        const char *name, *text;
        const double *number;
    } members[] = {TEXT(name),
                   TEXT(aliases),
                   TEXT(organisation),
                   TEXT(architecture),
                   TEXT(method),
                   TEXT(parameters),
                   TEXT(notes),
                   TEXT(source),
                   TEXT(source_2),
                   NUMBER(head_dim),
                   NUMBER(rotary_dim),
                   NUMBER(base),
                   NUMBER(base_local),
                   NUMBER(pretrain_base),
                   NUMBER(train_len_tok),
                   NUMBER(tune_base),
                   NUMBER(tune_len_tok),
                   NUMBER(factor),
                   NUMBER(window_tok),
                   NUMBER(declared_len_tok),
                   NUMBER(max_position_embeddings)};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (strcmp(members[i].name, column)) continue;
        double x = NAN;
        if (members[i].text)
            ck_assert_str_eq(members[i].text, cell);
        else if (*cell)
            test_assert_ok(ropelaw_number_parse(cell, strlen(cell), &x, &error), error);
        if (members[i].number) ck_assert(*members[i].number == x || (isnan(x) && isnan(*members[i].number)));
        return;
    }
    ck_abort_msg("column %s is not in ropelaw_preset", column);
}

START_TEST(the_compiled_table_is_the_file) {
    char *text;
    size_t length, rows = 0;
    bool more;
    table_csv csv;
    test_assert_ok(table_read_file("data/models.csv", &text, &length, &error), error);
    test_assert_ok(table_csv_open(&csv, text, length, "data/models.csv", 0, &error), error);
    for (;; rows++) {
        test_assert_ok(table_csv_next(&csv, &more, &error), error);
        if (!more) break;
        ck_assert_ptr_nonnull(ropelaw_preset_get(rows));
        for (size_t i = 0; i < csv.n_columns; i++)
            assert_cell(ropelaw_preset_get(rows), csv.columns[i], csv.cells[i].text);
    }
    table_csv_close(&csv);
    ck_assert_uint_ge(rows, 150);
    ck_assert_uint_eq(ropelaw_preset_count(), rows);
    ck_assert_ptr_null(ropelaw_preset_get(rows));
}
END_TEST

/* Unknown or in range; what belongs together is together. */
START_TEST(every_row_makes_sense) {
    for (size_t i = 0; i < ropelaw_preset_count(); i++) {
        const ropelaw_preset *p = ropelaw_preset_get(i);
        ck_assert_msg(*p->source && *p->method && *p->name, "%s", p->name);
        ck_assert_msg(isnan(p->rotary_dim) || (fmod(p->rotary_dim, 2) == 0 && p->rotary_dim <= p->head_dim),
                      "%s", p->name);
        ck_assert_msg(isnan(p->train_len_tok) || isnan(p->tune_len_tok) ||
                          p->tune_len_tok >= p->train_len_tok,
                      "%s", p->name);
        ck_assert_msg(isnan(p->tune_len_tok) == isnan(p->tune_base), "%s", p->name);
        ck_assert_msg(isnan(p->tune_base) || p->tune_base == p->base,
                      "%s: the last stage is the released file", p->name);
        ck_assert_msg(!isnan(p->tune_base) || isnan(p->pretrain_base) || p->pretrain_base == p->base,
                      "%s: another base needs a stage", p->name);
        ck_assert_msg(isnan(p->factor) || strcmp(p->method, "default"), "%s", p->name);
    }
}
END_TEST

START_TEST(as_pre_trained_the_bound_is_the_training_length) {
    int n = 0;
    for (size_t i = 0; i < ropelaw_preset_count(); i++) {
        const ropelaw_preset *p = ropelaw_preset_get(i);
        if (isnan(p->pretrain_base) || isnan(p->train_len_tok) || isnan(p->rotary_dim)) continue;
        double bound = bound_of(p, p->pretrain_base, p->train_len_tok).bound_tok;
        ck_assert_msg(bound == p->train_len_tok, "%s: %.17g, not %.17g", p->name, bound, p->train_len_tok);
        n++;
    }
    ck_assert_int_ge(n, 90);
}
END_TEST

/* Public recipes with the critical base of their tuning length (relative 0.5 % of what was printed with three
   digits) and the bound: 0 where it is the tuning length, -1 where it was not printed. */
static const struct {
    const char *name;
    double tune_len, critical, bound;
} recipes[] = {
    {"CodeLlama-7B",                      16384,   7.17e4, 129027},
    {"Code Llama 13B",                    16384,   7.17e4, 129027},
    {"Index-1.9B-32K",                    32768,   1.92e5, 56886 },
    {"SmolLM3-3B stage 32k",              32768,   1.61e6, 43438 },
    {"SmolLM3-3B",                        65536,   5.12e6, 0     },
    {"Llama-3-8B-Gradient stage 65k",     65536,   2.24e7, 0     },
    {"Gradient 262k",                     262144,  2.83e8, 0     },
    {"Gradient 1048k",                    1048576, 3.58e9, 0     },
    {"granite-3.1-8b-instruct",           131072,  1.38e6, 675196},
    {"ProLong 64k",                       65536,   2.24e7, 0     },
    {"ProLong 512k",                      524288,  1.01e9, 0     },
    {"EasyContext-Llama-2-7B stage 32k",  32768,   1.92e5, 129027},
    {"EasyContext-Llama-2-7B stage 256k", 256000,  3.57e6, 675196},
    {"EasyContext-Llama-2-7B stage 512k", 512000,  9.56e6, -1    },
};

START_TEST(public_recipes) {
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        const ropelaw_preset *p = found(recipes[i].name);
        ropelaw_bound bound = bound_of(p, p->tune_base, p->tune_len_tok);
        ck_assert_double_eq(p->tune_len_tok, recipes[i].tune_len);
        test_assert_rel(bound.critical_base, recipes[i].critical, 0.005);
        if (recipes[i].bound == 0) ck_assert_double_eq(bound.bound_tok, p->tune_len_tok);
        if (recipes[i].bound > 0) test_assert_abs(bound.bound_tok, recipes[i].bound, 0.5);
    }
}
END_TEST

static const struct {
    const char *name;
    size_t critical_dim;
} critical_dims[] = {
    {"LLaMA-7B",               82 },
    {"LLaMA2-7B",              92 },
    {"Mistral-7B",             100},
    {"Llama-3-8B",             70 },
    {"LLaDA-8B",               64 },
    {"Mixtral-8x7B",           80 },
    {"gemma-2b",               200},
    {"GPT-NeoX",               16 },
    {"Llama-3.2-1B",           36 },
    {"phi-3-mini-4k-instruct", 68 },
};

START_TEST(known_critical_dimensions) {
    for (size_t i = 0; i < sizeof critical_dims / sizeof *critical_dims; i++) {
        const ropelaw_preset *p = found(critical_dims[i].name);
        ck_assert_uint_eq(bound_of(p, p->pretrain_base, p->train_len_tok).critical.dim,
                          critical_dims[i].critical_dim);
    }
}
END_TEST

/* Rows that a careless reading of the sources gets wrong: head_dim is not hidden/heads, rotary_dim not head_dim,
   bases beyond 2^31 and 2^24, declared lengths that are not max_position_embeddings. 0: not tested. */
static const struct {
    const char *name;
    double head_dim, rotary_dim, base, declared_len, max_position_embeddings;
} traps[] = {
    {"Mistral-Nemo",         128, 128, 1e6,     131072,  1024000},
    {"gemma-7b",             256, 256, 1e4,     8192,    0      },
    {"gemma-2-27b",          128, 128, 1e4,     8192,    8192   },
    {"Qwen3-0.6B",           128, 128, 1e6,     40960,   40960  },
    {"gpt-oss-120b",         64,  64,  150000,  131072,  131072 },
    {"DeepSeek-V3",          192, 64,  1e4,     163840,  163840 },
    {"phi-2",                80,  32,  1e4,     2048,    2048   },
    {"GPT-NeoX",             96,  24,  1e4,     2048,    2048   },
    {"pythia-2.8b",          80,  20,  1e4,     2048,    2048   },
    {"glm-4-9b-chat",        128, 64,  5e6,     131072,  131072 },
    {"open_llama_3b",        100, 100, 1e4,     2048,    0      },
    {"Command-R",            128, 128, 8e6,     131072,  8192   },
    {"Yarn-Mistral-7b-128k", 128, 128, 1e4,     131072,  32768  },
    {"Gradient 1048k",       128, 128, 2.8e9,   1048576, 0      },
    {"Falcon-H1",            0,   0,   1e11,    0,       0      },
    {"Falcon3-7B-Base",      256, 256, 1000042, 32768,   32768  },
    {"grok-1",               128, 128, 1e4,     8192,    0      },
    {"Phi-4-mini-instruct",  128, 96,  1e4,     131072,  131072 },
};

START_TEST(rows_that_are_easily_wrong) {
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
        const ropelaw_preset *p = found(traps[i].name);
        if (traps[i].head_dim > 0) ck_assert_double_eq(p->head_dim, traps[i].head_dim);
        if (traps[i].rotary_dim > 0) ck_assert_double_eq(p->rotary_dim, traps[i].rotary_dim);
        ck_assert_double_eq(p->base, traps[i].base);
        if (traps[i].declared_len > 0) ck_assert_double_eq(p->declared_len_tok, traps[i].declared_len);
        if (traps[i].max_position_embeddings > 0)
            ck_assert_double_eq(p->max_position_embeddings, traps[i].max_position_embeddings);
    }
    /* sources that disagree are both shown */
    ck_assert_ptr_nonnull(strstr(found("Index-1.9B-32K")->notes, "3.2e6"));
    ck_assert_ptr_nonnull(strstr(found("gemma-2b")->notes, "litgpt says 4096"));
    ck_assert_ptr_nonnull(strstr(found("Phi-3-mini-4k-instruct")->source_2, "2502.20082"));
}
END_TEST

START_TEST(every_name_finds_its_row) {
    for (size_t i = 0; i < ropelaw_preset_count(); i++) {
        const ropelaw_preset *p = ropelaw_preset_get(i);
        ck_assert_ptr_eq(found(p->name), p);
        char aliases[400];
        ck_assert_uint_lt(strlen(p->aliases), sizeof aliases);
        strcpy(aliases, p->aliases);
        for (char *at, *alias = strtok_r(aliases, ";", &at); alias; alias = strtok_r(NULL, ";", &at))
            ck_assert_msg(found(alias) == p, "%s finds %s, not %s", alias, found(alias)->name, p->name);
    }
}
END_TEST

/* Names as tables of models write them, with the base and the length by which the row is told from its neighbours. */
static const struct {
    const char *name;
    double base, declared_len;
} descriptive[] = {
    {"gemma-4 (MoE provider)",                   1e6, 262144},
    {"Yi-34B-200K (first revision)",             5e6, 200000},
    {"Yi-34B-200K (later revision)",             1e7, 200000},
    {"chatglm3-6b (seq_length 8192)",            1e4, 8192  },
    {"Tess-XS-v1-3-yarn-128K (Yarn-Mistral-7b)", 1e4, 131072},
    {"Phi-3-mini-4k",                            1e4, 4096  },
    {"Phi-3-mini-128k",                          1e4, 131072},
};

START_TEST(names_with_a_description_find_their_row) {
    for (size_t i = 0; i < sizeof descriptive / sizeof *descriptive; i++) {
        const ropelaw_preset *p = found(descriptive[i].name);
        ck_assert_double_eq(p->base, descriptive[i].base);
        ck_assert_double_eq(p->declared_len_tok, descriptive[i].declared_len);
    }
}
END_TEST

START_TEST(spelling_does_not_matter) {
    const ropelaw_preset *p = found("Llama-2-7B");
    const char *const same[] = {"llama-2-7b", "LLaMA2-7B", "llama_2 7B", "meta-llama/Llama-2-7b",
                                "Llama2 7b hf"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) ck_assert_ptr_eq(found(same[i]), p);
    ck_assert_str_eq(found("qwen 2_5--7b")->name, "Qwen2.5-7B");
}
END_TEST

START_TEST(unknown_names_get_a_suggestion) {
    static const struct {
        const char *name, *meant;
    } wrong[] = {
        {"Lama-2-7B",       "Llama-2-7B"     },
        {"CodeLlama-7",     "CodeLlama-7B"   },
        {"mistral 7b v1.0", "Mistral-7B-v0.1"},
        {"phi 2x",          "phi-2"          },
        {"phi",             "phi-2"          },
        {"hpi2",            "phi-2"          },
        {"gpt-noex-20b",    "gpt-neox-20b"   }
    };
    const ropelaw_preset *preset = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        test_assert_fails(ropelaw_preset_find(wrong[i].name, &preset, &error), ROPELAW_INVALID, error,
                          "model");
        ck_assert_str_eq(error.range, wrong[i].meant);
        ck_assert_ptr_nonnull(strstr(error.message, wrong[i].meant));
    }
    /* one separator away from Qwen2.5-7B, and another model */
    test_assert_fails(ropelaw_preset_find("Qwen2-57B", &preset, &error), ROPELAW_INVALID, error, "model");
    ck_assert_ptr_null(preset);
}
END_TEST

START_TEST(nonsense_gets_none) {
    const ropelaw_preset *preset = NULL;
    char longer[500];
    memset(longer, 'q', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    const char *const nonsense[] = {"", "/", "---", "zzzzzzzzzzzzz", longer};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        test_assert_fails(ropelaw_preset_find(nonsense[i], &preset, &error), ROPELAW_INVALID, error, "model");
        ck_assert_str_eq(error.range, "");
    }
    test_assert_fails(ropelaw_preset_find(NULL, &preset, &error), ROPELAW_INVALID, error, "name");
    ck_assert_ptr_null(ropelaw_preset_nearest("zzzzzzzzzzzzz"));
}
END_TEST

int main(void) {
    Suite *s = suite_create("preset");
    const TTest *const tests[] = {the_compiled_table_is_the_file,
                                  every_row_makes_sense,
                                  as_pre_trained_the_bound_is_the_training_length,
                                  public_recipes,
                                  known_critical_dimensions,
                                  rows_that_are_easily_wrong,
                                  every_name_finds_its_row,
                                  names_with_a_description_find_their_row,
                                  spelling_does_not_matter,
                                  unknown_names_get_a_suggestion,
                                  nonsense_gets_none,
                                  NULL};
    test_add(s, "preset", tests);
    return test_run(s);
}
