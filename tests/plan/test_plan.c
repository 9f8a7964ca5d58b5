/* Tests: setting.c predict.c design.c method.c preset.c file.c */
#include "test.h"
#include <ropelaw/plan.h>
#include <ropelaw/random.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static ropelaw_error e;

static ropelaw_plan_model model_of(double d, double base, double train) {
    ropelaw_plan_model m = ropelaw_plan_model_default;
    m.rotary_dim = d;
    m.pretrain_base = base;
    m.train_len = train;
    return m;
}

static ropelaw_plan_result predict(const ropelaw_plan_model *m, double tune_base, double tune_len) {
    ropelaw_plan plan = {tune_base, tune_len};
    ropelaw_plan_result r;
    test_assert_ok(ropelaw_plan_predict(m, &plan, NULL, &r, &e), e);
    return r;
}

START_TEST(llama2_tuned) {
    ropelaw_plan_model m = model_of(128, 1e4, 4096);
    ropelaw_plan_result r = predict(&m, 1e6, 16384);
    ck_assert_int_eq(r.law.regime, ROPELAW_REGIME_LARGE_BASE);
    test_assert_abs(r.law.bound_tok, 129026.78, 0.005);
    ck_assert(round(r.lo.distance_tok) == 112138 && r.lo.pair == 46 && round(r.hi.distance_tok) == 161118);
    ck_assert_uint_eq(r.caveats, 0);
    size_t n_fast = 0;
    for (size_t i = 0; i < ropelaw_predictor_count(); i++) n_fast += !ropelaw_predictor_at(i)->slow;
    ck_assert_uint_eq(r.n_rows, n_fast);
    ck_assert_str_eq(r.rows[0].predictor->name, "closed_form");
    ck_assert(r.rows[0].prediction.value == r.law.bound_tok);
}
END_TEST

/* What the plan leaves open comes from the model, what the model leaves open from its pre-training. */
START_TEST(who_says_what) {
    ropelaw_plan_model m = model_of(128, 1e4, 4096);
    ck_assert(predict(&m, NAN, NAN).law.bound_tok == 4096);
    m.tune_base = 1e6; /* Code Llama: tuned with 1e6 at 16384, so 129027 and not 16384 */
    m.tune_len = 16384;
    test_assert_abs(predict(&m, NAN, NAN).law.bound_tok, 129026.78, 0.005);
    ck_assert(predict(&m, 2e4, NAN).law.bound_tok == 16384);
    ropelaw_plan_result r;
    test_assert_ok(ropelaw_plan_predict(&m, NULL, NULL, &r, &e), e);
    ck_assert(r.setting.tune_base == 1e6 && r.setting.tune_len_tok == 16384);
}
END_TEST

/* UltraLLaDA: lengths doubled on the way in, halved on the way out; as pre-trained the bound is train_len. */
START_TEST(bidirectional) {
    ropelaw_plan_model m = model_of(128, 5e5, 4096);
    m.bidirectional = 1;
    ropelaw_plan_result r = predict(&m, NAN, NAN);
    ck_assert(r.law.bound_tok == 4096 && r.law.critical.dim == 70);
    m.pretrain_base = 5e5;
    ropelaw_plan_design d;
    test_assert_ok(ropelaw_plan_design_find(&m, 131072, NAN, &d, &e), e);
    int seen = 0;
    for (size_t i = 0; i < d.n_options; i++)
        if (!strcmp(d.options[i].kind, "bound_base")) { /* lambda' for 128K as published in LongLLaDA terms */
            test_assert_abs(d.options[i].base / 5e5, 561.94, 0.005);
            test_assert_rel(d.options[i].predicted_bound, 131072, 1e-12);
            seen = 1;
        }
    ck_assert(seen);
}
END_TEST

START_TEST(method_frequencies) {
    ropelaw_plan_model m = model_of(4, 1e4, 4096);
    const double a[] = {1, 0.001}, w[] = {1, 0.0005};
    ropelaw_plan_options options = ropelaw_plan_options_default;
    options.freqs = (ropelaw_plan_freqs){2, a, w};
    ropelaw_plan_result r;
    test_assert_ok(ropelaw_plan_predict(&m, NULL, &options, &r, &e), e);
    ck_assert(r.caveats & ROPELAW_CAVEAT_METHOD);
    test_assert_rel(r.lo.distance_tok, 4095 * 2.0, 1e-15); /* interpolated by two */
    ck_assert_uint_eq(r.lo.pair, 1);
}
END_TEST

