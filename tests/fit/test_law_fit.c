/* Tests: law_fit.c law_group.c law_export.c law_model.c law_data.c law_shape.c */
#include "test.h"
#include "law_cases.h"
#include "core/core.h"
#include "fit/law_data.h"
#include "fit/law_shape.h"

static const law_case standard = {0.72, 0.05, 0.1, 0.02, 1 << 20, 11, "m", 1e4};

static ropelaw_law *fit(const law_case *c, size_t n, const ropelaw_law_options *o) {
    static law_simulated s;
    ropelaw_law *law = NULL;
    ropelaw_error e = {0};
    law_simulate(c, &s, n);
    ropelaw_series series = {.n_runs = n, .runs = s.runs};
    test_assert_ok(ropelaw_law_fit(&series, o, &law, &e), e);
    return law;
}

START_TEST(a_known_law_is_found) {
    ropelaw_law *law = fit(&standard, 10, NULL);
    const ropelaw_law_model *m = &law->models[0];
    ck_assert(law->n_models == 1 && m->reason == NULL && m->n_runs == 10 && m->n_censored == 0);
    ck_assert(m->critical_dim == 72); /* 64 ln(1024/2pi)/ln 1e4 = 35.4: 36 pairs */
    /* standard error of the effective dimension from tau alone: 128 tau/(sd_u sqrt(9)) = 1.2 */
    test_assert_abs(m->free.effective_dim.est, 0.72 * 128, 4);
    ck_assert(m->free.effective_dim.lo < 0.72 * 128 && m->free.effective_dim.hi > 0.72 * 128);
    test_assert_abs(m->unit.effective_dim.est, 0.72 * 128, 0.6); /* 128 tau / sqrt(sum u^2) = 0.17 */
    ck_assert(m->unit.effective_dim.hi - m->unit.effective_dim.lo < 1.5);
    test_assert_abs(m->shape.rise, 2, 0.1);
    test_assert_abs(m->shape.before, -0.05, 0.02);
    test_assert_abs(m->shape.sigma, 0.02, 0.006);
    ck_assert(m->weights[0].dim == 92 && m->weights[0].weight > 0.5);
    double total = 0;
    for (size_t k = 0; k < m->n_weights; k++) total += m->weights[k].weight;
    test_assert_abs(total, 1, 0.01); /* negligible ones are not listed */
    for (size_t i = 0; i < 10; i++) {
        const ropelaw_law_run *r = &law->runs[i];
        ck_assert(r->use == ROPELAW_RUN_BROKEN && r->model == 0);
        ck_assert(r->break_tok.lo < r->break_tok.est && r->break_tok.est < r->break_tok.hi);
        test_assert_rel(r->law_tok,
                        exp(m->free.intercept + m->free.slope * log(1e4 * pow(10, 2.4 * (double)i / 9))),
                        1e-12);
    }
    ck_assert(m->test_theory.p < 0.01); /* this law is not the theory's (72) */
    ck_assert(m->p_smaller > 0.99);
    ropelaw_law_destroy(&law);
    ck_assert_ptr_null(law);
}
END_TEST

START_TEST(censored_runs_do_not_flatten_it) {
    law_case c = standard;
    c.last = 1 << 15; /* the law spans 4700 .. 256000 tokens */
    ropelaw_law *law = fit(&c, 12, NULL);
    const ropelaw_law_model *m = &law->models[0];
    ck_assert(m->n_censored >= 4);
    ck_assert_int_eq(law->runs[11].use, ROPELAW_RUN_RIGHT);
    ck_assert(isinf(law->runs[11].break_tok.hi) && law->runs[11].break_tok.lo > 30000);
    test_assert_abs(m->free.effective_dim.est, 0.72 * 128, 8);
    ck_assert(m->free.effective_dim.lo < 0.72 * 128 && m->free.effective_dim.hi > 0.72 * 128);
    ropelaw_law_destroy(&law);
    c.last = 2048; /* nothing breaks */
    law = fit(&c, 10, NULL);
    ck_assert(law->models[0].reason != NULL && isnan(law->models[0].free.slope) &&
              law->models[0].n_weights == 0);
    ropelaw_law_destroy(&law);
}
END_TEST

