/* A straight curve says nothing of what lies beyond its last point, whatever the last digits of its values are. */
#include "curve_runs.h"
#include "gsl_handler.h"
#include "fit/curve_fit.h"
#include <stdio.h>

/* Octaves, even steps, and lengths without order in their steps. */
static double length(size_t design, size_t i) {
    return design == 0   ? 256 * exp2((double)i)
           : design == 1 ? 1000.0 * (double)(i + 1)
                         : floor(700 * pow(1.37, (double)i)) + 13.0 * (double)i;
}

/* What a curve of constant `value` times length^slope becomes in one kind. */
static void fill(setup *s, ropelaw_value_kind kind, double value, double slope, size_t n, size_t design) {
    start(s, kind);
    for (size_t i = 0; i < n; i++) {
        double len = length(design, i), x = log(len / length(design, 0));
        double v = kind == ROPELAW_VALUE_PPL ? value * exp(slope * x) : value + slope * x;
        add(s, len, v);
    }
}

/* The steps behind status and onsets alone, without families and simulations. */
static ropelaw_run_fit onsets_of(setup *s, const ropelaw_fit_options *o) {
    fit_state state;
    ropelaw_run_fit fit;
    ropelaw_error error = {0};
    test_assert_ok(fit_open(&state, &s->run, o, &fit, &error), error);
    test_assert_ok(fit_estimates(&state, &error), error);
    fit_status(&state);
    test_assert_ok(fit_onsets(&state, &error), error);
    fit_close(&state);
    return fit;
}

static void assert_censored_at_last(const setup *s, const ropelaw_run_fit *f, const char *what) {
    double last = s->points[s->run.n_points - 1].eval_len_tok;
    ck_assert_msg(f->status == ROPELAW_FIT_RIGHT, "%s: %s", what, ropelaw_fit_status_str(f->status));
    ck_assert_msg(f->break_tok.lo == last && isinf(f->break_tok.hi), "%s: break", what);
    for (size_t k = 0; k < f->n_onsets; k++) {
        const ropelaw_estimate *e = &f->onset[k].length_tok;
        ck_assert_msg(isnan(e->est) && e->lo == last && isinf(e->hi) &&
                          (e->caveats & ROPELAW_CAVEAT_CENSORED),
                      "%s: onset %.17g [%.17g, %g], last %g", what, e->est, e->lo, e->hi, last);
    }
    ck_assert_msg(isnan(f->width.est), "%s: width %g", what, f->width.est);
}

/* Every kind, given errors or none, every reference: a curve that is constant or falls. */
START_TEST(straight_curves_are_limits) {
    gsl_handler_install();
    static const struct {
        ropelaw_value_kind kind;
        double value, slope;
    } cases[] = {
        {ROPELAW_VALUE_PPL,      2.1,        0    },
        {ROPELAW_VALUE_PPL,      3.3,        0    },
        {ROPELAW_VALUE_PPL,      1,          0    },
        {ROPELAW_VALUE_PPL,      123456.789, 0    },
        {ROPELAW_VALUE_PPL,      1e-3,       0    },
        {ROPELAW_VALUE_PPL,      7.1,        -.04 },
        {ROPELAW_VALUE_PPL,      1e6,        -1.3 },
        {ROPELAW_VALUE_LOSS,     2.1,        0    },
        {ROPELAW_VALUE_LOSS,     .1,         0    },
        {ROPELAW_VALUE_LOSS,     3.14159,    -.031},
        {ROPELAW_VALUE_ACCURACY, .97,        0    },
        {ROPELAW_VALUE_ACCURACY, 1,          0    },
    };
    for (size_t c = 0; c < CORE_COUNT(cases); c++)
        for (size_t n = 4; n <= 40; n += n < 12 ? 1 : 28) {
            setup s;
            char what[80];
            size_t design = n > 20 ? 1 : (n + c) % 3, given = (n + c / 2) % 3;
            fill(&s, cases[c].kind, cases[c].value, cases[c].slope, n, design);
            for (size_t i = 0; i < n && given; i++)
                s.points[i].se = .01 * s.points[i].value * (given > 1 ? 1 + (double)(i % 4) : 1);
            snprintf(what, sizeof what, "case %zu, n %zu, design %zu, errors %zu", c, n, design, given);
            ropelaw_fit_options o = ropelaw_fit_options_default;
            if (n % 4 == 0) o.reference = ROPELAW_REFERENCE_MINIMUM;
            if (n % 5 == 0) o.sigma = .01;
            ropelaw_run_fit f = onsets_of(&s, &o);
            if (o.sigma > 0) { /* a noise that is given is believed */
                ck_assert_int_eq(f.status, ROPELAW_FIT_RIGHT);
                for (size_t k = 0; k < f.n_onsets; k++)
                    ck_assert_msg(f.onset[k].length_tok.lo >= length(design, 0), "%s: %g", what,
                                  f.onset[k].length_tok.lo);
                continue;
            }
            assert_censored_at_last(&s, &f, what);
            if (n < 6) continue;
            double slope = cases[c].kind == ROPELAW_VALUE_ACCURACY ? 0 : cases[c].slope;
            test_assert_abs(f.slope_before.est, slope, 1e-12);
            ck_assert(f.slope_before.lo <= slope + 1e-12 && f.slope_before.hi >= slope - 1e-12);
            ck_assert_msg(f.sigma < 1e-12, "%s: sigma %g", what, f.sigma);
        }
    gsl_handler_check();
}
END_TEST

