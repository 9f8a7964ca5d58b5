/* Tests: backward.c backward_rows.c */
#include "test.h"
#include "cases.h"
#include <stdbool.h>
#include <stdio.h>

static const double u = 0x1p-24;

static void run(case_data *d, const char *kernel, size_t n_threads) {
    case_run(d, ROPELAW_ATTENTION_BACKWARD_F32, kernel, n_threads);
}

/* out and lse as the forward gives them, in single precision. */
static void forward(case_data *d) {
    case_run(d, ROPELAW_ATTENTION_FORWARD_F32, NULL, 1);
}

/* Column sums of P over the query heads of a key head: what dv is for dout = 1. */
static double *column_sums(const case_data *d) {
    double *ones = malloc(d->n_q * sizeof *ones), *dq = malloc(d->n_q * sizeof *dq);
    double *dk = malloc(d->n_kv * sizeof *dk), *dv = malloc(d->n_kv * sizeof *dv);
    for (size_t i = 0; i < d->n_q; i++) ones[i] = 1;
    ropelaw_attention_f64 x = {
        .q = d->exact.q, .k = d->exact.k, .v = d->exact.v, .dout = ones, .dq = dq, .dk = dk, .dv = dv};
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_attention_reference_backward(&d->p, &x, &e), e);
    free(ones);
    free(dq);
    free(dk);
    return dv;
}

static void compare(const attention_case *c, const char *what, const float *x, const double *exact, size_t n,
                    const double *size, double bound) {
    for (size_t i = 0; i < n; i++) {
        double allowed = u * bound * (size ? size[i] : 1) +
                         0x1p-126 * (1 + bound); /* below 2^-126 weights and products vanish */
        ck_assert_msg(fabs(x[i] - exact[i]) <= allowed, "%s, %s[%zu] is %.9g, expected %.9g within %g",
                      c->about.name, what, i, (double)x[i], exact[i], allowed);
    }
}

/* Bounds. P is off by twice the score's error and n_tok roundings (see case_bound), dP and D by 2 head_dim roundings
   of G = |dout||v|, so dS = P (dP - D), |dP - D| <= 2 G, by P * 2 G * (bound + 2 head_dim); a further sum of n_tok
   terms, times |k| c or |q| c, summed with sum_j P_ij = 1 for dq and with the column sums of P for dk and dv. */
START_TEST(every_kernel_is_within_the_bound) {
    const attention_case *c = attention_cases + _i;
    const ropelaw_attention_kernel *k;
    case_data d;
    ropelaw_error e = {0};
    case_init(c, &d);
    test_assert_ok(ropelaw_attention_reference_backward(&d.p, &d.exact, &e), e);
    forward(&d);
    double *columns = column_sums(&d),
           terms = (double)(c->about.n_tok * c->about.n_heads / c->about.n_kv_heads);
    double dout = case_norm(&d, d.exact.dout, d.n_q), g = 2 * dout * case_norm(&d, d.exact.v, d.n_kv);
    double scale = d.p.softmax_scale * (c->log_n > 0 ? 2 : 1) * (c->factor > 0 ? c->factor : 1);
    double bound = 2 * case_bound(&d) + 4 * (double)c->about.head_dim + 2 * terms;
    double of_q = scale * g * case_norm(&d, d.exact.k, d.n_kv),
           of_k = scale * g * case_norm(&d, d.exact.q, d.n_q);
    for (size_t i = 0; (k = ropelaw_attention_kernel_at(i)); i++) {
        ropelaw_attention_options options = {.kernel = k->name};
        if (ropelaw_attention_kernel_find(&options, &k, &e)) continue;
        run(&d, k->name, 1);
        compare(c, "dq", d.x.dq, d.exact.dq, d.n_q, NULL, of_q * bound);
        compare(c, "dk", d.x.dk, d.exact.dk, d.n_kv, columns, of_k * bound);
        compare(c, "dv", d.x.dv, d.exact.dv, d.n_kv, columns, dout * bound);
    }
    free(columns);
    case_clear(&d);
}
END_TEST

