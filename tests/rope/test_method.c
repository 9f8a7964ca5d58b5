/* clang-format off */
/* Tests: method.c method_engine.c method_default.c method_linear.c method_ntk.c method_dynamic.c method_by_parts.c method_yarn.c method_longrope.c method_longrope2.c method_llama3.c method_proportional.c method_resonance.c method_abf.c method_critical_base.c method_evq.c method_factors.c */
/* clang-format on */
/* What holds for every entry of the registry, and identities. Errors: test_method_bad.c; published numbers:
   test_method_golden.c; transformers' own: test_method_hf.c. */
#include "method_llama2.h"

static void eval(const char *name, const ropelaw_method_params *p, double len, double *x) {
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_method_eval(ropelaw_method_find(name), p, len, x, NULL, &e), e);
}

static void assert_same(const double *x, const double *y, size_t n, double tolerance) {
    for (size_t i = 0; i < n; i++) test_assert_rel(x[i], y[i], tolerance);
}

START_TEST(registry_is_well_formed) {
    size_t n = ropelaw_method_count();
    ck_assert_uint_eq(n, 15);
    ck_assert_ptr_null(ropelaw_method_at(n));
    for (size_t i = 0; i < n; i++) {
        const ropelaw_method *m = ropelaw_method_at(i);
        ck_assert(m->name[0] && m->title[0] && m->formula[0] && m->source[0] && m->limits && m->aliases);
        ck_assert_ptr_eq(ropelaw_method_find(m->name), m);
        for (size_t j = 0; j < i; j++) ck_assert_str_ne(m->name, ropelaw_method_at(j)->name);
    }
}
END_TEST

START_TEST(names_seen_in_files) {
    static const char *const pairs[][2] = {
        {"su",            "longrope"    },
        {"MROPE",         "default"     },
        {"YaRN",          "yarn"        },
        {"deepseek_yarn", "yarn"        },
        {"ntk_yarn",      "yarn"        },
        {"pi",            "linear"      },
        {"p-rope",        "proportional"},
        {"ntk-by-parts",  "ntk-by-parts"}
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const ropelaw_method *m = ropelaw_method_find(pairs[i][0]);
        ck_assert_msg(m && !strcmp(m->name, pairs[i][1]), "%s", pairs[i][0]);
    }
    const char *const none[] = {"", " ", "s", "yarn ", "su phi3", "axial", NULL};
    for (size_t i = 0; none[i]; i++) ck_assert_msg(!ropelaw_method_find(none[i]), "\"%s\"", none[i]);
    ck_assert_ptr_null(ropelaw_method_find(NULL));
}
END_TEST

/* resonance changes the periods whatever its parameters, and evq-cosh is no deformation of plain RoPE. */
START_TEST(every_method_at_factor_one_is_plain) {
    ropelaw_method_params p = llama2();
    p.factor = 1;
    double plain[MOST], x[MOST];
    float a[MOST], b[MOST];
    ropelaw_error e = {0};
    eval("default", &p, 0, plain);
    int n = 0;
    for (size_t i = 0; i < ropelaw_method_count(); i++) {
        const ropelaw_method *m = ropelaw_method_at(i);
        if (!strcmp(m->name, "resonance") || !strcmp(m->name, "evq-cosh")) continue;
        ropelaw_method_facts facts;
        test_assert_ok(ropelaw_method_eval(m, &p, 0, x, &facts, &e), e);
        assert_same(x, plain, 64, 3e-16);
        ck_assert_double_eq(facts.attention_factor, 1);
        for (int engine = 0; engine < 2; engine++) {
            test_assert_ok(ropelaw_method_eval_engine(ropelaw_method_find("default"), &p, engine, 0, a, &e),
                           e);
            test_assert_ok(ropelaw_method_eval_engine(m, &p, engine, 0, b, &e), e);
            for (int k = 0; k < 64; k++) test_assert_rel((double)b[k], (double)a[k], ldexp(1, -22));
        }
        n++;
    }
    ck_assert_int_eq(n, 13);
}
END_TEST

START_TEST(both_engines_stay_near_the_exact_value) {
    ropelaw_method_params p = llama2();
    p.factor = 8;
    p.declared_len = 32768;
    p.new_base = 5e5;
    p.long_factor = rising;
    ropelaw_error e = {0};
    for (size_t i = 0; i < ropelaw_method_count(); i++)
        for (int engine = 0; engine < 2; engine++)
            for (int resonance = 0; resonance < 2; resonance++) {
                double deviation = -1;
                size_t pair = 999;
                p.resonance = resonance;
                const ropelaw_method *m = ropelaw_method_at(i);
                test_assert_ok(ropelaw_method_deviation(m, &p, engine, 32768, &deviation, &pair, &e), e);
                /* ggml: 63 products of a base^(-2/d) that is off by half a unit; HF far less. A period that
                   is rounded to whole tokens may fall to the other side of a half in float: one token. */
                double x[MOST], bound = engine ? 63 * ldexp(1, -23) : ldexp(1, -19);
                eval(m->name, &p, 32768, x);
                if (resonance || !strcmp(m->name, "resonance")) bound += 1.01 * x[pair] / (2 * M_PI);
                ck_assert_msg(deviation > 0 && deviation < bound, "%s engine %d resonance %d: %g", m->name,
                              engine, resonance, deviation);
                ck_assert_uint_lt(pair, 64);
            }
}
END_TEST

