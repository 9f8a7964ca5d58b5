/* Tests: predictor.c predictor_closed_form.c predictor_closed_form_16b.c predictor_closed_form_real.c predictor_strict.c predictor_phase_coverage.c predictor_real_critical_dim.c predictor_fitted.c predictor_phase_modulation.c predictor_band.c predictor_long_range.c */
#include "test.h"
#include <ropelaw/predictor.h>
#include <ropelaw/random.h>
#include <string.h>
#include "../golden/band.inc"
#include "../golden/phase_modulation.inc"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static ropelaw_error e;

static ropelaw_prediction predict(const char *name, const ropelaw_predictor_input *input) {
    ropelaw_prediction p;
    ck_assert_msg(ropelaw_predictor_find(name) != NULL, "no predictor %s", name);
    test_assert_ok(ropelaw_predictor_eval(ropelaw_predictor_find(name), input, &p, &e), e);
    return p;
}

static ropelaw_predictor_input input_of(ropelaw_setting x) {
    ropelaw_predictor_input input = ropelaw_predictor_input_default;
    input.setting = x;
    return input;
}

START_TEST(registry) {
    ck_assert_uint_gt(ropelaw_predictor_count(), 0);
    for (size_t i = 0; i < ropelaw_predictor_count(); i++) {
        const ropelaw_predictor *p = ropelaw_predictor_at(i);
        const char *const texts[] = {p->name, p->title, p->formula, p->source, p->limits};
        for (size_t k = 0; k < COUNT(texts); k++) ck_assert(texts[k] && texts[k][0]);
        ck_assert_ptr_eq(ropelaw_predictor_find(p->name), p);
        for (size_t k = 0; k < i; k++) ck_assert_str_ne(p->name, ropelaw_predictor_at(k)->name);
        ck_assert_str_ne(ropelaw_predictor_kind_str(p->kind), "unknown");
    }
    ck_assert_ptr_null(ropelaw_predictor_at(ropelaw_predictor_count()));
    ck_assert_ptr_null(ropelaw_predictor_find("no such"));
    ck_assert_ptr_null(ropelaw_predictor_find(NULL));
}
END_TEST

/* Every predictor answers every sane setting: a length is positive or NAN with a reason. */
START_TEST(every_predictor_answers) {
    ropelaw_random r;
    ropelaw_random_init(&r, 31, 0);
    for (int i = 0; i < 300; i++) {
        ropelaw_predictor_input input = input_of((ropelaw_setting){
            2 + 2 * ropelaw_random_below(&r, 128), exp(1 + 15 * ropelaw_random_uniform(&r)),
            7 + ropelaw_random_below(&r, 1u << 16), exp(1 + 15 * ropelaw_random_uniform(&r)),
            1 + ropelaw_random_below(&r, 1u << 17)});
        for (size_t k = 0; k < ropelaw_predictor_count(); k++) {
            const ropelaw_predictor *p = ropelaw_predictor_at(k);
            if (p->slow) continue;
            ropelaw_prediction got = predict(p->name, &input);
            if (!isnan(got.value)) {
                ck_assert(isfinite(got.value));
                if (p->kind != ROPELAW_PREDICTS_INDEX) ck_assert(got.value > 0);
            } else if (!(got.caveats & ROPELAW_CAVEAT_UNBOUNDED))
                ck_assert_msg(!strcmp(p->name, "fitted") || !strcmp(p->name, "real_critical_dim"), "%s",
                              p->name);
        }
    }
}
END_TEST

START_TEST(liu_and_coverage) {
    ropelaw_predictor_input input = input_of((ropelaw_setting){128, 1e4, 4096, 1e6, 16384});
    test_assert_abs(predict("closed_form", &input).value, 129026.78, 0.005);
    test_assert_abs(predict("closed_form_16b", &input).value, 129026.78, 0.005);
    ck_assert(predict("closed_form_real", &input).value < 129026.78);
    ropelaw_prediction strict = predict("strict", &input), loose = predict("phase_coverage", &input);
    ck_assert(strict.value == 112139 && strict.pair == 46);
    ck_assert(loose.value == 161119 && loose.pair == 48);
    input.setting = (ropelaw_setting){128, 1e4, 4096, 1e4, 4096};
    ck_assert(predict("closed_form", &input).value == 4096);
    test_assert_abs(predict("closed_form_16b", &input).value, 4711.72, 0.005);
    ck_assert(predict("closed_form_real", &input).value == 4096);
    ck_assert(predict("strict", &input).value == 4096);
    const double half[64] = {1, 0.5};
    ropelaw_arcs arcs = {2, half, half, 4, 4}; /* frequencies of a method go before the bases */
    input.arcs = &arcs;
    strict = predict("strict", &input);
    ck_assert(strict.value == 4 && strict.pair == 0);
    ck_assert(predict("closed_form", &input).caveats & ROPELAW_CAVEAT_METHOD);
}
END_TEST

START_TEST(real_critical_dim) {
    ropelaw_predictor_input input = input_of((ropelaw_setting){128, 5e5, 8192, 5e6, 8192});
    ck_assert(isnan(predict("real_critical_dim", &input).value));
    ropelaw_critical c;
    test_assert_ok(ropelaw_critical_dim_count(128, 5e5, 8192, &c, &e), e);
    input.critical_dim = (double)c.dim; /* the theory's own dimension gives (16b) */
    test_assert_rel(predict("real_critical_dim", &input).value, predict("closed_form_16b", &input).value,
                    1e-15);
    input.critical_dim = 60; /* LongRoPE2: 30 pairs for LLaMA3-8B */
    test_assert_rel(predict("real_critical_dim", &input).value, 2 * M_PI * pow(5e6, 60 / 128.0), 1e-14);
    const double bad[] = {0, -2, 129, INFINITY};
    for (size_t i = 0; i < COUNT(bad); i++) {
        ropelaw_prediction p;
        input.critical_dim = bad[i];
        test_assert_fails(ropelaw_predictor_eval(ropelaw_predictor_find("real_critical_dim"), &input, &p, &e),
                          ROPELAW_DOMAIN, e, "critical_dim");
    }
}
END_TEST

