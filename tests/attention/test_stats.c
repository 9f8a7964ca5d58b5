#include "test.h"
#include "cases.h"
#include "golden.h"
#include <stdbool.h>
#include <stdio.h>

typedef struct {
    uint64_t *pairs;
    double *mean, *mass, *entropy, *largest, *lse;
    ropelaw_attention_stats s;
    guarded pages[6];
} answers;

static answers answers_new(const ropelaw_attention_problem *p, const size_t *rows, size_t n_rows) {
    size_t n = rows ? n_rows : p->n_tok, by_tok = p->n_heads * p->n_tok, by_row = p->n_heads * n;
    answers a;
    a.pairs = guarded_alloc(&a.pages[0], p->n_tok * 8);
    a.mean = guarded_alloc(&a.pages[1], by_tok * 8);
    a.mass = guarded_alloc(&a.pages[2], by_tok * 8);
    a.entropy = guarded_alloc(&a.pages[3], by_row * 8);
    a.largest = guarded_alloc(&a.pages[4], by_row * 8);
    a.lse = guarded_alloc(&a.pages[5], by_row * 8);
    a.s = (ropelaw_attention_stats){rows, n_rows, a.pairs, a.mean, a.mass, a.entropy, a.largest, a.lse};
    return a;
}

static void answers_free(answers *a) {
    for (int i = 0; i < 6; i++) guarded_free(&a->pages[i]);
}

static void run(const case_data *d, const answers *a, const char *kernel, size_t threads) {
    ropelaw_attention_options options = {.n_threads = threads, .kernel = kernel};
    ropelaw_attention_workspace w;
    ropelaw_error e = {0};
    guarded pages;
    test_assert_ok(
        ropelaw_attention_workspace_size(&d->p, &options, ROPELAW_ATTENTION_STATS_F32, &w.bytes, &e), e);
    w.memory = guarded_alloc(&pages, w.bytes);
    memset(w.memory, 0xff, w.bytes);
    test_assert_ok(ropelaw_attention_stats_f32(&d->p, &options, &d->x, &a->s, &w, &e), e);
    guarded_free(&pages);
}

static void near(const char *name, const char *what, double x, double y, double allowed) {
    if (isnan(y) || isinf(y))
        ck_assert_msg(isnan(y) ? isnan(x) : x == y, "%s: %s is %g, expected %g", name, what, x, y);
    else
        ck_assert_msg(fabs(x - y) <= allowed, "%s: %s is %.12g, expected %.12g within %g", name, what, x, y,
                      allowed);
}

/* A score is off by e = u * case_score_error, hence lse by e, a weight by 2 e of itself and the entropy, whose
   derivative by a score is P (lse - s - H), by e * 2 max |lse - s|. */
static void compare(const attention_case *c, const case_data *d, const answers *x, const answers *y) {
    double e = 0x1p-24 * (case_score_error(d) + 4), spread = 0;
    size_t n_rows = x->s.rows ? x->s.n_rows : d->p.n_tok;
    for (size_t i = 0; i < n_rows * d->p.n_heads; i++)
        if (isfinite(y->lse[i]))
            spread = fmax(spread, fabs(y->lse[i]) + 0x1p24 * e / (double)(c->about.head_dim + 8));
    for (size_t i = 0; i < n_rows * d->p.n_heads; i++) {
        near(c->about.name, "lse", x->lse[i], y->lse[i], e);
        near(c->about.name, "max logit", x->largest[i], y->largest[i], e);
        near(c->about.name, "entropy", x->entropy[i], y->entropy[i], 2 * e * (1 + spread));
    }
    for (size_t i = 0; i < d->p.n_tok * d->p.n_heads; i++) {
        near(c->about.name, "mean score", x->mean[i], y->mean[i], e);
        near(c->about.name, "mass", x->mass[i], y->mass[i], 2 * e * y->mass[i] + 0x1p-126);
    }
    for (size_t i = 0; i < d->p.n_tok; i++) ck_assert_uint_eq(x->pairs[i], y->pairs[i]);
}