START_TEST(attention_factor_of_the_engines) {
    ropelaw_error e = {0};
    for (size_t i = 0; i < ropelaw_method_count(); i++)
        for (int engine = 0; engine < 2; engine++)
            for (int given = 0; given < 2; given++) {
                ropelaw_method_params p = llama2();
                p.factor = 8;
                p.attention_factor = given ? 1.19 : 0;
                double x[MOST];
                float a;
                ropelaw_method_facts facts;
                const ropelaw_method *m = ropelaw_method_at(i);
                test_assert_ok(ropelaw_method_eval(m, &p, 0, x, &facts, &e), e);
                test_assert_ok(ropelaw_method_attention_engine(m, &p, engine, 0, &a, &e), e);
                test_assert_rel((double)a, facts.attention_factor, ldexp(1, -22)); /* four roundings */
            }
    ropelaw_method_params p = llama2();
    float a;
    p.factor = 3;
    const ropelaw_method *yarn = ropelaw_method_find("yarn");
    test_assert_ok(ropelaw_method_attention_engine(yarn, &p, ROPELAW_ENGINE_GGML, 0, &a, &e), e);
    ck_assert_float_eq(a, 1.0f + 0.1f * logf(1.0f / (1.0f / 3.0f)));
    test_assert_ok(ropelaw_method_attention_engine(yarn, &p, ROPELAW_ENGINE_HF, 0, &a, &e), e);
    ck_assert_float_eq(a, (float)(0.1 * log(3) + 1));
    p.factor = 0.5; /* the kernel knows no floor at 1, transformers does */
    test_assert_ok(ropelaw_method_attention_engine(yarn, &p, ROPELAW_ENGINE_HF, 0, &a, &e), e);
    ck_assert_float_eq(a, 1);
    test_assert_ok(ropelaw_method_attention_engine(yarn, &p, ROPELAW_ENGINE_GGML, 0, &a, &e), e);
    ck_assert_float_eq(a, 1.0f + 0.1f * logf(1.0f / (1.0f / 0.5f)));
    test_assert_fails(ropelaw_method_attention_engine(yarn, &p, ROPELAW_ENGINE_HF, 0, NULL, &e),
                      ROPELAW_INVALID, e, "attention");
    test_assert_fails(ropelaw_method_attention_engine(yarn, &p, (ropelaw_engine)5, 0, &a, &e),
                      ROPELAW_INVALID, e, "engine");
    p.base = 0;
    test_assert_fails(ropelaw_method_attention_engine(yarn, &p, ROPELAW_ENGINE_HF, 0, &a, &e), ROPELAW_DOMAIN,
                      e, "base");
}
END_TEST

START_TEST(base_methods_agree_with_default_at_their_base) {
    ropelaw_method_params p = llama2(), q = p;
    ropelaw_error e = {0};
    ropelaw_method_facts facts;
    double x[MOST], y[MOST];
    p.factor = 4;
    p.new_base = 500000;
    p.declared_len = 16384;
    const char *const names[] = {"ntk", "dynamic", "abf", "critical-base", NULL};
    for (size_t i = 0; names[i]; i++) {
        test_assert_ok(ropelaw_method_eval(ropelaw_method_find(names[i]), &p, 16384, x, &facts, &e), e);
        ck_assert_double_gt(facts.base, 10000);
        q.base = facts.base;
        eval("default", &q, 0, y);
        assert_same(x, y, 64, 0);
    }
}
END_TEST

START_TEST(what_the_limits_are) {
    ropelaw_method_params p = llama2();
    double plain[MOST], x[MOST], y[MOST];
    p.factor = 4;
    eval("default", &p, 0, plain);
    eval("ntk", &p, 0, x); /* the fastest pair kept, the slowest divided by the factor */
    test_assert_rel(x[0], plain[0], 0);
    test_assert_rel(x[63], plain[63] / 4, 1e-14);
    eval("yarn", &p, 0, x);
    test_assert_rel(x[0], plain[0], 0);
    test_assert_rel(x[63], plain[63] / 4, 1e-15);
    p.beta_fast = p.beta_slow = 1e-9; /* every pair turns more often: nothing is interpolated */
    eval("ntk-by-parts", &p, 0, x);
    assert_same(x, plain, 64, 0);
    p.beta_fast = p.beta_slow = 1e9;
    eval("ntk-by-parts", &p, 0, x);
    eval("linear", &p, 0, y);
    assert_same(x, y, 64, 0);
    p.tau = 0; /* geometric on midpoints */
    eval("evq-cosh", &p, 0, x);
    for (int n = 0; n < 64; n++) test_assert_rel(x[n], plain[n] * pow(p.base, -0.5 / 64), 4e-15);
    p.tau = 1e-6;
    eval("evq-cosh", &p, 0, y);
    assert_same(y, x, 64, 1e-9);
    p.tau = 349.9999999;
    eval("evq-cosh", &p, 0, x);
    p.tau = 350.0000001; /* the other branch */
    eval("evq-cosh", &p, 0, y);
    assert_same(y, x, 64, 1e-9);
}
END_TEST