START_TEST(the_same_bytes_twice) {
    ropelaw_law *a = fit(&standard, 10, NULL), *b = fit(&standard, 10, NULL);
    ropelaw_law_model x = a->models[0], y = b->models[0];
    ck_assert_str_eq(x.name, y.name);
    x.name = y.name = NULL;
    ck_assert(memcmp(&x, &y, sizeof x) == 0);
    ck_assert(memcmp(a->runs, b->runs, 10 * sizeof *a->runs) == 0);
    ropelaw_law_destroy(&a), ropelaw_law_destroy(&b);
}
END_TEST

START_TEST(units_and_order_do_not_matter) {
    static law_simulated s;
    law_simulate(&standard, &s, 10);
    ropelaw_series series = {.n_runs = 10, .runs = s.runs};
    ropelaw_law *a, *b;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_law_fit(&series, NULL, &a, &e), e);
    for (int i = 0; i < 10; i++) { /* loss instead of perplexity, runs reversed */
        s.runs[i].kind = ROPELAW_VALUE_LOSS;
        for (size_t k = 0; k < s.runs[i].n_points; k++) s.points[i][k].value = log(s.points[i][k].value);
    }
    for (int i = 0; i < 5; i++) {
        ropelaw_run t = s.runs[i];
        s.runs[i] = s.runs[9 - i], s.runs[9 - i] = t;
    }
    test_assert_ok(ropelaw_law_fit(&series, NULL, &b, &e), e);
    test_assert_rel(b->models[0].free.effective_dim.est, a->models[0].free.effective_dim.est, 1e-5);
    test_assert_rel(b->models[0].free.effective_dim.lo, a->models[0].free.effective_dim.lo, 1e-4);
    ropelaw_law_destroy(&a), ropelaw_law_destroy(&b);
}
END_TEST

/* The joint fit is a minimum: no small step of the shape, with every run's psi and alpha free, lowers the rss. */
START_TEST(the_joint_fit_is_optimal) {
    static law_simulated s;
    law_case c = {0.72, 0.05, 0.3, 0.05, 1 << 20, 5, "m", 1e4};
    law_simulate(&c, &s, 10);
    double x[10][CASE_POINTS], y[10][CASE_POINTS], w[CASE_POINTS];
    signed char none[CASE_POINTS] = {0};
    fit_curve curves[10];
    for (int i = 0; i < 10; i++) {
        size_t n = s.runs[i].n_points;
        curves[i] = (fit_curve){n, n, n, x[i], y[i], w, none, 0};
        for (size_t k = 0; k < n; k++) {
            x[i][k] = log(s.points[i][k].eval_len_tok), y[i][k] = log(s.points[i][k].value), w[k] = 1;
            curves[i].mean_x += x[i][k] / (double)n;
        }
    }
    fit_shape_fit f;
    ropelaw_error e = {0};
    test_assert_ok(fit_shape_joint(curves, 10, false, &f, &e), e);
    ck_assert(f.converged && !f.at_bound && !f.sigma_given);
    ck_assert_uint_eq(f.n_broken, 10);
    double *p[] = {&f.shape.pre, &f.shape.rise, &f.shape.width};
    for (int k = 0; k < 3; k++)
        for (int side = -1; side <= 1; side += 2) {
            double at = *p[k], rss = 0;
            *p[k] = at + side * 0.002;
            for (int i = 0; i < 10; i++) {
                fit_curve_value v;
                fit_curve_best(&curves[i], &f.shape, &v);
                rss += v.rss;
            }
            *p[k] = at;
            ck_assert_msg(rss > f.rss, "parameter %d: %.17g <= %.17g", k, rss, f.rss);
        }
    test_assert_abs(f.sigma, 0.05, 0.01);
}
END_TEST

/* A width that is given is that of all runs: the one the free fit found gives the same fit with one parameter less, the true one
   the law, and any other a larger sum. */