/* The whole fit: no break, the simplest family, no figures made of roundings. */
START_TEST(what_is_said_of_a_line) {
    gsl_handler_install();
    ropelaw_fit_options o = ropelaw_fit_options_default;
    o.n_draws = o.n_existence = 19;
    for (size_t k = 0; k < 6; k++) {
        setup s;
        double slope = k % 3 == 0 ? 0 : k % 3 == 1 ? -.05 : .3;
        fill(&s, ROPELAW_VALUE_PPL, k < 3 ? 2.1 : 5.7, slope, 6 + 2 * k, k % 2);
        o.robust = k == 3 ? ROPELAW_ROBUST_HUBER : ROPELAW_ROBUST_NONE;
        ropelaw_run_fit f = fit_of(&s, &o);
        if (slope > 0) { /* it exceeds its minimum, but has no break to leave a plateau at */
            ck_assert_int_eq(f.status, ROPELAW_FIT_NO_BREAK);
            ck_assert(isnan(f.onset[0].length_tok.est) && !isnan(f.onset[0].bracket_hi_tok));
        } else {
            assert_censored_at_last(&s, &f, "fit");
        }
        ck_assert(f.p_break == 1 && f.p_davies == 1 && f.sup_f == 0);
        ck_assert_str_eq(f.family->name, slope == 0 ? "CONST" : "LINE");
        ck_assert(isnan(f.diagnostics.lag1) && isnan(f.diagnostics.skewness) && isnan(f.huber_limit));
    }
    gsl_handler_check();
}
END_TEST

/* Documents that are parallel lines: their differences are rounding too. */
START_TEST(parallel_documents) {
    for (int falling = 0; falling < 2; falling++) {
        setup s;
        ropelaw_fit_options o = ropelaw_fit_options_default;
        o.n_draws = o.n_existence = 99;
        start(&s, ROPELAW_VALUE_LOSS);
        for (size_t i = 0; i < 9; i++)
            for (size_t d = 0; d < 7; d++)
                add(&s, length(0, i), 2.1 + .1 * (double)d - .03 * falling * (double)i)->doc = d;
        ropelaw_run_fit f = fit_of(&s, &o);
        assert_censored_at_last(&s, &f, "documents");
        ck_assert(f.documents.n == 7 && f.p_break == 1);
    }
}
END_TEST

/* Noise below what the smallest bend of SOFT costs (1e-4) is no reason either. */
START_TEST(noise_in_the_last_digits) {
    for (uint64_t seed = 0; seed < 12; seed++)
        for (size_t n = 6; n <= 12; n += 3) {
            setup s;
            hinge_run(&s, n, 30, 0, seed % 2 ? 1e-4 : 1e-6, seed);
            ropelaw_run_fit f = onsets_of(&s, &ropelaw_fit_options_default);
            double last = s.points[n - 1].eval_len_tok;
            ck_assert(f.status == ROPELAW_FIT_RIGHT && f.onset[0].length_tok.lo == last &&
                      f.onset[1].length_tok.lo == last);
            if (!isnan(f.width.est)) continue; /* some bend fits these points better */
            double size = f.slope_before.hi - f.slope_before.lo, off = fabs(f.slope_before.est + .03);
            ck_assert_msg(off < 2 * size && size < 5e-4, "seed %d, n %zu: off by %g, length %g", (int)seed, n,
                          off, size); /* four half lengths: one of 36 may miss at 95 % */
        }
}
END_TEST

/* Where nothing has risen a limit is always given: of a flat curve between its second and its last length. */
START_TEST(limits_of_flat_curves) {
    for (uint64_t seed = 0; seed < 6; seed++)
        for (size_t n = 6; n <= 12; n += 3) {
            setup s;
            hinge_run(&s, n, 30, 0, seed % 2 ? .01 : .002, 100 + seed);
            ropelaw_run_fit f = onsets_of(&s, &ropelaw_fit_options_default);
            if (f.status != ROPELAW_FIT_RIGHT) continue;
            double lo[2] = {f.onset[0].length_tok.lo, f.onset[1].length_tok.lo};
            ck_assert(lo[0] >= 2048 * (1 - 1e-12) && lo[0] <= lo[1] && lo[1] <= s.points[n - 1].eval_len_tok);
        }
}
END_TEST

