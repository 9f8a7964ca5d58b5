#include "test.h"
#include "cases.h"
#include "golden.h"
#include <stdbool.h>
#include <stdio.h>

static void run(const ropelaw_attention_problem *p, const ropelaw_attention_f64 *x, size_t threads) {
    ropelaw_attention_options options = {.n_threads = threads};
    ropelaw_attention_workspace w;
    ropelaw_error e = {0};
    guarded pages;
    test_assert_ok(ropelaw_attention_workspace_size(p, &options, ROPELAW_ATTENTION_FORWARD_F64, &w.bytes, &e),
                   e);
    w.memory = guarded_alloc(&pages, w.bytes);
    memset(w.memory, 0xff, w.bytes);
    test_assert_ok(ropelaw_attention_forward_f64(p, &options, x, &w, &e), e);
    guarded_free(&pages);
}

/* The bound of the fp32 kernels with double's unit roundoff; |P v| <= max |v| here. */
START_TEST(within_the_bound_of_the_reference) {
    const attention_case *c = attention_cases + _i;
    case_data d;
    ropelaw_error e = {0};
    case_init(c, &d);
    test_assert_ok(ropelaw_attention_reference_forward(&d.p, &d.exact, &e), e);
    double *out = malloc(d.n_q * sizeof *out), *lse = malloc(d.n_rows * sizeof *lse), largest = 0;
    for (size_t i = 0; i < d.n_kv; i++) largest = fmax(largest, fabs(d.exact.v[i]));
    ropelaw_attention_f64 x = d.exact;
    x.out = out;
    x.lse = lse;
    run(&d.p, &x, 1);
    for (size_t i = 0; i < d.n_q; i++)
        ck_assert_msg(fabs(out[i] - d.exact.out[i]) <= 0x1p-53 * case_bound(&d) * largest,
                      "%s: out[%zu] is %.17g, not %.17g", c->about.name, i, out[i], d.exact.out[i]);
    for (size_t i = 0; i < d.n_rows; i++) {
        double allowed = 0x1p-53 * (case_score_error(&d) + (double)c->about.n_tok + 8 + fabs(d.exact.lse[i]));
        ck_assert_msg(isinf(d.exact.lse[i]) ? lse[i] == d.exact.lse[i]
                                            : fabs(lse[i] - d.exact.lse[i]) <= allowed,
                      "%s: lse[%zu] is %.17g, not %.17g", c->about.name, i, lse[i], d.exact.lse[i]);
    }
    run(&d.p, &x, 3);
    double *again = malloc(d.n_q * sizeof *again);
    memcpy(again, out, d.n_q * sizeof *again);
    run(&d.p, &x, 1);
    ck_assert_int_eq(memcmp(again, out, d.n_q * sizeof *again), 0);
    free(again);
    free(out);
    free(lse);
    case_clear(&d);
}
END_TEST

START_TEST(golden_values) {
    const golden *g = goldens + _i;
    ropelaw_attention_problem p = golden_problem(g);
    double out[128], lse[64];
    ropelaw_attention_f64 x = {.q = g->q, .k = g->k, .v = g->v, .out = out, .lse = lse};
    run(&p, &x, 1);
    double tolerance = 64 * 0x1p-53 * (1 + g->scale * (double)g->head_dim * (g->log_n > 0 ? 2 : 1));
    for (size_t i = 0; i < g->n_tok * g->n_heads * g->head_dim; i++)
        test_assert_abs(out[i], g->out[i], tolerance);
}
END_TEST

START_TEST(nan_stays_where_it_is_seen) {
    const attention_case c = {
        {"window", 300, 1, 1, 8, 0, 0},
        CASE_UNIFORM, 0, 0, 0, 30, 0, 0, 0, 0, 0
    };
    for (int which = 0; which < 3; which++) {
        case_data d;
        case_init(&c, &d);
        double *t = (double *)(uintptr_t)(which == 0 ? d.exact.q : which == 1 ? d.exact.k : d.exact.v);
        t[100 * 8 + 3] = NAN;
        run(&d.p, &d.exact, 1);
        for (size_t i = 0; i < 300; i++) {
            bool touched = which == 0 ? i == 100 : i >= 100 && i < 130;
            for (size_t k = 0; k < 8; k++)
                ck_assert_int_eq(!!isnan(d.exact.out[i * 8 + k]), touched && (which < 2 || k == 3));
        }
        case_clear(&d);
    }
}
END_TEST

START_TEST(bad_calls) {
    case_data d;
    ropelaw_error e = {0};
    ropelaw_attention_workspace w = {&d, 8};
    case_init(&attention_cases[1], &d);
    test_assert_fails(ropelaw_attention_forward_f64(&d.p, NULL, &d.exact, &w, &e), ROPELAW_INVALID, e,
                      "workspace");
    test_assert_fails(ropelaw_attention_forward_f64(&d.p, NULL, NULL, &w, &e), ROPELAW_INVALID, e, "tensors");
    d.p.n_tok = 0;
    test_assert_ok(ropelaw_attention_forward_f64(&d.p, NULL, &d.exact, NULL, &e), e);
    case_clear(&d);
}
END_TEST

int main(void) {
    Suite *s = suite_create("forward_f64");
    TCase *bound = tcase_create("bound"), *golden_ones = tcase_create("golden");
    tcase_add_loop_test(bound, within_the_bound_of_the_reference, 0, n_small_cases());
    tcase_add_loop_test(golden_ones, golden_values, 0, (int)(sizeof goldens / sizeof *goldens));
    suite_add_tcase(s, bound);
    suite_add_tcase(s, golden_ones);
    const TTest *const tests[] = {nan_stays_where_it_is_seen, bad_calls, NULL};
    test_add(s, "forward_f64", tests);
    return test_run(s);
}
