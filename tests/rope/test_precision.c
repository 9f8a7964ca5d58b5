/* Tests: precision.c precision_angle.c */
/* Angle errors: the table of published figures, brute force without the bound, and errors. */
#include "test.h"
#include <ropelaw/method.h>
#include <ropelaw/precision.h>
#include <string.h>

static ropelaw_precision_report report(const char *name, double base, size_t d, double len,
                                       double tolerance) {
    ropelaw_precision_report r;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_precision_eval(ropelaw_precision_find(name), base, d, len, tolerance, &r, &e), e);
    return r;
}

START_TEST(registry_is_well_formed) {
    for (size_t i = 0; i < ropelaw_precision_count(); i++) {
        const ropelaw_precision *p = ropelaw_precision_at(i);
        ck_assert(p->title[0] && p->source[0]);
        ck_assert_ptr_eq(ropelaw_precision_find(p->name), p);
    }
    ck_assert_ptr_null(ropelaw_precision_at(ropelaw_precision_count()));
    ck_assert_ptr_null(ropelaw_precision_find("fp8"));
    ck_assert_ptr_null(ropelaw_precision_find(NULL));
}
END_TEST

/* Measured with another program, 64 pairs "near" each position, base 1e4; the window it took is not known, and
   the largest of a few thousand errors moves by a tenth with it. */
START_TEST(measured_table) {
    static const struct {
        const char *name;
        double near[4];
    } rows[] = {
        {"fp32",      {2.4e-4, 7.6e-3, 6.2e-2, 0.95}   },
        {"fp32-ggml", {5.8e-4, 2.0e-2, 0.15, 1.9}      },
        {"fp32-freq", {1.2e-4, 3.9e-3, 3.1e-2, 0.49}   },
        {"fp64",      {4e-13, 1.3e-11, 1.1e-10, 1.7e-9}}
    };
    static const double at[4] = {4096, 131072, 1048576, 16777215};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int k = 0; k < 4; k++) {
            double x;
            ropelaw_error e = {0};
            const ropelaw_precision *p = ropelaw_precision_find(rows[i].name);
            test_assert_ok(ropelaw_precision_cos_error(p, 1e4, 128, at[k] - 255, at[k], &x, &e), e);
            test_assert_rel(x, rows[i].near[k], 0.1);
        }
}
END_TEST

/* What a conversion of the compiler says about the type: by counting, not by its parameters. */
START_TEST(first_position_that_is_not_itself) {
    ck_assert_double_eq(report("bf16", 1e4, 128, 4096, 0.01).first_alias_pos, 257);
    ck_assert_double_eq(report("fp16", 1e4, 128, 4096, 0.01).first_alias_pos, 2049);
    int p = 1;
    while ((int)(float)p == p) p++;
    ck_assert_double_eq(report("fp32", 1e4, 128, 4096, 0.01).first_alias_pos, p);
    ck_assert_double_eq(report("bf16-table", 1e4, 128, 4096, 0.01).first_alias_pos, p);
    ck_assert(isinf(report("fp64", 1e4, 128, 4096, 0.01).first_alias_pos));
}
END_TEST

/* The angle of the float path of transformers, straight from its frequencies. */
START_TEST(float_angles_by_brute_force) {
    enum { D = 64, LEN = 30000 };
    float f[D / 2];
    long double theta[D / 2];
    for (int n = 0; n < D / 2; n++) theta[n] = powl(5e5L, -2.0L * n / D);
    ropelaw_method_params params = ropelaw_method_params_default;
    ropelaw_error e = {0};
    params.rotary_dim = D;
    params.base = 5e5;
    for (int running = 0; running < 2; running++) {
        test_assert_ok(
            ropelaw_method_eval_engine(ropelaw_method_find("default"), &params, ROPELAW_ENGINE_HF, 0, f, &e),
            e);
        /* several, so that no stride of the search finds them all by luck */
        static const double tolerance[] = {3e-4, 4e-4, 5e-4, 6e-4, 7e-4, 8e-4, 9e-4, 1e-3};
        enum { N = sizeof tolerance / sizeof *tolerance };
        double worst = 0, first_above[N] = {0};
        float step = powf(5e5f, -2.0f / D);
        for (int p = 0; p < LEN; p++) {
            float angle = (float)p;
            for (int n = 0; n < D / 2; n++, angle *= step) {
                float held = running ? angle : (float)p * f[n];
                double off = fabs((double)((long double)held - p * theta[n]));
                worst = fmax(worst, off);
                for (int k = 0; k < N; k++)
                    if (off > tolerance[k] && first_above[k] == 0) first_above[k] = p;
            }
        }
        for (int k = 0; k < N; k++) {
            ropelaw_precision_report r = report(running ? "fp32-ggml" : "fp32", 5e5, D, LEN, tolerance[k]);
            test_assert_rel(r.max_angle_error_rad, worst, 1e-9);
            ck_assert_double_gt(first_above[k], 0);
            ck_assert_double_eq(r.len_max_tok, first_above[k]);
            ck_assert_int_eq(r.len_max_open, 0);
        }
    }
}
END_TEST

