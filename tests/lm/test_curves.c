/* The committed curves of the project's own models (data/curves/lm/t*.csv): what docs/experiment.md concludes from them
   holds in them. Numbers come from the rows; theory is computed anew. Thresholds are those that the recipe named before
   these runs were made (excess 0.06 and 0.15 nat, onset/coverage 0.6 to 1.8) unless a comment says otherwise. */
#include "test.h"
#include "csv_cells.h"
#include <ropelaw/coverage.h>
#include <ropelaw/law.h>
#include <ropelaw/lm.h>
#include <ropelaw/series.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

enum { MOST_RUNS = 256, MOST_BINS = 64, MOST_MODELS = 32 };

typedef struct {
    char name[96], model[64];
    double base, pretrain_base, train_len, tune_len, tune_steps, pretrain_loss;
    double onset; /* NAN: censored */
    size_t n;
    double length[MOST_BINS], excess[MOST_BINS];
    ropelaw_bound law;
    double strict, coverage;
} curve;

static curve runs[MOST_RUNS];
static size_t n_runs, n_models;
static char models[MOST_MODELS][64];
static ropelaw_series all;

static void add_theory(curve *c) {
    ropelaw_setting s = {32, c->pretrain_base, c->train_len, c->base, c->tune_len};
    ropelaw_coverage strict, coverage;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_bound_eval(&s, &c->law, &error), error);
    test_assert_ok(ropelaw_coverage_base_eval(&s, 0, &strict, &error), error);
    test_assert_ok(ropelaw_coverage_base_eval(&s, 1, &coverage, &error), error);
    c->strict = strict.bound_tok, c->coverage = coverage.bound_tok;
}

static void add_row(const char *line, const char *header) {
    char name[96];
    copy_cell(name, sizeof name, line, header, "run");
    if (!n_runs || strcmp(runs[n_runs - 1].name, name)) {
        ck_assert_uint_lt(n_runs, MOST_RUNS);
        curve *c = &runs[n_runs++];
        strcpy(c->name, name);
        copy_cell(c->model, sizeof c->model, line, header, "model");
        c->base = number(line, header, "base"), c->pretrain_base = number(line, header, "pretrain_base");
        c->train_len = number(line, header, "train_len_tok"),
        c->tune_len = number(line, header, "tune_len_tok");
        c->pretrain_loss = number(line, header, "pretrain_loss_nats");
        c->tune_steps = number(line, header, "tune_steps"), c->onset = number(line, header, "onset_tok");
        add_theory(c);
        if (!n_models || strcmp(models[n_models - 1], c->model)) strcpy(models[n_models++], c->model);
    }
    curve *c = &runs[n_runs - 1];
    ck_assert_uint_lt(c->n, MOST_BINS);
    c->length[c->n] = number(line, header, "eval_len_tok");
    c->excess[c->n++] = number(line, header, "excess_nats");
}

static void load_file(const char *path) {
    static char line[4096], header[4096];
    FILE *f = fopen(path, "r");
    ck_assert(f);
    header[0] = 0;
    while (fgets(line, sizeof line, f)) {
        if (*line == '#') continue;
        if (header[0])
            add_row(line, header);
        else
            strcpy(header, line);
    }
    fclose(f);
    ropelaw_series s;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_series_read(path, &s, &error), error);
    test_assert_ok(ropelaw_series_merge(&all, &s, &error), error);
}

static void load(void) {
    glob_t found;
    ck_assert(!glob("data/curves/lm/t*.csv", 0, NULL, &found));
    for (size_t i = 0; i < found.gl_pathc; i++) load_file(found.gl_pathv[i]);
    globfree(&found);
}

/* Tuned on the training length with a larger base and the recipe's 150 steps, base / pretrain_base <= 30. */
static int is_wall(const curve *c) {
    return c->tune_len == c->train_len && c->base >= c->pretrain_base &&
           c->base <= 30.01 * c->pretrain_base && c->tune_steps == 150;
}

START_TEST(enough_runs_of_independent_models) {
    load();
    ck_assert_msg(n_runs >= 40 && n_models >= 9, "%zu runs of %zu models", n_runs, n_models);
    ck_assert_uint_eq(all.n_runs, n_runs);
}
END_TEST

/* The onset in the file is the rule applied to the excess in the file: first of two bins above 0.2, interpolated in the
   logarithm of length (8 digits are stored). A run above the threshold from its first bin on cannot be recomputed: the
   bin before it, at the tuned length, has excess 0 and is not in the file. */
