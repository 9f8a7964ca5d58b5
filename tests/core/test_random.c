#include "test.h"
#include <ropelaw/random.h>

/* Known answers of the authors' distribution (Random123 kat_vectors, philox4x32 10). */
START_TEST(known_answers) {
    ropelaw_random r;
    ropelaw_random_init(&r, 0, 0);
    const uint32_t zero[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    for (int i = 0; i < 4; i++) ck_assert_uint_eq(ropelaw_random_bits(&r), zero[i]);
    ropelaw_random_init(&r, UINT64_MAX, UINT64_MAX);
    r.counter[0] = r.counter[1] = UINT32_MAX;
    const uint32_t ones[4] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    for (int i = 0; i < 4; i++) ck_assert_uint_eq(ropelaw_random_bits(&r), ones[i]);
}
END_TEST

/* Blocks are counted in the low 64 bits of the counter. */
START_TEST(blocks_follow_the_counter) {
    ropelaw_random running, jumped;
    ropelaw_random_init(&running, 5, 9);
    for (int i = 0; i < 12; i++) (void)ropelaw_random_bits(&running);
    ropelaw_random_init(&jumped, 5, 9);
    jumped.counter[0] = 3;
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(ropelaw_random_bits(&running), ropelaw_random_bits(&jumped));
    jumped.counter[0] = UINT32_MAX, jumped.used = 4;
    (void)ropelaw_random_bits(&jumped);
    ck_assert_uint_eq(jumped.counter[0], 0);
    ck_assert_uint_eq(jumped.counter[1], 1);
    ck_assert_uint_eq(jumped.counter[2], 9);
}
END_TEST

START_TEST(streams_differ_and_repeat) {
    ropelaw_random a, b, c;
    ropelaw_random_init(&a, 7, 1), ropelaw_random_init(&b, 7, 1), ropelaw_random_init(&c, 7, 2);
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t x = ropelaw_random_bits(&a);
        ck_assert_uint_eq(x, ropelaw_random_bits(&b));
        same += x == ropelaw_random_bits(&c);
    }
    ck_assert_int_le(same, 1);
}
END_TEST

/* n = 1e5: the standard error of a mean of U is 9.1e-4, of a normal 3.2e-3, of its variance 4.5e-3. Bounds at 5 sigma. */
START_TEST(moments) {
    ropelaw_random r;
    ropelaw_random_init(&r, 1, 0);
    double u = 0, m = 0, v = 0;
    enum { N = 100000 };
    for (int i = 0; i < N; i++) {
        double x = ropelaw_random_uniform(&r), z = ropelaw_random_normal(&r);
        ck_assert(x > 0 && x < 1);
        u += x / N, m += z / N, v += z * z / N;
    }
    test_assert_abs(u, 0.5, 5 * 9.1e-4);
    test_assert_abs(m, 0, 5 * 3.2e-3);
    test_assert_abs(v, 1, 5 * 4.5e-3);
}
END_TEST

/* 6e4 draws on 6 values: each count is 1e4 with sd 91; bound at 5 sigma. */
START_TEST(below_is_even) {
    ropelaw_random r;
    ropelaw_random_init(&r, 2, 0);
    int count[6] = {0};
    for (int i = 0; i < 60000; i++) count[ropelaw_random_below(&r, 6)]++;
    for (int i = 0; i < 6; i++) ck_assert_int_lt(abs(count[i] - 10000), 5 * 91);
    ck_assert_uint_eq(ropelaw_random_below(&r, 1), 0);
}
END_TEST

int main(void) {
    Suite *s = suite_create("random");
    const TTest *const tests[] = {
        known_answers, blocks_follow_the_counter, streams_differ_and_repeat, moments, below_is_even, NULL};
    test_add(s, "random", tests);
    return test_run(s);
}
