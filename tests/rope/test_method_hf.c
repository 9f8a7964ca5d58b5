/* The float path of the methods against vectors that transformers' own code made
   (tests/golden/hf_rope_generate.py). */
#include "test.h"
#include <ropelaw/method.h>
#include <string.h>

typedef struct {
    const char *method, *name, *source;
    ropelaw_method_params params; /* 0: the default */
    double short_factor[48], long_factor[48];
    double seq, attention;
    size_t n;
    double inv_freq[256]; /* torch's scalar code path */
    int vector_ulps[256]; /* its AVX2 path minus that */
} vector;

static const vector vectors[] = {
#include "../golden/hf_rope.inc"
};
enum { N_VECTORS = sizeof vectors / sizeof *vectors };

static void overlay(double *to, double from) {
    if (from != 0) *to = from;
}

static ropelaw_method_params params_of(const vector *v) {
    ropelaw_method_params p = ropelaw_method_params_default;
    p.base = v->params.base;
    p.rotary_dim = v->params.rotary_dim;
    p.train_len = v->params.train_len;
    p.declared_len = v->params.declared_len;
    p.mscale = v->params.mscale;
    p.mscale_all_dim = v->params.mscale_all_dim;
    p.attention_factor = v->params.attention_factor;
    p.truncate = v->params.truncate;
    p.longrope_by_factor = v->params.longrope_by_factor;
    p.factor = v->params.factor;
    overlay(&p.beta_fast, v->params.beta_fast);
    overlay(&p.beta_slow, v->params.beta_slow);
    overlay(&p.low_freq_factor, v->params.low_freq_factor);
    overlay(&p.high_freq_factor, v->params.high_freq_factor);
    if (!strcmp(v->method, "proportional")) p.partial = v->params.partial;
    if (!strcmp(v->method, "longrope")) {
        p.short_factor = v->short_factor;
        p.long_factor = v->long_factor;
        p.n_factors = p.rotary_dim / 2;
    }
    return p;
}

/* Units in the last place between two floats of the same sign. */
static double float_ulps(float a, float b) {
    int32_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return fabs((double)x - (double)y);
}

START_TEST(forty_sets_and_three_of_every_method) {
    const char *const names[] = {"default", "linear",   "ntk",    "dynamic",
                                 "yarn",    "longrope", "llama3", "proportional"};
    ck_assert_int_ge(N_VECTORS, 40);
    for (size_t m = 0; m < sizeof names / sizeof *names; m++) {
        int n = 0;
        for (size_t i = 0; i < N_VECTORS; i++) n += !strcmp(vectors[i].method, names[m]);
        ck_assert_msg(n >= 3, "%s has %d vectors", names[m], n);
    }
}
END_TEST

/* Equal to the bit to torch's scalar path, and so within 2 units of its vector path as stored. */
START_TEST(float_path_is_that_of_transformers) {
    const vector *v = &vectors[_i];
    ropelaw_method_params p = params_of(v);
    const ropelaw_method *method = ropelaw_method_find(v->method);
    ropelaw_error e = {0};
    size_t n;
    float f[256];
    test_assert_ok(ropelaw_method_pairs(method, &p, &n, &e), e);
    ck_assert_uint_eq(n, v->n);
    test_assert_ok(ropelaw_method_eval_engine(method, &p, ROPELAW_ENGINE_HF, v->seq, f, &e), e);
    for (size_t i = 0; i < n; i++) {
        double scalar = float_ulps(f[i], (float)v->inv_freq[i]);
        ck_assert_msg(scalar == 0, "%s %s pair %zu: %.9g, transformers %.9g", v->method, v->name, i,
                      (double)f[i], v->inv_freq[i]);
        ck_assert_double_le(abs(v->vector_ulps[i]), 2);
    }
}
END_TEST

/* The exact value differs from the float one by the rounding of the exponent (2n/d at most 1, half a unit of
   2^-24, magnified by ln base), of the power, its reciprocal and at most 8 more operations; llama3's and
   yarn's ramps magnify errors by at most factor * turns / span, folded in as `slack`. */
static double slack_of(const vector *v) {
    if (!strcmp(v->method, "llama3")) return 1 + v->params.factor;
    return !strcmp(v->method, "yarn") ? 1 + v->params.factor / 8 : 1;
}

START_TEST(exact_path_within_float_rounding) {
    const vector *v = &vectors[_i];
    ropelaw_method_params p = params_of(v);
    ropelaw_error e = {0};
    ropelaw_method_facts facts;
    double x[256], unit = ldexp(1, -24), bound = unit * (log(p.base) + 10) * slack_of(v);
    test_assert_ok(ropelaw_method_eval(ropelaw_method_find(v->method), &p, v->seq, x, &facts, &e), e);
    ck_assert_uint_eq(facts.n_pairs, v->n);
    test_assert_rel(facts.attention_factor, v->attention, 4e-16);
    for (size_t i = 0; i < v->n; i++)
        ck_assert_msg(fabs(x[i] - v->inv_freq[i]) <= bound * x[i], "%s %s pair %zu: %.17g, transformers %.9g",
                      v->method, v->name, i, x[i], v->inv_freq[i]);
}
END_TEST

int main(void) {
    Suite *s = suite_create("method_hf");
    const TTest *const tests[] = {forty_sets_and_three_of_every_method, NULL};
    test_add(s, "method_hf", tests);
    TCase *c = tcase_create("vectors");
    tcase_add_loop_test(c, float_path_is_that_of_transformers, 0, N_VECTORS);
    tcase_add_loop_test(c, exact_path_within_float_rounding, 0, N_VECTORS);
    suite_add_tcase(s, c);
    return test_run(s);
}
