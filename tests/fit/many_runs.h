/* Many runs of one model, five lengths each, and what a fit of them costs. */
#ifndef TESTS_FIT_MANY_RUNS_H
#define TESTS_FIT_MANY_RUNS_H

#include "test.h"
#include <ropelaw/fit.h>
#include <ropelaw/law_fit.h>
#include <ropelaw/random.h>
#include <string.h>
#include <time.h>

enum { MANY_LENGTHS = 5 };

/* LLaMA2's facts, bases over two decades, effective dimension 92, scatter .05, noise .02; every eighth length is 13 % off, so
   that lengths differ between runs. */
static inline ropelaw_series many_runs(size_t n) {
    static char name[] = "r", model[] = "m", method[] = "";
    ropelaw_run *runs = calloc(n, sizeof *runs);
    ropelaw_point *points = calloc(n * MANY_LENGTHS, sizeof *points);
    ck_assert(runs && points);
    for (size_t i = 0; i < n; i++) {
        ropelaw_random r;
        ropelaw_random_init(&r, 77, i);
        double u = log(8e4) + 4.5 * ropelaw_random_uniform(&r);
        double psi = log(2 * M_PI) + 92. / 128 * u + .05 * ropelaw_random_normal(&r);
        for (size_t k = 0; k < MANY_LENGTHS; k++) {
            double length = 8192 * exp2(2. * (double)k) * (i % 8 || k != 2 ? 1 : 1.13), x = log(length);
            double y = 2 - .02 * (x - 9) + 1.5 * fmax(0, x - psi) + .02 * ropelaw_random_normal(&r);
            points[i * MANY_LENGTHS + k] =
                (ropelaw_point){length, exp(y), NAN, NAN, NAN, SIZE_MAX, SIZE_MAX, 0, 0, 0};
        }
        runs[i] = (ropelaw_run){.name = name,
                                .kind = ROPELAW_VALUE_PPL,
                                .points = points + i * MANY_LENGTHS,
                                .n_points = MANY_LENGTHS,
                                .model = model,
                                .method = method,
                                .rotary_dim = 128,
                                .pretrain_base = 1e4,
                                .train_len_tok = 4096,
                                .tune_len_tok = 4096,
                                .base = exp(u),
                                .factor = NAN};
    }
    return (ropelaw_series){.n_runs = n, .runs = runs};
}

static inline void many_clear(ropelaw_series *s) {
    free(s->runs[0].points);
    free(s->runs);
}

static inline double many_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* CPU seconds of a run, of the fits of its curve alone. */
static inline double many_curves(size_t n, ropelaw_run_fit *fits) {
    ropelaw_series s = many_runs(n);
    ropelaw_fit_options o = ropelaw_fit_options_default;
    ropelaw_error error = {0};
    o.n_draws = 19;
    double from = many_seconds();
    test_assert_ok(ropelaw_series_fit(&s, &o, fits, &error), error);
    double spent = many_seconds() - from;
    many_clear(&s);
    return spent / (double)n;
}

/* The law of n runs and the CPU seconds of a run. */
static inline ropelaw_law *many_law(size_t n, size_t threads, double *seconds) {
    ropelaw_series s = many_runs(n);
    ropelaw_law_options o = ropelaw_law_options_default;
    ropelaw_law *law = NULL;
    ropelaw_error error = {0};
    o.threads = threads;
    double from = many_seconds();
    test_assert_ok(ropelaw_law_fit(&s, &o, &law, &error), error);
    *seconds = (many_seconds() - from) / (double)n;
    many_clear(&s);
    return law;
}

#endif
