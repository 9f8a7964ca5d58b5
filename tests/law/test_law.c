#include "test.h"
#include "law/law.h"
#include <ropelaw/random.h>
#include <string.h>
#include "../golden/laws.inc"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static ropelaw_error e;

static ropelaw_bound eval(ropelaw_setting x) {
    ropelaw_bound b;
    test_assert_ok(ropelaw_bound_eval(&x, &b, &e), e);
    return b;
}

/* As many digits as the source prints: half a unit of the last one. */
static void assert_printed(double x, const char *printed) {
    const char *point = strchr(printed, '.');
    double unit = point ? pow(10, -(double)strlen(point + 1)) : 1;
    test_assert_abs(x, strtod(printed, NULL), 0.5000001 * unit);
}

START_TEST(golden_critical_dims) {
    for (size_t i = 0; i < COUNT(golden_critical); i++) {
        ropelaw_critical c;
        test_assert_ok(ropelaw_critical_dim_count(golden_critical[i].d, golden_critical[i].base,
                                                  golden_critical[i].train, &c, &e),
                       e);
        size_t want = golden_critical[i].dim_unlimited, d = golden_critical[i].d;
        ck_assert_uint_eq(c.dim, want < d ? want : d);
        test_assert_ulp(c.dim_real, golden_critical[i].dim_real, 2);
        ck_assert_int_eq(c.full, golden_critical[i].dim_real > (double)d);
    }
}
END_TEST

START_TEST(golden_bases) {
    double base, three[3];
    for (size_t i = 0; i < COUNT(golden_critical_base); i++) {
        test_assert_ok(ropelaw_critical_base_eval(golden_critical_base[i].b0, golden_critical_base[i].train,
                                                  golden_critical_base[i].tune, &base, &e),
                       e);
        test_assert_rel(base, golden_critical_base[i].base, 1e-14);
    }
    for (size_t i = 0; i < COUNT(golden_bound_base); i++) {
        ropelaw_setting x = {golden_bound_base[i].d, golden_bound_base[i].b0, golden_bound_base[i].train, 0,
                             0};
        test_assert_ok(ropelaw_bound_base_eval(&x, golden_bound_base[i].length, &base, &e), e);
        test_assert_rel(base, golden_bound_base[i].base, 1e-14);
    }
    for (size_t i = 0; i < COUNT(golden_small_base); i++) {
        test_assert_ok(ropelaw_small_base_eval(golden_small_base[i].tune, three, &e), e);
        for (int k = 0; k < 3; k++) test_assert_ulp(three[k], golden_small_base[i].base[k], 1);
    }
}
END_TEST

START_TEST(golden_bounds) {
    for (size_t i = 0; i < COUNT(golden_bound); i++) {
        ropelaw_bound b = eval((ropelaw_setting){golden_bound[i].d, golden_bound[i].b0, golden_bound[i].train,
                                                 golden_bound[i].base, golden_bound[i].tune});
        ck_assert_int_eq(b.regime, golden_bound[i].regime);
        const double got[] = {b.bound_tok, b.bound_real_tok, b.bound_16b_tok};
        const double want[] = {golden_bound[i].closed_form, golden_bound[i].real,
                               golden_bound[i].closed_form_16b};
        for (int k = 0; k < 3; k++) {
            if (want[k] < 0)
                ck_assert(isnan(got[k]));
            else
                test_assert_rel(got[k], want[k], 1e-14);
        }
        ck_assert_int_eq(isnan(b.bound_tok), (b.caveats & ROPELAW_CAVEAT_UNBOUNDED) != 0);
    }
}
END_TEST

