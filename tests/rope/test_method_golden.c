/* The methods against 60-digit arithmetic (tests/golden/methods.py) and against published numbers. */
#include "test.h"
#include <ropelaw/method.h>
#include <string.h>

typedef struct {
    const char *method;
    ropelaw_method_params params; /* 0: the default; truncate -1: off */
    double seq;
    double inv_freq[128];
} method_golden;

#include "../golden/methods.inc"

static void overlay(double *to, double from) {
    if (from != 0) *to = from;
}

static ropelaw_method_params params_of(const method_golden *g) {
    ropelaw_method_params p = ropelaw_method_params_default;
    p.base = g->params.base;
    p.rotary_dim = g->params.rotary_dim;
    p.head_dim = g->params.head_dim;
    p.train_len = g->params.train_len;
    p.tune_len = g->params.tune_len;
    p.factor = g->params.factor;
    p.new_base = g->params.new_base;
    p.truncate = g->params.truncate == 0;
    overlay(&p.beta_fast, g->params.beta_fast);
    overlay(&p.beta_slow, g->params.beta_slow);
    overlay(&p.high_freq_factor, g->params.high_freq_factor);
    overlay(&p.partial, g->params.partial);
    overlay(&p.tau, g->params.tau);
    return p;
}

static size_t evaluate(const char *method, const ropelaw_method_params *p, double len, double *x,
                       ropelaw_method_facts *facts) {
    ropelaw_error e = {0};
    ropelaw_method_facts own;
    if (!facts) facts = &own;
    test_assert_ok(ropelaw_method_eval(ropelaw_method_find(method), p, len, x, facts, &e), e);
    return facts->n_pairs;
}

/* Plain: one rounding of the power in long double, and its double rounding: 0.51 units, 1 allowed. A changed
   base carries its own rounding (1 unit and those of the exponent, ln(base) / 2 units) times 2n/d <= 1; per-pair
   operations are at most 5; ramps take differences of quotients of like size. */
static double units_of(const method_golden *g, double base) {
    if (!strcmp(g->method, "default") || !strcmp(g->method, "abf")) return 1;
    return 8 + log(base);
}

START_TEST(exact_values) {
    for (size_t k = 0; k < sizeof golden_exact / sizeof *golden_exact; k++) {
        const method_golden *g = &golden_exact[k];
        ropelaw_method_params p = params_of(g);
        ropelaw_method_facts facts;
        double x[128];
        size_t n = evaluate(g->method, &p, g->seq, x, &facts);
        for (size_t i = 0; i < n; i++)
            ck_assert_msg(test_ulps(x[i], g->inv_freq[i]) <= units_of(g, facts.base),
                          "%s %zu pair %zu: %.17g %.17g", g->method, k, i, x[i], g->inv_freq[i]);
    }
}
END_TEST

/* powf and logf may be off by one unit where the golden rounds correctly: the product then drifts by a unit a
   pair. With glibc they agree to the bit. */
START_TEST(ggml_recurrence) {
    for (size_t k = 0; k < sizeof golden_ggml / sizeof *golden_ggml; k++) {
        const method_golden *g = &golden_ggml[k];
        ropelaw_method_params p = params_of(g);
        ropelaw_error e = {0};
        float x[128];
        const ropelaw_method *m = ropelaw_method_find(g->method);
        test_assert_ok(ropelaw_method_eval_engine(m, &p, ROPELAW_ENGINE_GGML, 0, x, &e), e);
        for (size_t i = 0; i < p.rotary_dim / 2; i++)
            ck_assert_msg((double)x[i] == g->inv_freq[i], "%s %zu pair %zu: %.9g %.9g", g->method, k, i,
                          (double)x[i], g->inv_freq[i]);
    }
}
END_TEST

/* Inverse frequencies printed in transformers' tests/utils/test_modeling_rope_utils.py (Apache-2.0) to five digits:
   d 128, base 1e4, max_position_embeddings 2048, factor 10. */
static const double printed[64][3] = {
#include "../golden/hf_printed.inc"
};

