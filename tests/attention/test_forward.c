/* Tests: forward.c plan.c workspace.c kernels.c kernel_portable.c kernel_avx2.c kernel_avx512.c */
#include "test.h"
#include "cases.h"
#include "golden.h"
#include <stdbool.h>
#include <stdio.h>

static const double u = 0x1p-24;

/* Kernels that run here. */
static const ropelaw_attention_kernel *kernels[8];
static size_t n_kernels;

static void find_kernels(void) {
    const ropelaw_attention_kernel *k, *found;
    for (size_t i = 0; (k = ropelaw_attention_kernel_at(i)); i++) {
        ropelaw_attention_options options = {.kernel = k->name};
        if (ropelaw_attention_kernel_find(&options, &found, NULL) == ROPELAW_OK)
            kernels[n_kernels++] = found;
        else
            test_skip(k->name, "this processor or the build's cap has it not");
    }
}

static void run(case_data *d, const char *kernel, size_t n_threads) {
    case_run(d, ROPELAW_ATTENTION_FORWARD_F32, kernel, n_threads);
}

/* sum_j P_ij |v_j| by the reference, in the place of `out`. */
static double *sizes(const case_data *d) {
    double *v = malloc(d->n_kv * sizeof *v), *out = malloc(d->n_q * sizeof *out);
    for (size_t i = 0; i < d->n_kv; i++) v[i] = fabs(d->exact.v[i]);
    ropelaw_attention_f64 x = {.q = d->exact.q, .k = d->exact.k, .v = v, .out = out};
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_attention_reference_forward(&d->p, &x, &e), e);
    free(v);
    return out;
}

START_TEST(every_kernel_is_within_the_bound) {
    const attention_case *c = attention_cases + _i;
    case_data d;
    ropelaw_error e = {0};
    case_init(c, &d);
    test_assert_ok(ropelaw_attention_reference_forward(&d.p, &d.exact, &e), e);
    double *size = sizes(&d), bound = case_bound(&d);
    for (size_t k = 0; k < n_kernels; k++) {
        run(&d, kernels[k]->name, 1);
        for (size_t i = 0; i < d.n_q; i++) {
            double off = fabs(d.x.out[i] - d.exact.out[i]), allowed = u * bound * size[i] + 0x1p-149;
            ck_assert_msg(off <= allowed, "%s, %s: out[%zu] is %.9g, expected %.9g within %g", c->about.name,
                          kernels[k]->name, i, (double)d.x.out[i], d.exact.out[i], allowed);
        }
        for (size_t i = 0; i < d.n_rows; i++) {
            double x = d.x.lse[i], y = d.exact.lse[i];
            double allowed = u * (case_score_error(&d) + (double)c->about.n_tok + 8 + fabs(y));
            ck_assert_msg(y == -INFINITY ? x == y : fabs(x - y) <= allowed,
                          "%s, %s: lse[%zu] is %.9g, expected %.9g", c->about.name, kernels[k]->name, i, x,
                          y);
        }
    }
    free(size);
    case_clear(&d);
}
END_TEST

/* The goldens need no reference. Scores there are below 40 but for huge_logits, whose error grows with them.
 */
START_TEST(every_kernel_is_golden) {
    const golden *g = goldens + _i;
    float q[128], key[128], v[128], out[128];
    double lse[128], far = 0;
    size_t n_q = g->n_tok * g->n_heads * g->head_dim, n_kv = g->n_tok * g->n_kv_heads * g->head_dim;
    for (size_t i = 0; i < n_q; i++) q[i] = (float)g->q[i];
    for (size_t i = 0; i < n_kv; i++) key[i] = (float)g->k[i], v[i] = (float)g->v[i];
    for (size_t i = 0; i < g->n_tok; i++) far = fmax(far, (double)g->pos[i]);
    for (size_t k = 0; k < n_kernels; k++) {
        ropelaw_attention_problem p = golden_problem(g);
        ropelaw_attention_options options = {.kernel = kernels[k]->name};
        ropelaw_attention_f32 x = {.q = q, .k = key, .v = v, .out = out, .lse = lse};
        ropelaw_attention_workspace w;
        ropelaw_error e = {0};
        test_assert_ok(
            ropelaw_attention_workspace_size(&p, &options, ROPELAW_ATTENTION_FORWARD_F32, &w.bytes, &e), e);
        w.memory = malloc(w.bytes);
        test_assert_ok(ropelaw_attention_forward(&p, &options, &x, &w, &e), e);
        double tolerance = (16 * u + 0x1p-51 * far) * (1 + g->scale * (double)g->head_dim);
        for (size_t i = 0; i < n_q; i++) test_assert_abs(out[i], g->out[i], tolerance);
        for (size_t i = 0; i < g->n_tok * g->n_heads; i++)
            if (isinf(g->lse[i]))
                ck_assert(lse[i] == g->lse[i]);
            else
                test_assert_abs(lse[i], g->lse[i], tolerance);
        free(w.memory);
    }
}
END_TEST

