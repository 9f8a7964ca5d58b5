/* Layer kinds of real model files (tests/model/configs), each against the law or coverage asked directly. */
#include "test.h"
#include <ropelaw/plan_layers.h>
#include <stdio.h>
#include <string.h>

static ropelaw_error e;
static ropelaw_model model;
static ropelaw_plan_layers layers;

static void read_model(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "tests/model/configs/%s.json", name);
    ropelaw_model_clear(&model);
    test_assert_ok(ropelaw_model_read(path, &model, &e), e);
}

static void predict(const char *name, const ropelaw_plan *plan) {
    read_model(name);
    test_assert_ok(ropelaw_plan_layers_predict(&model, NULL, plan, NULL, &layers, &e), e);
    ck_assert_uint_eq(layers.n, model.n_kinds);
}

static const ropelaw_plan_layer *layer(const char *kind) {
    for (size_t i = 0; i < layers.n; i++)
        if (!strcmp(layers.layers[i].kind->name, kind)) return &layers.layers[i];
    ck_abort_msg("no layer kind %s", kind);
    return NULL;
}

static void assert_reach(const char *kind, ropelaw_reach reach) {
    const ropelaw_plan_layer *l = layer(kind);
    ck_assert_msg(l->reach == reach, "%s: %s (%s)", kind, ropelaw_reach_str(l->reach), l->reason);
    ck_assert(l->reason[0]);
}

/* Strict coverage of a method, from its own frequencies and nothing of plan. */
static double strict(const char *method, ropelaw_method_params p, double len, double tune_len) {
    double pretrain[256], tune[256];
    ropelaw_coverage c;
    test_assert_ok(ropelaw_freqs_eval(p.base, p.rotary_dim, pretrain, &e), e);
    test_assert_ok(ropelaw_method_eval(ropelaw_method_find(method), &p, len, tune, NULL, &e), e);
    ropelaw_arcs arcs = {p.rotary_dim / 2, pretrain, tune, p.train_len, tune_len};
    test_assert_ok(ropelaw_coverage_eval(&arcs, 0, &c, &e), e);
    return c.bound_tok;
}

START_TEST(one_kind_under_the_law) {
    predict("llama2-7b", NULL);
    assert_reach("full_attention", ROPELAW_REACH_LAW);
    ck_assert(layers.deciding == 0 && layers.bound_tok == 4096);
    ck_assert_uint_eq(layers.caveats, ROPELAW_CAVEAT_DEFAULTED); /* the file has no rope_theta */
    ropelaw_plan plan = {1e6, 16384};
    predict("llama2-7b", &plan);
    test_assert_abs(layers.bound_tok, 129026.78, 0.005);
}
END_TEST

/* Values that a user overrides count for the main kind; its length for every kind. */
START_TEST(main_kind_as_the_caller_says) {
    predict("gemma3-4b", NULL);
    ropelaw_plan_model one;
    ropelaw_method_params params;
    ropelaw_layer_kind_to_plan_model(&model, ropelaw_model_kind(&model), &one, &params);
    one.pretrain_base = 5e5;
    one.train_len = 8192;
    one.method = "yarn";
    params = ropelaw_method_params_default;
    one.factor = 4;
    ropelaw_plan_result alone;
    test_assert_ok(ropelaw_plan_predict(&one, NULL, NULL, &alone, &e), e);
    test_assert_ok(ropelaw_plan_layers_predict(&model, &one, NULL, NULL, &layers, &e), e);
    const ropelaw_plan_layer *full = layer("full_attention"), *local = layer("sliding_attention");
    ck_assert(full->bound_tok == alone.lo.bound_tok && layers.bound_tok == full->bound_tok);
    ck_assert_str_eq(full->used.method, "yarn");
    ck_assert(full->used.pretrain_base == 5e5 && local->used.pretrain_base == 1e4);
    ck_assert(local->used.train_len == 8192 && local->reach == ROPELAW_REACH_WINDOW);
}
END_TEST

START_TEST(windows_and_bases_of_their_own) {
    predict("gemma3-4b", NULL); /* full: base 1e6, linear 8; window 1024 with base 1e4 */
    assert_reach("full_attention", ROPELAW_REACH_LAW);
    assert_reach("sliding_attention", ROPELAW_REACH_WINDOW);
    ropelaw_method_params p = ropelaw_method_params_default;
    p.base = 1e6;
    p.rotary_dim = 256;
    p.train_len = 32768; /* not 131072 / 8: the report says what it was trained on */
    p.factor = 8;
    ck_assert_double_eq(layers.bound_tok, strict("linear", p, 131072, 32768));
    ck_assert(layers.caveats & ROPELAW_CAVEAT_WINDOW && layers.caveats & ROPELAW_CAVEAT_METHOD);
    ropelaw_plan plan = {1e7, NAN}; /* a new base is for the full-attention layers */
    predict("gemma3-4b", &plan);
    ck_assert_double_eq(layer("full_attention")->result.setting.tune_base, 1e7);
    ck_assert_double_eq(layer("sliding_attention")->result.setting.tune_base, 1e4);
}
END_TEST