/* The figures of laws.md 1.2, 1.4 and 1.5 as printed there, LLaMA2 unless another model is named. */
START_TEST(printed_figures) {
    const struct {
        double len;
        const char *critical, *inverse;
    } bases[] = {
        {8192,    "26784.0318",    "21587.6477"   },
        {16384,   "71738.4362",    "56627.7967"   },
        {32768,   "192144.4560",   "148543.6208"  },
        {65536,   "514640.3228",   "389653.2900"  },
        {131072,  "1378414.2797",  "1022121.8899" },
        {1048576, "26485466.1897", "18449122.5059"}
    };
    ropelaw_setting llama2 = {128, 1e4, 4096, 1e4, 4096};
    double base, three[3];
    for (size_t i = 0; i < COUNT(bases); i++) {
        test_assert_ok(ropelaw_critical_base_eval(1e4, 4096, bases[i].len, &base, &e), e);
        assert_printed(base, bases[i].critical);
        test_assert_ok(ropelaw_bound_base_eval(&llama2, bases[i].len, &base, &e), e);
        assert_printed(base, bases[i].inverse);
    }
    const struct {
        double base;
        const char *bound;
    } bounds[] = {
        {1e4,   "4711.72"  },
        {2e4,   "7754.35"  },
        {4e4,   "12761.76" },
        {8e4,   "21002.73" },
        {1.2e5, "28108.74" },
        {1.6e5, "34565.36" },
        {3.2e5, "56886.13" },
        {6e5,   "89377.06" },
        {1e6,   "129026.78"}
    };
    for (size_t i = 0; i < COUNT(bounds); i++) {
        llama2.tune_base = bounds[i].base;
        assert_printed(eval(llama2).bound_16b_tok, bounds[i].bound);
    }
    test_assert_ok(ropelaw_small_base_eval(4096, three, &e), e);
    assert_printed(three[0], "2607.59");
    assert_printed(three[1], "1303.80");
    assert_printed(three[2], "651.90");
    assert_printed(eval((ropelaw_setting){128, 1e4, 4096, 71738.4362, 16384}).bound_16b_tok, "19420.10");
    test_assert_ok(ropelaw_critical_base_eval(1e6, 32768, 131072, &base, &e), e);
    assert_printed(base, "9370821.043");
    test_assert_ok(ropelaw_critical_base_eval(1e4, 2048, 16384, &base, &e), e);
    assert_printed(base, "273768.385");
}
END_TEST

START_TEST(published_uses) {
    ropelaw_critical c;
    test_assert_ok(ropelaw_critical_dim_count(128, 1e4, 4096, &c, &e), e);
    ck_assert_uint_eq(c.dim, 92);
    assert_printed(c.dim_real / 2, "45.02688127375455");
    test_assert_ok(ropelaw_critical_dim_count(96, 1e4, 2048, &c, &e), e); /* Phi3-mini, LongRoPE2: 31 pairs */
    ck_assert_uint_eq(c.dim / 2, 31);
    assert_printed(c.dim_real / 2, "30.1578");
    test_assert_ok(ropelaw_critical_dim_count(128, 5e5, 8192, &c, &e),
                   e); /* LLaMA3-8B, LongRoPE2: 35 pairs */
    ck_assert_uint_eq(c.dim / 2, 35);
    assert_printed(c.dim_real / 2, "34.9841");
    /* LongLLaDA: factor on the base for 8k, 16k, 24k, 32k, and LLaMA3-8B for 16k, 32k; rounded up: 4 14 31
     * 55, 4 13 */
    const struct {
        double train, len;
        const char *factor;
    } uses[] = {
        {4096, 8192,  "3.3998" },
        {4096, 16384, "13.5991"},
        {4096, 24576, "30.5980"},
        {4096, 32768, "54.3964"},
        {8192, 16384, "3.5308" },
        {8192, 32768, "12.5408"}
    };
    for (size_t i = 0; i < COUNT(uses); i++) {
        ropelaw_setting x = {128, 5e5, uses[i].train, 0, 0};
        double base;
        test_assert_ok(ropelaw_bound_base_eval(&x, uses[i].len, &base, &e), e);
        assert_printed(base / 5e5, uses[i].factor);
    }
    /* (16c) critical dimensions d' for T' = 16384 with base 1e4 and 71738 */
    ck_assert_uint_eq(eval((ropelaw_setting){128, 1e4, 4096, 1e4, 16384}).tuned.dim, 110);
    ck_assert_uint_eq(eval((ropelaw_setting){128, 1e4, 4096, 71738, 16384}).tuned.dim, 92);
    ck_assert_uint_eq(eval((ropelaw_setting){128, 1e4, 4096, 500, 16384}).tuned.dim, 128); /* 164 unlimited */
}
END_TEST