/* Up to as many threads as key heads, a head each; with more, all share one head after the other. */
static const attention_case threaded[] = {
    {{"heads", 100, 6, 3, 32, 32, 0},              CASE_UNIFORM, 0, 0, 0, 0,  0, 0,   0, 0,   0 },
    {{"one head", 700, 1, 1, 32, 32, 0},           CASE_UNIFORM, 0, 0, 0, 0,  0, 0,   0, 0,   0 },
    {{"queries share a key", 389, 4, 2, 16, 8, 0}, CASE_UNIFORM, 0, 1, 0, 0,  0, 0,   0, 1.2, 64},
    {{"full", 500, 1, 1, 16, 16, 0},               CASE_UNIFORM, 1, 0, 0, 0,  0, 0,   0, 0,   0 },
    {{"window and sinks", 800, 1, 1, 16, 16, 0},   CASE_UNIFORM, 0, 0, 0, 90, 5, 0,   0, 0,   0 },
    {{"padding", 577, 2, 1, 16, 16, 0},            CASE_UNIFORM, 0, 0, 0, 0,  0, 200, 0, 0,   0 },
};

START_TEST(threads_change_no_byte) {
    case_data d;
    case_init(threaded + _i, &d);
    forward(&d);
    float *first = malloc((d.n_q + 2 * d.n_kv) * sizeof *first);
    for (size_t threads = 1; threads <= 5; threads++) {
        run(&d, NULL, threads);
        if (threads == 1) {
            memcpy(first, d.x.dq, d.n_q * sizeof *first);
            memcpy(first + d.n_q, d.x.dk, d.n_kv * sizeof *first);
            memcpy(first + d.n_q + d.n_kv, d.x.dv, d.n_kv * sizeof *first);
        }
        ck_assert_int_eq(memcmp(first, d.x.dq, d.n_q * sizeof *first), 0);
        ck_assert_int_eq(memcmp(first + d.n_q, d.x.dk, d.n_kv * sizeof *first), 0);
        ck_assert_int_eq(memcmp(first + d.n_q + d.n_kv, d.x.dv, d.n_kv * sizeof *first), 0);
    }
    free(first);
    case_clear(&d);
}
END_TEST

/* A key head whose inputs hold NaN or infinity has unspecified gradients; the others keep every byte. */
START_TEST(nan_stays_in_its_head) {
    const attention_case c = {
        {"heads", 100, 4, 2, 16, 16, 0},
        CASE_UNIFORM, 0, 0, 0, 0, 0, 0, 0, 0, 0
    };
    static const float bad[] = {NAN, INFINITY};
    for (int which = 0; which < 6; which++) {
        case_data d, clean;
        case_init(&c, &d);
        case_init(&c, &clean);
        const float *in[3] = {d.x.q, d.x.k, d.x.v};
        ((float *)(uintptr_t)in[which / 2])[70 * (which < 2 ? 64 : 32) + 3] = bad[which % 2]; /* head 0 */
        forward(&d);
        forward(&clean);
        run(&d, NULL, 1 + (size_t)which % 3);
        run(&clean, NULL, 1);
        size_t changed = 0;
        for (size_t t = 0; t < 100; t++) {
            changed += !!memcmp(d.x.dq + t * 64 + 32, clean.x.dq + t * 64 + 32, 32 * sizeof(float));
            changed += !!memcmp(d.x.dk + t * 32 + 16, clean.x.dk + t * 32 + 16, 16 * sizeof(float));
            changed += !!memcmp(d.x.dv + t * 32 + 16, clean.x.dv + t * 32 + 16, 16 * sizeof(float));
        }
        ck_assert_uint_eq(changed, 0);
        ck_assert(memcmp(d.x.dq, clean.x.dq, d.n_q * sizeof(float))); /* head 0 did see it */
        case_clear(&d);
        case_clear(&clean);
    }
}
END_TEST

static int stop_at_half(void *context, double fraction) {
    *(double *)context = fraction;
    return fraction < 0.5;
}

START_TEST(cancelling_a_shared_head) {
    case_data d;
    ropelaw_error e = {0};
    double fraction = 0;
    case_init(threaded + 1, &d);
    forward(&d);
    ropelaw_attention_options options = {
        .n_threads = 2, .progress = {stop_at_half, &fraction}
    };
    ropelaw_attention_workspace w;
    test_assert_ok(
        ropelaw_attention_workspace_size(&d.p, &options, ROPELAW_ATTENTION_BACKWARD_F32, &w.bytes, &e), e);
    w.memory = malloc(w.bytes);
    ck_assert_int_eq(ropelaw_attention_backward(&d.p, &options, &d.x, &w, &e), ROPELAW_CANCELLED);
    ck_assert(fraction >= 0.5 && fraction < 1);
    free(w.memory);
    case_clear(&d);
}
END_TEST