START_TEST(vectors_printed_by_transformers) {
    ropelaw_method_params p = ropelaw_method_params_default;
    p.train_len = 2048;
    p.factor = 10;
    const char *const names[] = {"dynamic", "yarn", "llama3"};
    for (int m = 0; m < 3; m++) {
        double x[64];
        ropelaw_method_facts facts;
        evaluate(names[m], &p, 16384, x, &facts);
        if (m == 0) test_assert_rel(facts.base, 759702.2312, 1e-10);
        for (int i = 0; i < 64; i++) {
            double half = 0.5e-4 * pow(10, floor(log10(printed[i][m])));
            test_assert_abs(x[i], printed[i][m], half + 2e-6 * x[i]); /* printed from floats */
        }
    }
}
END_TEST

/* YaRN on Llama 2: train_len 4096, factor 4: the paper's ramp keeps 21 pairs, divides 18, mixes 25. */
START_TEST(yarn_worked_example) {
    ropelaw_method_params p = ropelaw_method_params_default;
    p.train_len = 4096;
    p.factor = 4;
    double plain[64], paper[64], code[64];
    ropelaw_method_facts facts;
    evaluate("default", &p, 0, plain, NULL);
    p.ramp = ROPELAW_RAMP_TURNS;
    evaluate("yarn", &p, 0, paper, &facts);
    test_assert_abs(facts.attention_factor, 1.138629, 5e-7);
    int kept = 0, divided = 0;
    double furthest = 0;
    p.ramp = ROPELAW_RAMP_INDEX;
    evaluate("yarn", &p, 0, code, NULL);
    for (int i = 0; i < 64; i++) {
        kept += paper[i] == plain[i];
        divided += paper[i] == plain[i] / 4;
        furthest = fmax(furthest, fabs(code[i] - paper[i]) / plain[i]);
    }
    ck_assert_int_eq(kept, 21);
    ck_assert_int_eq(divided, 18);
    double gamma21 = (paper[21] / plain[21] - 0.25) / 0.75, gamma30 = (paper[30] / plain[30] - 0.25) / 0.75;
    test_assert_abs(gamma21, 0.991785, 5e-7);
    test_assert_abs(gamma30, 0.248168, 5e-7);
    test_assert_abs(paper[30] / plain[30], 0.436126, 5e-7);
    test_assert_abs(code[30] / plain[30], 0.711538, 5e-7);
    test_assert_abs(furthest, 0.2754, 5e-5);
    p.factor = 8; /* eq 25 */
    evaluate("yarn", &p, 0, code, &facts);
    test_assert_abs(facts.attention_factor, 1.2079441542, 5e-11);
}
END_TEST

START_TEST(ntk_bases_of_the_paper) {
    ropelaw_method_params p = ropelaw_method_params_default;
    ropelaw_method_facts facts;
    double x[64];
    p.factor = 2;
    evaluate("ntk", &p, 0, x, &facts);
    test_assert_abs(facts.base, 20221.2617, 5e-5);
    p.factor = 4;
    evaluate("ntk", &p, 0, x, &facts);
    test_assert_abs(facts.base, 40889.9424, 5e-5);
}
END_TEST

/* laws.md 1.4: beta_0 of LLaMA2, and the koboldcpp value of pull request 910. */
START_TEST(critical_bases) {
    static const double rows[][2] = {
        {8192,    26784.0318   },
        {16384,   71738.4362   },
        {32768,   192144.4560  },
        {65536,   514640.3228  },
        {131072,  1378414.2797 },
        {1048576, 26485466.1897}
    };
    ropelaw_method_params p = ropelaw_method_params_default;
    p.train_len = 4096;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ropelaw_method_facts facts;
        double x[64];
        p.tune_len = rows[i][0];
        evaluate("critical-base", &p, 0, x, &facts);
        test_assert_abs(facts.base, rows[i][1], 5.1e-5);
    }
}
END_TEST

/* LongRoPE2's released divisors for LLaMA3-8B (microsoft/nnscaler examples/longrope2): 21.81^(i/33) up to pair 33,
   printed to ten digits. Up to there they are a change of the base by 21.81^(64/33). */
static const double longrope2[64] = {
#include "../golden/longrope2_llama3.inc"
};

START_TEST(longrope2_divisors_are_a_base_change) {
    ropelaw_method_params p = ropelaw_method_params_default;
    double x[64], y[64];
    p.base = 500000;
    p.train_len = 8192;
    p.short_factor = p.long_factor = longrope2;
    p.n_factors = 64;
    evaluate("longrope", &p, 131072, x, NULL);
    evaluate("factors", &p, 0, y, NULL);
    ck_assert_mem_eq(x, y, sizeof x);
    p.new_base = 500000 * pow(21.81, 64.0 / 33);
    evaluate("abf", &p, 0, y, NULL);
    for (int i = 0; i < 64; i++) {
        if (i <= 33) test_assert_rel(longrope2[i], pow(21.81, i / 33.0), 5e-9);
        if (i <= 33)
            test_assert_rel(x[i], y[i], 5e-9);
        else
            ck_assert_double_gt(fabs(x[i] / y[i] - 1), 0.02);
    }
}
END_TEST