START_TEST(threads_change_no_byte) {
    case_data d;
    case_init(&attention_cases[_i], &d);
    float *first = malloc(d.n_q * sizeof *first);
    double *lse = malloc(d.n_rows * sizeof *lse);
    for (size_t k = 0; k < n_kernels; k++)
        for (size_t threads = 1; threads <= 5; threads += 2) {
            run(&d, kernels[k]->name, threads);
            if (threads == 1) memcpy(first, d.x.out, d.n_q * sizeof *first);
            if (threads == 1) memcpy(lse, d.x.lse, d.n_rows * sizeof *lse);
            ck_assert_int_eq(memcmp(first, d.x.out, d.n_q * sizeof *first), 0);
            ck_assert_int_eq(memcmp(lse, d.x.lse, d.n_rows * sizeof *lse), 0);
        }
    free(first);
    free(lse);
    case_clear(&d);
}
END_TEST

/* A bad value in one token of q, k or v: rows that do not see it keep every byte, those that do become NaN.
 */
static void poison(const attention_case *c, float bad, int which) {
    const size_t at = 70;
    case_data d, clean;
    case_init(c, &d);
    case_init(c, &clean);
    float *tensor = which == 0 ? (float *)(uintptr_t)d.x.q : (float *)(uintptr_t)(which == 1 ? d.x.k : d.x.v);
    tensor[at * d.p.k.tok + 3] = bad;
    for (size_t k = 0; k < n_kernels; k++) {
        run(&d, kernels[k]->name, 1);
        run(&clean, kernels[k]->name, 1);
        for (size_t i = 0; i < c->about.n_tok; i++) {
            bool sees = which == 0 ? i == at : i >= at && (!c->window || i - at < c->window);
            const float *row = d.x.out + i * d.p.out.tok, *kept = clean.x.out + i * d.p.out.tok;
            if (!sees)
                ck_assert_msg(!memcmp(row, kept, c->about.head_dim * sizeof *row), "%s: row %zu changed",
                              kernels[k]->name, i);
            else if (isnan(bad))
                for (size_t column = 0; column < c->about.head_dim; column++)
                    ck_assert_msg(!isnan(row[column]) == (which == 2 && column != 3),
                                  "%s: row %zu column %zu is %g", kernels[k]->name, i, column,
                                  (double)row[column]);
            ck_assert_int_eq(!!isnan(d.x.lse[i]), sees && isnan(bad) && which < 2);
            if (isinf(bad)) break; /* what infinity does to rows that see it is IEEE's business */
        }
    }
    case_clear(&d);
    case_clear(&clean);
}

START_TEST(nan_and_infinity_stay_where_they_are_seen) {
    const attention_case causal = {
        {"causal", 200, 1, 1, 24, 0, 0},
        CASE_UNIFORM, 0, 0, 0, 0, 0, 0, 0, 0, 0
    };
    attention_case window = causal;
    window.window = 30;
    for (int which = 0; which < 3; which++) {
        poison(&causal, NAN, which);
        poison(&window, NAN, which);
        poison(&causal, INFINITY, which);
        poison(&window, -INFINITY, which);
    }
}
END_TEST

