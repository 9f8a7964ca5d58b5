#include "test.h"
#include <ropelaw/coverage.h>
#include <ropelaw/random.h>
#include "../golden/laws.inc"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static ropelaw_error e;

static ropelaw_coverage eval(ropelaw_setting x, double phi) {
    ropelaw_coverage c;
    test_assert_ok(ropelaw_coverage_base_eval(&x, phi, &c, &e), e);
    return c;
}

START_TEST(golden) {
    for (size_t i = 0; i < COUNT(golden_coverage); i++) {
        ropelaw_coverage c =
            eval((ropelaw_setting){golden_coverage[i].d, golden_coverage[i].b0, golden_coverage[i].train,
                                   golden_coverage[i].base, golden_coverage[i].tune},
                 golden_coverage[i].phi);
        if (golden_coverage[i].pair < 0) {
            ck_assert(isnan(c.bound_tok) && c.pair == ROPELAW_NO_PAIR &&
                      c.caveats == ROPELAW_CAVEAT_UNBOUNDED);
            continue;
        }
        ck_assert_msg(c.bound_tok == golden_coverage[i].bound, "row %zu: %.17g", i, c.bound_tok);
        ck_assert_uint_eq(c.pair, (size_t)golden_coverage[i].pair);
    }
}
END_TEST

/* laws.md section 16 as printed: last good distances, rounded, for phi = 0, 0.25, 0.5, 1 and the deciding pair. */
START_TEST(printed_figures) {
    const struct {
        ropelaw_setting x;
        double distance[4];
        size_t pair[4];
    } cases[] = {
        {{128, 1e4, 4096, 1e6, 4096}, {112138, 117272, 133246, 161118}, {46, 46, 47, 48}},
        {{128, 1e4, 4096, 4e4, 4096}, {11091, 11599, 12533, 14411},     {46, 46, 47, 48}},
        {{32, 500, 128, 5000, 128},   {402, 419, 524, 584},             {8, 8, 9, 9}    },
        {{32, 1e4, 64, 1e5, 64},      {129, 139, 148, 166},             {5, 5, 5, 5}    },
    };
    const double phis[] = {0, 0.25, 0.5, 1};
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int k = 0; k < 4; k++) {
            ropelaw_coverage c = eval(cases[i].x, phis[k]);
            ck_assert_msg(round(c.distance_tok) == cases[i].distance[k], "case %zu phi %g: %.17g", i, phis[k],
                          c.distance_tok);
            ck_assert_uint_eq(c.pair, cases[i].pair[k]);
        }
    const struct {
        ropelaw_setting x;
        double distance[3];
    } pretrained[] = {
        {{128, 5e5, 8192, 5e5, 8192},   {8191, 8994, 10162}   },
        {{128, 1e4, 4096, 1e4, 4096},   {4095, 4528, 5095}    },
        {{128, 1e4, 8192, 1e4, 8192},   {8191, 9080, 10245}   },
        {{128, 1e4, 4096, 3.2e5, 4096}, {49440, 57710, 68550} },
        {{128, 1e4, 4096, 6e5, 4096},   {77678, 91566, 109839}}
    };
    const double steps[] = {0, 0.5, 1};
    for (size_t i = 0; i < COUNT(pretrained); i++)
        for (int k = 0; k < 3; k++)
            ck_assert_msg(round(eval(pretrained[i].x, steps[k]).distance_tok) == pretrained[i].distance[k],
                          "model %zu phi %g", i, steps[k]);
}
END_TEST

/* Second route: step through whole distances and measure on the circle how far each phase is from a seen one.
   Seen: the arc [0, arc_n]. A pair whose unseen arc is so narrow that no whole distance falls outside the
   tolerance is stepped over by this route, so it may only be later than the formula, and agrees when the next
   distance beyond the formula's is outside. */
static double by_stepping(const ropelaw_arcs *arcs, double phi, double stop) {
    for (double m = 0; m < stop; m++)
        for (size_t n = 0; n < arcs->n_pairs; n++) {
            double arc = fmax((arcs->train_len_tok - 1) * arcs->pretrain_freq[n],
                              (arcs->tune_len_tok - 1) * arcs->tune_freq[n]);
            double phase = fmod(m * arcs->tune_freq[n], 2 * M_PI);
            double away = phase <= arc ? 0 : fmin(phase - arc, 2 * M_PI - phase);
            if (away > phi + 1e-9) return m;
        }
    return NAN;
}

