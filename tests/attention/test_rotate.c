#include "test.h"
#include "attention/case.h"
#include "cases.h"
#include <ropelaw/random.h>
#include <stdbool.h>

static const char *const names[] = {"portable", "avx2", "avx512"};

static bool runs(const char *kernel) {
    const ropelaw_attention_kernel *found;
    ropelaw_attention_options options = {.kernel = kernel};
    return ropelaw_attention_kernel_find(&options, &found, NULL) == ROPELAW_OK;
}

enum { TOK = 37, HEADS = 2, DIM = 70 };

typedef struct {
    ropelaw_attention_problem p;
    double freq[64], exact[TOK * HEADS * DIM];
    float x[TOK * HEADS * DIM];
} data;

static void init(data *d, size_t rotary_dim, int interleaved, uint64_t offset) {
    ropelaw_random random;
    ropelaw_random_init(&random, 3, 0);
    ropelaw_attention_problem_init(&d->p, TOK, HEADS, HEADS, DIM);
    for (size_t n = 0; n < rotary_dim / 2; n++)
        d->freq[n] = pow(10000, -2.0 * (double)n / (double)rotary_dim);
    d->p.rotary_dim = rotary_dim;
    d->p.inv_freq = d->freq;
    d->p.pairing = interleaved ? ROPELAW_ATTENTION_INTERLEAVED : ROPELAW_ATTENTION_HALF_SPLIT;
    d->p.position_offset = offset;
    for (size_t i = 0; i < TOK * HEADS * DIM; i++)
        d->exact[i] = d->x[i] = (float)(2 * ropelaw_random_uniform(&random) - 1);
}

/* Two products and a sum of numbers <= 1 whose cos and sin are off by 1e-7: 2e-7 + 3 * 2^-24. */
static const double TOLERANCE = 4e-7;

START_TEST(every_kernel_rotates_as_the_reference) {
    static const size_t dims[] = {0, 2, 32, 64, 66, 70};
    data *d = malloc(sizeof *d);
    double *expected = malloc(sizeof d->exact);
    for (size_t i = 0; i < 6 * 2 * 3 * 3; i++) {
        const char *kernel = names[i % 3];
        if (!runs(kernel)) continue;
        ropelaw_attention_options options = {.n_threads = i % 2 ? SIZE_MAX / 2 : 1, .kernel = kernel};
        ropelaw_error e = {0};
        init(d, dims[i / 18], i / 3 % 2 != 0, i / 6 % 3 == 2 ? 16777100 : 0);
        d->p.attention_factor = i / 6 % 3 == 1 ? -0.75 : 1;
        ropelaw_attention_rotation r = {HEADS, d->p.q, d->p.q, (ropelaw_attention_direction)(i / 6 % 3)};
        test_assert_ok(ropelaw_attention_reference_rotate(&d->p, &r, d->exact, expected, &e), e);
        guarded pages;
        float *out = guarded_alloc(&pages, sizeof d->x);
        test_assert_ok(ropelaw_attention_rotate(&d->p, &options, &r, d->x, out, &e), e);
        for (size_t j = 0; j < TOK * HEADS * DIM; j++) test_assert_abs(out[j], expected[j], TOLERANCE / 0.75);
        test_assert_ok(ropelaw_attention_rotate(&d->p, &options, &r, d->x, d->x, &e), e);
        ck_assert_int_eq(memcmp(out, d->x, sizeof d->x), 0); /* in place: the same bytes */
        guarded_free(&pages);
    }
    free(d);
    free(expected);
}
END_TEST

/* Whole heads in half split are turned while the angles of the next token are reckoned: any number of heads and pairs, a
   head stride with room behind, positions across a multiple of 64, backwards too, and the last token has no next. */