START_TEST(all_rows_agree_with_the_reference) {
    const attention_case *c = attention_cases + _i;
    case_data d;
    ropelaw_error e = {0};
    case_init(c, &d);
    answers x = answers_new(&d.p, NULL, 0), y = answers_new(&d.p, NULL, 0);
    test_assert_ok(ropelaw_attention_reference_stats(&d.p, &d.exact, &y.s, &e), e);
    run(&d, &x, NULL, 1);
    compare(c, &d, &x, &y);
    answers_free(&x);
    answers_free(&y);
    case_clear(&d);
}
END_TEST

START_TEST(some_rows_agree_for_every_kernel) {
    static const size_t rows[] = {469, 0, 7, 7, 468, 100, 63, 64};
    const attention_case *c = NULL;
    const ropelaw_attention_kernel *k;
    for (size_t i = 0; i < n_attention_cases; i++)
        if (!strcmp(attention_cases[i].about.name, "window and sinks")) c = attention_cases + i;
    case_data d;
    ropelaw_error e = {0};
    case_init(c, &d);
    answers x = answers_new(&d.p, rows, 8), y = answers_new(&d.p, rows, 8);
    test_assert_ok(ropelaw_attention_reference_stats(&d.p, &d.exact, &y.s, &e), e);
    for (size_t i = 0; (k = ropelaw_attention_kernel_at(i)); i++) {
        ropelaw_attention_options options = {.kernel = k->name};
        if (ropelaw_attention_kernel_find(&options, &k, &e)) continue;
        run(&d, &x, k->name, 2);
        compare(c, &d, &x, &y);
    }
    answers_free(&x);
    answers_free(&y);
    case_clear(&d);
}
END_TEST

/* Two chunks of keys and of distances, more rows than a tile; mass is a distribution over distance. */
START_TEST(long_rows_and_threads) {
    const attention_case c = {
        {"long", 5000, 2, 1, 4, 4, 0},
        CASE_UNIFORM, 0, 0, 0, 0, 0, 0, 0, 0, 0
    };
    size_t rows[60];
    case_data d;
    case_init(&c, &d);
    for (size_t r = 0; r < 60; r++) rows[r] = 4999 - 83 * r;
    answers x = answers_new(&d.p, rows, 60), y = answers_new(&d.p, rows, 60), z = answers_new(&d.p, rows, 60);
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_attention_reference_stats(&d.p, &d.exact, &y.s, &e), e);
    run(&d, &x, NULL, 1);
    run(&d, &z, NULL, 3);
    compare(&c, &d, &x, &y);
    ck_assert_int_eq(memcmp(x.mass, z.mass, 10000 * 8) | memcmp(x.mean, z.mean, 10000 * 8) |
                         memcmp(x.lse, z.lse, 120 * 8) | memcmp(x.entropy, z.entropy, 120 * 8),
                     0);
    double total = 0;
    for (size_t s = 0; s < 5000; s++) total += x.mass[s];
    test_assert_abs(total, 1, 1e-12);
    answers_free(&x);
    answers_free(&y);
    answers_free(&z);
    case_clear(&d);
}
END_TEST

/* Equal logits: entropy is ln of the number of seen keys, mass falls as the harmonic tail. */
START_TEST(equal_logits_have_known_statistics) {
    const attention_case c = {
        {"equal", 100, 1, 1, 8, 8, 0},
        CASE_EQUAL, 0, 0, 0, 0, 0, 0, 0, 0, 0
    };
    case_data d;
    case_init(&c, &d);
    answers x = answers_new(&d.p, NULL, 0);
    run(&d, &x, NULL, 1);
    double tail = 0;
    for (size_t i = 100; i-- > 0;) {
        test_assert_abs(x.entropy[i], log((double)i + 1), 1e-14);
        ck_assert(x.largest[i] == 0 && x.mean[i] == 0);
        tail += 1 / (double)(i + 1) / 100; /* rows i and later see distance i, with weight 1/(row + 1) each */
        test_assert_abs(x.mass[i], tail, 1e-14);
        ck_assert_uint_eq(x.pairs[i], 100 - i);
    }
    answers_free(&x);
    case_clear(&d);
}
END_TEST

