/* Tests: reference.c reference_backward.c reference_stats.c */
#include "test.h"
#include "golden.h"
#include <ropelaw/random.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 256 };

/* Golden x against value y, both possibly nan or infinite. `size` bounds what rounding acts on. */
static void near(const golden *g, const char *what, double y, double x, double size) {
    char name[96];
    snprintf(name, sizeof name, "%s: %s", g->name, what);
    if (isnan(x) || isinf(x))
        ck_assert_msg(isnan(x) ? isnan(y) : x == y, "%s is %g, expected %g", name, y, x);
    else
        ck_assert_msg(fabs(y - x) <= 64 * 0x1p-53 * size, "%s is %.17g, expected %.17g", name, y, x);
}

/* A score carries the rounding of its products, hence a relative error of scale * head_dim in every weight.
 */
static double growth(const golden *g) {
    return 1 + g->scale * (double)g->head_dim * (g->log_n > 0 ? 2 : 1);
}

START_TEST(forward_is_golden) {
    const golden *g = goldens + _i;
    ropelaw_attention_problem p = golden_problem(g);
    ropelaw_error e = {0};
    double out[MOST], lse[MOST];
    ropelaw_attention_f64 x = {.q = g->q, .k = g->k, .v = g->v, .out = out, .lse = lse};
    test_assert_ok(ropelaw_attention_reference_forward(&p, &x, &e), e);
    for (size_t i = 0; i < g->n_tok * g->n_heads * g->head_dim; i++)
        near(g, "out", out[i], g->out[i], growth(g));
    for (size_t i = 0; i < g->n_tok * g->n_heads; i++) near(g, "lse", lse[i], g->lse[i], growth(g));
}
END_TEST

START_TEST(backward_is_golden) {
    const golden *g = goldens + _i;
    ropelaw_attention_problem p = golden_problem(g);
    ropelaw_error e = {0};
    double dq[MOST], dk[MOST], dv[MOST], size = growth(g) * growth(g) * (double)g->head_dim;
    ropelaw_attention_f64 x = {
        .q = g->q, .k = g->k, .v = g->v, .dout = g->dout, .dq = dq, .dk = dk, .dv = dv};
    test_assert_ok(ropelaw_attention_reference_backward(&p, &x, &e), e);
    for (size_t i = 0; i < g->n_tok * g->n_heads * g->head_dim; i++) near(g, "dq", dq[i], g->dq[i], size);
    for (size_t i = 0; i < g->n_tok * g->n_kv_heads * g->head_dim; i++) {
        near(g, "dk", dk[i], g->dk[i], size);
        near(g, "dv", dv[i], g->dv[i], size);
    }
}
END_TEST

START_TEST(stats_are_golden) {
    const golden *g = goldens + _i;
    ropelaw_attention_problem p = golden_problem(g);
    ropelaw_error e = {0};
    double mean[MOST], mass[MOST], entropy[MOST], largest[MOST], lse[MOST];
    uint64_t pairs[MOST];
    ropelaw_attention_f64 x = {.q = g->q, .k = g->k};
    ropelaw_attention_stats s = {NULL, 0, pairs, mean, mass, entropy, largest, lse};
    test_assert_ok(ropelaw_attention_reference_stats(&p, &x, &s, &e), e);
    for (size_t i = 0; i < g->n_tok * g->n_heads; i++) {
        near(g, "mean score", mean[i], g->mean[i], growth(g));
        near(g, "mass", mass[i], g->mass[i], growth(g));
        near(g, "entropy", entropy[i], g->entropy[i], growth(g) * growth(g));
        near(g, "max logit", largest[i], g->largest[i], growth(g));
        near(g, "lse", lse[i], g->lse[i], growth(g));
    }
    for (size_t i = 0; i < g->n_tok; i++) ck_assert_uint_eq(pairs[i], g->pairs[i]);
}
END_TEST