START_TEST(whole_heads_rotate_as_the_reference) {
    enum { N = 70, MOST = 192, ROOM = 16 };
    static const size_t dims[] = {32, 64, 96, 128, 192}, heads[] = {1, 3, 8};
    double freq[MOST / 2];
    float *x = malloc(N * 8 * (MOST + ROOM) * sizeof *x);
    double *exact = malloc(N * 8 * (MOST + ROOM) * sizeof *exact),
           *expected = malloc(N * 8 * MOST * sizeof *expected);
    for (size_t i = 0; i < N * 8 * (MOST + ROOM); i++) exact[i] = x[i] = (float)(i % 2003) / 1001 - 1;
    for (size_t i = 0; i < 5 * 3 * 2; i++) {
        const size_t dim = dims[i % 5], n_heads = heads[i / 5 % 3], n = N * n_heads * dim;
        const ropelaw_attention_stride wide = {n_heads * (dim + ROOM), dim + ROOM};
        ropelaw_attention_problem p;
        ropelaw_error e = {0};
        ropelaw_attention_problem_init(&p, N, n_heads, n_heads, dim);
        for (size_t k = 0; k < dim / 2; k++) freq[k] = pow(500000, -2.0 * (double)k / (double)dim);
        p.rotary_dim = dim;
        p.inv_freq = freq;
        p.position_offset = 16777100;
        p.attention_factor = i % 2 ? 1.25 : 1;
        ropelaw_attention_rotation r = {n_heads, wide, p.q,
                                        i / 15 ? ROPELAW_ATTENTION_TRANSPOSE : ROPELAW_ATTENTION_ROTATE};
        test_assert_ok(ropelaw_attention_reference_rotate(&p, &r, exact, expected, &e), e);
        for (int k = 0; k < 3; k++) {
            if (!runs(names[k])) continue;
            ropelaw_attention_options options = {.kernel = names[k]};
            guarded pages, scratch;
            float *out = guarded_alloc(&pages, n * sizeof *out),
                  *again = guarded_alloc(&scratch, n * sizeof *out);
            test_assert_ok(ropelaw_attention_rotate(&p, &options, &r, x, out, &e), e);
            size_t n_off = 0;
            bool bad = false;
            for (size_t j = 0; j < n; j++) n_off += !(fabs(out[j] - expected[j]) <= 1.25 * TOLERANCE);
            ck_assert_uint_eq(n_off, 0);
            for (size_t t = 0; t < N; t++) { /* one by one, in place: the same bytes */
                float *row = again + t * n_heads * dim;
                ropelaw_attention_problem one = p;
                ropelaw_attention_rotation at = r;
                one.n_tok = 1;
                one.position_offset += t;
                at.in = p.q;
                for (size_t h = 0; h < n_heads; h++)
                    memcpy(row + h * dim, x + t * wide.tok + h * wide.head, dim * sizeof *x);
                bad |= ropelaw_attention_rotate(&one, &options, &at, row, row, &e) != ROPELAW_OK;
            }
            ck_assert(!bad && !memcmp(out, again, n * sizeof *out));
            guarded_free(&pages);
            guarded_free(&scratch);
        }
    }
    free(x);
    free(exact);
    free(expected);
}
END_TEST

/* Large output is streamed: the same bytes as token by token through the cache. */
START_TEST(streamed_output_is_the_same) {
    enum { N = 33000, D = 128 };
    double freq[D / 2];
    ropelaw_attention_problem p;
    ropelaw_error e = {0};
    ropelaw_attention_problem_init(&p, N, 1, 1, D);
    for (int n = 0; n < D / 2; n++) freq[n] = pow(10000, -n / 64.0);
    p.rotary_dim = D;
    p.inv_freq = freq;
    float *x = malloc(N * D * sizeof *x), *y = aligned_alloc(64, N * D * sizeof *y), small[D];
    for (size_t i = 0; i < N * D; i++) x[i] = (float)(i % 1001) / 1001;
    ropelaw_attention_rotation r = {1, p.q, p.q, ROPELAW_ATTENTION_ROTATE};
    test_assert_ok(ropelaw_attention_rotate(&p, NULL, &r, x, y, &e), e);
    for (size_t t = 0; t < N; t += 997) {
        ropelaw_attention_problem one = p;
        one.n_tok = 1;
        one.position_offset = t;
        test_assert_ok(ropelaw_attention_rotate(&one, NULL, &r, x + t * D, small, &e), e);
        ck_assert_int_eq(memcmp(small, y + t * D, sizeof small), 0);
    }
    free(x);
    free(y);
}
END_TEST