START_TEST(onsets_follow_from_the_curves) {
    load();
    size_t checked = 0;
    for (size_t r = 0; r < n_runs; r++) {
        const curve *c = &runs[r];
        size_t i = 0;
        while (i + 1 < c->n && !(c->excess[i] > 0.2 && c->excess[i + 1] > 0.2)) i++;
        if (i + 1 == c->n) ck_assert(isnan(c->onset));
        if (i + 1 == c->n || i == 0) continue;
        double share = (0.2 - c->excess[i - 1]) / (c->excess[i] - c->excess[i - 1]);
        if (share < 0) share = 0;
        double want = c->length[i - 1] * pow(c->length[i] / c->length[i - 1], share);
        ck_assert_msg(fabs(want / c->onset - 1) < 1e-6, "%s: %g, recomputed %g", c->name, c->onset, want);
        checked++;
    }
    ck_assert_uint_gt(checked, n_runs / 2);
}
END_TEST

/* The loss of the recipe's models against the prototype's, whose text was another draw of the same description (400 words
   of 1-3 syllables, six successors, ...): perplexity 2.356, 2.355 and 2.360 over the first 128 bytes of 24 windows, that
   is 0.857 nat with a standard error of 0.021 (0.102 nat between windows of 128, from the 256 windows of these runs). What
   a text of this description costs differs between languages; the spread of the floor over 40 of them is computed here.
   Two standard deviations of the difference are allowed; and no model is below the floor. */
START_TEST(loss_is_the_prototypes_within_the_spread_of_texts) {
    load();
    ropelaw_lm_text_information floor;
    ropelaw_error error = {0};
    enum { LANGUAGES = 40 };
    double sum = 0, squares = 0, loss = 0, n = 0;
    for (uint64_t language = 1; language <= LANGUAGES; language++) {
        test_assert_ok(ropelaw_lm_text_floor(language, ROPELAW_LM_HELD_OUT_DOC, 24, &floor, &error), error);
        sum += floor.topics_unknown_nats, squares += floor.topics_unknown_nats * floor.topics_unknown_nats;
    }
    double mean = sum / LANGUAGES, sd = sqrt(squares / LANGUAGES - mean * mean);
    test_assert_ok(ropelaw_lm_text_floor(42, ROPELAW_LM_HELD_OUT_DOC, 24, &floor, &error), error);
    for (size_t r = 0; r < n_runs; r++) {
        ck_assert(runs[r].pretrain_loss > floor.topics_known_nats);
        if (strncmp(runs[r].model, "t128-b500-w64-", 14)) continue;
        loss += runs[r].pretrain_loss, n++;
    }
    loss /= n;
    double margin = 2 * sqrt(sd * sd + 0.021 * 0.021);
    printf("# loss %.4f; floor of language 42: %.4f (topics known), %.4f; of 40 languages %.4f, standard "
           "deviation %.4f\n",
           loss, floor.topics_known_nats, floor.topics_unknown_nats, mean, sd);
    ck_assert_msg(fabs(loss - 0.857) < margin, "%g, margin %g", loss, margin);
}
END_TEST

START_TEST(flat_before_and_broken_after) {
    load();
    size_t flat = 0, broken = 0;
    for (size_t r = 0; r < n_runs; r++) {
        const curve *c = &runs[r];
        double sum = 0, n = 0;
        if (!is_wall(c)) continue;
        for (size_t i = 0; i < c->n; i++) {
            if (c->length[i] <= 0.8 * c->strict) {
                ck_assert_msg(c->excess[i] < 0.06, "%s: %g nat at %g", c->name, c->excess[i], c->length[i]);
                flat++;
            }
            if (c->length[i] >= 2.5 * c->law.bound_16b_tok && c->length[i] <= 3.2 * c->law.bound_16b_tok)
                sum += c->excess[i], n++;
        }
        if (c->length[c->n - 1] < 3.2 * c->law.bound_16b_tok) continue;
        ck_assert_msg(sum / n >= 0.15, "%s: %g nat", c->name, sum / n);
        broken++;
    }
    ck_assert_msg(flat > 100 && broken > 20, "%zu, %zu", flat, broken);
}
END_TEST

START_TEST(onsets_grow_with_the_base) {
    load();
    size_t steps = 0;
    for (size_t r = 1; r < n_runs; r++) {
        const curve *a = &runs[r - 1], *b = &runs[r];
        if (!is_wall(a) || !is_wall(b) || strcmp(a->model, b->model) || isnan(b->onset)) continue;
        ck_assert_msg(b->base > a->base && b->onset > a->onset, "%s: %g, then %g", b->name, a->onset,
                      b->onset);
        steps++;
    }
    ck_assert_uint_ge(steps, 27);
}
END_TEST

START_TEST(onsets_lie_near_coverage) {
    load();
    for (size_t r = 0; r < n_runs; r++)
        if (is_wall(&runs[r]) && !isnan(runs[r].onset)) {
            double ratio = runs[r].onset / runs[r].coverage;
            ck_assert_msg(ratio > 0.6 && ratio < 1.8, "%s: %g", runs[r].name, ratio);
        }
}
END_TEST