START_TEST(against_stepping) {
    ropelaw_random r;
    ropelaw_random_init(&r, 9, 0);
    double a[16], w[16];
    int agree = 0, n_cases = 120;
    for (int i = 0; i < n_cases; i++) {
        double base = exp(2 + 6 * ropelaw_random_uniform(&r));
        ropelaw_arcs arcs = {2 + ropelaw_random_below(&r, 15), a, w, 16 + ropelaw_random_below(&r, 200), 1};
        if (i % 3) arcs.tune_len_tok = arcs.train_len_tok * (0.5 + 2 * ropelaw_random_uniform(&r));
        for (size_t n = 0; n < arcs.n_pairs; n++) {
            a[n] = pow(base, -(double)n / arcs.n_pairs);
            w[n] = a[n] * (ropelaw_random_below(&r, 3) ? 1 : 0.2 + ropelaw_random_uniform(&r));
        }
        double phi = i % 4 == 0 ? 0 : 1.5 * ropelaw_random_uniform(&r);
        ropelaw_coverage c;
        test_assert_ok(ropelaw_coverage_eval(&arcs, phi, &c, &e), e);
        double first = by_stepping(&arcs, phi, 8000);
        if (isnan(c.bound_tok)) {
            ck_assert(isnan(first));
            agree++;
            continue;
        }
        ck_assert_msg(isnan(first) || first >= c.bound_tok - 1e-6, "case %d: stepped %g, formula %g", i,
                      first, c.bound_tok);
        agree += first == c.bound_tok;
    }
    ck_assert_int_gt(agree, n_cases * 8 / 10);
}
END_TEST

START_TEST(identities) {
    ropelaw_random r;
    ropelaw_random_init(&r, 10, 0);
    for (int i = 0; i < 1200; i++) {
        double b0 = exp(3 + 14 * ropelaw_random_uniform(&r)), train = 16 + ropelaw_random_below(&r, 1u << 17);
        ropelaw_setting x = {2 + 2 * ropelaw_random_below(&r, 128), b0, train, b0, train};
        ropelaw_coverage strict = eval(x, 0);
        if (strict.pair != ROPELAW_NO_PAIR) ck_assert(strict.bound_tok == train); /* as pre-trained */
        x.tune_base = b0 * (1 + 30 * ropelaw_random_uniform(&r));
        double last = 0;
        for (double phi = 0; phi <= 1; phi += 0.125) { /* grows with the tolerance */
            ropelaw_coverage c = eval(x, phi);
            if (isnan(c.bound_tok)) break;
            ck_assert(c.bound_tok >= last && c.bound_tok >= train);
            last = c.bound_tok;
        }
        /* phi = 0, when the first unseen pair of the law decides: T (b/b0)^(critical_dim/d) up to one token
         */
        ropelaw_critical critical;
        test_assert_ok(ropelaw_critical_dim_count(x.rotary_dim, b0, train, &critical, &e), e);
        strict = eval(x, 0);
        if (strict.pair != critical.dim / 2) continue;
        double law = (train - 1) * pow(x.tune_base / b0, (double)critical.dim / x.rotary_dim);
        test_assert_rel(strict.distance_tok, law, 1e-13);
    }
}
END_TEST

START_TEST(still_pairs_and_ties) {
    const double a[] = {1, 1e-3, 1e-3, 1e-5}, w[] = {1, 1e-3, 1e-3, 0};
    ropelaw_arcs arcs = {4, a, w, 100, 100};
    ropelaw_coverage c;
    test_assert_ok(ropelaw_coverage_eval(&arcs, 0.25, &c, &e), e);
    ck_assert_uint_eq(c.pair, 1);
    test_assert_rel(c.distance_tok, 99 + 250, 1e-15);
    arcs.n_pairs = 1;
    test_assert_ok(ropelaw_coverage_eval(&arcs, 0, &c, &e), e);
    ck_assert(isnan(c.bound_tok) && isnan(c.distance_tok) && c.pair == ROPELAW_NO_PAIR);
}
END_TEST

START_TEST(bad_input) {
    double a[] = {1, 0.1}, w[] = {1, 0.1};
    ropelaw_arcs arcs = {2, a, w, 100, 100};
    ropelaw_coverage c = {.bound_tok = 42};
    const double phis[] = {-0.1, 3.2, NAN, INFINITY};
    for (size_t i = 0; i < COUNT(phis); i++)
        test_assert_fails(ropelaw_coverage_eval(&arcs, phis[i], &c, &e), ROPELAW_DOMAIN, e, "phi");
    const double bad[] = {NAN, INFINITY, -1, 0};
    for (size_t i = 0; i < COUNT(bad); i++) {
        ropelaw_arcs x = arcs;
        x.train_len_tok = bad[i];
        test_assert_fails(ropelaw_coverage_eval(&x, 0, &c, &e), ROPELAW_DOMAIN, e, "train_len");
        x = arcs;
        x.tune_len_tok = bad[i];
        test_assert_fails(ropelaw_coverage_eval(&x, 0, &c, &e), ROPELAW_DOMAIN, e, "tune_len");
        if (bad[i] == 0) continue;
        w[1] = bad[i];
        test_assert_fails(ropelaw_coverage_eval(&arcs, 0, &c, &e), ROPELAW_DOMAIN, e, "tune_freq");
        w[1] = 0.1;
    }
    arcs.n_pairs = 0;
    test_assert_fails(ropelaw_coverage_eval(&arcs, 0, &c, &e), ROPELAW_INVALID, e, "n_pairs");
    test_assert_fails(ropelaw_coverage_eval(NULL, 0, &c, &e), ROPELAW_INVALID, e, "arcs");
    ck_assert_double_eq(c.bound_tok, 42);
}
END_TEST

int main(void) {
    Suite *s = suite_create("coverage");
    const TTest *const tests[] = {
        golden, printed_figures, against_stepping, identities, still_pairs_and_ties, bad_input, NULL};
    test_add(s, "coverage", tests);
    return test_run(s);
}