/* q, k, v and their gradients interleaved in one row each, as a training step keeps them. */
START_TEST(fused_rows_give_the_same) {
    const attention_case c = {
        {"dense", 77, 2, 2, 16, 16, 0},
        CASE_UNIFORM, 0, 0, 0, 0, 0, 0, 0, 0, 0
    };
    case_data d;
    case_init(&c, &d);
    forward(&d);
    run(&d, NULL, 1);
    float *rows = malloc(77 * 96 * sizeof *rows), *gradients = malloc(77 * 96 * sizeof *gradients);
    const float *from[3] = {d.x.q, d.x.k, d.x.v};
    for (size_t t = 0; t < 77; t++)
        for (size_t i = 0; i < 96; i++) rows[t * 96 + i] = from[i / 32][t * 32 + i % 32];
    case_data fused = d;
    fused.p.q.tok = fused.p.k.tok = fused.p.v.tok = 96;
    fused.x.q = rows;
    fused.x.k = rows + 32;
    fused.x.v = rows + 64;
    fused.x.dq = gradients;
    fused.x.dk = gradients + 32;
    fused.x.dv = gradients + 64;
    run(&fused, NULL, 1);
    const float *dense[3] = {d.x.dq, d.x.dk, d.x.dv};
    for (size_t t = 0; t < 77; t++)
        for (size_t i = 0; i < 96; i++) ck_assert(gradients[t * 96 + i] == dense[i / 32][t * 32 + i % 32]);
    free(rows);
    free(gradients);
    case_clear(&d);
}
END_TEST

START_TEST(bad_calls_touch_nothing) {
    case_data d;
    ropelaw_error e = {0};
    ropelaw_attention_workspace w;
    case_init(&attention_cases[1], &d);
    test_assert_ok(ropelaw_attention_workspace_size(&d.p, NULL, ROPELAW_ATTENTION_BACKWARD_F32, &w.bytes, &e),
                   e);
    w.memory = malloc(w.bytes--);
    test_assert_fails(ropelaw_attention_backward(&d.p, NULL, &d.x, &w, &e), ROPELAW_INVALID, e, "workspace");
    w.bytes++;
    ropelaw_attention_f32 x = d.x;
    x.lse = NULL;
    test_assert_fails(ropelaw_attention_backward(&d.p, NULL, &x, &w, &e), ROPELAW_INVALID, e, "lse");
    x = d.x;
    x.dk = x.dv;
    test_assert_fails(ropelaw_attention_backward(&d.p, NULL, &x, &w, &e), ROPELAW_INVALID, e, "dk");
    x = d.x;
    x.dout = x.dq;
    test_assert_fails(ropelaw_attention_backward(&d.p, NULL, &x, &w, &e), ROPELAW_INVALID, e, "dq");
    for (size_t i = 0; i < d.n_q; i++) ck_assert(d.x.dq[i] == 7);
    for (size_t i = 0; i < d.n_kv; i++) ck_assert(d.x.dk[i] == 7 && d.x.dv[i] == 7);
    d.p.n_tok = 0;
    test_assert_ok(ropelaw_attention_backward(&d.p, NULL, &d.x, NULL, &e), e);
    free(w.memory);
    case_clear(&d);
}
END_TEST

int main(void) {
    Suite *s = suite_create("backward");
    TCase *bound = tcase_create("bound");
    tcase_add_loop_test(bound, every_kernel_is_within_the_bound, 0, n_small_cases());
    suite_add_tcase(s, bound);
    TCase *threads = tcase_create("threads");
    tcase_add_loop_test(threads, threads_change_no_byte, 0, (int)(sizeof threaded / sizeof *threaded));
    suite_add_tcase(s, threads);
    const TTest *const tests[] = {nan_stays_in_its_head, cancelling_a_shared_head, fused_rows_give_the_same,
                                  bad_calls_touch_nothing, NULL};
    test_add(s, "backward", tests);
    return test_run(s);
}