/* Half of all published models sit on the edge b = b0, T' = T: the bound is train_len, bit for bit. */
START_TEST(as_pretrained) {
    ropelaw_random r;
    ropelaw_random_init(&r, 5, 0);
    for (int i = 0; i < 20000; i++) {
        double base = exp(27 * ropelaw_random_uniform(&r) + 0.01),
               train = 7 + ropelaw_random_below(&r, 1u << 20);
        ropelaw_setting x = {2 + 2 * ropelaw_random_below(&r, 256), base, train, base, train};
        ropelaw_bound b = eval(x);
        ck_assert_int_ne(b.regime, ROPELAW_REGIME_LARGE_BASE);
        ck_assert(b.bound_tok == train && b.bound_real_tok == train && b.critical_base == base);
        ck_assert(
            !(b.caveats & (ROPELAW_CAVEAT_AT_EDGE | ROPELAW_CAVEAT_NOT_MONOTONE | ROPELAW_CAVEAT_UNBOUNDED)));
        x.tune_base = nextafter(base, INFINITY); /* one ulp up and it is a large base */
        ck_assert_int_eq(eval(x).regime, ROPELAW_REGIME_LARGE_BASE);
        x.tune_base = nextafter(base, 1);
        ck_assert_int_ne(eval(x).regime, ROPELAW_REGIME_LARGE_BASE);
    }
}
END_TEST

START_TEST(caveats) {
    ropelaw_bound b = eval((ropelaw_setting){128, 1e4, 4096, 8e4, 17500});
    assert_printed(b.bound_tok, "21003");
    ck_assert(b.caveats & ROPELAW_CAVEAT_NOT_MONOTONE);
    b = eval((ropelaw_setting){128, 1e4, 4096, 8e4, 18000});
    assert_printed(b.bound_tok, "18000");
    ck_assert(b.caveats & ROPELAW_CAVEAT_NOT_MONOTONE);
    ck_assert(b.drop_len_tok > 17500 && b.drop_len_tok < 18000);
    ck_assert_uint_eq(eval((ropelaw_setting){128, 1e4, 4096, 8e4, 22000}).caveats, 0);
    ck_assert_uint_eq(eval((ropelaw_setting){128, 1e4, 4096, 1e6, 16384}).caveats, 0);
    ck_assert_uint_eq(eval((ropelaw_setting){128, 1e4, 4096, 500, 16384}).caveats,
                      ROPELAW_CAVEAT_REGIME_SMALL_BASE);
    ck_assert_uint_eq(eval((ropelaw_setting){128, 5e5, 8192, 5e5, 8192}).caveats,
                      ROPELAW_CAVEAT_OUTSIDE_THEORY);
    b = eval((ropelaw_setting){128, 1e4, 4096, 1e6, 2048});
    ck_assert_uint_eq(b.caveats, ROPELAW_CAVEAT_TUNE_BELOW_TRAIN);
    ck_assert(b.tune_len_tok == 4096 && b.critical_base == 1e4);
    b = eval(
        (ropelaw_setting){128, 100, 4096, 200, 4096}); /* never 1257, which the limited formula would give */
    ck_assert(isnan(b.bound_tok) && isnan(b.bound_16b_tok) && isnan(b.bound_base) && b.critical.dim == 128);
    ck_assert_uint_eq(b.caveats, ROPELAW_CAVEAT_OUTSIDE_THEORY | ROPELAW_CAVEAT_UNBOUNDED);
    ck_assert(eval((ropelaw_setting){128, 1e4, 4096, 71739, 16384}).caveats & ROPELAW_CAVEAT_AT_EDGE);
}
END_TEST

/* Never smaller for a larger base or a longer pre-training, whatever the regimes; 4 ulp for rounding. */
START_TEST(monotone) {
    ropelaw_random r;
    ropelaw_random_init(&r, 6, 0);
    for (int i = 0; i < 20000; i++) {
        ropelaw_setting x = {2 + 2 * ropelaw_random_below(&r, 128), exp(2 + 15 * ropelaw_random_uniform(&r)),
                             64 + ropelaw_random_below(&r, 1u << 17), 0, 0};
        x.tune_base = x.pretrain_base * exp(6 * ropelaw_random_uniform(&r) - 2);
        if (x.tune_base <= 1.001) continue;
        x.tune_len_tok = x.train_len_tok * (1 + 8 * ropelaw_random_uniform(&r));
        ropelaw_setting y = x, z = x;
        y.tune_base *= 1 + exp(-8 * ropelaw_random_uniform(&r));
        z.train_len_tok += 1 + ropelaw_random_below(&r, (uint64_t)(x.tune_len_tok - x.train_len_tok) + 1);
        ropelaw_bound bx = eval(x), by = eval(y), bz = eval(z);
        ck_assert_msg(isnan(by.bound_tok) || by.bound_tok >= bx.bound_tok * (1 - 0x1p-50), "base %a",
                      x.tune_base);
        ck_assert_msg(isnan(bz.bound_tok) || bz.bound_tok >= bx.bound_tok * (1 - 0x1p-50), "train_len %a",
                      x.train_len_tok);
        ck_assert(bz.critical.dim >= bx.critical.dim);
    }
}
END_TEST