/* A method by name: NTK-aware is a change of base, linear interpolation and YaRN are not. */
START_TEST(methods_by_name) {
    ropelaw_plan_model m = model_of(128, 1e4, 4096);
    m.factor = 4;
    m.method = "ntk";
    ropelaw_plan_result r = predict(&m, NAN, NAN);
    ck_assert(!r.is_method && !(r.caveats & ROPELAW_CAVEAT_METHOD));
    test_assert_rel(r.setting.tune_base, 40889.9424, 1e-9); /* laws.md section 3 */
    m.method = "linear"; /* every phase divided by four: the strict bound is four times as far, to a token */
    r = predict(&m, NAN, NAN);
    ck_assert(r.is_method && r.caveats & ROPELAW_CAVEAT_METHOD);
    test_assert_rel(r.lo.distance_tok, 4 * 4095.0, 1e-14);
    ck_assert(predict(&m, NAN, 16384).lo.bound_tok == 16384);
    m.method = "yarn";
    ck_assert(predict(&m, NAN, NAN).lo.distance_tok >= 4 * 4095 * (1 - 1e-12));
    m.method = "longrope"; /* without its factors: the law stands, the coverage is not known */
    r = predict(&m, NAN, NAN);
    ck_assert(r.is_method && isnan(r.lo.bound_tok) && r.law.bound_tok == 4096);
    for (size_t i = 0; i < r.n_rows; i++)
        if (strstr(r.rows[i].predictor->name, "strict")) ck_assert(isnan(r.rows[i].prediction.value));
    m.method = "no such";
    ropelaw_plan_result untouched;
    test_assert_fails(ropelaw_plan_predict(&m, NULL, NULL, &untouched, &e), ROPELAW_INVALID, e, "method");
}
END_TEST

/* Every preset answers, or says what is missing; as pre-trained its bound is train_len. */
START_TEST(presets) {
    size_t n_answered = 0;
    for (size_t i = 0; i < ropelaw_preset_count(); i++) {
        ropelaw_plan_model m;
        ropelaw_method_params params;
        ropelaw_preset_to_plan_model(ropelaw_preset_get(i), &m, &params);
        ropelaw_plan_result r;
        ropelaw_status s = ropelaw_plan_predict(&m, NULL, NULL, &r, &e);
        int missing = isnan(m.rotary_dim) || isnan(m.pretrain_base) || isnan(m.train_len);
        ck_assert_msg(s == (missing ? ROPELAW_INVALID : ROPELAW_OK), "%s: %s", m.name, e.message);
        if (missing) continue;
        n_answered++;
        m.tune_base = m.tune_len = NAN;
        m.method = "";
        test_assert_ok(ropelaw_plan_predict(&m, NULL, NULL, &r, &e), e);
        ck_assert_msg(r.law.bound_tok == m.train_len, "%s", m.name);
        ck_assert_msg(isnan(r.lo.bound_tok) || r.lo.bound_tok == m.train_len, "%s", m.name);
    }
    ck_assert_uint_gt(n_answered, 80);
}
END_TEST

START_TEST(preset_goldens) {
    const ropelaw_preset *preset;
    ropelaw_plan_model m;
    ropelaw_method_params params;
    test_assert_ok(ropelaw_preset_find("CodeLlama-7B", &preset, &e), e);
    ck_assert_uint_eq(ropelaw_preset_to_plan_model(preset, &m, &params), 0);
    test_assert_abs(predict(&m, NAN, NAN).law.bound_tok, 129026.78, 0.005);
    test_assert_ok(ropelaw_preset_find("Llama-3.1-8B", &preset, &e), e);
    ropelaw_preset_to_plan_model(preset, &m, &params);
    ropelaw_plan_result r = predict(&m, NAN, NAN); /* llama3, factor 8: slow pairs divided by 8 */
    ck_assert(r.is_method && params.high_freq_factor == 4 && params.train_len == 8192);
    ck_assert(r.lo.distance_tok >= 8191 && r.lo.distance_tok <= 8 * 8191 * (1 + 1e-12));
    int n_inferred = 0;
    for (size_t i = 0; i < ropelaw_preset_count(); i++)
        n_inferred +=
            ropelaw_preset_to_plan_model(ropelaw_preset_get(i), &m, &params) == ROPELAW_CAVEAT_DEFAULTED;
    ck_assert_int_gt(n_inferred, 0);
}
END_TEST

