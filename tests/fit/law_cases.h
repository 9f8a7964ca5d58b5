/* Simulated runs of a known law, as a series. */
#ifndef TESTS_FIT_LAW_CASES_H
#define TESTS_FIT_LAW_CASES_H

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ropelaw/law_fit.h>
#include <ropelaw/random.h>

enum { CASE_RUNS = 12, CASE_POINTS = 12 };

typedef struct {
    double slope, tau, width, sd, last; /* last: longest length [token] */
    uint64_t seed;
    const char *model;
    double pretrain_base;
} law_case;

/* One model of ten runs: d 128, trained on 1024, bases pretrain_base .. * 10^2.4; lengths 512, 1024, ... */
typedef struct {
    ropelaw_run runs[CASE_RUNS];
    ropelaw_point points[CASE_RUNS][CASE_POINTS];
    char names[CASE_RUNS][16];
    char model[16], method[16];
} law_simulated;

static inline void law_simulate(const law_case *c, law_simulated *s, size_t n) {
    ropelaw_random r;
    ropelaw_random_init(&r, c->seed, 0);
    memset(s, 0, sizeof *s);
    strcpy(s->model, c->model);
    for (size_t i = 0; i < n; i++) {
        double u = log(c->pretrain_base) + 2.4 * log(10) * (double)i / (double)(n - 1);
        double psi = log(2 * M_PI) + c->slope * u + c->tau * ropelaw_random_normal(&r), length = 512;
        ropelaw_run *run = &s->runs[i];
        s->names[i][0] = 'r', s->names[i][1] = (char)('a' + i);
        *run = (ropelaw_run){.name = s->names[i],
                             .kind = ROPELAW_VALUE_PPL,
                             .points = s->points[i],
                             .model = s->model,
                             .method = s->method,
                             .rotary_dim = 128,
                             .pretrain_base = c->pretrain_base,
                             .train_len_tok = 1024,
                             .tune_len_tok = NAN,
                             .base = exp(u),
                             .factor = NAN};
        for (; run->n_points < CASE_POINTS && length <= c->last; length *= 2) {
            double x = log(length), t = (x - psi) / c->width;
            double rise = 2 * c->width * (t > 0 ? t + log1p(exp(-t)) : log1p(exp(t)));
            double y = 2.3 - 0.05 * x + rise + c->sd * ropelaw_random_normal(&r);
            s->points[i][run->n_points++] =
                (ropelaw_point){length, exp(y), NAN, NAN, NAN, SIZE_MAX, SIZE_MAX, 0, 0, 0};
        }
    }
}

#endif
