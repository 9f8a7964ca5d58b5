/* Tests: phi_fit.c phi_grid.c phi_models.c phi_cases.c run_arcs.c */
#include "test.h"
#include "core/core.h"
#include "fit/run_arcs.h"
#include "num/quantile.h"
#include <ropelaw/phi_fit.h>
#include <ropelaw/random.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MODELS = 6, BASES = 5, N = MODELS * BASES };

typedef struct {
    ropelaw_run runs[N];
    ropelaw_phi_case cases[N];
} made;

static char names[MODELS][2] = {"a", "b", "c", "d", "e", "f"}, no_method[] = "", linear[] = "linear";

static double length_at(const ropelaw_run *run, double phi) {
    ropelaw_setting s = {(size_t)run->rotary_dim, run->pretrain_base, run->train_len_tok, run->base,
                         run->train_len_tok};
    ropelaw_coverage c;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_coverage_base_eval(&s, phi, &c, &e), e);
    return c.distance_tok + 1;
}

/* Six models of three shapes, five bases each; onsets by coverage at the model's phi times a scatter. */
static void make(made *m, const double phi[MODELS], double tau, uint64_t seed) {
    static const double dims[] = {32, 64, 128}, bases[] = {500, 1e4, 1e4}, lens[] = {128, 2048, 4096};
    ropelaw_random r;
    ropelaw_random_init(&r, seed, 0);
    for (size_t j = 0; j < MODELS; j++)
        for (size_t b = 0; b < BASES; b++) {
            ropelaw_run *run = &m->runs[j * BASES + b];
            *run = (ropelaw_run){.model = names[j],
                                 .method = no_method,
                                 .rotary_dim = dims[j % 3],
                                 .pretrain_base = bases[j % 3],
                                 .train_len_tok = lens[j % 3],
                                 .tune_len_tok = NAN,
                                 .base = bases[j % 3] * pow(2.3, (double)b),
                                 .factor = NAN};
            double t = length_at(run, phi[j]) * exp(tau * ropelaw_random_normal(&r));
            m->cases[j * BASES + b] = (ropelaw_phi_case){run, t, t, 0};
        }
}

static ropelaw_phi *fit(const ropelaw_phi_case *cases, size_t n) {
    ropelaw_phi *phi = NULL;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_phi_fit(cases, n, NULL, &phi, &e), e);
    return phi;
}

static const double same[] = {.37, .37, .37, .37, .37, .37};

START_TEST(a_known_phi_is_found) {
    made m;
    make(&m, same, 0, 1);
    ropelaw_phi *phi = fit(m.cases, N);
    ck_assert(phi->reason == NULL && phi->n_models == MODELS && phi->fitted.n_runs == N);
    test_assert_abs(phi->fitted.phi_rad, 0.37,
                    1e-4); /* a step of the grid, and the likelihood is steep on both sides */
    ck_assert(phi->rms < 1e-4 && phi->fitted.rms_out < 1e-4 && phi->fitted.caveats == 0);
    for (size_t j = 0; j < MODELS; j++) {
        test_assert_abs(phi->models[j].phi_rad, 0.37, 1e-3);
        ck_assert(phi->models[j].n_runs == BASES && phi->models[j].n_bounded == BASES);
    }
    ropelaw_phi_destroy(&phi);
    ck_assert_ptr_null(phi);
    make(&m, same, 0.05, 2);
    phi = fit(m.cases, N);
    ck_assert(phi->fitted.lo_rad < .37 && phi->fitted.hi_rad > .37 && phi->fitted.hi_rad < .6);
    test_assert_abs(phi->tau, 0.05, 0.02); /* standard error 0.05 / sqrt(60) */
    test_assert_abs(phi->rms, phi->tau, 0.002);
    ropelaw_phi_destroy(&phi);
}
END_TEST

