/* Runs of documents whose truth is known. */
#ifndef ROPELAW_TESTS_FIT_CORPUS_H
#define ROPELAW_TESTS_FIT_CORPUS_H

#include "test.h"
#include <ropelaw/fit.h>
#include <ropelaw/random.h>
#include <string.h>

enum { LENGTHS = 12, MOST_DOCUMENTS = 40 };

typedef struct {
    ropelaw_run run;
    ropelaw_point points[LENGTHS * MOST_DOCUMENTS];
} corpus;

typedef struct {
    size_t documents;
    double level;        /* of documents, sd */
    double own_break;    /* of documents, sd */
    double correlation;  /* of neighbouring lengths */
    double sigma, after; /* sd of a document's noise before and after the break */
} design;

static const double truth = 5.5;

/* Octaves from 1024, the break of the mean curve at 5.5 octaves. */
static void draw(corpus *c, const design *g, uint64_t seed) {
    static char name[] = "run", empty[] = "";
    ropelaw_random random;
    ropelaw_random_init(&random, 31, seed);
    memset(c, 0, sizeof *c);
    c->run = (ropelaw_run){.name = name,
                           .kind = ROPELAW_VALUE_LOSS,
                           .points = c->points,
                           .model = empty,
                           .method = empty,
                           .n_docs = g->documents,
                           .n_points = LENGTHS * g->documents};
    for (size_t d = 0; d < g->documents; d++) {
        double level = g->level * ropelaw_random_normal(&random), e = ropelaw_random_normal(&random);
        double own = truth + g->own_break * ropelaw_random_normal(&random);
        for (size_t i = 0; i < LENGTHS; i++) {
            double x = (double)i, rest = sqrt(1 - g->correlation * g->correlation);
            double y = 2 + level - .03 * x + 1.4 * fmax(0, x - own) + (x > truth ? g->after : g->sigma) * e;
            c->points[i * g->documents + d] = (ropelaw_point){.eval_len_tok = 1024 * exp2(x),
                                                              .value = y,
                                                              .se = NAN,
                                                              .n_tokens = NAN,
                                                              .n_trials = NAN,
                                                              .doc = d,
                                                              .replicate = SIZE_MAX};
            e = g->correlation * e + rest * ropelaw_random_normal(&random);
        }
    }
}

static inline ropelaw_fit_options quick(void) {
    ropelaw_fit_options o = ropelaw_fit_options_default;
    o.n_draws = o.n_existence = 99;
    o.n_eps = 1;
    o.eps[0] = .5;
    return o;
}

static inline ropelaw_run_fit fit_of(const corpus *c, const ropelaw_fit_options *o) {
    ropelaw_run_fit fit;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_run_fit_eval(&c->run, o, &fit, &error), error);
    return fit;
}

#endif