/* Least-squares slope of ln onset on ln base in each model over the law's critical_dim/d: within 35 % (the recipe's
   margin); not equal: the mean over models of b0 = 500 differs from 1 by more than twice its standard error. A model with
   fewer than three onsets has no slope: t256-b500-w64-s2 does not break within 2048 tokens at base 5000 (from its two
   onsets the ratio would be 1.36). */
START_TEST(slopes_are_near_the_law_but_not_equal) {
    load();
    double sum = 0, squares = 0, n500 = 0, with_slope = 0;
    for (size_t m = 0; m < n_models; m++) {
        double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, law = 0, b0 = 0;
        for (size_t r = 0; r < n_runs; r++) {
            const curve *c = &runs[r];
            if (strcmp(c->model, models[m]) || !is_wall(c) || isnan(c->onset)) continue;
            double x = log(c->base), y = log(c->onset);
            n++, sx += x, sy += y, sxx += x * x, sxy += x * y;
            law = (double)c->law.critical.dim / 32, b0 = c->pretrain_base;
        }
        if (n < 3) continue;
        with_slope++;
        double ratio = (n * sxy - sx * sy) / (n * sxx - sx * sx) / law;
        ck_assert_msg(ratio > 0.65 && ratio < 1.35, "%s: %g", models[m], ratio);
        if (b0 == 500) sum += ratio, squares += ratio * ratio, n500++;
    }
    ck_assert(with_slope + 1 >= (double)n_models);
    double mean = sum / n500, se = sqrt((squares / n500 - mean * mean) / (n500 - 1));
    ck_assert_msg(n500 >= 3 && mean - 2 * se > 1, "%g +- %g", mean, se);
}
END_TEST

/* Largest rise of the excess over a factor of 1.5 in length. */
static double jump(const curve *c) {
    double most = 0;
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = i; j < c->n && c->length[j] <= 1.5 * c->length[i]; j++)
            most = fmax(most, c->excess[j] - c->excess[i]);
    return most;
}

/* Small bases rise without a jump: with beta <= 2T/pi no rise of more than 0.5 nat over a factor of 1.5 in length,
   while at the pre-training base of the same model there is one of more than 0.8 (thresholds set after seeing them:
   at most 0.46 and at least 0.86). They are not flat: all pass 0.2 nat. */
START_TEST(small_bases_bend_and_do_not_break) {
    load();
    size_t small = 0;
    for (size_t r = 0; r < n_runs; r++) {
        const curve *c = &runs[r];
        if (strncmp(c->model, "t128-b500-w64-", 14) || c->tune_len != 128)
            continue; /* these have small bases */
        if (c->base == 500) ck_assert_msg(jump(c) > 0.8, "%s: %g", c->name, jump(c));
        if (c->base > 2 * c->tune_len / M_PI) continue;
        ck_assert_msg(jump(c) < 0.5, "%s: %g", c->name, jump(c));
        ck_assert_msg(!isnan(c->onset), "%s", c->name);
        small++;
    }
    ck_assert_uint_ge(small, 9);
}
END_TEST

/* The cap: tuned on 4T with the base of pre-training the onset moves to tune_len or beyond, never before it. That it
   stays within 30 % of tune_len (the recipe) holds for two of the three models of t128-b500 only, and for none of
   t64-b50, whose rise is gradual: stated in docs/experiment.md, and held here so that the statement stays true. */
START_TEST(tuning_longer_moves_the_wall_to_the_tuned_length) {
    load();
    size_t within = 0, seen = 0, gradual = 0;
    for (size_t r = 0; r < n_runs; r++) {
        const curve *c = &runs[r];
        if (c->tune_len == c->train_len || c->base != c->pretrain_base) continue;
        ck_assert_msg(isnan(c->onset) || c->onset > c->tune_len, "%s: %g", c->name, c->onset);
        if (c->pretrain_base == 500) within += c->onset < 1.3 * c->tune_len, seen++;
        if (c->pretrain_base == 50) gradual += isnan(c->onset) || c->onset > 2 * c->tune_len;
    }
    ck_assert_uint_eq(seen, 3);
    ck_assert_uint_eq(within, 2);
    ck_assert_uint_eq(gradual, 3);
}
END_TEST

int main(void) {
    setenv("CK_DEFAULT_TIMEOUT", "60", 0); /* nine forked tests read all files; a busy machine takes a while */
    Suite *s = suite_create("curves");
    const TTest *const tests[] = {enough_runs_of_independent_models,
                                  onsets_follow_from_the_curves,
                                  loss_is_the_prototypes_within_the_spread_of_texts,
                                  flat_before_and_broken_after,
                                  onsets_grow_with_the_base,
                                  onsets_lie_near_coverage,
                                  slopes_are_near_the_law_but_not_equal,
                                  small_bases_bend_and_do_not_break,
                                  tuning_longer_moves_the_wall_to_the_tuned_length,
                                  NULL};
    test_add(s, "curves", tests);
    return test_run(s);
}