START_TEST(lengths_decide_where_they_should) {
    ropelaw_method_params p = llama2();
    double plain[MOST], x[MOST], y[MOST];
    p.factor = 2;
    p.long_factor = rising;
    eval("default", &p, 0, plain);
    eval("longrope", &p, 4096, x);
    assert_same(x, plain, 64, 0);
    eval("longrope", &p, 4097, x);
    for (int n = 0; n < 64; n++) test_assert_rel(x[n], plain[n] / rising[n], 3e-16);
    p.longrope_by_factor = 1;
    eval("longrope", &p, 1, y);
    assert_same(x, y, 64, 0);
    for (size_t i = 0; i < ropelaw_method_count(); i++) {
        const ropelaw_method *m = ropelaw_method_at(i);
        p.longrope_by_factor = 0;
        eval(m->name, &p, 100, x);
        eval(m->name, &p, 1e6, y);
        int depends = memcmp(x, y, 64 * sizeof *x) != 0;
        ck_assert_msg(depends == !!(m->uses & ROPELAW_USES_EVAL_LEN), "%s", m->name);
    }
}
END_TEST

START_TEST(dynamic_as_each_engine_means_it) {
    ropelaw_method_params p = llama2();
    ropelaw_error e = {0};
    ropelaw_method_facts f;
    double x[MOST], power = 128.0 / 126;
    const ropelaw_method *dynamic = ropelaw_method_find("dynamic");
    p.factor = 2;
    test_assert_ok(ropelaw_method_eval(dynamic, &p, 16384, x, &f, &e), e);
    test_assert_rel(f.base, 1e4 * pow(7, power), 1e-15); /* 2 * 4 - 1 */
    p.dynamic = ROPELAW_DYNAMIC_VLLM_OLD;
    test_assert_ok(ropelaw_method_eval(dynamic, &p, 100, x, &f, &e), e);
    test_assert_rel(f.base, 1e4 * pow(3, power), 1e-15); /* 4 - 1, even for a short prompt */
    p.dynamic = ROPELAW_DYNAMIC_ALPHA;
    test_assert_ok(ropelaw_method_eval(dynamic, &p, 100, x, &f, &e), e);
    test_assert_rel(f.base, 20221.2617, 1e-8);
    /* vLLM issue 52665: nomic-embed served at 512, trained at 2048: the radicand is -0.5 */
    p = llama2();
    p.base = 1000;
    p.rotary_dim = 64;
    p.factor = 2;
    p.train_len = 2048;
    p.declared_len = 512;
    p.dynamic = ROPELAW_DYNAMIC_VLLM;
    test_assert_fails(ropelaw_method_eval(dynamic, &p, 512, x, NULL, &e), ROPELAW_DOMAIN, e, "declared_len");
    p.declared_len = 8192;
    test_assert_ok(ropelaw_method_eval(dynamic, &p, 512, x, &f, &e), e);
    test_assert_rel(f.base, 1000 * pow(7, 64.0 / 62), 1e-15);
}
END_TEST

START_TEST(resonance_rounds_periods_to_whole_tokens) {
    ropelaw_method_params p = llama2();
    double plain[MOST], x[MOST], y[MOST];
    eval("default", &p, 0, plain);
    eval("resonance", &p, 0, x);
    for (int n = 0; n < 64; n++) {
        double period = 2 * M_PI / x[n];
        test_assert_rel(period, rint(period), 4e-16);
        ck_assert_double_le(fabs(period - 2 * M_PI / plain[n]), 0.5 * (1 + 1e-12));
    }
    p.resonance = 1;
    eval("default", &p, 0, y);
    assert_same(x, y, 64, 0);
    p.partial = 0.5;
    eval("proportional", &p, 0, y);
    ck_assert_double_eq(y[63], 0);
}
END_TEST

int main(void) {
    Suite *s = suite_create("method");
    const TTest *const tests[] = {registry_is_well_formed,
                                  names_seen_in_files,
                                  every_method_at_factor_one_is_plain,
                                  both_engines_stay_near_the_exact_value,
                                  attention_factor_of_the_engines,
                                  base_methods_agree_with_default_at_their_base,
                                  what_the_limits_are,
                                  lengths_decide_where_they_should,
                                  dynamic_as_each_engine_means_it,
                                  resonance_rounds_periods_to_whole_tokens,
                                  NULL};
    test_add(s, "method", tests);
    return test_run(s);
}
