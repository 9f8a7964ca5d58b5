/* Tests: curve_break.c curve_data.c curve_diagnostics.c curve_families.c curve_fit.c curve_influence.c curve_onset.c curve_status.c curve_theory.c */
#include "curve_runs.h"
#include "gsl_handler.h"
#include "core/core.h"
#include "fit/curve_data.h"
#include "num/lsq.h"
#include <ropelaw/fit.h>
#include <ropelaw/number.h>
#include <ropelaw/random.h>
#include <stdio.h>
#include <string.h>

static ropelaw_fit_options quick(void) {
    return draws(199, 499);
}

START_TEST(a_clear_break) {
    gsl_handler_install();
    setup s;
    hinge_run(&s, 12, 6.4, 2, .05, 1);
    ropelaw_fit_options o = quick();
    o.level = .99; /* one curve may miss at .95 */
    ropelaw_run_fit f = fit_of(&s, &o);
    ck_assert_int_eq(f.status, ROPELAW_FIT_ESTIMATED);
    double truth = 1024 * exp2(6.4);
    ck_assert(f.break_tok.lo < truth && truth < f.break_tok.hi && f.break_tok.lo > truth / 1.5);
    ck_assert_str_eq(f.break_tok.method, "exact");
    for (size_t k = 0; k < 2; k++) {
        double onset = truth * exp(log1p(f.onset[k].eps) / 2);
        const ropelaw_estimate *e = &f.onset[k].length_tok;
        ck_assert(e->lo < onset && onset < e->hi && e->status == ROPELAW_FIT_ESTIMATED);
        ck_assert_str_eq(e->method, "profile-F");
        ck_assert(f.onset[k].bracket_lo_tok < e->hi && e->lo < f.onset[k].bracket_hi_tok);
    }
    ck_assert_double_eq(f.p_break, 1.0 / 500);
    test_assert_rel(f.theory.bound_tok, 129026.78, 1e-6);
    test_assert_rel(f.theory.ratio, f.onset[1].length_tok.est / f.theory.bound_tok, 1e-15);
    ck_assert_str_eq(f.theory.ratio_reason, "");
    test_assert_rel(f.theory.ratio_lo, f.onset[0].bracket_lo_tok / f.theory.bound_tok, 1e-15);
    test_assert_rel(f.theory.ratio_hi, f.onset[0].bracket_hi_tok / f.theory.bound_tok, 1e-15);
    ck_assert(f.slope_after.lo < 1.97 && 1.97 < f.slope_after.hi && f.slope_before.lo < -.03 &&
              -.03 < f.slope_before.hi);
    double weights = 0;
    for (size_t i = 0; i < f.n_rows; i++)
        weights += f.rows[i].fitted && !isnan(f.rows[i].weight) ? f.rows[i].weight : 0;
    test_assert_rel(weights, 1, 1e-12);
    gsl_handler_check();
}
END_TEST

/* Loss in nats and perplexity are one curve; the unit of length shifts all lengths alike. */
START_TEST(equivalent_inputs) {
    setup a, b, c;
    ropelaw_fit_options o = quick();
    hinge_run(&a, 10, 5.2, 1.5, .05, 2);
    b = a;
    c = a;
    b.run.points = b.points;
    c.run.points = c.points;
    b.run.kind = ROPELAW_VALUE_LOSS;
    for (size_t i = 0; i < 10; i++) {
        b.points[i].value = log(a.points[i].value);
        c.points[i].eval_len_tok *= 3;
    }
    ropelaw_run_fit fa = fit_of(&a, &o), fb = fit_of(&b, &o), fc = fit_of(&c, &o);
    test_assert_rel(fa.break_tok.est, fb.break_tok.est, 1e-12);
    test_assert_rel(fa.onset[1].length_tok.hi, fb.onset[1].length_tok.hi, 1e-6);
    test_assert_rel(3 * fa.break_tok.lo, fc.break_tok.lo, 1e-5);
    test_assert_rel(3 * fa.onset[0].length_tok.est, fc.onset[0].length_tok.est, 1e-6);
}
END_TEST

