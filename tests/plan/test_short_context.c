#include "test.h"
#include <ropelaw/short_context.h>
#include <string.h>

static ropelaw_error e;

static ropelaw_plan_design design_of(double target) {
    ropelaw_plan_model m = ropelaw_plan_model_default;
    ropelaw_plan_design d;
    m.rotary_dim = 128;
    m.pretrain_base = 1e4;
    m.train_len = 4096;
    test_assert_ok(ropelaw_plan_design_find(&m, target, NAN, &d, &e), e);
    return d;
}

static ropelaw_short_context cost_of(const ropelaw_plan_design *d, const char *kind) {
    ropelaw_short_context cost = {0};
    for (size_t i = 0; i < d->n_options; i++)
        if (!strcmp(d->options[i].kind, kind)) {
            test_assert_ok(ropelaw_short_context_eval(&d->setting, &d->options[i], &cost, &e), e);
            return cost;
        }
    ck_abort_msg("no option %s", kind);
    return cost;
}

START_TEST(every_option_says_what_it_costs) {
    ropelaw_plan_design d = design_of(16384);
    ck_assert_uint_ge(d.n_options, 8);
    for (size_t i = 0; i < d.n_options; i++) {
        ropelaw_short_context c = cost_of(&d, d.options[i].kind);
        ck_assert_msg(c.note[0] && c.source[0], "%s has no note", d.options[i].kind);
        ck_assert(c.n_pairs == 64 && c.kept_pairs <= 64);
        /* a small base turns faster; everything else slows down */
        ck_assert_msg(!strcmp(d.options[i].kind, "small_base") ? c.mean_slowdown < 1 : c.mean_slowdown > 1,
                      "%s: %g", d.options[i].kind, c.mean_slowdown);
    }
}
END_TEST

START_TEST(counted_costs) {
    ropelaw_plan_design d = design_of(16384);
    ropelaw_short_context linear = cost_of(&d, "linear"), yarn = cost_of(&d, "yarn"),
                          ntk = cost_of(&d, "ntk");
    ck_assert_uint_eq(linear.kept_pairs, 0);
    test_assert_rel(linear.neighbour_resolution, 0.25, 0);
    test_assert_rel(linear.mean_slowdown, 4, 1e-14);
    ck_assert_uint_eq(yarn.kept_pairs, 21); /* the ramp runs over pairs 20 .. 46 */
    ck_assert_double_eq(yarn.neighbour_resolution, 1);
    test_assert_abs(yarn.attention_factor, 1.138629, 5e-7);
    ck_assert_uint_eq(ntk.kept_pairs, 1);
    /* pair n slows down by 4^(n/63): the mean exponent is a half */
    test_assert_rel(ntk.mean_slowdown, 2, 1e-13);
    ck_assert_double_eq(ntk.attention_factor, 1);
    ropelaw_short_context base = cost_of(&d, "critical_base");
    ck_assert_uint_eq(base.kept_pairs, 1);
    test_assert_rel(base.mean_slowdown, pow(71738.4362 / 1e4, 0.5 * 63 / 64), 1e-8);
}
END_TEST

static const ropelaw_plan_option *option_of(const ropelaw_plan_design *d, const char *kind) {
    for (size_t i = 0; i < d->n_options; i++)
        if (!strcmp(d->options[i].kind, kind)) return &d->options[i];
    ck_abort_msg("no option %s", kind);
    return NULL;
}