/* Taking a model off the sum is the same as never having seen it. */
START_TEST(leaving_out_is_fitting_the_others) {
    made m;
    const double differ[] = {.1, .3, .5, .7, .2, .9};
    make(&m, differ, 0.1, 3);
    ropelaw_phi *phi = fit(m.cases, N);
    double sum = 0, lo = INFINITY, hi = -INFINITY;
    for (size_t j = 0; j < MODELS; j++) {
        ropelaw_phi_case others[N];
        size_t n = 0;
        for (size_t i = 0; i < N; i++)
            if (i / BASES != j) others[n++] = m.cases[i];
        ropelaw_phi *rest = fit(others, n), *own = fit(m.cases + j * BASES, BASES);
        ck_assert_str_eq(phi->models[j].name, names[j]);
        test_assert_abs(phi->models[j].phi_others_rad, rest->fitted.phi_rad, 1e-9);
        test_assert_abs(phi->models[j].phi_rad, own->fitted.phi_rad, 1e-9);
        double squares = 0;
        for (size_t b = 0; b < BASES; b++) {
            const ropelaw_phi_case *c = &m.cases[j * BASES + b];
            double e = log(c->lo_tok / length_at(c->run, rest->fitted.phi_rad));
            squares += e * e, lo = fmin(lo, e), hi = fmax(hi, e);
        }
        test_assert_rel(phi->models[j].rms_out, sqrt(squares / BASES), 1e-9);
        sum += squares;
        ropelaw_phi_destroy(&rest), ropelaw_phi_destroy(&own);
    }
    test_assert_rel(phi->fitted.rms_out, sqrt(sum / N), 1e-9);
    test_assert_rel(phi->out_lo, exp(lo), 1e-9);
    test_assert_rel(phi->out_hi, exp(hi), 1e-9);
    ropelaw_phi_destroy(&phi);
}
END_TEST

/* Where every model is known exactly, its mean, its interval and the spread are those of six normal numbers: Student's.
   The grid has steps of 0.01 rad, and the ends lie outwards on it; below 0 and above 0.86 rad of spread nothing is cut. */
START_TEST(exact_models_have_students_interval) {
    made m;
    const double differ[] = {1.1, 1.3, 1.5, 1.7, 1.2, 1.9};
    make(&m, differ, 0, 3);
    ropelaw_phi *phi = fit(m.cases, N);
    double mean = 0, squares = 0;
    for (size_t j = 0; j < MODELS; j++) mean += phi->models[j].phi_rad / MODELS;
    for (size_t j = 0; j < MODELS; j++) squares += pow(phi->models[j].phi_rad - mean, 2);
    double half = num_t_quantile(.975, MODELS - 1) * sqrt(squares / (MODELS * (MODELS - 1)));
    test_assert_abs(phi->fitted.phi_rad, mean, 0.005);
    ck_assert(phi->fitted.lo_rad <= mean - half && phi->fitted.lo_rad > mean - half - 0.02);
    ck_assert(phi->fitted.hi_rad >= mean + half && phi->fitted.hi_rad < mean + half + 0.02);
    /* a parabola through nodes h = ln 1.5 apart, l'' = -2 n and l''' = 4 n: off by up to 2 h^2 / 6 */
    test_assert_rel(phi->spread_rad, sqrt(squares / MODELS), 0.055);
    ropelaw_phi_destroy(&phi);
    make(&m, same, 0.05, 4);
    phi = fit(m.cases, N);
    ck_assert_msg(phi->spread_rad < 0.05, "%g", phi->spread_rad); /* a model's own error is about 0.05 rad */
    ropelaw_phi_destroy(&phi);
}
END_TEST

/* More models than shares are kept for: each has a phi of its own all the same. Five runs with a scatter of 0.05 leave a
   model's phi uncertain by about 0.05 rad, far less than the spread of 0.3. */
