/* Tests: tables.c rows.c table_critical.c table_bases.c table_onsets.c table_rules.c */
#include "test.h"
#include "core/core.h"
#include "report/rows.h"
#include <ropelaw/fit.h>
#include <ropelaw/number.h>
#include <ropelaw/report_table.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static ropelaw_error error;

static const ropelaw_report_model llama2 = {
    "LLaMA2", {128, 1e4, 4096, 1e4, 4096},
     NULL
};

START_TEST(every_member_is_named_and_found) {
    size_t n = 0;
    for (; ropelaw_report_table_get(n); n++) {
        const ropelaw_report_table *t = ropelaw_report_table_get(n);
        ck_assert(*t->name && *t->summary && *t->source);
        ck_assert_ptr_eq(ropelaw_report_table_find(t->name), t);
    }
    ck_assert_uint_eq(n, 4);
    ck_assert_ptr_null(ropelaw_report_table_find("nope"));
    ck_assert_ptr_null(ropelaw_report_table_find(NULL));
}
END_TEST

START_TEST(tables_of_the_law_print_in_every_format) {
    ropelaw_report_input input = {.n_models = 1, .models = &llama2};
    const char *const names[] = {"critical", "bases"};
    for (size_t n = 0; n < 2; n++) {
        ropelaw_table *table;
        uint32_t caveats = 0;
        test_assert_ok(ropelaw_report_table_build(names[n], &input, &table, &caveats, &error), error);
        ck_assert_uint_ge(ropelaw_table_count_rows(table), 1);
        for (size_t i = 0; ropelaw_table_format_name(i); i++) {
            char *text;
            test_assert_ok(ropelaw_table_write(table, ropelaw_table_format_name(i), &text, NULL, &error),
                           error);
            ck_assert_ptr_nonnull(strstr(text, n ? "16384" : "192144"));
            ropelaw_text_free(text);
        }
        ropelaw_table_destroy(&table);
    }
}
END_TEST

START_TEST(a_method_outside_the_closed_form_has_no_bound) {
    ropelaw_report_model yarn = {
        "Yarn", {128, 1e4, 4096, 1e4, 65536},
         "yarn"
    };
    ropelaw_report_input input = {.n_models = 1, .models = &yarn};
    ropelaw_table *table;
    uint32_t caveats = 0;
    char *text;
    test_assert_ok(ropelaw_report_table_build("critical", &input, &table, &caveats, &error), error);
    ck_assert_uint_eq(caveats, ROPELAW_CAVEAT_METHOD);
    test_assert_ok(ropelaw_table_write(table, "json", &text, NULL, &error), error);
    ck_assert_ptr_nonnull(strstr(text, "\"bound_tok\": null"));
    ropelaw_text_free(text);
    ropelaw_table_destroy(&table);
}
END_TEST

START_TEST(onsets_are_those_of_the_fit) {
    char csv[900] = "run,eval_len_tok,ppl,rotary_dim,pretrain_base,train_len_tok,tune_len_tok,base,method\n";
    for (int i = 1; i <= 12; i++) {
        double x = 1024 * i, ppl = x <= 5120 ? 6 - 0.05 * i : 5.75 * pow(x / 5120, 3);
        sprintf(csv + strlen(csv), "r,%g,%.4f,128,10000,4096,4096,10000,default\n", x, ppl + 0.004 * (i % 3));
    }
    ropelaw_series series;
    ropelaw_run_fit fit;
    ropelaw_table *table;
    char *text, number[ROPELAW_NUMBER_SIZE], expected[80];
    test_assert_ok(ropelaw_series_parse(csv, strlen(csv), "r", &series, &error), error);
    ropelaw_report_input input = {.series = &series};
    test_assert_ok(ropelaw_report_table_build("onsets", &input, &table, NULL, &error), error);
    test_assert_ok(ropelaw_table_write(table, "json", &text, NULL, &error), error);
    test_assert_ok(ropelaw_run_fit_eval(&series.runs[0], NULL, &fit, &error), error);
    snprintf(expected, sizeof expected, "\"onset_tok\": %s,",
             ropelaw_number_str(fit.onset[0].length_tok.est, 0, number));
    ck_assert_msg(strstr(text, expected) != NULL, "%s lacks %s", text, expected);
    snprintf(expected, sizeof expected, "\"break_tok\": %s,",
             ropelaw_number_str(fit.break_tok.est, 0, number));
    ck_assert_msg(strstr(text, expected) != NULL, "%s lacks %s", text, expected);
    ck_assert_ptr_nonnull(strstr(text, "\"theory_bound_tok\": 4096,"));
    ck_assert_ptr_nonnull(strstr(text, "\"bracket_lo_tok\": 5120,"));
    ropelaw_text_free(text);
    ropelaw_table_destroy(&table);
    ropelaw_series_clear(&series);
    test_assert_fails(ropelaw_report_table_build("onsets", &(ropelaw_report_input){0}, &table, NULL, &error),
                      ROPELAW_INVALID, error, "series");
}
END_TEST

/* Three runs whose loss rises by 0.5 nat between two lengths: LLaMA2 as pre-trained and with base 1e6 (closed form 4096
   and 129026.8) in brackets that hold the closed form, and one of another model that breaks by a factor of 2 late. A
   small base and a method with its own frequencies are no cases. */