/* The same, from LongRoPE2's rule: the released set splits at pair 33 (the paper says 30, eq 7 gives 35) and grows a
   little beyond, up to 2 L / L_train = 32. */
START_TEST(longrope2_rule_gives_the_released_divisors) {
    ropelaw_method_params p = ropelaw_method_params_default;
    ropelaw_method_facts facts;
    double x[64], plain[64];
    p.base = 500000;
    p.train_len = 8192;
    p.factor = 21.81;
    p.critical_pairs = 33;
    evaluate("longrope2", &p, 0, x, NULL);
    evaluate("default", &p, 0, plain, NULL);
    for (int i = 0; i < 64; i++) {
        test_assert_rel(plain[i] / x[i], i <= 33 ? longrope2[i] : 21.81, 5e-9);
        ck_assert_double_le(longrope2[i], 32);
    }
    p.factor = 16;
    p.critical_pairs = 0; /* eq 7: 35 pairs */
    evaluate("longrope2", &p, 0, x, &facts);
    test_assert_rel(plain[35] / x[35], 16, 1e-14);
    test_assert_rel(plain[34] / x[34], pow(16, 34.0 / 35), 1e-14);
    test_assert_rel(facts.attention_factor, sqrt(1 + log(16) / log(8192)), 1e-15);
}
END_TEST

/* Men et al. 2024, Table 4: sums of cos(m theta_i) below zero, up to m = 15360 and 30720. */
START_TEST(men_methods_table) {
    double divisor[64], theta[64];
    ropelaw_method_params p = ropelaw_method_params_default;
    for (int i = 0; i < 64; i++) divisor[i] = i >= 44 ? 8 : pow(8, 128.0 / 88 * 2 * i / 128);
    p.long_factor = divisor;
    p.n_factors = 64;
    for (int method = 1; method <= 2; method++) {
        p.new_base = 5e6;
        evaluate(method == 1 ? "abf" : "factors", &p, 0, theta, NULL);
        int below = 0, at_15k = -1;
        for (int m = 0; m <= 30720; m++) {
            double sum = 0;
            for (int i = 0; i < 64; i++) sum += cos(m * theta[i]);
            below += sum < 0;
            if (m == 15360) at_15k = below;
        }
        ck_assert_int_eq(at_15k, method == 1 ? 0 : 97);
        ck_assert_int_eq(below, method == 1 ? 0 : 2554);
    }
}
END_TEST

/* Resonance paper: 6.28 .. 54410.14 for LLaMA2; least common multiple of the whole periods before pair 46 > 7e51. */
START_TEST(resonance_common_multiple) {
    ropelaw_method_params p = ropelaw_method_params_default;
    double x[64], log_lcm = 0;
    evaluate("resonance", &p, 0, x, NULL);
    ck_assert_double_eq(rint(2 * M_PI / x[63]), 54410);
    int most[5000] = {0};
    for (int i = 0; i < 46; i++) {
        int period = (int)rint(2 * M_PI / x[i]);
        for (int f = 2; f <= period; f++) {
            int power = 0;
            for (; period % f == 0; period /= f) power++;
            if (power > most[f]) most[f] = power;
        }
    }
    for (int f = 2; f < 5000; f++) log_lcm += most[f] * log((double)f);
    test_assert_rel(exp(log_lcm), 7.058e51, 1e-4);
}
END_TEST

int main(void) {
    Suite *s = suite_create("method_golden");
    const TTest *const wide[] = {exact_values, NULL};
    const TTest *const tests[] = {ggml_recurrence,
                                  vectors_printed_by_transformers,
                                  yarn_worked_example,
                                  ntk_bases_of_the_paper,
                                  critical_bases,
                                  longrope2_divisors_are_a_base_change,
                                  longrope2_rule_gives_the_released_divisors,
                                  men_methods_table,
                                  resonance_common_multiple,
                                  NULL};
    test_add(s, "method_golden", tests);
    test_add_wide(s, "method_golden", wide);
    return test_run(s);
}
