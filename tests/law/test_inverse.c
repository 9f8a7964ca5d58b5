#include "test.h"
#include <ropelaw/law.h>
#include <ropelaw/random.h>

static ropelaw_error e;

static ropelaw_bound eval(ropelaw_setting x) {
    ropelaw_bound b;
    test_assert_ok(ropelaw_bound_eval(&x, &b, &e), e);
    return b;
}

static int reaches(ropelaw_setting x, double tune_len, double wanted) {
    x.tune_len_tok = tune_len;
    ropelaw_bound b = eval(x);
    return (b.caveats & ROPELAW_CAVEAT_UNBOUNDED) || b.bound_tok >= wanted;
}

static ropelaw_setting random_setting(ropelaw_random *r) {
    ropelaw_setting x = {2 + 2 * ropelaw_random_below(r, 128), exp(2 + 15 * ropelaw_random_uniform(r)),
                         16 + ropelaw_random_below(r, 1u << 16), 0, 0};
    x.tune_base = fmax(1.01, x.pretrain_base * exp(7 * ropelaw_random_uniform(r) - 2));
    x.tune_len_tok = x.train_len_tok * (1 + 7 * ropelaw_random_uniform(r));
    return x;
}

/* (16a) and the inverse of (16b) undone by the forward law. */
START_TEST(inverse_of_inverse) {
    ropelaw_random r;
    ropelaw_random_init(&r, 21, 0);
    for (int i = 0; i < 30000; i++) {
        ropelaw_setting x = random_setting(&r);
        double base;
        test_assert_ok(ropelaw_bound_base_eval(&x, x.tune_len_tok, &base, &e), e);
        if (isfinite(base) && base > 1.0001) {
            x.tune_base = base;
            test_assert_rel(eval(x).bound_16b_tok, x.tune_len_tok, 1e-13);
        }
        test_assert_ok(
            ropelaw_critical_base_eval(x.pretrain_base, x.train_len_tok, x.tune_len_tok, &base, &e), e);
        double back;
        if (!isfinite(base)) continue;
        test_assert_ok(ropelaw_critical_base_eval(base, x.tune_len_tok, x.train_len_tok, &back, &e), e);
        /* the exponent ln(T)/ln(T') undoes ln(T')/ln(T); an ulp of base is amplified by less than ln(base) */
        test_assert_rel(back, x.pretrain_base, 1e-13);
    }
}
END_TEST

/* The answer reaches the wanted bound and no shorter tuned length on a fine grid does. */
START_TEST(smallest_tune_len) {
    ropelaw_random r;
    ropelaw_random_init(&r, 22, 0);
    for (int i = 0; i < 700; i++) {
        ropelaw_setting x = random_setting(&r);
        double wanted = x.train_len_tok * exp(4 * ropelaw_random_uniform(&r) - 0.5), found;
        if (wanted < 7) continue;
        test_assert_ok(ropelaw_tune_len_find(&x, wanted, &found, &e), e);
        ck_assert(found >= x.train_len_tok && reaches(x, found, wanted));
        for (double t = x.train_len_tok; t < found * (1 - 1e-12); t += (found - x.train_len_tok) / 97)
            ck_assert_msg(!reaches(x, t, wanted), "tuned at %g instead of %g: reaches %g", t, found, wanted);
    }
}
END_TEST

START_TEST(tune_len_goldens) {
    ropelaw_setting llama2 = {128, 1e4, 4096, 1e6, 0};
    double found;
    test_assert_ok(ropelaw_tune_len_find(&llama2, 128000, &found, &e), e);
    ck_assert(found == 4096);
    test_assert_ok(ropelaw_tune_len_find(&llama2, 131072, &found, &e), e);
    ck_assert(found == 131072);
    llama2.tune_base = 8e4; /* the bound drops between 17694 and 21003: neither end is the answer */
    test_assert_ok(ropelaw_tune_len_find(&llama2, 20000, &found, &e), e);
    ck_assert(found == 4096);
    ropelaw_setting full = {128, 100, 4096, 200, 0};
    test_assert_ok(ropelaw_tune_len_find(&full, 1e6, &found, &e), e);
    ck_assert(found == 4096);
}
END_TEST

/* The answer reaches the wanted bound, and a base smaller by 1e-9 does not. */
START_TEST(smallest_base) {
    ropelaw_random r;
    ropelaw_random_init(&r, 23, 0);
    for (int i = 0; i < 6000; i++) {
        ropelaw_setting x = random_setting(&r);
        double wanted = x.tune_len_tok * exp(4 * ropelaw_random_uniform(&r) - 1), base;
        if (wanted < 7) continue;
        test_assert_ok(ropelaw_tune_base_find(&x, wanted, &base, &e), e);
        x.tune_base = base;
        if (wanted <= x.tune_len_tok) {
            ck_assert(base == x.pretrain_base);
            continue;
        }
        if (!isfinite(base)) continue;
        ck_assert(eval(x).bound_tok >= wanted);
        x.tune_base = base * (1 - 1e-9);
        ck_assert(eval(x).bound_tok < wanted);
    }
}
END_TEST

START_TEST(bad_input) {
    ropelaw_setting x = {128, 1e4, 4096, 1e6, 16384};
    double out = 42;
    const double bad[] = {NAN, INFINITY, -1, 0, 6.9};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        test_assert_fails(ropelaw_tune_len_find(&x, bad[i], &out, &e), ROPELAW_DOMAIN, e, "bound");
        test_assert_fails(ropelaw_tune_base_find(&x, bad[i], &out, &e), ROPELAW_DOMAIN, e, "bound");
    }
    test_assert_fails(ropelaw_tune_len_find(NULL, 8192, &out, &e), ROPELAW_INVALID, e, "setting");
    test_assert_fails(ropelaw_tune_base_find(&x, 8192, NULL, &e), ROPELAW_INVALID, e, "base");
    x.train_len_tok = 3;
    test_assert_fails(ropelaw_tune_len_find(&x, 8192, &out, &e), ROPELAW_DOMAIN, e, "train_len");
    ck_assert_double_eq(out, 42);
}
END_TEST

int main(void) {
    Suite *s = suite_create("inverse");
    const TTest *const tests[] = {inverse_of_inverse, smallest_tune_len, tune_len_goldens,
                                  smallest_base,      bad_input,         NULL};
    test_add(s, "inverse", tests);
    return test_run(s);
}