START_TEST(a_known_width_is_held) {
    ropelaw_law_options o = ropelaw_law_options_default;
    ropelaw_law *free = fit(&standard, 10, NULL), *held;
    const ropelaw_law_shape *shape = &free->models[0].shape;
    o.width = shape->width;
    held = fit(&standard, 10, &o);
    const ropelaw_law_shape *same = &held->models[0].shape;
    ck_assert(same->width == o.width && same->df == shape->df + 1);
    test_assert_rel(same->rss, shape->rss, 1e-6);
    test_assert_rel(same->rise, shape->rise, 1e-3);
    test_assert_abs(held->models[0].free.effective_dim.est, free->models[0].free.effective_dim.est, .02);
    ropelaw_law_destroy(&held);
    for (int k = 0; k < 2; k++) {
        o.width = k ? .4 : standard.width;
        held = fit(&standard, 10, &o);
        const ropelaw_law_model *m = &held->models[0];
        ck_assert(m->shape.width == o.width && m->shape.rss > shape->rss);
        if (k == 0) ck_assert(m->free.effective_dim.lo < .72 * 128 && m->free.effective_dim.hi > .72 * 128);
        if (k == 1) ck_assert(m->shape.rss > 1.5 * shape->rss);
        ropelaw_law_destroy(&held);
    }
    ropelaw_law_destroy(&free);
    static law_simulated s;
    ropelaw_series series = {.n_runs = 4, .runs = s.runs};
    ropelaw_error e = {0};
    law_simulate(&standard, &s, 4);
    o.width = 11;
    test_assert_fails(ropelaw_law_fit(&series, &o, &held, &e), ROPELAW_DOMAIN, e, "width");
}
END_TEST

START_TEST(who_stays_out_and_why) {
    static law_simulated s;
    law_simulate(&standard, &s, 10);
    static char yarn[] = "yarn";
    s.runs[0].base = 5000;
    s.runs[1].rotary_dim = NAN;
    s.runs[2].method = yarn;
    s.runs[3].kind = ROPELAW_VALUE_ACCURACY;
    s.runs[4].n_points = 1;
    s.points[5][3].value = -1;
    s.runs[6].rotary_dim = 127; /* odd: impossible */
    ropelaw_series series = {.n_runs = 10, .runs = s.runs};
    ropelaw_law *law;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_law_fit(&series, NULL, &law, &e), e);
    const ropelaw_run_use expected[] = {
        ROPELAW_RUN_BELOW_FLOOR, ROPELAW_RUN_NO_FACTS,   ROPELAW_RUN_METHOD,  ROPELAW_RUN_KIND,
        ROPELAW_RUN_FEW_POINTS,  ROPELAW_RUN_FEW_POINTS, ROPELAW_RUN_NO_FACTS};
    for (size_t i = 0; i < CORE_COUNT(expected); i++) {
        ck_assert_int_eq(law->runs[i].use, expected[i]);
        ck_assert(isnan(law->runs[i].break_tok.est));
        ck_assert(ropelaw_run_use_str(expected[i])[0] && ropelaw_run_use_words(expected[i])[0]);
    }
    ck_assert_uint_eq(law->models[0].n_runs, 3);
    ck_assert_str_eq(ropelaw_run_use_str((ropelaw_run_use)99), "");
    ropelaw_law_destroy(&law);
    ropelaw_law_options o = ropelaw_law_options_default;
    o.floor = ROPELAW_FLOOR_IGNORE;
    test_assert_ok(ropelaw_law_fit(&series, &o, &law, &e), e);
    ck_assert_int_eq(law->runs[0].use, ROPELAW_RUN_BROKEN);
    ropelaw_law_destroy(&law);
}
END_TEST

