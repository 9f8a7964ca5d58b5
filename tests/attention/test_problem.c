/* Tests: problem.c buffers.c */
#include "test.h"
#include <ropelaw/attention.h>
#include <string.h>

static const double freq[2] = {1, 0.01};

static ropelaw_attention_problem plain(void) {
    ropelaw_attention_problem p;
    ropelaw_attention_problem_init(&p, 4, 4, 2, 8);
    p.rotary_dim = 4;
    p.inv_freq = freq;
    return p;
}

START_TEST(init_is_dense_and_causal) {
    ropelaw_attention_problem p = plain();
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_attention_problem_check(&p, &e), e);
    ck_assert_uint_eq(p.q.tok, 32);
    ck_assert_uint_eq(p.k.tok, 16);
    ck_assert_uint_eq(p.out.head, 8);
    test_assert_abs(p.softmax_scale, 0.35355339059327373, 1e-16);
    ropelaw_attention_problem_layout(&p, ROPELAW_ATTENTION_HEAD_TOK_DIM);
    ck_assert_uint_eq(p.q.tok, 8);
    ck_assert_uint_eq(p.v.head, 32);
}
END_TEST

#define FAILS(member, bad, code, argument)                                                                   \
    do {                                                                                                     \
        ropelaw_attention_problem p_ = plain();                                                              \
        ropelaw_error e_ = {0};                                                                              \
        p_.member = (bad);                                                                                   \
        test_assert_fails(ropelaw_attention_problem_check(&p_, &e_), code, e_, argument);                    \
    } while (0)

START_TEST(bad_problems_are_named) {
    ropelaw_error e = {0};
    const uint64_t far[4] = {0, 1, (UINT64_C(1) << 53) + 1, 2};
    const double nan_freq[2] = {1, NAN};
    test_assert_fails(ropelaw_attention_problem_check(NULL, &e), ROPELAW_INVALID, e, "problem");
    FAILS(rotary_dim, 3, ROPELAW_SHAPE, "rotary_dim");
    FAILS(rotary_dim, 10, ROPELAW_SHAPE, "rotary_dim");
    FAILS(head_dim, 0, ROPELAW_DOMAIN, "head_dim");
    FAILS(n_kv_heads, 3, ROPELAW_SHAPE, "n_kv_heads");
    FAILS(n_kv_heads, 0, ROPELAW_SHAPE, "n_kv_heads");
    FAILS(n_tok, SIZE_MAX / 4, ROPELAW_SHAPE, "n_tok");
    FAILS(n_tok, SIZE_MAX / 128, ROPELAW_SHAPE, "q");
    FAILS(v.tok, SIZE_MAX / 2, ROPELAW_SHAPE, "v");
    FAILS(pairing, (ropelaw_attention_pairing)7, ROPELAW_INVALID, "pairing");
    FAILS(inv_freq, NULL, ROPELAW_INVALID, "inv_freq");
    FAILS(inv_freq, nan_freq, ROPELAW_DOMAIN, "inv_freq");
    FAILS(attention_factor, INFINITY, ROPELAW_DOMAIN, "attention_factor");
    FAILS(softmax_scale, NAN, ROPELAW_DOMAIN, "softmax_scale");
    FAILS(log_n_train_len, 1, ROPELAW_DOMAIN, "log_n_train_len");
    FAILS(log_n_train_len, NAN, ROPELAW_DOMAIN, "log_n_train_len");
    FAILS(positions, far, ROPELAW_DOMAIN, "positions");
    FAILS(position_offset, (UINT64_C(1) << 53) - 2, ROPELAW_DOMAIN, "position_offset");
    FAILS(position_offset, UINT64_MAX, ROPELAW_DOMAIN, "position_offset");
}
END_TEST

START_TEST(last_position_is_allowed) {
    ropelaw_attention_problem p = plain();
    ropelaw_error e = {0};
    p.position_offset = (UINT64_C(1) << 53) - 3;
    test_assert_ok(ropelaw_attention_problem_check(&p, &e), e);
}
END_TEST

