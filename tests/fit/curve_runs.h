/* Runs on the stack for tests of curve fits. */
#ifndef TESTS_FIT_CURVE_RUNS_H
#define TESTS_FIT_CURVE_RUNS_H

#include "core/core.h"
#include "test.h"
#include <math.h>
#include <ropelaw/fit.h>
#include <ropelaw/random.h>
#include <string.h>

enum { MOST = 128 };

/* A run and its points. */
typedef struct {
    ropelaw_run run;
    ropelaw_point points[MOST];
} setup;

/* No points and no facts. */
static inline void blank(setup *s, ropelaw_value_kind kind) {
    static char name[] = "run", empty[] = "";
    memset(s, 0, sizeof *s);
    s->run = (ropelaw_run){.name = name, .kind = kind, .points = s->points, .model = empty, .method = empty};
}

/* No points, and the facts of LLaMA2 tuned with base 1e6 at 16384. */
static inline void start(setup *s, ropelaw_value_kind kind) {
    blank(s, kind);
    s->run.rotary_dim = 128, s->run.pretrain_base = 1e4, s->run.train_len_tok = 4096;
    s->run.tune_len_tok = 16384, s->run.base = 1e6, s->run.factor = NAN;
}

static inline ropelaw_point *add(setup *s, double len, double value) {
    ropelaw_point *p = &s->points[s->run.n_points++];
    *p = (ropelaw_point){.eval_len_tok = len,
                         .value = value,
                         .se = NAN,
                         .n_tokens = NAN,
                         .n_trials = NAN,
                         .doc = SIZE_MAX,
                         .replicate = SIZE_MAX};
    return p;
}

/* n octaves from 1024; a hinge at psi octaves with slope d per e-fold and normal noise */
static inline void hinge_run(setup *s, size_t n, double psi, double d, double sigma, uint64_t seed) {
    ropelaw_random random;
    ropelaw_random_init(&random, seed, 0);
    start(s, ROPELAW_VALUE_PPL);
    for (size_t i = 0; i < n; i++) {
        double x = (double)i * log(2), e = sigma * ropelaw_random_normal(&random);
        add(s, 1024 * exp2((double)i), exp(1.8 - .03 * x + d * fmax(0, x - psi * log(2)) + e));
    }
}

static inline ropelaw_run_fit fit_of(const setup *s, const ropelaw_fit_options *options) {
    ropelaw_run_fit fit;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_run_fit_eval(&s->run, options, &fit, &error), error);
    return fit;
}

static inline ropelaw_fit_options draws(size_t n_draws, size_t n_existence) {
    ropelaw_fit_options o = ropelaw_fit_options_default;
    o.n_draws = n_draws;
    o.n_existence = n_existence;
    return o;
}

#endif