START_TEST(what_few_lengths_carry) {
    gsl_handler_install();
    ropelaw_fit_options o = quick();
    for (size_t n = 0; n <= 7; n++) {
        setup s;
        hinge_run(&s, n, 2.5, 2, .01, 3);
        ropelaw_run_fit f = fit_of(&s, &o);
        ck_assert_uint_eq(f.n, n);
        if (n < 5) ck_assert(isnan(f.break_tok.est) && isnan(f.p_break));
        if (n == 4) {
            ck_assert_int_eq(f.status, ROPELAW_FIT_UNIDENTIFIED);
            ck_assert(f.onset[1].bracket_lo_tok == 4096 && f.onset[1].bracket_hi_tok == 8192);
        }
        if (n >= 6) ck_assert(f.break_tok.est > 0 && f.onset[0].length_tok.est > 0);
        if (n < 6) ck_assert(isnan(f.onset[0].length_tok.est) && (f.caveats & ROPELAW_CAVEAT_FEW_POINTS));
    }
    /* four points and a known noise: the plateau hinge carries a break */
    setup s;
    hinge_run(&s, 4, 1.5, 2, .01, 4);
    o.sigma = .01;
    ropelaw_run_fit f = fit_of(&s, &o);
    double truth = 1024 * exp2(1.5);
    ck_assert(f.break_tok.est > 0 && f.break_tok.lo < truth * 1.05 && f.break_tok.hi > truth / 1.05);
    gsl_handler_check();
}
END_TEST

START_TEST(status_words) {
    ropelaw_fit_options o = quick();
    setup s;
    hinge_run(&s, 12, 30, 0, .02, 5); /* never breaks */
    ropelaw_run_fit f = fit_of(&s, &o);
    ck_assert_int_eq(f.status, ROPELAW_FIT_RIGHT);
    ck_assert(isnan(f.break_tok.est) && isinf(f.break_tok.hi) && f.break_tok.lo == f.len_max_tok);
    ck_assert(isnan(f.onset[1].length_tok.est) && f.onset[1].length_tok.lo <= f.len_max_tok);
    ck_assert(f.caveats & ROPELAW_CAVEAT_CENSORED);
    hinge_run(&s, 12, 10.5, 2, .001, 6); /* the last point alone lies past the break */
    f = fit_of(&s, &o);
    ck_assert_int_eq(f.status, ROPELAW_FIT_INTERVAL);
    test_assert_rel(f.break_tok.lo, 1024 * 1024.0, 1e-12);
    test_assert_rel(f.break_tok.hi, 2048 * 1024.0, 1e-12);
    ck_assert(isnan(f.break_tok.est));
    start(&s, ROPELAW_VALUE_PPL); /* steady curvature is no break */
    for (int i = 0; i < 12; i++) add(&s, 1024 * exp2(i), exp(1.8 + .02 * i * i + .002 * sin(9.0 * i)));
    f = fit_of(&s, &o);
    ck_assert_int_eq(f.status, ROPELAW_FIT_GRADUAL);
    ck_assert(isnan(f.break_tok.est) && f.onset[1].length_tok.est > 0);
    hinge_run(&s, 12, 0, .12, .02, 40); /* a steady rise has no plateau to leave */
    f = fit_of(&s, &o);
    ck_assert_int_eq(f.status, ROPELAW_FIT_NO_BREAK);
    ck_assert(isnan(f.break_tok.est) && isnan(f.onset[0].length_tok.est) && f.onset[0].bracket_hi_tok > 0);
    hinge_run(&s, 12, 6, 2, .02, 7);
    o.reference = ROPELAW_REFERENCE_VALUE;
    o.reference_value = 2; /* all points are above already */
    f = fit_of(&s, &o);
    ck_assert_int_eq(f.onset[0].length_tok.status, ROPELAW_FIT_LEFT);
    ck_assert(f.onset[0].length_tok.hi == 1024);
}
END_TEST

START_TEST(references_agree_on_a_plateau) {
    setup s;
    hinge_run(&s, 12, 6.4, 2, .001, 8);
    for (int i = 0; i < 12; i++) s.points[i].value *= exp(.03 * i * log(2)); /* level before the break */
    ropelaw_fit_options o = quick();
    double line = fit_of(&s, &o).onset[1].length_tok.est;
    o.reference = ROPELAW_REFERENCE_MINIMUM;
    test_assert_rel(fit_of(&s, &o).onset[1].length_tok.est, line, .01);
    o.reference = ROPELAW_REFERENCE_LENGTH;
    o.reference_value = 4096;
    test_assert_rel(fit_of(&s, &o).onset[1].length_tok.est, line, .01);
    o.reference = ROPELAW_REFERENCE_VALUE;
    o.reference_value = exp(1.8);
    test_assert_rel(fit_of(&s, &o).onset[1].length_tok.est, line, .01);
}
END_TEST