START_TEST(many_models_stay_apart) {
    enum { MANY = 128 };
    static made m[MANY / MODELS + 1];
    static ropelaw_phi_case cases[MANY * BASES];
    static char many[MANY][4];
    double sum = 0, squares = 0;
    ropelaw_random r;
    ropelaw_random_init(&r, 21, 0);
    for (size_t j = 0; j < MANY; j++) {
        double phi[MODELS], own = 1 + .3 * ropelaw_random_normal(&r);
        made *part = &m[j / MODELS];
        if (j % MODELS == 0) make(part, same, 0, 1);
        sum += own, squares += own * own;
        for (size_t k = 0; k < MODELS; k++) phi[k] = fmax(own, 0);
        made of_this;
        make(&of_this, phi, .05, 100 + j);
        snprintf(many[j], sizeof many[j], "%03zu", j);
        for (size_t b = 0; b < BASES; b++) {
            size_t i = j % MODELS * BASES + b;
            part->runs[i] = of_this.runs[i], part->runs[i].model = many[j];
            cases[j * BASES + b] = of_this.cases[i], cases[j * BASES + b].run = &part->runs[i];
        }
    }
    ropelaw_phi *phi = fit(cases, MANY * BASES);
    double mean = sum / MANY, sd = sqrt(squares / MANY - mean * mean);
    ck_assert_uint_eq(phi->n_models, MANY);
    test_assert_rel(phi->spread_rad, sd, .1);
    test_assert_abs(phi->tau, .05, 3 * .05 / sqrt(2 * MANY * (BASES - 1)));
    test_assert_abs(phi->fitted.phi_rad, mean, 3 * .05 / sqrt(MANY) + .005);
    double half = num_t_quantile(.975, MANY - 1) * sd / sqrt(MANY);
    test_assert_rel((phi->fitted.hi_rad - phi->fitted.lo_rad) / (2 * half), 1,
                    .25); /* steps of 0.01 outwards */
    ropelaw_phi_destroy(&phi);
}
END_TEST

/* One model of exact values: the likelihood ratio is one of sums of squares, and the F interval that of regression. */
START_TEST(one_model_has_the_f_interval) {
    made m;
    make(&m, same, 0.05, 5);
    ropelaw_phi *phi = fit(m.cases + 10, BASES);
    static fit_arcs arcs[BASES];
    double least = INFINITY, lo = NAN, hi = NAN, f = num_f_quantile(.95, 1, BASES - 1);
    for (int i = 0; i < BASES; i++) ck_assert(fit_run_arcs(&m.runs[10 + i], &arcs[i]));
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < 3140; k++) {
            double rss = 0;
            for (int i = 0; i < BASES; i++) {
                ropelaw_coverage c;
                ck_assert(!ropelaw_coverage_eval(&arcs[i].arcs, k / 1000.0, &c, NULL));
                double e = log(m.cases[10 + i].lo_tok / (c.distance_tok + 1));
                rss += isnan(e) ? 100 : e * e;
            }
            if (pass == 0) least = fmin(least, rss);
            if (pass == 0 || rss > least * (1 + f / (BASES - 1))) continue;
            if (isnan(lo)) lo = k / 1000.0;
            hi = k / 1000.0;
        }
    ck_assert(isnan(phi->fitted.rms_out) && phi->fitted.caveats & ROPELAW_CAVEAT_FEW_POINTS);
    ck_assert(phi->fitted.lo_rad <= lo + 1e-9 &&
              phi->fitted.hi_rad >= hi - 1e-9); /* ends lie outwards on the grid */
    ck_assert(phi->fitted.lo_rad > lo - 0.011 && phi->fitted.hi_rad < hi + 0.011);
    ropelaw_phi_destroy(&phi);
}
END_TEST

START_TEST(brackets_and_limits_are_not_values) {
    made m;
    make(&m, same, 0, 7);
    for (size_t i = 0; i < N; i++) { /* octave brackets; the longest of each model only a limit */
        double t = m.cases[i].lo_tok, octave = exp2(floor(log2(t) * 2) / 2);
        bool limit = i % BASES == BASES - 1;
        m.cases[i] =
            (ropelaw_phi_case){&m.runs[i], limit ? t / 4 : octave, limit ? INFINITY : octave * sqrt(2), 0};
    }
    ropelaw_phi *phi = fit(m.cases, N);
    ck_assert_uint_eq(phi->n_bounded, N - MODELS);
    test_assert_abs(phi->fitted.phi_rad, .37,
                    .12); /* half-octaves of 24 runs: ln sqrt 2 / sqrt(12 * 24) of length is 0.06 rad */
    ck_assert(phi->fitted.lo_rad < .37 && phi->fitted.hi_rad > .37);
    ropelaw_phi_destroy(&phi);
    for (size_t i = 0; i < N; i++) m.cases[i].hi_tok = INFINITY;
    phi = fit(m.cases, N);
    ck_assert(phi->reason && isnan(phi->fitted.phi_rad) && isnan(phi->rms));
    ropelaw_phi_destroy(&phi);
    phi = fit(NULL, 0);
    ck_assert(phi->reason && phi->n_models == 0);
    ropelaw_phi_destroy(&phi);
}
END_TEST