/* Central differences of L = sum dout . out: the truncation error is h^2/6 of a third derivative, the
   rounding error 2^-53 / h, so h = 2^-17 gives about 1e-10 of the gradient's size. */
static double loss(const ropelaw_attention_problem *p, const ropelaw_attention_f64 *x, const double *dout) {
    double sum = 0;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_attention_reference_forward(p, x, &e), e);
    for (size_t i = 0; i < p->n_tok * p->n_heads * p->head_dim; i++) sum += dout[i] * x->out[i];
    return sum;
}

START_TEST(gradient_is_finite_difference) {
    const golden *g = goldens + _i;
    if (g->scale > 1) return; /* a softmax that is a step function has no usable differences */
    ropelaw_attention_problem p = golden_problem(g);
    ropelaw_error e = {0};
    size_t n[3] = {g->n_tok * g->n_heads * g->head_dim, g->n_tok * g->n_kv_heads * g->head_dim,
                   g->n_tok * g->n_kv_heads * g->head_dim};
    double in[3][MOST], gradient[3][MOST], out[MOST], h = 0x1p-17, size = 0;
    memcpy(in[0], g->q, n[0] * sizeof(double));
    memcpy(in[1], g->k, n[1] * sizeof(double));
    memcpy(in[2], g->v, n[2] * sizeof(double));
    ropelaw_attention_f64 x = {.q = in[0],
                               .k = in[1],
                               .v = in[2],
                               .out = out,
                               .dout = g->dout,
                               .dq = gradient[0],
                               .dk = gradient[1],
                               .dv = gradient[2]};
    test_assert_ok(ropelaw_attention_reference_backward(&p, &x, &e), e);
    for (int t = 0; t < 3; t++)
        for (size_t i = 0; i < n[t]; i++) size = fmax(size, fabs(gradient[t][i]));
    for (int t = 0; t < 3; t++)
        for (size_t i = 0; i < n[t]; i++) {
            double at = in[t][i];
            in[t][i] = at + h;
            double up = loss(&p, &x, g->dout);
            in[t][i] = at - h;
            double down = loss(&p, &x, g->dout);
            in[t][i] = at;
            test_assert_abs(gradient[t][i], (up - down) / (2 * h), 1e-7 * size);
        }
}
END_TEST

START_TEST(inverse_and_transpose_undo_the_rotation) {
    const golden *g = goldens + _i;
    ropelaw_attention_problem p = golden_problem(g);
    ropelaw_error e = {0};
    ropelaw_attention_rotation r = {p.n_heads, p.q, p.q, ROPELAW_ATTENTION_ROTATE};
    double turned[MOST], back[MOST];
    test_assert_ok(ropelaw_attention_reference_rotate(&p, &r, g->q, turned, &e), e);
    r.direction = ROPELAW_ATTENTION_INVERSE;
    test_assert_ok(ropelaw_attention_reference_rotate(&p, &r, turned, back, &e), e);
    for (size_t i = 0; i < g->n_tok * g->n_heads * g->head_dim; i++) test_assert_abs(back[i], g->q[i], 4e-16);
    r.direction = ROPELAW_ATTENTION_TRANSPOSE; /* in place; its result is A^2 times the inverse */
    test_assert_ok(ropelaw_attention_reference_rotate(&p, &r, turned, turned, &e), e);
    for (size_t i = 0; i < g->n_tok * g->n_heads * g->head_dim; i++) {
        double square = i % p.head_dim < p.rotary_dim ? g->factor * g->factor : 1;
        test_assert_abs(turned[i], square * back[i], 8e-16);
    }
}
END_TEST