START_TEST(weights_and_covariances) {
    gsl_handler_install();
    setup s, t;
    hinge_run(&s, 12, 6.4, 2, .05, 9);
    t = s;
    t.run.points = t.points;
    double cov[144] = {0};
    for (size_t i = 0; i < 12; i++) {
        double se = .02 * (1 + (double)(i % 3));
        t.points[i].se = se * t.points[i].value;
        cov[13 * i] = se * se;
    }
    ropelaw_fit_options o = quick();
    ropelaw_run_fit weighted = fit_of(&t, &o);
    o.covariance = cov;
    o.n_covariance = 12;
    ropelaw_run_fit full = fit_of(&s, &o);
    test_assert_rel(weighted.break_tok.est, full.break_tok.est, 1e-9);
    test_assert_rel(weighted.onset[1].length_tok.est, full.onset[1].length_tok.est, 1e-5);
    ck_assert_str_eq(full.onset[1].length_tok.method, "profile-chi2");
    ropelaw_run_fit fit;
    ropelaw_error error = {0};
    cov[1] = cov[12] = .1;
    test_assert_fails(ropelaw_run_fit_eval(&s.run, &o, &fit, &error), ROPELAW_SINGULAR, error, "covariance");
    cov[12] = 0;
    test_assert_fails(ropelaw_run_fit_eval(&s.run, &o, &fit, &error), ROPELAW_DOMAIN, error, "covariance");
    o.n_covariance = 11;
    test_assert_fails(ropelaw_run_fit_eval(&s.run, &o, &fit, &error), ROPELAW_SHAPE, error, "covariance");
    gsl_handler_check();
}
END_TEST

START_TEST(limits_documents_replicates) {
    setup s, t;
    ropelaw_fit_options o = quick();
    hinge_run(&s, 10, 5.2, 1.5, .02, 10);
    add(&s, 1024 * exp2(10), 30)->censored = 1; /* off the chart */
    ropelaw_run_fit f = fit_of(&s, &o);
    ck_assert(f.n == 10 && f.n_censored == 1 && (f.caveats & ROPELAW_CAVEAT_CENSORED));
    start(&s, ROPELAW_VALUE_LOSS);
    start(&t, ROPELAW_VALUE_LOSS);
    for (int i = 0; i < 8; i++) {
        double y = 2 + 1.2 * fmax(0, i - 4.3);
        for (size_t d = 0; d < 3; d++)
            add(&s, 1024 * exp2(i), y + .1 * (double)d + .01 * sin(i * 3.0))->doc = d;
        add(&t, 1024 * exp2(i), y + .1 + .01 * sin(i * 3.0));
    }
    f = fit_of(&s, &o);
    ropelaw_run_fit g = fit_of(&t, &o);
    ck_assert_uint_eq(f.n, 8); /* documents are clusters: one mean a length */
    test_assert_rel(f.break_tok.est, g.break_tok.est, 1e-9);
    for (size_t i = 0; i < s.run.n_points; i++) s.points[i].doc = SIZE_MAX;
    f = fit_of(&s, &o);
    ck_assert(f.n == 24 && f.n_lengths == 8); /* replicates are points */
}
END_TEST

START_TEST(accuracies) {
    setup s;
    start(&s, ROPELAW_VALUE_ACCURACY);
    for (int i = 0; i < 10; i++)
        add(&s, 1024 * exp2(i), i < 6 ? .97 - .002 * i : .97 - .25 * (i - 5))->n_trials = 100;
    s.points[9].value = 0; /* stays finite */
    ropelaw_fit_options o = quick();
    ropelaw_run_fit f = fit_of(&s, &o);
    ck_assert(f.onset[1].length_tok.est > 1024 * 16 && f.onset[1].length_tok.est < 1024 * 128);
}
END_TEST