START_TEST(layers_without_positions_or_attention) {
    predict("smollm3-3b", NULL);
    assert_reach("full_attention", ROPELAW_REACH_LAW);
    assert_reach("full_attention_nope", ROPELAW_REACH_NO_POSITION);
    ck_assert_double_eq(layers.bound_tok, 65536);
    predict("qwen3-next", NULL); /* a quarter of 256 dimensions rotates in a quarter of the layers */
    assert_reach("linear_attention", ROPELAW_REACH_NO_ATTENTION);
    ck_assert_uint_eq(layer("full_attention")->result.setting.rotary_dim, 64);
    ck_assert_double_eq(layers.bound_tok, 262144);
}
END_TEST

START_TEST(no_kind_under_the_law) {
    predict("llama4-scout", NULL); /* chunks of 8192, full attention without positions */
    assert_reach("chunked_attention", ROPELAW_REACH_WINDOW);
    assert_reach("full_attention_nope", ROPELAW_REACH_NO_POSITION);
    ck_assert(layers.deciding == layers.n && isnan(layers.bound_tok));
    predict("mistral-7b-v01", NULL);
    assert_reach("sliding_attention", ROPELAW_REACH_WINDOW);
    ck_assert(layers.deciding == layers.n && layers.caveats & ROPELAW_CAVEAT_WINDOW);
}
END_TEST

START_TEST(a_window_that_hides_nothing) {
    predict("phi3-mini-128k", NULL); /* window 262144 of 131072: the reader takes it as full attention */
    assert_reach("sliding_attention", ROPELAW_REACH_LAW);
    const ropelaw_rope_settings *rope = &model.kinds[0].rope;
    ropelaw_method_params p = ropelaw_method_params_default;
    p.rotary_dim = 96;
    p.train_len = 4096;
    p.declared_len = 131072;
    p.long_factor = rope->long_factor;
    p.short_factor = rope->short_factor;
    p.n_factors = 48;
    ck_assert_double_eq(layers.bound_tok, strict("longrope", p, 131072, 4096));
    ck_assert(layers.deciding == 0 && !(layers.caveats & ROPELAW_CAVEAT_WINDOW));
    read_model("mistral-7b-v01");
    double train = model.train_len_tok;
    for (int wider = 0; wider < 2; wider++) { /* at the width that the positions cover, and one token more */
        model.kinds[0].window_tok = train - 1 + wider;
        test_assert_ok(ropelaw_plan_layers_predict(&model, NULL, NULL, NULL, &layers, &e), e);
        double strict_bound = layers.layers[0].result.lo.bound_tok;
        ck_assert(strict_bound == train || strict_bound == train - 1);
        model.kinds[0].window_tok = strict_bound + wider;
        test_assert_ok(ropelaw_plan_layers_predict(&model, NULL, NULL, NULL, &layers, &e), e);
        assert_reach("sliding_attention", wider ? ROPELAW_REACH_WINDOW_WIDER : ROPELAW_REACH_WINDOW);
        ck_assert(wider ? layers.bound_tok == train : isnan(layers.bound_tok));
    }
}
END_TEST

START_TEST(mla_rotates_its_rope_dimension) {
    predict("deepseek-v3", NULL);
    ropelaw_method_params p = ropelaw_method_params_default;
    p.rotary_dim = 64;
    p.train_len = 4096;
    p.factor = 40;
    ck_assert_double_eq(layers.bound_tok, strict("yarn", p, 163840, 4096));
}
END_TEST

/* Distances run both ways: UltraLLaDA doubles the lengths. */
START_TEST(bidirectional_model) {
    predict("modernbert-base", NULL);
    assert_reach("full_attention", ROPELAW_REACH_LAW);
    ck_assert_int_eq(layer("full_attention")->result.bidirectional, 1);
    ck_assert_double_eq(layers.bound_tok, 8192);
    assert_reach("sliding_attention", ROPELAW_REACH_WINDOW);
}
END_TEST