/* A fall that turns flat leaves its line before the first length: the limit is what was measured, the first length. */
START_TEST(limits_of_curves_that_turn_flat) {
    static const double ppl[] = {7.1764, 6.0055, 5.2134, 4.5683, 4.1971, 3.8620, 3.7220};
    static const double sizes[] = {1, .01}; /* the same shape, and nearly flat */
    for (size_t k = 0; k < CORE_COUNT(sizes); k++)
        for (size_t n = 6; n <= CORE_COUNT(ppl); n++) {
            setup s;
            start(&s, ROPELAW_VALUE_PPL);
            for (size_t i = 0; i < n; i++) add(&s, 1024 * exp2((double)i), pow(ppl[i], sizes[k]));
            ropelaw_run_fit f = onsets_of(&s, &ropelaw_fit_options_default);
            ck_assert_int_eq(f.status, ROPELAW_FIT_RIGHT);
            double lo[2] = {f.onset[0].length_tok.lo, f.onset[1].length_tok.lo};
            ck_assert_msg(lo[0] >= 1024 && lo[0] <= lo[1] && lo[1] <= s.points[n - 1].eval_len_tok,
                          "size %g, n %zu: %.17g, %.17g", sizes[k], n, lo[0], lo[1]);
        }
}
END_TEST

/* Five parallel documents but for their bends, bend + spread times a deviate each, and noise of 1e-3. */
static void bending_documents(setup *s, double bend, double spread, const double *deviate,
                              ropelaw_random *random) {
    start(s, ROPELAW_VALUE_LOSS);
    for (size_t i = 0; i < 9; i++)
        for (size_t d = 0; d < 5; d++) {
            double x = (double)i * log(2), own = bend + spread * deviate[d];
            double loss = 2 + .1 * (double)d - .15 * x + own * fmax(0, x - 2.5);
            add(s, 512 * exp2((double)i), loss + 1e-3 * ropelaw_random_normal(random))->doc = d;
        }
}

/* Documents that each bend at a rate of their own leave next to no residual in their mean: where the mean bends downwards
   or not at all, what they differ by must still tell how early an onset may lie. */
START_TEST(limits_between_documents) {
    static const double deviate[] = {-1, -.5, 0, .5, 1}, spreads[] = {0, .01, .05, .2};
    double before = INFINITY, lo = NAN;
    for (size_t k = 0; k < CORE_COUNT(spreads); k++) { /* the same mean and the same noise */
        ropelaw_random random;
        ropelaw_random_init(&random, 1, 0);
        setup s;
        bending_documents(&s, -.02, spreads[k], deviate, &random);
        ropelaw_run_fit f = onsets_of(&s, &ropelaw_fit_options_default);
        lo = f.onset[0].length_tok.lo;
        ck_assert_msg(f.status == ROPELAW_FIT_RIGHT && isnan(f.width.est), "not straight at %g", spreads[k]);
        ck_assert_str_eq(f.onset[0].length_tok.method, "documents-F");
        ck_assert_msg(lo <= before, "spread %g: %g after %g", spreads[k], lo, before);
        before = lo;
    }
    /* Not later than with the bend's place and width known, by the documents' bends alone: t_.95(4) = 2.1318, and their
       sum of squares 2.5 times spread^2; 5 % for the noise in the mean. */
    double steepest = -.02 + 2.1318 * .2 * sqrt(2.5 / 4 / 5);
    ck_assert_msg(lo >= 512 && lo <= 1.05 * 512 * exp(2.5 + log(1.1) / steepest), "%g", lo);
}
END_TEST

/* The truth is .04 +- .16: a limit at 95 % is beyond the onset in at most 5 % of the data sets; four deviations more are
   chance. */
START_TEST(coverage_between_documents) {
    enum { SETS = 60 };
    const double bend = .04, truth = 512 * exp(2.5 + log(1.1) / bend);
    size_t n_limits = 0, n_beyond = 0;
    for (uint64_t seed = 0; seed < SETS; seed++) {
        ropelaw_random random;
        ropelaw_random_init(&random, seed, 7);
        setup s;
        double deviate[5];
        for (size_t d = 0; d < 5; d++) deviate[d] = ropelaw_random_normal(&random);
        bending_documents(&s, bend, .16, deviate, &random);
        ropelaw_run_fit f = onsets_of(&s, &ropelaw_fit_options_default);
        const ropelaw_estimate *e = &f.onset[0].length_tok;
        if (!isinf(e->hi) || isnan(e->lo)) continue;
        ck_assert_msg(!strcmp(e->method, "documents-F"), "seed %d: %s", (int)seed, e->method);
        n_limits++;
        n_beyond += e->lo > truth;
    }
    double most = .05 * SETS + 4 * sqrt(.05 * .95 * SETS);
    ck_assert_msg(n_limits > SETS / 2 && (double)n_beyond <= most, "%zu of %zu limits beyond the truth",
                  n_beyond, n_limits);
}
END_TEST

int main(void) {
    Suite *s = suite_create("curve line");
    const TTest *const tests[] = {
        straight_curves_are_limits, what_is_said_of_a_line,     parallel_documents,
        noise_in_the_last_digits,   limits_of_flat_curves,      limits_of_curves_that_turn_flat,
        limits_between_documents,   coverage_between_documents, NULL};
    test_add(s, "curve line", tests);
    return test_run(s);
}
