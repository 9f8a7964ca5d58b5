/* Tests: curve_bootstrap.c curve_draw.c */
#include "corpus.h"
#include "gsl_handler.h"
#include "core/core.h"
#include <ropelaw/run_bootstrap.h>

enum { N = 12 };

typedef struct {
    ropelaw_run run;
    ropelaw_point points[N];
} setup;

static void make(setup *s, size_t n, double sigma, uint64_t seed) {
    static char name[] = "run", empty[] = "";
    ropelaw_random random;
    ropelaw_random_init(&random, 41, seed);
    memset(s, 0, sizeof *s);
    s->run = (ropelaw_run){.name = name,
                           .kind = ROPELAW_VALUE_LOSS,
                           .points = s->points,
                           .n_points = n,
                           .model = empty,
                           .method = empty};
    for (size_t i = 0; i < n; i++) {
        double x = (double)i * log(2), t = x - 5.4 * log(2);
        s->points[i] =
            (ropelaw_point){.eval_len_tok = 1024 * exp2((double)i),
                            .value = 2 - .05 * x + 2 * fmax(t, 0) + sigma * ropelaw_random_normal(&random),
                            .se = NAN,
                            .n_tokens = NAN,
                            .n_trials = NAN,
                            .doc = SIZE_MAX,
                            .replicate = SIZE_MAX};
    }
}

static const double truth_tok = 1024 * 42.224253144732614; /* 2^5.4 */

static ropelaw_run_bootstrap draws_of(const ropelaw_run *run, const ropelaw_fit_options *o,
                                      const ropelaw_run_bootstrap_options *b) {
    ropelaw_run_bootstrap k;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_run_bootstrap_eval(run, o, b, &k, &error), error);
    return k;
}

static ropelaw_run_bootstrap_options few(ropelaw_resample resample, size_t n) {
    ropelaw_run_bootstrap_options o = ropelaw_run_bootstrap_options_default;
    o.resample = resample;
    o.n_draws = n;
    return o;
}

/* The other bootstrap of the library draws the same streams on the same points: the same intervals. */
START_TEST(the_break_by_two_routes) {
    setup s;
    make(&s, N, .08, 1);
    double x[N], y[N];
    for (int i = 0; i < N; i++) {
        x[i] = log(s.points[i].eval_len_tok);
        y[i] = s.points[i].value;
    }
    ropelaw_points points = {N, x, y, NULL};
    const ropelaw_resample kinds[] = {ROPELAW_RESAMPLE_RESIDUALS, ROPELAW_RESAMPLE_NORMAL};
    for (int r = 0; r < 2; r++) {
        ropelaw_run_bootstrap_options b = few(kinds[r], 199);
        ropelaw_run_bootstrap k = draws_of(&s.run, NULL, &b);
        const ropelaw_bootstrap_ends *mine[] = {&k.break_tok.percentile, &k.break_tok.studentised,
                                                &k.break_tok.bootstrap_f};
        const ropelaw_break_method methods[] = {ROPELAW_BREAK_PERCENTILE, ROPELAW_BREAK_STUDENTISED,
                                                ROPELAW_BREAK_BOOTSTRAP_F};
        for (int m = 0; m < 3; m++) {
            ropelaw_break_options o = ropelaw_break_options_default;
            o.method = methods[m];
            o.resample = kinds[r];
            o.n_draws = 199;
            ropelaw_break_interval other;
            ropelaw_error error = {0};
            test_assert_ok(ropelaw_break_interval_eval(&points, &o, &other, &error), error);
            test_assert_abs(log(mine[m]->lo), other.lo, 1e-9);
            test_assert_abs(log(mine[m]->hi), other.hi, 1e-9);
        }
    }
}
END_TEST

/* On a clear break every method and every way of drawing tells about what the profile tells. */
START_TEST(all_about_the_same_on_a_clear_break) {
    gsl_handler_install();
    setup s;
    make(&s, N, .03, 2);
    ropelaw_fit_options o = ropelaw_fit_options_default;
    o.n_draws = o.n_existence = 99;
    ropelaw_run_fit f;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_run_fit_eval(&s.run, &o, &f, &error), error);
    for (int r = 0; r < 3; r++) {
        ropelaw_run_bootstrap_options b = few((ropelaw_resample)r, 99);
        ropelaw_run_bootstrap k = draws_of(&s.run, &o, &b);
        ck_assert(k.n_units == N && k.n_onsets == 2 && (k.caveats & ROPELAW_CAVEAT_FEW_POINTS));
        for (size_t t = 0; t < 3; t++) {
            const ropelaw_bootstrap_target *target = t ? &k.onset[t - 1] : &k.break_tok;
            const ropelaw_estimate *e = t ? &f.onset[t - 1].length_tok : &f.break_profile;
            test_assert_rel(target->est_tok, e->est, 1e-12);
            double length = log(e->hi / e->lo);
            const ropelaw_bootstrap_ends *all[] = {&target->percentile, &target->bca, &target->studentised,
                                                   &target->bootstrap_f};
            for (int m = 0; m < 4; m++) {
                double own = log(all[m]->hi / all[m]->lo);
                ck_assert_msg(
                    all[m]->lo < e->est * 1.02 && all[m]->hi > e->est / 1.02 && own > .25 * length &&
                        own < (r == 2 ? 8 : 4) * length, /* cases: now and then the rise is hardly drawn */
                    "resample %d target %zu method %d: [%g, %g] beside [%g, %g]", r, t, m, all[m]->lo,
                    all[m]->hi, e->lo, e->hi);
            }
        }
    }
    gsl_handler_check();
}
END_TEST