/* Rounding to bfloat16 by bits: add half a unit, ties to even, cut. */
static double to_bf16(double x) {
    float f = (float)x;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

START_TEST(bfloat16_by_bits) {
    enum { D = 128, LEN = 2000 };
    double worst = 0, cosine = 0, first_above = 0;
    for (int p = 0; p < LEN; p++)
        for (int n = 0; n < D / 2; n++) {
            double held = to_bf16(to_bf16(p) * to_bf16((double)(1 / (float)pow(1e4, 2.0 * n / D))));
            double exact = p * pow(1e4, -2.0 * n / D), off = fabs(held - exact);
            worst = fmax(worst, off);
            if (off > 0.05 && first_above == 0) first_above = p;
            if (p < LEN - 256) continue;
            cosine = fmax(cosine, fabs(to_bf16((double)cosf((float)held)) - cos(exact)));
            cosine = fmax(cosine, fabs(to_bf16((double)sinf((float)held)) - sin(exact)));
        }
    ropelaw_precision_report r = report("bf16", 1e4, D, LEN, 0.05);
    test_assert_rel(r.max_angle_error_rad, worst, 1e-9);
    test_assert_rel(r.max_cos_error, cosine, 1e-9);
    ck_assert_double_eq(r.len_max_tok, first_above);
}
END_TEST

/* ggml's rope kernel from its description: theta runs from pair to pair; then a scale, YaRN's mix, or a divisor. */
typedef struct {
    const ropelaw_method *method;
    const ropelaw_method_params *params;
    double base;
    const double *exact;
} kernel;

static float kernel_angle(const kernel *k, float theta, int n) {
    float d = (float)k->params->rotary_dim, scale = 1 / (float)k->params->factor;
    if (!strcmp(k->method->name, "linear")) return scale * theta;
    if (!strcmp(k->method->name, "yarn")) {
        float ends[2], turns[2] = {(float)k->params->beta_fast, (float)k->params->beta_slow};
        for (int i = 0; i < 2; i++)
            ends[i] = d * logf((float)k->params->train_len / (turns[i] * 2 * (float)M_PI)) /
                      (2 * logf((float)k->base));
        float low = fmaxf(0, floorf(ends[0])), high = fminf(d - 1, ceilf(ends[1]));
        float mix = 1 - fminf(1, fmaxf(0, ((float)n - low) / fmaxf(0.001f, high - low)));
        return scale * theta * (1 - mix) + theta * mix;
    }
    return theta / (float)(pow(k->base, -2.0 * n / (double)d) / k->exact[n]);
}

/* Every method of the registry, every position, in transformers' floats and in ggml's: no bound, no walk. */
START_TEST(every_method_by_brute_force) {
    enum { D = 24, PAIRS = D / 2, LEN = 6000 };
    double longer[PAIRS], ones[PAIRS];
    for (int n = 0; n < PAIRS; n++) longer[n] = 1 + 0.3 * n, ones[n] = 1;
    for (size_t i = 0; i < 2 * ropelaw_method_count(); i++) {
        const ropelaw_method *m = ropelaw_method_at(i / 2);
        ropelaw_method_params p = ropelaw_method_params_default;
        ropelaw_method_facts facts;
        ropelaw_error e = {0};
        double exact[PAIRS];
        float f[PAIRS];
        p.rotary_dim = D, p.train_len = 1500, p.factor = 4, p.tune_len = LEN, p.new_base = 3e5,
        p.partial = 0.6;
        p.long_factor = longer, p.short_factor = ones, p.n_factors = PAIRS;
        ropelaw_rotation rotation = {m, &p, LEN};
        test_assert_ok(ropelaw_method_eval(m, &p, LEN, exact, &facts, &e), e);
        test_assert_ok(ropelaw_method_eval_engine(m, &p, ROPELAW_ENGINE_HF, LEN, f, &e), e);
        int ggml = i % 2;
        int by_base = facts.base != p.base;
        kernel k = {m, &p, facts.base, exact};
        if (ggml) /* the recurrence that the registry's float frequencies are, at position 1 */
            test_assert_ok(ropelaw_method_eval_engine(m, &p, ROPELAW_ENGINE_GGML, LEN, f, &e), e);
        double worst = 0, above = 0, tolerance = 3e-5;
        float step = powf((float)facts.base, -2.0f / D);
        for (int pos = 0; pos < LEN; pos++) {
            float theta = (float)pos;
            for (int n = 0; n < PAIRS; n++, theta *= step) {
                float held = !ggml ? (float)pos * f[n] : by_base ? theta : kernel_angle(&k, theta, n);
                if (ggml && pos == 1) ck_assert_float_eq(held, f[n]);
                double off = fabs((double)((long double)held - pos * (long double)exact[n]));
                worst = fmax(worst, off);
                if (off > tolerance && above == 0) above = pos;
            }
        }
        ropelaw_precision_report r;
        test_assert_ok(ropelaw_precision_eval_rotation(ropelaw_precision_find(ggml ? "fp32-ggml" : "fp32"),
                                                       &rotation, LEN, tolerance, &r, &e),
                       e);
        /* theta of a change of base is held in long double there, in double here: 6000 * 1e-16 */
        test_assert_abs(r.max_angle_error_rad, worst, 2e-12);
        ck_assert_msg(above > 0 && r.len_max_tok == above, "%s %d: %g, counted %g", m->name, ggml,
                      r.len_max_tok, above);
    }
}
END_TEST

/* The wrapper for plain RoPE and the method `default` are one question; a method changes the answer. */
START_TEST(methods_matter) {
    ropelaw_method_params p = ropelaw_method_params_default;
    ropelaw_precision_report r, plain = report("fp32", 1e4, 128, 8192, 0.01);
    ropelaw_error e = {0};
    ropelaw_rotation rotation = {ropelaw_method_find("default"), &p, 0};
    const ropelaw_precision *fp32 = ropelaw_precision_find("fp32");
    test_assert_ok(ropelaw_precision_eval_rotation(fp32, &rotation, 8192, 0.01, &r, &e), e);
    ck_assert(r.max_angle_error_rad == plain.max_angle_error_rad && r.len_max_tok == plain.len_max_tok);
    rotation.method = ropelaw_method_find("linear");
    p.factor = 4; /* a power of two: angles and errors are those of a quarter of the position */
    test_assert_ok(ropelaw_precision_eval_rotation(fp32, &rotation, 8192, 0.01, &r, &e), e);
    test_assert_rel(r.max_angle_error_rad, plain.max_angle_error_rad / 4, 1e-9);
    p.factor = -1;
    test_assert_fails(ropelaw_precision_eval_rotation(fp32, &rotation, 8192, 0.01, &r, &e), ROPELAW_DOMAIN, e,
                      "factor");
    rotation.method = NULL;
    test_assert_fails(ropelaw_precision_eval_rotation(fp32, &rotation, 8192, 0.01, &r, &e), ROPELAW_INVALID,
                      e, "method");
    test_assert_fails(ropelaw_precision_eval_rotation(fp32, NULL, 8192, 0.01, &r, &e), ROPELAW_INVALID, e,
                      "rotation");
}
END_TEST

START_TEST(ends_of_the_range) {
    ropelaw_precision_report r = report("fp64", 1e4, 128, 1, 0.01);
    ck_assert_double_eq(r.max_angle_error_rad, 0);
    ck_assert_int_eq(r.len_max_open, 1);
    ck_assert_double_eq(r.len_max_tok, ROPELAW_PRECISION_LEN_MAX);
    r = report("fp16", 1e4, 128, 131072, 0.01); /* positions above 65504 overflow */
    ck_assert(isinf(r.max_angle_error_rad) && isinf(r.max_cos_error));
    r = report("fp32", 1e4, 2, 131072, 0.01); /* theta_0 = 1 is exact, and so is every product */
    ck_assert_double_eq(r.max_angle_error_rad, 0);
}
END_TEST

START_TEST(stored_tables_keep_the_angle) {
    ropelaw_precision_report a = report("fp32", 1e4, 128, 4096, 0.01),
                             b = report("bf16-table", 1e4, 128, 4096, 0.01);
    ck_assert_double_eq(a.max_angle_error_rad, b.max_angle_error_rad);
    ck_assert_double_eq(a.len_max_tok, b.len_max_tok);
    /* cos near 1 in bfloat16: half of 2^-8; plus the error of the angle */
    ck_assert_double_gt(b.max_cos_error, 0.9 * ldexp(1, -9));
    ck_assert_double_le(b.max_cos_error, ldexp(1, -9) + a.max_cos_error);
}
END_TEST

START_TEST(bad_questions) {
    ropelaw_precision_report r;
    ropelaw_error e = {0};
    double x;
    const ropelaw_precision *p = ropelaw_precision_at(0);
    ropelaw_precision copy = *p;
    test_assert_fails(ropelaw_precision_eval(NULL, 1e4, 128, 10, 1, &r, &e), ROPELAW_INVALID, e, "precision");
    test_assert_fails(ropelaw_precision_eval(&copy, 1e4, 128, 10, 1, &r, &e), ROPELAW_INVALID, e,
                      "precision");
    test_assert_fails(ropelaw_precision_eval(p, 1, 128, 10, 1, &r, &e), ROPELAW_DOMAIN, e, "base");
    test_assert_fails(ropelaw_precision_eval(p, 1e4, 127, 10, 1, &r, &e), ROPELAW_DOMAIN, e, "rotary_dim");
    test_assert_fails(ropelaw_precision_eval(p, 1e4, 128, 0, 1, &r, &e), ROPELAW_DOMAIN, e, "len");
    test_assert_fails(ropelaw_precision_eval(p, 1e4, 128, 1.5, 1, &r, &e), ROPELAW_DOMAIN, e, "len");
    test_assert_fails(ropelaw_precision_eval(p, 1e4, 128, 16777217, 1, &r, &e), ROPELAW_DOMAIN, e, "len");
    test_assert_fails(ropelaw_precision_eval(p, 1e4, 128, NAN, 1, &r, &e), ROPELAW_DOMAIN, e, "len");
    test_assert_fails(ropelaw_precision_eval(p, 1e4, 128, 10, 0, &r, &e), ROPELAW_DOMAIN, e, "tolerance_rad");
    test_assert_fails(ropelaw_precision_eval(p, 1e4, 128, 10, NAN, &r, &e), ROPELAW_DOMAIN, e,
                      "tolerance_rad");
    test_assert_fails(ropelaw_precision_eval(p, 1e4, 128, 10, 1, NULL, &e), ROPELAW_INVALID, e, "report");
    test_assert_fails(ropelaw_precision_cos_error(p, 1e4, 128, 5, 4, &x, &e), ROPELAW_DOMAIN, e, "last");
    test_assert_fails(ropelaw_precision_cos_error(p, 1e4, 128, -1, 4, &x, &e), ROPELAW_DOMAIN, e, "first");
    test_assert_fails(ropelaw_precision_cos_error(p, 1e4, 128, 0, 4, NULL, &e), ROPELAW_INVALID, e,
                      "max_cos_error");
}
END_TEST

int main(void) {
    Suite *s = suite_create("precision");
    const TTest *const tests[] = {registry_is_well_formed, first_position_that_is_not_itself,
                                  bfloat16_by_bits,        stored_tables_keep_the_angle,
                                  bad_questions,           NULL};
    test_add(s, "precision", tests);
    const TTest *const wide[] = {measured_table, float_angles_by_brute_force, every_method_by_brute_force,
                                 methods_matter, ends_of_the_range,           NULL};
    test_add_wide(s, "precision", wide);
    return test_run(s);
}