START_TEST(bad_calls_touch_nothing) {
    case_data d;
    ropelaw_error e = {0};
    case_init(&attention_cases[1], &d);
    ropelaw_attention_workspace w;
    ropelaw_attention_options options = {.kernel = "abacus"};
    test_assert_fails(
        ropelaw_attention_workspace_size(&d.p, &options, ROPELAW_ATTENTION_FORWARD_F32, &w.bytes, &e),
        ROPELAW_INVALID, e, "kernel");
    test_assert_fails(ropelaw_attention_workspace_size(&d.p, NULL, (ropelaw_attention_call)77, &w.bytes, &e),
                      ROPELAW_INVALID, e, "call");
    test_assert_ok(ropelaw_attention_workspace_size(&d.p, NULL, ROPELAW_ATTENTION_FORWARD_F32, &w.bytes, &e),
                   e);
    w.memory = malloc(w.bytes--);
    test_assert_fails(ropelaw_attention_forward(&d.p, NULL, &d.x, &w, &e), ROPELAW_INVALID, e, "workspace");
    test_assert_fails(ropelaw_attention_forward(&d.p, NULL, &d.x, NULL, &e), ROPELAW_INVALID, e, "workspace");
    w.bytes++;
    test_assert_fails(ropelaw_attention_forward(&d.p, NULL, NULL, &w, &e), ROPELAW_INVALID, e, "tensors");
    ropelaw_attention_f32 x = d.x;
    x.out = (float *)(uintptr_t)x.q + 1;
    test_assert_fails(ropelaw_attention_forward(&d.p, NULL, &x, &w, &e), ROPELAW_INVALID, e, "out");
    x = d.x;
    x.q = w.memory;
    test_assert_fails(ropelaw_attention_forward(&d.p, NULL, &x, &w, &e), ROPELAW_INVALID, e, "workspace");
    x = d.x;
    x.k = NULL;
    test_assert_fails(ropelaw_attention_forward(&d.p, NULL, &x, &w, &e), ROPELAW_INVALID, e, "k");
    d.p.rotary_dim = 3;
    test_assert_fails(ropelaw_attention_forward(&d.p, NULL, &d.x, &w, &e), ROPELAW_SHAPE, e, "rotary_dim");
    for (size_t i = 0; i < d.n_q; i++) ck_assert(d.x.out[i] == 7);
    free(w.memory);
    case_clear(&d);
}
END_TEST

/* The workspace may lie anywhere; tensors need the alignment of their type. */
START_TEST(alignment) {
    case_data d;
    ropelaw_error e = {0};
    ropelaw_attention_workspace w;
    case_init(&attention_cases[8], &d);
    run(&d, NULL, 1);
    float *first = malloc(d.n_q * sizeof *first);
    memcpy(first, d.x.out, d.n_q * sizeof *first);
    test_assert_ok(ropelaw_attention_workspace_size(&d.p, NULL, ROPELAW_ATTENTION_FORWARD_F32, &w.bytes, &e),
                   e);
    for (size_t off = 1; off < 64; off += 31) {
        guarded pages;
        char *memory = guarded_alloc(&pages, w.bytes + off);
        w.memory = memory; /* ends `off` bytes before the guard page, which no alignment explains */
        test_assert_ok(ropelaw_attention_forward(&d.p, NULL, &d.x, &w, &e), e);
        ck_assert_int_eq(memcmp(first, d.x.out, d.n_q * sizeof *first), 0);
        guarded_free(&pages);
    }
    w.memory = malloc(w.bytes);
    for (size_t i = 0; i < d.n_q; i++) d.x.out[i] = 7;
    ropelaw_attention_f32 x = d.x;
    const char *odd = (const char *)d.x.q + 2;
    memcpy(&x.q, &odd, sizeof odd);
    test_assert_fails(ropelaw_attention_forward(&d.p, NULL, &x, &w, &e), ROPELAW_INVALID, e, "q");
    x = d.x;
    odd = (const char *)d.x.lse + 4;
    memcpy(&x.lse, &odd, sizeof odd);
    test_assert_fails(ropelaw_attention_forward(&d.p, NULL, &x, &w, &e), ROPELAW_INVALID, e, "lse");
    for (size_t i = 0; i < d.n_q; i++) ck_assert(d.x.out[i] == 7);
    free(w.memory);
    free(first);
    case_clear(&d);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused) {
    ropelaw_attention_problem p;
    ropelaw_error e = {0};
    size_t bytes = 5;
    ropelaw_attention_problem_init(&p, (size_t)1 << 52, 1, 1, 1024);
    p.q.tok = p.k.tok = p.v.tok = p.out.tok = 1; /* the tensors fit, their copies do not */
    test_assert_fails(ropelaw_attention_workspace_size(&p, NULL, ROPELAW_ATTENTION_FORWARD_F32, &bytes, &e),
                      ROPELAW_SHAPE, e, "workspace");
    ck_assert_uint_eq(bytes, 5);
}
END_TEST