START_TEST(fitted) {
    ropelaw_fitted_law law = {.rotary_dim = 128,
                              .pretrain_base = 1e4,
                              .train_len_tok = 4096,
                              .critical_dim = 92,
                              .intercept = log(2 * M_PI),
                              .slope = 92 / 128.0,
                              .tau = 0.1,
                              .df = 4,
                              .inflation = 1.5,
                              .base_min = 2e4,
                              .base_max = 2e6,
                              .n_runs = 6};
    ropelaw_predictor_input input = input_of((ropelaw_setting){128, 1e4, 4096, 1e6, 16384});
    ck_assert(isnan(predict("fitted", &input).value));
    input.law = &law; /* the theory's own slope and intercept give (16b) */
    test_assert_rel(predict("fitted", &input).value, predict("closed_form_16b", &input).value, 1e-13);
}
END_TEST

START_TEST(long_range) {
    ropelaw_predictor_input input = input_of((ropelaw_setting){4, 100, 4096, 1e4, 16384});
    ck_assert(predict("long_range", &input).value == 22); /* laws.md section 6 */
    const double theta[] = {1, 0.1};
    ropelaw_arcs arcs = {2, theta, theta, 4096, 4096}; /* the frequencies of base 100 */
    input.arcs = &arcs;
    ck_assert(predict("long_range", &input).value == 3);
}
END_TEST

START_TEST(band) {
    double pair;
    for (size_t i = 0; i < COUNT(golden_band); i++) {
        test_assert_ok(
            ropelaw_band_eval(golden_band[i].d, golden_band[i].base, golden_band[i].train, &pair, &e), e);
        test_assert_rel(pair, golden_band[i].pair, 1e-15);
    }
    /* V' changes sign where the pair's phase over the trained length is x = L base^(-2 pair/d) */
    test_assert_ok(ropelaw_band_eval(128, 1e4, 4096, &pair, &e), e);
    double x = 4096 * pow(1e4, -2 * pair / 128), v[2];
    for (int i = 0; i < 2; i++) {
        double h = 1e-3, y[2];
        for (int k = 0; k < 2; k++) {
            double t = x + (i ? 0.01 : -0.01) + (k ? h : -h);
            y[k] = 0.5 + sin(2 * t) / (4 * t) - sin(t) * sin(t) / (t * t);
        }
        v[i] = y[1] - y[0];
    }
    ck_assert(v[0] > 0 && v[1] < 0);
    test_assert_fails(ropelaw_band_eval(3, 1e4, 4096, &pair, &e), ROPELAW_DOMAIN, e, "rotary_dim");
}
END_TEST

START_TEST(phase_modulation) {
    ropelaw_phase_modulation b;
    for (size_t i = 0; i < COUNT(golden_phase_modulation); i++) {
        test_assert_ok(ropelaw_phase_modulation_eval(golden_phase_modulation[i].length,
                                                     golden_phase_modulation[i].eps,
                                                     golden_phase_modulation[i].n_layers, &b, &e),
                       e);
        test_assert_rel(b.alias, golden_phase_modulation[i].alias, 1e-15);
        test_assert_rel(b.stable, golden_phase_modulation[i].stable, 1e-15);
        test_assert_rel(b.deep, golden_phase_modulation[i].deep, 1e-15);
    }
    ropelaw_predictor_input input = input_of((ropelaw_setting){128, 1e4, 4096, 1e6, 131072});
    input.n_layers = 32; /* laws.md section 7: 1616104.1 */
    test_assert_abs(predict("phase_modulation", &input).value, 1616104.1, 0.05);
    const double bad[] = {0, 1, -1, NAN};
    for (size_t i = 0; i < COUNT(bad); i++)
        test_assert_fails(ropelaw_phase_modulation_eval(4096, bad[i], 1, &b, &e), ROPELAW_DOMAIN, e, "eps");
    test_assert_fails(ropelaw_phase_modulation_eval(4096, 0.9, 0, &b, &e), ROPELAW_DOMAIN, e, "n_layers");
    test_assert_fails(ropelaw_phase_modulation_eval(NAN, 0.9, 1, &b, &e), ROPELAW_DOMAIN, e, "length");
}
END_TEST

START_TEST(bad_input) {
    ropelaw_predictor_input input = input_of((ropelaw_setting){128, 1e4, NAN, 1e6, 16384});
    ropelaw_prediction p;
    for (size_t i = 0; i < ropelaw_predictor_count(); i++)
        test_assert_fails(ropelaw_predictor_eval(ropelaw_predictor_at(i), &input, &p, &e), ROPELAW_DOMAIN, e,
                          "train_len");
    test_assert_fails(ropelaw_predictor_eval(NULL, &input, &p, &e), ROPELAW_INVALID, e, "predictor");
    test_assert_fails(ropelaw_predictor_eval(ropelaw_predictor_at(0), NULL, &p, &e), ROPELAW_INVALID, e,
                      "input");
}
END_TEST

int main(void) {
    Suite *s = suite_create("predictor");
    const TTest *const tests[] = {registry,
                                  every_predictor_answers,
                                  liu_and_coverage,
                                  real_critical_dim,
                                  fitted,
                                  long_range,
                                  band,
                                  phase_modulation,
                                  bad_input,
                                  NULL};
    test_add(s, "predictor", tests);
    return test_run(s);
}