/* One model with onsets and one with limits only: the first cannot be predicted from the other, nor an interval be given. */
START_TEST(limits_of_another_model_are_no_second_opinion) {
    made m;
    make(&m, same, 0.02, 12);
    for (size_t i = BASES; i < 2 * BASES; i++) m.cases[i].lo_tok /= 2, m.cases[i].hi_tok = INFINITY;
    ropelaw_phi *phi = fit(m.cases, 2 * BASES);
    ck_assert(phi->n_models == 2 && phi->models[1].n_bounded == 0 && isnan(phi->models[1].phi_rad));
    ck_assert(isnan(phi->models[0].phi_others_rad) && isnan(phi->models[0].rms_out));
    ck_assert(isnan(phi->fitted.rms_out) && isnan(phi->fitted.lo_rad) && isnan(phi->out_lo));
    test_assert_abs(phi->models[1].phi_others_rad, phi->models[0].phi_rad, 1e-12);
    test_assert_abs(phi->fitted.phi_rad, .37, .1);
    ropelaw_phi_destroy(&phi);
}
END_TEST

/* Runs that break long before any coverage: phi 0, and it says so. */
START_TEST(an_edge_is_told) {
    made m;
    make(&m, same, 0, 8);
    for (size_t i = 0; i < N; i++) m.cases[i].lo_tok = m.cases[i].hi_tok = m.cases[i].lo_tok / 3;
    ropelaw_phi *phi = fit(m.cases, N);
    ck_assert(phi->fitted.phi_rad == 0 && phi->fitted.caveats & ROPELAW_CAVEAT_AT_EDGE);
    ropelaw_phi_destroy(&phi);
}
END_TEST

START_TEST(threads_and_order_change_nothing) {
    made m;
    const double differ[] = {.1, .3, .5, .7, .2, .9};
    make(&m, differ, 0.1, 9);
    ropelaw_phi *a = fit(m.cases, N), *b = NULL, *c;
    ropelaw_phi_options o = {.level = .95, .threads = 3};
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_phi_fit(m.cases, N, &o, &b, &e), e);
    ck_assert(!memcmp(&a->fitted, &b->fitted, sizeof a->fitted) && a->tau == b->tau && a->rms == b->rms);
    for (size_t j = 0; j < MODELS; j++)
        ck_assert(a->models[j].phi_others_rad == b->models[j].phi_others_rad &&
                  a->models[j].rms_out == b->models[j].rms_out);
    for (size_t i = 0; i < N / 2; i++) {
        ropelaw_phi_case t = m.cases[i];
        m.cases[i] = m.cases[N - 1 - i], m.cases[N - 1 - i] = t;
    }
    c = fit(m.cases, N);
    test_assert_abs(c->fitted.phi_rad, a->fitted.phi_rad, 1e-9);
    test_assert_rel(c->fitted.rms_out, a->fitted.rms_out, 1e-9);
    ropelaw_phi_destroy(&a), ropelaw_phi_destroy(&b), ropelaw_phi_destroy(&c);
}
END_TEST