START_TEST(bad_input) {
    gsl_handler_install();
    ropelaw_fit_options o = quick();
    ropelaw_run_fit fit;
    ropelaw_error error = {0};
    static const struct {
        ropelaw_value_kind kind;
        double len, value, se;
        const char *argument;
    } bad[] = {
        {ROPELAW_VALUE_PPL,      4096, NAN,      NAN, "ppl"         },
        {ROPELAW_VALUE_PPL,      4096, -3,       NAN, "ppl"         },
        {ROPELAW_VALUE_PPL,      4096, 0,        NAN, "ppl"         },
        {ROPELAW_VALUE_PPL,      NAN,  3,        NAN, "eval_len_tok"},
        {ROPELAW_VALUE_PPL,      0,    3,        NAN, "eval_len_tok"},
        {ROPELAW_VALUE_LOSS,     4096, INFINITY, NAN, "loss_nats"   },
        {ROPELAW_VALUE_ACCURACY, 4096, 1.5,      NAN, "accuracy"    },
        {ROPELAW_VALUE_PPL,      4096, 3,        0,   "se"          }
    };
    for (size_t i = 0; i < CORE_COUNT(bad); i++) {
        setup s;
        start(&s, bad[i].kind);
        add(&s, 2048, .5);
        add(&s, bad[i].len, bad[i].value)->se = bad[i].se;
        test_assert_fails(ropelaw_run_fit_eval(&s.run, &o, &fit, &error), ROPELAW_DOMAIN, error,
                          bad[i].argument);
    }
    setup s;
    hinge_run(&s, 10, 5, 1, .02, 11);
    s.points[3].eval_len_tok = 100; /* unsorted */
    test_assert_fails(ropelaw_run_fit_eval(&s.run, &o, &fit, &error), ROPELAW_INVALID, error, "points");
    for (size_t i = 0; i < 10; i++) s.points[i].eval_len_tok = 4096; /* all lengths equal */
    ropelaw_run_fit f = fit_of(&s, &o);
    ck_assert(f.n == 10 && f.n_lengths == 1 && isnan(f.break_tok.est));
    hinge_run(&s, 10, 5, 1, 0, 12);
    for (size_t i = 0; i < 10; i++) s.points[i].value = 7; /* constant */
    ck_assert_int_eq(fit_of(&s, &o).status, ROPELAW_FIT_RIGHT);
    hinge_run(&s, 10, 5, 1, .02, 13);
    s.points[9].value = 1e300; /* a perplexity beyond all reason is still a number */
    f = fit_of(&s, &o);
    ck_assert(isfinite(f.onset[1].bracket_hi_tok));
    hinge_run(&s, 10, 5, 1, .02, 13);
    s.run.kind = ROPELAW_VALUE_LOSS; /* perplexity given as loss: an answer about what was given */
    fit_of(&s, &o);
    static const struct {
        size_t offset;
        double value;
    } wrong[] = {
        {offsetof(ropelaw_fit_options, level), 1.5},
        {offsetof(ropelaw_fit_options, level), NAN},
        {offsetof(ropelaw_fit_options, sigma), -1 },
        {offsetof(ropelaw_fit_options, eps),   0  }
    };
    for (size_t i = 0; i < CORE_COUNT(wrong); i++) {
        ropelaw_fit_options options = quick();
        memcpy((char *)&options + wrong[i].offset, &wrong[i].value, sizeof(double));
        ck_assert_int_eq(ropelaw_run_fit_eval(&s.run, &options, &fit, &error), ROPELAW_DOMAIN);
    }
    ck_assert_int_eq(ropelaw_run_fit_eval(NULL, NULL, &fit, &error), ROPELAW_INVALID);
    gsl_handler_check();
}
END_TEST

START_TEST(threads_give_the_same_bytes) {
    enum { RUNS = 6 };
    static setup s[RUNS];
    ropelaw_run runs[RUNS];
    static ropelaw_run_fit one[RUNS], many[RUNS];
    for (size_t i = 0; i < RUNS; i++) {
        hinge_run(&s[i], 7 + i, 3 + (double)i / 2, 1, .05, 20 + i);
        runs[i] = s[i].run;
    }
    ropelaw_series series = {.n_runs = RUNS, .runs = runs};
    ropelaw_fit_options o = quick();
    ropelaw_error error = {0};
    memset(one, 0, sizeof one);
    test_assert_ok(ropelaw_series_fit(&series, &o, one, &error), error);
    for (size_t threads = 2; threads <= 8; threads *= 4) {
        memset(many, 0, sizeof many);
        o.threads = threads;
        test_assert_ok(ropelaw_series_fit(&series, &o, many, &error), error);
        for (size_t i = 0; i < RUNS; i++) {
            ck_assert(!memcmp(&one[i].break_tok.est, &many[i].break_tok.est, 3 * sizeof(double)));
            ck_assert(!memcmp(&one[i].onset[1].length_tok.est, &many[i].onset[1].length_tok.est,
                              3 * sizeof(double)));
            ck_assert(!memcmp(&one[i].p_break, &many[i].p_break, sizeof(double)));
            ck_assert(!memcmp(one[i].soft, many[i].soft, sizeof one[i].soft));
        }
    }
}
END_TEST

/* Room is made for the threads that run, whatever number is asked for: a hundred thousand allocations are enough. */
START_TEST(memory_does_not_grow_with_threads) {
    static setup s[2];
    static ropelaw_run_fit fits[2];
    ropelaw_run runs[2];
    for (size_t i = 0; i < 2; i++) {
        hinge_run(&s[i], 9, 3, 1, .05, 20 + i);
        runs[i] = s[i].run;
    }
    ropelaw_series series = {.n_runs = 2, .runs = runs};
    const size_t threads[] = {1, 1000000, SIZE_MAX / 2};
    for (size_t k = 0; k < CORE_COUNT(threads); k++) {
        ropelaw_fit_options o = quick();
        ropelaw_error error = {0};
        o.threads = threads[k];
        core_fail_allocations_from(100000);
        ropelaw_status status = ropelaw_series_fit(&series, &o, fits, &error);
        core_fail_allocations_from(0);
        test_assert_ok(status, error);
    }
}
END_TEST

