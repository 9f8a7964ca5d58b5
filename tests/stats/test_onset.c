#include "test.h"
#include "stats/onset.h"

static const stats_reference references[] = {STATS_REF_LINE, STATS_REF_MIN, STATS_REF_AT, STATS_REF_ABS};
static const double thetas[][SOFT_P] = {
    {1.6, -.05, .7,  9.5, -1.2},
    {1.6, .03,  .2,  9.5, -3  },
    {1.6, -.3,  1.1, 9.0, -.3 },
    {1.6, -.05, 1.2, 9.5, -6  }
};

static stats_onset onset_of(stats_reference reference, double eps) {
    return (stats_onset){.reference = reference,
                         .excess = log1p(eps),
                         .value = reference == STATS_REF_AT ? 8.3 : 2.6,
                         .first = 6.9};
}

/* The definition itself: f(X) is c above the reference, and was not before. */
START_TEST(onset_is_where_the_curve_says) {
    for (size_t r = 0; r < 4; r++)
        for (size_t t = 0; t < 4; t++)
            for (int e = 1; e <= 5; e += 2) {
                stats_onset o = onset_of(references[r], .1 * e);
                const double *theta = thetas[t];
                double x = stats_onset_find(&o, theta, NULL), y = stats_soft_eval(theta, x, NULL),
                       reference = 2.6;
                if (r == 0) reference = theta[0] + theta[1] * (x - theta[3]);
                if (r == 1) {
                    reference = INFINITY;
                    for (int k = 0; k <= 200000; k++)
                        reference =
                            fmin(reference, stats_soft_eval(theta, 6.9 + (x - 6.9) * k / 200000, NULL));
                }
                if (r == 2) reference = stats_soft_eval(theta, 8.3, NULL);
                test_assert_abs(y - reference, log1p(.1 * e), 1e-9);
            }
}
END_TEST

START_TEST(derivatives_and_inverse) {
    for (size_t r = 0; r < 4; r++)
        for (size_t t = 0; t < 4; t++) {
            stats_onset o = onset_of(references[r], .3);
            double g[SOFT_P], theta[SOFT_P], h = 1e-5;
            double x = stats_onset_find(&o, thetas[t], g);
            for (size_t k = 0; k < SOFT_P; k++) {
                for (size_t m = 0; m < SOFT_P; m++) theta[m] = thetas[t][m];
                theta[k] += h;
                double up = stats_onset_find(&o, theta, NULL);
                theta[k] -= 2 * h;
                double down = stats_onset_find(&o, theta, NULL);
                test_assert_abs((up - down) / (2 * h), g[k], 1e-5 * (1 + fabs(g[k])));
            }
            size_t solved = references[r] == STATS_REF_ABS ? SOFT_ALPHA : SOFT_PSI;
            double back[SOFT_P], chain[SOFT_P];
            for (size_t m = 0; m < SOFT_P; m++) back[m] = thetas[t][m];
            back[solved] = 0;
            ck_assert(stats_onset_place(&o, x, back, chain));
            test_assert_abs(back[solved], thetas[t][solved], 1e-9);
            for (size_t k = 0; k < SOFT_P; k++) {
                if (k == solved) continue;
                for (size_t m = 0; m < SOFT_P; m++) theta[m] = thetas[t][m];
                theta[k] += h;
                ck_assert(stats_onset_place(&o, x, theta, NULL));
                double up = theta[solved];
                theta[k] -= 2 * h;
                ck_assert(stats_onset_place(&o, x, theta, NULL));
                test_assert_abs((up - theta[solved]) / (2 * h), chain[k], 1e-5 * (1 + fabs(chain[k])));
            }
        }
}
END_TEST

START_TEST(curves_that_never_rise) {
    const double falling[] = {1.6, -2, log(1.5), 9.5, -1.2};
    for (size_t r = 1; r < 4; r++) {
        stats_onset o = onset_of(references[r], .1);
        if (r == 3) o.value = 20;
        ck_assert(isnan(stats_onset_find(&o, falling, NULL)));
    }
    stats_onset o = onset_of(STATS_REF_AT, .1);
    double theta[SOFT_P] = {1.6, -.05, .7, 9.5, -1.2};
    ck_assert(!stats_onset_place(&o, 8.0, theta, NULL)); /* before the reference length */
}
END_TEST

START_TEST(narrow_widths_are_hinges) {
    stats_onset o = onset_of(STATS_REF_LINE, .5);
    double theta[SOFT_P] = {1.6, -.05, log(2.0), 9.5, log(1e-6)};
    test_assert_rel(stats_onset_find(&o, theta, NULL), 9.5 + log1p(.5) / 2, 1e-14);
}
END_TEST

int main(void) {
    Suite *s = suite_create("onset");
    const TTest *const tests[] = {onset_is_where_the_curve_says, derivatives_and_inverse,
                                  curves_that_never_rise, narrow_widths_are_hinges, NULL};
    test_add(s, "onset", tests);
    return test_run(s);
}