/* Documents: the deviation of the drawn breaks is the documents' standard error. */
START_TEST(documents_are_drawn_whole) {
    corpus c;
    draw(&c, &(design){20, .5, .3, .5, .05, .1}, 3);
    ropelaw_fit_options o = ropelaw_fit_options_default;
    o.n_draws = o.n_existence = 99;
    ropelaw_run_fit f;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_run_fit_eval(&c.run, &o, &f, &error), error);
    ropelaw_run_bootstrap_options b = few(ROPELAW_RESAMPLE_DOCUMENTS, 199);
    ropelaw_run_bootstrap k = draws_of(&c.run, &o, &b);
    ck_assert_uint_eq(k.n_units, 20);
    /* 95 % of a normal law is 3.92 deviations; the break is not quite linear in the documents and 199 draws place an
       end to about a tenth of it */
    double length = log(k.break_tok.percentile.hi / k.break_tok.percentile.lo);
    test_assert_rel(length, 3.92 * f.break_tok.se, .25);
    ck_assert(log(k.break_tok.bootstrap_f.hi / k.break_tok.bootstrap_f.lo) > .8 * length);
    ck_assert(k.onset[1].percentile.lo < k.onset[1].est_tok && k.onset[1].est_tok < k.onset[1].percentile.hi);
    b.resample = ROPELAW_RESAMPLE_RESIDUALS;
    test_assert_fails(ropelaw_run_bootstrap_eval(&c.run, &o, &b, &k, &error), ROPELAW_INVALID, error,
                      "resample");
    o.documents = ROPELAW_DOCUMENTS_AVERAGE;
    draws_of(&c.run, &o, &b);
}
END_TEST

START_TEST(under_other_metrics) {
    setup s;
    make(&s, N, .03, 4);
    ropelaw_fit_options o = ropelaw_fit_options_default;
    double cov[N * N];
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) cov[i * N + k] = .0009 * pow(.5, abs(i - k));
    o.covariance = cov;
    o.n_covariance = N;
    ropelaw_run_bootstrap_options b = few(ROPELAW_RESAMPLE_NORMAL, 49);
    ropelaw_run_bootstrap k = draws_of(&s.run, &o, &b);
    ck_assert(k.break_tok.studentised.lo < truth_tok * 1.1 && k.break_tok.studentised.hi > truth_tok / 1.1);
    b.resample = ROPELAW_RESAMPLE_CASES;
    ropelaw_error error = {0};
    test_assert_fails(ropelaw_run_bootstrap_eval(&s.run, &o, &b, &k, &error), ROPELAW_INVALID, error,
                      "resample");
    o.covariance = NULL;
    o.robust = ROPELAW_ROBUST_HUBER;
    s.points[8].value += 1; /* a wild point, drawn as often as any other */
    b.resample = ROPELAW_RESAMPLE_RESIDUALS;
    k = draws_of(&s.run, &o, &b);
    ck_assert(k.break_tok.bca.lo < truth_tok * 1.05 && k.break_tok.bca.hi > truth_tok / 1.05);
    for (int i = 0; i < N; i++) s.points[i].se = .01 * (1 + i % 2);
    o.robust = ROPELAW_ROBUST_NONE;
    b.resample = ROPELAW_RESAMPLE_CASES;
    k = draws_of(&s.run, &o, &b);
    ck_assert(k.break_tok.percentile.lo < k.break_tok.percentile.hi);
}
END_TEST

START_TEST(threads_do_not_matter) {
    setup s;
    make(&s, 9, .1, 5);
    for (int r = 0; r < 3; r++) {
        ropelaw_run_bootstrap_options b = few((ropelaw_resample)r, 30);
        ropelaw_run_bootstrap one = draws_of(&s.run, NULL, &b);
        for (b.threads = 2; b.threads <= 8; b.threads *= 4) {
            ropelaw_run_bootstrap other = draws_of(&s.run, NULL, &b);
            ck_assert(!memcmp(&one.break_tok, &other.break_tok, sizeof one.break_tok));
            ck_assert(!memcmp(one.onset, other.onset, 2 * sizeof one.onset[0]));
        }
    }
}
END_TEST