START_TEST(frequencies_follow_from_facts) {
    made m;
    make(&m, same, 0, 1);
    fit_arcs a;
    ropelaw_coverage c;
    ropelaw_error e = {0};
    ropelaw_run run = m.runs[13];
    ck_assert(fit_run_arcs(&run, &a));
    test_assert_ok(ropelaw_coverage_eval(&a.arcs, .5, &c, &e), e);
    ck_assert(c.distance_tok + 1 == length_at(&run, .5)); /* the same arithmetic */
    run.tune_len_tok = 100;                               /* shorter than train_len: counts as train_len */
    ck_assert(fit_run_arcs(&run, &a) && a.arcs.tune_len_tok == run.train_len_tok);
    run = m.runs[10], run.method = linear, run.factor = 4;
    ck_assert(fit_run_arcs(&run, &a) && a.arcs.tune_len_tok == 1);
    for (size_t n = 0; n < a.arcs.n_pairs; n++) test_assert_rel(a.tune[n], a.pretrain[n] / 4, 1e-15);
    run.factor = NAN;
    ck_assert(!fit_run_arcs(&run, &a));
    run = m.runs[0], run.rotary_dim = 31;
    ck_assert(!fit_run_arcs(&run, &a));
    run.rotary_dim = 1026;
    ck_assert(!fit_run_arcs(&run, &a));
    run = m.runs[0], run.train_len_tok = NAN;
    ck_assert(!fit_run_arcs(&run, &a));
}
END_TEST

/* From fitted runs: an estimate where there is one, else the bracket, else a limit; accuracies stay out. */
START_TEST(fitted_runs_become_cases) {
    made m;
    static ropelaw_run_fit fits[4];
    make(&m, same, 0, 1);
    memset(fits, 0, sizeof fits);
    for (int i = 0; i < 4; i++) {
        fits[i].n_onsets = 1;
        fits[i].onset[0].length_tok = (ropelaw_estimate){.est = NAN, .se = NAN};
        fits[i].onset[0].bracket_lo_tok = 100, fits[i].onset[0].bracket_hi_tok = NAN;
    }
    double t = length_at(&m.runs[11], .37);
    fits[1].onset[0].length_tok = (ropelaw_estimate){.est = t, .se = .01};
    m.runs[13].kind = ROPELAW_VALUE_ACCURACY;
    fits[3].onset[0] = fits[1].onset[0];
    ropelaw_series series = {.n_runs = 4, .runs = m.runs + 10};
    ropelaw_phi *phi;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_series_phi_fit(&series, fits, NULL, NULL, &phi, &e), e);
    ck_assert(phi->fitted.n_runs == 3 && phi->n_bounded == 1);
    test_assert_abs(phi->fitted.phi_rad, .37, .006);
    ropelaw_phi_destroy(&phi);
    m.runs[11].base = 9e3; /* below the base of pre-training */
    test_assert_ok(ropelaw_series_phi_fit(&series, fits, NULL, NULL, &phi, &e), e);
    ck_assert(phi->fitted.n_runs == 2 && phi->reason);
    ropelaw_phi_destroy(&phi);
    m.runs[11].base = 23e3;
    /* an estimate outside the measured lengths is not believed */
    fits[1].onset[0].bracket_lo_tok = .5 * t, fits[1].onset[0].bracket_hi_tok = .6 * t;
    test_assert_ok(ropelaw_series_phi_fit(&series, fits, NULL, NULL, &phi, &e), e);
    ck_assert(phi->n_bounded == 1 && phi->fitted.phi_rad < .1);
    ropelaw_phi_destroy(&phi);
    fits[1].onset[0].bracket_lo_tok = .9 * t, fits[1].onset[0].bracket_hi_tok = 1.1 * t;
    /* the law's break goes before the run's own onset */
    ropelaw_law_run in_law[4] = {{.use = ROPELAW_RUN_FEW_POINTS}, {.use = ROPELAW_RUN_BROKEN}};
    double u = length_at(&m.runs[11], .8);
    in_law[1].break_tok = (ropelaw_range){u, u / exp(.0392), u * exp(.0392)};
    in_law[2].use = in_law[3].use = ROPELAW_RUN_FEW_POINTS;
    ropelaw_law_model model = {.n_runs = 1};
    ropelaw_law law = {.n_models = 1, .models = &model, .n_runs = 4, .runs = in_law};
    test_assert_ok(ropelaw_series_phi_fit(&series, fits, &law, NULL, &phi, &e), e);
    test_assert_abs(phi->fitted.phi_rad, .8, .01);
    ropelaw_phi_destroy(&phi);
    model.reason = "no law"; /* then its runs are not seen through it */
    test_assert_ok(ropelaw_series_phi_fit(&series, fits, &law, NULL, &phi, &e), e);
    test_assert_abs(phi->fitted.phi_rad, .37, .01);
    ropelaw_phi_destroy(&phi);
    law.n_runs = 3;
    test_assert_fails(ropelaw_series_phi_fit(&series, fits, &law, NULL, &phi, &e), ROPELAW_SHAPE, e, "law");
    fits[2].onset[0].bracket_lo_tok = .9 * length_at(&m.runs[12], .37);
    fits[2].onset[0].bracket_hi_tok = 1.1 * length_at(&m.runs[12], .37);
    test_assert_ok(ropelaw_series_phi_fit(&series, fits, NULL, NULL, &phi, &e), e);
    ck_assert(phi->n_bounded == 2);
    ropelaw_phi_destroy(&phi);
}
END_TEST