/* NaN in a key: rows that do not see it keep every byte, those that do are NaN, and so is the mean score of the
   distances at which it was met. */
START_TEST(nan_stays_where_it_is_seen) {
    const attention_case c = {
        {"nan", 150, 1, 1, 8, 8, 0},
        CASE_UNIFORM, 0, 0, 0, 30, 0, 0, 0, 0, 0
    };
    enum { AT = 70 };
    case_data d;
    case_init(&c, &d);
    answers x = answers_new(&d.p, NULL, 0), clean = answers_new(&d.p, NULL, 0);
    run(&d, &clean, NULL, 1);
    ((float *)(uintptr_t)d.x.k)[AT * 8 + 3] = NAN;
    run(&d, &x, NULL, 1);
    for (size_t i = 0; i < 150; i++) {
        bool sees = i >= AT && i < AT + 30;
        ck_assert_int_eq(!!isnan(x.lse[i]), sees);
        ck_assert_int_eq(!!isnan(x.entropy[i]), sees);
        ck_assert(sees || (x.lse[i] == clean.lse[i] && x.entropy[i] == clean.entropy[i]));
        ck_assert_int_eq(!!isnan(x.mean[i]), i < 30 || clean.pairs[i] == 0);
    }
    answers_free(&x);
    answers_free(&clean);
    case_clear(&d);
}
END_TEST

START_TEST(zero_tokens_are_nothing) {
    ropelaw_attention_problem p;
    ropelaw_attention_f32 x = {0};
    ropelaw_attention_stats s = {0};
    ropelaw_error e = {0};
    ropelaw_attention_problem_init(&p, 0, 1, 1, 8);
    test_assert_ok(ropelaw_attention_stats_f32(&p, NULL, &x, &s, NULL, &e), e);
}
END_TEST

START_TEST(bad_calls_touch_nothing) {
    const size_t rows[1] = {2};
    case_data d;
    ropelaw_error e = {0};
    case_init(&attention_cases[1], &d);
    answers x = answers_new(&d.p, rows, 1);
    x.lse[0] = 7;
    ropelaw_attention_workspace w;
    test_assert_ok(ropelaw_attention_workspace_size(&d.p, NULL, ROPELAW_ATTENTION_STATS_F32, &w.bytes, &e),
                   e);
    w.memory = malloc(w.bytes);
    test_assert_fails(ropelaw_attention_stats_f32(&d.p, NULL, &d.x, &x.s, &w, &e), ROPELAW_DOMAIN, e, "rows");
    x.s.rows = NULL;
    w.bytes--;
    test_assert_fails(ropelaw_attention_stats_f32(&d.p, NULL, &d.x, &x.s, &w, &e), ROPELAW_INVALID, e,
                      "workspace");
    w.bytes++;
    x.s.mass = w.memory;
    test_assert_fails(ropelaw_attention_stats_f32(&d.p, NULL, &d.x, &x.s, &w, &e), ROPELAW_INVALID, e,
                      "mass");
    test_assert_fails(ropelaw_attention_stats_f32(&d.p, NULL, &d.x, NULL, &w, &e), ROPELAW_INVALID, e,
                      "stats");
    ck_assert(x.lse[0] == 7);
    free(w.memory);
    answers_free(&x);
    case_clear(&d);
}
END_TEST

int main(void) {
    Suite *s = suite_create("stats");
    TCase *all = tcase_create("all rows");
    tcase_add_loop_test(all, all_rows_agree_with_the_reference, 0, n_small_cases());
    suite_add_tcase(s, all);
    const TTest *const tests[] = {some_rows_agree_for_every_kernel,
                                  long_rows_and_threads,
                                  equal_logits_have_known_statistics,
                                  nan_stays_where_it_is_seen,
                                  zero_tokens_are_nothing,
                                  bad_calls_touch_nothing,
                                  NULL};
    test_add(s, "stats", tests);
    return test_run(s);
}