/* Counted here by the plain double loop. */
START_TEST(long_range_of_options) {
    ropelaw_plan_design d = design_of(16384);
    const char *const kinds[] = {"linear", "critical_base", "small_base", "longrope2"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const ropelaw_plan_option *o = option_of(&d, kinds[k]);
        ropelaw_option_long_range r;
        test_assert_ok(ropelaw_option_long_range_eval(&d.setting, o, 6000, &r, &e), e);
        double freq[64], n_negative = 0, first = NAN;
        for (int n = 0; n < 64; n++) {
            double plain = pow(isnan(o->factor) ? o->base : 1e4, -2.0 * n / 128);
            freq[n] = !strcmp(kinds[k], "linear") ? plain / 4
                      : isnan(o->factor)          ? plain
                                         : plain / pow(4, fmin(n / 46.0, 1)); /* 46 pairs are critical */
        }
        for (int m = 0; m < 6000; m++) {
            double sum = 0;
            for (int n = 0; n < 64; n++) sum += cos(m * freq[n]);
            if (sum < 0 && n_negative == 0) first = m;
            n_negative += sum < 0;
        }
        ck_assert_double_eq(r.n_negative, n_negative);
        ck_assert_msg(r.len_tok == first || (isnan(first) && isnan(r.len_tok)), "%s: %g %g", kinds[k],
                      r.len_tok, first);
        if (!strcmp(kinds[k], "small_base")) ck_assert_double_gt(n_negative, 0);
    }
    ropelaw_option_long_range r;
    test_assert_fails(ropelaw_option_long_range_eval(&d.setting, &d.options[0], 1, &r, &e), ROPELAW_DOMAIN, e,
                      "target_len");
    test_assert_fails(ropelaw_option_long_range_eval(&d.setting, &d.options[0], NAN, &r, &e), ROPELAW_DOMAIN,
                      e, "target_len");
    test_assert_fails(ropelaw_option_long_range_eval(&d.setting, NULL, 10, &r, &e), ROPELAW_INVALID, e,
                      "answer");
}
END_TEST

/* At 0 and 1 rad the coverage of an option is what the option carries. */
START_TEST(coverage_of_options) {
    ropelaw_plan_design d = design_of(32768);
    size_t methods = 0;
    for (size_t i = 0; i < d.n_options; i++) {
        const ropelaw_plan_option *o = &d.options[i];
        ropelaw_coverage lo, hi, between;
        test_assert_ok(ropelaw_option_coverage_eval(&d.setting, o, 0, &lo, &e), e);
        test_assert_ok(ropelaw_option_coverage_eval(&d.setting, o, 1, &hi, &e), e);
        test_assert_ok(ropelaw_option_coverage_eval(&d.setting, o, .5, &between, &e), e);
        ck_assert_msg(lo.pair == o->lo.pair && hi.pair == o->hi.pair, "%s", o->kind);
        if (!isnan(lo.distance_tok)) test_assert_rel(lo.distance_tok, o->lo.distance_tok, 1e-14);
        if (!isnan(hi.distance_tok)) test_assert_rel(hi.distance_tok, o->hi.distance_tok, 1e-14);
        if (!isnan(hi.distance_tok))
            ck_assert(between.distance_tok > lo.distance_tok && between.distance_tok < hi.distance_tok);
        methods += !isnan(o->factor);
    }
    ck_assert_uint_ge(methods, 3);
    test_assert_fails(ropelaw_option_coverage_eval(&d.setting, &d.options[0], 4, &(ropelaw_coverage){0}, &e),
                      ROPELAW_DOMAIN, e, "phi");
}
END_TEST

START_TEST(bad_calls) {
    ropelaw_plan_design d = design_of(16384);
    ropelaw_short_context c;
    ropelaw_plan_option o = d.options[0];
    test_assert_fails(ropelaw_short_context_eval(NULL, &o, &c, &e), ROPELAW_INVALID, e, "cost");
    test_assert_fails(ropelaw_short_context_eval(&d.setting, &o, NULL, &e), ROPELAW_INVALID, e, "cost");
    o.kind = "critical_base";
    o.factor = NAN;
    o.base = 1;
    test_assert_fails(ropelaw_short_context_eval(&d.setting, &o, &c, &e), ROPELAW_DOMAIN, e, "base");
    d.setting.rotary_dim = 3;
    test_assert_fails(ropelaw_short_context_eval(&d.setting, &o, &c, &e), ROPELAW_DOMAIN, e, "rotary_dim");
}
END_TEST

int main(void) {
    Suite *s = suite_create("short_context");
    const TTest *const tests[] = {every_option_says_what_it_costs,
                                  counted_costs,
                                  long_range_of_options,
                                  coverage_of_options,
                                  bad_calls,
                                  NULL};
    test_add(s, "short_context", tests);
    return test_run(s);
}