START_TEST(what_is_missing_is_said) {
    read_model("llama2-7b");
    model.kinds[0].rope.base = NAN;
    test_assert_ok(ropelaw_plan_layers_predict(&model, NULL, NULL, NULL, &layers, &e), e);
    assert_reach("full_attention", ROPELAW_REACH_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(layers.layers[0].reason, "base"));
    ck_assert(layers.deciding == layers.n);
    read_model("phi3-yarn-name");
    model.kinds[0].rope.n_long = 5; /* not one a pair */
    test_assert_ok(ropelaw_plan_layers_predict(&model, NULL, NULL, NULL, &layers, &e), e);
    assert_reach("full_attention", ROPELAW_REACH_UNKNOWN);
    read_model("mistral-7b-v01");
    model.kinds[0].window_tok = NAN;
    test_assert_ok(ropelaw_plan_layers_predict(&model, NULL, NULL, NULL, &layers, &e), e);
    assert_reach("sliding_attention", ROPELAW_REACH_UNKNOWN);
}
END_TEST

/* Gemma 4: the rotating quarter of the pairs has seen every phase. */
START_TEST(every_phase_seen) {
    predict("gemma4-proportional", NULL);
    assert_reach("full_attention", ROPELAW_REACH_LAW);
    ck_assert(isnan(layers.bound_tok) && layers.deciding == 0 && layers.caveats & ROPELAW_CAVEAT_UNBOUNDED);
}
END_TEST

START_TEST(models_without_rotation_and_bad_calls) {
    read_model("gpt2");
    test_assert_fails(ropelaw_plan_layers_predict(&model, NULL, NULL, NULL, &layers, &e), ROPELAW_UNSUPPORTED,
                      e, "positions");
    ck_assert_ptr_nonnull(strstr(e.message, "learned"));
    test_assert_fails(ropelaw_plan_layers_predict(NULL, NULL, NULL, NULL, &layers, &e), ROPELAW_INVALID, e,
                      "model");
    test_assert_fails(ropelaw_plan_layers_predict(&model, NULL, NULL, NULL, NULL, &e), ROPELAW_INVALID, e,
                      "layers");
    ck_assert_str_eq(ropelaw_reach_str((ropelaw_reach)99), "unknown");
}
END_TEST

START_TEST(parameters_of_a_kind) {
    read_model("yarn-llama2-64k");
    const ropelaw_method *method;
    ropelaw_method_params p, q = ropelaw_method_params_default;
    test_assert_ok(ropelaw_layer_kind_method(&model, &model.kinds[0], &method, &p, &e), e);
    ck_assert_str_eq(method->name, "yarn");
    q.train_len = 4096;
    q.factor = 16;
    double x[64], y[64];
    test_assert_ok(ropelaw_method_eval(method, &p, 65536, x, NULL, &e), e);
    test_assert_ok(ropelaw_method_eval(method, &q, 65536, y, NULL, &e), e);
    ck_assert_mem_eq(x, y, sizeof x);
    read_model("nested-factor-mismatch"); /* factor 8, lengths 131072 / 32768: the explicit factor wins */
    ropelaw_method_facts facts;
    test_assert_ok(ropelaw_layer_kind_method(&model, &model.kinds[0], &method, &p, &e), e);
    test_assert_ok(ropelaw_method_eval(method, &p, 65536, x, &facts, &e), e);
    ck_assert_double_eq(facts.factor, 8);
    snprintf(model.kinds[0].rope.method, sizeof model.kinds[0].rope.method, "axial");
    test_assert_fails(ropelaw_layer_kind_method(&model, &model.kinds[0], &method, &p, &e),
                      ROPELAW_UNSUPPORTED, e, "method");
    model.kinds[0].rope.rotary_dim = NAN;
    test_assert_fails(ropelaw_layer_kind_method(&model, &model.kinds[0], &method, &p, &e), ROPELAW_INVALID, e,
                      "rotary_dim");
}
END_TEST

int main(void) {
    Suite *s = suite_create("layers");
    const TTest *const tests[] = {one_kind_under_the_law,
                                  windows_and_bases_of_their_own, main_kind_as_the_caller_says,
                                  layers_without_positions_or_attention,
                                  no_kind_under_the_law,
                                  a_window_that_hides_nothing,
                                  mla_rotates_its_rope_dimension,
                                  bidirectional_model,
                                  what_is_missing_is_said,
                                  every_phase_seen,
                                  models_without_rotation_and_bad_calls,
                                  parameters_of_a_kind,
                                  NULL};
    test_add(s, "layers", tests);
    return test_run(s);
}
