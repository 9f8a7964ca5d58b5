#include "test.h"
#include "gsl_handler.h"
#include "core/core.h"
#include "stats/break_test.h"
#include "../golden/segmented.inc"
#include <ropelaw/random.h>

enum { MOST = 64 };

typedef struct {
    double x[MOST], y[MOST];
    stats_data data;
} curve;

static void load(curve *c, const double (*rows)[2], size_t n) {
    for (size_t i = 0; i < n; i++) {
        c->x[i] = rows[i][0];
        c->y[i] = rows[i][1];
    }
    c->data = (stats_data){.n = n, .x = c->x, .y = c->y};
}

#define LOAD(c, set) load(c, set, sizeof set / sizeof *set)

START_TEST(davies_as_printed_by_segmented) {
    gsl_handler_install();
    curve c;
    ropelaw_status status;
    LOAD(&c, plant_RKV);
    test_assert_rel(stats_davies(&c.data, 10, &status), 1.17285700065e-16, 1e-8);
    LOAD(&c, plant_RKW);
    test_assert_rel(stats_davies(&c.data, 10, &status), 2.53129068884e-14, 1e-8);
    LOAD(&c, plant_RWC);
    test_assert_rel(stats_davies(&c.data, 10, &status), 4.31296047084e-17, 1e-8);
    LOAD(&c, synth12weak);
    test_assert_rel(stats_davies(&c.data, 10, &status), .162566971, 1e-8);
    gsl_handler_check();
}
END_TEST

static const stats_simulation simulation = {.n_draws = 9999, .seed = 1, .threads = 1};

START_TEST(weak_break) {
    curve c;
    LOAD(&c, synth12weak);
    stats_sup_f test;
    ropelaw_error error = {0};
    test_assert_ok(stats_sup_f_test(&c.data, &simulation, &test, &error), error);
    test_assert_abs(test.p, .1697, 3 * sqrt(.17 * .83 / 9999)); /* three standard errors of the simulation */
    LOAD(&c, synth12);
    test_assert_ok(stats_sup_f_test(&c.data, &simulation, &test, &error), error);
    test_assert_abs(test.p, 1e-4, 1e-12); /* none of 9999 */
}
END_TEST

START_TEST(critical_values) {
    static const struct {
        size_t n;
        double critical,
            slope; /* slope: d F / d alpha there, about -F/alpha * 0.5; three simulation errors */
    } golden[] = {
        {6,  13.64, 0},
        {8,  6.88,  0},
        {12, 4.98,  0},
        {24, 4.20,  0}
    };
    for (size_t i = 0; i < 4; i++) {
        double x[24], y[24] = {0}, critical, low, high;
        for (size_t k = 0; k < golden[i].n; k++) x[k] = (double)k;
        stats_data data = {.n = golden[i].n, .x = x, .y = y};
        ropelaw_error error = {0};
        test_assert_ok(stats_sup_f_critical(&data, 0.05, &simulation, &critical, &error), error);
        double se = sqrt(.05 * .95 / 9999);
        test_assert_ok(stats_sup_f_critical(&data, 0.05 + 4 * se, &simulation, &low, &error), error);
        test_assert_ok(stats_sup_f_critical(&data, 0.05 - 4 * se, &simulation, &high, &error), error);
        ck_assert_msg(low <= golden[i].critical && golden[i].critical <= high, "n = %zu: %g of [%g, %g]",
                      golden[i].n, critical, low, high);
    }
}
END_TEST

START_TEST(threads_do_not_matter) {
    curve c;
    LOAD(&c, synth12weak);
    ropelaw_error error = {0};
    stats_sup_f one, other;
    stats_simulation many = simulation;
    test_assert_ok(stats_sup_f_test(&c.data, &simulation, &one, &error), error);
    for (size_t threads = 2; threads <= 8; threads *= 4) {
        many.threads = threads;
        test_assert_ok(stats_sup_f_test(&c.data, &many, &other, &error), error);
        ck_assert(one.f == other.f && one.p == other.p);
    }
}
END_TEST

