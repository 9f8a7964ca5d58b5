#include "test.h"
#include "core/core.h"
#include <ropelaw/bootstrap.h>
#include <ropelaw/random.h>
#include "../golden/segmented.inc"

enum { MOST = 64 };

static ropelaw_break_interval interval_of(const double (*rows)[2], size_t n, const ropelaw_break_options *o) {
    double x[MOST], y[MOST];
    for (size_t i = 0; i < n; i++) {
        x[i] = rows[i][0];
        y[i] = rows[i][1];
    }
    ropelaw_points points = {n, x, y, NULL};
    ropelaw_break_interval k;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_break_interval_eval(&points, o, &k, &error), error);
    return k;
}

#define OF(set, o) interval_of(set, sizeof set / sizeof *set, o)

/* lm.br 2.9.8 calls it AF; tolerance 0.5 % of the length. */
START_TEST(profile_f_is_that_of_lm_br) {
    ropelaw_break_options o = ropelaw_break_options_default;
    o.method = ROPELAW_BREAK_PROFILE_F;
    const struct {
        ropelaw_break_interval k;
        double lo, hi;
    } golden[] = {
        {OF(stagnant,  &o), -0.0282832, 0.0880669},
        {OF(plant_RKV, &o), 362.811,    400.879  },
        {OF(plant_RKW, &o), 440.338,    497.602  },
        {OF(plant_RWC, &o), 316.142,    347.346  },
        {OF(synth12,   &o), 3.73805,    3.97018  }
    };
    for (size_t i = 0; i < CORE_COUNT(golden); i++) {
        double length = golden[i].hi - golden[i].lo;
        test_assert_abs(golden[i].k.lo, golden[i].lo, .005 * length);
        test_assert_abs(golden[i].k.hi, golden[i].hi, .005 * length);
    }
    ropelaw_break_interval weak = OF(synth12weak, &o);
    ck_assert(weak.lo == -INFINITY && weak.hi == INFINITY);
}
END_TEST

/* On a clear break with 28 points all methods tell about the same. */
START_TEST(methods_agree_where_they_should) {
    ropelaw_break_options o = ropelaw_break_options_default;
    for (int m = ROPELAW_BREAK_PROFILE_F; m <= ROPELAW_BREAK_BOOTSTRAP_F; m++)
        for (int r = ROPELAW_RESAMPLE_RESIDUALS; r <= ROPELAW_RESAMPLE_CASES; r++) {
            o.method = (ropelaw_break_method)m;
            o.resample = (ropelaw_resample)r;
            o.n_draws = 999;
            ropelaw_break_interval k = OF(stagnant, &o);
            test_assert_abs(k.psi, 0.0411057845921148, 1e-12);
            double length = 0.0882345098 +
                            0.0060229399; /* the delta interval; segmented's score interval is 2.2 times it */
            ck_assert_msg(k.lo < k.psi && k.psi < k.hi && k.hi - k.lo > .6 * length &&
                              k.hi - k.lo < 2.2 * length,
                          "%s, resample %d: [%g, %g]", ropelaw_break_method_str(o.method), r, k.lo, k.hi);
        }
}
END_TEST

/* Coverage of 95 % intervals, 200 curves of 12 lengths: bootstrap-F and studentised are calibrated, percentile is not
   promised to be. */
START_TEST(calibrated_methods_cover) {
    enum { CURVES = 200 };
    static const ropelaw_break_method methods[] = {ROPELAW_BREAK_PROFILE_F, ROPELAW_BREAK_STUDENTISED,
                                                   ROPELAW_BREAK_BOOTSTRAP_F};
    for (size_t m = 0; m < 3; m++) {
        size_t covered = 0;
        for (uint64_t s = 0; s < CURVES; s++) {
            double rows[12][2];
            ropelaw_random random;
            ropelaw_random_init(&random, 8, s);
            for (int i = 0; i < 12; i++) {
                rows[i][0] = i;
                rows[i][1] = -.05 * i + 1.4 * fmax(0, i - 5.4) + .1 * ropelaw_random_normal(&random);
            }
            ropelaw_break_options o = ropelaw_break_options_default;
            o.method = methods[m];
            o.resample = ROPELAW_RESAMPLE_NORMAL;
            o.n_draws = 199;
            o.seed = 100 + s;
            ropelaw_break_interval k = interval_of((const double(*)[2])rows, 12, &o);
            covered += k.lo <= 5.4 && 5.4 <= k.hi;
        }
        test_assert_abs((double)covered / CURVES, .95, .015 + 3 * sqrt(.05 * .95 / CURVES));
    }
}
END_TEST

START_TEST(threads_do_not_matter) {
    ropelaw_break_options o = ropelaw_break_options_default;
    ropelaw_break_interval one = OF(synth12, &o);
    for (o.threads = 2; o.threads <= 8; o.threads *= 4) {
        ropelaw_break_interval other = OF(synth12, &o);
        ck_assert(one.lo == other.lo && one.hi == other.hi);
    }
    o.threads = SIZE_MAX / 2; /* room is made for those that run */
    ropelaw_break_interval other = OF(synth12, &o);
    ck_assert(one.lo == other.lo && one.hi == other.hi);
}
END_TEST

START_TEST(refusals) {
    double x[] = {1, 2, 3, 4, 5, 6}, y[] = {1, 1, 1, 2, 3, 4};
    ropelaw_points points = {4, x, y, NULL};
    ropelaw_break_options o = ropelaw_break_options_default;
    ropelaw_break_interval k;
    ropelaw_error error = {0};
    test_assert_fails(ropelaw_break_interval_eval(&points, &o, &k, &error), ROPELAW_SHAPE, error, "points");
    points.n = 6;
    o.level = 1;
    test_assert_fails(ropelaw_break_interval_eval(&points, &o, &k, &error), ROPELAW_DOMAIN, error, "level");
    o.level = .9;
    o.n_draws = 3;
    test_assert_fails(ropelaw_break_interval_eval(&points, &o, &k, &error), ROPELAW_DOMAIN, error, "n_draws");
    o.n_draws = 99;
    y[2] = NAN;
    test_assert_fails(ropelaw_break_interval_eval(&points, &o, &k, &error), ROPELAW_DOMAIN, error, "y");
    y[2] = 1.1;
    test_assert_fails(ropelaw_break_interval_eval(NULL, &o, &k, &error), ROPELAW_INVALID, error, "points");
    for (long n = 1; n < 13; n++) {
        core_fail_allocations_from(n);
        test_assert_fails(ropelaw_break_interval_eval(&points, &o, &k, &error), ROPELAW_NOMEM, error, "");
        core_fail_allocations_from(0);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("bootstrap");
    const TTest *const tests[] = {profile_f_is_that_of_lm_br,
                                  methods_agree_where_they_should,
                                  calibrated_methods_cover,
                                  threads_do_not_matter,
                                  refusals,
                                  NULL};
    test_add(s, "bootstrap", tests);
    return test_run(s);
}
