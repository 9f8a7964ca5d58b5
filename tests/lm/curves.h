/* The committed curves of the project's own models (data/curves/lm/t*.csv), read once, with the theory computed anew. */
#ifndef TESTS_LM_CURVES_H
#define TESTS_LM_CURVES_H

#include <ropelaw/law.h>
#include <ropelaw/series.h>

enum { MOST_RUNS = 256, MOST_BINS = 64, MOST_MODELS = 32, MOST_SETUPS = 16 };

typedef struct {
    char name[96], model[64], setup[64]; /* a model's name is its set-up's and "-s", the seed */
    double width, seed, base, pretrain_base, train_len, tune_len, tune_steps, pretrain_loss;
    double onset, onset_lo, onset_hi; /* NAN: censored */
    size_t n;
    double length[MOST_BINS], excess[MOST_BINS];
    ropelaw_bound law;
    double strict, coverage; /* phase coverage with phi 0 and 1 rad */
} curve;

extern curve runs[MOST_RUNS];
extern size_t n_runs, n_models, n_setups;
extern char models[MOST_MODELS][64], setups[MOST_SETUPS][64]; /* in order of first appearance */
extern ropelaw_series all_curves; /* the same files, by the library's own reader */

/* For test_add_after: forked tests find the curves loaded. A second call does nothing. */
void load_curves(void);

/* Tuned on the training length with the base of pre-training or a larger one. */
int has_wall(const curve *c);

/* The same with the recipe's 150 steps and base / pretrain_base <= 30, beyond which shelves rise before any wall. */
int is_recipe(const curve *c);

/* Two-sided 95 % quantile of Student's t, df 1 .. 20. */
double t_quantile(size_t df);

typedef struct {
    double mean, sd, half; /* the 95 % interval is mean -+ half */
} spread;

spread spread_of(const double *x, size_t n);

#endif