/* The table against long double libm at positions up to 2^24 and beyond. The product position * rate is rounded in
   double, which at 2^24 is another 2e-9. */
START_TEST(table_is_right_to_1e_7) {
    static const uint64_t at[] = {0, 1, 4095, 131071, 1048575, 8388607, 16777193};
    enum { N = 24, PAIRS = 67 };
    double freq[PAIRS];
    for (int n = 0; n < PAIRS; n++) freq[n] = pow(10000, -(double)n / PAIRS);
    double worst = 0;
    for (size_t i = 0; i < 7 * 3; i++) {
        const char *kernel = names[i % 3];
        if (!runs(kernel)) continue;
        ropelaw_attention_options options = {.kernel = kernel};
        ropelaw_attention_problem p;
        ropelaw_error e = {0};
        guarded pages[2];
        float *c = guarded_alloc(&pages[0], N * PAIRS * 4), *s = guarded_alloc(&pages[1], N * PAIRS * 4);
        ropelaw_attention_problem_init(&p, N, 1, 1, 2 * PAIRS);
        p.rotary_dim = 2 * PAIRS;
        p.inv_freq = freq;
        p.position_offset = at[i / 3];
        test_assert_ok(ropelaw_attention_table(&p, &options, c, s, &e), e);
        for (size_t t = 0; t < N; t++)
            for (size_t n = 0; n < PAIRS; n++) {
                long double angle = (long double)(at[i / 3] + t) * freq[n];
                worst = fmax(worst, fabs((double)(cosl(angle) - (long double)c[t * PAIRS + n])));
                worst = fmax(worst, fabs((double)(sinl(angle) - (long double)s[t * PAIRS + n])));
            }
        guarded_free(&pages[0]);
        guarded_free(&pages[1]);
    }
    ck_assert_msg(worst <= 1e-7, "worst error of a cosine or sine is %g", worst);
    ck_assert(worst > 1e-9); /* single precision cannot be better: the comparison did happen */
}
END_TEST

START_TEST(bad_arguments) {
    data *d = malloc(sizeof *d);
    ropelaw_error e = {0};
    ropelaw_attention_options options = {.kernel = "abacus"};
    init(d, 70, 0, 0);
    ropelaw_attention_rotation r = {HEADS, d->p.q, d->p.q, ROPELAW_ATTENTION_ROTATE};
    test_assert_fails(ropelaw_attention_rotate(&d->p, NULL, &r, d->x, d->x + 1, &e), ROPELAW_INVALID, e,
                      "out");
    test_assert_fails(ropelaw_attention_rotate(&d->p, NULL, &r, NULL, d->x, &e), ROPELAW_INVALID, e, "in");
    test_assert_fails(ropelaw_attention_rotate(&d->p, &options, &r, d->x, d->x, &e), ROPELAW_INVALID, e,
                      "kernel");
    test_assert_fails(ropelaw_attention_table(&d->p, NULL, d->x, d->x, &e), ROPELAW_INVALID, e, "cosine");
    test_assert_fails(ropelaw_attention_table(&d->p, NULL, d->x, NULL, &e), ROPELAW_INVALID, e, "sine");
    for (size_t i = 0; i < TOK * HEADS * DIM; i++) ck_assert(d->x[i] == (float)d->exact[i]);
    d->p.n_tok = 0;
    test_assert_ok(ropelaw_attention_rotate(&d->p, NULL, &r, NULL, NULL, &e), e);
    test_assert_ok(ropelaw_attention_table(&d->p, NULL, NULL, NULL, &e), e);
    free(d);
}
END_TEST

int main(void) {
    Suite *s = suite_create("rotate");
    const TTest *const tests[] = {every_kernel_rotates_as_the_reference,
                                  whole_heads_rotate_as_the_reference,
                                  streamed_output_is_the_same,
                                  table_is_right_to_1e_7,
                                  bad_arguments,
                                  NULL};
    test_add(s, "rotate", tests);
    return test_run(s);
}