static ropelaw_status forward(const ropelaw_attention_problem *p, double *memory, const size_t at[4],
                              ropelaw_error *e) {
    ropelaw_attention_f64 x = {
        .q = memory + at[0], .k = memory + at[1], .v = memory + at[2], .out = memory + at[3]};
    return ropelaw_attention_reference_forward(p, &x, e);
}

/* Buffers of 128 (q, out) and 64 (k, v) doubles. */
START_TEST(overlap_is_refused_and_touches_nothing) {
    ropelaw_attention_problem p = plain();
    double memory[400];
    const struct {
        size_t at[4];
        const char *with;
    } cases[] = {
        {{0, 128, 192, 0},     "out"},
        {{0, 128, 192, 127},   "out"},
        {{0, 128, 192, 191},   "out"},
        {{256, 128, 192, 129}, "out"}
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ropelaw_error e = {0};
        for (int c = 0; c < 400; c++) memory[c] = c;
        test_assert_fails(forward(&p, memory, cases[i].at, &e), ROPELAW_INVALID, e, cases[i].with);
        for (int c = 0; c < 400; c++) ck_assert(memory[c] == c);
    }
    ropelaw_error e = {0};
    test_assert_ok(forward(&p, memory, (const size_t[4]){0, 0, 0, 128}, &e), e); /* inputs may be the same */
    test_assert_ok(forward(&p, memory, (const size_t[4]){0, 128, 192, 256}, &e), e);
}
END_TEST

/* One array [n_tok][q 32 | k 16 | v 16 | out 32]: rows interleave, nothing overlaps. */
START_TEST(fused_rows_are_no_overlap) {
    ropelaw_attention_problem p = plain();
    ropelaw_error e = {0};
    double memory[4 * 96] = {0};
    p.q.tok = p.k.tok = p.v.tok = p.out.tok = 96;
    test_assert_ok(forward(&p, memory, (const size_t[4]){0, 32, 48, 64}, &e), e);
    test_assert_fails(forward(&p, memory, (const size_t[4]){0, 32, 48, 63}, &e), ROPELAW_INVALID, e, "out");
}
END_TEST

START_TEST(fused_heads_are_no_overlap) {
    ropelaw_attention_problem p = plain();
    ropelaw_error e = {0};
    double memory[4 * 128] = {0}; /* [head][q | k | v | out][n_tok][8] */
    p.n_kv_heads = 4;
    p.q = p.k = p.v = p.out = (ropelaw_attention_stride){8, 128};
    test_assert_ok(forward(&p, memory, (const size_t[4]){0, 32, 64, 96}, &e), e);
    test_assert_fails(forward(&p, memory, (const size_t[4]){0, 32, 64, 95}, &e), ROPELAW_INVALID, e, "out");
}
END_TEST

START_TEST(output_rows_must_not_overlap_each_other) {
    ropelaw_attention_problem p = plain();
    ropelaw_error e = {0};
    double memory[600] = {0};
    p.out.tok = 31;
    test_assert_fails(forward(&p, memory, (const size_t[4]){0, 128, 192, 256}, &e), ROPELAW_INVALID, e,
                      "out");
    p.out.tok = 0;
    test_assert_fails(forward(&p, memory, (const size_t[4]){0, 128, 192, 256}, &e), ROPELAW_INVALID, e,
                      "out");
    p.out.tok = 32;
    p.q.tok = 0; /* one query for all tokens is fine */
    test_assert_ok(forward(&p, memory, (const size_t[4]){0, 128, 192, 256}, &e), e);
}
END_TEST