START_TEST(zero_tokens_are_nothing) {
    ropelaw_attention_problem p;
    ropelaw_error e = {0};
    ropelaw_attention_f32 x = {0};
    size_t bytes = 0;
    ropelaw_attention_problem_init(&p, 0, 2, 1, 64);
    test_assert_ok(ropelaw_attention_workspace_size(&p, NULL, ROPELAW_ATTENTION_FORWARD_F32, &bytes, &e), e);
    test_assert_ok(ropelaw_attention_forward(&p, NULL, &x, NULL, &e), e);
}
END_TEST

static int stop(void *context, double fraction) {
    (void)fraction;
    return --*(int *)context > 0;
}

START_TEST(progress_can_cancel) {
    case_data d;
    ropelaw_error e = {0};
    int left = 1;
    case_init(&attention_cases[10], &d);
    ropelaw_attention_options options = {
        .progress = {stop, &left}
    };
    ropelaw_attention_workspace w;
    test_assert_ok(
        ropelaw_attention_workspace_size(&d.p, &options, ROPELAW_ATTENTION_FORWARD_F32, &w.bytes, &e), e);
    w.memory = malloc(w.bytes);
    ck_assert_int_eq(ropelaw_attention_forward(&d.p, &options, &d.x, &w, &e), ROPELAW_CANCELLED);
    free(w.memory);
    case_clear(&d);
}
END_TEST

START_TEST(kernels_are_named_once) {
    const ropelaw_attention_kernel *k, *other, *best;
    ropelaw_error e = {0};
    for (size_t i = 0; (k = ropelaw_attention_kernel_at(i)); i++) {
        ck_assert_str_ne(k->tile, "");
        for (size_t j = 0; j < i && (other = ropelaw_attention_kernel_at(j)); j++) {
            ck_assert_str_ne(k->name, other->name);
            ck_assert_int_lt(other->isa, k->isa);
        }
    }
    test_assert_ok(ropelaw_attention_kernel_find(NULL, &best, &e), e);
    ck_assert_int_eq(best->isa, ropelaw_isa_best());
}
END_TEST

/* Positions given one by one are those that an offset counts. */
START_TEST(positions_equal_offset) {
    case_data d;
    uint64_t positions[251];
    case_init(&attention_cases[8], &d);
    float *first = malloc(d.n_q * sizeof *first);
    for (size_t i = 0; i < 251; i++) positions[i] = 1000 + i;
    d.p.position_offset = 1000;
    run(&d, NULL, 1);
    memcpy(first, d.x.out, d.n_q * sizeof *first);
    d.p.position_offset = 0;
    d.p.positions = positions;
    run(&d, NULL, 1);
    ck_assert_int_eq(memcmp(first, d.x.out, d.n_q * sizeof *first), 0);
    free(first);
    case_clear(&d);
}
END_TEST

/* Beyond 2^50 quarter turns the angle has no digits left, but the result must still be a weighted mean. */
START_TEST(the_farthest_positions_are_defined) {
    case_data d;
    case_init(&attention_cases[3], &d);
    d.p.position_offset = (UINT64_C(1) << 53) - 100;
    for (size_t k = 0; k < n_kernels; k++) {
        run(&d, kernels[k]->name, 1);
        for (size_t i = 0; i < d.n_q; i++) ck_assert(fabsf(d.x.out[i]) <= 1);
    }
    case_clear(&d);
}
END_TEST

int main(void) {
    find_kernels();
    Suite *s = suite_create("forward");
    TCase *bound = tcase_create("bound"), *golden_ones = tcase_create("golden"),
          *threads = tcase_create("threads");
    tcase_add_loop_test(bound, every_kernel_is_within_the_bound, 0, n_small_cases());
    tcase_add_loop_test(golden_ones, every_kernel_is_golden, 0, (int)(sizeof goldens / sizeof *goldens));
    tcase_add_loop_test(threads, threads_change_no_byte, 8, 12);
    suite_add_tcase(s, bound);
    suite_add_tcase(s, golden_ones);
    suite_add_tcase(s, threads);
    const TTest *const tests[] = {nan_and_infinity_stay_where_they_are_seen,
                                  bad_calls_touch_nothing,
                                  alignment,
                                  sizes_that_overflow_are_refused,
                                  zero_tokens_are_nothing,
                                  progress_can_cancel,
                                  kernels_are_named_once,
                                  positions_equal_offset,
                                  the_farthest_positions_are_defined,
                                  NULL};
    test_add(s, "forward", tests);
    return test_run(s);
}
