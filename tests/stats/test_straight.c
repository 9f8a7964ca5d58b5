#include "test.h"
#include "core/core.h"
#include "stats/family.h"
#include "stats/straight.h"
#include <ropelaw/random.h>

enum { MOST = 2000 };

typedef struct {
    double x[MOST], y[MOST], weight[MOST];
    stats_data data;
} curve;

/* Lengths of n points in one of three designs, values a times length^slope, as a file would carry them. */
static void fill(curve *c, size_t n, double a, double slope, size_t design) {
    for (size_t i = 0; i < n; i++) {
        double len = design == 0   ? 256 * exp2((double)i * (n > 20 ? 12. / (double)n : 1))
                     : design == 1 ? 1000.0 * (double)(i + 1)
                                   : floor(700 * pow(1.37, (double)(i % 30))) + 1e6 * floor((double)i / 30);
        c->x[i] = log(len);
        c->y[i] = log(a * pow(len / 256, slope));
        c->weight[i] = 1 + (double)(i % 4);
    }
    c->data = (stats_data){.n = n, .x = c->x, .y = c->y};
}

/* The line of the registry, under equal errors and weights, is the second route. */
START_TEST(line_of_the_registry) {
    static curve c;
    ropelaw_error error = {0};
    for (uint64_t seed = 0; seed < 6; seed++) {
        ropelaw_random random;
        ropelaw_random_init(&random, 11, seed);
        fill(&c, 12, 5, -.1, 0);
        for (size_t i = 0; i < 12; i++) c.y[i] += .05 * ropelaw_random_normal(&random);
        if (seed % 2) c.data.weight = c.weight;
        ropelaw_family_fit other;
        stats_straight line;
        double influence[12], moved[12], squares = 0;
        test_assert_ok(stats_family_solve(&stats_family_line, &c.data, &other, NULL, &error), error);
        ck_assert_int_eq(stats_straight_fit(&c.data, influence, &line), ROPELAW_OK);
        test_assert_rel(line.rss, other.rss, 1e-11);
        test_assert_rel(line.slope, other.theta[1], 1e-11);
        test_assert_rel(line.alpha - line.slope * line.center, other.theta[0], 1e-11);
        ck_assert(!line.exact);
        for (size_t k = 0; k < 12; k++) { /* the slope is linear in y */
            stats_straight other_line;
            stats_data data = c.data;
            for (size_t i = 0; i < 12; i++) moved[i] = c.y[i] + (i == k);
            data.y = moved;
            ck_assert_int_eq(stats_straight_fit(&data, NULL, &other_line), ROPELAW_OK);
            double unit = seed % 2 ? c.weight[k] : 1;
            test_assert_abs(other_line.slope - line.slope, influence[k], 1e-12);
            squares += influence[k] * influence[k] / unit;
        }
        test_assert_rel(squares, line.variance, 1e-11);
    }
}
END_TEST

/* Rounding is recognised as such, whatever constant, slope and design, and nothing a thousand times larger is. */
START_TEST(rounding_and_no_more) {
    static curve c;
    static const double a[] = {2.1, 3.3, 1, 1 + 1e-9, 1e-3, 123456.789, 7.123456789, 1e280, .1, 1e15};
    static const double slope[] = {0, -.04, .3, 2, -3.7};
    static const size_t n[] = {4, 5, 8, 10, 13, 40, 333, 2000};
    size_t count = 0;
    for (size_t i = 0; i < CORE_COUNT(a); i++)
        for (size_t k = 0; k < CORE_COUNT(slope); k++)
            for (size_t m = 0; m < CORE_COUNT(n); m++)
                for (size_t design = 0; design < 3; design++) {
                    stats_straight line;
                    fill(&c, n[m], a[i], slope[k], design);
                    if (count % 2) c.data.weight = c.weight;
                    ck_assert_int_eq(stats_straight_fit(&c.data, NULL, &line), ROPELAW_OK);
                    ck_assert_msg(line.exact, "a %g, slope %g, n %zu, design %zu: %g > %g", a[i], slope[k],
                                  n[m], design, line.rss, stats_rounding_rss(&c.data));
                    double most = 0, left = count % 3 ? 1 : -1;
                    for (size_t p = 0; p < n[m]; p++) {
                        most = fmax(most, 1 + fabs(c.y[p]) + fabs(slope[k] * c.x[p]));
                        left = -left;
                        c.y[p] += left * 1000 * 2.2e-16 * most;
                    }
                    ck_assert_int_eq(stats_straight_fit(&c.data, NULL, &line), ROPELAW_OK);
                    ck_assert_msg(!line.exact, "a %g, slope %g, n %zu, design %zu", a[i], slope[k], n[m],
                                  design);
                    count++;
                }
}
END_TEST

/* Under a covariance the fit is that of whitened columns; scaling the covariance scales the sum. */
START_TEST(under_a_covariance) {
    enum { N = 6 };
    double x[N], y[N], lower[N * N] = {0}, weight[N];
    for (size_t i = 0; i < N; i++) {
        x[i] = (double)i;
        y[i] = 2 + .3 * x[i] + .1 * sin(5.0 * (double)i);
        weight[i] = 1 / (.01 * (double)((i + 1) * (i + 1)));
        lower[i * N + i] = .1 * (double)(i + 1);
    }
    stats_data diagonal = {.n = N, .x = x, .y = y, .weight = weight},
               full = {.n = N, .x = x, .y = y, .lower = lower};
    stats_straight a, b;
    ck_assert_int_eq(stats_straight_fit(&diagonal, NULL, &a), ROPELAW_OK);
    ck_assert_int_eq(stats_straight_fit(&full, NULL, &b), ROPELAW_OK);
    test_assert_rel(b.rss, a.rss, 1e-12);
    test_assert_rel(b.slope, a.slope, 1e-12);
    test_assert_rel(b.variance, a.variance, 1e-12);
    test_assert_rel(stats_rounding_rss(&full), stats_rounding_rss(&diagonal), 1e-12);
}
END_TEST

START_TEST(out_of_memory) {
    static curve c;
    stats_straight line;
    fill(&c, 8, 2, 0, 0);
    core_fail_allocations_from(1);
    ropelaw_status status = stats_straight_fit(&c.data, NULL, &line);
    core_fail_allocations_from(0);
    ck_assert_int_eq(status, ROPELAW_NOMEM);
}
END_TEST

int main(void) {
    Suite *s = suite_create("straight");
    const TTest *const tests[] = {line_of_the_registry, rounding_and_no_more, under_a_covariance,
                                  out_of_memory, NULL};
    test_add(s, "straight", tests);
    return test_run(s);
}