/* A model file says the same as its numbers given one by one. */
START_TEST(model_files) {
    const char *text =
        "{\"model_type\": \"llama\", \"hidden_size\": 4096, \"num_attention_heads\": 32, "
        "\"num_hidden_layers\": 32, \"rope_theta\": 10000.0, \"max_position_embeddings\": 65536, "
        "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 16.0, "
        "\"original_max_position_embeddings\": 4096}}";
    ropelaw_model file;
    ropelaw_plan_model m, same = model_of(128, 1e4, 4096);
    ropelaw_method_params params;
    test_assert_ok(ropelaw_model_parse(text, strlen(text), "config.json", &file, &e), e);
    test_assert_ok(ropelaw_model_to_plan_model(&file, &m, &params, &e), e);
    same.method = "yarn";
    same.factor = 16;
    ropelaw_plan_result a = predict(&m, NAN, NAN), b = predict(&same, NAN, NAN);
    ck_assert(a.is_method && a.lo.distance_tok == b.lo.distance_tok && a.law.bound_tok == b.law.bound_tok);
    ck_assert(m.n_layers == 32);
    ropelaw_model_clear(&file);
    text =
        "{\"model_type\": \"gpt2\", \"n_embd\": 768, \"n_head\": 12, \"n_layer\": 12, \"n_positions\": 1024}";
    test_assert_ok(ropelaw_model_parse(text, strlen(text), "config.json", &file, &e), e);
    test_assert_fails(ropelaw_model_to_plan_model(&file, &m, &params, &e), ROPELAW_UNSUPPORTED, e,
                      "positions");
    ropelaw_model_clear(&file);
}
END_TEST

START_TEST(designs) {
    ropelaw_random r;
    ropelaw_random_init(&r, 41, 0);
    for (int i = 0; i < 60; i++) {
        ropelaw_plan_model m =
            model_of(16 + 2 * ropelaw_random_below(&r, 120), exp(6 + 9 * ropelaw_random_uniform(&r)),
                     512 + ropelaw_random_below(&r, 1u << 14));
        m.bidirectional = i % 7 == 0;
        double target = m.train_len * exp(4 * ropelaw_random_uniform(&r));
        double tune = i % 2 ? NAN : m.train_len * (1 + 3 * ropelaw_random_uniform(&r));
        ropelaw_plan_design d;
        test_assert_ok(ropelaw_plan_design_find(&m, target, tune, &d, &e), e);
        ck_assert_uint_ge(d.n_options, 1);
        for (size_t k = 0; k < d.n_options; k++) {
            const ropelaw_plan_option *o = &d.options[k];
            ropelaw_plan_model with = m; /* the forward question gives the same answer */
            if (!isnan(o->factor)) with.method = o->kind, with.factor = o->factor;
            ropelaw_plan_result p = predict(&with, isnan(o->factor) ? o->base : m.pretrain_base, o->tune_len);
            double bound = p.is_method ? p.lo.bound_tok : p.law.bound_tok;
            ck_assert(bound == o->predicted_bound || (isnan(bound) && isnan(o->predicted_bound)));
            ck_assert(p.lo.bound_tok == o->lo.bound_tok || isnan(p.lo.bound_tok));
            ck_assert(p.setting.tune_base == o->base);
            ck_assert_int_eq(o->reaches, isnan(o->predicted_bound) || o->predicted_bound >= target);
            if (k) ck_assert_int_ge(d.options[k - 1].reaches, o->reaches);
            if (!strcmp(o->kind, "critical_base")) ck_assert(o->predicted_bound == o->tune_len);
            if (!strcmp(o->kind, "bound_base")) ck_assert(o->reaches);
        }
    }
}
END_TEST