START_TEST(saturating_curves_are_cut_into_limits) {
    static law_simulated s;
    ropelaw_law *law;
    ropelaw_error e = {0};
    law_simulate(&standard, &s, 10);
    for (int i = 0; i < 10; i++) /* saturate at 4 nats above the floor */
        for (size_t k = 0; k < s.runs[i].n_points; k++)
            s.points[i][k].value = fmin(s.points[i][k].value, exp(6 + 0.01 * (double)k));
    ropelaw_series series = {.n_runs = 10, .runs = s.runs};
    test_assert_ok(ropelaw_law_fit(&series, NULL, &law, &e), e);
    const ropelaw_law_model *m = &law->models[0];
    ck_assert(m->shape.rise_cap < 4);
    test_assert_abs(m->shape.rise, 2, 0.15);
    ck_assert(m->free.effective_dim.lo < 92.16 && m->free.effective_dim.hi > 92.16);
    ropelaw_law_destroy(&law);
    ropelaw_law_options o = ropelaw_law_options_default;
    o.rise_cap = INFINITY;
    test_assert_ok(ropelaw_law_fit(&series, &o, &law, &e), e);
    ck_assert(isinf(law->models[0].shape.rise_cap) && law->models[0].shape.sigma > 10 * 0.02);
    ropelaw_law_destroy(&law);
}
END_TEST

/* The figure of Liu et al.: 8 runs at and above the critical base give 92 (the theory) in both intervals. */
START_TEST(the_published_figure_gives_92) {
    ropelaw_series series = {0};
    ropelaw_law *law;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_series_read("data/curves/liu2023_figure.csv", &series, &e), e);
    test_assert_ok(ropelaw_law_fit(&series, NULL, &law, &e), e);
    const ropelaw_law_model *m = &law->models[0];
    ck_assert_uint_eq(law->n_models, 1);
    ck_assert(m->critical_dim == 92 && m->n_runs == 8);
    ck_assert(m->caveats & ROPELAW_CAVEAT_DIGITISED);
    ck_assert(m->free.effective_dim.lo < 92 && m->free.effective_dim.hi > 92);
    ck_assert(m->unit.effective_dim.lo < 92 && m->unit.effective_dim.hi > 92);
    ck_assert(m->unit.effective_dim.hi - m->unit.effective_dim.lo < 4);
    ck_assert(m->free.intercept_factor.lo < 1 && m->free.intercept_factor.hi > 1);
    ck_assert(m->weights[0].dim == 92 && m->weights[0].weight > 0.5);
    ck_assert(m->test_theory.p > 0.1);
    size_t below = 0;
    for (size_t i = 0; i < law->n_runs; i++) below += law->runs[i].use == ROPELAW_RUN_BELOW_FLOOR;
    ck_assert_uint_eq(below, 6); /* bases 100 .. 6000 */
    ropelaw_law_destroy(&law);
    ropelaw_series_clear(&series);
}
END_TEST

/* Curves that bend without a corner within their lengths make no law, and no run of theirs a break: CodeLlama of the YaRN
   curves rises slowly up to its last length. */
START_TEST(curvature_is_not_a_break) {
    ropelaw_series series = {0};
    ropelaw_law *law;
    ropelaw_error e = {0};
    size_t n = 0;
    test_assert_ok(ropelaw_series_read("data/curves/yarn_llama2_128k.csv", &series, &e), e);
    test_assert_ok(ropelaw_law_fit(&series, NULL, &law, &e), e);
    for (size_t i = 0; i < law->n_runs; i++) {
        if (!strstr(series.runs[i].name, "CodeLlama")) continue;
        ck_assert_int_eq(law->runs[i].use, ROPELAW_RUN_NO_LAW);
        ck_assert(isnan(law->runs[i].break_tok.est) && law->models[law->runs[i].model].reason);
        n++;
    }
    ck_assert_uint_eq(n, 2);
    ropelaw_law_destroy(&law);
    ropelaw_series_clear(&series);
}
END_TEST

START_TEST(memory_runs_out_anywhere) {
    static law_simulated s;
    law_case c = standard;
    law_simulate(&c, &s, 4);
    ropelaw_series series = {.n_runs = 4, .runs = s.runs};
    ropelaw_error e = {0};
    for (long k = 1;; k = k < 60 ? k + 1 : k * 2) {
        ropelaw_law *law = NULL;
        core_fail_allocations_from(k);
        ropelaw_status status = ropelaw_law_fit(&series, NULL, &law, &e);
        core_fail_allocations_from(0);
        if (status == ROPELAW_OK) {
            ropelaw_law_destroy(&law);
            return;
        }
        ck_assert_int_eq(status, ROPELAW_NOMEM);
        ck_assert_ptr_null(law);
    }
}
END_TEST