/* A law that is at hand gives the p value that simulating it again gives, and no other law is taken for it. */
START_TEST(laws_are_kept) {
    stats_null_laws *laws = stats_null_laws_create();
    stats_simulation plain = {.n_draws = 499, .seed = 3, .threads = 1}, kept = plain;
    double x[14], y[14], weight[14];
    size_t differ = 0;
    ck_assert(laws != NULL);
    kept.laws = laws;
    for (int k = 0; k < 400; k++) {
        ropelaw_random random;
        ropelaw_random_init(&random, 8, (uint64_t)k / 2); /* every other curve is the one before */
        size_t n = 5 + (size_t)(ropelaw_random_uniform(&random) * 5), design = k % 3;
        stats_sup_f a, b;
        ropelaw_error error = {0};
        for (size_t i = 0; i < n; i++) {
            x[i] = (double)i + (design == 1 && i == 2 ? .5 : 0);
            y[i] = ropelaw_random_normal(&random);
            weight[i] = 1 + (double)(i % 2);
        }
        stats_data data = {.n = n, .x = x, .y = y, .weight = design == 2 ? weight : NULL};
        if (k % 7 == 0) data.sigma = 1;
        plain.seed = kept.seed = 3 + (k % 11 == 0);
        plain.n_draws = kept.n_draws = k % 13 ? 499 : 199;
        test_assert_ok(stats_sup_f_test(&data, &plain, &a, &error), error);
        test_assert_ok(stats_sup_f_test(&data, &kept, &b, &error), error);
        ck_assert(a.f == b.f && a.p == b.p);
        differ += a.p != .5;
    }
    ck_assert(differ > 300);
    size_t before = stats_null_laws_simulated(laws); /* counted where a law is missing, and there alone */
    for (int k = 0; k < 5; k++) {
        ropelaw_error error = {0};
        stats_sup_f a;
        stats_data data = {.n = 5, .x = x, .y = y};
        x[2] = k < 3 ? 2.25 : 2.125;
        test_assert_ok(stats_sup_f_test(&data, &kept, &a, &error), error);
        ck_assert_uint_eq(stats_null_laws_simulated(laws) - before, k < 3 ? 1 : 2);
    }
    stats_data data = {.n = 6, .x = x, .y = y};
    x[2] = 2; /* a law that could not be kept, or not be finished, does not stay */
    for (long k = 1; k < 30; k++) {
        stats_sup_f a, b;
        ropelaw_error error = {0};
        plain.seed = kept.seed = 100 + (uint64_t)k;
        core_fail_allocations_from(k);
        ropelaw_status status = stats_sup_f_test(&data, &kept, &b, &error);
        core_fail_allocations_from(0);
        ck_assert(status == ROPELAW_OK || status == ROPELAW_NOMEM);
        test_assert_ok(stats_sup_f_test(&data, &plain, &a, &error), error);
        test_assert_ok(stats_sup_f_test(&data, &kept, &b, &error), error);
        ck_assert(a.p == b.p);
    }
    stats_null_laws_destroy(laws);
    stats_null_laws_destroy(NULL);
}
END_TEST

/* Any line leaves F alone, and so does any unit of y. */
START_TEST(pivotal) {
    curve c;
    LOAD(&c, synth12weak);
    stats_sup_f a, b;
    ropelaw_error error = {0};
    test_assert_ok(stats_sup_f_test(&c.data, &simulation, &a, &error), error);
    for (size_t i = 0; i < c.data.n; i++) c.y[i] = 7 - 3 * c.x[i] + 100 * c.y[i];
    test_assert_ok(stats_sup_f_test(&c.data, &simulation, &b, &error), error);
    test_assert_rel(a.f, b.f, 1e-9);
    ck_assert_double_eq(a.p, b.p);
}
END_TEST

/* Constants and lines show no break, whatever their last digits are: both sums of squares are rounding. */
START_TEST(lines_have_no_break) {
    curve c;
    LOAD(&c, synth12weak);
    const double level[] = {2.1, 3, 5, 7.5, 1e-9, 1e9}, slope[] = {0, -0.1, 1.0 / 3};
    ropelaw_error error = {0};
    for (size_t n = 5; n <= 12; n++)
        for (size_t k = 0; k < 18; k++) {
            stats_data data = c.data;
            data.n = n;
            stats_sup_f f;
            for (size_t i = 0; i < n; i++) c.y[i] = log(level[k / 3]) + slope[k % 3] * c.x[i];
            test_assert_ok(stats_sup_f_test(&data, &simulation, &f, &error), error);
            ck_assert_msg(f.p == 1, "n %zu, ln %g with slope %g: p = %g", n, level[k / 3], slope[k % 3], f.p);
            c.y[n / 2] += 1e-9; /* and what is above rounding is a question again */
            test_assert_ok(stats_sup_f_test(&data, &simulation, &f, &error), error);
            ck_assert_double_gt(f.f, 0);
        }
}
END_TEST

START_TEST(refusals) {
    const double x[] = {1, 2, 3, 4}, y[] = {1, 1, 2, 3};
    stats_data data = {.n = 4, .x = x, .y = y};
    stats_sup_f test;
    ropelaw_status status;
    ropelaw_error error = {0};
    test_assert_fails(stats_sup_f_test(&data, &simulation, &test, &error), ROPELAW_SHAPE, error, "points");
    ck_assert(isnan(stats_davies(&data, 10, &status)));
    data.sigma = 0.1;
    test_assert_ok(stats_sup_f_test(&data, &simulation, &test, &error), error);
    curve c;
    LOAD(&c, synth12);
    for (long n = 1; n < 18; n++) {
        core_fail_allocations_from(n);
        status = stats_sup_f_test(&c.data, &simulation, &test, &error);
        core_fail_allocations_from(0);
        ck_assert(status == ROPELAW_NOMEM || (n > 14 && status == ROPELAW_OK));
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("break test");
    const TTest *const tests[] = {davies_as_printed_by_segmented,
                                  weak_break,
                                  critical_values,
                                  threads_do_not_matter,
                                  laws_are_kept,
                                  pivotal,
                                  lines_have_no_break,
                                  refusals,
                                  NULL};
    test_add(s, "break test", tests);
    return test_run(s);
}