START_TEST(rules_are_judged_by_brackets) {
    const struct {
        const char *facts;
        double lo, hi;
    } runs[] = {
        {"a,A,default,128,10000,4096,4096,10000",   4000,   4200  },
        {"b,A,default,128,10000,4096,4096,1000000", 120000, 130000},
        {"c,C,default,128,10000,4096,4096,10000",   8192,   9000  },
        {"d,C,default,128,10000,4096,4096,500",     1,      2     },
        {"e,C,yarn,128,10000,4096,4096,10000",      1,      2     },
    };
    char csv[4000] =
        "run,model,method,rotary_dim,pretrain_base,train_len_tok,tune_len_tok,base,eval_len_tok,loss_nats\n";
    for (size_t i = 0; i < 5; i++)
        for (int k = 0; k < 4; k++)
            sprintf(csv + strlen(csv), "%s,%g,%g\n", runs[i].facts,
                    k < 2 ? runs[i].lo * (0.5 + 0.5 * k) : runs[i].hi * (1 + k - 2), k < 2 ? 1.5 : 2.0);
    ropelaw_series series;
    ropelaw_table *table;
    char *text, number[ROPELAW_NUMBER_SIZE], expected[80];
    test_assert_ok(ropelaw_series_parse(csv, strlen(csv), "r", &series, &error), error);
    ropelaw_report_input input = {.series = &series};
    test_assert_ok(ropelaw_report_table_build("rules", &input, &table, NULL, &error), error);
    test_assert_ok(ropelaw_table_write(table, "json", &text, NULL, &error), error);
    ck_assert_ptr_nonnull(strstr(text, "\"rule\": \"closed_form\", \"n\": 3, \"n_models\": 2, "));
    snprintf(expected, sizeof expected, "\"rms\": %s,", ropelaw_number_str(log(2) / sqrt(3), 6, number));
    expected[strlen(expected) - 3] = 0; /* five digits */
    ck_assert_msg(strstr(text, expected) != NULL, "%s lacks %s", text, expected);
    ropelaw_text_free(text);
    ropelaw_table_destroy(&table);
    for (size_t i = 0; i < 3; i++) series.runs[i].base = 500;
    test_assert_fails(ropelaw_report_table_build("rules", &input, &table, NULL, &error), ROPELAW_INVALID,
                      error, "series");
    ropelaw_series_clear(&series);
}
END_TEST

START_TEST(bad_input) {
    double many[20] = {0};
    ropelaw_table *table = NULL;
    ropelaw_report_model wrong =
                             {
                                 "wrong", {127, 1e4, 4096, 1e4, 4096},
                                  NULL
    },
                         model;
    ropelaw_report_input input = {0};
    test_assert_fails(ropelaw_report_table_build("nope", &input, &table, NULL, &error), ROPELAW_INVALID,
                      error, "table");
    test_assert_fails(ropelaw_report_table_build("bases", &input, &table, NULL, &error), ROPELAW_INVALID,
                      error, "model");
    test_assert_fails(ropelaw_report_table_build("bases", NULL, &table, NULL, &error), ROPELAW_INVALID, error,
                      "input");
    input = (ropelaw_report_input){.n_models = 1, .models = &wrong};
    test_assert_fails(ropelaw_report_table_build("critical", &input, &table, NULL, &error), ROPELAW_DOMAIN,
                      error, "rotary_dim");
    input =
        (ropelaw_report_input){.n_models = 1, .models = &llama2, .n_tune_lens = 20, .tune_lens_tok = many};
    test_assert_fails(ropelaw_report_table_build("bases", &input, &table, NULL, &error), ROPELAW_SHAPE, error,
                      "tune_len");
    input = (ropelaw_report_input){.n_models = 1, .models = &llama2, .n_factors = 20, .factors = many};
    test_assert_fails(ropelaw_report_table_build("critical", &input, &table, NULL, &error), ROPELAW_SHAPE,
                      error, "factors");
    test_assert_fails(ropelaw_report_model_preset("Mistral-7B-v0.3", &model, &error), ROPELAW_INVALID, error,
                      "pretrain_base");
    ck_assert_ptr_null(table);
}
END_TEST

START_TEST(out_of_memory) {
    ropelaw_report_input input = {.n_models = 1, .models = &llama2};
    ropelaw_status status = ROPELAW_NOMEM;
    int failures = 0;
    for (long n = 1; status == ROPELAW_NOMEM; n++) {
        ropelaw_table *table = NULL;
        core_fail_allocations_from(n);
        status = ropelaw_report_table_build("bases", &input, &table, NULL, &error);
        core_fail_allocations_from(0);
        failures += status == ROPELAW_NOMEM;
        ropelaw_table_destroy(&table);
    }
    ck_assert_int_eq(status, ROPELAW_OK);
    ck_assert_int_gt(failures, 5);
}
END_TEST

START_TEST(lengths_as_people_write_them) {
    static const struct {
        double length;
        const char *text;
    } cases[] = {
        {4096,    "4k"  },
        {131072,  "128k"},
        {1048576, "1M"  },
        {1000,    "1000"},
        {512,     "512" },
        {1536,    "1536"},
        {256000,  "250k"}
    };
    char text[32];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        report_length_str(cases[i].length, text, sizeof text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("tables");
    const TTest *const tests[] = {every_member_is_named_and_found,
                                  tables_of_the_law_print_in_every_format,
                                  a_method_outside_the_closed_form_has_no_bound,
                                  onsets_are_those_of_the_fit,
                                  rules_are_judged_by_brackets,
                                  bad_input,
                                  out_of_memory,
                                  lengths_as_people_write_them,
                                  NULL};
    test_add(s, "tables", tests);
    return test_run(s);
}