START_TEST(missing_and_misaligned_buffers) {
    ropelaw_attention_problem p = plain();
    ropelaw_error e = {0};
    double m[512] = {0};
    ropelaw_attention_f64 x = {.q = m, .k = NULL, .v = m, .out = m + 256};
    test_assert_fails(ropelaw_attention_reference_forward(&p, &x, &e), ROPELAW_INVALID, e, "k");
    char *odd = (char *)m + 4;
    void *misaligned = odd;
    x.k = misaligned;
    test_assert_fails(ropelaw_attention_reference_forward(&p, &x, &e), ROPELAW_INVALID, e, "k");
    test_assert_fails(ropelaw_attention_reference_forward(&p, NULL, &e), ROPELAW_INVALID, e, "tensors");
}
END_TEST

START_TEST(nothing_is_ok) {
    ropelaw_attention_problem p = plain();
    ropelaw_error e = {0};
    ropelaw_attention_f64 x = {0};
    p.n_tok = 0;
    test_assert_ok(ropelaw_attention_reference_forward(&p, &x, &e), e);
    test_assert_ok(ropelaw_attention_reference_backward(&p, &x, &e), e);
    p = plain();
    p.n_heads = p.n_kv_heads = 0;
    test_assert_ok(ropelaw_attention_reference_forward(&p, &x, &e), e);
}
END_TEST

START_TEST(rotation_arguments) {
    ropelaw_attention_problem p = plain();
    ropelaw_error e = {0};
    double m[256] = {0};
    ropelaw_attention_rotation r = {4, p.q, p.q, ROPELAW_ATTENTION_ROTATE};
    test_assert_ok(ropelaw_attention_reference_rotate(&p, &r, m, m, &e), e);
    test_assert_fails(ropelaw_attention_reference_rotate(&p, &r, m, m + 1, &e), ROPELAW_INVALID, e, "out");
    test_assert_fails(ropelaw_attention_reference_rotate(&p, NULL, m, m, &e), ROPELAW_INVALID, e, "rotation");
    p.attention_factor = 0;
    test_assert_ok(ropelaw_attention_reference_rotate(&p, &r, m, m, &e), e);
    r.direction = ROPELAW_ATTENTION_INVERSE;
    test_assert_fails(ropelaw_attention_reference_rotate(&p, &r, m, m, &e), ROPELAW_DOMAIN, e,
                      "attention_factor");
    r.direction = (ropelaw_attention_direction)5;
    test_assert_fails(ropelaw_attention_reference_rotate(&p, &r, m, m, &e), ROPELAW_INVALID, e, "direction");
}
END_TEST

START_TEST(rows_of_statistics_are_checked) {
    ropelaw_attention_problem p = plain();
    ropelaw_error e = {0};
    double m[256] = {0}, lse[8];
    const size_t rows[2] = {0, 4};
    ropelaw_attention_f64 x = {.q = m, .k = m + 128};
    ropelaw_attention_stats s = {.rows = rows, .n_rows = 2, .lse = lse};
    test_assert_fails(ropelaw_attention_reference_stats(&p, &x, &s, &e), ROPELAW_DOMAIN, e, "rows");
    s.n_rows = 1;
    test_assert_ok(ropelaw_attention_reference_stats(&p, &x, &s, &e), e);
    s.lse = m;
    test_assert_fails(ropelaw_attention_reference_stats(&p, &x, &s, &e), ROPELAW_INVALID, e, "lse");
}
END_TEST

int main(void) {
    Suite *s = suite_create("problem");
    const TTest *const tests[] = {init_is_dense_and_causal,
                                  bad_problems_are_named,
                                  last_position_is_allowed,
                                  overlap_is_refused_and_touches_nothing,
                                  fused_rows_are_no_overlap,
                                  fused_heads_are_no_overlap,
                                  output_rows_must_not_overlap_each_other,
                                  missing_and_misaligned_buffers,
                                  nothing_is_ok,
                                  rotation_arguments,
                                  rows_of_statistics_are_checked,
                                  NULL};
    test_add(s, "problem", tests);
    return test_run(s);
}