START_TEST(design_goldens) {
    ropelaw_plan_model m = model_of(128, 1e4, 4096);
    ropelaw_plan_design d;
    test_assert_ok(ropelaw_plan_design_find(&m, 16384, NAN, &d, &e), e);
    ck_assert_str_eq(d.options[0].kind, "critical_base");
    test_assert_rel(d.options[0].base, 71738.4362, 1e-9);
    ck_assert(d.options[0].predicted_bound == 16384 && d.options[0].tune_len == 16384);
    ck_assert_str_eq(d.options[1].kind, "bound_base");
    test_assert_rel(d.options[1].base, 56627.7967, 1e-9);
    ck_assert(d.options[1].tune_len == 4096);
    int n_methods = 0;
    for (size_t i = 2; i + 1 < d.n_options; i++) n_methods += !isnan(d.options[i].factor);
    ck_assert_int_eq(n_methods, (int)d.n_options - 3);
    ck_assert_int_ge(n_methods, 4);
    ck_assert_str_eq(d.options[d.n_options - 1].kind, "small_base");
    test_assert_rel(d.options[d.n_options - 1].base, 2607.5945876176134, 1e-12); /* T'/2pi of 16384 */
}
END_TEST

START_TEST(bad_input) {
    ropelaw_plan_result r;
    ropelaw_plan_model m = ropelaw_plan_model_default;
    m.name = "some model";
    test_assert_fails(ropelaw_plan_predict(&m, NULL, NULL, &r, &e), ROPELAW_INVALID, e, "rotary_dim");
    ck_assert_ptr_nonnull(strstr(e.message, "some model"));
    m.rotary_dim = 128;
    test_assert_fails(ropelaw_plan_predict(&m, NULL, NULL, &r, &e), ROPELAW_INVALID, e, "pretrain_base");
    m.pretrain_base = 1e4;
    test_assert_fails(ropelaw_plan_predict(&m, NULL, NULL, &r, &e), ROPELAW_INVALID, e, "train_len");
    m.train_len = 4096;
    const double dims[] = {0, 127, 3.5, -2, 1e9, INFINITY};
    for (size_t i = 0; i < COUNT(dims); i++) {
        m.rotary_dim = dims[i];
        test_assert_fails(ropelaw_plan_predict(&m, NULL, NULL, &r, &e), ROPELAW_DOMAIN, e, "rotary_dim");
    }
    m.rotary_dim = 128;
    ropelaw_plan plan = {1, 4096};
    test_assert_fails(ropelaw_plan_predict(&m, &plan, NULL, &r, &e), ROPELAW_DOMAIN, e, "tune_base");
    plan = (ropelaw_plan){1e6, 0};
    test_assert_fails(ropelaw_plan_predict(&m, &plan, NULL, &r, &e), ROPELAW_DOMAIN, e, "tune_len");
    test_assert_fails(ropelaw_plan_predict(NULL, NULL, NULL, &r, &e), ROPELAW_INVALID, e, "model");
    test_assert_fails(ropelaw_plan_predict(&m, NULL, NULL, NULL, &e), ROPELAW_INVALID, e, "result");
    ropelaw_plan_design d;
    const double lengths[] = {0, -1, NAN, INFINITY, 6};
    for (size_t i = 0; i < COUNT(lengths); i++)
        test_assert_fails(ropelaw_plan_design_find(&m, lengths[i], NAN, &d, &e), ROPELAW_DOMAIN, e,
                          "target_len");
    test_assert_fails(ropelaw_plan_design_find(&m, 8192, 0, &d, &e), ROPELAW_DOMAIN, e, "tune_len");
    test_assert_fails(ropelaw_plan_design_find(NULL, 8192, NAN, &d, &e), ROPELAW_INVALID, e, "model");
}
END_TEST

int main(void) {
    Suite *s = suite_create("plan");
    const TTest *const tests[] = {llama2_tuned,    who_says_what,  bidirectional,  method_frequencies,
                                  methods_by_name, presets,        preset_goldens, model_files,
                                  designs,         design_goldens, bad_input,      NULL};
    test_add(s, "plan", tests);
    return test_run(s);
}