/* What the fit does not give, the bootstrap does not give either. */
START_TEST(withheld_stays_withheld) {
    setup s;
    make(&s, N, .03, 6);
    for (size_t i = 0; i < N; i++) s.points[i].value = 2 + .01 * sin(7.0 * (double)i); /* no break at all */
    ropelaw_run_fit f;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_run_fit_eval(&s.run, NULL, &f, &error), error);
    ropelaw_run_bootstrap_options b = few(ROPELAW_RESAMPLE_RESIDUALS, 49);
    b.fit = &f;
    ropelaw_run_bootstrap k = draws_of(&s.run, NULL, &b);
    ck_assert(isnan(k.break_tok.est_tok) && isnan(k.break_tok.percentile.lo) && isnan(k.onset[0].bca.hi));
    b.fit = NULL;
    k = draws_of(&s.run, NULL, &b);
    ck_assert(!isnan(k.break_tok.est_tok) && !isnan(k.break_tok.percentile.lo));
}
END_TEST

typedef struct {
    int calls;
} counter;

static int stop_midway(void *context, double fraction) {
    counter *c = context;
    c->calls++;
    return fraction < .4;
}

START_TEST(stopped_and_refused) {
    setup s;
    make(&s, N, .05, 7);
    counter c = {0};
    ropelaw_progress progress = {stop_midway, &c};
    ropelaw_run_bootstrap_options b = few(ROPELAW_RESAMPLE_RESIDUALS, 200);
    ropelaw_run_bootstrap k;
    ropelaw_error error = {0};
    b.progress = &progress;
    test_assert_fails(ropelaw_run_bootstrap_eval(&s.run, NULL, &b, &k, &error), ROPELAW_CANCELLED, error, "");
    ck_assert_int_eq(c.calls, 8); /* 20 tasks of ten draws: stopped at 0.4 */
    b = few(ROPELAW_RESAMPLE_DOCUMENTS, 99);
    test_assert_fails(ropelaw_run_bootstrap_eval(&s.run, NULL, &b, &k, &error), ROPELAW_INVALID, error,
                      "resample");
    b = few(ROPELAW_RESAMPLE_CASES, 5);
    test_assert_fails(ropelaw_run_bootstrap_eval(&s.run, NULL, &b, &k, &error), ROPELAW_DOMAIN, error,
                      "n_draws");
    b.n_draws = 99;
    s.run.n_points = 7;
    test_assert_fails(ropelaw_run_bootstrap_eval(&s.run, NULL, &b, &k, &error), ROPELAW_SHAPE, error,
                      "resample");
    s.run.n_points = 4;
    b.resample = ROPELAW_RESAMPLE_NORMAL;
    test_assert_fails(ropelaw_run_bootstrap_eval(&s.run, NULL, &b, &k, &error), ROPELAW_UNSUPPORTED, error,
                      "run");
    s.run.n_points = 5; /* a break, but no onsets */
    k = draws_of(&s.run, NULL, &b);
    ck_assert(k.break_tok.est_tok > 0 && isnan(k.onset[0].est_tok));
    ropelaw_fit_options o = ropelaw_fit_options_default;
    o.width = .2;
    test_assert_fails(ropelaw_run_bootstrap_eval(&s.run, &o, &b, &k, &error), ROPELAW_INVALID, error,
                      "width");
    test_assert_fails(ropelaw_run_bootstrap_eval(NULL, NULL, &b, &k, &error), ROPELAW_INVALID, error, "run");
    make(&s, 9, .05, 8);
    for (int r = 0; r < 3; r++)
        for (long n = 1; n < 200; n += 1 + n / 4) {
            b = few((ropelaw_resample)r, 20);
            core_fail_allocations_from(n);
            ropelaw_status status = ropelaw_run_bootstrap_eval(&s.run, NULL, &b, &k, &error);
            core_fail_allocations_from(0);
            ck_assert_msg(status == ROPELAW_NOMEM || status == ROPELAW_OK, "allocation %ld: %s", n,
                          error.message);
        }
}
END_TEST

int main(void) {
    Suite *s = suite_create("curve bootstrap");
    const TTest *const tests[] = {the_break_by_two_routes,   all_about_the_same_on_a_clear_break,
                                  documents_are_drawn_whole, under_other_metrics,
                                  threads_do_not_matter,     withheld_stays_withheld,
                                  stopped_and_refused,       NULL};
    test_add(s, "bootstrap", tests);
    return test_run(s);
}