/* Points above the limit are averaged with their neighbours: weights add up, means stay, the strongest limit is kept. */
START_TEST(very_long_runs_are_averaged) {
    enum { N = 5000 };
    static double x[N], y[N], w[N];
    static signed char limit[N];
    double sum = 0, sum_y = 0, high = 0, left = 0, left_y = 0;
    for (int k = 0; k < N; k++) {
        x[k] = 6 + k * 1e-3, y[k] = sin(k), w[k] = 1 + k % 3;
        limit[k] = k % 50 == 7;
        if (limit[k])
            high = fmax(high, y[k]);
        else
            sum += w[k], sum_y += w[k] * y[k];
    }
    fit_curve c = {N, N, N, x, y, w, limit, 0};
    fit_curve_bin(&c);
    ck_assert_uint_eq(c.n_measured, FIT_LAW_BINS);
    ck_assert_uint_eq(c.n, FIT_LAW_BINS + N / 50);
    for (size_t k = 0; k < c.n; k++) {
        ck_assert(k == 0 || c.x[k] >= c.x[k - 1]);
        if (!c.censored[k]) left += c.weight[k], left_y += c.weight[k] * c.y[k];
        if (c.censored[k]) high = c.y[k] == high ? -1 : high;
    }
    test_assert_rel(left, sum, 1e-12);
    test_assert_abs(left_y, sum_y, 1e-9);
    ck_assert(high == -1); /* the strongest limit of all is still there */
    c.n = c.n_measured = 10;
    fit_curve_bin(&c); /* a short run is left as it is */
    ck_assert_uint_eq(c.n, 10);
}
END_TEST

typedef struct {
    int calls, most;
    double last;
} watcher;

static int count_calls(void *context, double fraction) {
    watcher *w = context;
    ck_assert(fraction >= w->last && fraction <= 1);
    w->last = fraction;
    return ++w->calls < w->most;
}

/* One model: its fit reports many times, in order, and stops in the middle. */
START_TEST(it_can_be_stopped_within_one_model) {
    static law_simulated s;
    law_simulate(&standard, &s, 4);
    ropelaw_series series = {.n_runs = 4, .runs = s.runs};
    watcher w = {0, 1 << 20, 0};
    ropelaw_progress progress = {count_calls, &w};
    ropelaw_law_options o = ropelaw_law_options_default;
    ropelaw_law *law = NULL;
    ropelaw_error e = {0};
    o.progress = &progress;
    test_assert_ok(ropelaw_law_fit(&series, &o, &law, &e), e);
    ck_assert_int_gt(w.calls, 30);
    ck_assert(w.last == 1);
    ropelaw_law_destroy(&law);
    for (int most = 1; most < w.calls; most += 25) {
        watcher early = {0, most, 0};
        progress.context = &early;
        ck_assert_int_eq(ropelaw_law_fit(&series, &o, &law, NULL), ROPELAW_CANCELLED);
        ck_assert_int_eq(early.calls, most); /* nothing is asked after the stop */
        ck_assert_ptr_null(law);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("law_fit");
    const TTest *const tests[] = {a_known_law_is_found,
                                  censored_runs_do_not_flatten_it,
                                  the_same_bytes_twice,
                                  units_and_order_do_not_matter,
                                  the_joint_fit_is_optimal,
                                  a_known_width_is_held,
                                  who_stays_out_and_why,
                                  saturating_curves_are_cut_into_limits,
                                  the_published_figure_gives_92,
                                  curvature_is_not_a_break,
                                  memory_runs_out_anywhere,
                                  very_long_runs_are_averaged,
                                  it_can_be_stopped_within_one_model,
                                  NULL};
    test_add(s, "law_fit", tests);
    return test_run(s);
}