/* Without the ceiling the law is continuous at the critical base; with it, it jumps up by less than b^(2/d).
 */
START_TEST(edge_of_the_regimes) {
    for (double tune = 5000; tune < 2e6; tune *= 1.37) {
        ropelaw_setting x = {128, 1e4, 4096, 0, tune};
        double edge;
        test_assert_ok(ropelaw_critical_base_eval(1e4, 4096, tune, &edge, &e), e);
        x.tune_base = edge * (1 - 1e-12);
        ropelaw_bound below = eval(x);
        x.tune_base = edge * (1 + 1e-12);
        ropelaw_bound above = eval(x);
        ck_assert_int_eq(below.regime, ROPELAW_REGIME_TUNED);
        ck_assert_int_eq(above.regime, ROPELAW_REGIME_LARGE_BASE);
        ck_assert(below.caveats & above.caveats & ROPELAW_CAVEAT_AT_EDGE);
        test_assert_rel(above.bound_real_tok, below.bound_real_tok, 4e-12);
        test_assert_rel(above.drop_len_tok, tune, 4e-12);
        ck_assert(above.bound_tok > tune && above.bound_tok < tune * pow(edge, 2.0 / 128));
    }
}
END_TEST

START_TEST(bad_input) {
    const ropelaw_setting good = {128, 1e4, 4096, 1e6, 16384};
    const double numbers[] = {NAN, INFINITY, -INFINITY, -1, 0};
    ropelaw_bound b = {.bound_tok = 42};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        ropelaw_setting x[4] = {good, good, good, good};
        x[0].pretrain_base = x[1].train_len_tok = x[2].tune_base = x[3].tune_len_tok = numbers[i];
        const char *const names[] = {"pretrain_base", "train_len", "tune_base", "tune_len"};
        for (int k = 0; k < 4; k++)
            test_assert_fails(ropelaw_bound_eval(&x[k], &b, &e), ROPELAW_DOMAIN, e, names[k]);
        double base;
        test_assert_fails(ropelaw_critical_base_eval(numbers[i], 4096, 4096, &base, &e), ROPELAW_DOMAIN, e,
                          "pretrain_base");
        test_assert_fails(ropelaw_critical_base_eval(1e4, 4096, numbers[i], &base, &e), ROPELAW_DOMAIN, e,
                          "tune_len");
        test_assert_fails(ropelaw_bound_base_eval(&good, numbers[i], &base, &e), ROPELAW_DOMAIN, e, "length");
        test_assert_fails(ropelaw_small_base_eval(numbers[i], &base, &e), ROPELAW_DOMAIN, e, "tune_len");
    }
    ropelaw_setting x = good;
    x.rotary_dim = 127;
    test_assert_fails(ropelaw_bound_eval(&x, &b, &e), ROPELAW_DOMAIN, e, "rotary_dim");
    x = good;
    x.tune_base = 1;
    test_assert_fails(ropelaw_bound_eval(&x, &b, &e), ROPELAW_DOMAIN, e, "tune_base");
    test_assert_fails(ropelaw_bound_eval(NULL, &b, &e), ROPELAW_INVALID, e, "setting");
    test_assert_fails(ropelaw_bound_eval(&good, NULL, &e), ROPELAW_INVALID, e, "bound");
    ck_assert_double_eq(b.bound_tok, 42);
    ck_assert_str_eq(ropelaw_regime_str((ropelaw_regime)7), "unknown");
    x = (ropelaw_setting){2, 1e4, 7, 1e300, 0x1p31}; /* beyond the largest double: infinite, not a crash */
    ck_assert(isinf(eval(x).critical_base));
}
END_TEST

int main(void) {
    Suite *s = suite_create("law");
    const TTest *const tests[] = {golden_bounds, printed_figures,     published_uses, as_pretrained, caveats,
                                  monotone,      edge_of_the_regimes, bad_input,      NULL};
    const TTest *const wide[] = {golden_critical_dims, golden_bases, NULL};
    test_add(s, "law", tests);
    test_add_wide(s, "law", wide);
    return test_run(s);
}
