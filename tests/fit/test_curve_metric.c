/* Huber's loss, a covariance kept with the run, a given width: what they change in the fit of a run. */
#include "curve_runs.h"
#include "gsl_handler.h"
#include "core/core.h"
#include "num/quantile.h"
#include <ropelaw/fit.h>
#include <ropelaw/random.h>
#include <string.h>

enum { N = 14 };

static void make(setup *s, double width, uint64_t seed) {
    ropelaw_random random;
    ropelaw_random_init(&random, 23, seed);
    blank(s, ROPELAW_VALUE_LOSS);
    for (size_t i = 0; i < N; i++) {
        double x = (double)i * log(2), t = x - 6.4 * log(2);
        double bend = width > 0 ? width * log1p(exp(t / width)) : fmax(t, 0);
        add(s, 1024 * exp2((double)i), 2 - .05 * x + 2 * bend + .05 * ropelaw_random_normal(&random));
    }
}

static const double truth = 1024 * 84.448506; /* 2^6.4 */

static ropelaw_fit_options quick(void) {
    return draws(199, 199);
}

START_TEST(huber_holds_where_squares_do_not) {
    gsl_handler_install();
    setup s;
    ropelaw_fit_options o = quick(), robust = quick();
    robust.robust = ROPELAW_ROBUST_HUBER;
    make(&s, 0, 1);
    ropelaw_run_fit clean = fit_of(&s, &robust);
    ck_assert_str_eq(clean.break_tok.method, "Huber-F");
    ck_assert_str_eq(clean.onset[1].length_tok.method, "Huber-F");
    s.points[8].value += 3;
    ropelaw_run_fit squares = fit_of(&s, &o), huber = fit_of(&s, &robust);
    double onset = truth * exp(log(1.5) / 2);
    ck_assert(huber.n_clipped >= 1 && isfinite(huber.huber_limit) && isnan(squares.huber_limit));
    ck_assert(fabs(log(huber.break_profile.est / truth)) < .1);
    ck_assert(fabs(log(huber.onset[1].length_tok.est / onset)) < .1);
    ck_assert(huber.break_profile.lo < truth && truth < huber.break_profile.hi);
    /* what the wild point does to squares: a longer interval, or a break elsewhere */
    double length = log(squares.onset[1].length_tok.hi / squares.onset[1].length_tok.lo);
    ck_assert(!(length < 2 * log(huber.onset[1].length_tok.hi / huber.onset[1].length_tok.lo)));
    gsl_handler_check();
}
END_TEST

START_TEST(huber_needs_points) {
    setup s;
    ropelaw_fit_options o = quick();
    o.robust = ROPELAW_ROBUST_HUBER;
    make(&s, 0, 2);
    s.run.n_points = 7;
    for (size_t i = 0; i < 7; i++) s.points[i].value += i > 4 ? 1.4 * ((double)i - 4) : 0;
    ropelaw_run_fit f = fit_of(&s, &o);
    ck_assert(isnan(f.huber_limit) && !strcmp(f.break_profile.method, "profile-F"));
    double cov[N * N] = {0};
    for (size_t i = 0; i < N; i++) cov[i * (N + 1)] = 1e-3;
    make(&s, 0, 2);
    s.run.covariance = cov;
    s.run.n_covariance = N;
    ropelaw_run_fit fit;
    ropelaw_error error = {0};
    test_assert_fails(ropelaw_run_fit_eval(&s.run, &o, &fit, &error), ROPELAW_INVALID, error, "robust");
}
END_TEST

/* The run's own covariance is the option's. */
START_TEST(a_covariance_with_the_run) {
    setup s;
    make(&s, 0, 3);
    ropelaw_fit_options o = quick();
    double cov[N * N];
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++)
            cov[i * N + k] = .0025 * pow(.6, fabs((double)i - (double)k)) * (1 + .1 * (double)(i + k));
    o.covariance = cov;
    o.n_covariance = N;
    ropelaw_run_fit given = fit_of(&s, &o);
    o.covariance = NULL;
    s.run.covariance = cov;
    s.run.n_covariance = N;
    ropelaw_run_fit kept = fit_of(&s, &o);
    ck_assert(given.break_tok.lo == kept.break_tok.lo &&
              given.onset[0].length_tok.hi == kept.onset[0].length_tok.hi);
    ck_assert_str_eq(kept.break_profile.method, "profile-chi2");
    s.run.covariance = NULL;
    ck_assert(fit_of(&s, &o).break_tok.lo != kept.break_tok.lo);
}
END_TEST

/* The exact interval given a width holds the truth of a soft curve where that of the corner may not, and a tiny width is
   the corner. */
START_TEST(a_given_width) {
    setup s;
    ropelaw_fit_options o = quick();
    make(&s, .3, 4);
    o.width = .3;
    o.level = .99;
    ropelaw_run_fit f = fit_of(&s, &o);
    ck_assert_str_eq(f.break_tok.method, "exact given the width");
    ck_assert(f.break_tok.lo < truth && truth < f.break_tok.hi && f.break_tok.lo < f.break_tok.est);
    make(&s, 0, 5);
    o.width = 1e-4;
    ropelaw_run_fit sharp = fit_of(&s, &o);
    o.width = NAN;
    ropelaw_run_fit corner = fit_of(&s, &o);
    test_assert_abs(log(sharp.break_tok.est / corner.break_tok.est), 0, 13 * log(2) / 399);
    double length = log(corner.break_tok.hi / corner.break_tok.lo);
    test_assert_abs(log(sharp.break_tok.lo / corner.break_tok.lo), 0, .1 * length);
    test_assert_abs(log(sharp.break_tok.hi / corner.break_tok.hi), 0, .1 * length);
    ropelaw_run_fit fit;
    ropelaw_error error = {0};
    o.width = -1;
    test_assert_fails(ropelaw_run_fit_eval(&s.run, &o, &fit, &error), ROPELAW_DOMAIN, error, "width");
    o.width = .3;
    o.robust = ROPELAW_ROBUST_HUBER;
    test_assert_fails(ropelaw_run_fit_eval(&s.run, &o, &fit, &error), ROPELAW_INVALID, error, "width");
}
END_TEST

/* The profile interval of the break beside the exact one: both hold the truth of a clear break and are about as long. */
START_TEST(profile_of_the_break) {
    setup s;
    make(&s, 0, 6);
    ropelaw_fit_options o = quick();
    o.level = .99;
    ropelaw_run_fit f = fit_of(&s, &o);
    ck_assert_str_eq(f.break_profile.method, "profile-F");
    ck_assert(f.break_profile.est == f.break_tok.est);
    double exact = log(f.break_tok.hi / f.break_tok.lo),
           profile = log(f.break_profile.hi / f.break_profile.lo);
    ck_assert(profile > .7 * exact && profile < 1.4 * exact);
    ck_assert(f.break_profile.lo < truth && truth < f.break_profile.hi);
    double t = num_t_quantile(.995, N - 4); /* a strong break: nearly linear, so the delta method agrees */
    test_assert_rel(profile, 2 * t * f.break_profile.se, .25);
}
END_TEST

int main(void) {
    Suite *s = suite_create("curve metric");
    const TTest *const tests[] = {huber_holds_where_squares_do_not,
                                  huber_needs_points,
                                  a_covariance_with_the_run,
                                  a_given_width,
                                  profile_of_the_break,
                                  NULL};
    test_add(s, "metric", tests);
    return test_run(s);
}