START_TEST(what_makes_no_sense) {
    made m;
    make(&m, same, 0, 1);
    ropelaw_phi *phi = NULL;
    ropelaw_error e = {0};
    ropelaw_phi_case c = m.cases[0];
    c.se = -1;
    test_assert_fails(ropelaw_phi_fit(&c, 1, NULL, &phi, &e), ROPELAW_DOMAIN, e, "se");
    c = m.cases[0], c.lo_tok = NAN;
    test_assert_fails(ropelaw_phi_fit(&c, 1, NULL, &phi, &e), ROPELAW_DOMAIN, e, "lo_tok");
    c = m.cases[0], c.hi_tok = c.lo_tok / 2;
    test_assert_fails(ropelaw_phi_fit(&c, 1, NULL, &phi, &e), ROPELAW_DOMAIN, e, "hi_tok");
    c = m.cases[0], c.run = NULL;
    test_assert_fails(ropelaw_phi_fit(&c, 1, NULL, &phi, &e), ROPELAW_INVALID, e, "run");
    ropelaw_phi_options o = {.level = 1};
    test_assert_fails(ropelaw_phi_fit(m.cases, 1, &o, &phi, &e), ROPELAW_DOMAIN, e, "level");
    test_assert_fails(ropelaw_phi_fit(NULL, 1, NULL, &phi, &e), ROPELAW_INVALID, e, "cases");
    ck_assert_ptr_null(phi);
    for (long k = 1;; k++) {
        core_fail_allocations_from(k);
        ropelaw_status s = ropelaw_phi_fit(m.cases, 2, NULL, &phi, &e);
        core_fail_allocations_from(0);
        if (!s) break;
        ck_assert(s == ROPELAW_NOMEM && phi == NULL && k < 1000);
    }
    ropelaw_phi_destroy(&phi);
}
END_TEST

static int stop(void *context, double fraction) {
    (void)context, (void)fraction;
    return 0;
}

START_TEST(it_can_be_stopped) {
    made m;
    make(&m, same, 0, 1);
    ropelaw_progress progress = {stop, NULL};
    ropelaw_phi_options o = {.level = .95, .threads = 1, .progress = &progress};
    ropelaw_phi *phi = NULL;
    ck_assert_int_eq(ropelaw_phi_fit(m.cases, N, &o, &phi, NULL), ROPELAW_CANCELLED);
    ck_assert_ptr_null(phi);
}
END_TEST

int main(void) {
    Suite *s = suite_create("phi_fit");
    const TTest *const tests[] = {a_known_phi_is_found,
                                  leaving_out_is_fitting_the_others,
                                  exact_models_have_students_interval,
                                  many_models_stay_apart,
                                  one_model_has_the_f_interval,
                                  brackets_and_limits_are_not_values,
                                  limits_of_another_model_are_no_second_opinion,
                                  an_edge_is_told,
                                  threads_and_order_change_nothing,
                                  frequencies_follow_from_facts,
                                  fitted_runs_become_cases,
                                  what_makes_no_sense,
                                  it_can_be_stopped,
                                  NULL};
    test_add(s, "phi_fit", tests);
    return test_run(s);
}