/* Scores depend on the distance alone, so a shift of all positions changes nothing (identity, no oracle). */
START_TEST(shift_changes_nothing) {
    ropelaw_attention_problem p = golden_problem(goldens);
    ropelaw_error e = {0};
    double out[2][MOST];
    ropelaw_attention_f64 x = {.q = goldens->q, .k = goldens->k, .v = goldens->v};
    for (int shifted = 0; shifted < 2; shifted++) {
        p.positions = NULL;
        p.position_offset = shifted ? 16777000 : 0;
        x.out = out[shifted];
        test_assert_ok(ropelaw_attention_reference_forward(&p, &x, &e), e);
    }
    for (size_t i = 0; i < p.n_tok * p.head_dim; i++) test_assert_abs(out[1][i], out[0][i], 1e-15);
}
END_TEST

START_TEST(equal_scores_average) {
    ropelaw_attention_problem p;
    ropelaw_error e = {0};
    double zero[8] = {0}, v[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[8], lse[8];
    ropelaw_attention_problem_init(&p, 8, 1, 1, 1);
    ropelaw_attention_f64 x = {.q = zero, .k = zero, .v = v, .out = out, .lse = lse};
    test_assert_ok(ropelaw_attention_reference_forward(&p, &x, &e), e);
    for (int i = 0; i < 8; i++) {
        test_assert_abs(out[i], (i + 2) / 2.0, 4e-15);
        test_assert_abs(lse[i], log(i + 1), 1e-15);
    }
}
END_TEST

START_TEST(nan_reaches_only_those_who_see_it) {
    ropelaw_attention_problem p;
    ropelaw_error e = {0};
    ropelaw_attention_problem_init(&p, 6, 1, 1, 2);
    p.window_tok = 2; /* token i sees i-1 and i */
    for (int which = 0; which < 3; which++) {
        double x[3][12], out[12], lse[6];
        for (int i = 0; i < 36; i++) x[i / 12][i % 12] = (i % 5) / 4.0;
        x[which][2 * 3 + 1] = NAN; /* token 3, column 1 */
        ropelaw_attention_f64 t = {.q = x[0], .k = x[1], .v = x[2], .out = out, .lse = lse};
        test_assert_ok(ropelaw_attention_reference_forward(&p, &t, &e), e);
        for (int i = 0; i < 6; i++) {
            int touched = which == 0 ? i == 3 : i == 3 || i == 4;
            ck_assert_int_eq(!!isnan(out[2 * i + 1]), touched);
            ck_assert_int_eq(!!isnan(out[2 * i]), touched && which < 2);
            ck_assert_int_eq(!!isnan(lse[i]), touched && which < 2);
        }
    }
}
END_TEST

START_TEST(minus_infinite_scores_are_an_empty_row) {
    ropelaw_attention_problem p;
    ropelaw_error e = {0};
    ropelaw_attention_problem_init(&p, 2, 1, 1, 1);
    double q[2] = {INFINITY, 1}, k[2] = {-1, -1}, v[2] = {3, 4}, out[2], lse[2];
    ropelaw_attention_f64 x = {.q = q, .k = k, .v = v, .out = out, .lse = lse};
    test_assert_ok(ropelaw_attention_reference_forward(&p, &x, &e), e);
    ck_assert(out[0] == 0 && lse[0] == -INFINITY);
    test_assert_abs(out[1], 3.5, 1e-15);
}
END_TEST

int main(void) {
    Suite *s = suite_create("reference");
    const TTest *const each[] = {forward_is_golden,
                                 backward_is_golden,
                                 stats_are_golden,
                                 gradient_is_finite_difference,
                                 inverse_and_transpose_undo_the_rotation,
                                 NULL};
    for (size_t i = 0; each[i]; i++) {
        TCase *tests = tcase_create(each[i]->name);
        tcase_add_loop_test(tests, each[i], 0, (int)(sizeof goldens / sizeof *goldens));
        suite_add_tcase(s, tests);
    }
    const TTest *const tests[] = {shift_changes_nothing, equal_scores_average,
                                  nan_reaches_only_those_who_see_it, minus_infinite_scores_are_an_empty_row,
                                  NULL};
    test_add(s, "reference", tests);
    return test_run(s);
}