static int stop(void *context, double fraction) {
    (void)context;
    (void)fraction;
    return 0;
}

START_TEST(cancelled_and_out_of_memory) {
    setup s;
    hinge_run(&s, 8, 4, 1, .05, 30);
    ropelaw_series series = {.n_runs = 1, .runs = &s.run};
    ropelaw_progress progress = {stop, NULL};
    ropelaw_fit_options o = quick();
    ropelaw_run_fit fit;
    ropelaw_error error = {0};
    o.progress = &progress;
    test_assert_fails(ropelaw_series_fit(&series, &o, &fit, &error), ROPELAW_CANCELLED, error, "");
    o.progress = NULL;
    for (long n = 1; n < 400; n += 1 + n / 8) {
        core_fail_allocations_from(n);
        ropelaw_status status = ropelaw_run_fit_eval(&s.run, &o, &fit, &error);
        core_fail_allocations_from(0);
        ck_assert_msg(status == ROPELAW_NOMEM || status == ROPELAW_OK, "allocation %ld: %s", n,
                      error.message);
    }
}
END_TEST

START_TEST(residual_rows) {
    setup s;
    hinge_run(&s, 12, 6.4, 2, .05, 1);
    ropelaw_fit_options o = quick();
    ropelaw_run_fit f = fit_of(&s, &o);
    double m[6][MOST], sum = 0, squares = 0, largest = 0;
    ropelaw_residual_rows rows = {m[0], m[1], m[2], m[3], m[4], m[5]};
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_run_residuals(&s.run, &f, &rows, &error), error);
    for (size_t i = 0; i < 12; i++) {
        test_assert_abs(m[0][i], log(s.points[i].eval_len_tok), 1e-15);
        test_assert_abs(m[3][i], log(s.points[i].value) - m[2][i], 1e-12);
        sum += m[4][i];
        squares += m[3][i] * m[3][i];
        largest = fmax(largest, fabs(m[5][i]));
        for (size_t k = 0; k < 12; k++) ck_assert((m[3][i] < m[3][k]) == (m[4][i] < m[4][k]));
    }
    test_assert_abs(sum, 0, 1e-9); /* scores are symmetric */
    test_assert_rel(sqrt(squares / f.df), f.sigma, 1e-9);
    test_assert_rel(f.diagnostics.largest_influence, largest, 1e-12);
    ck_assert(f.diagnostics.n_implied > 3 && f.diagnostics.n_implied < 48 && !f.diagnostics.too_narrow);
    hinge_run(&s, 3, 1, 1, .1, 1);
    f = fit_of(&s, &o);
    test_assert_fails(ropelaw_run_residuals(&s.run, &f, &rows, &error), ROPELAW_UNSUPPORTED, error, "run");
}
END_TEST

START_TEST(brackets) {
    const double len[] = {1, 2, 4, 8, 16}, value[] = {5, 4, 4.3, 4.5, 9};
    double lo, hi;
    ropelaw_bracket_find(len, value, 5, .1, &lo, &hi);
    ck_assert(lo == 4 && hi == 8); /* 4.5 > 1.1 * 4 */
    ropelaw_bracket_find(len, value, 5, .5, &lo, &hi);
    ck_assert(lo == 8 && hi == 16);
    ropelaw_bracket_find(len, value, 5, 2, &lo, &hi);
    ck_assert(lo == 16 && isnan(hi));
    ropelaw_bracket_find(len, value, 0, .1, &lo, &hi);
    ck_assert(isnan(lo) && isnan(hi));
}
END_TEST

int main(void) {
    Suite *s = suite_create("curve fit");
    const TTest *const tests[] = {a_clear_break,
                                  equivalent_inputs,
                                  what_few_lengths_carry,
                                  status_words,
                                  references_agree_on_a_plateau,
                                  weights_and_covariances,
                                  limits_documents_replicates,
                                  accuracies,
                                  bad_input,
                                  threads_give_the_same_bytes,
                                  memory_does_not_grow_with_threads,
                                  cancelled_and_out_of_memory,
                                  residual_rows,
                                  brackets,
                                  NULL};
    test_add(s, "curve fit", tests);
    return test_run(s);
}
